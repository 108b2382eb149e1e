"""Stages: temporary tables between the records of the stale tickets and their facts."""

from __future__ import annotations

import sqlite3

_KEYED = (
    "CREATE TEMP TABLE {name} (source_id INTEGER NOT NULL, ticket_id TEXT NOT NULL,"
    " {column} INTEGER NOT NULL, PRIMARY KEY (source_id, ticket_id)) WITHOUT ROWID"
)
_STAGES = ("stage_messages", "stage_counts", "stage_turns", "stage_lines", "stage_changes", "stage_spans")


def prepare(connection: sqlite3.Connection) -> None:
    """Make `temp.stale`, the tickets to build and what instant their facts hold before, and `temp.alarms`."""
    clear(connection)
    connection.execute(_KEYED.format(name="stale", column="cutoff"))
    connection.execute(_KEYED.format(name="alarms", column="at"))


def clear(connection: sqlite3.Connection) -> None:
    """Drop `temp.stale` and `temp.alarms`."""
    for name in ("stale", "alarms"):
        connection.execute(f"DROP TABLE IF EXISTS temp.{name}")


def fill(connection: sqlite3.Connection) -> None:
    """Stage the messages of the stale tickets; the stages of their histories are made empty."""
    drop(connection)
    messages = (_MESSAGES, _FILL_MESSAGES, _COUNTS, _FILL_COUNTS, _TURNS, _FILL_TURNS)
    for statement in (*messages, _LINES, _CHANGES, _SPANS):
        connection.execute(statement)
    connection.execute(INSERT_ALARM_SELECTED.format(stage="stage_counts"))


def drop(connection: sqlite3.Connection) -> None:
    """Drop every stage."""
    for name in _STAGES:
        connection.execute(f"DROP TABLE IF EXISTS temp.{name}")


def agent_key(alias: str, source: str, identifier: str) -> str:
    """Return SQL for the key of an agent: the e-mail in lower case, else source and id; null for nobody."""
    return (
        f"CASE WHEN {identifier} IS NOT NULL THEN"
        f" coalesce(nullif(lower(trim({alias}.email)), ''), {source} || ':' || {identifier}) END"
    )


# One row a message, in the order in which a ticket's messages count: at one instant a customer's message
# comes before a reply, so that no reply answers what it can't have seen; then shorter ids: vendors' ids grow.
# changed_at is the latest instant before the cutoff that went into the row, due_at the next one after it.
_MESSAGES = """
CREATE TEMP TABLE stage_messages (
  source_id INTEGER, ticket_id TEXT, sent_at INTEGER, is_reply INTEGER, id_length INTEGER, message_id TEXT,
  kind TEXT, author TEXT, author_team TEXT, changed_at INTEGER, due_at INTEGER,
  PRIMARY KEY (source_id, ticket_id, sent_at, is_reply, id_length, message_id)
) WITHOUT ROWID
"""

# CROSS JOIN is SQLite's way to say that the few stale tickets are looked up, not all messages gone through.
# A public message by anybody who ever was an agent is a reply, whatever role the vendor gives them today.
_FILL_MESSAGES = f"""
INSERT INTO temp.stage_messages
SELECT source_id, ticket_id, sent_at, kind = 'reply', length(id), id, kind, author, author_team,
  CASE kind WHEN 'later' THEN NULL WHEN 'deleted' THEN max(sent_at, deleted_at) ELSE sent_at END,
  CASE kind WHEN 'later' THEN sent_at WHEN 'deleted' THEN NULL ELSE deleted_at END
FROM (
  SELECT m.source_id, m.ticket_id, m.id, m.sent_at, m.deleted_at,
    CASE
      WHEN m.sent_at >= s.cutoff THEN 'later'
      WHEN m.deleted_at < s.cutoff THEN 'deleted'
      WHEN NOT m.public THEN 'note'
      WHEN m.automatic THEN 'automatic'
      WHEN m.author_kind = 'bot' OR a.role = 'bot' THEN 'bot'
      WHEN m.author_kind = 'system' THEN 'system'
      WHEN m.author_kind = 'agent' OR k.id IS NOT NULL THEN 'reply'
      ELSE 'customer'
    END AS kind,
    {agent_key("a", "m.source_id", "m.author_id")} AS author,
    tm.name AS author_team
  FROM temp.stale AS s
  CROSS JOIN main.messages AS m ON m.source_id = s.source_id AND m.ticket_id = s.ticket_id
  LEFT JOIN main.known_agents AS k ON k.source_id = m.source_id AND k.id = m.author_id
  LEFT JOIN main.agents AS a ON a.source_id = m.source_id AND a.id = m.author_id
  LEFT JOIN main.teams AS tm ON tm.source_id = m.source_id AND tm.id = a.team_id
)
"""

