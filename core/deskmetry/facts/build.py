"""Build: the facts of a set of tickets, from their records, as known before a cutoff."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from itertools import groupby
from operator import itemgetter

from . import sql
from .timeline import Event, Origin, Timeline, timeline

Target = Callable[[str], str]
_EVENT_KINDS = "'status', 'team', 'assignee', 'priority'"


def in_main(name: str) -> str:
    """Name a fact table of the database itself."""
    return f"main.{name}"


def build(connection: sqlite3.Connection, target: Target = in_main) -> int:
    """Write the facts of the tickets in `temp.stale(source_id, ticket_id, cutoff)`; return their number.

    The stale rows' own old facts must be gone. Tickets created at or after the cutoff get none. Reads only
    records and `known_agents`, so that the same call builds facts as of any instant, into any tables.
    """
    for statement in sql.DROP_STAGES:
        connection.execute(statement)
    connection.execute(sql.STAGE_MESSAGES)
    connection.execute(sql.STAGE_COUNTS)
    connection.execute(sql.STAGE_FIRST_REPLY)
    connection.execute(sql.STAGE_TIMELINES)
    _timelines(connection, target)
    inserted = connection.execute(sql.tickets(target("ticket_facts"))).rowcount
    connection.execute(sql.tags(target("tag_facts"), target("ticket_facts")))
    connection.execute(sql.messages(target("message_facts"), target("ticket_facts")))
    connection.execute(sql.replies(target("reply_facts"), target("ticket_facts")))
    connection.execute(sql.dimensions_of("unsolved_spans", target))
    connection.execute(sql.dimensions_of("status_facts", target))
    connection.execute(sql.waiting(target("ticket_facts"), target("reply_facts")))
    for statement in sql.DROP_STAGES:
        connection.execute(statement)
    return inserted


def _timelines(connection: sqlite3.Connection, target: Target) -> None:
    """Walk the stale tickets with their events in one pass, and store what their histories come to."""
    changes: list[tuple[object, ...]] = []
    spans: list[tuple[object, ...]] = []
    lines: list[tuple[object, ...]] = []
    alarms: list[tuple[object, ...]] = []

    def flush() -> None:
        connection.executemany(sql.INSERT_TIMELINE, lines)
        connection.executemany(sql.insert_change(target("status_facts")), changes)
        connection.executemany(sql.insert_span(target("unsolved_spans")), spans)
        connection.executemany(sql.INSERT_ALARM, alarms)
        for rows in (changes, spans, lines, alarms):
            rows.clear()

    for source, ticket, line in _histories(connection):
        changes.extend(
            (source, ticket, number, c.old, c.new, c.how, c.at, c.known_at, int(c.solves), int(c.reopens))
            for number, c in enumerate(line.changes)
        )
        spans.extend(
            (source, ticket, number, s.team, s.assignee, s.priority, s.from_at, s.until_at)
            for number, s in enumerate(line.spans)
        )
        lines.append(_row(source, ticket, line))
        if line.alarm_at is not None:
            alarms.append((source, ticket, line.alarm_at))
        if len(lines) >= 5000:
            flush()
    flush()


def _row(source: int, ticket: str, line: Timeline) -> tuple[object, ...]:
    solved = line.solved_at is not None
    return (
        source,
        ticket,
        line.first_solved_at,
        line.solved_at,
        line.reopened_at,
        line.assumed_at,
        line.assumed_from_at,
        line.solves,
        line.reopenings,
        line.status,
        line.status_how,
        line.solved_team if solved else None,
        line.solved_assignee if solved else None,
        line.team,
        line.assignee,
        line.priority,
        line.teams,
        line.changed_at,
    )


def _histories(connection: sqlite3.Connection) -> Iterator[tuple[int, str, Timeline]]:
    """Yield each stale ticket's timeline; two sorted cursors are merged, so that memory stays flat."""
    events = connection.cursor().execute(
        "SELECT s.source_id, s.ticket_id, e.kind, e.at, coalesce(e.known_at, e.at), e.old, e.new, e.how, e.id"
        " FROM temp.stale AS s JOIN main.ticket_events AS e USING (source_id, ticket_id)"
        f" WHERE e.kind IN ({_EVENT_KINDS}) ORDER BY s.source_id, s.ticket_id"
    )
    groups = groupby(events, key=itemgetter(0, 1))
    waiting = next(groups, None)
    origins = connection.cursor().execute(
        "SELECT s.source_id, s.ticket_id, s.cutoff, t.created_at, t.updated_at, t.deleted_at, t.status,"
        " t.status_how, t.team_id, t.assignee_id, t.priority"
        " FROM temp.stale AS s JOIN main.tickets AS t ON t.source_id = s.source_id AND t.id = s.ticket_id"
        " ORDER BY s.source_id, s.ticket_id"
    )
    for source, ticket, cutoff, *rest in origins:
        while waiting is not None and waiting[0] < (source, ticket):
            waiting = next(groups, None)
        own: list[Event] = []
        if waiting is not None and waiting[0] == (source, ticket):
            own = [Event(*row[2:]) for row in waiting[1]]
            waiting = next(groups, None)
        origin = Origin(*rest)
        if origin.created_at < cutoff:
            yield source, ticket, timeline(origin, own, cutoff)
