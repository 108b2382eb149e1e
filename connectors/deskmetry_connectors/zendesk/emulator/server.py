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

from .api import TOKEN, Api, Reply
from .company import Company
from .exports import RefusedError
from .faults import Faults


class Emulator:
    """An account at `url`, while the `with` lasts. `log` holds every request, `counts` how many a path had.

    port: a free one if not given. token: what bearers of it are let in with.
    Answers are kept by address with `cache`, for benchmarks that shouldn't measure the emulator.
    """

    def __init__(
        self,
        company: Company,
        faults: Faults | None = None,
        *,
        cache: bool = False,
        port: int = 0,
        token: str = TOKEN,
    ) -> None:
        self.company = company
        self.faults = faults or Faults()
        self.log: list[tuple[str, str, dict[str, str]]] = []
        self._api = Api(company, self.faults, token)
        self._port = port
        self._lock = threading.Lock()
        self._cache: dict[str, tuple[dict[str, str], bytes]] | None = {} if cache else None
        self._revision = -1

    @property
    def counts(self) -> Counter[str]:
        """How many requests each path has had."""
        return Counter(path for _, path, _ in self.log)

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
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        with self._lock:
            self.log.append((method, parts.path, query))
            known = self._kept(method, target)
            if known is not None:
                return 200, self._own(known[0]), known[1]
            try:
                reply = self._api.answer(method, parts.path, query, headers.get("Authorization", ""), body)
            except RefusedError as error:
                reply = Reply({"error": error.code, "description": error.words}, error.status)
            text = reply.text if reply.text is not None else json.dumps(reply.json, ensure_ascii=False)
            data = text.encode()
            if self._cache is not None and reply.status == 200 and method == "GET":
                self._cache[target] = reply.headers, data  # limits are told with every answer
            return reply.status, self._own(reply.headers), data

    def _kept(self, method: str, target: str) -> tuple[dict[str, str], bytes] | None:
        if self._cache is None or method != "GET":
            return None
        if self._revision != self.company.revision:
            self._cache.clear()
            self._revision = self.company.revision
        return self._cache.get(target)

    def _own(self, headers: dict[str, str]) -> dict[str, str]:
        date = formatdate(self.company.now, usegmt=True)
        return {"Date": date, "Content-Type": "application/json; charset=utf-8"} | headers


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
