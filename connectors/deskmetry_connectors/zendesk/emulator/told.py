"""Told: an emulated account from a story that somebody else tells, as plain data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from .chat import Chat
from .company import RULE, SYSTEM, Company
from .data import Audit, Comment, Json, Rating, Ticket, User
from .rows import iso
from .server import Emulator
from .talk import FINISHED_AFTER, Call

_CHANGES = ("status", "assignee", "team", "tags")
_FIELDS = {"assignee": ("assignee", "assignee_id"), "team": ("group", "group_id")}
_ROLES = {"customer": "end-user", "bot": "agent"}  # a bot works with the account of an agent
_VIA = {"email": "email", "web": "web", "chat": "chat", "phone": "voice"}


@contextmanager
def serve(story: Mapping[str, Any], port: int = 0) -> Iterator[str]:
    """Serve an account on loopback while the `with` lasts; yields its address.

    story: `token` that opens it; `now`; `company`; `teams` (id, name); `people` (id, name, email, role, team,
    since, left); `tickets` (id, requester, subject, channel, priority, updates, survey). An update is what
    happened at once: `at`, `by` (None for a rule), and any of `say` with `public`, `status`, `assignee`,
    `team`, `tags`, `merged_into`, `deleted`, `scrubbed`, `message_id` of the mail that was said. The first
    one of a chat or a call says nothing: it is a notice, with the `call` (call_id, answered_by_id,
    call_duration) that it is about.
    A survey: `offered`, `answered`, `score`, `comment`.
    `chats` of Zendesk Chat (id, customer, began, ended, updates, and any of: ticket, team, missed, page,
    referrer, tags), whose updates are `at` and `by` with `join`, `say` or `rate` (`good`, `bad`) and
    `comment`, or `goal`; `calls` of Talk (id, customer, began, status, duration, and any of: ticket, agent,
    team, direction, answer, wait, talk, wrap_up, voicemail). Both need no ticket.
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
    teams = {row["id"]: row["name"] for row in story["teams"]}
    for row in story.get("chats", ()):
        _chat(company, row, teams)
    for row in story.get("calls", ()):
        _call(company, row)
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
    if "say" in first:
        _say(company, audit, who, first)
    else:
        _notice(company, audit, ticket, first.get("call"))
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
    # What is said in a chat is in no comment; comments on its ticket are written in the agents' workspace.
    channel = "web" if ticket.channel == "chat" else ticket.channel
    via = RULE if author is None else {"channel": channel, "source": {"from": {}, "to": {}, "rel": None}}
    writer = SYSTEM if author is None else author
    public = update.get("public", True)
    comment = Comment(company.new_id(), ticket.id, writer, audit.at, update["say"], public, via)
    if update.get("message_id"):
        user = company.users[writer]
        comment.message_id, comment.sender = update["message_id"], {"address": user.email, "name": user.name}
        comment.via = None
    audit.comments.append(comment)


def _notice(company: Company, audit: Audit, ticket: Ticket, call: Json | None) -> None:
    """Have Zendesk say in the customer's name that there was a chat or a call."""
    via = {"channel": ticket.channel, "source": {"from": {}, "to": {}, "rel": None}}
    words = ticket.subject if call is None else ""
    notice = Comment(company.new_id(), ticket.id, ticket.requester, audit.at, words, call is not None, via)
    if call is not None:
        notice.kind, notice.call = "VoiceComment", call
    audit.comments.append(notice)


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


def _chat(company: Company, row: Json, teams: Mapping[int, str]) -> None:
    user = company.users.get(row["customer"])
    known = {"name": user.name, "email": user.email} if user else {"name": "Visitor", "email": ""}
    chat = Chat(str(row["id"]), row["began"], row["began"], {"id": f"1.{row['id']}", "phone": ""} | known)
    company.chats[chat.id] = chat
    chat.tags, chat.missed = list(row.get("tags", ())), bool(row.get("missed"))
    if row.get("team") is not None:
        chat.department = row["team"], teams[row["team"]]
    if row.get("page") is not None:
        visit = {"from": row.get("referrer"), "to": row["page"], "title": "", "timestamp": iso(row["began"])}
        chat.webpath.append(visit)
    chat.add("chat.memberjoin", row["began"], "visitor", name=known["name"])
    for update in row["updates"]:
        _line(chat, update, row["customer"])
    chat.ended = row.get("ended")
    if chat.ended is not None:
        chat.updated = max(chat.updated, chat.ended)
    if row.get("ticket") is not None:
        chat.link(row["ticket"], chat.updated)


def _line(chat: Chat, update: Json, customer: int | None) -> None:
    at, by = update["at"], update.get("by")
    who = "visitor" if by == customer else "agent:trigger" if by is None else f"agent:{by}"
    if "join" in update:
        chat.join(int(update["by"]), at)
    elif "rate" in update:
        chat.rate(update["rate"], at, update.get("comment"))
    elif "goal" in update:
        chat.convert(f"{chat.id}.{len(chat.conversions)}", update["goal"], at)
    else:
        chat.say(who, at, update["say"])


def _call(company: Company, row: Json) -> None:
    spans = ("answer", "wait", "talk", "wrap_up", "voicemail", "direction", "agent", "ticket")
    more = {name: row[name] for name in spans if name in row}
    changed = min(row["began"] + row["duration"] + FINISHED_AFTER, company.now)
    company.calls[row["id"]] = Call(
        row["id"], row["began"], changed, row["customer"], group=row.get("team"), status=row["status"],
        duration=row["duration"], **more,
    )  # fmt: skip
