"""Oracle of Intercom: what happened in an emulated workspace, from its own conversations."""

from __future__ import annotations

from deskmetry_connectors.intercom.emulator import Company
from deskmetry_connectors.intercom.emulator.data import Conversation, Json, Part
from helpers_oracle import MINUTE, SECOND, Answer, Message, Offer, Status, Ticket, World

_STATUSES = {"closed": "solved", "snoozed": "on_hold"}
_WHO = {"user": "customer", "lead": "customer", "admin": "human", "bot": "bot"}
_OPENED = {"customer_initiated": "customer", "admin_initiated": "agent", "operator_initiated": "bot"}
_MEDIA = {"email": "ticket", "phone_call": "phone"}
_SPOKEN = ("comment", "quick_reply", "close", "open", "assignment", "note")


def intercom_world(company: Company, source: str) -> World:
    """Return what a workspace can tell; the search may lag behind for a minute."""
    tickets = {key: _ticket(one, source) for key, one in company.conversations.items()}
    world = World({source: company.now * SECOND - MINUTE}, list(tickets.values()))
    for key, one in company.conversations.items():
        about = tickets[key]
        if one.rating is not None:
            points = one.rating["rating"]
            at = one.rating["updated_at"] * SECOND if points is not None else None
            offered = one.rating["created_at"] * SECOND
            world.offers.append(Offer(source, "conversation", "csat", offered, at, about))
            if at is not None:
                world.answers.append(Answer(source, "conversation", "csat", at, points, 1, 5, about))
        if one.ai_agent is not None:
            at = one.ai_agent["updated_at"] * SECOND
            world.answers.append(Answer(source, "AI agent", "csat", at, one.ai_agent["rating"], 1, 5, about))
    return world


def _ticket(one: Conversation, source: str) -> Ticket:
    medium = _MEDIA.get(one.source["type"], "chat")
    campaign = one.source["delivered_as"] == "automated"
    messages = [_message(one.created, one.source["author"], public=True, automatic=campaign)]
    messages += [_of(part) for part in one.parts if part.kind in _SPOKEN and (part.body or part.redacted)]
    begin = [Status(one.created * SECOND, "open")]
    asked = any(message.asks for message in messages)
    return Ticket(
        source, one.id, medium, one.source["type"], one.created * SECOND,
        opened_by=_OPENED.get(one.source["delivered_as"], "system"), messages=messages,
        statuses=begin + [
            Status(part.at * SECOND, _STATUSES.get(part.state, part.state))
            for part in one.parts
            if part.state != part.before
        ],
        teams={team for part in one.parts for team in _team(part.assigned_to)},
        tags={tag["name"] for tag in one.tags},
        accepted=int(any(message.answers for message in messages)) if asked and medium == "chat" else None,
        left_out="newsletters" if campaign and not any(one.asks or one.answers for one in messages) else None,
    )  # fmt: skip


def _of(part: Part) -> Message:
    return _message(part.at, part.author, public=part.kind != "note")


def _message(at: int, author: Json, *, public: bool, automatic: bool = False) -> Message:
    return Message(at * SECOND, _WHO[author["type"]], author["id"], public, automatic)


def _team(target: Json | None) -> list[str]:
    return [str(target["id"])] if target is not None and target["type"] == "team" else []
