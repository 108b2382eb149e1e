"""SQL: the statements that write facts, from the stages and the records of the tickets in `temp.stale`."""

from __future__ import annotations

from .mirrors import HELD
from .people import own_key
from .stages import agent_key

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


def local_day(instant: str) -> str:
    """Return SQL for the local day of an instant in the configured zone, days since 1970."""
    offset = (
        f"(SELECT offset_ms FROM main.utc_offsets WHERE from_at <= {instant} ORDER BY from_at DESC LIMIT 1)"
    )
    return f"({instant} + {offset}) / 86400000"


# Aliases: l history, x stale, t ticket, s source, n counts, f first turn, w waiting turn, c customer, p the
# person of a joined customer, o organization, b brand, q sessions, i mirrors, tm and a team and agent now, ft
# and fa at the first solve, st and sa at the last.
_TICKET_DIMENSIONS = {
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
    "excluded": f"""CASE
        WHEN t.merged_into IS NOT NULL THEN 'merged'
        WHEN t.spam THEN 'spam'
        WHEN t.nature <> 'request' THEN t.nature
        WHEN t.deleted_at < x.cutoff AND (l.first_solved_at IS NULL OR l.first_solved_at > t.deleted_at)
          THEN 'deleted'
        WHEN i.held_ticket IS NOT NULL THEN '{HELD}' END""",
    "held_source": "i.held_source",
    "held_ticket": "i.held_ticket",
    "organization": "o.name",
    "type": "t.type",
    "language": "coalesce(t.language, c.language)",
    "segment": "coalesce(c.segment, o.segment)",
    "country": "c.country",
    "person": f"""CASE WHEN t.requester_id IS NOT NULL THEN
        coalesce(p.person, {own_key("t.source_id", "t.requester_id")}) END""",
    "fields": "t.custom_fields",
    "status": "l.status",
    "status_how": "l.status_how",
    "resolved_by": """CASE WHEN l.solved_at IS NOT NULL THEN coalesce(t.resolved_by, CASE
        WHEN n.human_replies > 0 OR q.accepted > 0 THEN 'human'
        WHEN n.bot_replies > 0 THEN 'bot' ELSE 'nobody' END) END""",
    "first_agent": "f.author",
    "first_team": "CASE WHEN f.replied_at IS NOT NULL THEN coalesce(f.author_team, tm.name, l.team) END",
    "first_solved_agent": agent_key("fa", "t.source_id", "l.first_solved_assignee"),
    "first_solved_team": "coalesce(ft.name, l.first_solved_team)",
    "solved_agent": agent_key("sa", "t.source_id", "l.solved_assignee"),
    "solved_team": "coalesce(st.name, l.solved_team)",
}
_TICKET_NUMBERS = {
    "created_at": "t.created_at",
    "created_day": local_day("t.created_at"),
    "first_customer_at": "n.first_customer_at",
    "first_replied_at": "f.replied_at",
    "first_replied_day": local_day("f.replied_at"),
    "first_solved_at": "l.first_solved_at",
    "first_solved_day": local_day("l.first_solved_at"),
    "solved_at": "l.solved_at",
    "solved_day": local_day("l.solved_at"),
    "assumed_at": "l.assumed_at",
    "assumed_from_at": "l.assumed_from_at",
    "reopened_at": "l.reopened_at",
    "waiting_since_at": "CASE WHEN l.solved_at IS NULL THEN w.asked_at END",
    "last_customer_at": "n.last_customer_at",
    "last_message_at": "n.last_message_at",
    "deleted_at": "CASE WHEN t.deleted_at < x.cutoff THEN t.deleted_at END",
    "changed_at": """max(l.changed_at, coalesce(n.changed_at, l.changed_at),
        coalesce(q.changed_at, l.changed_at), coalesce(i.changed_at, l.changed_at))""",
    "held_at": "i.changed_at",
    "first_response_ms": "f.replied_at - n.first_customer_at",
    "first_resolution_ms": "max(l.first_solved_at - t.created_at, 0)",
    "resolution_ms": "max(l.solved_at - t.created_at, 0)",
    "reopened_after_ms": "l.reopened_at - l.first_solved_at",
    **{f"{name}_ms": f"l.{name}" for name in ("requester_wait", "agent_wait", "on_hold")},
    **{
        name: f"coalesce(n.{name}, 0)"
        for name in ("customer_messages", "human_replies", "bot_replies", "notes", "repliers")
    },
    "sessions": "coalesce(q.sessions, 0)",
    "accepted_sessions": "coalesce(q.accepted, 0)",
    "teams": "l.teams",
    "solves": "l.solves",
    "reopenings": "l.reopenings",
    "reply_elsewhere": """CASE WHEN t.medium = 'email' AND t.vendor_status = 'answered'
        AND f.replied_at IS NULL THEN 1 ELSE 0 END""",
}


