"""Reader: the thread of one source, that fetches the next page while the last one is written."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time
from typing import NamedTuple, Protocol

from ..connector import Connector, Context, Cursor, Page, StreamInfo
from ..errors import (
    CursorRefused,
    DeskmetryError,
    Interrupted,
    PermissionMissing,
    SourceError,
    StreamSkipped,
)
from .cleanser import Cleanser
from .guard import PageGuard
from .report import Outcome

log = logging.getLogger("deskmetry.sync")
PAGES_AHEAD = 6  # pages of one source that may wait to be written
_LOOK_UP_SECONDS = 0.2  # how often a reader that waits for room looks whether it shall stop


class Spent(NamedTuple):
    """What a stream cost: requests, how many of them were repeated, and seconds waited for limits."""

    requests: int = 0
    retries: int = 0
    seconds_waited: float = 0.0

    def since(self, before: Spent) -> Spent:
        """Return what was spent after an earlier reading."""
        waited = self.seconds_waited - before.seconds_waited
        return Spent(self.requests - before.requests, self.retries - before.retries, waited)


@dataclass(frozen=True, slots=True)
class PageRead:
    """A page to be written."""

    source: str
    stream: str
    page: Page


@dataclass(frozen=True, slots=True)
class StreamEnded:
    """A stream is through: read to its end, skipped, failed or interrupted.

    `cursor` is where it stands, for the streams whose pages couldn't say.
    """

    source: str
    stream: str
    outcome: Outcome
    reason: str = ""
    error: DeskmetryError | None = None
    complete_until: datetime | None = None
    cursor: Cursor | None = None
    notes: tuple[str, ...] = ()
    spent: Spent = field(default_factory=Spent)


@dataclass(frozen=True, slots=True)
class SourceEnded:
    """A source has nothing more to say."""

    source: str


Item = PageRead | StreamEnded | SourceEnded


class Sink(Protocol):
    """Where a reader puts what it has: the writer's queue, or the way out of a process of its own."""

    def put(self, item: Item) -> None:
        """Take an item."""


