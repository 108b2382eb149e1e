"""Build: the facts of a set of tickets, from their records, as known before a cutoff."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from . import histories, mirrors, sessions, sql, stages

Target = Callable[[str], str]


def in_main(name: str) -> str:
    """Name a fact table of the database itself."""
    return f"main.{name}"


def build(connection: sqlite3.Connection, target: Target = in_main) -> int:
    """Write the facts of the tickets in `temp.stale(source_id, ticket_id, cutoff)`; return their number.

    The stale rows' own old facts must be gone. Tickets created at or after the cutoff get none. Reads only
    records and `known_agents`, so that the same call builds facts as of any instant, into any tables. Leaves
    in `temp.alarms` when each ticket's facts change next by the mere passing of time.
    """
    histories.stage(connection, lambda: _fill(connection))
    tickets = target("ticket_facts")
    inserted = connection.execute(sql.tickets(tickets)).rowcount
    connection.execute(sql.tags(target("tag_facts"), tickets))
    connection.execute(sql.messages(target("message_facts"), tickets))
    connection.execute(sql.replies(target("reply_facts"), tickets))
    connection.execute(sql.spans(target("unsolved_spans"), tickets))
    connection.execute(sql.statuses(target("status_facts"), tickets))
    connection.execute(sessions.sessions(target("session_facts"), tickets))
    sessions.drop(connection)
    mirrors.drop(connection)
    stages.drop(connection)
    return inserted


def _fill(connection: sqlite3.Connection) -> None:
    stages.fill(connection)
    sessions.fill(connection)
    mirrors.fill(connection)
