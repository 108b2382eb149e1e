"""Told: an emulated account from a story that somebody else tells, as plain data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from .company import Company
from .data import Json, SalesOrder, Ticket
from .faults import Faults
from .server import Emulator

_STATUSES = {
    "new": "Open", "open": "Open", "pending": "Pending", "hold": "Scheduled", "solved": "Closed",
    "closed": "Closed",
}  # fmt: skip
_CHANNELS: Mapping[str, Json] = {
    "web": {"type": "Web Store", "name": "Web shop"},
    "email": {"type": "Email", "name": "Mail"},
    "chat": {"type": "Live Chat", "name": "Chat"},
    "amazon": {"type": "Amazon", "name": "Amazon"},
    "ebay": {"type": "eBay", "name": "eBay"},
}
_SCORES = {"good": "5/5", "bad": "1/5"}


@contextmanager
def serve(story: Mapping[str, Any], port: int = 0) -> Iterator[str]:
    """Serve an account on loopback while the `with` lasts; yields its address.

    story: `token` that opens it; `now`; `people` (id, name, email, role: admin, agent, bot or customer;
    left); `tickets` (id, requester, subject, channel: web, email, chat, amazon or ebay; updates, survey);
    `orders` (id, customer, at, total in major units, currency, status). An update is what happened at once:
    `at`, `by` (None for a rule), and any of `say` with `public`, `status`, `assignee`, `tags`, `deleted`.
    A survey: `answered`, `score` (good, bad, or a text such as 4/5). Instants are Unix seconds. What eDesk
    has no place for is left out: teams, merges. Answers tell of a large limit. Raises OSError if the port is
    taken.
    """
    with Emulator(account(story), Faults(quick=True), port=port, token=story["token"]) as server:
        yield server.url


def account(story: Mapping[str, Any]) -> Company:
    """Return the account that a story tells of."""
    company = Company(now=story["now"])
    shop = {"country": "DE", "currency": "EUR"}
    company.channels = {number: row | shop for number, row in enumerate(_CHANNELS.values(), 1)}
    roles = {row["id"]: row["role"] for row in story["people"]}
    for row in story["people"]:
        _join(company, row)
    for row in story["tickets"]:
        _ticket(company, row, roles)
    for row in story.get("orders", ()):
        company.orders[row["id"]] = SalesOrder(
            row["id"], row["customer"], 1, row["at"], row["total"], row["currency"], row["status"]
        )
    return company


def _join(company: Company, row: Json) -> None:
    if row["role"] == "customer":
        known = {"channel_id": 1, "full_name": row["name"], "email": row["email"]}
        company.contacts[row["id"]] = known | {"phone_number": row.get("phone")}
        return
    active = 0 if row.get("left") is not None else 1
    role = "admin" if row["role"] == "admin" else "agent"
    company.users[row["id"]] = {"name": row["name"], "email": row["email"], "role": role, "active": active}


def _ticket(company: Company, row: Json, roles: Mapping[int, str]) -> None:
    first, *updates = row["updates"]
    kind = "Chat" if row["channel"] == "chat" else "Query"
    channel = list(_CHANNELS).index(row["channel"]) + 1
    ticket = Ticket(row["id"], row["requester"], first["at"], row["subject"], channel, kind)
    company.tickets[ticket.id] = ticket
    for update in (first, *updates):
        if "say" in update:
            _say(company, ticket, update, roles)
        _change(company, ticket, update)
    survey = row.get("survey") or {}
    if "score" in survey:
        body = _SCORES.get(survey["score"], survey["score"])
        company.item(ticket, "Rating", survey["answered"], "Incoming", body, contact=ticket.contact)


def _say(company: Company, ticket: Ticket, update: Json, roles: Mapping[int, str]) -> None:
    by, at, words = update.get("by", ticket.contact), update["at"], update["say"]
    if by is None:
        company.item(ticket, "AutoReply", at, "Outgoing", words)
    elif roles[by] == "customer":
        company.ask(ticket, at, words)
    elif not update.get("public", True):
        company.note(ticket, by, at, words)
    else:
        kind = "AiAutoReplyHandsFree" if roles[by] == "bot" else "Message"
        company.reply(ticket, by, at, words, kind)


def _change(company: Company, ticket: Ticket, update: Json) -> None:
    if "deleted" in update:
        ticket.status = "Archived"
    if "status" in update:
        ticket.status = _STATUSES[update["status"]]
    if "assignee" in update:
        ticket.owner = update["assignee"]
    if "tags" in update:
        known = {name: key for key, name in company.tags.items()}
        for name in update["tags"]:
            if name not in known:
                known[name] = company.new_id("tag", 10)
                company.tags[known[name]] = name
        ticket.tags = [known[name] for name in update["tags"]]
