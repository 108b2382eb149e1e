"""Refresh: the facts brought up to what the records say, for what changed or for everything."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from ..calendar import utc_offsets, zone
from ..settings import People
from . import contacts, mirrors, people, sessions, stages, subjects, surveys, tables
from .basis import NOBODY_IGNORED, set_state, state
from .build import build
from .histories import AT_ONCE

_FACTS_OF_A_TICKET = (
    "message_facts",
    "reply_facts",
    "unsolved_spans",
    "status_facts",
    "tag_facts",
    "session_facts",
    "ticket_facts",
)
_ZONE_SPAN = (datetime(1990, 1, 1, tzinfo=UTC), datetime(2060, 1, 1, tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a refresh did: how many tickets' facts were built, whether all were, and those of surveys.

    surveys: offers and answers.
    """

    tickets: int
    rebuilt: bool
    surveys: int = 0


def refresh(
    connection: sqlite3.Connection,
    timezone: str,
    people_settings: People = NOBODY_IGNORED,
    *,
    rebuild: bool = False,
) -> Refreshed:
    """Bring the facts up to date inside the caller's transaction.

    Rebuilds everything when asked, or when the code, the declarations or the time zone changed. Facts hold
    what is known before each source's `complete_until`; sources never read completely have none yet.
    """
    mark = tables.fingerprint(timezone)
    rebuild = rebuild or state(connection, "fingerprint") != mark
    if rebuild:
        tables.create(connection)
        connection.executemany("INSERT INTO main.utc_offsets VALUES (?, ?)", _offsets(timezone))
        set_state(connection, "fingerprint", mark)
        set_state(connection, "timezone", timezone)
    _make_temporary(connection)
    _learn_agents(connection)
    people.refresh(connection, people_settings, rebuild=rebuild)
    mirrors.prepare(connection)
    _collect(connection, everything=rebuild)
    subjects.collect(connection)
    total = _replace(connection)
    surveyed = surveys.replace(connection)
    sessions.rate(connection, "main.session_facts", "main.answer_facts")
    # Marks of mails are the threading stage's, for the sources that have one.
    connection.execute(
        "DELETE FROM main.dirty WHERE kind <> 'mail'"
        " OR source_id IN (SELECT id FROM main.sources WHERE mail_rules IS NULL)"
    )
    _drop_temporary(connection)
    return Refreshed(total, rebuild, surveyed)


@cache
def _offsets(timezone: str) -> list[tuple[int, int]]:
    return utc_offsets(zone(timezone), *_ZONE_SPAN)


def _make_temporary(connection: sqlite3.Connection) -> None:
    _drop_temporary(connection)
    stages.prepare(connection)
    subjects.prepare(connection)
    connection.execute(
        "CREATE TEMP TABLE all_stale (source_id INTEGER NOT NULL, ticket_id TEXT NOT NULL,"
        " PRIMARY KEY (source_id, ticket_id)) WITHOUT ROWID"
    )
    connection.execute("CREATE TEMP TABLE persons (person TEXT PRIMARY KEY) WITHOUT ROWID")


def _drop_temporary(connection: sqlite3.Connection) -> None:
    stages.clear(connection)
    subjects.clear(connection)
    for name in ("all_stale", "persons", "new_agents", "moved"):
        connection.execute(f"DROP TABLE IF EXISTS temp.{name}")


def _learn_agents(connection: sqlite3.Connection) -> None:
    """Add everybody who was ever an agent, an assignee or the author of an internal note, for good.

    A private message that is told as a customer's is no proof where it may well be one: from who asks in that
    ticket (somebody hid it), or an e-mail (of a copied customer, which helpdesks keep private).
    """
    changed = "(SELECT source_id, key AS ticket_id FROM main.dirty WHERE kind = 'ticket')"
    assigned = (
        f"{changed} JOIN main.ticket_events AS e USING (source_id, ticket_id) WHERE e.kind = 'assignee'"
    )
    connection.execute(
        f"""CREATE TEMP TABLE new_agents AS
        SELECT source_id, id FROM main.agents
        UNION SELECT t.source_id, t.assignee_id FROM {changed} AS d
          JOIN main.tickets AS t ON t.source_id = d.source_id AND t.id = d.ticket_id
          WHERE t.assignee_id IS NOT NULL
        UNION SELECT source_id, e.new FROM {assigned} AND e.new IS NOT NULL
        UNION SELECT source_id, e.old FROM {assigned} AND e.old IS NOT NULL
        UNION SELECT m.source_id, m.author_id FROM {changed} AS d
          JOIN main.messages AS m ON m.source_id = d.source_id AND m.ticket_id = d.ticket_id
          LEFT JOIN main.tickets AS t ON t.source_id = m.source_id AND t.id = m.ticket_id
          WHERE NOT m.public AND m.author_id IS NOT NULL AND (m.author_kind = 'agent' OR
            m.author_kind = 'customer' AND m.channel IS NOT 'email' AND m.author_id IS NOT t.requester_id)
        UNION {sessions.TAKERS}
        EXCEPT SELECT source_id, id FROM main.known_agents"""
    )
    connection.execute("INSERT INTO main.known_agents SELECT source_id, id FROM temp.new_agents")


def _is_dirty(connection: sqlite3.Connection, kind: str) -> bool:
    return bool(connection.execute("SELECT 1 FROM main.dirty WHERE kind = ? LIMIT 1", (kind,)).fetchone())


