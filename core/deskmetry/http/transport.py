"""Transport: connections with a deadline of our own, that a wish to stop ends at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, wait
from ssl import PROTOCOL_TLS_CLIENT, SSLContext
from typing import Any
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx

from ..errors import ConfigurationError, Interrupted
from ..version import __version__
from .failure import broken
from .origin import is_loopback
from .policy import Policy
from .redaction import quiet_loggers

_LOOK_UP_SECONDS = 0.1  # how often who waits for the network looks whether it shall stop


class Deadline(threading.local):
    """The instant of the monotonic clock at which this thread's try ends (None: never), or the wish to stop.

    httpx bounds each read alone, never the sum, and nothing ends a read that hangs but its own timeout.
    """

    until: float | None = None

    def __init__(self, stop: threading.Event, host: str) -> None:
        self.stop = stop
        self.host = host

    def start(self, seconds: float) -> None:
        """Give the try that begins now so many seconds."""
        self.until = time.monotonic() + seconds

    def check(self) -> None:
        """Raise httpx's ReadTimeout if nothing is left."""
        if self.until is not None and time.monotonic() >= self.until:
            raise httpx.ReadTimeout("deadline")

    def left(self, timeout: float | None) -> float | None:
        """Return the timeout, or what is left of the deadline if less; raise ReadTimeout if nothing is."""
        if self.until is None:
            return timeout
        left = self.until - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("deadline")
        return left if timeout is None else min(left, timeout)

    def look(self) -> None:
        """Raise Interrupted if the user doesn't want to wait any more."""
        if self.stop.is_set():
            raise Interrupted(
                f"Interrupted while {self.host} was answering.", "What was committed stays; sync again."
            )


class _Stream(httpcore.NetworkStream):
    """A connection whose reads and writes end with the deadline, and its reads with the wish to stop."""

    def __init__(self, inner: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._inner = inner
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        until = None if timeout is None else time.monotonic() + timeout
        while True:
            left = self._deadline.left(None if until is None else until - time.monotonic())
            short = _LOOK_UP_SECONDS if left is None else min(left, _LOOK_UP_SECONDS)
            try:
                return self._inner.read(max_bytes, max(short, 0.0))
            except httpcore.ReadTimeout:  # nothing was taken off the connection: it can be read again
                self._deadline.look()
                if left is not None and left <= short:
                    raise

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._deadline.left(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        inner = self._inner.start_tls(ssl_context, server_hostname, self._deadline.left(timeout))
        return _Stream(inner, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Backend(httpcore.SyncBackend):
    """Makes connections that know the deadline."""

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        left = self._deadline.left(timeout)
        connect = super().connect_tcp
        inner = self._awaited(lambda: connect(host, port, left, local_address, socket_options))
        return _Stream(inner, self._deadline)

    def _awaited(self, connect: Callable[[], httpcore.NetworkStream]) -> httpcore.NetworkStream:
        """Connect in a thread of its own: neither a look-up of a name nor a connect can be broken off."""
        outcome: Future[httpcore.NetworkStream] = Future()

        def work() -> None:
            try:
                outcome.set_result(connect())
            except BaseException as error:
                outcome.set_exception(error)

        threading.Thread(target=work, name="connect", daemon=True).start()
        while not wait((outcome,), _LOOK_UP_SECONDS).done:
            try:
                self._deadline.look()
            except Interrupted:
                outcome.add_done_callback(_hang_up)  # nobody needs it once it is there
                raise
        return outcome.result()


def _hang_up(outcome: Future[httpcore.NetworkStream]) -> None:
    if outcome.exception() is None:
        outcome.result().close()


class _Transport(httpx.HTTPTransport):
    """httpx's own transport over connections with a deadline."""

    def __init__(self, deadline: Deadline, proxy: str | None, *, secure: bool) -> None:
        # Loading the machine's certificates is slow; without TLS, a context that trusts nobody will do.
        super().__init__(verify=True if secure else SSLContext(PROTOCOL_TLS_CLIENT), proxy=proxy)
        # httpx has no public way to hand its pool a network backend; a test sees if this one stops working.
        self._pool._network_backend = _Backend(deadline)


class BodySizeError(Exception):
    """The body is longer than the cap, or packed in a way that has no known bound."""


class Connections:
    """A pool of connections that follows no redirect, reads no .netrc and obeys the machine's proxies."""

    def __init__(self, policy: Policy, host: str, stop: threading.Event, *, secure: bool) -> None:
        quiet_loggers()
        self._policy = policy
        self._host = host
        self._deadline = Deadline(stop, host)
        self._client = httpx.Client(
            transport=_Transport(self._deadline, _proxy(host), secure=secure),
            timeout=httpx.Timeout(policy.read_timeout, connect=policy.connect_timeout),
            follow_redirects=False,
            trust_env=False,
            # gzip only: see `_read`.
            headers={
                "Accept": "application/json",
                "Accept-Encoding": "gzip",
                "User-Agent": f"deskmetry/{__version__}",
            },
        )

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def send(
        self, method: str, url: httpx.URL, headers: dict[str, str], body: Any, where: str
    ) -> tuple[httpx.Response, bytes]:
        """Send one request and read its body whole, within the deadline.

        Raises TryError or a SourceError for what breaks on the way, BodySizeError beyond the cap.
        """
        request = self._client.build_request(method, url, headers=headers, json=body)
        response: httpx.Response | None = None
        self._deadline.start(self._policy.deadline)
        try:
            response = self._client.send(request, stream=True)
            return response, self._read(response)
        except httpx.HTTPError as error:
            if response is not None and not response.is_success:
                return response, b""  # the status says enough
            raise broken(error, where, self._host, reading=response is not None) from None
        finally:
            if response is not None:
                response.close()

    def _read(self, response: httpx.Response) -> bytes:
        """Read and unpack a body.

        Only plain and gzip are taken: a chunk from the network then unpacks to at most about a thousand times
        its size, where packings within packings multiply.
        """
        packing = response.headers.get("content-encoding", "identity").strip().lower()
        if packing not in {"identity", "gzip", ""}:
            raise BodySizeError
        chunks: list[bytes] = []
        size = 0
        for chunk in response.iter_bytes():
            size += len(chunk)
            if size > self._policy.max_body:
                raise BodySizeError
            self._deadline.check()
            chunks.append(chunk)
        return b"".join(chunks)


def _proxy(host: str) -> str | None:
    if is_loopback(host) or proxy_bypass(host):
        return None
    known = getproxies()
    proxy = known.get("https") or known.get("all")
    if proxy and "://" in proxy and not proxy.startswith(("http://", "https://")):
        raise ConfigurationError(
            "HTTPS_PROXY names a proxy that isn't http.", "Name an http:// proxy, or unset it."
        )
    return proxy if not proxy or "://" in proxy else f"http://{proxy}"
