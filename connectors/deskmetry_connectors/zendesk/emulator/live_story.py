"""Live story: chats, calls and messaging conversations of an emulated company, made up from its seed."""

from __future__ import annotations

import random
from typing import Any

from .chat import Chat
from .company import DAY, Company
from .data import Ticket, User
from .talk import FINISHED_AFTER, Call
from .transcripts import Said

HOUR, MINUTE = 3_600, 60
CARE = (11, "Care")
GOAL = "Checkout"
_BOT = -1
_CALLS = ("taken", "gave_up", "voicemail", "taken", "outbound", "unlinked", "no_answer", "taken", "menu")


def tell_live(company: Company, *, chats: int, calls: int, conversations: int) -> None:
    """Add chats, calls and messaging conversations of the last ninety days to a company."""
    rng = random.Random(f"{company.seed}:live")  # noqa: S311 - a made-up company, not a secret
    agents = [user for user in company.users.values() if user.role == "agent"]
    customers = [user for user in company.users.values() if user.role == "end-user" and user.active]

    def when() -> int:
        return rng.randint(company.now - 90 * DAY, company.now - 4 * DAY)

    for number in range(chats):
        _chat(company, rng, number, rng.choice(customers), rng.choice(agents).id, when())
    for number in range(calls):
        kind = _CALLS[number % len(_CALLS)]
        call(company, kind, rng.choice(customers), rng.choice(agents).id, when(), rng.randint(20, 300))
    for number in range(conversations):
        _conversation(company, rng, number, rng.choice(customers), rng.choice(agents).id, when())
    if chats and calls:
        _complete(company)


def go_on_live(company: Company, begin: int) -> None:
    """Let things happen between an instant and now: a late rating, a late ticket, chats, calls, messages."""
    if not (company.chats or company.calls or company.said):
        return
    agent = next(user.id for user in company.users.values() if user.role in ("agent", "admin"))
    customer = next(user for user in company.users.values() if user.role == "end-user" and user.active)
    ended = [chat for chat in company.chats.values() if chat.ended and chat.history and not chat.missed]
    for chat in [one for one in ended if one.rating is None][:1]:
        chat.rate("bad", begin + MINUTE, "Nobody called back.")
    for chat in [one for one in ended if one.ticket is None][:1]:
        ticket = live_ticket(company, customer, begin + MINUTE, "chat", agent)
        chat.link(ticket.id, begin + 2 * MINUTE)
    if company.chats:
        taken(company, customer, agent, begin + 5 * MINUTE, 40)
    if company.calls:
        call(company, "taken", customer, agent, begin + 5 * MINUTE, 30)
    for said in company.said[-1:]:
        ticket = company.tickets[said.ticket]
        say(company, ticket, begin + 5 * MINUTE, "user", ticket.requester, "One more thing.")
        company.change(ticket, ticket.requester, begin + 5 * MINUTE, status="open")
    company.revision += 1


def _complete(company: Company) -> None:
    """Give the tickets of the story that are live the chat or call that they were made of."""
    known = {one.ticket for one in company.chats.values()} | {one.ticket for one in company.calls.values()}
    for ticket in [one for one in company.tickets.values() if one.id not in known]:
        user, agent = company.users[ticket.requester], ticket.assignee or next(iter(company.users))
        if ticket.channel == "chat":
            chat = opened(company, user, ticket.created)
            chat.join(agent, ticket.created + MINUTE)
            chat.end(ticket.created + 5 * MINUTE)
            chat.link(ticket.id, ticket.created + 5 * MINUTE)
        elif ticket.channel == "voice":
            one = call(company, "unlinked", user, agent, ticket.created, MINUTE)
            one.ticket = ticket.id


def visitor(user: User | None, number: int) -> dict[str, Any]:
    """Return a visitor of the widget: a known customer, or somebody without a name."""
    if user is None:
        return {"id": f"2.{number}", "name": f"Visitor {number}", "email": "", "phone": "", "notes": ""}
    return {"id": f"1.{number}", "name": user.name, "email": user.email, "phone": "", "notes": ""}


def live_ticket(company: Company, user: User, at: int, channel: str, agent: int, **more: Any) -> Ticket:
    """Return a ticket that Zendesk makes of a live conversation: a notice in the customer's name, no words.

    more: what else the ticket is.
    """
    key = company.new_id()
    ticket = Ticket(key, user.id, at, at, at, f"Conversation with {user.name}", user.id, channel, **more)
    ticket.assignee, ticket.group = agent, CARE[0]
    company.tickets[key] = ticket
    audit = company.audit(ticket, at, user.id)
    via = {"channel": channel, "source": {"from": {}, "to": {}, "rel": None}}
    notice = f"Conversation with {user.name}\n\nURL: None"
    company._comment(audit, user.id, notice, public=False, via=via)
    audit.events.append({"id": company.new_id(), "event_type": "Create", "status": "new"})
    return ticket


def taken(
    company: Company, user: User | None, agent: int, at: int, wait: int, bot: int | None = None
) -> Chat:
    """Return a chat that an agent took after so many seconds, and that ended five minutes later."""
    chat = opened(company, user, at)
    chat.say("visitor", at, "Where is my parcel?")
    if bot is not None:
        chat.join(bot, at + 1)
        chat.say(f"agent:{bot}", at + 2, "Have you looked at the tracking page?")
    chat.join(agent, at + wait)
    chat.say(f"agent:{agent}", at + wait + 10, "Let me see.")
    chat.say("visitor", at + wait + 60, "Thank you.")
    chat.say(f"agent:{agent}", at + wait + 90, "It comes tomorrow.")
    chat.end(at + wait + 5 * MINUTE)
    return chat


