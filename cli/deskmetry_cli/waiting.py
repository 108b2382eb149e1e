"""Waiting: whose customer waits for a human, as of the last sync."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING

from deskmetry.calendar import zone
from deskmetry.errors import UnknownSource
from deskmetry.records import from_milliseconds

from .output import SCHEMA_VERSION, Table
from .text import duration, instant, number

if TYPE_CHECKING:
    from deskmetry.settings import Settings

_WAITING = """
SELECT f.source, f.ticket_id, t.subject, coalesce(c.name, c.email, t.requester_id), f.channel, f.team,
  coalesce(a.name, a.email, t.assignee_id), f.waiting_since_at, f.status, t.link, s.complete_until_at
FROM ticket_facts AS f
JOIN sources AS s ON s.id = f.source_id
JOIN tickets AS t ON t.source_id = f.source_id AND t.id = f.ticket_id
LEFT JOIN customers AS c ON c.source_id = t.source_id AND c.id = t.requester_id
LEFT JOIN agents AS a ON a.source_id = t.source_id AND a.id = t.assignee_id
WHERE f.waiting_since_at IS NOT NULL AND f.excluded IS NULL AND f.deleted_at IS NULL AND f.reply_elsewhere = 0
ORDER BY f.waiting_since_at, f.source, f.ticket_id
"""
_WITH_TICKETS = "SELECT name FROM sources WHERE coalesce(json_extract(capabilities, '$.tickets'), 1)"


def waiting_table(
    connection: sqlite3.Connection, settings: Settings, sources: Sequence[str], limit: int
) -> Table:
    """Return the tickets whose customer waits for a human, longest first, as of each source's last sync."""
    known = dict(connection.execute("SELECT name, complete_until_at FROM sources ORDER BY name"))
    for name in sources:
        if name not in known:
            raise UnknownSource(name, known)
    local = zone(settings.timezone)
    rows = [row for row in connection.execute(_WAITING) if not sources or row[0] in sources]
    data, shown = [], []
    hidden = settings.agents == "hidden"
    for source, ticket, subject, customer, channel, team, agent, since, status, link, until in rows[:limit]:
        waited = until - since
        agent = "(hidden)" if hidden and agent else agent
        data.append(
            {
                "source": source, "ticket": ticket, "subject": subject, "customer": customer,
                "channel": channel, "team": team, "agent": agent, "status": status, "link": link,
                "waiting_since": from_milliseconds(since).isoformat(), "waited_ms": waited,
                "as_of": from_milliseconds(until).isoformat(),
            }
        )  # fmt: skip
        shown.append(
            [duration(waited), instant(from_milliseconds(since), local), source, subject or "(no subject)",
             customer or "", channel or "", agent or "nobody", ticket]
        )  # fmt: skip
    columns = ("waited", "since", "source", "subject", "customer", "channel", "agent", "ticket")
    wait = "waits" if len(rows) == 1 else "wait"
    shown_of = f", {number(limit)} are shown (--limit)" if len(rows) > limit else ""
    notes = [f"{number(len(rows))} {wait} in all{shown_of}."]
    concerned = set(sources) or {name for (name,) in connection.execute(_WITH_TICKETS)}
    ends = {name: until for name, until in known.items() if until and name in concerned}
    notes += [f"{name} as of {instant(from_milliseconds(until), local)}." for name, until in ends.items()]
    unread = [name for name, until in known.items() if until is None and name in concerned]
    notes += [f"{name} is left out: it was never synced completely." for name in unread]
    return Table(
        columns,
        shown,
        data,
        frozenset({"waited"}),
        solid=frozenset({"since", "source", "channel"}),
        cut=frozenset({"subject", "customer", "agent", "ticket"}),
        spare=("ticket", "channel", "source"),
        title=["Customers who wait for an answer, longest first"],
        notes=notes if rows or unread else (),
        whole={"schema_version": SCHEMA_VERSION, "total": len(rows), "left_out": unread, "rows": data},
        empty="Nobody waits.",
    )
