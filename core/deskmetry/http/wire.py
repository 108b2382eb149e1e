"""Wire: sends one request once, reads the whole answer, and follows redirects within the origin only."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from ..errors import BadResponse, SourceError
from .answer import Reply
from .call import Call
from .failure import LATER, TooMuch
from .limiter import http_date
from .origin import Origin
from .policy import HttpContext, Policy
from .redaction import excerpt, redact, secrets_in, shown

if TYPE_CHECKING:
    import httpx

    from .transport import Connections

_REDIRECTS = {301, 302, 303, 307, 308}
_KEEP_METHOD = {307, 308}


class Wire:
    """One origin's connections, opened at the first request, with the counts and the server's clock."""

    def __init__(self, origin: Origin, policy: Policy, context: HttpContext) -> None:
        self.server_time: datetime | None = None
        self._origin = origin
        self._policy = policy
        self._context = context
        self._lock = threading.Lock()
        self._connections: Connections | None = None

    def close(self) -> None:
        """Close the connections; a later request opens new ones."""
        with self._lock:
            connections, self._connections = self._connections, None
        if connections is not None:
            connections.close()

    def count_retry(self) -> None:
        """Count a request that is sent again."""
        with self._lock:
            self._context.retries += 1

    def exchange(self, call: Call, headers: Mapping[str, str]) -> Reply:
        """Send, and follow redirects within the origin; TryError or SourceError if no answer comes whole."""
        url = call.url
        for _ in range(self._policy.max_redirects + 1):
            reply = self._send(call, url, headers)
            if reply.status not in _REDIRECTS:
                return reply
            if call.method != "GET" and reply.status not in _KEEP_METHOD:
                raise SourceError(
                    f"{reply.where} was redirected ({reply.status}): refused.", "Check the `url`."
                )
            url = self._origin.follow(url, reply.headers.get("location", ""), "A redirect")
        raise SourceError(f"{reply.where} was redirected too often.", "Check the `url` of the source.")

    def _send(self, call: Call, url: httpx.URL, headers: Mapping[str, str]) -> Reply:
        from .transport import BodySizeError

        secrets = secrets_in(headers)
        where = redact(f"{call.method} {shown(url)} of {self._origin.host}", secrets)
        # The one place through which every request leaves: whoever made the address, it is checked here.
        self._origin.require(url, "A request")
        connections = self._opened()
        try:
            response, body = connections.send(call.method, url, dict(headers), call.body, where)
        except BodySizeError:
            raise self._too_big(call, where) from None
        self.server_time = http_date(response.headers.get("date")) or self.server_time
        media = excerpt(redact(response.headers.get("content-type", "").split(";")[0], secrets))
        return Reply(where, url, response.status_code, media, response.headers, body)

    def _opened(self) -> Connections:
        """Count a request and return the connections it goes out on."""
        from .transport import Connections

        with self._lock:
            self._context.requests += 1
            if self._connections is None:
                stop, secure = self._context.stop, self._origin.secure
                self._connections = Connections(self._policy, self._origin.host, stop, secure=secure)
            return self._connections

    def _too_big(self, call: Call, where: str) -> SourceError:
        if call.shrinkable:
            return TooMuch(f"{where} answered with too big a page.", LATER)
        return BadResponse(
            f"{where} answered with more than {self._policy.max_body:,} bytes, or packed in an unknown way.",
            "Ask for smaller pages; nothing of it was kept.",
        )
