"""Engine: one run over several sources, where every page is committed whole with the cursor behind it."""

from __future__ import annotations

import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from .. import facts, threads
from ..connector import Connector, Context, Cursor, Page
from ..records import from_milliseconds
from ..records.kinds import Provenance
from ..store import Writer, WriterLock, open_writer, transaction, translated
from ..store.observe import Observer
from . import state
from .reader import Item, PageRead, Reader, SourceEnded, StreamEnded
from .report import Outcome, SourceReport, StreamReport, SyncReport

ROWS_A_COMMIT = 5000
PAGES_A_COMMIT = 16
SECONDS_A_COMMIT = 1.0


class Listener(Protocol):
    """Who is told how a sync goes on; called from several threads."""

    def page(self, source: str, stream: str, rows: int) -> None:
        """Take note that so many rows of a stream were committed."""

    def waiting(self, source: str, until: datetime, reason: str) -> None:
        """Take note that a source waits until an instant."""

    def ended(self, source: str, stream: str, outcome: Outcome, reason: str) -> None:
        """Take note that a stream ended."""

    def stage(self, name: str) -> None:
        """Take note that all sources are read and a stage over them begins."""


class Silence:
    """A listener that says nothing."""

    def page(self, source: str, stream: str, rows: int) -> None:
        """Ignore it."""

    def waiting(self, source: str, until: datetime, reason: str) -> None:
        """Ignore it."""

    def ended(self, source: str, stream: str, outcome: Outcome, reason: str) -> None:
        """Ignore it."""

    def stage(self, name: str) -> None:
        """Ignore it."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a run is to go: which zone the facts' days are in, whether to forget cursors, when to give up waiting."""

    timezone: str = "UTC"
    full: bool = False
    folder: Path = field(default_factory=Path.cwd)
    max_wait: timedelta = timedelta(minutes=15)


@dataclass(slots=True)
class _Buffer:
    """Pages of one stream that wait to be committed together."""

    pages: list[Page] = field(default_factory=list)
    rows: int = 0
    since: float = 0.0


@dataclass(slots=True)
class _Source:
    """One source during a run."""

    id: int
    connector: Connector
    context: Context
    report: SourceReport
    reader: Reader
    cursors: dict[str, Cursor | None]
    writer: Writer
    buffers: dict[str, _Buffer] = field(default_factory=dict)

    def stream(self, name: str) -> StreamReport:
        return next(stream for stream in self.report.streams if stream.stream == name)


def sync(
    database: Path,
    connectors: Mapping[str, Connector],
    options: Options,
    *,
    listener: Listener | None = None,
    stop: threading.Event | None = None,
) -> SyncReport:
    """Read every source side by side into the database, thread mails, and bring the facts up to date.

    One source that fails never stops the others. Setting `stop` ends the run after the pages in hand.
    Raises StoreError (nothing of the page in hand was written) and ConfigurationError (nothing was read).
    """
    with WriterLock(database), translated(database):
        connection = open_writer(database)
        try:
            run = _Run(connection, connectors, options, listener or Silence(), stop or threading.Event())
            return run.go()
        finally:
            connection.close()


