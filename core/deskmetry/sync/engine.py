"""Engine: one run over several sources, where every page is committed whole with the cursor behind it."""

from __future__ import annotations

import queue
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from .. import facts, threads
from ..connector import Connector, Cursor
from ..errors import TryLater
from ..privacy import with_stand_ins
from ..store import WriterLock, open_writer, transaction, translated
from . import state
from .collector import rarely
from .emptied import refuse_emptied
from .guard import UNSTORABLE
from .listener import Listened, Listener, Silence
from .prepare import Prepare
from .reader import Item, PageRead, SourceEnded, StreamEnded, connector_fault
from .report import Outcome, SourceReport, StreamReport, SyncReport
from .running import Buffer, Options, RunningSource
from .settle import WholeLists, settle
from .signals import Stop

ROWS_A_COMMIT = 5000
PAGES_A_COMMIT = 16
SECONDS_A_COMMIT = 1.0
_GRACE_SECONDS = 5.0  # how long readers get to end when the writer can't go on
# SQLite instructions between two looks at the wish to stop: some 20 ms. Each takes Python's lock.
_STEPS_A_LOOK = 1_000_000

T = TypeVar("T")


def sync(
    database: Path,
    connectors: Mapping[str, Connector],
    options: Options,
    *,
    listener: Listener | None = None,
    stop: threading.Event | None = None,
) -> SyncReport:
    """Read every source side by side into the database, thread mails, and bring the facts up to date.

    One source that fails, or may not be read (a second one on an account), never stops the others. Setting
    `stop` ends the run after the pages in hand; threads and facts then wait for the next run. Raises
    StoreError: nothing of the page in hand was written, and `stop` is set.
    """
    with WriterLock(database) as lock, translated(database), rarely():
        connection = open_writer(database)
        try:
            told = Listened(listener or Silence())
            run = _Run(connection, connectors, options, told, stop or threading.Event())
            return run.go(lock.leave_to_parent)
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
        self._sources: dict[str, RunningSource] = {}
        self._reports: list[SourceReport] = []
        with transaction(connection):
            self._number = state.next_run(connection)
            prepare = Prepare(
                connection, options, self._number, self._started, self._stop, listener, self._items, clock
            )
            for name, connector in connectors.items():
                made = prepare.source(name, connector)
                if isinstance(made, RunningSource):
                    self._sources[name] = made
                self._reports.append(made.report if isinstance(made, RunningSource) else made)

    def go(self, in_forks: Callable[[], object]) -> SyncReport:
        """Run to the end and report. in_forks: what processes forked off this one do before all else."""
        readers = [source.reader for source in self._sources.values()]
        try:
            self._fork(in_forks)
            for reader in readers:
                reader.start()
            self._drain(len(readers))
        except Exception:
            self._stop.set()
            for reader in readers:
                if reader.ident is not None:  # it was started
                    reader.join(_GRACE_SECONDS)
                reader.kill()
            raise
        except BaseException:  # the user doesn't want to wait any more
            self._stop.set()
            for reader in readers:
                reader.kill()
            raise
        for reader in readers:
            reader.join()
        report = SyncReport(self._number, self._started, self._reports)
        with transaction(self._connection):
            self._refuse_emptied()
            self._close_log()
        threaded = self._stage("threads", lambda: threads.refresh(self._connection).threads)
        # What a batch of tickets takes on its way to the facts fits into memory, and is written faster there.
        self._connection.execute("PRAGMA temp_store = MEMORY")
        built = None if threaded is None else self._stage("facts", self._complete)
        report.threads, report.facts = threaded or 0, built or 0
        report.interrupted = built is None  # a wish to stop that comes after everything is done is none
        report.signal = self._stop.signal if isinstance(self._stop, Stop) else None
        if not report.interrupted:
            self._connection.execute("PRAGMA optimize")
        report.ended_at = self._clock()
        return report

    def _fork(self, first: Callable[[], object]) -> None:
        """Give sources processes of their own; not those on one account, which share its limits."""
        accounts = dict(self._connection.execute("SELECT id, account FROM sources"))
        speaking = Counter(accounts[source.id] for source in self._sources.values())
        left = self._options.processes
        for source in self._sources.values():
            if left and speaking[accounts[source.id]] == 1 and source.reader.fork(first):
                left -= 1

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

    def _gather(self, source: RunningSource, item: PageRead) -> None:
        if not source.abandoned:
            buffer = source.buffers.setdefault(item.stream, Buffer())
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

    def _flush(self, source: RunningSource, stream: str, ended: StreamEnded | None = None) -> None:
        """Commit what a stream gathered: rows, marks, quarantine, cursor and run log, all or nothing."""
        buffer = source.buffers.pop(stream, Buffer())
        try:
            with transaction(self._connection):
                self._store(source, stream, buffer, ended)
        except UNSTORABLE as error:
            self._abandon(source, stream, error)
            return
        if buffer.pages:
            self._listener.page(source.report.source, stream, buffer.rows)

    def _store(self, source: RunningSource, stream: str, buffer: Buffer, ended: StreamEnded | None) -> None:
        report = source.stream(stream)
        buffer.pages = source.private.applied(buffer.pages)
        # First, since this is what can fail for the records' sake: nothing is counted then.
        report.written += source.writer.write(*(page.records for page in buffer.pages))
        self._learn(source, stream, buffer)
        moved: Cursor | None = None
        for page in buffer.pages:
            for rejected in page.rejected:
                state.set_aside(self._connection, source.id, stream, rejected, self._number, self._clock())
            report.pages += 1
            report.quarantined += len(page.rejected)
            report.future += page.future
            moved = page.cursor or moved
        lists = source.lists.setdefault(stream, WholeLists())
        info = source.connector.streams()[stream]
        lists.note(info, buffer.pages)
        ended = source.absent.applied(info, report, buffer.pages, ended)
        if ended is not None:
            _conclude(report, ended, self._clock())
            moved = ended.cursor or moved
            if ended.outcome is Outcome.OK:
                gone, told = lists.forget_others(self._connection, source.id, full=self._options.full)
                report.written.changed += gone
                report.notes += told
        if moved is not None and stream not in source.absent.refused:
            source.cursors[stream] = moved
            state.save_cursor(self._connection, source.id, stream, moved, self._number)
        if ended is not None and ended.complete_until is not None:
            state.complete_stream(self._connection, source.id, stream, ended.complete_until, self._number)
        now = self._clock() if ended is not None else None
        state.log_stream(self._connection, self._number, source.id, report, source.cursors[stream], now)

    def _learn(self, source: RunningSource, stream: str, buffer: Buffer) -> None:
        """Keep a sample of each field that the stream's items never had before; they count as no rows."""
        if samples := source.fields.learn(stream, buffer.pages, self._number, self._clock()):
            source.writer.write(samples)
            source.stream(stream).new_fields += [sample.raw["field"] for sample in samples]

    def _abandon(self, source: RunningSource, stream: str, error: Exception) -> None:
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

    def _end(self, source: RunningSource, ended: StreamEnded) -> None:
        if source.abandoned:
            return
        source.report.error = ended.error or source.report.error
        self._flush(source, ended.stream, ended)
        if not source.abandoned:
            report = source.stream(ended.stream)
            self._listener.ended(source.report.source, ended.stream, report.outcome, report.reason)

    def _refuse_emptied(self) -> None:
        for source in self._sources.values() if self._options.full else ():
            failed = refuse_emptied(self._connection, source.id, source.connector, source.report)
            if failed is not None:
                cursor = source.cursors[failed.stream]
                state.log_stream(self._connection, self._number, source.id, failed, cursor, self._clock())

    def _close_log(self) -> None:
        """Close the log of streams that never began, and settle what each source can give."""
        for source in self._sources.values():
            settle(self._connection, source.id, source.connector)
            for stream in source.report.streams:
                if stream.outcome is Outcome.NOT_RUN:
                    state.log_stream(self._connection, self._number, source.id, stream, None, self._clock())

    def _complete(self) -> int:
        """Note up to when each source is known, and bring the facts there; return the tickets built.

        Both in one transaction: a question as of an instant must find the facts as of it.
        """
        state.link_tickets(self._connection, self._options.tickets)
        for source in self._sources.values():
            if source.report.outcome is not Outcome.OK:
                continue
            read = [s.stream for s in source.report.streams if s.outcome is not Outcome.SKIPPED]
            source.report.complete_until = state.complete_source(
                self._connection, source.id, source.connector, read, self._clock()
            )
        people = with_stand_ins(self._connection, self._options.people)
        return facts.refresh(self._connection, self._options.timezone, people).tickets


def _conclude(report: StreamReport, ended: StreamEnded, now: datetime) -> None:
    report.outcome, report.reason = ended.outcome, ended.reason
    report.notes.extend(ended.notes)
    if report.new_fields:
        names = ", ".join(report.new_fields)
        report.notes.append(f"new in what the source sends: {names} (samples are in `raw_records`)")
    seconds = ended.error.data.get("seconds") if isinstance(ended.error, TryLater) else None
    if isinstance(seconds, int | float):
        report.next_try_at = now + timedelta(seconds=seconds)
    report.requests, report.retries, report.seconds_waited = ended.spent
