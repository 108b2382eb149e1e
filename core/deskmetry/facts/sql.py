"""SQL: the statements that build facts from records, over the tickets in `temp.stale`."""

from __future__ import annotations

from collections.abc import Callable

DROP_STAGES = tuple(
    f"DROP TABLE IF EXISTS temp.{name}"
    for name in ("stage_messages", "stage_counts", "stage_first", "stage_lines")
)

DIMENSIONS = (
    "source",
    "connector",
    "channel",
    "medium",
    "brand",
    "team",
    "agent",
    "priority",
    "opened_by",
    "excluded",
)


def agent_key(alias: str, source: str, identifier: str) -> str:
    """Return SQL for the key of an agent: the e-mail in lower case, else source and id; null for nobody."""
    return (
        f"CASE WHEN {identifier} IS NOT NULL THEN"
        f" coalesce(nullif(lower(trim({alias}.email)), ''), {source} || ':' || {identifier}) END"
    )


def local_day(instant: str) -> str:
    """Return SQL for the local day of an instant in the configured zone, days since 1970."""
    offset = (
        f"(SELECT offset_ms FROM main.utc_offsets WHERE from_at <= {instant} ORDER BY from_at DESC LIMIT 1)"
    )
    return f"({instant} + {offset}) / 86400000"


# One row a message of a stale ticket, with what it counts as. A public message by anybody who ever was an
# agent is a reply, whatever role the vendor gives them today.
STAGE_MESSAGES = f"""
CREATE TEMP TABLE stage_messages AS
SELECT m.source_id, m.ticket_id, m.id AS message_id, m.sent_at, m.author_id,
  CASE
    WHEN NOT m.public THEN 'note'
    WHEN m.automatic THEN 'automatic'
    WHEN m.author_kind = 'bot' OR a.role = 'bot' THEN 'bot'
    WHEN m.author_kind = 'system' THEN 'system'
    WHEN m.author_kind = 'agent' OR k.id IS NOT NULL THEN 'reply'
    ELSE 'customer'
  END AS kind,
  {agent_key("a", "m.source_id", "m.author_id")} AS author,
  at.name AS author_team
FROM temp.stale AS s
JOIN main.messages AS m ON m.source_id = s.source_id AND m.ticket_id = s.ticket_id
LEFT JOIN main.known_agents AS k ON k.source_id = m.source_id AND k.id = m.author_id
LEFT JOIN main.agents AS a ON a.source_id = m.source_id AND a.id = m.author_id
LEFT JOIN main.teams AS at ON at.source_id = m.source_id AND at.id = a.team_id
WHERE m.sent_at < s.cutoff AND m.deleted_at IS NULL
"""

STAGE_COUNTS = """
CREATE TEMP TABLE stage_counts AS
SELECT source_id, ticket_id,
  min(CASE WHEN kind = 'customer' THEN sent_at END) AS first_customer_at,
  max(CASE WHEN kind = 'customer' THEN sent_at END) AS last_customer_at,
  max(sent_at) AS last_message_at,
  count(CASE WHEN kind = 'customer' THEN 1 END) AS customer_messages,
  count(CASE WHEN kind = 'reply' THEN 1 END) AS human_replies,
  count(CASE WHEN kind = 'bot' THEN 1 END) AS bot_replies,
  count(CASE WHEN kind = 'note' THEN 1 END) AS notes,
  count(DISTINCT CASE WHEN kind = 'reply' THEN author END) AS repliers
FROM temp.stage_messages GROUP BY source_id, ticket_id
"""

# The first human reply at or after the first customer message; ties go to the smaller id.
STAGE_FIRST_REPLY = """
CREATE TEMP TABLE stage_first AS
SELECT source_id, ticket_id, sent_at AS first_replied_at, author AS first_agent, author_team AS first_author_team
FROM (
  SELECT m.*, row_number() OVER (
    PARTITION BY m.source_id, m.ticket_id ORDER BY m.sent_at, length(m.message_id), m.message_id) AS place
  FROM temp.stage_messages AS m JOIN temp.stage_counts AS c USING (source_id, ticket_id)
  WHERE m.kind = 'reply' AND m.sent_at >= c.first_customer_at
)
WHERE place = 1
"""

