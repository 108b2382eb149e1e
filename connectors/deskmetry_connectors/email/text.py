"""Text: the best plain text of a mail's body."""

from __future__ import annotations

import quopri
import re
from email.message import Message as MimePart
from email.parser import BytesParser
from email.policy import compat32
from html import unescape

from .charset import to_text
from .headers import Headers

MAX_DEPTH = 30  # levels of parts; deeper ones are somebody's attack on the parser
MAX_HTML = 500_000  # characters of HTML that are read; more is markup, not a letter
_SILENT = ("script", "style", "title", "template")
_BLOCKS = frozenset(
    {"p", "div", "br", "tr", "li", "ul", "ol", "table", "blockquote", "h1", "h2", "h3", "h4", "hr", "pre"}
)
# A tag ends at the next angle bracket of either kind, so that no mail makes the search quadratic.
_TAG = re.compile(r"</?([a-zA-Z!?][a-zA-Z0-9]{0,20})[^<>]*>")
_ORDINARY = re.compile(
    r"text/(?P<kind>plain|html)(?: ?; ?charset=(?:\"(?P<quoted>[\w.:-]{1,40})\"|(?P<charset>[\w.:-]{1,40})))?"
    r"(?: ?; ?(?:format=(?:flowed|fixed)|delsp=(?:yes|no)))*",
    re.IGNORECASE | re.ASCII,
)
_UNCODED = frozenset({"7bit", "8bit", "binary", "quoted-printable"})
_MANY_SPACES = re.compile(r"[ \t\f\v\xa0]+")
_MANY_LINES = re.compile(r"\n{3,}")


def body_text(headers: Headers, body: bytes) -> str:
    """Return the plain text of a body: text/plain, else text/html without its markup; no attachments."""
    known = ("content-type", "content-transfer-encoding", "content-disposition")
    fields = [(name, " ".join(value.split())) for name in known if (value := headers.first(name))]
    if (plain := _simple(dict(fields), body)) is not None:
        return plain.replace("\r\n", "\n").replace("\r", "\n").strip()
    kind = fields[0][1].lower() if fields and fields[0][0] == "content-type" else ""
    try:
        if kind.startswith(("multipart/", "message/")):
            block = "\n".join(f"{name}: {value}" for name, value in fields).encode("utf-8", "replace")
            part: MimePart = BytesParser(policy=compat32).parsebytes(block + b"\n\n" + body)
        else:
            part = _single(fields, body)
        text = _text(part, 0)[0]
    except (
        Exception
    ):  # the parser recurses by nesting and raises by luck; the raw text is still worth keeping
        text = to_text(body)
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def _simple(fields: dict[str, str], body: bytes) -> str | None:
    """Return the text of a body of one ordinary part, as the parser below would; None for any other."""
    match = _ORDINARY.fullmatch(fields.get("content-type", ""))
    encoding = fields.get("content-transfer-encoding", "8bit").lower()
    if match is None or "content-disposition" in fields or encoding not in _UNCODED:
        return None
    raw = quopri.decodestring(body) if encoding == "quoted-printable" else body
    label = match["quoted"] or match["charset"]
    text = to_text(raw, label.lower() if label else None)
    return text if match["kind"].lower() == "plain" else strip_html(text)


def _single(fields: list[tuple[str, str]], body: bytes) -> MimePart:
    """Return a body of one part as the parser would, without walking through its lines."""
    part = MimePart(policy=compat32)
    for name, value in fields:
        part[name] = value
    part.set_payload(body.decode("ascii", "surrogateescape"))
    return part


def _text(part: MimePart, depth: int) -> tuple[str, bool]:
    """Return a part's text and whether it was written as plain text."""
    if part.is_multipart():
        if depth >= MAX_DEPTH or part.get_content_maintype() != "multipart":
            return "", False  # a forwarded mail or a bounced original isn't this mail's text
        children = [_text(child, depth + 1) for child in part.get_payload() if isinstance(child, MimePart)]
        written = [child for child in children if child[0].strip()]
        if part.get_content_subtype() == "alternative":
            return next((child for child in written if child[1]), written[0] if written else ("", False))
        return "\n".join(text for text, _ in written), any(plain for _, plain in written)
    return _leaf(part)


def _leaf(part: MimePart) -> tuple[str, bool]:
    if part.get_content_maintype() == "multipart":
        return to_text(_payload(part)), True  # declared as multipart, but no part was found in it
    kind = part.get_content_type()
    if kind not in ("text/plain", "text/html") or _is_attachment(part):
        return "", False
    text = to_text(_payload(part), _label(part))
    return (text, True) if kind == "text/plain" else (strip_html(text), False)


def _is_attachment(part: MimePart) -> bool:
    try:
        return part.get_content_disposition() == "attachment" or part.get_filename() is not None
    except Exception:  # broken parameters (RFC 2231) raise by luck
        return False


def _label(part: MimePart) -> str | None:
    try:
        return part.get_content_charset()
    except Exception:  # as above
        return None


def _payload(part: MimePart) -> bytes:
    try:
        decoded = part.get_payload(decode=True)
    except Exception:  # an unknown transfer encoding or undecodable bytes
        decoded = part.get_payload()
    if isinstance(decoded, bytes):
        return decoded
    return str(decoded or "").encode("utf-8", "surrogateescape")


def strip_html(markup: str) -> str:
    """Return the text of an HTML body, in time linear in its length.

    `html.parser` isn't used: 20 KB of `<a <a <a` take it ten seconds, and anybody can send such a mail.
    """
    markup = _without(markup[:MAX_HTML], "<!--", "-->")
    for element in _SILENT:
        markup = _without(markup, f"<{element}", f"</{element}")
    text = unescape(_TAG.sub(_break, markup.replace("\r", " ").replace("\n", " ")))
    lines = (_MANY_SPACES.sub(" ", line).strip() for line in text.split("\n"))
    return _MANY_LINES.sub("\n\n", "\n".join(lines)).strip()


def _break(tag: re.Match[str]) -> str:
    return "\n" if tag.group(1).lower() in _BLOCKS else ""


def _without(markup: str, begin: str, end: str) -> str:
    """Cut out what lies between two marks, whatever their case; one that never ends stays."""
    lower = markup.lower()
    if len(lower) != len(markup):
        lower = markup  # a letter whose lower case is longer (İ): offsets would shift
    kept, here = list[str](), 0
    while (start := lower.find(begin, here)) >= 0 and (stop := lower.find(end, start + len(begin))) >= 0:
        kept.append(markup[here:start])
        here = stop if end.startswith("</") else stop + len(end)
    return "".join(kept) + markup[here:]
