"""Told: an emulated workspace from a story that somebody else tells, as plain data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from .company import DAY, FIN, OPERATOR, Company
from .data import Contact, Conversation, Json
from .server import Emulator

_CHANNELS = {"chat": "conversation", "web": "conversation", "email": "email", "phone": "phone_call"}
_CLOSED = frozenset({"closed", "solved"})
_SNOOZED = frozenset({"snoozed", "pending", "hold"})
_SCORES = {"good": 5, "bad": 1}
_STAFF = frozenset({"admin", "agent"})
_LONG_AGO = 200 * DAY  # when people came of whom nothing else is said


@contextmanager
def serve(story: Mapping[str, Any], port: int = 0) -> Iterator[str]:
    """Serve a workspace on loopback while the `with` lasts; yields its address.

    story: `token` that opens it; `now`; `teams` (id, name); `people` (id, name, email, role: customer, lead,
    agent, admin or bot; phone; since; `left` of agents whom the list doesn't have any more); `tickets` (id,
    requester, subject, channel: chat, email, phone or a word of Intercom's; page, updates, survey). An update
    is what happened at once: `at`, `by` (None for Operator, which is a program), and any of `say` with
    `public`, `assignee`, `team`, `tags` (all of them then) and `status` (open, closed or solved, snoozed,
    pending or hold); the first one is what began the conversation. A survey: `offered`, and `answered`,
    `score` (good, bad, 1 to 5) and `comment`. Instants are Unix seconds, ids of staff and teams numbers. What
    Intercom doesn't tell is left out: merges, deletions. Raises OSError if the port is taken.
    """
    with Emulator(account(story), port=port, token=story["token"]) as server:
        yield server.url


def account(story: Mapping[str, Any]) -> Company:
    """Return the workspace that a story tells of."""
    company = Company(now=story["now"])
    company.teams = [{"id": str(row["id"]), "name": row["name"]} for row in story.get("teams", ())]
    authors = {row["id"]: _join(company, row) for row in story["people"]}
    for row in story["tickets"]:
        _ticket(company, row, authors)
    return company


def _join(company: Company, row: Json) -> Json:
    """Add somebody; returns how they are named as an author."""
    named = {"name": row["name"], "email": row["email"]}
    role, key, since = row["role"], row["id"], row.get("since", company.now - _LONG_AGO)
    if role == "bot":
        return FIN | {"id": str(key), **named}
    if role in _STAFF:
        if row.get("left") is None:
            company.admins[key] = named
        return {"type": "admin", "id": str(key), **named}
    known = Contact(
        str(key),
        row["name"],
        row["email"],
        since,
        since,
        "lead" if role == "lead" else "user",
        row.get("phone"),
    )
    company.contacts[known.id] = known
    return known.author


def _ticket(company: Company, row: Json, authors: Mapping[Any, Json]) -> None:
    first, *updates = row["updates"]
    requester = company.contacts[str(row["requester"])]
    author = authors[first.get("by", row["requester"])]
    channel, by_staff = str(row["channel"]), author["type"] == "admin"
    one = company.open(
        requester, first["at"], first["say"], _CHANNELS.get(channel, channel),
        "admin_initiated" if by_staff else "customer_initiated", author if by_staff else None,
        title=row.get("subject"),
    )  # fmt: skip
    del company.conversations[one.id]
    one.id = str(row["id"])
    company.conversations[one.id] = one
    one.source["url"] = row.get("page")
    _change(company, one, first, author)
    for update in updates:
        by = update.get("by", row["requester"])
        who = OPERATOR if by is None else authors[by]
        if "say" in update:
            _say(company, one, update, who)
        _change(company, one, update, who)
    if row.get("survey"):
        _survey(company, one, row["survey"])


def _say(company: Company, one: Conversation, update: Json, who: Json) -> None:
    at, words = update["at"], update["say"]
    if who["type"] in ("user", "lead"):
        company.ask(one, at, words)
    elif update.get("public", True):
        company.reply(one, who, at, words)
    else:
        company.note(one, who, at, words)


def _change(company: Company, one: Conversation, update: Json, who: Json) -> None:
    at = update["at"]
    if "team" in update:
        company.assign(one, who, at, update["team"] or 0, "team")
    if "assignee" in update:
        company.assign(one, who, at, update["assignee"] or 0)
    for name in update.get("tags", ()):
        if name not in {tag["name"] for tag in one.tags}:
            company.tag(one, name, at)
    if "tags" in update:
        one.tags = [tag for tag in one.tags if tag["name"] in update["tags"]]
    status = update.get("status")
    if status in _CLOSED and one.state != "closed":
        company.close(one, who, at)
    elif status in _SNOOZED and one.state != "snoozed":
        company.snooze(one, who, at)
    elif status in ("new", "open") and one.state != "open":
        company.add(one, "open", who, at, state="open")


def _survey(company: Company, one: Conversation, survey: Json) -> None:
    company.offer(one, survey["offered"], one.admin or 0)
    if "score" in survey:
        told = survey["score"]
        score = _SCORES[told] if told in _SCORES else int(told)
        company.rate(one, score, survey["answered"], survey.get("comment"))
