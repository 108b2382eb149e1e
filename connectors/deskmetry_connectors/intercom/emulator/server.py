"""Server: an emulated workspace behind HTTP on a loopback address."""

from __future__ import annotations

import json
import threading
from collections import Counter
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from .api import Api
from .company import Company
from .faults import Faults


class Emulator:
    """A workspace at `url`, while the `with` lasts. `log` holds requests, `counts` how many a path had."""

    def __init__(self, company: Company, faults: Faults | None = None, *, port: int = 0) -> None:
        self.company = company
        self.faults = faults or Faults()
        self.log: list[tuple[str, str, Any]] = []
        self.versions: Counter[str] = Counter()
        self._api = Api(company, self.faults)
        self._port = port
        self._lock = threading.Lock()

    @property
    def counts(self) -> Counter[str]:
        """How many requests each path has had; conversations asked for alone under one name."""
        return Counter(
            path if not path.rpartition("/")[2].isdecimal() else "/conversations/*" for _, path, _ in self.log
        )

    def __enter__(self) -> Emulator:
        handler = type("Handler", (_Handler,), {"emulator": self})
        self._server = _Server(("127.0.0.1", self._port), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(
        self, method: str, target: str, headers: Any, body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """Answer one request: status, headers, body."""
        parts = urlsplit(target)
        with self._lock:
            asked = json.loads(body) if body else dict(parse_qsl(parts.query))
            self.log.append((method, parts.path, asked))
            self.versions[headers.get("Intercom-Version", "none")] += 1
            query = dict(parse_qsl(parts.query))
            reply = self._api.answer(method, parts.path, query, headers.get("Authorization", ""), body)
            own = {
                "Date": formatdate(self.company.now, usegmt=True),
                "Content-Type": "application/json; charset=utf-8",
            }
            return reply.status, own | reply.headers, json.dumps(reply.json).encode()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that hangs up is no fault of the server's."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet an answer, not one a header line
    emulator: Emulator

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, headers, data = self.emulator.answer(self.command, self.path, self.headers, body)
        self.send_response_only(status)
        for name, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)
        self.wfile.flush()

    do_GET = do_POST = _answer  # noqa: N815 - the names that http.server looks for

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Write nothing."""
