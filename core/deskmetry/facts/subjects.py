"""Subjects: what surveys are about, a ticket or a customer, and of which the facts don't hold any more."""

from __future__ import annotations

import sqlite3

from .basis import set_state

# As `store.marks.subjects_of` says it of a row `v`.
_NAMED = (
    "WHEN v.ticket_id IS NOT NULL THEN 'ticket:' || v.ticket_id"
    " WHEN v.customer_id IS NOT NULL THEN 'customer:' || v.customer_id"
)
OF_OFFER = f"CASE {_NAMED} ELSE 'offered:' || v.offered_at END"
OF_ANSWER = (
    f"CASE {_NAMED} WHEN v.offered_at IS NOT NULL THEN 'offered:' || v.offered_at ELSE 'answer:' || v.id END"
)
_TABLES = {"survey_offers": OF_OFFER, "survey_answers": OF_ANSWER}

_KEYED = (
    "CREATE TEMP TABLE {name} (source_id INTEGER NOT NULL, subject TEXT NOT NULL,{more}"
    " PRIMARY KEY (source_id, subject)) WITHOUT ROWID"
)
_INTO = "INSERT OR IGNORE INTO temp.all_subjects "


def prepare(connection: sqlite3.Connection) -> None:
    """Make `temp.all_subjects`, what is gathered, and `temp.stale_subjects`, what to build as of when."""
    clear(connection)
    connection.execute(_KEYED.format(name="all_subjects", more=""))
    connection.execute(_KEYED.format(name="stale_subjects", more=" cutoff INTEGER NOT NULL,"))


def clear(connection: sqlite3.Connection) -> None:
    """Drop both."""
    for name in ("all_subjects", "stale_subjects"):
        connection.execute(f"DROP TABLE IF EXISTS temp.{name}")


def take_all(connection: sqlite3.Connection, source: int) -> None:
    """Gather every subject of a source."""
    for table, subject in _TABLES.items():
        found = f"SELECT v.source_id, {subject} FROM main.{table} AS v WHERE v.source_id = ?"
        connection.execute(_INTO + found, (source,))


def take_due(connection: sqlite3.Connection, source: int, cutoff: int) -> None:
    """Gather the subjects that change because a source is now known up to an instant (milliseconds)."""
    due = "SELECT source_id, subject FROM main.survey_subjects WHERE source_id = ? AND due_at < ?"
    connection.execute(_INTO + due, (source, cutoff))


def collect(connection: sqlite3.Connection) -> None:
    """Gather what changed rows and settings, and the tickets in `temp.all_stale`, make stale."""
    for source, basis in connection.execute(_BASES).fetchall():
        if set_state(connection, f"surveys:{source}", basis):
            take_all(connection, source)
    connection.execute(_INTO + "SELECT source_id, key FROM main.dirty WHERE kind = 'survey'")
    connection.execute(_INTO + _ABOUT.format(tickets="temp.all_stale"))
    for kind, statement in _SPREAD.items():
        if connection.execute("SELECT 1 FROM main.dirty WHERE kind = ? LIMIT 1", (kind,)).fetchone():
            connection.execute(_INTO + statement)


def settle(connection: sqlite3.Connection) -> bool:
    """Put what was gathered of known sources into `temp.stale_subjects`; say whether anything was."""
    connection.execute(
        "INSERT INTO temp.stale_subjects SELECT a.source_id, a.subject, s.complete_until_at"
        " FROM temp.all_subjects AS a JOIN main.sources AS s ON s.id = a.source_id"
        " WHERE s.complete_until_at IS NOT NULL"
    )
    return bool(connection.execute("SELECT 1 FROM temp.all_subjects LIMIT 1").fetchone())


