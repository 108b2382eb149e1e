"""Sla: what an emulated account measures of its service levels, worked out from what happened."""

from __future__ import annotations

import base64
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from .data import Json, Ticket
from .rows import iso

if TYPE_CHECKING:
    from .company import Company

Row = tuple[int, int, Any]  # instant, id, what it is
_SLOTS = 16  # events that a ticket may have


def page(rows: Sequence[Row], query: dict[str, str], start: int) -> Json:
    """Return a page of metric events by cursor, out of all of them by instant and id."""
    size = min(int(query.get("page[size]", "100")), 1000)
    first = bisect_left(rows, start, key=itemgetter(0))
    begin = int(base64.b64decode(query["page[after]"])) if "page[after]" in query else first
    after = base64.b64encode(str(begin + size).encode()).decode()
    return {
        "ticket_metric_events": [row[2] for row in rows[begin : begin + size]],
        "meta": {"has_more": begin + size < len(rows), "after_cursor": after, "before_cursor": None},
        "links": {"next": f"https://elsewhere.example/api/v2/incremental.json?page[after]={after}"},
    }


def metric_events(company: Company) -> list[Row]:
    """Return what is measured of the first replies to tickets, breaches to come too."""
    # What was measured stays measured, whatever became of the ticket and of who said what in it.
    hidden = {event.get("comment_id") for audit in company.audits for event in audit.events}
    priorities: dict[int, str] = {}
    replies: dict[int, int] = {}
    for audit in company.audits:
        for event in audit.events:
            if event.get("event_type") == "Create" and "priority" in event:
                priorities[audit.ticket] = event["priority"]
        requester = company.tickets[audit.ticket].requester
        for one in audit.comments:
            if (one.public or one.id in hidden) and one.via is None and one.author not in (requester, -1):
                replies[one.ticket] = min(one.at, replies.get(one.ticket, one.at))
    found = ((company.tickets[key], _target(company, priority)) for key, priority in priorities.items())
    return [row for one, sla in found if sla for row in _measured(one, sla, replies.get(one.id))]


def _measured(ticket: Ticket, sla: Json, replied: int | None) -> Iterator[Row]:
    """Yield what was measured of a ticket with a target.

    The clock starts, gets its target and a status in one second; it ends with the first public reply.
    """
    due = ticket.created + sla["target_in_seconds"]
    events: list[tuple[int, int, str, Json]] = [
        (0, ticket.created, "activate", {}),
        (1, ticket.created, "apply_sla", {"sla": sla}),
        (2, ticket.created, "update_status", {"status": {"calendar": 0, "business": 0}}),
    ]
    if replied is None or replied > due:
        events.append((3, due, "breach", {}))
    if replied is not None:
        minutes = (replied - ticket.created) // 60
        status = {"status": {"calendar": minutes, "business": minutes}}
        events += [(4, replied, "fulfill", {}), (5, replied, "update_status", status)]
    for place, at, kind, more in events:
        key: Json = {"id": ticket.id * _SLOTS + place, "ticket_id": ticket.id, "metric": "reply_time"}
        yield at, key["id"], key | {"instance_id": 1, "type": kind, "time": iso(at), "deleted": False} | more


def _target(company: Company, priority: str) -> Json | None:
    """Return the promise of the first policy that has a target for a priority."""
    for policy in company.sla_policies:
        for target in policy["policy_metrics"]:
            if target["metric"] == "first_reply_time" and target["priority"] == priority:
                told = {"id": policy["id"], "title": policy["title"], "description": None}
                same = {name: target[name] for name in ("target", "target_in_seconds", "business_hours")}
                return same | {"policy": told}
    return None
