"""Sessions: the chats and calls of the tickets in `temp.stale`, as facts and as numbers of their tickets."""

from __future__ import annotations

import sqlite3

from .sql import dimensions, from_stage, local_day
from .stages import INSERT_ALARM_SELECTED, agent_key

_STAGES = ("stage_sessions", "stage_talks", "stage_lives")


def fill(connection: sqlite3.Connection) -> None:
    """Stage the sessions of the stale tickets, whose messages are staged, and note what is due next."""
    drop(connection)
    for statement in (_SESSIONS, _FILL_SESSIONS, _TALKS, _FILL_TALKS, _LIVES, _FILL_LIVES):
        connection.execute(statement)
    connection.execute(INSERT_ALARM_SELECTED.format(stage="stage_lives"))


def drop(connection: sqlite3.Connection) -> None:
    """Drop every stage of sessions."""
    for name in _STAGES:
        connection.execute(f"DROP TABLE IF EXISTS temp.{name}")


def sessions(table: str, ticket_facts: str) -> str:
    """Return the statement that builds `session_facts`, after the facts of tickets; `rate` ends them."""
    columns = {
        **dict.fromkeys(("source_id", "ticket_id", "session_id"), "m.{name}"),
        **dimensions(_OWN),
        "kind": "m.kind",
        "end": _END,
        **dict.fromkeys(("asked_at", "accepted_at", "first_human_at", "left_at", "ended_at"), "m.{name}"),
        "asked_day": local_day("m.asked_at"),
        "wait_ms": f"CASE WHEN NOT ({_MISSED} OR {_OUTBOUND}) THEN max(m.taken_at - m.asked_at, 0) END",
        **dict.fromkeys(("queue_ms", "talk_ms", "wrap_up_ms"), "m.{name}"),
        "duration_ms": _DURATION,
        "handle_ms": f"{_DURATION} + CASE WHEN m.kind = 'call' THEN coalesce(m.wrap_up_ms, 0) ELSE 0 END",
        "left_after_ms": f"CASE WHEN {_MISSED} THEN max(m.left_at - m.asked_at, 0) END",
        **dict.fromkeys(("customer_messages", "human_messages", "bot_messages", "accepted"), "m.{name}"),
        "missed": f"CASE WHEN m.over_at IS NOT NULL AND NOT {_OUTBOUND} THEN {_MISSED} END",
        "rated_bad": "0",
    }
    return f"""{from_stage(table, columns, "stage_talks AS m", ticket_facts)}
LEFT JOIN main.agents AS a ON a.source_id = m.source_id AND a.id = m.agent_id
LEFT JOIN main.teams AS tm ON tm.source_id = a.source_id AND tm.id = a.team_id
"""


def rate(connection: sqlite3.Connection, session_facts: str, answer_facts: str) -> None:
    """Fill `rated_bad` of the sessions of the tickets that the subjects in `temp.all_subjects` may mean.

    The answers, which may come from other sources than their tickets, have their facts by then.
    """
    name = session_facts.split(".")[1]
    connection.execute(_RATE.format(sessions=session_facts, answers=answer_facts, name=name))


_OPENED_BY = "coalesce(m.opened_by, f.opened_by)"
_OUTBOUND = f"{_OPENED_BY} = 'agent'"
# A ticket of another medium may have chats and calls, too.
_OWN = {
    "medium": "CASE m.kind WHEN 'call' THEN 'phone' ELSE m.kind END",
    "team": "coalesce(tm.name, m.writer_team, f.team)",
    "agent": f"coalesce({agent_key('a', 'm.source_id', 'm.agent_id')}, m.writer)",
    "opened_by": _OPENED_BY,
}

# Where the source says how a session ended, that holds: what a vendor withholds, we can't count. Nobody
# missed a customer whom an agent called or wrote to in vain.
_END = f"""CASE WHEN m.over_at IS NOT NULL THEN coalesce(m.end, CASE
    WHEN m.accepted OR f.resolved_by = 'bot' THEN 'completed' WHEN {_OUTBOUND} THEN NULL
    WHEN m.left_at IS NOT NULL THEN 'abandoned' ELSE 'missed' END) END"""
_MISSED = f"coalesce({_END}, '') IN ('missed', 'abandoned')"
# A telephone system may tell of talking alone; what it tells is more exact than begin and end.
_TALKED = "max(m.ended_at - m.taken_at, 0)"
_DURATION = f"""CASE WHEN NOT {_MISSED} THEN CASE WHEN m.kind = 'call'
    THEN coalesce(m.talk_ms, {_TALKED}) ELSE coalesce({_TALKED}, m.talk_ms) END END"""

