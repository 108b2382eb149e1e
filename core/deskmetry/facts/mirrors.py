"""Mirrors: tickets of a mailbox whose mail another source holds too, so that one contact counts once."""

from __future__ import annotations

import sqlite3

from .basis import set_state
from .stages import INSERT_ALARM_SELECTED

HELD = "duplicate"
"""`excluded` of such a ticket."""

_STAGES = ("stage_firsts", "stage_borne", "stage_holders", "stage_mirrors")
_INDEXES = {
    "message_headers_by_message_id": "message_headers (message_id) WHERE message_id IS NOT NULL",
    "ticket_facts_by_holder": "ticket_facts (held_ticket) WHERE held_ticket IS NOT NULL",
}
_NEEDED = """
SELECT count(*) > 1 AND max(mail_rules IS NOT NULL) FROM main.sources AS s
WHERE EXISTS (SELECT 1 FROM main.message_headers AS h WHERE h.source_id = s.id)
"""


# --- what is stale -------------------------------------------------------------------------------------


def prepare(connection: sqlite3.Connection) -> None:
    """Make the indexes that mirrors are found by, where there can be any: others needn't pay for them."""
    if _needed(connection):
        for name, on in _INDEXES.items():
            connection.execute(f"CREATE INDEX IF NOT EXISTS main.{name} ON {on}")


def collect(connection: sqlite3.Connection, into: str) -> None:
    """Gather, by the INSERT `into`, mailboxes' tickets that what changed elsewhere makes mirrors, or none.

    That are those with a mail that a changed ticket holds too, or held.
    """
    needed = _needed(connection)
    if set_state(connection, "mirrors", 1 if needed else None) and not needed:
        connection.execute(into + f"{_HELD_BY} WHERE held_ticket IS NOT NULL")
    if not needed:
        return
    connection.execute("DROP TABLE IF EXISTS temp.touched")
    connection.execute(_TOUCHED)
    connection.execute(into + _SHARING.format(touched="temp.touched"))
    connection.execute(
        f"{into}{_HELD_BY} JOIN main.sources AS s ON s.name = f.held_source"
        " JOIN temp.touched AS t ON t.source_id = s.id AND t.ticket_id = f.held_ticket"
    )
    connection.execute("DROP TABLE temp.touched")


def collect_source(connection: sqlite3.Connection, into: str, source: int) -> None:
    """Gather the mailboxes' tickets that a source holds too: it has another name, or is known at last."""
    if _needed(connection):
        every = f"(SELECT source_id, id AS ticket_id FROM main.tickets WHERE source_id = {source:d})"
        connection.execute(into + _SHARING.format(touched=every))


def _needed(connection: sqlite3.Connection) -> bool:
    """Return whether there is a mailbox, and another source that knows Message-IDs."""
    return bool(connection.execute(_NEEDED).fetchone()[0])


_HELD_BY = "SELECT f.source_id, f.ticket_id FROM main.ticket_facts AS f"
# Headers alone are marked as mails, messages as their tickets too.
_TOUCHED = """
CREATE TEMP TABLE touched AS
SELECT source_id, key AS ticket_id FROM main.dirty WHERE kind = 'ticket'
UNION SELECT m.source_id, m.ticket_id FROM main.dirty AS d
  CROSS JOIN main.messages AS m ON m.source_id = d.source_id AND m.id = d.key
  WHERE d.kind = 'mail' AND m.ticket_id IS NOT NULL
"""
_SHARING = """
SELECT x.source_id, x.ticket_id FROM {touched} AS t
CROSS JOIN main.messages AS m ON m.source_id = t.source_id AND m.ticket_id = t.ticket_id
CROSS JOIN main.message_headers AS h ON h.source_id = m.source_id AND h.mail_id = m.id
CROSS JOIN main.message_headers AS o ON o.message_id = h.message_id
JOIN main.sources AS s ON s.id = o.source_id AND s.mail_rules IS NOT NULL
CROSS JOIN main.messages AS x ON x.source_id = o.source_id AND x.id = o.mail_id
WHERE x.ticket_id IS NOT NULL
"""

# --- what is so ----------------------------------------------------------------------------------------


def fill(connection: sqlite3.Connection) -> None:
    """Stage which of the stale tickets are mirrors, and of what, as known before their cutoff."""
    drop(connection)
    connection.execute(_MIRRORS)
    if _needed(connection):
        for statement in (_FIRSTS, _BORNE, _FILL_BORNE, _HOLDERS):
            connection.execute(statement)
        connection.execute(_FILL_MIRRORS)
        connection.execute(INSERT_ALARM_SELECTED.format(stage="stage_mirrors"))


def drop(connection: sqlite3.Connection) -> None:
    """Drop every stage of mirrors."""
    for name in _STAGES:
        connection.execute(f"DROP TABLE IF EXISTS temp.{name}")


# The mail that decides: the first that a customer wrote by hand, else the first of all.
_FIRSTS = """
CREATE TEMP TABLE stage_firsts AS
SELECT source_id, ticket_id, cutoff, id AS mail_id, sent_at FROM (
  SELECT s.source_id, s.ticket_id, s.cutoff, m.id, m.sent_at, row_number() OVER (
    PARTITION BY s.source_id, s.ticket_id
    ORDER BY (m.author_kind = 'customer' AND m.public AND NOT m.automatic) DESC, m.sent_at, m.id) AS place
  FROM temp.stale AS s
  JOIN main.sources AS o ON o.id = s.source_id AND o.mail_rules IS NOT NULL
  CROSS JOIN main.messages AS m ON m.source_id = s.source_id AND m.ticket_id = s.ticket_id
  WHERE m.sent_at < s.cutoff
) WHERE place = 1
"""

