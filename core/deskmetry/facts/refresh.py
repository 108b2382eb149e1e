"""Refresh: the facts brought up to what the records say, for what changed or for everything."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime

from ..calendar import utc_offsets, zone
from . import sql, tables
from .build import build

_BATCH = 50_000  # tickets built at once: bounds the temporary tables
_FACTS_OF_A_TICKET = (
    "message_facts",
    "reply_facts",
    "unsolved_spans",
    "status_facts",
    "tag_facts",
    "ticket_facts",
)
_ZONE_SPAN = (datetime(1990, 1, 1, tzinfo=UTC), datetime(2060, 1, 1, tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a refresh did: how many tickets' facts were built, and whether all were."""

    tickets: int
    rebuilt: bool


def pending(connection: sqlite3.Connection, timezone: str) -> int:
    """Return how many marks wait for a refresh; -1 if everything must be rebuilt."""
    if _state(connection, "fingerprint") != tables.fingerprint(timezone):
        return -1
    return int(connection.execute("SELECT count(*) FROM main.dirty").fetchone()[0])


def refresh(connection: sqlite3.Connection, timezone: str, *, rebuild: bool = False) -> Refreshed:
    """Bring the facts up to date inside the caller's transaction.

    Rebuilds everything when asked, or when the code, the declarations or the time zone changed. Facts hold
    what is known before each source's `complete_until`; sources never read completely have none yet.
    """
    mark = tables.fingerprint(timezone)
    rebuild = rebuild or _state(connection, "fingerprint") != mark
    if rebuild:
        tables.create(connection)
        rows = utc_offsets(zone(timezone), *_ZONE_SPAN)
        connection.executemany("INSERT INTO main.utc_offsets VALUES (?, ?)", rows)
        _set_state(connection, "fingerprint", mark)
        _set_state(connection, "timezone", timezone)
    _stale_tables(connection)
    _learn_agents(connection)
    _collect(connection, everything=rebuild)
    total = _replace(connection)
    # Marks of mails are the threading stage's, for the sources that have one.
    connection.execute(
        "DELETE FROM main.dirty WHERE kind <> 'mail'"
        " OR source_id IN (SELECT id FROM main.sources WHERE mail_rules IS NULL)"
    )
    _stale_tables(connection, drop_only=True)
    return Refreshed(total, rebuild)


def _stale_tables(connection: sqlite3.Connection, *, drop_only: bool = False) -> None:
    for name in ("stale", "all_stale", "alarms", "persons", "new_agents"):
        connection.execute(f"DROP TABLE IF EXISTS temp.{name}")
    if drop_only:
        return
    keyed = "(source_id INTEGER NOT NULL, ticket_id TEXT NOT NULL, {more} PRIMARY KEY (source_id, ticket_id)) WITHOUT ROWID"
    connection.execute("CREATE TEMP TABLE all_stale " + keyed.format(more=""))
    connection.execute("CREATE TEMP TABLE stale " + keyed.format(more="cutoff INTEGER NOT NULL,"))
    connection.execute("CREATE TEMP TABLE alarms " + keyed.format(more="at INTEGER NOT NULL,"))
    connection.execute("CREATE TEMP TABLE persons (person TEXT PRIMARY KEY) WITHOUT ROWID")


def _learn_agents(connection: sqlite3.Connection) -> None:
    """Add everybody who was ever an agent, an assignee or the author of an internal note, for good."""
    connection.execute(
        """CREATE TEMP TABLE new_agents AS
        SELECT source_id, id FROM main.agents
        UNION SELECT t.source_id, t.assignee_id FROM main.dirty AS d
          JOIN main.tickets AS t ON d.kind = 'ticket' AND t.source_id = d.source_id AND t.id = d.key
          WHERE t.assignee_id IS NOT NULL
        UNION SELECT e.source_id, e.new FROM main.dirty AS d
          JOIN main.ticket_events AS e ON d.kind = 'ticket' AND e.source_id = d.source_id AND e.ticket_id = d.key
          WHERE e.kind = 'assignee' AND e.new IS NOT NULL
        UNION SELECT m.source_id, m.author_id FROM main.dirty AS d
          JOIN main.messages AS m ON d.kind = 'ticket' AND m.source_id = d.source_id AND m.ticket_id = d.key
          WHERE NOT m.public AND m.author_id IS NOT NULL AND m.author_kind IN ('agent', 'customer')
        EXCEPT SELECT source_id, id FROM main.known_agents"""
    )
    connection.execute("INSERT INTO main.known_agents SELECT source_id, id FROM temp.new_agents")


def _collect(connection: sqlite3.Connection, *, everything: bool) -> None:
    """Gather the tickets whose facts don't hold any more."""
    into = "INSERT OR IGNORE INTO temp.all_stale "
    if everything:
        connection.execute(into + "SELECT source_id, id FROM main.tickets")
        for source, cutoff in _cutoffs(connection):
            _set_state(connection, f"cutoff:{source}", str(cutoff))
        return
    connection.execute(into + "SELECT source_id, key FROM main.dirty WHERE kind = 'ticket'")
    for kind, statement in _SPREAD.items():
        if connection.execute("SELECT 1 FROM main.dirty WHERE kind = ? LIMIT 1", (kind,)).fetchone():
            connection.execute(into + statement)
    if connection.execute("SELECT 1 FROM temp.new_agents LIMIT 1").fetchone():
        connection.execute(
            into + "SELECT m.source_id, m.ticket_id FROM main.messages AS m JOIN temp.new_agents AS n"
            " ON n.source_id = m.source_id AND n.id = m.author_id"
            " WHERE m.author_kind = 'customer' AND m.ticket_id IS NOT NULL"
        )
    for source, cutoff in _cutoffs(connection):
        before = _state(connection, f"cutoff:{source}")
        if before is None or cutoff < int(before):
            connection.execute(into + "SELECT source_id, id FROM main.tickets WHERE source_id = ?", (source,))
        elif cutoff > int(before):
            due = "SELECT source_id, ticket_id FROM main.fact_alarms WHERE source_id = ? AND at < ?"
            connection.execute(into + due, (source, cutoff))
        _set_state(connection, f"cutoff:{source}", str(cutoff))


