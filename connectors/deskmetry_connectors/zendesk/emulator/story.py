"""Story: what happens in an emulated company, made up from its seed."""

from __future__ import annotations

from typing import Any

from . import csat
from .company import DAY, RULE, SYSTEM, Company
from .data import Ticket, User

HOUR, MINUTE = 3_600, 60
SIZE_FIELD = 501
_TOPICS = ("size", "refund", "delivery", "login", "invoice")
_CHANNELS = ("email", "email", "email", "web", "web", "api", "chat", "voice")
_WEEKDAYS = range(1, 6)
_ENOUGH = 20  # tickets of which some may be odd ones


def tell(company: Company, tickets: int, people: int) -> None:
    """Fill an empty company: its desk, its people, and their tickets of the last ninety days."""
    _furnish(company)
    agents = [company.join(f"Agent {n}", "admin" if n == 0 else "agent") for n in range(8)]
    organizations = [row["id"] for row in company.organizations]
    customers = [
        company.join(f"Customer {n}", organization=organizations[n % 3] if n % 2 else None)
        for n in range(people - 8)
    ]
    last = company.now - 4 * DAY
    for _ in range(tickets):
        _ticket(company, agents, customers, company.random.randint(company.now - 90 * DAY, last))
    if tickets >= _ENOUGH:
        _incidents(company, agents)


def go_on(company: Company, hours: int) -> None:
    """Let hours pass: replies, solves, reopenings, new tickets, deletions, redactions, a departure."""
    rng, begin = company.random, company.now
    company.now += hours * HOUR
    agents = [user for user in company.users.values() if user.role in ("agent", "admin")]
    customers = [user for user in company.users.values() if user.role == "end-user" and user.active]
    known = [one for one in company.tickets.values() if one.status not in ("deleted", "closed")]
    picked = rng.sample(known, min(len(known), 12))

    def at() -> int:
        return rng.randint(begin, company.now - 2 * MINUTE)

    for ticket in picked[:5]:
        when = at()
        company.say(ticket, ticket.requester, when, "And one more thing.")
        company.change(ticket, ticket.requester, when, status="open")
        company.say(ticket, rng.choice(agents).id, when, "Here you are.")  # a second edit in the same second
    for ticket in picked[5:7]:
        company.touch(ticket, at())
    company.delete(picked[7], agents[0].id, at())
    company.merge(picked[8], picked[9], agents[0].id, at())
    old = next(
        audit
        for audit in company.audits
        if audit.comments and company.tickets[audit.ticket].status != "deleted"
    )
    company.redact(old.comments[0], agents[0].id, at())
    reply = next(a.comments[0] for a in company.audits if a.comments and a.comments[0].author == agents[1].id)
    company.hide(reply, agents[0].id, at())
    company.leave(agents[-1], at())
    for rating in [one for one in company.ratings.values() if one.score == "offered"][:3]:
        company.rate(rating, "good", at())
    open_still = [one for one in company.responses.values() if one.offered + csat.LASTS > company.now]
    for response in [one for one in open_still if not one.answers][:3]:
        csat.respond(company, response, at(), 5)
    for _ in range(4):
        company.open(rng.choice(customers), at(), "Where is it?")


def _furnish(company: Company) -> None:
    stamp = "2024-01-01T00:00:00Z"
    known = {"created_at": stamp, "updated_at": stamp}
    groups = [(11, "Care", False), (12, "Billing", False), (13, "Fax", True)]
    company.groups = [{"id": key, "name": name, "deleted": gone} | known for key, name, gone in groups]
    company.brands = [{"id": 1, "name": "Acme", "is_deleted": False} | known]
    company.organizations = [
        {"id": 21 + n, "name": f"Shop {n}", "deleted_at": None} | known for n in range(3)
    ]
    company.ticket_fields = [{"id": SIZE_FIELD, "title": "Size", "type": "tagger", "active": True}]
    company.ticket_forms = [{"id": 701, "name": "Returns", "active": True, "default": True} | known]
    company.reasons = [
        {"id": 801, "reason_code": 1001, "value": "It took too long", "deleted_at": None} | known
    ]
    company.custom_statuses = [
        {"id": 601, "status_category": "hold", "agent_label": "Waiting for the supplier", "active": True}
    ]
    hours = [{"start_time": day * 1440 + 540, "end_time": day * 1440 + 1020} for day in _WEEKDAYS]
    company.schedules = [
        {"id": 31, "name": "Office", "time_zone": "Eastern Time (US & Canada)", "intervals": hours} | known
    ]
    company.holidays = {
        31: [{"id": 41, "name": "New Year", "start_date": "2026-01-01", "end_date": "2026-01-01"}]
    }
    targets = [
        {
            "priority": "normal",
            "metric": "first_reply_time",
            "target": 60,
            "target_in_seconds": 3600,
            "business_hours": True,
        }
    ]
    company.sla_policies = [{"id": 51, "title": "Standard", "position": 1, "policy_metrics": targets} | known]