# What a customer says of the ticket until its next session begins is said of this one. Whose tickets a survey
# is about may have changed with a setting, so tickets of that id are looked at in every source.
_RATE = """
UPDATE {sessions} SET rated_bad = EXISTS (
  SELECT 1 FROM main.sources AS u CROSS JOIN {answers} AS v ON v.source_id = u.id
    AND v.subject = 'ticket:' || {name}.ticket_id AND v.kind = 'csat' AND v.satisfied = 0
    AND v.answered_at >= {name}.asked_at
    AND NOT EXISTS (SELECT 1 FROM {sessions} AS n
      WHERE n.source_id = {name}.source_id AND n.ticket_id = {name}.ticket_id AND n.asked_at <= v.answered_at
        AND (n.asked_at, length(n.session_id), n.session_id)
          > ({name}.asked_at, length({name}.session_id), {name}.session_id))
  WHERE coalesce(u.tickets_source_id, u.id) = {name}.source_id)
WHERE source_id IN (SELECT id FROM main.sources) AND ticket_id IN (
  SELECT substr(subject, 8) FROM temp.all_subjects WHERE subject LIKE 'ticket:%')
"""

# The rows as they came, also those asked only later. until_at: the end, over_at: from when it is known that
# it ended, queued_at: from when its time in the queue is. The table of sessions has no index by ticket: it is
# gone through once.
_SESSIONS = """
CREATE TEMP TABLE stage_sessions (
  source_id INTEGER, ticket_id TEXT, session_id TEXT, cutoff INTEGER, kind TEXT, asked_at INTEGER,
  accepted_at INTEGER, ended_at INTEGER, left_at INTEGER, until_at INTEGER, over_at INTEGER,
  queued_at INTEGER, next_at INTEGER, queue_ms INTEGER, talk_ms INTEGER, wrap_up_ms INTEGER, agent_id TEXT,
  end TEXT, opened_by TEXT,
  PRIMARY KEY (source_id, ticket_id, session_id)
) WITHOUT ROWID
"""

_FILL_SESSIONS = """
INSERT INTO temp.stage_sessions
SELECT v.source_id, v.ticket_id, v.id, x.cutoff, v.kind, v.asked_at, v.accepted_at, v.ended_at, v.left_at,
  coalesce(min(v.ended_at, v.left_at), v.ended_at, v.left_at),
  coalesce(min(v.ended_at, v.left_at), v.ended_at, v.left_at,
    CASE WHEN v.end IS NOT NULL THEN coalesce(v.accepted_at, v.asked_at) END),
  v.asked_at + v.queue_ms,
  lead(v.asked_at) OVER (PARTITION BY v.source_id, v.ticket_id ORDER BY v.asked_at, length(v.id), v.id),
  v.queue_ms, v.talk_ms, v.wrap_up_ms, v.agent_id, v.end, v.opened_by
FROM main.sessions AS v CROSS JOIN temp.stale AS x ON x.source_id = v.source_id AND x.ticket_id = v.ticket_id
"""

# Those asked before the cutoff, and of each what was known then. Messages between its begin and its end are
# its own. taken_at: when a human took it, by accepting it, else by writing. accepted: whether one did; a call
# that came to an end was talked, a chat if it names the human.
_TALKS = """
CREATE TEMP TABLE stage_talks (
  source_id INTEGER, ticket_id TEXT, session_id TEXT, kind TEXT, opened_by TEXT, asked_at INTEGER,
  accepted_at INTEGER, ended_at INTEGER, left_at INTEGER, over_at INTEGER, queue_ms INTEGER, talk_ms INTEGER,
  wrap_up_ms INTEGER, agent_id TEXT, end TEXT, first_human_at INTEGER, customer_messages INTEGER,
  human_messages INTEGER, bot_messages INTEGER, taken_at INTEGER, accepted INTEGER, writer TEXT,
  writer_team TEXT, PRIMARY KEY (source_id, ticket_id, session_id)
) WITHOUT ROWID
"""

_ITS_MESSAGES = """m.source_id = q.source_id AND m.ticket_id = q.ticket_id AND m.sent_at >= q.asked_at
    AND (q.until_at IS NULL OR m.sent_at <= q.until_at) AND (q.next_at IS NULL OR m.sent_at < q.next_at)"""
_FIRST_WRITER = f"""CASE WHEN q.agent_id IS NULL THEN (SELECT m.{{column}} FROM temp.stage_messages AS m
    WHERE {_ITS_MESSAGES} AND m.kind = 'reply'
    ORDER BY m.sent_at, m.is_reply, m.id_length, m.message_id LIMIT 1) END"""
_BY_BOT = "coalesce(a.role, '') = 'bot'"
_ACCEPTED = f"""coalesce(q.end, '') NOT IN ('missed', 'abandoned') AND (q.first_human_at IS NOT NULL
    OR NOT {_BY_BOT} AND (q.accepted_at IS NOT NULL
      OR q.end IS NOT NULL AND (q.kind = 'call' OR q.agent_id IS NOT NULL)))"""

