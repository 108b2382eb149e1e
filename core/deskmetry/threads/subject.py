"""Subject: a subject line taken apart into title, base, ticket tokens and whether it answers something."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

# What mail clients put before the subject of a reply, by language of the client; compared without case.
REPLY_PREFIXES = (
    "re", "aw", "antw", "antwort", "sv", "vs", "vá", "ad", "odp", "odg", "ats", "atb", "bls", "ynt", "yan",
    "rép", "réf", "ref", "rif", "r", "res", "resp", "răsp", "tl", "απ", "σχετ", "отв", "на", "רד", "השב",
    "رد", "回复", "回覆", "答复", "答覆", "返信", "회신", "답장", "ตอบ", "ตอบกลับ",
)  # fmt: skip
FORWARD_PREFIXES = (
    "fw", "fwd", "wg", "wtr", "tr", "rv", "enc", "i", "vb", "vl", "vd", "pd", "doorst", "továbbítás", "ilt",
    "i̇lt", "πρθ", "пер", "转发", "轉寄", "轉發", "転送", "전달",
)  # fmt: skip

# "Re:", "RE :", "Re[2]:", "Re(2):", "Re^2:", "回复：": the word, perhaps a counter, a colon.
_COUNTER = r"\s{0,3}(?:\[\d{1,4}\]|\(\d{1,4}\)|[\^*]\d{1,4})?\s{0,3}[:：]\s*"
_REPLY = re.compile("(?:" + "|".join(REPLY_PREFIXES) + ")" + _COUNTER, re.IGNORECASE)
_FORWARD = re.compile("(?:" + "|".join(FORWARD_PREFIXES) + ")" + _COUNTER, re.IGNORECASE)
# "[list]", "[EXTERNAL]": what lists and gateways put first.
_LABEL = re.compile(r"\[[^\[\]]{0,80}\]\s*")
# "[#123]", "[Ticket#2026112110000017]", "[help.example #123]": a number after # in square brackets.
_TOKEN = re.compile(r"\[([^\[\]#]{0,40}#[^\[\]]{1,40})\]")
_DIGITS = re.compile(r"\d{2}")
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Subject:
    """A subject line: `title` for people, `base` to compare, `tokens` of ticket systems, `reply` or not."""

    title: str
    base: str
    tokens: frozenset[str]
    reply: bool


@lru_cache(maxsize=20_000)
def parse_subject(text: str | None) -> Subject:
    """Take a decoded subject line apart; a missing one has an empty title and base and answers nothing."""
    line = _SPACE.sub(" ", unicodedata.normalize("NFC", text or "")).strip()
    tokens = frozenset(
        _SPACE.sub("", found).casefold()
        for found in _TOKEN.findall(line)
        if _DIGITS.search(found.partition("#")[2])
    )
    base, reply = _strip(_SPACE.sub(" ", _TOKEN.sub(" ", line)).strip() if tokens else line)
    return Subject(_title(line), base.casefold(), tokens, reply)


def _title(line: str) -> str:
    rest = line
    while found := _REPLY.match(rest):
        rest = rest[found.end() :]
    return rest or line


def _strip(line: str) -> tuple[str, bool]:
    """Cut prefixes and labels in whatever order they stand; a label that is all there is stays."""
    reply = False
    while True:
        if found := _REPLY.match(line):
            reply = True
        else:
            found = _FORWARD.match(line) or _LABEL.match(line)
            if not found or (found.re is _LABEL and found.end() == len(line)):
                return line.strip(), reply
        line = line[found.end() :]
