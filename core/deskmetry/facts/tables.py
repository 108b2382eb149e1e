"""Tables: the fact tables of one database, made from their declarations."""

from __future__ import annotations

import hashlib
import sqlite3
from importlib.resources import files

from ..metric.fact import ACTIVITY, FACTS, MESSAGES, STATUSES, TICKETS, Fact

OWN_TABLES = {
    "facts_state": "CREATE TABLE {name} (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "fact_alarms": (
        "CREATE TABLE {name} (source_id INTEGER NOT NULL, ticket_id TEXT NOT NULL, at INTEGER NOT NULL,"
        " PRIMARY KEY (source_id, ticket_id)) WITHOUT ROWID"
    ),
    "survey_subjects": (
        "CREATE TABLE {name} (source_id INTEGER NOT NULL, subject TEXT NOT NULL, changed_at INTEGER,"
        " due_at INTEGER, PRIMARY KEY (source_id, subject)) WITHOUT ROWID"
    ),
    "utc_offsets": "CREATE TABLE {name} (from_at INTEGER PRIMARY KEY, offset_ms INTEGER NOT NULL)",
    "people": (
        "CREATE TABLE {name} (source_id INTEGER NOT NULL, customer_id TEXT NOT NULL, person TEXT NOT NULL,"
        " PRIMARY KEY (source_id, customer_id)) WITHOUT ROWID"
    ),
    # Never dropped: once an agent, always an agent.
    "known_agents": (
        "CREATE TABLE IF NOT EXISTS {name} (source_id INTEGER NOT NULL, id TEXT NOT NULL,"
        " PRIMARY KEY (source_id, id)) WITHOUT ROWID"
    ),
}
_KEPT = {"known_agents"}


def create(connection: sqlite3.Connection) -> None:
    """Drop every fact and create it anew, empty."""
    for fact in reversed(FACTS):
        connection.execute(f"DROP {'VIEW' if fact.view else 'TABLE'} IF EXISTS main.{fact.name}")
    for name, sql in OWN_TABLES.items():
        if name not in _KEPT:
            connection.execute(f"DROP TABLE IF EXISTS main.{name}")
        connection.execute(sql.format(name=f"main.{name}"))
    for fact in FACTS:
        connection.execute(create_sql(fact, f"main.{fact.name}"))


def index(connection: sqlite3.Connection) -> None:
    """Make the index of tickets by person, unless it is there; a rebuild is faster if it comes last."""
    connection.execute(
        f"CREATE INDEX IF NOT EXISTS main.ticket_facts_by_person ON {TICKETS.name} (person, created_at)"
    )


def create_sql(fact: Fact, name: str) -> str:
    """Return the SQL that creates one fact under a name (of any schema)."""
    if fact is ACTIVITY:
        return f"CREATE VIEW {name} AS {activity_sql(MESSAGES.name, STATUSES.name)}"
    columns = ", ".join(f"{column.name} {column.type}" for column in fact.columns)
    # Rows of a ticket lie together, so that they can be replaced without a second index; the wide rows of
    # ticket_facts are better off in an ordinary table.
    clustered = "" if fact is TICKETS else " WITHOUT ROWID"
    return f"CREATE TABLE {name} ({columns}, PRIMARY KEY ({', '.join(fact.key)})){clustered}"


def activity_sql(messages: str, statuses: str) -> str:
    """Return the SELECT behind `activity_facts`, over these two tables."""
    common = ", ".join(name for name in ACTIVITY.names() if name not in ("at", "day"))
    return (
        f"SELECT {common}, sent_at AS at, sent_day AS day FROM {messages}"
        f" UNION ALL SELECT {common}, at, day FROM {statuses}"
    )


def fingerprint(timezone: str) -> str:
    """Return what facts depend on besides the records: this package's code, the declarations, the zone."""
    digest = hashlib.sha256(f"{timezone}\n{FACTS!r}".encode())
    for file in sorted(files(__package__ or "deskmetry.facts").iterdir(), key=lambda item: item.name):
        if file.name.endswith(".py"):
            digest.update(file.read_bytes())
    return digest.hexdigest()
