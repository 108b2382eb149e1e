"""Story: what happens in an emulated workspace, made up from its seed."""

from __future__ import annotations

from .company import DAY, FIN, OPERATOR, Company
from .data import Contact, Conversation, Json

HOUR, MINUTE = 3_600, 60
_CHANNELS = ("conversation",) * 6 + ("email",) * 3 + ("whatsapp",)
_TOPICS = ("size", "refund", "delivery", "login", "invoice")
_ENOUGH = 12  # conversations of which some may be odd ones


def tell(company: Company, conversations: int, people: int) -> None:
    """Fill an empty workspace: its team, its contacts, and their conversations of the last ninety days."""
    staff = [company.hire(f"Agent {n}") for n in range(5)]
    company.teams = [{"id": "11", "name": "Care"}, {"id": "12", "name": "Billing"}]
    contacts = [company.meet(f"Customer {n}", role="lead" if n % 4 == 3 else "user") for n in range(people)]
    last = company.now - 4 * DAY
    made = [
        _conversation(company, staff, contacts, company.random.randint(company.now - 90 * DAY, last))
        for _ in range(conversations)
    ]
    if conversations >= _ENOUGH:
        _incidents(company, staff, contacts, made)


def go_on(company: Company, hours: int) -> None:
    """Let hours pass: answers, reopenings, solves, ratings, a redaction, a merge, new conversations."""
    rng, begin = company.random, company.now
    company.now += hours * HOUR
    staff = [company.author(key) for key in company.admins]
    picked = rng.sample(list(company.conversations.values()), min(8, len(company.conversations)))

    def at() -> int:
        return rng.randint(begin, company.now - 10 * MINUTE)

    for one in picked[:4]:
        when = at()
        company.ask(one, when, "And one more thing.")
        company.reply(one, rng.choice(staff), when, "Here you are.")  # a second change in the same second
    for one in picked[4:6]:
        company.close(one, rng.choice(staff), at())
    for one in picked[6:7]:
        company.offer(one, begin, int(staff[0]["id"]))
        company.rate(one, 4, at(), "Quick.")
    for one in picked[7:]:
        company.tag(one, "vip", at())
    newcomer = company.meet("New Customer", at())
    for number in range(3):
        company.open(newcomer, at(), f"Where is parcel {number}?")


def _conversation(company: Company, staff: list[Json], contacts: list[Contact], at: int) -> Conversation:
    """Tell a conversation: a question, two answers with another question between, a close; less, or more."""
    rng = company.random
    topic, agent, channel = rng.choice(_TOPICS), rng.choice(staff), rng.choice(_CHANNELS)
    one = company.open(rng.choice(contacts), at, f"About the {topic} of my order. " * 3, channel)
    if rng.random() < 0.1:
        return one  # nobody ever answered
    if rng.random() < 0.15:
        _by_fin(company, one, at)
        return one
    company.reply(one, OPERATOR, at + 2, "We typically reply in an hour.")
    company.assign(one, OPERATOR, at + 3, rng.choice((11, 12)), "team")
    at += rng.randint(1, 90) * MINUTE
    company.assign(one, agent, at, int(agent["id"]))
    company.reply(one, agent, at, f"Thank you for asking about the {topic}. " * 2)
    company.tag(one, topic, at)
    if rng.random() < 0.3:
        company.note(one, agent, at + 5, "He called as well.")
        company.snooze(one, agent, at + 10)
        at += rng.randint(60, 600) * MINUTE
        company.wake(one, at)
    at += rng.randint(1, 300) * MINUTE
    company.ask(one, at, "That didn't quite help.")
    at += rng.randint(1, 120) * MINUTE
    company.reply(one, agent, at, "Now it is done.")
    company.close(one, agent, at)
    if rng.random() < 0.5:
        company.offer(one, at + 1, int(agent["id"]))
        if rng.random() < 0.6:
            company.rate(one, rng.choice((5, 5, 4, 3, 1)), at + HOUR)
    if rng.random() < 0.15:
        company.ask(one, at + 3 * HOUR, "It is broken again.")
    return one


def _by_fin(company: Company, one: Conversation, at: int) -> None:
    """Have the AI agent solve it, and be rated for it."""
    company.reply(one, FIN, at + 5, "You find that on the page of your order.")
    company.close(one, OPERATOR, at + 20 * MINUTE)
    one.ai_agent = {
        "source_type": "workflow", "source_title": "Fin", "last_answer_type": "ai_answer",
        "resolution_state": "assumed_resolution", "rating": 4, "rating_remark": "",
        "created_at": at + 21 * MINUTE, "updated_at": at + 21 * MINUTE,
    }  # fmt: skip


def _incidents(
    company: Company, staff: list[Json], contacts: list[Contact], made: list[Conversation]
) -> None:
    """Have the odd things happen: outbound messages, missed chats, redactions, unknown kinds of parts."""
    end = company.now - 3 * DAY
    for number in range(2):
        company.open(contacts[number], end, "Our autumn sale!", delivered_as="automated", author=staff[0])
    called = company.open(
        contacts[2], end, "I'll look after it.", delivered_as="admin_initiated", author=staff[1]
    )
    company.ask(called, end + HOUR, "Thank you.")
    missed = company.open(contacts[3], end, "Is anybody there?")
    company.close(missed, OPERATOR, end + HOUR)
    spoken = next(one for one in made if len(one.parts) > 4)
    company.redact(spoken, next(part for part in spoken.parts if part.kind == "comment"), end)
    company.add(made[0], "channel_and_reply_time_expectation", OPERATOR, end, "Replies in an hour.")
