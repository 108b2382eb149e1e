"""Oracle of Zendesk's chats, calls and conversations: sessions of tickets, or tickets of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from deskmetry_connectors.zendesk.emulator import Company
from deskmetry_connectors.zendesk.emulator.chat import Chat
from deskmetry_connectors.zendesk.emulator.talk import Call
from helpers_oracle import MINUTE, SECOND, Answer, Message, Offer, Status, Ticket, World

Json = dict[str, Any]
SURVEY = "satisfaction"
JOINED = "chat.memberjoin"
CHAT_LAG = 5 * MINUTE


@dataclass(frozen=True, slots=True)
class Staff:
    """Who is no customer: agents, those who left included, and users who are programs.

    alone: chats that were read before Zendesk made a ticket of them.
    """

    agents: frozenset[int]
    bots: frozenset[int] = frozenset()
    alone: frozenset[str] = frozenset()


def add_live(world: World, company: Company, source: str, staff: Staff) -> None:
    """Add what Chat, Talk and messaging tell; Chat tells nothing of its last minutes."""
    known = {one.id: one for one in world.tickets}
    if company.chats:
        world.known[source] = company.now * SECOND - CHAT_LAG
    for chat in company.chats.values():
        _chat(world, known, chat, source, staff)
    for call in company.calls.values():
        ticket = known.get(str(call.ticket)) or _called(call, source)
        if call.ticket is None:
            world.tickets.append(ticket)
        ticket.accepted = (ticket.accepted or 0) + (call.talk > 0 and not call.voicemail)
    who = {"user": "customer", "agent": "human", "bot": "bot"}
    for key in {said.ticket for said in company.said}:
        ticket, said = known[str(key)], [one for one in company.said if one.ticket == key]
        words = [Message(one.at * SECOND, who[one.who], str(one.author)) for one in said]
        ticket.messages += words
        ticket.accepted = int(any(one.answers for one in words))


def add_responses(world: World, company: Company, source: str) -> None:
    """Add what the new survey was answered; each response was offered, answered or not."""
    known = {one.id: one for one in world.tickets}
    for one in company.responses.values():
        ticket = known[str(one.ticket)]
        rated = [answer for answer in one.answers if answer["type"] == "rating_scale"]
        at = _at(rated[0] | {"timestamp": rated[0]["created_at"]}) if rated else None
        world.offers.append(Offer(source, SURVEY, "csat", one.offered * SECOND, at, ticket))
        if at is not None:
            world.answers.append(Answer(source, SURVEY, "csat", at, rated[0]["rating"], 1, 5, ticket))


def _chat(world: World, known: Mapping[str, Ticket], chat: Chat, source: str, staff: Staff) -> None:
    joined = [line["agent_id"] for line in chat.history if line["type"] == JOINED and "agent_id" in line]
    taken = any(int(agent) not in staff.bots for agent in joined) and not chat.missed
    own = _chatted(chat, source, taken)
    ticket = own if chat.ticket is None else known[str(chat.ticket)]
    if chat.ticket is None:
        world.tickets.append(own)
    elif chat.id in staff.alone:  # a ticket of its own until Zendesk made one of it
        own.left_out = "merged into another ticket"
        world.tickets.append(own)
        world.offers += _offers(chat, source, own, None)
    if chat.ticket is None or chat.type == "chat":
        ticket.messages += _spoken(chat, staff.bots)
        ticket.accepted = (ticket.accepted or 0) + taken
    answered = [_at(line) for line in chat.history if line["type"] == "chat.rating"][-1:]
    if chat.rating is not None:
        points = float(chat.rating == "good")
        world.answers.append(Answer(source, SURVEY, "csat", answered[0], points, 0, 1, ticket))
    world.offers += _offers(chat, source, ticket, answered[0] if chat.rating is not None else None)


def _offers(chat: Chat, source: str, ticket: Ticket, answered: int | None) -> Iterator[Offer]:
    """Yield that a rating was asked for; one that was given was offered, as Zendesk's own rate has it."""
    asked = [_at(line) for line in chat.history if line["type"] == "chat.request.rating"]
    if asked or answered is not None:
        yield Offer(source, SURVEY, "csat", asked[0] if asked else answered or 0, answered, ticket)


def _spoken(chat: Chat, bots: frozenset[int]) -> Iterator[Message]:
    if chat.type != "chat":
        yield Message(chat.began * SECOND, "customer", chat.visitor["id"])
    for line in chat.history:
        if line["type"] != "chat.msg":
            continue
        if line["sender_type"] == "Agent":
            who = "bot" if int(line["agent_id"]) in bots else "human"
            yield Message(_at(line), who, str(line["agent_id"]))
        elif line["sender_type"] == "Visitor":
            yield Message(_at(line), "customer", chat.visitor["id"])
        else:
            yield Message(_at(line), "system", automatic=True)


def _chatted(chat: Chat, source: str, taken: bool) -> Ticket:
    """Return the ticket that a chat is which Zendesk made none of."""
    begin, offline = chat.began * SECOND, chat.type != "chat"
    ended = chat.began if offline else chat.ended
    closed = [] if ended is None else [Status(ended * SECOND, "closed")]
    opened_by = {"visitor": "customer", "trigger": "system"}.get(chat.started_by, chat.started_by)
    return Ticket(
        source, f"chat {chat.id}", "chat", "offline_message" if offline else "chat", begin,
        opened_by=opened_by, statuses=[Status(begin, "open"), *closed], tags=set(chat.tags),
        teams=set() if chat.department is None else {str(chat.department[0])}, missed=not taken,
    )  # fmt: skip


def _called(call: Call, source: str) -> Ticket:
    """Return the ticket that a call is which Zendesk made none of."""
    begin = call.began * SECOND
    return Ticket(
        source, f"call {call.id}", "phone", "voice", begin,
        opened_by="agent" if call.direction == "outbound" else "customer",
        statuses=[Status(begin, "open"), Status(begin + call.duration * SECOND, "closed")],
        teams=set() if call.group is None else {str(call.group)}, missed=not call.talk or call.voicemail,
    )  # fmt: skip


def _at(line: Json) -> int:
    return round(datetime.fromisoformat(line["timestamp"]).timestamp() * 1000)
