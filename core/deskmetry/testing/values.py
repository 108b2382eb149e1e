"""Values: the request that reached a fake server, and the reply that goes back."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlsplit

_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}")


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came over the wire. `target` is path and query as they were written."""

    method: str
    target: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(default=b"", repr=False)

    @property
    def path(self) -> str:
        """The path without the query."""
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        """The query's parameters; the last one wins where a name comes twice."""
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    def header(self, name: str) -> str:
        """Return a header, its name in any case; empty if it didn't come."""
        return next((text for key, text in self.headers.items() if key.lower() == name.lower()), "")

    def carries(self, secret: str) -> bool:
        """Tell whether a secret came along: in address, headers or body; plain, URL-encoded or in base64."""
        texts = [self.target, *self.headers.values(), self.body.decode("utf-8", "replace")]
        return any(secret in text or secret in unquote_plus(text) or _packed(secret, text) for text in texts)


def _packed(secret: str, text: str) -> bool:
    """Look into whatever might be base64, as the credentials of basic authentication are."""
    for found in _BASE64.findall(text):
        whole = found.rstrip("=").replace("-", "+").replace("_", "/")
        try:
            plain = base64.b64decode(whole + "=" * (-len(whole) % 4))
        except binascii.Error:
            continue
        if secret.encode() in plain:
            return True
    return False


class Ending(Enum):
    """How a reply leaves the server."""

    WHOLE = "whole"
    SHORT = "short"  # half of what Content-Length announced, then the connection is closed
    RESET = "reset"  # nothing at all: a TCP reset
    DRIP = "drip"  # byte by byte, `pause` seconds apart


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back: status, headers, the body's bytes, and how they leave the server."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)
    ending: Ending = Ending.WHOLE
    pause: float = 0.0

    @classmethod
    def of(cls, value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
        """Return a reply with this value as JSON, in ASCII, so that lone surrogates can be sent too."""
        own = {"Content-Type": "application/json; charset=utf-8"}
        return cls(status, own | dict(headers or {}), json.dumps(value).encode())

    @property
    def json(self) -> Any:
        """The body's JSON; None if it has none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


def dig(value: Any, path: str) -> Any:
    """Return what lies at a dotted path (an empty one is the value itself), None if nothing does."""
    for name in path.split(".") if path else ():
        if not isinstance(value, dict) or name not in value:
            return None
        value = value[name]
    return value


def put(value: dict[str, Any], path: str, inner: Any) -> None:
    """Set what lies at a dotted path, and make the objects on the way."""
    *outer, last = path.split(".")
    for name in outer:
        value = value.setdefault(name, {})
    value[last] = inner