class _Run:
    """One run: the readers' pages come in through one queue and go out in transactions."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        connectors: Mapping[str, Connector],
        options: Options,
        listener: Listener,
        stop: threading.Event,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._connection = connection
        self._options = options
        self._listener = listener
        self._stop = stop
        self._clock = clock
        self._items: queue.Queue[Item] = queue.Queue()
        self._started = clock()
        with transaction(connection):
            self._number = state.next_run(connection)
            self._sources = {name: self._prepare(name, item) for name, item in connectors.items()}

    def go(self) -> SyncReport:
        """Run to the end and report."""
        readers = [source.reader for source in self._sources.values()]
        try:
            for reader in readers:
                reader.start()
            self._drain(len(readers))
        except BaseException:
            self._stop.set()
            for source in self._sources.values():
                source.reader.room.release(1_000)
            raise
        report = SyncReport(self._number, self._started, [s.report for s in self._sources.values()])
        report.interrupted = self._stop.is_set()
        with transaction(self._connection):
            self._listener.stage("threads")
            report.threads = threads.refresh(self._connection).threads
        with transaction(self._connection):
            self._complete()
            self._listener.stage("facts")
            report.facts = facts.refresh(self._connection, self._options.timezone).tickets
        self._connection.execute("PRAGMA optimize")
        report.ended_at = self._clock()
        return report

    def _prepare(self, name: str, connector: Connector) -> _Source:
        context = Context(
            source=name,
            folder=self._options.folder,
            stop=self._stop,
            max_wait=self._options.max_wait,
            waiting=lambda until, reason: self._listener.waiting(name, until, reason),
        )
        connector.attach(context)
        identifier = state.register(self._connection, name, connector, self._started)
        streams = connector.streams()
        cursors = {
            stream: None if self._options.full else state.load_cursor(self._connection, identifier, stream)
            for stream in streams
        }
        for stream in streams:
            state.begin_stream(
                self._connection, self._number, identifier, stream, self._started, cursors[stream]
            )
        report = SourceReport(name, connector.name, [StreamReport(stream) for stream in streams])
        reader = Reader(name, connector, cursors, self._items, context, self._clock)
        writer = Writer(self._connection, identifier, self._observer(identifier, connector))
        return _Source(identifier, connector, context, report, reader, dict(cursors), writer)

    def _observer(self, source: int, connector: Connector) -> Observer | None:
        if connector.capabilities.status_history is not Provenance.OBSERVED:
            return None
        row = self._connection.execute(
            "SELECT complete_until_at FROM sources WHERE id = ?", (source,)
        ).fetchone()
        last = from_milliseconds(row[0]) if row[0] is not None else None
        return Observer(self._started, last)

    def _drain(self, running: int) -> None:
        while running:
            try:
                item = self._items.get(timeout=0.2)
            except queue.Empty:
                self._flush_old()
                continue
            source = self._sources[item.source]
            match item:
                case PageRead():
                    self._gather(source, item)
                case StreamEnded():
                    self._end(source, item)
                case SourceEnded():
                    running -= 1
            self._flush_old()

    def _gather(self, source: _Source, item: PageRead) -> None:
        buffer = source.buffers.setdefault(item.stream, _Buffer())
        if not buffer.pages:
            buffer.since = time.monotonic()
        buffer.pages.append(item.page)
        buffer.rows += len(item.page.records)
        if buffer.rows >= ROWS_A_COMMIT or len(buffer.pages) >= PAGES_A_COMMIT:
            self._flush(source, item.stream)
        source.reader.room.release()

    def _flush_old(self) -> None:
        now = time.monotonic()
        for source in self._sources.values():
            for stream, buffer in list(source.buffers.items()):
                if buffer.pages and now - buffer.since >= SECONDS_A_COMMIT:
                    self._flush(source, stream)

    def _flush(self, source: _Source, stream: str, ended: StreamEnded | None = None) -> None:
        """Commit what a stream gathered: rows, marks, quarantine, cursor and run log, all or nothing."""
        buffer = source.buffers.pop(stream, _Buffer())
        report = source.stream(stream)
        with transaction(self._connection):
            report.written += source.writer.write(record for page in buffer.pages for record in page.records)
            for page in buffer.pages:
                for rejected in page.rejected:
                    state.set_aside(self._connection, source.id, stream, rejected, self._number)
                report.pages += 1
                report.quarantined += len(page.rejected)
                report.future += page.future
                if page.cursor is not None:
                    source.cursors[stream] = page.cursor
            cursor = source.cursors[stream]
            if cursor is not None and buffer.pages:
                state.save_cursor(self._connection, source.id, stream, cursor, self._number)
            if ended is not None and ended.complete_until is not None:
                state.complete_stream(self._connection, source.id, stream, ended.complete_until, self._number)
            now = self._clock() if ended is not None else None
            state.log_stream(self._connection, self._number, source.id, report, cursor, now)
        if buffer.pages:
            self._listener.page(source.report.source, stream, buffer.rows)

    def _end(self, source: _Source, ended: StreamEnded) -> None:
        report = source.stream(ended.stream)
        report.outcome, report.reason = ended.outcome, ended.reason
        if ended.note:
            report.notes.append(ended.note)
        others = [stream for stream in source.report.streams if stream is not report]
        report.requests = source.context.requests - sum(stream.requests for stream in others)
        report.retries = source.context.retries - sum(stream.retries for stream in others)
        report.seconds_waited = source.context.seconds_waited - sum(
            stream.seconds_waited for stream in others
        )
        if ended.error is not None:
            source.report.error = ended.error
        self._flush(source, ended.stream, ended)
        self._listener.ended(source.report.source, ended.stream, ended.outcome, ended.reason)

    def _complete(self) -> None:
        """Note up to when each source is known, and close the log of streams that never began."""
        for source in self._sources.values():
            for stream in source.report.streams:
                if stream.outcome is Outcome.NOT_RUN:
                    state.log_stream(self._connection, self._number, source.id, stream, None, self._clock())
            if source.report.outcome is not Outcome.OK:
                continue
            read = [s.stream for s in source.report.streams if s.outcome is not Outcome.SKIPPED]
            source.report.complete_until = state.complete_source(
                self._connection, source.id, source.connector, read, self._clock()
            )
