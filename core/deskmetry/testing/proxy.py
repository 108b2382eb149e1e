"""FaultProxy: stands before any server on this machine and plays faults on what passes."""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from fnmatch import fnmatchcase
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from .faults import Faults, Visit
from .layout import Layout
from .server import LoopbackServer, OtherHost
from .values import Reply, Request

# Of one connection only, or told anew by whoever sends the body.
_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host", "accept-encoding"}
_TIMEOUT = 30.0  # seconds for one exchange with the server behind


class FaultProxy:
    """A reverse proxy at `url`, while the `with` lasts, before the server at `upstream` (http, loopback).

    items: where the rows are, by path (`*` and `?` stand for anything): a dotted path, or a Layout that names
    the fields of id and last change too. Without it, the longest list of an answer is taken for its rows.
    Addresses of `upstream` in answers become the proxy's own, so that next links pass it again. `log` holds
    every request, `faults` plays what goes wrong, `other` is the host that nobody may be led to.
    """

    def __init__(self, upstream: str, items: Mapping[str, str | Layout] | None = None) -> None:
        parts = urlsplit(upstream)
        if parts.scheme != "http" or parts.hostname is None or parts.port is None:
            raise ValueError(
                f"{upstream!r}: the proxy stands before an address such as http://127.0.0.1:8123"
            )
        self.faults = Faults()
        self.other = OtherHost()
        self.log: list[Request] = []
        self._host, self._port = parts.hostname, parts.port
        self._origin = f"http://{parts.netloc}"
        self._items = dict(items or {})
        self._now = datetime.now(UTC)
        self._server = LoopbackServer(self._answer)
        self._folder = parts.path.rstrip("/")

    def __enter__(self) -> Self:
        self.other.__enter__()
        self._server.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._server.__exit__(kind, error, trace)
        finally:
            self.other.close()

    @property
    def url(self) -> str:
        """The address that stands for the upstream's, its path included, once the `with` was entered."""
        return self._own + self._folder

    @property
    def _own(self) -> str:
        return self._server.url

    def requests(self) -> int:
        """Return how many requests came so far."""
        return len(self.log)

    def _answer(self, request: Request) -> Reply:
        self.log.append(request)
        known: list[Reply] = []

        def honest() -> Reply:
            if not known:
                known.append(self._forward(request))
            return known[0]

        layout = self._layout(request.path)
        reply = self.faults.answer(Visit(request, self._own, self.other.url, self._now, layout, honest))
        if any(name.lower() == "date" for name in reply.headers):
            return reply
        return replace(reply, headers={**reply.headers, "Date": format_datetime(self._now, usegmt=True)})

    def _layout(self, path: str) -> Layout | None:
        found = next((items for known, items in self._items.items() if fnmatchcase(path, known)), None)
        return Layout(found) if isinstance(found, str) else found

    def _forward(self, request: Request) -> Reply:
        headers = {name: text for name, text in request.headers.items() if name.lower() not in _HOP}
        connection = http.client.HTTPConnection(self._host, self._port, timeout=_TIMEOUT)
        try:
            connection.request(request.method, request.target, request.body or None, headers)
            with connection.getresponse() as response:
                body, status = response.read(), response.status
                found = {name: text for name, text in response.getheaders() if name.lower() not in _HOP}
        finally:
            connection.close()
        self._hear(found)
        return Reply(status, {name: self._mine(text) for name, text in found.items()}, self._rewritten(body))

    def _hear(self, headers: Mapping[str, str]) -> None:
        """Keep the clock of the server behind, for what is dated by it."""
        date = next((text for name, text in headers.items() if name.lower() == "date"), None)
        if date is not None:
            self._now = parsedate_to_datetime(date)

    def _mine(self, text: str) -> str:
        return text.replace(self._origin, self._own)

    def _rewritten(self, body: bytes) -> bytes:
        plain = body.replace(self._origin.encode(), self._own.encode())
        return plain.replace(
            self._origin.replace("/", r"\/").encode(), self._own.replace("/", r"\/").encode()
        )
