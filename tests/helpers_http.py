"""Helpers for tests of HTTP: a clock that only waits move, and a loopback server that can misbehave."""

from __future__ import annotations

import json
import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from deskmetry.connector.context import Context
from deskmetry.http import HttpClient, Policy

BASE = "http://localhost/api"
TOKEN = "sEcReT-t0ken-of-acme"


@dataclass(slots=True)
class PatientContext(Context):
    """A context whose waits end at once and move the clock."""

    now: float = 1000.0
    waits: list[float] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)

    def wait(self, seconds: float, reason: str) -> bool:
        """Note the wait; False once `stop` is set, as the engine's context does it."""
        self.waits.append(seconds)
        self.reasons.append(reason)
        self.now += seconds
        return not self.stop.is_set()

    def clock(self) -> float:
        """Seconds that were waited, from an arbitrary beginning."""
        return self.now


def bearer() -> Mapping[str, str]:
    """The headers of the tests' account."""
    return {"Authorization": f"Bearer {TOKEN}"}


@contextmanager
def client(
    url: str = BASE,
    *,
    headers: Callable[[], Mapping[str, str]] = bearer,
    context: PatientContext | None = None,
    refresh: Callable[[], bool] | None = None,
    policy: Policy | None = None,
    max_wait: timedelta | None = None,
) -> Iterator[tuple[HttpClient, PatientContext]]:
    """A client on a clock of its own, closed at the end."""
    context = context or PatientContext()
    if max_wait is not None:
        context.max_wait = max_wait
    http = HttpClient(url, headers, context, refresh=refresh, policy=policy, clock=context.clock)
    try:
        yield http, context
    finally:
        http.close()


@dataclass(slots=True)
class Visit:
    """One request that reached the loopback server, and the ways to answer it."""

    handler: BaseHTTPRequestHandler
    path: str
    params: dict[str, str]
    headers: Mapping[str, str]
    body: bytes

    def json(self, value: Any, status: int = 200, **headers: str) -> None:
        """Answer as a well-behaved server does."""
        body = json.dumps(value).encode()
        extra = {name.replace("_", "-"): text for name, text in headers.items()}
        own = {"Content-Type": "application/json", "Content-Length": str(len(body))}
        self.raw(body, own | extra, status)

    def raw(self, body: bytes, headers: Mapping[str, str], status: int = 200) -> None:
        """Answer with exactly these headers and bytes."""
        self.handler.send_response(status)
        for name, text in headers.items():
            self.handler.send_header(name, text)
        self.handler.send_header("Connection", "close")
        self.handler.end_headers()
        self.handler.wfile.write(body)

    def reset(self) -> None:
        """Break the connection off with a TCP reset."""
        self.handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.handler.connection.close()

    def drip(self, piece: bytes, over: threading.Event) -> None:
        """Send a piece again and again, until the client has had enough or the test is over."""
        try:
            while not over.wait(0.01):
                self.handler.connection.sendall(piece)
        except OSError:
            return


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    answer: Callable[[Visit], None]

    def _answer(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.close_connection = True
        type(self).answer(Visit(self, parts.path, dict(parse_qsl(parts.query)), dict(self.headers), body))

    do_GET = do_POST = do_CONNECT = _answer  # noqa: N815 - the names that http.server looks for

    def finish(self) -> None:
        try:
            super().finish()
        except (OSError, ValueError):
            return  # the test reset the connection

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        return


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # so that closing it waits for the answers under way

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.mistakes: list[BaseException] = []

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep what the test's own answer did wrong; a client that hangs up is no mistake."""
        error = sys.exception()
        if error is not None and not isinstance(error, OSError):
            self.mistakes.append(error)


@contextmanager
def loopback(answer: Callable[[Visit], None]) -> Iterator[str]:
    """A server on a free port of this machine; yields its address."""
    handler = type("Handler", (_Handler,), {"answer": staticmethod(answer)})
    server = _Server(handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    if server.mistakes:
        raise server.mistakes[0]