_COUNTS = """
CREATE TEMP TABLE stage_counts (
  source_id INTEGER, ticket_id TEXT, first_customer_at, last_customer_at, last_message_at, changed_at, due_at,
  customer_messages, human_replies, bot_replies, notes, repliers, PRIMARY KEY (source_id, ticket_id)
) WITHOUT ROWID
"""

_FILL_COUNTS = """
INSERT INTO temp.stage_counts
SELECT source_id, ticket_id,
  min(CASE WHEN kind = 'customer' THEN sent_at END),
  max(CASE WHEN kind = 'customer' THEN sent_at END),
  max(CASE WHEN kind NOT IN ('later', 'deleted') THEN sent_at END),
  max(changed_at),
  min(due_at),
  count(CASE WHEN kind = 'customer' THEN 1 END),
  count(CASE WHEN kind = 'reply' THEN 1 END),
  count(CASE WHEN kind = 'bot' THEN 1 END),
  count(CASE WHEN kind = 'note' THEN 1 END),
  count(DISTINCT CASE WHEN kind = 'reply' THEN author END)
FROM temp.stage_messages GROUP BY source_id, ticket_id
"""

# One row a customer turn: messages between two human replies, and the reply that ends it, if one does yet.
_TURNS = """
CREATE TEMP TABLE stage_turns (
  source_id INTEGER, ticket_id TEXT, turn INTEGER, asked_at, message_id, replied_at, author,
  author_team, PRIMARY KEY (source_id, ticket_id, turn)
) WITHOUT ROWID
"""

_FILL_TURNS = """
INSERT INTO temp.stage_turns
SELECT source_id, ticket_id, replies - is_reply AS turn,
  min(CASE WHEN NOT is_reply THEN sent_at END) AS asked_at,
  max(CASE WHEN is_reply THEN message_id END),
  max(CASE WHEN is_reply THEN sent_at END),
  max(CASE WHEN is_reply THEN author END),
  max(CASE WHEN is_reply THEN author_team END)
FROM (
  SELECT source_id, ticket_id, sent_at, is_reply, message_id, author, author_team,
    sum(is_reply) OVER (
      PARTITION BY source_id, ticket_id ORDER BY sent_at, is_reply, id_length, message_id
      ROWS UNBOUNDED PRECEDING) AS replies
  FROM temp.stage_messages WHERE kind IN ('customer', 'reply')
)
GROUP BY source_id, ticket_id, turn HAVING asked_at IS NOT NULL
"""

# The fields of a Timeline that become columns of its stage.
LINE = (
    *("first_solved_at", "solved_at", "reopened_at", "assumed_at", "assumed_from_at", "solves", "reopenings"),
    *("requester_wait", "agent_wait", "on_hold", "first_solved_team", "first_solved_assignee"),
    *("status", "status_how", "solved_team", "solved_assignee", "team", "assignee", "priority", "teams"),
    "changed_at",
)
_LINES = (
    f"CREATE TEMP TABLE stage_lines (source_id INTEGER, ticket_id TEXT, {', '.join(LINE)},"
    " PRIMARY KEY (source_id, ticket_id)) WITHOUT ROWID"
)
_CHANGES = (
    "CREATE TEMP TABLE stage_changes"
    " (source_id, ticket_id, number, at, known_at, old, new, how, solves, reopens)"
)
_SPANS = (
    "CREATE TEMP TABLE stage_spans"
    " (source_id, ticket_id, number, from_at, until_at, team, assignee, priority)"
)
INTO_LINES = "INSERT INTO temp.stage_lines"
INTO_CHANGES = "INSERT INTO temp.stage_changes"
INTO_SPANS = "INSERT INTO temp.stage_spans"
INTO_ALARMS = "INSERT INTO temp.alarms"
SOONER = " ON CONFLICT (source_id, ticket_id) DO UPDATE SET at = min(at, excluded.at)"
# (`WHERE` tells the parser that `ON CONFLICT` belongs to the INSERT.)
INSERT_ALARM_SELECTED = (
    "INSERT INTO temp.alarms SELECT source_id, ticket_id, due_at FROM temp.{stage}"
    f" WHERE due_at IS NOT NULL{SOONER}"
)