def tickets(table: str) -> str:
    """Return the statement that builds `ticket_facts`."""
    columns = _TICKET_DIMENSIONS | _TICKET_NUMBERS
    return f"""
INSERT INTO {table} ({", ".join(columns)})
SELECT {", ".join(f"{expression} AS {name}" for name, expression in columns.items())}
FROM temp.stage_lines AS l
CROSS JOIN temp.stale AS x ON x.source_id = l.source_id AND x.ticket_id = l.ticket_id
CROSS JOIN main.tickets AS t ON t.source_id = l.source_id AND t.id = l.ticket_id
JOIN main.sources AS s ON s.id = t.source_id
LEFT JOIN temp.stage_counts AS n ON n.source_id = l.source_id AND n.ticket_id = l.ticket_id
LEFT JOIN temp.stage_lives AS q ON q.source_id = l.source_id AND q.ticket_id = l.ticket_id
LEFT JOIN temp.stage_mirrors AS i ON i.source_id = l.source_id AND i.ticket_id = l.ticket_id
LEFT JOIN temp.stage_turns AS f ON f.source_id = l.source_id AND f.ticket_id = l.ticket_id AND f.turn =
  (SELECT min(turn) FROM temp.stage_turns WHERE source_id = l.source_id AND ticket_id = l.ticket_id)
LEFT JOIN temp.stage_turns AS w
  ON w.source_id = l.source_id AND w.ticket_id = l.ticket_id AND w.turn = n.human_replies
LEFT JOIN main.customers AS c ON c.source_id = t.source_id AND c.id = t.requester_id
LEFT JOIN main.people AS p ON p.source_id = t.source_id AND p.customer_id = t.requester_id
LEFT JOIN main.organizations AS o
  ON o.source_id = t.source_id AND o.id = coalesce(t.organization_id, c.organization_id)
LEFT JOIN main.brands AS b ON b.source_id = t.source_id AND b.id = t.brand_id
LEFT JOIN main.teams AS tm ON tm.source_id = t.source_id AND tm.id = l.team
LEFT JOIN main.teams AS ft ON ft.source_id = t.source_id AND ft.id = l.first_solved_team
LEFT JOIN main.teams AS st ON st.source_id = t.source_id AND st.id = l.solved_team
LEFT JOIN main.agents AS a ON a.source_id = t.source_id AND a.id = l.assignee
LEFT JOIN main.agents AS fa ON fa.source_id = t.source_id AND fa.id = l.first_solved_assignee
LEFT JOIN main.agents AS sa ON sa.source_id = t.source_id AND sa.id = l.solved_assignee
"""