# The first two mails of a mailbox that bear an id: one of them is the first besides any mail.
_BORNE = """
CREATE TEMP TABLE stage_borne (source_id INTEGER, message_id TEXT, mail_id TEXT, at INTEGER,
  PRIMARY KEY (source_id, message_id, mail_id)) WITHOUT ROWID
"""
_FILL_BORNE = """
INSERT INTO temp.stage_borne
SELECT source_id, message_id, mail_id, at FROM (
  SELECT r.source_id, r.message_id, r.mail_id, min(r.sent_at) AS at,
    row_number() OVER (PARTITION BY r.source_id, r.message_id ORDER BY min(r.sent_at)) AS place
  FROM (
    SELECT DISTINCT h.source_id, h.message_id FROM temp.stage_firsts AS f
    CROSS JOIN main.message_headers AS h ON h.source_id = f.source_id AND h.mail_id = f.mail_id
    WHERE h.message_id > ''
  ) AS k CROSS JOIN main.message_headers AS r ON r.message_id = k.message_id AND r.source_id = k.source_id
  GROUP BY r.source_id, r.message_id, r.mail_id
) WHERE place <= 2
"""

# A web form may send every mail under one Message-ID, so the senders mustn't differ where both are known; and
# where one isn't, no other mail of the mailbox must bear the id.
_SAME_SENDER = """CASE
    WHEN o.from_address IN (h.from_address, h.counterpart) THEN 1
    WHEN o.counterpart IN (h.from_address, h.counterpart) THEN 1
    WHEN o.from_address IS NULL OR coalesce(h.from_address, h.counterpart) IS NULL THEN 0 END"""
_BORNE_AGAIN = """(SELECT min(r.at) FROM temp.stage_borne AS r
      WHERE r.source_id = h.source_id AND r.message_id = h.message_id AND r.mail_id <> h.mail_id)"""
_NEVER = 2**63 - 1

# Every message of another source under the deciding mail's Message-ID, with the instants from which and until
# which it holds the mail. Of two mailboxes the one that was added first keeps its ticket; a helpdesk always.
_HOLDERS = f"""
CREATE TEMP TABLE stage_holders AS
SELECT *, from_at < cutoff AND gone_at >= cutoff AS holds FROM (
  SELECT f.source_id, f.ticket_id, f.cutoff, s.name AS held_source, m.ticket_id AS held_ticket,
    s.mail_rules IS NOT NULL AS is_mailbox, s.id AS number, abs(m.sent_at - f.sent_at) AS apart,
    max(m.sent_at, t.created_at) AS from_at, min(coalesce(m.deleted_at, {_NEVER}),
      coalesce(CASE WHEN NOT {_SAME_SENDER} THEN {_BORNE_AGAIN} END, {_NEVER})) AS gone_at
  FROM temp.stage_firsts AS f
  CROSS JOIN main.message_headers AS h ON h.source_id = f.source_id AND h.mail_id = f.mail_id
  CROSS JOIN main.message_headers AS o ON o.message_id = h.message_id AND o.source_id <> h.source_id
  CROSS JOIN main.sources AS s ON s.id = o.source_id AND s.complete_until_at IS NOT NULL
    AND (s.mail_rules IS NULL OR s.id < f.source_id)
  CROSS JOIN main.messages AS m ON m.source_id = o.source_id AND m.id = o.mail_id
  CROSS JOIN main.tickets AS t ON t.source_id = m.source_id AND t.id = m.ticket_id
  WHERE h.message_id > '' AND {_SAME_SENDER} IS NOT NULL
) WHERE from_at < gone_at
"""

# changed_at is the latest instant before the cutoff at which anything came to hold it, or held it no more;
# due_at the next one.
_MIRRORS = """
CREATE TEMP TABLE stage_mirrors (
  source_id INTEGER, ticket_id TEXT, held_source TEXT, held_ticket TEXT, changed_at INTEGER, due_at INTEGER,
  PRIMARY KEY (source_id, ticket_id)
) WITHOUT ROWID
"""
_FILL_MIRRORS = f"""
INSERT INTO temp.stage_mirrors
SELECT source_id, ticket_id,
  max(CASE WHEN place = 1 AND holds THEN held_source END),
  max(CASE WHEN place = 1 AND holds THEN held_ticket END),
  max(CASE WHEN gone_at < cutoff THEN gone_at WHEN from_at < cutoff THEN from_at END),
  min(CASE WHEN from_at >= cutoff THEN from_at WHEN gone_at >= cutoff THEN nullif(gone_at, {_NEVER}) END)
FROM (
  SELECT *, row_number() OVER (
    PARTITION BY source_id, ticket_id
    ORDER BY holds DESC, is_mailbox, number, apart, length(held_ticket), held_ticket) AS place
  FROM temp.stage_holders
)
GROUP BY source_id, ticket_id
"""
