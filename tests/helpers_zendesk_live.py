"""Helpers for tests of what is live in `zendesk`: rows of Chat, Talk and messaging as documented."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, TypeVar

from deskmetry.records import Record
from deskmetry_connectors.zendesk.chat_mapping import ChatMapping

Json = dict[str, Any]
R = TypeVar("R", bound=Record)
T0 = 1_770_000_000
"""2026-02-02 02:40 UTC, when the chats and calls here begin."""


def stamp(seconds: int) -> str:
    """Return an instant so many seconds after T0, as Zendesk writes it."""
    return datetime.fromtimestamp(T0 + seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def at(seconds: int) -> datetime:
    """Return an instant so many seconds after T0."""
    return datetime.fromtimestamp(T0 + seconds, UTC)


def line(kind: str, seconds: int, who: str = "visitor", **more: Any) -> Json:
    """Return a line of a chat's history. who: `visitor`, an agent's number, or `trigger`."""
    sender = {"visitor": "Visitor", "trigger": "Trigger"}.get(who, "Agent")
    row: Json = {"type": kind, "timestamp": stamp(seconds), "name": who, "sender_type": sender}
    return row | ({"agent_id": who} if sender == "Agent" else {}) | more


def words(seconds: int, who: str, text: str, key: str | None = None) -> Json:
    """Return a line in which somebody writes."""
    return line("chat.msg", seconds, who, msg=text, msg_id=key or f"m{seconds}", options="")


def chat(*history: Json, **more: Any) -> Json:
    """Return a chat of the export, two minutes long; with what visitors and agents wrote."""
    return {
        "id": "2511.1041.Tx", "type": "chat", "timestamp": stamp(0), "update_timestamp": stamp(130),
        "end_timestamp": stamp(120), "duration": 120, "missed": False, "started_by": "visitor",
        "visitor": {"id": "1.77", "name": "Ida Dahl", "email": "Ida@Mail.example", "phone": "+4915112345678"},
        "session": {"country_code": "DE", "ip": "192.0.2.1"}, "department_id": 11,
        "department_name": "Care", "agent_ids": ["9"], "agent_names": ["Anna"], "rating": None,
        "comment": None, "tags": ["parcel"], "webpath": [], "history": list(history), "conversions": [],
        "zendesk_ticket_id": None, "triggered": False, "triggered_response": None, "unread": False,
        "deleted": False, "response_time": {"first": 40, "avg": 40, "max": 40},
        "count": {"total": 2, "agent": 1, "visitor": 1},
    } | more  # fmt: skip


def served(**more: Any) -> Json:
    """Return a chat that agent 9 accepted after 30 seconds and answered after 40."""
    return chat(
        line("chat.memberjoin", 0),
        words(0, "visitor", "Where is it?"),
        line("chat.memberjoin", 30, "9"),
        words(40, "9", "On its way."),
        line("chat.memberleave", 120),
        **more,
    )


def call(**more: Any) -> Json:
    """Return an inbound call that agent 9 took after 28 seconds, 20 of them in the queue."""
    return {
        "id": 555, "created_at": stamp(0), "updated_at": stamp(2400), "agent_id": 9, "customer_id": 1,
        "ticket_id": None, "call_group_id": 11, "direction": "inbound", "completion_status": "completed",
        "time_to_answer": 28, "wait_time": 20, "talk_time": 240, "hold_time": 0, "wrap_up_time": 35,
        "duration": 268, "voicemail": False, "callback": False, "exceeded_queue_wait_time": False,
        "phone_number": "+493012345", "call_channel": None, "quality_issues": ["none"],
    } | more  # fmt: skip


def event(key: str, seconds: int, who: str, user: int, text: str, **more: Any) -> Json:
    """Return a message of a conversation log, as the connector hands it to its mapping."""
    return {
        "id": key, "type": "Messaging::ConversationMessage", "created_at": stamp(seconds), "ticket_id": 40,
        "author": {"type": who, "display_name": "…", "zen:support:user_id": user}, "attachments": [],
        "content": {"type": "text", "text": text}, "source": {"type": "web"}, "metadata": {},
    } | more  # fmt: skip


def mapped(row: Json, **settings: Any) -> list[Record]:
    """Return the records of a chat."""
    return list(ChatMapping(**settings).chat(row))


def kinds(records: Iterable[Record], kind: type[R]) -> list[R]:
    """Return the records of a kind."""
    return [one for one in records if isinstance(one, kind)]