def _ticket(company: Company, agents: list[User], customers: list[User], at: int) -> None:
    """Tell a ticket: a question, two answers with another question between, a solve; or less, or more."""
    rng = company.random
    topic, agent = rng.choice(_TOPICS), rng.choice(agents)
    words, channel, priority = (
        f"About the {topic} of my order. " * 4,
        rng.choice(_CHANNELS),
        rng.choice(("normal", "high", None)),
    )
    ticket = company.open(rng.choice(customers), at, words, channel, priority=priority)
    if rng.random() < 0.1:
        acknowledge(company, ticket, at + 2)
    if rng.random() < 0.05:
        return  # nobody ever answered
    at += rng.randint(5, 600) * MINUTE
    company.change(ticket, agent.id, at, status="open", assignee=agent.id, group=rng.choice((11, 12)))
    at += rng.randint(1, 120) * MINUTE
    company.say(ticket, agent.id, at, f"Thank you for asking about the {topic}. " * 3)
    company.change(ticket, agent.id, at, status="pending", tags=[topic])
    at += rng.randint(10, 900) * MINUTE
    company.say(ticket, ticket.requester, at, "That didn't quite help, could you look again?")
    company.change(ticket, ticket.requester, at, status="open")
    at += rng.randint(10, 600) * MINUTE
    company.say(ticket, agent.id, at, "Now it is done. " * 3)
    company.change(ticket, agent.id, at, status="solved", fields={SIZE_FIELD: rng.choice("SML")})
    if rng.random() < 0.5:
        _ask(company, ticket, at + HOUR)
    if rng.random() < 0.1:
        at += 3 * HOUR
        company.say(ticket, ticket.requester, at, "It is broken again.")
        company.change(ticket, ticket.requester, at, status="open")


def _ask(company: Company, ticket: Ticket, at: int) -> None:
    """Ask how it was; some answer an hour later."""
    rng = company.random
    response = csat.offer(company, ticket, at) if company.csat else None
    rating = None if company.csat else company.offer(ticket, at)
    if rng.random() < 0.6:
        score = rng.choice(("good", "good", "bad"))
        if rating is not None:
            company.rate(rating, score, at + HOUR)
        if response is not None:
            points = 4 + response.ticket % 2 if score == "good" else 1 + response.ticket % 3
            reason = "It took too long" if score == "bad" else None
            csat.respond(company, response, at + HOUR, points, "So it was.", reason)


def acknowledge(company: Company, ticket: Ticket, at: int) -> None:
    """Have a trigger answer in the name of an agent."""
    audit = company.audit(ticket, at, SYSTEM, via="Rule")
    author = next(user.id for user in company.users.values() if user.role == "admin")
    company._comment(audit, author, "We have got your mail.", via=RULE)


def _incidents(company: Company, agents: list[User]) -> None:
    """Have the odd things happen: notes, calls, tombstones, scrubs, system updates, merges, a departure."""
    rng = company.random
    picked = rng.sample(list(company.tickets.values()), 8)
    end = company.now - 3 * DAY
    company.say(picked[0], agents[1].id, end, "He called twice.", public=False)
    company.say(picked[1], picked[1].requester, end, "Call from +49 30 1234", kind="VoiceComment")
    company.delete(picked[2], agents[0].id, end)
    gone = max(company.now - 40 * DAY, picked[3].updated + MINUTE)  # not before what happened in it
    company.delete(picked[3], agents[0].id, gone)
    company.scrub(picked[3], max(company.now - 10 * DAY, gone + MINUTE))
    company.touch(picked[4], end)
    company.merge(picked[5], picked[6], agents[0].id, end)
    first: Any = next(audit.comments[0] for audit in company.audits if audit.ticket == picked[7].id)
    company.redact(first, agents[0].id, end)
    company.leave(agents[7], end)
