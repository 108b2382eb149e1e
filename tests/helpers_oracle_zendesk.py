"""Oracle of Zendesk: what happened in an emulated account, from its own objects."""

from __future__ import annotations

from deskmetry_connectors.zendesk.emulator import Company
from deskmetry_connectors.zendesk.emulator.data import Comment
from deskmetry_connectors.zendesk.emulator.data import Ticket as Row
from helpers_oracle import MINUTE, SECOND, Answer, Message, Offer, Status, Ticket, World
from helpers_oracle_zendesk_live import SURVEY, Staff, add_live, add_responses

_MEDIA = {"chat": "chat", "native_messaging": "chat", "voice": "phone"}
_CHANNELS = {"web": "web_form"}
_STATUSES = {"hold": "on_hold"}


def staff_of(company: Company, alone: frozenset[str] = frozenset()) -> Staff:
    """Return who is no customer of a made-up account, by their addresses."""
    agents = [one.id for one in company.users.values() if one.email.endswith("@acme.example")]
    return Staff(frozenset(agents), alone=alone)


def zendesk_world(company: Company, source: str, staff: Staff | None = None) -> World:
    """Return what an account can tell; exports leave the last minute out. staff: by their address else."""
    staff = staff or staff_of(company)
    tickets = {key: _ticket(company, row, source, staff) for key, row in company.tickets.items()}
    world = World({source: company.now * SECOND - MINUTE}, list(tickets.values()))
    latest: dict[int, Answer] = {}
    offered: dict[int, int] = {}
    for rating in sorted(company.ratings.values(), key=lambda one: one.updated):
        offered[rating.ticket] = min(offered.get(rating.ticket, rating.created), rating.created)
        if rating.score in ("good", "bad"):
            points, at = float(rating.score == "good"), rating.updated * SECOND
            latest[rating.ticket] = Answer(source, SURVEY, "csat", at, points, 0, 1, tickets[rating.ticket])
    world.answers = list(latest.values())
    world.offers = [
        Offer(source, SURVEY, "csat", at * SECOND, latest[key].at if key in latest else None, tickets[key])
        for key, at in offered.items()
    ]
    add_responses(world, company, source)
    add_live(world, company, source, staff)
    return world


def _ticket(company: Company, row: Row, source: str, staff: Staff) -> Ticket:
    audits = [one for one in company.audits if one.ticket == row.id]
    changes = [(audit, event) for audit in audits for event in audit.events]
    deleted = [audit.at for audit, event in changes if event.get("status") == "deleted"]
    channel = _CHANNELS.get(row.channel, row.channel)
    return Ticket(
        source, str(row.id), _MEDIA.get(row.channel, "ticket"), channel, row.created * SECOND,
        opened_by="customer" if row.submitter == row.requester else "agent",
        messages=[_message(one, staff) for audit in audits for one in audit.comments],
        statuses=[
            Status(audit.at * SECOND, _STATUSES.get(word, word))
            for audit, event in changes
            if (word := str(event.get("status", "deleted"))) != "deleted"
        ],
        teams={str(event["group_id"]) for _, event in changes if event.get("group_id") is not None},
        tags=set() if row.scrubbed else set(row.tags),  # read for the first time after that
        left_out="merged into another ticket" if "closed_by_merge" in row.tags else None,
        deleted=deleted[-1] * SECOND if row.status == "deleted" else None,
    )  # fmt: skip


def _message(comment: Comment, staff: Staff) -> Message:
    at, author = comment.at * SECOND, comment.author
    via = (comment.via or {}).get("channel")
    # A rule speaks in somebody's name; a notice says that there was a chat or a call, not its words.
    taken = comment.call is not None and comment.call["answered_by_id"] is not None
    if author < 0 or via in ("rule", "chat", "native_messaging") or taken:
        return Message(at, "system", public=comment.public, automatic=True)
    if author in staff.bots:
        return Message(at, "bot", str(author), comment.public)
    return Message(at, "human" if author in staff.agents else "customer", str(author), comment.public)
