"""ParsedMail: what a raw mail says, decoded tolerantly."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from .dates import parse_date, received_dates
from .headers import MAX_ID, Address, Headers, addresses, decode_words, message_ids, split
from .text import body_text

T = TypeVar("T")

# Fields that mail programs add to their own copy, so that two copies of one mail differ in them.
_OF_THE_STORE = frozenset({
    "status", "x-status", "x-keywords", "keywords", "x-uid", "x-uidl", "x-imap", "x-imapbase",
    "x-mozilla-status", "x-mozilla-status2", "x-mozilla-keys", "x-gmail-labels", "x-gm-thrid", "x-gm-msgid",
    "content-length", "lines", "x-evolution", "x-evolution-source",
})  # fmt: skip
_OF_A_MAIL = ("from", "date", "message-id", "received", "subject", "to", "return-path", "sender")


@dataclass(frozen=True, slots=True)
class ParsedMail:
    """What a mail says: texts decoded, addresses lower case, ids without brackets.

    `date` is the Date header, `received` the dates of the hops, topmost first; UTC. `text` is the best plain
    text, `length` its characters. `report` is the report-type of a multipart/report. `is_mail` is False for
    bytes without any header that mails have; `id` is the identity that all copies of one mail share.
    """

    headers: Headers
    id: str
    is_mail: bool
    message_id: str | None
    in_reply_to: str | None
    references: tuple[str, ...]
    subject: str | None
    from_: tuple[Address, ...]
    sender: tuple[Address, ...]
    reply_to: tuple[Address, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    bcc: tuple[Address, ...]
    date: datetime | None
    received: tuple[datetime, ...]
    list_id: str | None
    report: str | None
    text: str
    length: int


def parse(raw: bytes) -> ParsedMail:
    """Parse a raw mail; never raises: each header and the body are read in a guard of their own."""
    headers, body = split(raw)
    ids = _ids(headers, "message-id")
    message_id = ids[0] if ids else "".join(headers.first("message-id").split()).strip("<>") or None
    authors = _addresses(headers, "from")
    text = _guarded(lambda: body_text(headers, body), "")
    subject = _guarded(lambda: decode_words(headers.first("subject")), headers.first("subject"))
    return ParsedMail(
        headers=headers,
        id=_identity(headers, message_id, authors),
        is_mail=any(headers.has(name) for name in _OF_A_MAIL),
        message_id=message_id,
        in_reply_to=next(iter(_ids(headers, "in-reply-to")), None),
        references=_ids(headers, "references"),
        subject=" ".join(subject.split()) or None,
        from_=authors,
        sender=_addresses(headers, "sender"),
        reply_to=_addresses(headers, "reply-to"),
        to=_addresses(headers, "to"),
        cc=_addresses(headers, "cc"),
        bcc=_addresses(headers, "bcc"),
        date=_guarded(lambda: parse_date(headers.first("date")), None),
        received=_guarded(lambda: received_dates(headers.all("received")), ()),
        list_id=_guarded(lambda: _list_id(headers), None) if headers.has("list-id") else None,
        report=_guarded(lambda: _report(headers), None),
        text=text,
        length=len(text),
    )


def _guarded(read: Callable[[], T], default: T) -> T:
    try:
        return read()
    except Exception:  # one broken header must not cost the others; hostile bytes find new ways to raise
        return default


def _ids(headers: Headers, name: str) -> tuple[str, ...]:
    values = headers.all(name)
    return _guarded(lambda: tuple(message_ids(" ".join(values))), ()) if values else ()


def _addresses(headers: Headers, name: str) -> tuple[Address, ...]:
    values = headers.all(name)
    return _guarded(lambda: addresses(values), ()) if values else ()


def _identity(headers: Headers, message_id: str | None, authors: tuple[Address, ...]) -> str:
    """Return the mail's identity: its Message-ID, told apart from others that reuse it by sender and date."""
    if message_id is None:
        kept = (
            f"{name}:{' '.join(value.split())}" for name, value in headers.fields if name not in _OF_THE_STORE
        )
        return f"no-id~{_hash(chr(10).join(kept))[:16]}"
    if len(message_id) > MAX_ID:
        message_id = _hash(message_id)
    author = authors[0].address if authors else ""
    return f"{message_id}~{_hash(author + chr(10) + ' '.join(headers.first('date').split()))[:8]}"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _list_id(headers: Headers) -> str | None:
    value = decode_words(headers.first("list-id"))
    found = message_ids(value)
    return (found[0] if found else value.strip()).lower() or None


def _report(headers: Headers) -> str | None:
    value = headers.first("content-type").lower()
    if not value.startswith("multipart/report"):
        return None
    parts = (part.strip() for part in value.split(";"))
    kind = next((part.partition("=")[2] for part in parts if part.startswith("report-type")), "")
    return kind.strip(" \"'")
