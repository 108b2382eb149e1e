"""Story: what happens in an emulated account, made up from its seed."""

from __future__ import annotations

from .company import Company
from .data import Ticket

MINUTE, HOUR, DAY = 60, 3_600, 86_400
_TOPICS = ("delivery", "refund", "size", "invoice")
_KINDS = ("Query", "OrderQuery", "ReturnRequest", "Presales", "Chat")


def tell(company: Company, tickets: int) -> None:
    """Fill an empty account: its people and channels, and the tickets of the last sixty days."""
    names = ("Ada Admin", "Ben Agent", "Cleo Agent", "Dan Agent")
    for number, name in enumerate(names):
        company.join(name, "admin" if number == 0 else "agent")
    company.channels = {
        1: {"type": "Amazon", "country": "DE", "currency": "EUR", "name": "Amazon DE"},
        2: {"type": "eBay", "country": "GB", "currency": "GBP", "name": "eBay UK"},
        3: {"type": "Email", "country": "DE", "currency": "EUR", "name": "Shop mail"},
    }
    company.tags = dict(enumerate(_TOPICS, 11))
    people = [company.meet(f"Customer {n}", 1 + n % 3) for n in range(max(tickets // 2, 4))]
    for _ in range(tickets):
        at = company.random.randint(company.now - 60 * DAY, company.now - 4 * DAY)
        _ticket(company, company.random.choice(people), at)
    silent = company.open(people[0], company.now - 5 * DAY, None, subject="Imported")
    company.change(silent, tags=[11])


def _ticket(company: Company, contact: int, at: int) -> None:
    """Tell a ticket: a question, often an automatic word, answers, a close, now and then a rating."""
    rng = company.random
    users = list(company.users)
    agent, topic = rng.choice(users), rng.choice(_TOPICS)
    channel, kind = rng.choice((1, 1, 2, 3)), rng.choice(_KINDS)
    ticket = company.open(contact, at, f"A question about {topic}. " * 3, channel, kind=kind)
    company.change(ticket, tags=[11 + _TOPICS.index(topic)], fields={"Size": rng.choice("SML")})
    if rng.random() < 0.5:
        order = company.buy(
            contact, at - DAY, rng.randint(500, 20_000) / 100, "GBP" if channel == 2 else "EUR", channel
        )
        order.status = rng.choice(("Delivered", "OrderShipped", "Returned", "Canceled"))
        ticket.order, order.ticket = order.id, ticket.id
    if rng.random() < 0.4:
        company.auto(ticket, at + 5, rng.choice(("AutoReply", "AiAutoReplyHandsFree")))
    if rng.random() < 0.1:
        return  # nobody ever answered
    at += rng.randint(5, 600) * MINUTE
    if rng.random() < 0.3:
        company.note(ticket, agent, at - 60, "Ask the warehouse.")
    company.reply(ticket, agent, at, f"<p>Thank you for asking about <b>{topic}</b>.</p>")
    company.change(ticket, owner=agent, status="Pending")
    if rng.random() < 0.5:
        at += rng.randint(10, 900) * MINUTE
        company.ask(ticket, at, "That didn't quite help.")
        at += rng.randint(10, 300) * MINUTE
        company.reply(ticket, agent, at, "Now it is done.", rng.choice(("Message", "ExternalMessage")))
    if rng.random() < 0.8:
        company.change(ticket, status="Closed")
        if rng.random() < 0.4:
            body = rng.choice(("5/5", "4 out of 5", "Great", "3"))
            company.item(ticket, "Rating", at + HOUR, "Incoming", body, contact=contact)
        if rng.random() < 0.3:
            company.item(ticket, "Status", at + MINUTE, "Other", '{"to": "Closed"}', user=agent)


def go_on(company: Company, hours: int) -> None:
    """Let hours pass: new tickets, answers, silent closes and changes of tags, an order that is paid."""
    rng, begin = company.random, company.now
    company.now += hours * HOUR
    users, people = list(company.users), list(company.contacts)
    unsolved = [one for one in company.tickets.values() if one.status in ("Open", "Pending")]
    picked: list[Ticket] = rng.sample(unsolved, min(len(unsolved), 6))
    for ticket in picked[:2]:
        at = rng.randint(begin, company.now - MINUTE)
        company.reply(ticket, rng.choice(users), at, "Here you are.")
        company.change(ticket, status="Closed")
    for ticket in picked[2:4]:
        company.change(ticket, status="Closed")
    for ticket in picked[4:]:
        company.change(ticket, tags=[*ticket.tags, 14], owner=users[0])
    for _ in range(3):
        at = rng.randint(begin, company.now - MINUTE)
        company.open(rng.choice(people), at, "Where is it?")
    company.buy(people[0], company.now - MINUTE, 12.5)