def opened(company: Company, user: User | None, at: int, key: str | None = None) -> Chat:
    """Return a chat that begins with the page on which the visitor asked, and the one before it."""
    number = company.new_id()
    chat = Chat(key or f"2511.10414779.T{number}", at, at, visitor(user, number), department=CARE)
    shop = "https://shop.example"
    chat.webpath = [
        {"from": "https://search.example/", "to": f"{shop}/", "title": "Shop", "timestamp": _iso(at - 90)},
        {"from": f"{shop}/", "to": f"{shop}/cart", "title": "Cart", "timestamp": _iso(at - 20)},
    ]
    chat.add("chat.memberjoin", at, "visitor", name=chat.visitor["name"])
    company.chats[chat.id] = chat
    return chat


def say(company: Company, ticket: Ticket, at: int, who: str, author: int, text: str) -> Said:
    """Add a message to a messaging conversation; the ticket changes with it."""
    said = Said(f"01JM{company.new_id()}", ticket.id, at, who, author, text)
    company.said.append(said)
    company.touch(ticket, max(at, ticket.generated))
    return said


def call(company: Company, kind: str, user: User, agent: int, at: int, wait: int) -> Call:
    """Return a call of a kind: taken, unlinked, gave_up, menu, voicemail, outbound, no_answer."""
    one = Call(company.new_id(), at, at + FINISHED_AFTER, user.id, group=CARE[0])
    company.calls[one.id] = one
    if kind in ("taken", "unlinked"):
        one.agent, one.answer, one.wait, one.talk, one.wrap_up = agent, wait + 8, wait, 240, 35
        one.duration = wait + 8 + 240
    elif kind == "gave_up":
        one.status, one.wait, one.duration = "abandoned_in_queue", wait, wait + 8
    elif kind == "menu":
        one.status, one.duration = "abandoned_in_ivr", 12
    elif kind == "voicemail":
        one.voicemail, one.wait, one.duration = True, wait, wait + 40
    elif kind == "outbound":
        one.direction, one.agent, one.talk, one.duration, one.wrap_up = "outbound", agent, 180, 195, 20
    else:
        one.direction, one.agent, one.status, one.duration = "outbound", agent, "not_answered", 25
    if kind in ("taken", "voicemail"):
        ticket = company.open(user, at, "", "voice")
        first = company.audits[-1].comments[0]
        first.kind, first.via = "VoiceComment", {"channel": "voice", "source": {"rel": "inbound"}}
        first.call = {"call_id": one.id, "answered_by_id": one.agent, "call_duration": one.duration}
        one.ticket, ticket.assignee, ticket.group = ticket.id, one.agent, CARE[0]
        if kind == "taken":
            company.change(ticket, agent, at + one.duration + MINUTE, status="solved")
    return one


def _chat(company: Company, rng: random.Random, number: int, user: User, agent: int, at: int) -> None:
    if number % 10 == 4:
        chat = opened(company, user, at)
        chat.say("visitor", at, "Hello?")
        chat.end(at + rng.randint(20, 400), missed=True)
        return
    if number % 10 == 7:
        chat = opened(company, user, at)
        chat.type, chat.message, chat.history = "offline_msg", "Please call me back.", []
        return
    chat = taken(company, user if number % 6 else None, agent, at, rng.randint(10, 200))
    if number % 5 == 2:
        chat.started_by = "trigger"
        chat.history.insert(
            0, dict(chat.add("chat.msg", at, "agent:trigger", msg="Can we help?", msg_id="t"))
        )
        chat.history.pop()
    if number % 3 == 0:
        ended = chat.ended or at
        chat.add("chat.request.rating", ended, f"agent:{agent}")
        chat.rate(rng.choice(("good", "good", "bad")), ended + MINUTE, "Quick." if number % 2 else None)
    if number % 4 == 1:
        chat.convert(f"conv{number}", GOAL, at + HOUR)
    if number % 2:
        ticket = live_ticket(company, user, at, "chat", agent)
        company.change(ticket, agent, at + 10 * MINUTE, status="solved")
        chat.link(ticket.id, at + 10 * MINUTE)
        if number % 4 == 3:
            via = {"channel": "chat", "source": {"from": {}, "to": {}, "rel": None}}
            words = "\n".join(line["msg"] for line in chat.history if "msg" in line)
            company.say(ticket, agent, at + 11 * MINUTE, f"Chat transcript\n{words}", via=via)


def _conversation(company: Company, rng: random.Random, number: int, user: User, agent: int, at: int) -> None:
    ticket = live_ticket(company, user, at, "native_messaging", agent, messaging=True)
    say(company, ticket, at - 20, "bot", _BOT, "Hey! Have a question?")
    say(company, ticket, at, "user", user.id, "Can I change my order?")
    if number % 4 == 3:
        say(company, ticket, at + 5, "bot", _BOT, "You can, until it is sent.")
        company.change(ticket, _BOT, at + HOUR, status="solved", assignee=None)
        return
    at += rng.randint(30, 900)
    say(company, ticket, at, "agent", agent, "Yes. Which one?")
    say(company, ticket, at + 40, "user", user.id, "The blue one.")
    say(company, ticket, at + 90, "agent", agent, "Done.")
    if number % 4 != 2:
        company.change(ticket, agent, at + HOUR, status="solved")


def _iso(at: int) -> str:
    from .rows import iso

    return iso(at)