STAGE_TIMELINES = """
CREATE TEMP TABLE stage_lines (
  source_id INTEGER NOT NULL, ticket_id TEXT NOT NULL, first_solved_at INTEGER, solved_at INTEGER,
  reopened_at INTEGER, assumed_at INTEGER, assumed_from_at INTEGER, solves INTEGER, reopenings INTEGER,
  status TEXT, status_how TEXT, solved_team TEXT, solved_assignee TEXT, team TEXT, assignee TEXT, priority TEXT,
  teams INTEGER, changed_at INTEGER, PRIMARY KEY (source_id, ticket_id)
) WITHOUT ROWID
"""
INSERT_TIMELINE = f"INSERT INTO temp.stage_lines VALUES ({', '.join('?' * 18)})"
INSERT_ALARM = "INSERT OR REPLACE INTO temp.alarms VALUES (?, ?, ?)"


def insert_change(table: str) -> str:
    """Return the statement that stores one change of status; dimensions follow in `dimensions_of`."""
    return (
        f"INSERT INTO {table} (source_id, ticket_id, number, old, new, how, at, known_at, solves, reopens)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    )


def insert_span(table: str) -> str:
    """Return the statement that stores one unsolved span, team and agent still as the source's ids."""
    return (
        f"INSERT INTO {table} (source_id, ticket_id, number, team, agent, priority, from_at, until_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
    )


def tickets(table: str) -> str:
    """Return the statement that builds `ticket_facts` from the stages."""
    customer_key = (
        "CASE WHEN t.requester_id IS NOT NULL THEN"
        " coalesce(nullif(lower(trim(c.email)), ''), t.source_id || ':' || t.requester_id) END"
    )
    columns = {
        "source_id": "t.source_id",
        "ticket_id": "t.id",
        "source": "s.name",
        "connector": "s.connector",
        "channel": "t.channel",
        "medium": "t.medium",
        "brand": "b.name",
        "team": "coalesce(tm.name, l.team)",
        "agent": agent_key("a", "t.source_id", "l.assignee"),
        "priority": "l.priority",
        "opened_by": "t.opened_by",
        "excluded": """CASE
            WHEN t.merged_into IS NOT NULL THEN 'merged'
            WHEN t.spam THEN 'spam'
            WHEN t.nature <> 'request' THEN t.nature
            WHEN t.deleted_at < x.cutoff AND (l.first_solved_at IS NULL OR l.first_solved_at > t.deleted_at)
              THEN 'deleted' END""",
        "organization": "o.name",
        "type": "t.type",
        "language": "coalesce(t.language, c.language)",
        "segment": "coalesce(c.segment, o.segment)",
        "country": "c.country",
        "person": customer_key,
        "fields": "t.custom_fields",
        "status": "l.status",
        "status_how": "l.status_how",
        "resolved_by": """CASE WHEN l.solved_at IS NOT NULL THEN coalesce(t.resolved_by,
            CASE WHEN n.human_replies > 0 THEN 'human' WHEN n.bot_replies > 0 THEN 'bot' ELSE 'nobody' END) END""",
        "first_agent": "f.first_agent",
        "first_team": "CASE WHEN f.first_replied_at IS NOT NULL THEN"
        " coalesce(f.first_author_team, tm.name, l.team) END",
        "solved_agent": agent_key("sa", "t.source_id", "l.solved_assignee"),
        "solved_team": "coalesce(st.name, l.solved_team)",
        "created_at": "t.created_at",
        "created_day": local_day("t.created_at"),
        "first_customer_at": "n.first_customer_at",
        "first_replied_at": "f.first_replied_at",
        "first_replied_day": local_day("f.first_replied_at"),
        "first_solved_at": "l.first_solved_at",
        "first_solved_day": local_day("l.first_solved_at"),
        "solved_at": "l.solved_at",
        "solved_day": local_day("l.solved_at"),
        "assumed_at": "l.assumed_at",
        "assumed_from_at": "l.assumed_from_at",
        "reopened_at": "l.reopened_at",
        "last_customer_at": "n.last_customer_at",
        "last_message_at": "n.last_message_at",
        "deleted_at": "CASE WHEN t.deleted_at < x.cutoff THEN t.deleted_at END",
        "changed_at": "max(l.changed_at, coalesce(n.last_message_at, 0))",
        "first_response_ms": "f.first_replied_at - n.first_customer_at",
        "first_resolution_ms": "max(l.first_solved_at - t.created_at, 0)",
        "resolution_ms": "max(l.solved_at - t.created_at, 0)",
        "reopened_after_ms": "l.reopened_at - l.first_solved_at",
        **{
            name: f"coalesce(n.{name}, 0)"
            for name in ("customer_messages", "human_replies", "bot_replies", "notes", "repliers")
        },
        "teams": "l.teams",
        "solves": "l.solves",
        "reopenings": "l.reopenings",
        "reply_elsewhere": "CASE WHEN t.medium = 'email' AND t.vendor_status = 'answered'"
        " AND f.first_replied_at IS NULL THEN 1 ELSE 0 END",
    }
    return f"""
INSERT INTO {table} ({", ".join(columns)})
SELECT {", ".join(f"{expression} AS {name}" for name, expression in columns.items())}
FROM temp.stage_lines AS l
JOIN temp.stale AS x ON x.source_id = l.source_id AND x.ticket_id = l.ticket_id
JOIN main.tickets AS t ON t.source_id = l.source_id AND t.id = l.ticket_id
JOIN main.sources AS s ON s.id = t.source_id
LEFT JOIN temp.stage_counts AS n ON n.source_id = l.source_id AND n.ticket_id = l.ticket_id
LEFT JOIN temp.stage_first AS f ON f.source_id = l.source_id AND f.ticket_id = l.ticket_id
LEFT JOIN main.customers AS c ON c.source_id = t.source_id AND c.id = t.requester_id
LEFT JOIN main.organizations AS o
  ON o.source_id = t.source_id AND o.id = coalesce(t.organization_id, c.organization_id)
LEFT JOIN main.brands AS b ON b.source_id = t.source_id AND b.id = t.brand_id
LEFT JOIN main.teams AS tm ON tm.source_id = t.source_id AND tm.id = l.team
LEFT JOIN main.teams AS st ON st.source_id = t.source_id AND st.id = l.solved_team
LEFT JOIN main.agents AS a ON a.source_id = t.source_id AND a.id = l.assignee
LEFT JOIN main.agents AS sa ON sa.source_id = t.source_id AND sa.id = l.solved_assignee
"""


def tags(table: str, ticket_facts: str) -> str:
    """Return the statement that builds `tag_facts`: the tags on a ticket now, as its source says."""
    return f"""
INSERT OR IGNORE INTO {table} (source_id, ticket_id, tag)
SELECT f.source_id, f.ticket_id, CAST(j.value AS TEXT)
FROM temp.stale AS s
JOIN {ticket_facts} AS f ON f.source_id = s.source_id AND f.ticket_id = s.ticket_id
JOIN main.tickets AS t ON t.source_id = s.source_id AND t.id = s.ticket_id
JOIN json_each(t.tags) AS j
WHERE t.tags IS NOT NULL
"""


def messages(table: str, ticket_facts: str) -> str:
    """Return the statement that builds `message_facts`."""
    own = {
        "team": "CASE WHEN m.kind IN ('reply', 'note') THEN coalesce(m.author_team, f.team) ELSE f.team END",
        "agent": "CASE WHEN m.kind IN ('reply', 'note') THEN m.author ELSE f.agent END",
    }
    return f"""
INSERT INTO {table} (source_id, message_id, ticket_id, {", ".join(DIMENSIONS)}, kind, sent_at, sent_day)
SELECT m.source_id, m.message_id, m.ticket_id, {_dimensions(own)}, m.kind, m.sent_at, {local_day("m.sent_at")}
FROM temp.stage_messages AS m
JOIN {ticket_facts} AS f ON f.source_id = m.source_id AND f.ticket_id = m.ticket_id
"""


def replies(table: str, ticket_facts: str) -> str:
    """Return the statement that builds `reply_facts`: customer turns, and the human reply that ends each.

    At one instant a customer's message comes before a reply, so that no reply answers what it can't have seen.
    """
    own = {"team": "coalesce(r.author_team, f.team)", "agent": "coalesce(r.author, f.agent)"}
    return f"""
INSERT INTO {table} (source_id, ticket_id, turn, {", ".join(DIMENSIONS)}, message_id,
  asked_at, asked_day, replied_at, replied_day, response_ms)
WITH ordered AS (
  SELECT source_id, ticket_id, message_id, sent_at, author, author_team, kind,
    count(CASE WHEN kind = 'reply' THEN 1 END) OVER (
      PARTITION BY source_id, ticket_id ORDER BY sent_at, kind = 'reply', length(message_id), message_id
      ROWS UNBOUNDED PRECEDING) AS replies
  FROM temp.stage_messages WHERE kind IN ('customer', 'reply')
),
asked AS (
  SELECT source_id, ticket_id, replies AS turn, min(sent_at) AS asked_at
  FROM ordered WHERE kind = 'customer' GROUP BY source_id, ticket_id, replies
),
reply AS (
  SELECT source_id, ticket_id, replies - 1 AS turn, message_id, sent_at, author, author_team
  FROM ordered WHERE kind = 'reply'
)
SELECT q.source_id, q.ticket_id, q.turn, {_dimensions(own)}, r.message_id,
  q.asked_at, {local_day("q.asked_at")}, r.sent_at, {local_day("r.sent_at")}, r.sent_at - q.asked_at
FROM asked AS q
JOIN {ticket_facts} AS f ON f.source_id = q.source_id AND f.ticket_id = q.ticket_id
LEFT JOIN reply AS r ON r.source_id = q.source_id AND r.ticket_id = q.ticket_id AND r.turn = q.turn
"""


def dimensions_of(fact: str, target: Callable[[str], str]) -> str:
    """Return the statement that fills the dimensions of spans or status changes of the stale tickets."""
    table = target(fact)
    plain = [name for name in DIMENSIONS if name not in ("team", "agent", "priority")]
    sets = [f"{name} = f.{name}" for name in plain]
    if fact == "unsolved_spans":
        lookup = "SELECT t.name FROM main.teams AS t WHERE t.source_id = f.source_id AND t.id = {table}.team"
        key = (
            "SELECT nullif(lower(trim(a.email)), '') FROM main.agents AS a"
            " WHERE a.source_id = f.source_id AND a.id = {table}.agent"
        )
        bare = table.split(".")[-1]
        sets += [
            f"team = coalesce(({lookup.format(table=bare)}), {bare}.team)",
            f"agent = CASE WHEN {bare}.agent IS NOT NULL THEN"
            f" coalesce(({key.format(table=bare)}), f.source_id || ':' || {bare}.agent) END",
            "created_at = f.created_at",
        ]
    else:
        sets += ["team = f.team", "agent = f.agent", "priority = f.priority", f"day = {local_day('at')}"]
    bare = table.split(".")[-1]
    return f"""
UPDATE {table} SET {", ".join(sets)}
FROM temp.stale AS s JOIN {target("ticket_facts")} AS f ON f.source_id = s.source_id AND f.ticket_id = s.ticket_id
WHERE {bare}.source_id = s.source_id AND {bare}.ticket_id = s.ticket_id
"""


def waiting(ticket_facts: str, reply_facts: str) -> str:
    """Return the statement that notes since when an unsolved ticket's customer waits for a human."""
    bare = ticket_facts.split(".")[-1]
    return f"""
UPDATE {ticket_facts} SET waiting_since_at = r.asked_at
FROM temp.stale AS s JOIN {reply_facts} AS r ON r.source_id = s.source_id AND r.ticket_id = s.ticket_id
WHERE {bare}.source_id = s.source_id AND {bare}.ticket_id = s.ticket_id
  AND r.replied_at IS NULL AND {bare}.solved_at IS NULL
"""


def contacts(ticket_facts: str, known: str, only: str, until: str) -> str:
    """Return the statement that links each ticket to the person's contacts before and after it.

    `known` is the table that holds all their tickets, `only` a condition on the rows to update, `until` an
    instant after which a contact isn't known yet.
    """
    bare = ticket_facts.split(".")[-1]
    place = f"({bare}.created_at, {bare}.source_id, {bare}.ticket_id)"
    other = f"FROM {known} AS p WHERE p.person = {bare}.person AND p.excluded IS NULL"
    return f"""
UPDATE {ticket_facts} SET
  previous_contact_at = (SELECT max(p.created_at) {other} AND p.created_at <= {bare}.created_at
    AND (p.created_at, p.source_id, p.ticket_id) < {place}),
  next_contact_at = (SELECT min(p.created_at) {other} AND p.created_at >= {bare}.created_at
    AND p.created_at < {until} AND (p.created_at, p.source_id, p.ticket_id) > {place})
WHERE {only}
"""


def customers(ticket_facts: str, only: str) -> str:
    """Return the statement that tells new customers from returning ones."""
    return f"""
UPDATE {ticket_facts} SET customer = CASE WHEN person IS NULL THEN NULL
  WHEN previous_contact_at IS NULL THEN 'new' ELSE 'returning' END
WHERE {only}
"""


def _dimensions(own: dict[str, str]) -> str:
    return ", ".join(own.get(name, f"f.{name}") for name in DIMENSIONS)
