"""EmulatedServer: what emulators of an API share, an account behind HTTP on a loopback address."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections import Counter
from dataclasses import replace
from email.utils import formatdate
from types import TracebackType
from typing import Generic, Self, TypeVar

from .server import LoopbackServer
from .values import Reply, Request

Entry = TypeVar("Entry")
_Key = tuple[str, str, bytes]


class EmulatedServer(ABC, Generic[Entry]):
    """An account at `url`, while the `with` lasts. `log` holds an entry for each request, in order.

    port: a free one if not given. cache: good replies are kept by method, address and body until `revision`
    changes, for benchmarks that shouldn't measure the emulator. Requests are answered one at a time; a
    mistake in `reply` is answered 500, and raised when the `with` ends.
    """

    def __init__(self, *, port: int = 0, cache: bool = False) -> None:
        self.log: list[Entry] = []
        self._lock = threading.Lock()
        self._kept: dict[_Key, Reply] | None = {} if cache else None
        self._kept_at: object = None
        self._server = LoopbackServer(lambda request: self.answer(request), port=port)

    # --- what an emulator says --------------------------------------------------------------------------

    @abstractmethod
    def entry(self, request: Request) -> Entry:
        """Return what the log keeps of a request."""

    @abstractmethod
    def reply(self, request: Request) -> Reply:
        """Answer a request; nothing of it was checked yet, credentials neither."""

    @abstractmethod
    def clock(self) -> float:
        """Return the account's own time, Unix seconds; every reply tells it as `Date`."""

    def place(self, entry: Entry) -> str:
        """Return the name under which `counts` counts a request; by default the entry as text."""
        return str(entry)

    def revision(self) -> object:
        """Return a value that is another one once replies may differ; by default the clock."""
        return self.clock()

    # --- what there is to use -----------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """The address, which is known once the server runs."""
        return self._server.url

    @property
    def counts(self) -> Counter[str]:
        """How many requests each place has had."""
        return Counter(self.place(entry) for entry in self.log)

    def answer(self, request: Request) -> Reply:
        """Answer one request as the server does: logged, from the cache if there is one, with `Date`."""
        with self._lock:
            self.log.append(self.entry(request))
            reply = self._replied(request)
            return replace(reply, headers=self._date() | dict(reply.headers))

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.__exit__(kind, error, trace)

    def _date(self) -> dict[str, str]:
        return {"Date": formatdate(self.clock(), usegmt=True)}

    def _replied(self, request: Request) -> Reply:
        if self._kept is None:
            return self.reply(request)
        if self._kept_at != (now := self.revision()):
            self._kept.clear()
            self._kept_at = now
        key = request.method, request.target, request.body
        known = self._kept.get(key)
        if known is None:
            known = self.reply(request)
            if known.status == 200:
                self._kept[key] = known
        return known