def tags(table: str, ticket_facts: str) -> str:
    """Return the statement that builds `tag_facts`: the tags on a ticket now, as its source says."""
    return f"""
INSERT OR IGNORE INTO {table} (source_id, ticket_id, tag)
SELECT f.source_id, f.ticket_id, CAST(j.value AS TEXT)
FROM temp.stale AS s
CROSS JOIN {ticket_facts} AS f ON f.source_id = s.source_id AND f.ticket_id = s.ticket_id
CROSS JOIN main.tickets AS t ON t.source_id = s.source_id AND t.id = s.ticket_id
JOIN json_each(t.tags) AS j
WHERE t.tags IS NOT NULL
"""


def messages(table: str, ticket_facts: str) -> str:
    """Return the statement that builds `message_facts`."""
    own = {
        "team": "CASE WHEN m.kind IN ('reply', 'note') THEN coalesce(m.author_team, f.team) ELSE f.team END",
        "agent": "CASE WHEN m.kind IN ('reply', 'note') THEN m.author ELSE f.agent END",
    }
    columns = {
        **dict.fromkeys(("source_id", "message_id", "ticket_id"), "m.{name}"),
        **dimensions(own),
        **dict.fromkeys(("kind", "sent_at"), "m.{name}"),
        "sent_day": local_day("m.sent_at"),
    }
    found = from_stage(table, columns, "stage_messages AS m", ticket_facts)
    return f"{found} WHERE m.kind NOT IN ('later', 'deleted')"


def replies(table: str, ticket_facts: str) -> str:
    """Return the statement that builds `reply_facts`."""
    columns = {
        **dict.fromkeys(("source_id", "ticket_id", "turn"), "m.{name}"),
        **dimensions({"team": "coalesce(m.author_team, f.team)", "agent": "coalesce(m.author, f.agent)"}),
        **dict.fromkeys(("message_id", "asked_at", "replied_at"), "m.{name}"),
        "asked_day": local_day("m.asked_at"),
        "replied_day": local_day("m.replied_at"),
        "response_ms": "m.replied_at - m.asked_at",
    }
    return from_stage(table, columns, "stage_turns AS m", ticket_facts)


def spans(table: str, ticket_facts: str) -> str:
    """Return the statement that builds `unsolved_spans`."""
    own = {
        "team": "coalesce(tm.name, m.team)",
        "agent": agent_key("a", "m.source_id", "m.assignee"),
        "priority": "m.priority",
    }
    columns = {
        **dict.fromkeys(("source_id", "ticket_id", "number"), "m.{name}"),
        **dimensions(own),
        "created_at": "f.created_at",
        **dict.fromkeys(("from_at", "until_at"), "m.{name}"),
    }
    return f"""{from_stage(table, columns, "stage_spans AS m", ticket_facts)}
LEFT JOIN main.teams AS tm ON tm.source_id = m.source_id AND tm.id = m.team
LEFT JOIN main.agents AS a ON a.source_id = m.source_id AND a.id = m.assignee
"""


def statuses(table: str, ticket_facts: str) -> str:
    """Return the statement that builds `status_facts`."""
    own = ("old", "new", "how", "at", "known_at", "solves", "reopens")
    columns = {
        **dict.fromkeys(("source_id", "ticket_id", "number"), "m.{name}"),
        **dimensions({}),
        **dict.fromkeys(own, "m.{name}"),
        "day": local_day("m.at"),
    }
    return from_stage(table, columns, "stage_changes AS m", ticket_facts)


def dimensions(own: dict[str, str]) -> dict[str, str]:
    """Return the dimensions: a row's own ones, all others from its ticket's facts."""
    return {name: own.get(name, f"f.{name}") for name in DIMENSIONS}


def from_stage(table: str, columns: dict[str, str], stage: str, ticket_facts: str) -> str:
    """Return the statement that writes a stage's rows, each beside its ticket's facts."""
    values = ", ".join(expression.format(name=name) for name, expression in columns.items())
    return f"""
INSERT INTO {table} ({", ".join(columns)})
SELECT {values}
FROM temp.{stage}
CROSS JOIN {ticket_facts} AS f ON f.source_id = m.source_id AND f.ticket_id = m.ticket_id
"""