class Reader(threading.Thread):
    """Read the streams of one source, one after the other, into the writer's queue."""

    def __init__(
        self,
        name: str,
        connector: Connector,
        streams: Mapping[str, StreamInfo],
        cursors: Mapping[str, Cursor | None],
        items: Sink,
        context: Context,
        clock: Callable[[], datetime],
    ) -> None:
        super().__init__(name=f"sync-{name}", daemon=True)
        self.source = name
        self.room = threading.Semaphore(PAGES_AHEAD)
        self.abandoned = threading.Event()  # what this source sends can't be stored: no more of it
        self._connector = connector
        self._streams = streams
        self._cursors = cursors
        self._items = items
        self._context = context
        self._clock = clock
        self.heard: datetime | None = None  # the server's clock at the first page that was read
        self._cleanser = Cleanser(connector)
        self._given = 0  # pages of the stream that is being read

    def fork(self, first: Callable[[], object]) -> bool:
        """Start the process that does the work and calls `first` before all else; return whether it did."""
        del first
        return False  # a thread does it

    def run(self) -> None:
        """Read every stream; a failing one ends the source, an optional one only itself."""
        try:
            for name, info in self._streams.items():
                ended = self._stream(name, info)
                self._items.put(ended)
                if ended.outcome in (Outcome.FAILED, Outcome.INTERRUPTED):
                    break
        finally:
            self._close()
            self._items.put(SourceEnded(self.source))

    def kill(self) -> None:
        """End the process that does the work, if there is one, at once."""

    def _close(self) -> None:
        """Close the connector. The engine waits for a last word: nothing that it does may keep that back."""
        try:
            self._connector.close()
            self._context.memory.keep_sizes(self.source, self._context.sizes)
        except BaseException as error:
            told = self._cleanser.traceback(error)
            log.warning("connector %r failed to close\n%s", self._connector.name, told)

    def _stream(self, name: str, info: StreamInfo) -> StreamEnded:
        before = self._spent()
        self._given = 0
        notes: list[str] = []
        try:
            ended = self._read_on(name, info, notes)
        except BaseException as error:
            # A connector is somebody else's code: whatever it raises, SystemExit too, stops only itself.
            ended = self._ended_by(error, name, info)
        notes += [self._cleanser.text(note) for note in self._connector.take_notes()]
        return replace(ended, notes=tuple(notes), spent=self._spent().since(before))

    def _read_on(self, name: str, info: StreamInfo, notes: list[str]) -> StreamEnded:
        """Read from the cursor; from its watermark, if the source no longer takes its token."""
        cursor = self._cursors.get(name)
        try:
            return self._read(name, info, cursor)
        except CursorRefused as error:
            if cursor is None or cursor.token is None:
                raise
            mark = cursor.watermark.isoformat() if cursor.watermark else "the beginning"
            why = self._cleanser.text(error.message)
            notes.append(f"the old cursor was refused ({why}); read again from {mark}")
            return self._read(name, info, Cursor(None, cursor.watermark))

    def _read(self, name: str, info: StreamInfo, cursor: Cursor | None) -> StreamEnded:
        if self._stopping():
            return self._interrupted(name)
        began = self._clock()
        heard: datetime | None = None
        complete: datetime | None = None
        guard = PageGuard(info, cursor)
        pages = self._connector.read(name, self._since(info, cursor))
        try:
            for page in pages:
                taken = self._cleanser.page(guard.take(page, self._connector.now()))
                heard = heard or self._connector.heard()
                self.heard = self.heard or heard
                self._put(PageRead(self.source, name, taken))
                self._given += 1
                complete = page.complete_until or complete
                guard.count(taken)
                if self._stopping():
                    return self._interrupted(name)
        finally:
            close = getattr(pages, "close", None)
            if close is not None:
                close()
        until = min(complete or heard or began, began)  # the server's clock goes before ours
        held = None if info.sorted or guard.cursor == Cursor() else guard.cursor
        return StreamEnded(self.source, name, Outcome.OK, complete_until=until, cursor=held)

    def _ended_by(self, error: BaseException, name: str, info: StreamInfo) -> StreamEnded:
        if isinstance(error, DeskmetryError):
            error = self._cleanser.error(error)
        if isinstance(error, StreamSkipped) or (info.optional and not self._given and _is_by_plan(error)):
            return StreamEnded(self.source, name, Outcome.SKIPPED, str(error))
        if isinstance(error, Interrupted) and self._stopping():
            return self._interrupted(name)
        if isinstance(error, DeskmetryError):
            return StreamEnded(self.source, name, Outcome.FAILED, str(error), error)
        log.debug("connector failed\n%s", self._cleanser.traceback(error))
        what = f"failed in stream {name!r}"
        fault = self._cleanser.error(connector_fault(self._connector.name, what, error))
        return StreamEnded(self.source, name, Outcome.FAILED, str(fault), fault)

    def _interrupted(self, name: str) -> StreamEnded:
        return StreamEnded(self.source, name, Outcome.INTERRUPTED, "stopped by the user")

    def _since(self, info: StreamInfo, cursor: Cursor | None) -> Cursor | None:
        """Return what a stream is asked for: the cursor lapped over, or the start that the settings give."""
        if cursor is None or (cursor.token is None and cursor.watermark is None):
            start = self._connector.start
            return Cursor(None, datetime.combine(start, time(), UTC)) if start else None
        if cursor.watermark is None:
            return cursor
        return Cursor(cursor.token, cursor.watermark - info.overlap)

    def _put(self, item: PageRead) -> None:
        """Give a page on once there is room; the page in hand when the user stops goes first."""
        while not self.room.acquire(timeout=_LOOK_UP_SECONDS):
            if self._stopping():
                break
        self._items.put(item)

    def _stopping(self) -> bool:
        return self._context.stop.is_set() or self.abandoned.is_set()

    def _spent(self) -> Spent:
        return Spent(self._context.requests, self._context.retries, self._context.seconds_waited)


def _is_by_plan(error: BaseException) -> bool:
    """Tell whether a source doesn't give something at all: 403, or 404 as for what the plan doesn't have."""
    if isinstance(error, PermissionMissing):
        return True
    return isinstance(error, SourceError) and error.data.get("status") == 404


def connector_fault(connector: str, what: str, error: BaseException) -> SourceError:
    """Return the error that an exception out of a connector stands for."""
    return SourceError(
        f"Connector {connector!r} {what}: {type(error).__name__}: {error}",
        "This is a fault of the connector; report it to its author (`--verbose` shows where).",
        connector=connector,
    )
