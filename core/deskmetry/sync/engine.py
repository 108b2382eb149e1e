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
from typing import TypeVar

from .. import facts, threads
from ..connector import Connector, Context, Cursor, Page
from ..errors import ConfigurationError, DeskmetryError
from ..records import from_milliseconds
from ..records.kinds import Provenance
from ..store import Writer, WriterLock, open_writer, transaction, translated
from ..store.observe import Observer
from . import state
from .listener import Listened, Listener, Silence
from .reader import Item, PageRead, Reader, SourceEnded, StreamEnded, connector_fault
from .report import Outcome, SourceReport, StreamReport, SyncReport
from .signals import Stop

ROWS_A_COMMIT = 5000
PAGES_A_COMMIT = 16
SECONDS_A_COMMIT = 1.0
_GRACE_SECONDS = 5.0  # how long readers get to end when the writer can't go on
_STEPS_A_LOOK = 10_000  # SQLite instructions between two looks at the wish to stop

# What the writer raises because of the records that it is given, not because of the file.
_UNSTORABLE = (
    sqlite3.IntegrityError,
    sqlite3.ProgrammingError,
    sqlite3.InterfaceError,
    sqlite3.DataError,
    TypeError,
    ValueError,
    AttributeError,
    LookupError,
    OverflowError,
    RecursionError,
)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Options:
    """How a run is to go.

    timezone: the zone of the facts' days. full: read everything again. folder: what relative paths in the
    settings start from. max_wait: a longer wait for a limit ends the stream.
    """

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
    report: SourceReport
    reader: Reader
    cursors: dict[str, Cursor | None]
    writer: Writer
    buffers: dict[str, _Buffer] = field(default_factory=dict)
    abandoned: bool = False

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

    One source that fails never stops the others. Setting `stop` ends the run after the pages in hand; threads
    and facts then wait for the next run. Raises StoreError (nothing of the page in hand was written; `stop`
    is set) and ConfigurationError (nothing was read).
    """
    with WriterLock(database), translated(database):
        connection = open_writer(database)
        try:
            told = Listened(listener or Silence())
            run = _Run(connection, connectors, options, told, stop or threading.Event())
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
        self._sources: dict[str, _Source] = {}
        self._reports: list[SourceReport] = []
        with transaction(connection):
            self._number = state.next_run(connection)
            for name, connector in connectors.items():
                self._reports.append(self._prepared(name, connector))

    def go(self) -> SyncReport:
        """Run to the end and report."""
        readers = [source.reader for source in self._sources.values()]
        try:
            for reader in readers:
                reader.start()
            self._drain(len(readers))
        except Exception:
            self._stop.set()
            for reader in readers:
                reader.join(_GRACE_SECONDS)
            raise
        except BaseException:  # the user doesn't want to wait any more
            self._stop.set()
            raise
        for reader in readers:
            reader.join()
        report = SyncReport(self._number, self._started, self._reports)
        with transaction(self._connection):
            self._close_log()
        threaded = self._stage("threads", lambda: threads.refresh(self._connection).threads)
        built = None if threaded is None else self._stage("facts", self._complete)
        report.threads, report.facts = threaded or 0, built or 0
        report.interrupted = built is None  # a wish to stop that comes after everything is done is none
        report.signal = self._stop.signal if isinstance(self._stop, Stop) else None
        if not report.interrupted:
            self._connection.execute("PRAGMA optimize")
        report.ended_at = self._clock()
        return report

    def _stage(self, name: str, work: Callable[[], T]) -> T | None:
        """Do all of a stage in one transaction; return None if the user stops it, and nothing was done."""
        if self._stop.is_set():
            return None
        self._listener.stage(name)
        self._connection.set_progress_handler(self._stop.is_set, _STEPS_A_LOOK)
        try:
            with transaction(self._connection):
                return work()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
                raise
            return None
        finally:
            self._connection.set_progress_handler(None, 0)

    def _prepared(self, name: str, connector: Connector) -> SourceReport:
        """Make a source ready to be read; one whose connector can't even say what it reads has failed."""
        try:
            self._sources[name] = self._prepare(name, connector)
        except (ConfigurationError, sqlite3.Error):
            raise
        except DeskmetryError as error:
            return SourceReport(name, connector.name, error=error)
        except Exception as error:
            fault = connector_fault(connector.name, "failed before the first stream", error)
            return SourceReport(name, connector.name, error=fault)
        return self._sources[name].report

    def _prepare(self, name: str, connector: Connector) -> _Source:
        context = Context(
            source=name,
            folder=self._options.folder,
            stop=self._stop,
            max_wait=self._options.max_wait,
            waiting=lambda until, reason: self._listener.waiting(name, until, reason),
        )
        connector.attach(context)
        streams = connector.streams()
        identifier = state.register(self._connection, name, connector, self._started)
        cursors = {
            stream: None if self._options.full else state.load_cursor(self._connection, identifier, stream)
            for stream in streams
        }
        for stream in streams:
            state.begin_stream(
                self._connection, self._number, identifier, stream, self._started, cursors[stream]
            )
        report = SourceReport(name, connector.name, [StreamReport(stream) for stream in streams])
        reader = Reader(name, connector, streams, cursors, self._items, context, self._clock)
        writer = Writer(self._connection, identifier, self._observer(identifier, connector))
        return _Source(identifier, connector, report, reader, dict(cursors), writer)

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
        if not source.abandoned:
            buffer = source.buffers.setdefault(item.stream, _Buffer())
            if not buffer.pages:
                buffer.since = time.monotonic()
            buffer.pages.append(item.page)
            buffer.rows += len(item.page.records)
            source.stream(item.stream).outcome = Outcome.RUNNING
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
        try:
            with transaction(self._connection):
                self._store(source, stream, buffer, ended)
        except _UNSTORABLE as error:
            self._abandon(source, stream, error)
            return
        if buffer.pages:
            self._listener.page(source.report.source, stream, buffer.rows)

    def _store(self, source: _Source, stream: str, buffer: _Buffer, ended: StreamEnded | None) -> None:
        report = source.stream(stream)
        # First, since this is what can fail for the records' sake: nothing is counted then.
        report.written += source.writer.write(record for page in buffer.pages for record in page.records)
        moved: Cursor | None = None
        for page in buffer.pages:
            for rejected in page.rejected:
                state.set_aside(self._connection, source.id, stream, rejected, self._number)
            report.pages += 1
            report.quarantined += len(page.rejected)
            report.future += page.future
            moved = page.cursor or moved
        if ended is not None:
            _conclude(report, ended)
            moved = ended.cursor or moved
        if moved is not None:
            source.cursors[stream] = moved
            state.save_cursor(self._connection, source.id, stream, moved, self._number)
        if ended is not None and ended.complete_until is not None:
            state.complete_stream(self._connection, source.id, stream, ended.complete_until, self._number)
        now = self._clock() if ended is not None else None
        state.log_stream(self._connection, self._number, source.id, report, source.cursors[stream], now)

    def _abandon(self, source: _Source, stream: str, error: Exception) -> None:
        """End a source whose records can't be stored; what it had committed stays."""
        source.abandoned = True
        source.buffers.clear()
        source.reader.abandoned.set()
        what = f"gave records that can't be stored in stream {stream!r}"
        source.report.error = connector_fault(source.connector.name, what, error)
        report = source.stream(stream)
        report.outcome, report.reason = Outcome.FAILED, str(source.report.error)
        with transaction(self._connection):
            cursor = source.cursors[stream]
            state.log_stream(self._connection, self._number, source.id, report, cursor, self._clock())
        self._listener.ended(source.report.source, stream, report.outcome, report.reason)

    def _end(self, source: _Source, ended: StreamEnded) -> None:
        if source.abandoned:
            return
        if ended.error is not None:
            source.report.error = ended.error
        self._flush(source, ended.stream, ended)
        if not source.abandoned:
            self._listener.ended(source.report.source, ended.stream, ended.outcome, ended.reason)

    def _close_log(self) -> None:
        """Close the log of streams that never began."""
        for source in self._sources.values():
            for stream in source.report.streams:
                if stream.outcome is Outcome.NOT_RUN:
                    state.log_stream(self._connection, self._number, source.id, stream, None, self._clock())

    def _complete(self) -> int:
        """Note up to when each source is known, and bring the facts there; return the tickets built.

        Both in one transaction: a question as of an instant must find the facts as of it.
        """
        for source in self._sources.values():
            if source.report.outcome is not Outcome.OK:
                continue
            read = [s.stream for s in source.report.streams if s.outcome is not Outcome.SKIPPED]
            source.report.complete_until = state.complete_source(
                self._connection, source.id, source.connector, read, self._clock()
            )
        return facts.refresh(self._connection, self._options.timezone).tickets


def _conclude(report: StreamReport, ended: StreamEnded) -> None:
    report.outcome, report.reason = ended.outcome, ended.reason
    report.notes.extend(ended.notes)
    report.requests, report.retries, report.seconds_waited = ended.spent