_FILL_TALKS = f"""
INSERT INTO temp.stage_talks
SELECT q.source_id, q.ticket_id, q.session_id, q.kind, q.opened_by, q.asked_at, q.accepted_at, q.ended_at,
  q.left_at, q.over_at, q.queue_ms, q.talk_ms, q.wrap_up_ms, q.agent_id, q.end, q.first_human_at,
  q.customer_messages, q.human_messages, q.bot_messages,
  coalesce(CASE WHEN NOT {_BY_BOT} THEN q.accepted_at END, q.first_human_at),
  {_ACCEPTED},
  {_FIRST_WRITER.format(column="author")}, {_FIRST_WRITER.format(column="author_team")}
FROM (
  SELECT q.source_id, q.ticket_id, q.session_id, q.kind, q.opened_by, q.asked_at, q.until_at, q.next_at,
    q.agent_id,
    CASE WHEN q.accepted_at < q.cutoff THEN q.accepted_at END AS accepted_at,
    CASE WHEN q.ended_at < q.cutoff THEN q.ended_at END AS ended_at,
    CASE WHEN q.left_at < q.cutoff THEN q.left_at END AS left_at,
    CASE WHEN q.over_at < q.cutoff THEN q.over_at END AS over_at,
    CASE WHEN q.queued_at < q.cutoff THEN q.queue_ms END AS queue_ms,
    CASE WHEN coalesce(q.ended_at, q.over_at) < q.cutoff THEN q.talk_ms END AS talk_ms,
    CASE WHEN coalesce(q.ended_at, q.over_at) < q.cutoff THEN q.wrap_up_ms END AS wrap_up_ms,
    CASE WHEN q.over_at < q.cutoff THEN q.end END AS end,
    min(CASE WHEN m.kind = 'reply' THEN m.sent_at END) AS first_human_at,
    count(CASE WHEN m.kind = 'customer' THEN 1 END) AS customer_messages,
    count(CASE WHEN m.kind = 'reply' THEN 1 END) AS human_messages,
    count(CASE WHEN m.kind = 'bot' THEN 1 END) AS bot_messages
  FROM temp.stage_sessions AS q LEFT JOIN temp.stage_messages AS m ON {_ITS_MESSAGES}
  WHERE q.asked_at < q.cutoff GROUP BY q.source_id, q.ticket_id, q.session_id
) AS q LEFT JOIN main.agents AS a ON a.source_id = q.source_id AND a.id = q.agent_id
"""

# changed_at is the latest instant before the cutoff of anything in them, due_at the next one after it. What
# a source dates before the session's begin is known with it.
_LIVES = """
CREATE TEMP TABLE stage_lives (
  source_id INTEGER, ticket_id TEXT, sessions INTEGER, accepted INTEGER, changed_at, due_at,
  PRIMARY KEY (source_id, ticket_id)
) WITHOUT ROWID
"""

_INSTANTS = " UNION ALL ".join(
    f"SELECT source_id, ticket_id, cutoff, max({name}, asked_at) AS at FROM temp.stage_sessions"
    for name in ("asked_at", "accepted_at", "ended_at", "left_at", "over_at", "queued_at")
)
_OF_TICKET = "FROM temp.stage_talks AS t WHERE t.source_id = i.source_id AND t.ticket_id = i.ticket_id"

_FILL_LIVES = f"""
INSERT INTO temp.stage_lives
SELECT i.source_id, i.ticket_id, (SELECT count(*) {_OF_TICKET}), (SELECT sum(t.accepted) {_OF_TICKET}),
  max(CASE WHEN i.at < i.cutoff THEN i.at END), min(CASE WHEN i.at >= i.cutoff THEN i.at END)
FROM ({_INSTANTS}) AS i GROUP BY i.source_id, i.ticket_id
"""

TAKEN = (
    "SELECT v.source_id, v.ticket_id FROM main.sessions AS v"
    " JOIN main.agents AS a ON a.source_id = v.source_id AND a.id = v.agent_id"
    " JOIN main.dirty AS d ON d.kind = '{kind}' AND d.source_id = a.source_id AND d.key = a.{key}"
)
"""The tickets with a session of an agent of whom something changed, named by a column of theirs."""

TAKERS = (
    "SELECT v.source_id, v.agent_id FROM main.sessions AS v CROSS JOIN main.dirty AS d"
    " ON d.kind = 'ticket' AND d.source_id = v.source_id AND d.key = v.ticket_id"
    " WHERE v.agent_id IS NOT NULL"
)
"""Whoever took a session of a ticket that changed: an agent, for good."""
