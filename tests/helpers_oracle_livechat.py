"""Oracle of LiveChat: what happened in an emulated account, from its own threads."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from deskmetry_connectors.livechat.emulator import Company, Thread
from helpers_oracle import Answer, Message, Status, Ticket, World

_WORDS = ("message", "file", "rich_message")


def livechat_world(company: Company, source: str) -> World:
    """Return what an account can tell: a ticket for each thread. Which surveys were offered it can't."""
    tickets = {key: _ticket(thread, source) for key, thread in company.threads.items()}
    world = World({source: _ms(company.now)}, list(tickets.values()))
    for key, thread in company.threads.items():
        score = thread.properties.get("rating", {}).get("score")
        if score is not None:
            given = [_at(one) for one in thread.events if _notice(one) == "rating.chat_rated"]
            world.answers.append(Answer(source, "rating", "csat", max(given), score, 0, 1, tickets[key]))
    return world


def _ticket(thread: Thread, source: str) -> Ticket:
    messages = [_message(one, thread.customer["id"]) for one in thread.events if _spoken(one)]
    routing, began = thread.properties.get("routing", {}), _ms(thread.began)
    channel = "messaging" if routing.get("continuous") else "chat"
    statuses = [Status(began, "open")]
    if thread.ended is not None:
        ends = [_at(one) for one in thread.events if "archived" in (_notice(one) or "")]
        statuses.append(Status(ends[-1] if ends else max(one.at for one in messages), "closed"))
    taken = any(one.answers for one in messages)
    return Ticket(
        source, thread.id, "chat", "offline_message" if routing.get("offline_message") else channel, began,
        messages=messages, statuses=statuses, teams={str(thread.group)}, tags=set(thread.tags),
        left_out="spam" if "spam" in thread.tags else None,
        accepted=int(taken), missed=not taken and not thread.properties.get("chats", {}).get("resolved"),
    )  # fmt: skip


def _message(event: dict[str, Any], customer: str) -> Message:
    author = event["author_id"]
    who = "customer" if author == customer else "human" if "@" in author else "bot"
    form = event["type"] == "filled_form"
    idle = form and not any(one["type"] in ("textarea", "question") for one in event["fields"])
    own = "lc2" in event.get("properties", {})  # a welcome or a greeting: a program's in an agent's name
    return Message(_at(event), who, author, event.get("visibility") != "agents", automatic=idle or own)


def _spoken(event: dict[str, Any]) -> bool:
    return event["type"] in _WORDS or event["type"] == "filled_form"


def _notice(event: dict[str, Any]) -> str | None:
    found: str | None = event.get("system_message_type")
    return found


def _at(event: dict[str, Any]) -> int:
    return _ms(datetime.fromisoformat(event["created_at"]))


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
