"""Reader: the thread of one source, that fetches the next page while the last one is written."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import cast

from ..connector import Connector, Context, Cursor, Page, StreamInfo
from ..errors import (
    AuthenticationFailed,
    CursorRefused,
    DeskmetryError,
    Interrupted,
    PermissionMissing,
    SourceError,
    StreamSkipped,
)
from .guard import PageGuard
from .report import Outcome

log = logging.getLogger("deskmetry.sync")
PAGES_AHEAD = 3  # pages of one source that may wait to be written


@dataclass(frozen=True, slots=True)
class PageRead:
    """A page to be written."""

    source: str
    stream: str
    page: Page


@dataclass(frozen=True, slots=True)
class StreamEnded:
    """A stream is through: read to its end, skipped, failed or interrupted."""

    source: str
    stream: str
    outcome: Outcome
    reason: str = ""
    error: DeskmetryError | None = None
    complete_until: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class SourceEnded:
    """A source has nothing more to say."""

    source: str


Item = PageRead | StreamEnded | SourceEnded


class Reader(threading.Thread):
    """Read the streams of one source, one after the other, into the writer's queue."""

    def __init__(
        self,
        name: str,
        connector: Connector,
        cursors: Mapping[str, Cursor | None],
        items: queue.Queue[Item],
        context: Context,
        clock: Callable[[], datetime],
    ) -> None:
        super().__init__(name=f"sync-{name}", daemon=True)
        self.source = name
        self.room = threading.Semaphore(PAGES_AHEAD)
        self._connector = connector
        self._cursors = cursors
        self._items = items
        self._context = context
        self._clock = clock

    def run(self) -> None:
        """Read every stream; a failing one ends the source, an optional one only itself."""
        try:
            for name, info in self._connector.streams().items():
                ended = self._stream(name, info)
                self._items.put(ended)
                if ended.outcome in (Outcome.FAILED, Outcome.INTERRUPTED):
                    break
        finally:
            self._connector.close()
            self._items.put(SourceEnded(self.source))

    def _stream(self, name: str, info: StreamInfo) -> StreamEnded:
        cursor = self._cursors.get(name)
        note = ""
        try:
            try:
                return self._read(name, info, cursor)
            except CursorRefused as error:
                if cursor is None or cursor.token is None:
                    raise
                mark = cursor.watermark.isoformat() if cursor.watermark else "the beginning"
                note = f"the old cursor was refused ({error.message}); read again from {mark}"
                ended = self._read(name, info, Cursor(None, cursor.watermark))
                return StreamEnded(
                    self.source, name, ended.outcome, ended.reason, ended.error, ended.complete_until, note
                )
        except StreamSkipped as error:
            return StreamEnded(self.source, name, Outcome.SKIPPED, error.message, note=note)
        except Interrupted as error:
            return StreamEnded(self.source, name, Outcome.INTERRUPTED, error.message, note=note)
        except PermissionMissing as error:
            outcome = Outcome.SKIPPED if info.optional else Outcome.FAILED
            failed = None if info.optional else error
            return StreamEnded(self.source, name, outcome, str(error), failed, note=note)
        except DeskmetryError as error:
            return StreamEnded(self.source, name, Outcome.FAILED, str(error), error, note=note)
        except (
            Exception
        ) as error:  # a connector is somebody else's code: whatever it raises stops only itself
            log.debug("connector failed", exc_info=True)
            wrapped = _bug(self._connector, name, error)
            return StreamEnded(self.source, name, Outcome.FAILED, str(wrapped), wrapped, note=note)

    def _read(self, name: str, info: StreamInfo, cursor: Cursor | None) -> StreamEnded:
        began = self._clock()
        complete: datetime | None = None
        guard = PageGuard(info, cursor)
        with closing(self._connector.read(name, self._since(info, cursor))) as pages:  # type: ignore[type-var]
            for page in pages:
                if not isinstance(page, Page):
                    raise SourceError(
                        f"Stream {name!r} yielded {type(page).__name__} instead of a Page.",
                        "Use `self.page(items, mapper)` in the connector.",
                    )
                taken = guard.take(page, self._connector.now())
                if not self._put(PageRead(self.source, name, taken)):
                    return StreamEnded(self.source, name, Outcome.INTERRUPTED, "stopped by the user")
                complete = page.complete_until or complete
                guard.count(page)
                if self._context.stop.is_set():
                    return StreamEnded(self.source, name, Outcome.INTERRUPTED, "stopped by the user")
        return StreamEnded(self.source, name, Outcome.OK, complete_until=min(complete or began, began))

    def _since(self, info: StreamInfo, cursor: Cursor | None) -> Cursor | None:
        """Return what a stream is asked for: the cursor lapped over, or the start that the settings give."""
        if cursor is None or (cursor.token is None and cursor.watermark is None):
            start = self._connector.start
            return Cursor(None, datetime.combine(start, time(), UTC)) if start else None
        if cursor.watermark is None:
            return cursor
        return Cursor(cursor.token, cursor.watermark - info.overlap)

    def _put(self, item: PageRead) -> bool:
        while not self.room.acquire(timeout=0.2):
            if self._context.stop.is_set():
                return False
        self._items.put(item)
        return True


def _bug(connector: Connector, stream: str, error: Exception) -> SourceError:
    return SourceError(
        f"Connector {connector.name!r} failed in stream {stream!r}: {type(error).__name__}: {error}",
        "This is a fault of the connector; report it to its author (`--verbose` shows where).",
        connector=connector.name,
        stream=stream,
    )
