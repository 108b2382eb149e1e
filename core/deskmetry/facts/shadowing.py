"""Shadow: the facts as of an earlier instant, in temporary views that hide today's."""

from __future__ import annotations

import sqlite3

from ..metric.fact import FACTS
from . import contacts, sessions, stages, subjects, surveys, tables
from .build import build

_HIDDEN = (
    "EXISTS (SELECT 1 FROM temp.stale AS s WHERE s.source_id = f.source_id AND s.ticket_id = f.ticket_id)"
)

_HIDDEN_SURVEYS = (
    "EXISTS (SELECT 1 FROM temp.stale_subjects AS s"
    " WHERE s.source_id = f.source_id AND s.subject = f.subject)"
)


def shadow(connection: sqlite3.Connection, as_of_ms: int) -> int:
    """Let this connection see every fact as it was known before an instant; return how many tickets differ.

    Only tickets that something happened to since are built again, into temporary tables; temporary views of
    the facts' own names put them in the place of today's rows, so that no query changes. Works on a
    read-only connection. Records keep no history of tags, fields and names: those are today's.
    """
    unshadow(connection)
    stages.prepare(connection)
    subjects.prepare(connection)
    count = _collect(connection, as_of_ms)
    for fact in FACTS:
        if not fact.view:
            connection.execute(tables.create_sql(fact, f"temp.shadow_{fact.name}"))
    untouched = f"(SELECT * FROM main.ticket_facts AS f WHERE NOT {_HIDDEN})"
    if count:
        build(connection, _target)
        persons = f"SELECT person FROM {_target('ticket_facts')} WHERE person IS NOT NULL"
        contacts.link(connection, _target("ticket_facts"), persons, untouched, _target("ticket_facts"))
    surveys.build(connection, _target, (untouched, _target("ticket_facts")))
    surveys.drop(connection)
    sessions.rate(connection, _target("session_facts"), _target("answer_facts"))
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
    stages.clear(connection)
    subjects.clear(connection)


def _collect(connection: sqlite3.Connection, as_of_ms: int) -> int:
    """Gather the tickets whose facts were others at the instant; return their number.

    Those are the tickets that something happened to since, or whose person made contact since. A ticket that
    was deleted since, or is held by another source since, was a contact until then, so all of that person's
    tickets are looked at again. A source that isn't known up to the instant stays as it is known.
    """
    connection.execute(
        "INSERT INTO temp.stale SELECT source_id, ticket_id, min(?1, coalesce(CAST((SELECT value"
        " FROM main.facts_state WHERE key = 'cutoff:' || source_id) AS INTEGER), ?1)) FROM main.ticket_facts"
        " WHERE changed_at >= ?1 OR next_contact_at >= ?1 OR person IN"
        " (SELECT person FROM main.ticket_facts"
        " WHERE held_at >= ?1 OR deleted_at >= ?1 AND excluded = 'deleted')",
        (as_of_ms,),
    )
    subjects.collect_before(connection, as_of_ms)
    return int(connection.execute("SELECT count(*) FROM temp.stale").fetchone()[0])


def _target(name: str) -> str:
    return f"temp.shadow_{name}"


def _view(name: str) -> str:
    hidden = _HIDDEN_SURVEYS if name in surveys.FACTS else _HIDDEN
    return f"SELECT * FROM main.{name} AS f WHERE NOT {hidden} UNION ALL SELECT * FROM {_target(name)}"


def _activity() -> str:
    return tables.activity_sql("temp.message_facts", "temp.status_facts")
