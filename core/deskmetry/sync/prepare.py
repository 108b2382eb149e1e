"""Prepare: sources made ready for one run, each registered, with its cursors, its reader and its writer."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from ..connector import Connector
from ..errors import DeskmetryError
from ..http.limiter import Limits
from ..privacy import Filter
from ..records import from_milliseconds
from ..records.kinds import Provenance
from ..settings.model import Privacy
from ..store import Writer
from ..store.observe import Observer
from . import state
from .absent import Absent
from .cleanser import Cleanser
from .fields import Fields
from .listener import Listener
from .reader import Reader, Sink, connector_fault
from .report import SourceReport, StreamReport
from .running import Options, RunningSource


@dataclass(frozen=True, slots=True)
class Prepare:
    """What the sources of one run are made ready with; the caller owns the transaction.

    `run` is its number and `started` when it began. All sources share the limits of accounts.
    """

    connection: sqlite3.Connection
    options: Options
    run: int
    started: datetime
    stop: threading.Event
    listener: Listener
    items: Sink
    clock: Callable[[], datetime]
    limits: Limits = field(default_factory=Limits)

    def source(self, name: str, connector: Connector) -> RunningSource | SourceReport:
        """Make a source ready to be read; one that can't be, or may not be, has failed, and it alone."""
        self.connection.execute("SAVEPOINT preparing")
        try:
            made = self._made(name, connector)
        except sqlite3.Error:
            raise
        except Exception as error:
            known = error if isinstance(error, DeskmetryError) else None
            fault = known or connector_fault(connector.name, "failed before the first stream", error)
            return self._refused(name, connector, fault)
        self.connection.execute("RELEASE preparing")
        return made

    def _refused(self, name: str, connector: Connector, error: DeskmetryError) -> SourceReport:
        """Take back what a source that can't be read left behind, and log it if it is a known one."""
        self.connection.execute("ROLLBACK TO preparing")
        self.connection.execute("RELEASE preparing")
        error = Cleanser(connector).error(error)
        state.log_refused(self.connection, self.run, name, str(error), self.started)
        return SourceReport(name, connector.name, error=error)

    def _made(self, name: str, connector: Connector) -> RunningSource:
        context = self.options.context(
            source=name,
            folder=self.options.folder,
            stop=self.stop,
            max_wait=self.options.max_wait,
            waiting=lambda until, reason: self.listener.waiting(name, until, reason),
            limits=self.limits,
            memory=connector.context.memory,
            sizes=dict(connector.context.memory.sizes(name)),
        )
        connector.attach(context)
        streams = connector.streams()
        identifier = state.register(self.connection, name, connector, self.started)
        cursors = {
            stream: None if self.options.full else state.load_cursor(self.connection, identifier, stream)
            for stream in streams
        }
        for stream in streams:
            state.begin_stream(self.connection, self.run, identifier, stream, self.started, cursors[stream])
        report = SourceReport(name, connector.name, [StreamReport(stream) for stream in streams])
        until = self._known_until(identifier)
        kind = self._kind_of_reader(until, connector)
        reader = kind(name, connector, streams, cursors, self.items, context, self.clock)
        writer = Writer(self.connection, identifier, self._observer(until, connector, reader))
        fields = Fields(self.connection, identifier)
        private = Filter.open(self.connection, identifier, self.options.privacy.get(name, Privacy()))
        absent = Absent(self.connection, identifier, report)
        return RunningSource(
            identifier, connector, report, reader, dict(cursors), writer, fields, private, absent
        )

    def _known_until(self, source: int) -> datetime | None:
        sql = "SELECT complete_until_at FROM sources WHERE id = ?"
        (until,) = self.connection.execute(sql, (source,)).fetchone()
        return None if until is None else from_milliseconds(until)

    def _kind_of_reader(self, until: datetime | None, connector: Connector) -> type[Reader]:
        """Return what reads a source: what can have a process of its own if it isn't known whole yet."""
        known = until is not None and not self.options.full
        if known or not self.options.processes:
            return Reader
        from .apart import Apart, may_be_apart  # needs what only few runs do

        return Apart if may_be_apart(connector) else Reader

    def _observer(self, until: datetime | None, connector: Connector, reader: Reader) -> Observer | None:
        if connector.capabilities.status_history is not Provenance.OBSERVED:
            return None
        return Observer(self.started, until, lambda: reader.heard)
