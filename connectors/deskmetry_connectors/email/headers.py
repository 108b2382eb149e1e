"""Headers: the header block of a mail, split and decoded so that nothing in it can raise."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.header import decode_header
from email.utils import getaddresses
from functools import cached_property, lru_cache
from typing import NamedTuple

from .charset import to_text

# Hostile mails carry megabytes of header; beyond these sizes nothing of use comes.
MAX_BLOCK = 1_048_576  # bytes of the header block
MAX_VALUE = 65_536  # characters of one value
MAX_FIELDS = 2_000
MAX_IDS = 500
MAX_ID = 500  # characters of a Message-ID
MAX_ADDRESSES = 500

_NAME = re.compile(rb"([!-9;-~]{1,200})[ \t]*:")
_LONGEST_KEPT = 100
_BLANKS = " \t\n\r\v\f"  # what `bytes.strip` takes off
_LINE_END = re.compile(rb"\r?\n")
_BLANK_LINE = re.compile(rb"\n\r?\n")
_WORD = r"=\?[^?\s]{1,60}\?[bBqQ]\?[^?]*\?="
# A run of encoded words; every start fails at the next question mark, so the time stays linear.
_WORDS = re.compile(rf"{_WORD}(?:\s*{_WORD})*")
_BRACKETED = re.compile(r"<([^<>]+)>")
_PLAIN_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"@]{1,254}@[^\s<>()\[\],;:\"@]{1,254}")
# One address with an ordinary name or none: what the full parser, twenty times slower, would read alike.
_SIMPLE = re.compile(
    r"(?P<address>[\w.+-]{1,64}@[\w.-]{1,253})"
    r"|\"?(?P<name>[\w ]{1,100})\"? ?<(?P<within>[\w.+-]{1,64}@[\w.-]{1,253})>",
    re.ASCII,
)


class Address(NamedTuple):
    """A display name (may be empty) and a lower-case address."""

    name: str
    address: str


@dataclass(frozen=True)
class Headers:
    """The fields of a header block in order: lower-case names, unfolded values, encoded words still encoded.

    `ended` is False where the mail was cut within its headers.
    """

    fields: tuple[tuple[str, str], ...]
    ended: bool

    @cached_property
    def _values(self) -> Mapping[str, list[str]]:
        values: dict[str, list[str]] = {}
        for name, value in self.fields:
            values.setdefault(name, []).append(value)
        return values

    def all(self, name: str) -> list[str]:
        """Return every value of a field, topmost first."""
        return self._values.get(name, [])

    def first(self, name: str) -> str:
        """Return the topmost value of a field, an empty text if there is none."""
        values = self._values.get(name)
        return values[0] if values else ""

    def has(self, name: str) -> bool:
        """Say whether the field stands there, empty or not."""
        return name in self._values


def split(raw: bytes) -> tuple[Headers, bytes]:
    """Split a raw mail into its headers and its body; lines that are no header are passed over."""
    if b"\n" not in raw:
        raw = raw.replace(b"\r", b"\n")
    raw = raw.lstrip(b"\r\n")
    end = _BLANK_LINE.search(raw)
    block = raw if end is None else raw[: end.start() + 1]
    if end is None and (newline := block.rfind(b"\n")) >= 0:
        block = block[
            : newline + 1
        ]  # the last line may be cut in its middle: half a Message-ID is a wrong one
    body = b"" if end is None else raw[end.end() :]
    return Headers(tuple(_fields(block[:MAX_BLOCK])), ended=end is not None), body


def _fields(block: bytes) -> list[tuple[str, str]]:
    return _ascii_fields(block.decode("ascii")) if block.isascii() else _any_fields(block)


def _ascii_fields(block: str) -> list[tuple[str, str]]:
    """Return the same as `_any_fields`, in half the time: nearly every header is ASCII."""
    fields: list[tuple[str, list[str]]] = []
    for line in block.split("\n"):
        if line[:1] in (" ", "\t"):
            if fields:
                fields[-1][1].append(line.strip(_BLANKS))
            continue
        before, colon, after = line.partition(":")
        if not colon:
            continue
        name = _field_name(before) if len(before) <= _LONGEST_KEPT else _read_name(before)
        if name is None:
            continue
        if len(fields) >= MAX_FIELDS:
            break
        fields.append((name, [after.strip(_BLANKS)]))
    return [(name, " ".join(parts)[:MAX_VALUE].strip()) for name, parts in fields]


def _read_name(text: str) -> str | None:
    match = _NAME.match(f"{text}:".encode("ascii"))
    return match.group(1).decode("ascii").lower() if match else None


_field_name = lru_cache(maxsize=1024)(_read_name)  # a few hundred names make up all mail


def _any_fields(block: bytes) -> list[tuple[str, str]]:
    fields: list[tuple[str, list[bytes]]] = []
    for line in _LINE_END.split(block):
        if line[:1] in (b" ", b"\t"):
            if fields:
                fields[-1][1].append(line.strip())
            continue
        match = _NAME.match(line)
        if match is None:
            continue
        if len(fields) >= MAX_FIELDS:
            break
        fields.append((match.group(1).decode("ascii").lower(), [line[match.end() :].strip()]))
    return [(name, to_text(b" ".join(parts)[:MAX_VALUE]).strip()) for name, parts in fields]


def decode_words(value: str) -> str:
    """Decode the encoded words (RFC 2047) of a value; a broken one stays as it is written."""
    if "=?" not in value:
        return value
    return _WORDS.sub(lambda match: _decode_run(match.group()), value)


def _decode_run(run: str) -> str:
    try:
        parts = decode_header(run)
        return "".join(part if isinstance(part, str) else to_text(part, label) for part, label in parts)
    except Exception:  # the decoder raises whatever the bytes provoke (binascii.Error, HeaderParseError, …)
        return run


def message_ids(value: str) -> list[str]:
    """Return the ids of a Message-ID, In-Reply-To or References value, without brackets, case kept."""
    found = _BRACKETED.findall(value)
    if not found:
        # Some clients write ids without brackets, others prose ("Your message of Monday").
        found = [word for word in value.replace(",", " ").split() if "@" in word]
    ids = ["".join(text.split()) for text in found]
    return list(dict.fromkeys(text for text in ids if text))[-MAX_IDS:]


def addresses(values: Sequence[str]) -> tuple[Address, ...]:
    """Return the addresses of address fields, names decoded; what can't be parsed is searched for `x@y`."""
    found: list[Address] = []
    for value in values:
        found.extend(_parsed(value) or _searched(decode_words(value)))
        if len(found) >= MAX_ADDRESSES:
            break
    return tuple(found[:MAX_ADDRESSES])


@lru_cache(maxsize=4096)  # one inbox sees the same few thousand values again and again
def _parsed(value: str) -> tuple[Address, ...]:
    if simple := _SIMPLE.fullmatch(value):
        return (
            Address(
                decode_words(simple["name"] or "").strip(" \t\"'"),
                (simple["address"] or simple["within"]).lower(),
            ),
        )
    try:
        pairs = getaddresses([value])
    except Exception:  # deep comments exhaust the recursion, odd quoting the index
        return ()
    return tuple(
        Address(decode_words(name).strip(" \t\"'"), address.strip().lower())
        for name, address in pairs
        if _PLAIN_ADDRESS.fullmatch(address.strip())
    )


def _searched(text: str) -> list[Address]:
    found: list[Address] = []
    end = 0
    for match in _PLAIN_ADDRESS.finditer(text):
        name = text[end : match.start()].strip(" \t\"'<>,;:()[]")
        found.append(Address(name, match.group().strip("'.").lower()))
        end = match.end()
    return found
