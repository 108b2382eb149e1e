"""Told: an emulated account from a story that somebody else tells, as plain data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from .company import RULE, SYSTEM, Company
from .data import Audit, Comment, Json, Rating, Ticket, User
from .server import Emulator

_CHANGES = ("status", "assignee", "team", "tags")
_FIELDS = {"assignee": ("assignee", "assignee_id"), "team": ("group", "group_id")}
_ROLES = {"customer": "end-user", "bot": "agent"}  # a bot works with the account of an agent
_VIA = {"email": "email", "web": "web", "chat": "chat"}


@contextmanager
def serve(story: Mapping[str, Any], port: int = 0) -> Iterator[str]:
    """Serve an account on loopback while the `with` lasts; yields its address.

    story: `token` that opens it; `now`; `company`; `teams` (id, name); `people` (id, name, email, role, team,
    since, left); `tickets` (id, requester, subject, channel, priority, updates, survey). An update is what
    happened at once: `at`, `by` (None for a rule), and any of `say` with `public`, `status`, `assignee`,
    `team`, `tags`, `merged_into`, `deleted`, `scrubbed`. A survey: `offered`, `answered`, `score`, `comment`.
    Instants are Unix seconds. Raises OSError if the port is taken.
    """
    with Emulator(account(story), port=port, token=story["token"]) as server:
        yield server.url


def account(story: Mapping[str, Any]) -> Company:
    """Return the account that a story tells of."""
    company = Company(now=story["now"])
    stamp = {"created_at": "2024-01-01T00:00:00Z", "updated_at": "2024-01-01T00:00:00Z"}
    company.brands = [{"id": 1, "name": story["company"], "is_deleted": False} | stamp]
    company.groups = [
        {"id": row["id"], "name": row["name"], "deleted": False} | stamp for row in story["teams"]
    ]
    for row in story["people"]:
        _join(company, row)
    for row in story["tickets"]:
        _ticket(company, row)
    return company


def _join(company: Company, row: Json) -> None:
    role = str(_ROLES.get(row["role"], row["role"]))
    user = User(row["id"], row["name"], row["email"], row["since"], row["since"], role)
    company.users[user.id] = user
    if row.get("left") is not None:
        company.leave(user, row["left"])


def _ticket(company: Company, row: Json) -> None:
    first, *updates = row["updates"]
    at, who = first["at"], row["requester"]
    channel = _VIA[row["channel"]]
    ticket = Ticket(
        row["id"], who, at, at, at, row["subject"], who, channel, first["status"], priority=row["priority"]
    )
    company.tickets[ticket.id] = ticket
    audit = company.audit(ticket, at, who)
    _say(company, audit, who, first)
    for name in ("status", "priority"):
        value = getattr(ticket, name)
        if value is not None:
            audit.events.append({"id": company.new_id(), "event_type": "Create", name: value})
    for update in updates:
        _update(company, ticket, update)
    survey = row.get("survey")
    if survey is not None:
        _survey(company, ticket, survey)


def _update(company: Company, ticket: Ticket, update: Json) -> None:
    at, by = update["at"], update["by"]
    if "scrubbed" in update:
        company.scrub(ticket, at)
    elif "deleted" in update:
        company.delete(ticket, by, at)
    elif "merged_into" in update:
        company.merge(ticket, company.tickets[update["merged_into"]], by, at)
    else:
        audit = company.audit(ticket, at, SYSTEM if by is None else by, via="Rule" if by is None else None)
        if "say" in update:
            _say(company, audit, by, update)
        for name in _CHANGES:
            if name in update:
                _change(company, audit, ticket, name, update[name])


def _say(company: Company, audit: Audit, author: int | None, update: Json) -> None:
    ticket = company.tickets[audit.ticket]
    via = (
        RULE if author is None else {"channel": ticket.channel, "source": {"from": {}, "to": {}, "rel": None}}
    )
    writer = SYSTEM if author is None else author
    public = update.get("public", True)
    comment = Comment(company.new_id(), ticket.id, writer, audit.at, update["say"], public, via)
    audit.comments.append(comment)


def _change(company: Company, audit: Audit, ticket: Ticket, name: str, value: Any) -> None:
    attribute, key = _FIELDS.get(name, (name, name))
    old = getattr(ticket, attribute)
    if old == value:
        return
    setattr(ticket, attribute, value)
    event = {"id": company.new_id(), "event_type": "Change", key: value, "previous_value": old}
    if name == "tags":
        event |= {
            "added_tags": [tag for tag in value if tag not in old],
            "removed_tags": [tag for tag in old if tag not in value],
        }
    audit.events.append(event)


def _survey(company: Company, ticket: Ticket, survey: Json) -> None:
    key = company.new_id()
    offered = survey["offered"]
    rating = Rating(key, ticket.id, ticket.requester, ticket.assignee, offered, offered)
    company.ratings[key] = rating
    if "score" in survey:
        company.rate(rating, survey["score"], survey["answered"], survey.get("comment"))
