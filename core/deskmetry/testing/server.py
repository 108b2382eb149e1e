"""Server: HTTP on a free port of this machine that can break off, and the host that none should meet."""

from __future__ import annotations

import socket
import struct
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import TracebackType
from typing import Any, Self

from .values import Ending, Reply, Request

Answer = Callable[[Request], Reply]
_CLOSING_SECONDS = 5.0  # how long a reply under way may take once the server closes


class LoopbackServer:
    """Answers requests by a function, at `url`, while the `with` lasts.

    A mistake in the function is answered 500, and raised when the `with` ends. port: a free one if not given.
    """

    def __init__(self, answer: Answer, host: str = "127.0.0.1", port: int = 0) -> None:
        self._answer = answer
        self._host = host
        self._port = port
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The address, which is known once the server runs."""
        if self._server is None:
            raise RuntimeError("the server doesn't run yet: use it in a `with`, and ask for its `url` there")
        return f"http://{self._host}:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._server = _Server(self._answer, self._port)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        mistakes = self.close()
        if error is None and mistakes:
            raise mistakes[0]

    def close(self) -> list[BaseException]:
        """Stop, end every connection, and return the mistakes of the answering function."""
        server, thread, self._thread = self._server, self._thread, None
        if server is None or thread is None:
            return []
        server.shutdown()
        thread.join()
        server.server_close()
        server.hang_up()
        return server.mistakes


class OtherHost:
    """A second server, of another name, that records what reaches it: nothing of a good connector's does.

    It answers every request with an empty object, so that a connector that comes here doesn't fail at once.
    """

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self._server = LoopbackServer(self._answer, "localhost")

    @property
    def url(self) -> str:
        """The address, on this machine by its name."""
        return self._server.url

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.__exit__(kind, error, trace)

    def saw(self, secret: str) -> bool:
        """Tell whether a secret came here, in any form."""
        return any(request.carries(secret) for request in self.requests)

    def close(self) -> None:
        """Stop."""
        self._server.close()

    def _answer(self, request: Request) -> Reply:
        self.requests.append(request)
        return Reply.of({})


class _Server(HTTPServer):
    """A thread for each connection; closing ends them all, where the standard one waits or leaves them."""

    request_queue_size = 64

    def __init__(self, answer: Answer, port: int) -> None:
        self.answer = answer
        self.mistakes: list[BaseException] = []
        self.closing = threading.Event()
        self._lock = threading.Lock()
        self._open: dict[socket.socket, threading.Thread] = {}
        super().__init__(("127.0.0.1", port), _Handler)

    def server_bind(self) -> None:
        # HTTPServer's own asks the name service for this machine's name, which can take seconds.
        # A port whose last connections are hardly over is free, as for any server.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_name, self.server_port = self.socket.getsockname()[:2]

    def process_request(self, request: Any, client_address: Any) -> None:
        thread = threading.Thread(target=self._serve, args=(request, client_address), daemon=True)
        with self._lock:
            self._open[request] = thread
        thread.start()

    def _serve(self, request: Any, client_address: Any) -> None:
        try:
            self.finish_request(request, client_address)
        except OSError:
            pass  # a client that hangs up is no mistake
        except Exception:
            self.handle_error(request, client_address)
        finally:
            self.shutdown_request(request)
            with self._lock:
                self._open.pop(request, None)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - the standard's signature
        """Keep the mistake for whoever closes the server."""
        error = sys.exception()
        if error is not None:
            self.mistakes.append(error)

    def hang_up(self) -> None:
        """End the connections that clients keep open, and wait for their threads."""
        self.closing.set()
        with self._lock:
            known = dict(self._open)
        for connection, thread in known.items():
            with suppress(OSError):  # it may have ended by itself meanwhile
                connection.shutdown(socket.SHUT_RDWR)
            thread.join(_CLOSING_SECONDS)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet a reply, not one a header line
    disable_nagle_algorithm = True
    server: _Server

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            reply = self.server.answer(Request(self.command, self.path, dict(self.headers.items()), body))
        except Exception as error:
            self.server.mistakes.append(error)
            reply = Reply.of({"error": f"the fake server failed: {type(error).__name__}: {error}"}, 500)
        if reply.ending is Ending.RESET:
            self._reset()
            return
        self._head(reply)
        if reply.ending is Ending.DRIP:
            self._drip(reply)
            return
        cut = reply.ending is Ending.SHORT
        self.close_connection = self.close_connection or cut
        self.wfile.write(reply.body[: len(reply.body) // 2] if cut else reply.body)
        self.wfile.flush()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _answer  # noqa: N815 - http.server's names

    def _head(self, reply: Reply) -> None:
        self.send_response_only(reply.status)
        for name, value in {**reply.headers, "Content-Length": str(len(reply.body))}.items():
            self.send_header(name, value)
        self.end_headers()

    def _reset(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()  # really closed, and reset, when `finish` closes the files on it

    def _drip(self, reply: Reply) -> None:
        self.wfile.flush()
        for at in range(len(reply.body)):
            if self.server.closing.is_set():
                self.close_connection = True
                return
            self.connection.sendall(reply.body[at : at + 1])
            time.sleep(reply.pause)

    def finish(self) -> None:
        try:
            super().finish()
        except (OSError, ValueError):
            return  # the connection was reset, by us or by the client

    def log_message(self, *_words: Any) -> None:
        return
