"""FakeHelpdesk: a helpdesk on this machine, described in a few lines, where things happen on demand."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import formatdate
from itertools import count
from types import TracebackType
from typing import Any, Self

from .canary import CANARY
from .collection import Collection, Row
from .faults import Faults, Visit
from .paging import RefusedError
from .server import LoopbackServer, OtherHost
from .shelf import Entry, Shelf
from .values import Reply, Request

BEGINNING = datetime(2026, 3, 2, 9, tzinfo=UTC)
"""A Monday morning, where the helpdesk's clock begins: a connector that asks its own clock is found out."""

LATE_SECONDS = 60
"""How far before the newest row a late one appears: connectors declare at least this overlap."""


class FakeHelpdesk:
    """A helpdesk behind HTTP at `url`, while the `with` lasts, with a few pages of rows in each collection.

    token: the secret; a request must carry it, in whatever header or parameter. `renew`: a POST to this path,
    with the secret anywhere in its body, gets a new one as `access_token`.
    `log` holds every request, `faults` plays what goes wrong, `other` is the host that nobody may be led to.
    The clock stands still but for `advance` and `grow`; every answer's `Date` shows it.
    """

    def __init__(self, *collections: Collection, token: str = CANARY, renew: str = "/oauth/token") -> None:
        if not collections:
            raise ValueError("a helpdesk has something to read: FakeHelpdesk(Collection('/tickets', row=…))")
        self.token = token
        self.faults = Faults()
        self.other = OtherHost()
        self.log: list[Request] = []
        self._renew = renew
        self._meanwhile: list[tuple[int, Callable[[], object]]] = []
        self._secret = token
        self._renewals = count(1)
        self._clock = BEGINNING.timestamp()
        self._lock = threading.RLock()
        self._shelves = {one.path: Shelf(one) for one in collections}
        self._server = LoopbackServer(self._answer)
        for one in collections:
            one.check()
        self._begin()

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
        """The address, once the `with` was entered."""
        return self._server.url

    # --- what happens there ---------------------------------------------------------------------------

    @property
    def now(self) -> datetime:
        """What its clock shows, aware."""
        return datetime.fromtimestamp(self._clock, UTC)

    def advance(self, seconds: float) -> None:
        """Let its clock go on."""
        with self._lock:
            self._clock += seconds

    def grow(self) -> None:
        """Let more than a page of new things appear in each collection, three and three in the same second.

        The first of them changed in the very second of the newest one that was there: the second that a
        connector has just read up to. One tie lies across the border of two pages.
        """
        with self._lock:
            self._clock += 60
            begin, most = int(self._clock), 0
            for shelf in self._shelves.values():
                newest = [entry.at for entry in shelf.living()[-1:]]
                size = shelf.collection.page_size
                shift = 1 if size % 3 == 0 else 0
                seconds = [begin + (index + shift) // 3 for index in range(size + 3)]
                for at in newest + seconds[len(newest) :]:
                    shelf.add(at)
                most = max(most, len(seconds))
            self._clock += most

    def _begin(self) -> None:
        """Put in a few pages, and an hour later one thing alone: who reads on from it reads one page."""
        self.grow()
        self.grow()
        self._clock += 3600
        for shelf in self._shelves.values():
            shelf.add(int(self._clock))
        self._clock += 1

    def edit(self) -> None:
        """Let the newest thing of each collection change again within the same second."""
        with self._lock:
            for shelf in self._shelves.values():
                for entry in shelf.living()[-1:]:
                    shelf.edit(entry)

    def bulk_edit(self) -> None:
        """Let everything change in one second, as after an import or a rule: a tie of more than a page."""
        with self._lock:
            self._clock += 60
            for shelf in self._shelves.values():
                for entry in shelf.living():
                    shelf.edit(entry, int(self._clock))
            self._clock += 1

    def late(self) -> bool:
        """Let a thing appear that changed a little before the newest one: it is only seen late."""
        with self._lock:
            for shelf in self._shelves.values():
                for newest in shelf.living()[-1:]:
                    shelf.add(newest.at - LATE_SECONDS + 1)
            return True

    def delete(self) -> bool:
        """Delete one thing that was read, the oldest, in each collection; False if nothing was read yet."""
        with self._lock:
            self._clock += 1
            read = [(s, e) for s in self._shelves.values() for e in _read(s)[:1]]
            for shelf, entry in read:
                shelf.delete(entry, int(self._clock))
            return bool(read)

    def wipe(self) -> bool:
        """Delete everything, without a trace."""
        with self._lock:
            for shelf in self._shelves.values():
                shelf.removed |= {shelf.key(entry) for entry in _read(shelf)}
                shelf.entries.clear()
            return True

    def meanwhile(self, happens: Callable[[], object], *, on: int = 2) -> None:
        """Let something happen while a list is read: just before the n-th request from now is answered."""
        with self._lock:
            self._meanwhile.append((len(self.log) + on, happens))

    def expire(self) -> None:
        """Let the secret end; the next one is there for whoever renews it."""
        with self._lock:
            self.token = f"{self._secret}-{next(self._renewals)}"

    # --- what can be seen -----------------------------------------------------------------------------

    def truth(self) -> Mapping[str, frozenset[str]]:
        """Return the ids that each table must hold now; what was read and then deleted stays a row there."""
        with self._lock:
            found: dict[str, frozenset[str]] = {}
            for shelf in self._shelves.values():
                if shelf.collection.table is not None:
                    found[shelf.collection.table] = (
                        found.get(shelf.collection.table, frozenset()) | shelf.ids()
                    )
            return found

    def gone(self) -> Mapping[str, frozenset[str]]:
        """Return the ids of what was read and deleted since, by table."""
        with self._lock:
            return {
                shelf.collection.table: frozenset(shelf.removed)
                for shelf in self._shelves.values()
                if shelf.collection.table is not None
            }

    def rows(self, path: str) -> list[Row]:
        """Return the rows of a collection as they stand, oldest change first."""
        with self._lock:
            shelf = self._shelves[path]
            return [shelf.row(entry) for entry in shelf.living()]

    def requests(self) -> int:
        """Return how many requests came so far."""
        return len(self.log)

    # --- the other side of the wire -------------------------------------------------------------------

    def _answer(self, request: Request) -> Reply:
        with self._lock:
            self.log.append(request)
            for happens in [call for number, call in self._meanwhile if number == len(self.log)]:
                happens()
            shelf = self._shelves.get(request.path)
            layout = shelf.collection.layout if shelf is not None else None
            now = self.now
            visit = Visit(request, self.url, self.other.url, now, layout, lambda: self._honest(request))
            reply = self.faults.answer(visit)
            headers = {"Date": formatdate(self._clock, usegmt=True), **reply.headers}
            return Reply(reply.status, headers, reply.body, reply.ending, reply.pause)

    def _honest(self, request: Request) -> Reply:
        if request.path == self._renew and request.method == "POST" and request.carries(self._secret):
            self.expire()
            return Reply.of({"access_token": self.token, "token_type": "Bearer", "expires_in": 3600})
        if not request.carries(self.token):
            return Reply.of({"error": "the token is missing, wrong or expired"}, 401)
        shelf = self._shelves.get(request.path)
        if shelf is None or request.method != shelf.collection.method:
            known = ", ".join(f"{s.collection.method} {path}" for path, s in self._shelves.items())
            words = f"this fake helpdesk has no {request.method} {request.path}; it has {known}"
            return Reply.of({"error": words}, 404)
        try:
            query = request.query if request.method == "GET" else _flat(json.loads(request.body or b"{}"))
            return shelf.answer(f"{self.url}{request.path}", query)
        except RefusedError as error:
            return Reply.of({"error": error.words}, error.status)


def _read(shelf: Shelf) -> list[Entry]:
    return [entry for entry in shelf.living() if entry.served]


def _flat(value: Any, above: str = "") -> dict[str, str]:
    """Return the leaves of a JSON body by their dotted paths."""
    if not isinstance(value, dict):
        return {above: value if isinstance(value, str) else json.dumps(value)}
    return {
        path: leaf
        for name, inner in value.items()
        for path, leaf in _flat(inner, f"{above}.{name}" if above else name).items()
    }
