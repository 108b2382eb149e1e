"""Shadow: the facts as of an earlier instant, in temporary views that hide today's."""

from __future__ import annotations

import sqlite3

from ..metric.fact import FACTS
from . import sql, tables
from .build import build


def shadow(connection: sqlite3.Connection, as_of_ms: int) -> int:
    """Let this connection see every fact as it was known before an instant; return how many tickets differ.

    Only tickets that something happened to since are built again, into temporary tables; temporary views of
    the facts' own names put them in the place of today's rows, so that no query changes. Works on a
    read-only connection. Records keep no history of tags, fields and names: those are today's.
    """
    unshadow(connection)
    _stale(connection, as_of_ms)
    for fact in FACTS:
        if not fact.view:
            connection.execute(tables.create_sql(fact, f"temp.shadow_{fact.name}"))
    count = int(connection.execute("SELECT count(*) FROM temp.stale").fetchone()[0])
    if count:
        build(connection, _target)
        connection.execute(
            sql.contacts(_target("ticket_facts"), "main.ticket_facts", "person IS NOT NULL", str(as_of_ms))
        )
        connection.execute(sql.customers(_target("ticket_facts"), "1"))
    for fact in FACTS:
        connection.execute(
            f"CREATE TEMP VIEW {fact.name} AS {_view(fact.name) if not fact.view else _activity()}"
        )
    return count


def unshadow(connection: sqlite3.Connection) -> None:
    """Let this connection see today's facts again."""
    for fact in reversed(FACTS):
        connection.execute(f"DROP VIEW IF EXISTS temp.{fact.name}")
        connection.execute(f"DROP TABLE IF EXISTS temp.shadow_{fact.name}")
    for name in ("stale", "alarms"):
        connection.execute(f"DROP TABLE IF EXISTS temp.{name}")


def _stale(connection: sqlite3.Connection, as_of_ms: int) -> None:
    """Gather the tickets that changed, or whose person made contact, at or after the instant."""
    keyed = "(source_id INTEGER NOT NULL, ticket_id TEXT NOT NULL, {more} PRIMARY KEY (source_id, ticket_id)) WITHOUT ROWID"
    connection.execute("CREATE TEMP TABLE stale " + keyed.format(more="cutoff INTEGER NOT NULL,"))
    connection.execute("CREATE TEMP TABLE alarms " + keyed.format(more="at INTEGER NOT NULL,"))
    connection.execute(
        "INSERT INTO temp.stale SELECT source_id, ticket_id, ? FROM main.ticket_facts"
        " WHERE changed_at >= ? OR next_contact_at >= ?",
        (as_of_ms, as_of_ms, as_of_ms),
    )


def _target(name: str) -> str:
    return f"temp.shadow_{name}"


def _view(name: str) -> str:
    return (
        f"SELECT * FROM main.{name} AS f WHERE NOT EXISTS (SELECT 1 FROM temp.stale AS s"
        " WHERE s.source_id = f.source_id AND s.ticket_id = f.ticket_id)"
        f" UNION ALL SELECT * FROM temp.shadow_{name}"
    )


def _activity() -> str:
    return tables.activity_sql("temp.message_facts", "temp.status_facts")
