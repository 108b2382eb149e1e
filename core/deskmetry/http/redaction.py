"""Redaction: keeps secrets out of messages and logs."""

from __future__ import annotations

import base64
import binascii
import logging
import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    import httpx

MASK = "***"
_SECRET_NAME = re.compile(
    r"token|secret|passw|pwd|auth|key|signature|^sig$|session|credential|jwt|^code$", re.IGNORECASE
)
_PUBLIC_HEADER = re.compile(r"accept(-\w+)?|content-type|user-agent|[\w-]+-version", re.IGNORECASE)
_SHORTEST = 6  # characters; masking shorter values would riddle ordinary text (`X-Region: fra`)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_LONGEST_QUOTE = 200


def shown(url: httpx.URL) -> str:
    """Return path and query of an address for a message, parameters with secret-looking names masked."""
    pairs = [(name, MASK if _SECRET_NAME.search(name) else value) for name, value in url.params.multi_items()]
    query = "&".join(f"{quote(name)}={quote(value, safe='*:,/')}" for name, value in pairs)
    return f"{url.path}?{query}" if query else url.path


def secrets_in(headers: Mapping[str, str]) -> set[str]:
    """Return every form in which the values of these headers could turn up in a text.

    Those that authenticate nobody are left out: `Accept: application/json` would mask every content type.
    """
    values = [value for name, value in headers.items() if not _PUBLIC_HEADER.fullmatch(name)]
    parts = {part for value in values for part in (value, *value.split())}
    return forms_of(secret for part in parts for secret in (part, *_basic(part)))


def forms_of(secrets: Iterable[str]) -> set[str]:
    """Return every form in which secrets could turn up: plain, URL-encoded, and in base64, alone or not."""
    found: set[str] = set()
    for secret in secrets:
        raw = secret.encode("utf-8", "surrogatepass")
        found |= {secret, quote(raw), quote(raw, safe=""), quote_plus(raw), base64.b64encode(raw).decode()}
        for before in range(3):  # what stands before a secret in base64 shifts it by so many bytes
            found |= _inside(base64.b64encode, raw, before) | _inside(base64.urlsafe_b64encode, raw, before)
    return {text for text in found if len(text) >= _SHORTEST}


def _inside(encode: Callable[[bytes], bytes], raw: bytes, before: int) -> set[str]:
    """Return the letters that a secret alone decides, in base64 after so many other bytes."""
    begin, end = (before * 8 + 5) // 6, (before + len(raw)) * 8 // 6
    return {encode(bytes(before) + raw).decode()[begin:end]}


def _basic(text: str) -> Iterable[str]:
    """Return the credentials inside a Basic header, whole and in halves."""
    try:
        inner = base64.b64decode(text, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return ()
    return (inner, *inner.split(":", 1))


def redact(text: str, secrets: Iterable[str]) -> str:
    """Return the text with every known secret masked, the longest first."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, MASK)
    return text


def excerpt(text: str) -> str:
    """Return a stranger's text fit for a message: one line, no control characters, not too long."""
    text = _CONTROL.sub(" ", text).strip()
    return text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}…"


class LogFilter(logging.Filter):
    """Masks the addresses that httpx logs and drops the headers that httpcore logs."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record in place; it is always kept."""
        if record.name.startswith("httpcore"):
            # httpcore logs whole texts: `receive_response_headers.complete return_value=…`
            event, _, _details = record.getMessage().partition(" ")
            record.msg, record.args = event, ()
        elif isinstance(record.args, tuple):
            record.args = tuple(_masked(argument) for argument in record.args)
        return True

    # Equal filters are one to `Logger.addFilter`, so that many clients add it once.
    def __eq__(self, other: object) -> bool:
        return isinstance(other, LogFilter)

    def __hash__(self) -> int:
        return hash(LogFilter)


def _masked(argument: Any) -> Any:
    import httpx

    return (
        f"{argument.scheme}://{argument.netloc.decode()}{shown(argument)}"
        if isinstance(argument, httpx.URL)
        else argument
    )


def quiet_loggers() -> None:
    """Put the filter on the loggers of httpx and httpcore."""
    for name in (
        "httpx",
        *(f"httpcore.{part}" for part in ("connection", "http11", "http2", "proxy", "socks")),
    ):
        logging.getLogger(name).addFilter(LogFilter())