def collect_before(connection: sqlite3.Connection, as_of_ms: int) -> None:
    """Put the subjects whose facts were others before an instant into `temp.stale_subjects`, with it.

    Tickets with sessions join those in `temp.stale`: what a session was worth depends on the answers about
    its ticket. The surveys about the tickets there follow.
    """
    bound = {"as_of": as_of_ms}
    connection.execute(_INTO + _SINCE, bound)
    connection.execute(_WITH_SESSIONS, bound)
    connection.execute(_INTO + _ABOUT.format(tickets="temp.stale"))
    connection.execute(
        "INSERT INTO temp.stale_subjects SELECT a.source_id, a.subject, min(:as_of, CAST(s.value AS INTEGER))"
        " FROM temp.all_subjects AS a JOIN main.facts_state AS s ON s.key = 'cutoff:' || a.source_id",
        bound,
    )


def tells_offers(source: str, cutoff: str) -> str:
    """Return SQL for whether a source has told before a cutoff that anything was offered."""
    return (
        "EXISTS (SELECT 1 FROM main.survey_offers AS o"
        f" WHERE o.source_id = {source} AND o.offered_at < {cutoff})"
    )


# What all surveys of a source rest on: whose tickets they are about, and whether offers are told.
_BASES = (
    "SELECT u.id, coalesce(u.tickets_source_id, u.id)"
    f" || CASE WHEN {tells_offers('u.id', 'u.complete_until_at')} THEN ' offers' ELSE '' END"
    " FROM main.sources AS u"
)

# The surveys about some tickets, of every source whose tickets those are.
_ABOUT = (
    "SELECT u.id, 'ticket:' || x.ticket_id FROM main.sources AS u CROSS JOIN {tickets} AS x"
    " ON x.source_id = coalesce(u.tickets_source_id, u.id) WHERE"
    " EXISTS (SELECT 1 FROM main.survey_answers AS v WHERE v.source_id = u.id)"
    " OR EXISTS (SELECT 1 FROM main.survey_offers AS v WHERE v.source_id = u.id)"
)


def _rated(join: str) -> str:
    """Return SQL for the subjects of rows that name an agent whom a mark concerns."""
    return " UNION ".join(
        f"SELECT v.source_id, {subject} FROM main.{table} AS v"
        f" CROSS JOIN main.sources AS u ON u.id = v.source_id {join} WHERE v.agent_id IS NOT NULL"
        for table, subject in _TABLES.items()
    )


_SPREAD = {
    "customer": "SELECT source_id, 'customer:' || key FROM main.dirty WHERE kind = 'customer'",
    "organization": "SELECT c.source_id, 'customer:' || c.id FROM main.customers AS c JOIN main.dirty AS d"
    " ON d.kind = 'organization' AND d.source_id = c.source_id AND d.key = c.organization_id",
    "agent": _rated(
        "CROSS JOIN main.dirty AS d ON d.kind = 'agent' AND d.source_id IN (u.id, u.tickets_source_id)"
        " AND d.key = v.agent_id"
    ),
    "team": _rated(
        "CROSS JOIN main.agents AS a ON a.source_id IN (u.id, u.tickets_source_id) AND a.id = v.agent_id"
        " CROSS JOIN main.dirty AS d ON d.kind = 'team' AND d.source_id = a.source_id AND d.key = a.team_id"
    ),
}

# What nobody's name stands on makes offers only where offers are told.
_SINCE = f"""
SELECT v.source_id, v.subject FROM main.survey_subjects AS v
WHERE v.changed_at >= :as_of
  OR v.subject LIKE 'offered:%' AND NOT {tells_offers("v.source_id", ":as_of")}
"""
_WITH_SESSIONS = """
INSERT OR IGNORE INTO temp.stale
SELECT f.source_id, f.ticket_id, min(:as_of, CAST(s.value AS INTEGER))
FROM temp.all_subjects AS a
CROSS JOIN main.sources AS u ON u.id = a.source_id
CROSS JOIN main.ticket_facts AS f ON f.source_id = coalesce(u.tickets_source_id, u.id)
  AND f.ticket_id = substr(a.subject, 8) AND f.sessions > 0
JOIN main.facts_state AS s ON s.key = 'cutoff:' || f.source_id
WHERE a.subject LIKE 'ticket:%'
"""
