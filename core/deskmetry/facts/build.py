"""Build: the facts of a set of tickets, from their records, as known before a cutoff."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from operator import attrgetter, itemgetter

from . import sql, stages, surveys
from .timeline import Event, Origin, timeline

Target = Callable[[str], str]
_ROWS_A_FLUSH = 5000
_line = attrgetter(*stages.LINE)
_ticket_of = itemgetter(0, 1)


def in_main(name: str) -> str:
    """Name a fact table of the database itself."""
    return f"main.{name}"


def build(connection: sqlite3.Connection, target: Target = in_main) -> int:
    """Write the facts of the tickets in `temp.stale(source_id, ticket_id, cutoff)`; return their number.

    The stale rows' own old facts must be gone. Tickets created at or after the cutoff get none. Reads only
    records and `known_agents`, so that the same call builds facts as of any instant, into any tables. Leaves
    in `temp.alarms` when each ticket's facts change next by the mere passing of time.
    """
    stages.fill(connection)
    surveys.fill(connection)
    _stage_histories(connection)
    tickets = target("ticket_facts")
    inserted = connection.execute(sql.tickets(tickets)).rowcount
    connection.execute(sql.tags(target("tag_facts"), tickets))
    connection.execute(sql.messages(target("message_facts"), tickets))
    connection.execute(sql.replies(target("reply_facts"), tickets))
    connection.execute(sql.spans(target("unsolved_spans"), tickets))
    connection.execute(sql.statuses(target("status_facts"), tickets))
    connection.execute(surveys.offers(target("offer_facts"), tickets))
    connection.execute(surveys.answers(target("answer_facts"), tickets))
    surveys.drop(connection)
    stages.drop(connection)
    return inserted


def _stage_histories(connection: sqlite3.Connection) -> None:
    """Walk the stale tickets with their events in one pass, and stage what their histories come to."""
    changes: list[tuple[object, ...]] = []
    spans: list[tuple[object, ...]] = []
    lines: list[tuple[object, ...]] = []
    alarms: list[tuple[object, ...]] = []

    def flush() -> None:
        connection.executemany(stages.INSERT_LINE, lines)
        connection.executemany(stages.INSERT_CHANGE, changes)
        connection.executemany(stages.INSERT_SPAN, spans)
        connection.executemany(stages.INSERT_ALARM, alarms)
        for rows in (changes, spans, lines, alarms):
            rows.clear()

    for source, ticket, cutoff, origin, events in _histories(connection):
        if origin.created_at >= cutoff:
            alarms.append((source, ticket, origin.created_at))
            continue
        line = timeline(origin, events, cutoff)
        lines.append((source, ticket, *_line(line)))
        changes += [(source, ticket, number, *change) for number, change in enumerate(line.changes)]
        spans += [(source, ticket, number, *span) for number, span in enumerate(line.spans)]
        if line.due_at is not None:
            alarms.append((source, ticket, line.due_at))
        if len(lines) >= _ROWS_A_FLUSH:
            flush()
    flush()


def _histories(connection: sqlite3.Connection) -> Iterator[tuple[int, str, int, Origin, Iterable[Event]]]:
    """Yield each stale ticket with its cutoff and events; sorted cursors are merged, so memory stays flat."""
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
