"""Story: the kinds of threads that happen in an emulated account."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

    from .company import Company, Thread

    Chapter = Callable[[Company, Thread, random.Random], None]


def _s(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def answered(company: Company, thread: Thread, draw: random.Random) -> None:
    """A form, a queue, an assignment, a welcome by itself, a question, answers by a human, an end."""
    at, who = thread.began, thread.customer["id"]
    agent = draw.choice([row["id"] for row in company.agents])
    fields = [{"type": "name", "id": "1", "label": "Name", "answer": thread.customer["name"]}]
    company.event(thread, "filled_form", at, author_id=who, form_id="9", form_type="prechat", fields=fields)
    thread.queued = draw.randrange(40)
    company.assign(thread, agent, at + _s(thread.queued))
    welcome = {"lc2": {"welcome_message": True}}
    company.say(thread, agent, at + _s(thread.queued), "Hello! How can we help?", properties=welcome)
    company.say(thread, who, at + _s(60), "Which size shall I take?")
    wait = draw.randrange(20, 200)
    company.say(thread, agent, at + _s(60 + wait), "One larger than usual.")
    company.say(thread, who, at + _s(120 + wait), "Thanks")
    company.say(thread, agent, at + _s(130 + wait), "You're welcome.")
    thread.tags.append("size")
    company.end(thread, at + _s(300 + wait))


def rated(company: Company, thread: Thread, draw: random.Random) -> None:
    """Answered, and rated well right after."""
    answered(company, thread, draw)
    company.rate(thread, 1, thread.began + _s(700), "Great")


def rated_bad(company: Company, thread: Thread, draw: random.Random) -> None:
    """Answered, and rated badly."""
    answered(company, thread, draw)
    company.rate(thread, 0, thread.began + _s(700))


def cancelled(company: Company, thread: Thread, draw: random.Random) -> None:
    """Answered, rated badly, and the rating is taken back."""
    rated_bad(company, thread, draw)
    company.unrate(thread, thread.began + _s(800))


def missed(company: Company, thread: Thread, draw: random.Random) -> None:
    """Assigned to somebody who never writes; the welcome is the program's."""
    at, who = thread.began, thread.customer["id"]
    agent = draw.choice([row["id"] for row in company.agents])
    company.assign(thread, agent, at)
    company.say(thread, agent, at, "Hello!", properties={"lc2": {"welcome_message": True}})
    company.say(thread, who, at + _s(5), "Anybody?")
    thread.put("routing", "unreplied", value=True)
    company.end(thread, at + _s(900), "routing.archived_inactive")


def abandoned(company: Company, thread: Thread, draw: random.Random) -> None:
    """Left by the customer in the queue."""
    company.say(thread, thread.customer["id"], thread.began, "Hello?")
    thread.queued = draw.randrange(90, 200)
    thread.put("routing", "unassigned", value=True)
    company.end(thread, thread.began + _s(thread.queued), "archived_customer_disconnected")


def bot(company: Company, thread: Thread, _draw: random.Random) -> None:
    """Solved by an AI agent that no list names."""
    from .company import AI

    company.assign(thread, AI, thread.began)
    company.say(thread, thread.customer["id"], thread.began + _s(1), "When do you open?")
    company.say(thread, AI, thread.began + _s(3), "At nine.")
    thread.put("chats", "resolved", value=True)
    company.end(thread, thread.began + _s(90), "manual_archived_customer")


def handed_over(company: Company, thread: Thread, _draw: random.Random) -> None:
    """Begun by a chatbot, gone on with by a human."""
    from .company import BOT, HUMANS

    company.assign(thread, BOT, thread.began)
    company.say(thread, thread.customer["id"], thread.began + _s(1), "My order is lost.")
    company.say(thread, BOT, thread.began + _s(2), "Let me get somebody.")
    company.assign(thread, HUMANS[1], thread.began + _s(30))
    company.say(thread, HUMANS[1], thread.began + _s(50), "I'm sorry. Which number?")
    thread.tags.append("delivery")
    company.end(thread, thread.began + _s(400), "routing.archived_inactive")


def former(company: Company, thread: Thread, _draw: random.Random) -> None:
    """Answered by somebody who isn't in the list of agents any more."""
    from .company import FORMER

    company.assign(thread, FORMER, thread.began)
    company.say(thread, thread.customer["id"], thread.began + _s(1), "Is it blue?")
    company.say(thread, FORMER, thread.began + _s(31), "It is.")
    company.end(thread, thread.began + _s(100), "manual_archived_customer")


def offline(company: Company, thread: Thread, _draw: random.Random) -> None:
    """A message left while nobody was there, by a form with free text."""
    fields = [{"type": "textarea", "id": "2", "label": "Message", "answer": "Please call me back."}]
    company.event(
        thread, "filled_form", thread.began, author_id=thread.customer["id"], form_id="8", form_type="ticket",
        fields=fields,
    )  # fmt: skip
    thread.put("routing", "offline_message", value=True)
    company.end(thread, thread.began + _s(1), "routing.archived_offline")


def sold(company: Company, thread: Thread, draw: random.Random) -> None:
    """Answered, and something is bought meanwhile."""
    answered(company, thread, draw)
    company.sell(thread, thread.began + _s(250))


def greeted(company: Company, thread: Thread, draw: random.Random) -> None:
    """Begun by a greeting that the customer answers."""
    agent = draw.choice([row["id"] for row in company.agents])
    thread.put("lc2", "greeting_id", 7)
    thread.put("lc2", "greeting_unique_id", f"Q{thread.id}")
    own = {"lc2": {"greeting_id": 7}}
    company.event(
        thread, "rich_message", thread.began, author_id=agent, template_id="cards", properties=own,
        elements=[{"title": "Free delivery today", "buttons": [{"text": "Show me"}]}],
    )  # fmt: skip
    company.assign(thread, agent, thread.began + _s(1))
    company.say(thread, thread.customer["id"], thread.began + _s(20), "Really?")
    company.say(thread, agent, thread.began + _s(45), "Really.")
    company.end(thread, thread.began + _s(200), "manual_archived_customer")


def silent_end(company: Company, thread: Thread, _draw: random.Random) -> None:
    """A thread of messaging mode that no message ends."""
    from .company import HUMANS

    thread.put("routing", "continuous", value=True)
    company.assign(thread, HUMANS[2], thread.began)
    company.say(thread, thread.customer["id"], thread.began + _s(1), "Do you ship to Oslo?")
    company.event(
        thread, "file", thread.began + _s(2000), author_id=HUMANS[2], name="rates.pdf",
        url="https://cdn.example/rates.pdf", content_type="application/pdf",
    )  # fmt: skip
    company.end(thread, thread.began + _s(5000), None)


def noted(company: Company, thread: Thread, draw: random.Random) -> None:
    """Answered, with a note that only agents see, and a message that was deleted."""
    from .company import HUMANS

    answered(company, thread, draw)
    at = thread.ended or thread.began
    thread.events.pop()
    company.say(thread, HUMANS[0], at - _s(20), "Difficult customer.", visibility="agents")
    gone = company.say(thread, HUMANS[0], at - _s(10), "")
    gone["deleted"] = True
    del gone["text"], gone["visibility"]
    company.end(thread, at)


STORY: Mapping[str, Chapter] = {
    chapter.__name__: chapter
    for chapter in (
        answered, rated, rated_bad, cancelled, missed, abandoned, bot, handed_over, former, offline, sold,
        greeted, silent_end, noted,
    )
}  # fmt: skip