def _collect(connection: sqlite3.Connection, *, everything: bool) -> None:
    """Gather the tickets whose facts don't hold any more."""
    into = "INSERT OR IGNORE INTO temp.all_stale "
    if everything:
        connection.execute(into + "SELECT source_id, id FROM main.tickets")
    else:
        connection.execute(into + "SELECT source_id, key FROM main.dirty WHERE kind = 'ticket'")
        for kind, statement in _SPREAD.items():
            if _is_dirty(connection, kind):
                connection.execute(into + statement)
        if connection.execute("SELECT 1 FROM temp.new_agents LIMIT 1").fetchone():
            connection.execute(into + _WRITTEN_BY_NEW_AGENTS)
        if connection.execute("SELECT 1 FROM temp.moved LIMIT 1").fetchone():
            connection.execute(into + _OF_MOVED)
        mirrors.collect(connection, into)
    _collect_by_source(connection, into)


def _collect_by_source(connection: sqlite3.Connection, into: str) -> None:
    """Gather what a source's name, or the instant up to which it is known, makes stale, and note both."""
    sources = connection.execute("SELECT id, name, complete_until_at FROM main.sources").fetchall()
    for source, name, cutoff in sources:
        before = state(connection, f"cutoff:{source}")
        named = set_state(connection, f"name:{source}", name)
        if not set_state(connection, f"cutoff:{source}", cutoff) and not named:
            continue
        if named or before is None or cutoff is None or cutoff < int(before):
            connection.execute(into + "SELECT source_id, id FROM main.tickets WHERE source_id = ?", (source,))
            subjects.take_all(connection, source)
            mirrors.collect_source(connection, into, source)
        else:
            due = "SELECT source_id, ticket_id FROM main.fact_alarms WHERE source_id = ? AND at < ?"
            connection.execute(into + due, (source, cutoff))
            subjects.take_due(connection, source, cutoff)


# Whose tickets a change of a name, address or role goes into.
_AUTHORED = (
    "SELECT m.source_id, m.ticket_id FROM main.messages AS m JOIN main.dirty AS d"
    " ON d.kind = 'agent' AND d.source_id = m.source_id AND d.key = m.author_id WHERE m.ticket_id IS NOT NULL"
)
_WRITTEN_BY_NEW_AGENTS = (
    "SELECT m.source_id, m.ticket_id FROM main.messages AS m JOIN temp.new_agents AS n"
    " ON n.source_id = m.source_id AND n.id = m.author_id"
    " WHERE m.author_kind = 'customer' AND m.ticket_id IS NOT NULL"
)
_OF_MOVED = (
    "SELECT t.source_id, t.id FROM main.tickets AS t JOIN temp.moved AS v"
    " ON v.source_id = t.source_id AND v.customer_id = t.requester_id"
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
    " ON d.kind = 'agent' AND d.source_id = e.source_id AND e.kind = 'assignee' AND d.key IN (e.old, e.new)"
    f" UNION {sessions.TAKEN.format(kind='agent', key='id')}",
    "team": "SELECT t.source_id, t.id FROM main.tickets AS t JOIN main.dirty AS d"
    " ON d.kind = 'team' AND d.source_id = t.source_id AND d.key = t.team_id"
    " UNION SELECT e.source_id, e.ticket_id FROM main.ticket_events AS e JOIN main.dirty AS d"
    " ON d.kind = 'team' AND d.source_id = e.source_id AND e.kind = 'team' AND d.key IN (e.old, e.new)"
    " UNION SELECT m.source_id, m.ticket_id FROM main.messages AS m"
    " JOIN main.agents AS a ON a.source_id = m.source_id AND a.id = m.author_id"
    " JOIN main.dirty AS d ON d.kind = 'team' AND d.source_id = a.source_id AND d.key = a.team_id"
    " WHERE m.ticket_id IS NOT NULL"
    f" UNION {sessions.TAKEN.format(kind='team', key='team_id')}",
}


def _replace(connection: sqlite3.Connection) -> int:
    """Replace the facts of the gathered tickets, in batches, then link the persons' contacts."""
    gathered = "(source_id, ticket_id) IN (SELECT source_id, ticket_id FROM temp.all_stale)"
    _note_persons(connection, gathered)
    for name in (*_FACTS_OF_A_TICKET, "fact_alarms"):
        connection.execute(f"DELETE FROM main.{name} WHERE {gathered}")
    total = 0
    built = "(source_id, ticket_id) IN (SELECT source_id, ticket_id FROM temp.stale)"
    while connection.execute(_NEXT_BATCH, (AT_ONCE,)).rowcount:
        total += build(connection)
        _note_persons(connection, built)
        connection.execute(f"DELETE FROM temp.all_stale WHERE {built}")
        connection.execute("DELETE FROM temp.stale")
    connection.execute("INSERT INTO main.fact_alarms SELECT source_id, ticket_id, at FROM temp.alarms")
    tables.index(connection)
    contacts.link(connection, "main.ticket_facts", "SELECT person FROM temp.persons", "main.ticket_facts")
    return total


_NEXT_BATCH = """
INSERT INTO temp.stale SELECT a.source_id, a.ticket_id, s.complete_until_at
FROM temp.all_stale AS a JOIN main.sources AS s ON s.id = a.source_id
WHERE s.complete_until_at IS NOT NULL LIMIT ?
"""


def _note_persons(connection: sqlite3.Connection, condition: str) -> None:
    """Note whose contacts must be linked anew."""
    connection.execute(
        "INSERT OR IGNORE INTO temp.persons SELECT person FROM main.ticket_facts"
        f" WHERE {condition} AND person IS NOT NULL"
    )