# Whose tickets a change of a name, address or role goes into.
_AUTHORED = (
    "SELECT m.source_id, m.ticket_id FROM main.messages AS m JOIN main.dirty AS d"
    " ON d.kind = 'agent' AND d.source_id = m.source_id AND d.key = m.author_id WHERE m.ticket_id IS NOT NULL"
)
_SPREAD = {
    "customer": "SELECT t.source_id, t.id FROM main.tickets AS t JOIN main.dirty AS d"
    " ON d.kind = 'customer' AND d.source_id = t.source_id AND d.key = t.requester_id",
    "organization": "SELECT t.source_id, t.id FROM main.tickets AS t"
    " LEFT JOIN main.customers AS c ON c.source_id = t.source_id AND c.id = t.requester_id"
    " JOIN main.dirty AS d ON d.kind = 'organization' AND d.source_id = t.source_id"
    " AND d.key = coalesce(t.organization_id, c.organization_id)",
    "brand": "SELECT t.source_id, t.id FROM main.tickets AS t JOIN main.dirty AS d"
    " ON d.kind = 'brand' AND d.source_id = t.source_id AND d.key = t.brand_id",
    "agent": _AUTHORED + " UNION SELECT t.source_id, t.id FROM main.tickets AS t JOIN main.dirty AS d"
    " ON d.kind = 'agent' AND d.source_id = t.source_id AND d.key = t.assignee_id"
    " UNION SELECT e.source_id, e.ticket_id FROM main.ticket_events AS e JOIN main.dirty AS d"
    " ON d.kind = 'agent' AND d.source_id = e.source_id AND e.kind = 'assignee' AND d.key IN (e.old, e.new)",
    "team": "SELECT t.source_id, t.id FROM main.tickets AS t JOIN main.dirty AS d"
    " ON d.kind = 'team' AND d.source_id = t.source_id AND d.key = t.team_id"
    " UNION SELECT e.source_id, e.ticket_id FROM main.ticket_events AS e JOIN main.dirty AS d"
    " ON d.kind = 'team' AND d.source_id = e.source_id AND e.kind = 'team' AND d.key IN (e.old, e.new)"
    " UNION SELECT m.source_id, m.ticket_id FROM main.messages AS m"
    " JOIN main.agents AS a ON a.source_id = m.source_id AND a.id = m.author_id"
    " JOIN main.dirty AS d ON d.kind = 'team' AND d.source_id = a.source_id AND d.key = a.team_id"
    " WHERE m.ticket_id IS NOT NULL",
}


def _replace(connection: sqlite3.Connection) -> int:
    """Replace the facts of the gathered tickets, in batches, then link the persons' contacts."""
    match = "WHERE (source_id, ticket_id) IN (SELECT source_id, ticket_id FROM temp.all_stale)"
    people = f"INSERT OR IGNORE INTO temp.persons SELECT person FROM main.ticket_facts {match} AND person IS NOT NULL"
    connection.execute(people)
    for name in (*_FACTS_OF_A_TICKET, "fact_alarms"):
        connection.execute(f"DELETE FROM main.{name} {match}")
    total = 0
    while connection.execute("SELECT 1 FROM temp.all_stale LIMIT 1").fetchone():
        connection.execute("DELETE FROM temp.stale")
        connection.execute(
            "INSERT INTO temp.stale SELECT a.source_id, a.ticket_id, s.complete_until_at FROM temp.all_stale AS a"
            " JOIN main.sources AS s ON s.id = a.source_id WHERE s.complete_until_at IS NOT NULL LIMIT ?",
            (_BATCH,),
        )
        if not connection.execute("SELECT 1 FROM temp.stale LIMIT 1").fetchone():
            break
        total += build(connection)
        built = "WHERE (source_id, ticket_id) IN (SELECT source_id, ticket_id FROM temp.stale)"
        connection.execute(
            f"INSERT OR IGNORE INTO temp.persons SELECT person FROM main.ticket_facts {built} AND person IS NOT NULL"
        )
        connection.execute(f"DELETE FROM temp.all_stale {built}")
    _alarms(connection)
    only = "person IN (SELECT person FROM temp.persons)"
    connection.execute(sql.contacts("main.ticket_facts", "main.ticket_facts", only, "9e18"))
    connection.execute(sql.customers("main.ticket_facts", only))
    return total


def _alarms(connection: sqlite3.Connection) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO main.fact_alarms SELECT source_id, ticket_id, at FROM temp.alarms"
    )


def _cutoffs(connection: sqlite3.Connection) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = connection.execute(
        "SELECT id, complete_until_at FROM main.sources WHERE complete_until_at IS NOT NULL"
    ).fetchall()
    return found


def _state(connection: sqlite3.Connection, key: str) -> str | None:
    if not connection.execute("SELECT 1 FROM main.sqlite_master WHERE name = 'facts_state'").fetchone():
        return None
    row = connection.execute("SELECT value FROM main.facts_state WHERE key = ?", (key,)).fetchone()
    return None if row is None else str(row[0])


def _set_state(connection: sqlite3.Connection, key: str, value: str) -> None:
    connection.execute("INSERT OR REPLACE INTO main.facts_state VALUES (?, ?)", (key, value))
