"""Rows: what an emulated workspace holds, in the shapes of the API's description (version 2.14)."""

from __future__ import annotations

from .company import Company
from .data import Contact, Conversation, Json, Part
from .faults import Faults

MOST = 500


def contact_row(one: Contact) -> Json:
    """Return a contact as a search shows it."""
    return {
        "type": "contact", "id": one.id, "external_id": None, "workspace_id": "emul8ed", "role": one.role,
        "email": one.email, "phone": one.phone, "name": one.name, "created_at": one.created,
        "updated_at": one.updated, "language_override": None, "browser_language": "en",
        "location": {"type": "location", "country": "Ireland", "region": None, "city": None},
    }  # fmt: skip


def admin_row(key: int, one: Json) -> Json:
    """Return a teammate as the list shows them."""
    return {
        "type": "admin", "id": str(key), "away_mode_enabled": False, "away_mode_reassign": False,
        "has_inbox_seat": True, "team_ids": [11],
    } | one  # fmt: skip


def item(one: Conversation, markup: bool = True) -> Json:
    """Return a conversation as a search shows it: without parts."""
    source = dict(one.source)
    source["body"] = _html(source["body"]) if markup else source["body"]
    return {
        "type": "conversation", "id": one.id, "title": one.title, "created_at": one.created,
        "updated_at": one.updated, "waiting_since": _waiting(one), "snoozed_until": None,
        "open": one.state != "closed", "state": one.state, "read": True, "priority": one.priority,
        "admin_assignee_id": one.admin or 0, "team_assignee_id": one.team,
        "tags": {"type": "tag.list", "tags": one.tags}, "conversation_rating": one.rating, "source": source,
        "contacts": {
            "type": "contact.list", "contacts": [{"type": "contact", "id": one.contact, "external_id": None}]
        },
        "teammates": None, "custom_attributes": one.attributes, "first_contact_reply": None,
        "sla_applied": None, "statistics": statistics(one), "linked_objects": {"type": "list", "data": []},
        "ai_agent_participated": one.ai_agent is not None, "ai_agent": one.ai_agent,
    }  # fmt: skip


def whole(one: Conversation, company: Company, plaintext: bool, faults: Faults) -> Json:
    """Return a conversation as it is shown alone: with its 500 most recent parts."""
    del company
    markup = faults.markup or not plaintext
    shown = one.parts[-MOST:]
    return item(one, markup) | {
        "conversation_parts": {
            "type": "conversation_part.list",
            "conversation_parts": [_part(part, markup, faults.state_before) for part in shown],
            "total_count": len(one.parts),
        }
    }


def statistics(one: Conversation) -> Json:
    """Return Intercom's own numbers, as far as they matter here; durations leave out office hours there."""
    closes = [part.at for part in one.parts if part.kind == "close"]
    replies = [p.at for p in one.parts if p.kind == "comment" and p.author["type"] == "admin"]
    return {
        "type": "conversation_statistics",
        "time_to_admin_reply": 60 if replies else None,
        "first_admin_reply_at": replies[0] if replies else None,
        "first_close_at": closes[0] if closes else None,
        "last_close_at": closes[-1] if closes else None,
        "count_reopens": sum(p.before == "closed" and p.state == "open" for p in one.parts),
        "count_conversation_parts": len(one.parts),
    }


def _part(part: Part, markup: bool, before: bool) -> Json:
    return {
        "type": "conversation_part", "id": part.id, "part_type": part.kind,
        "body": _html(part.body) if markup else part.body, "created_at": part.at, "updated_at": part.updated,
        "notified_at": part.at, "assigned_to": part.assigned_to, "author": part.author, "attachments": [],
        "external_id": None, "redacted": part.redacted, "email_message_metadata": None, "metadata": {},
        "state": part.before if before else part.state, "tags": [], "event_details": {},
        "app_package_code": None,
    }  # fmt: skip


def _html(body: str | None) -> str | None:
    return None if body is None else f"<p>{body}</p>"


def _waiting(one: Conversation) -> int | None:
    """Return since when the customer waits: the first message after the last one of a teammate."""
    since = one.created if one.source["delivered_as"] == "customer_initiated" else None
    for part in one.parts:
        if part.kind == "comment" and part.author["type"] == "admin":
            since = None
        elif part.kind == "comment" and part.author["type"] in ("user", "lead"):
            since = since or part.at
    return since
