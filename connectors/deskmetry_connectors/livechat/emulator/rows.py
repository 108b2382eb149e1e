"""Rows: what an emulated account answers, in the shape that LiveChat documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from .company import Company, Thread

Json = dict[str, Any]


def stamp(at: datetime) -> str:
    """Return an instant with six digits of microseconds."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def chat_row(company: Company, thread: Thread) -> Json:
    """Return a chat with one of its threads."""
    siblings = sorted(
        (one for one in company.threads.values() if one.chat == thread.chat), key=lambda one: one.began
    )
    place = siblings.index(thread)
    before = siblings[place - 1] if place else None
    after = siblings[place + 1] if place + 1 < len(siblings) else None
    found: Json = {
        "id": thread.id,
        "active": thread.active,
        "user_ids": [thread.customer["id"], *thread.agents],
        "properties": thread.properties,
        "access": {"group_ids": [thread.group]},
        "tags": list(thread.tags),
        "created_at": stamp(thread.began),
        "customer_visit": {"geolocation": {"country": "Poland", "country_code": "PL"}},
    }
    if thread.restricted is not None:
        found["restricted_access"] = thread.restricted
    else:
        found["events"] = list(thread.events)
    if thread.queued is not None:
        found["queues_duration"] = thread.queued
    if before is not None:
        found["previous_thread_id"] = before.id
    if after is not None:
        found["next_thread_id"] = after.id
    return {
        "id": thread.chat,
        "users": [thread.customer | {"type": "customer", "present": True}, *_staff(company, thread)],
        "thread": found,
        "properties": {"routing": {"continuous": False}},
        "access": {"group_ids": [thread.group]},
        "is_followed": False,
    }


def _staff(company: Company, thread: Thread) -> list[Json]:
    names = {one["id"]: one["name"] for one in [*company.agents, *company.bots]}
    return [
        {"id": who, "type": "agent", "name": names.get(who, who.partition("@")[0].title()),
         "email": who, "present": False, "visibility": "all"}
        for who in thread.agents
    ]  # fmt: skip


def summary_row(company: Company, thread: Thread) -> Json:
    """Return the summary of a chat: its last thread, and the last event of each type."""
    whole = chat_row(company, thread)
    kept = ("id", "created_at", "user_ids", "properties", "active", "access", "tags")
    return {
        "id": thread.chat,
        "last_event_per_type": {
            event["type"]: {
                "thread_id": thread.id,
                "thread_created_at": stamp(thread.began),
                "event": event,
            }
            for event in thread.events
        },
        "users": whole["users"],
        "last_thread_summary": {name: whole["thread"][name] for name in kept},
        "properties": whole["properties"],
        "access": whole["access"],
        "is_followed": False,
    }
