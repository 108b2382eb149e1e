"""Histories: what the events of the stale tickets come to, told in a thread while SQLite stages the rest."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import groupby, islice
from operator import attrgetter, itemgetter
from typing import Any

from ..store.bulk import insert
from . import stages
from .timeline import Event, Origin, timeline

History = tuple[int, str, int, Origin, Sequence[Event]]
"""Source, ticket, cutoff, what the ticket itself says, and its events."""
Rows = list[tuple[Any, ...]]
AT_ONCE = 10_000
"""So many histories are held in memory."""
_line = attrgetter(*stages.LINE)
_ticket_of = itemgetter(0, 1)


@dataclass(slots=True)
class Told:
    """What some histories come to, as rows of the stages."""

    lines: Rows = field(default_factory=list)
    changes: Rows = field(default_factory=list)
    spans: Rows = field(default_factory=list)
    alarms: Rows = field(default_factory=list)

    def stage(self, connection: sqlite3.Connection) -> None:
        """Write the rows into their stages."""
        insert(connection, stages.INTO_LINES, self.lines)
        insert(connection, stages.INTO_CHANGES, self.changes)
        insert(connection, stages.INTO_SPANS, self.spans)
        insert(connection, stages.INTO_ALARMS, self.alarms, stages.SOONER)


def stage(connection: sqlite3.Connection, meanwhile: Callable[[], None]) -> None:
    """Stage what the histories of the stale tickets come to; `meanwhile` is other work of SQLite's.

    SQLite gives Python's lock back while it works, so that both cost little more time than the longer one.
    Histories that are too many to be held at once are told one lot after the other.
    """
    (tickets,) = connection.execute("SELECT count(*) FROM temp.stale").fetchone()
    if tickets <= AT_ONCE:
        histories = list(read(connection))
        with ThreadPoolExecutor(1, "histories") as pool:
            told = pool.submit(tell, histories)
            meanwhile()
        told.result().stage(connection)
        return
    meanwhile()
    every = read(connection)
    while lot := list(islice(every, AT_ONCE)):
        tell(lot).stage(connection)


def tell(histories: Sequence[History]) -> Told:
    """Return what these histories come to."""
    found = Told()
    for source, ticket, cutoff, origin, events in histories:
        if origin.created_at >= cutoff:
            found.alarms.append((source, ticket, origin.created_at))
            continue
        line = timeline(origin, events, cutoff)
        found.lines.append((source, ticket, *_line(line)))
        found.changes += [(source, ticket, number, *change) for number, change in enumerate(line.changes)]
        found.spans += [(source, ticket, number, *span) for number, span in enumerate(line.spans)]
        if line.due_at is not None:
            found.alarms.append((source, ticket, line.due_at))
    return found


def read(connection: sqlite3.Connection) -> Iterator[History]:
    """Yield each stale ticket with its cutoff and events: two cursors in one order, merged."""
    events = connection.cursor().execute(
        "SELECT s.source_id, s.ticket_id, e.kind, e.at, coalesce(e.known_at, e.at), e.old, e.new, e.how, e.id"
        " FROM temp.stale AS s CROSS JOIN main.ticket_events AS e USING (source_id, ticket_id)"
        " WHERE e.kind IN ('status', 'team', 'assignee', 'priority') ORDER BY s.source_id, s.ticket_id"
    )
    groups = groupby(events, key=_ticket_of)
    waiting = next(groups, None)
    origins = connection.cursor().execute(
        "SELECT s.source_id, s.ticket_id, s.cutoff, t.created_at, t.updated_at, t.deleted_at, t.status,"
        " t.status_how, t.team_id, t.assignee_id, t.priority"
        " FROM temp.stale AS s CROSS JOIN main.tickets AS t"
        " ON t.source_id = s.source_id AND t.id = s.ticket_id ORDER BY s.source_id, s.ticket_id"
    )
    for row in origins:
        ticket = row[:2]
        while waiting is not None and waiting[0] < ticket:
            waiting = next(groups, None)
        own: list[Event] = []
        if waiting is not None and waiting[0] == ticket:
            own = [Event._make(columns[2:]) for columns in waiting[1]]
            waiting = next(groups, None)
        yield *row[:3], Origin._make(row[3:]), own
