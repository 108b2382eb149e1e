"""Plain: counts and look-ups beside the exports, which leave out archived tickets."""

from __future__ import annotations

from .company import DAY, Company
from .data import Json, Ticket
from .rows import iso, ticket_row

_ARCHIVED_AFTER = 120 * DAY


def count_of(company: Company, kind: str) -> Json:
    """Return the answer of `/tickets/count` or `/users/count`: neither archived nor deleted ones count."""
    if kind == "users":
        value = sum(user.active for user in company.users.values())
    else:
        value = sum(_listed(company, one) for one in company.tickets.values())
    return {"count": {"value": value, "refreshed_at": iso(company.now)}}


def many(company: Company, ids: str) -> Json:
    """Return the answer of `/tickets/show_many`; deleted tickets and unknown ids are left out."""
    wanted = [int(key) for key in ids.split(",")[:100] if key.isdecimal()]
    found = [company.tickets[key] for key in wanted if key in company.tickets]
    rows = [ticket_row(one, set()) for one in found if one.status != "deleted"]
    return {"tickets": rows, "count": len(rows), "next_page": None, "previous_page": None}


def _listed(company: Company, ticket: Ticket) -> bool:
    archived = ticket.status == "closed" and ticket.updated < company.now - _ARCHIVED_AFTER
    return ticket.status != "deleted" and not archived and not ticket.ai_agent
