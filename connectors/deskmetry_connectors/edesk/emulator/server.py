"""Server: an emulated account behind HTTP on a loopback address."""

from __future__ import annotations

import json
import threading
from collections import Counter
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from .api import Api, RefusedError
from .company import Company
from .faults import Faults

TOKEN = "emulated-token"  # noqa: S105 - of an account that doesn't exist


class Emulator:
    """An account at `url`, while the `with` lasts. `log` holds every request, `counts` how many by path."""

    def __init__(
        self, company: Company, faults: Faults | None = None, *, port: int = 0, token: str = TOKEN
    ) -> None:
        self.company = company
        self.faults = faults or Faults()
        self.log: list[tuple[str, dict[str, str]]] = []
        self._api = Api(company, self.faults)
        self._port = port
        self._token = token
        self._lock = threading.Lock()

    @property
    def counts(self) -> Counter[str]:
        """How many requests each path has had, ids left out."""
        return Counter("/".join(part for part in path.split("/")[2:3]) for path, _ in self.log)

    def __enter__(self) -> Emulator:
        handler = type("Handler", (_Handler,), {"emulator": self})
        self._server = _Server(("127.0.0.1", self._port), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, target: str, authorization: str) -> tuple[int, dict[str, str], bytes]:
        """Answer one request: status, headers, body."""
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        with self._lock:
            self.log.append((parts.path, query))
            headers = {"Date": formatdate(self.company.now, usegmt=True), "Content-Type": "application/json"}
            if self.faults.quick:
                headers |= {"X-RateLimit-Remaining": "1000000", "X-RateLimit-Reset": "1"}
            status, body = self._answered(parts.path, query, authorization, headers)
            return status, headers, json.dumps(body).encode()

    def _answered(
        self, path: str, query: dict[str, str], authorization: str, headers: dict[str, str]
    ) -> tuple[int, Any]:
        try:
            if self.faults.expired or authorization != f"Bearer {self._token}":
                raise RefusedError(401, "Unauthorized", "The access token is invalid or has expired")
            if self.faults.throttle:
                self.faults.throttle -= 1
                if self.faults.retry_after is not None:
                    headers["Retry-After"] = self.faults.retry_after
                raise RefusedError(429, "Too many requests", "Out of quota")
            return 200, self._api.answer(path.removeprefix("/v1/"), query)
        except RefusedError as error:
            words = {"httpCode": str(error.status), "message": error.message, "details": error.details}
            return error.status, {"error": words}


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that hangs up is no fault of the server's."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet an answer, not one a header line
    emulator: Emulator

    def do_GET(self) -> None:
        """Answer."""
        status, headers, data = self.emulator.answer(self.path, self.headers.get("Authorization", ""))
        self.send_response_only(status)
        for name, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Write nothing."""
