"""Helpers for tests of `intercom`: syncs from an emulator, and conversations as the API shows them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from deskmetry.connector import Connector
from deskmetry.records import Record
from deskmetry.sync import Options, SyncReport, sync
from deskmetry_connectors.intercom import Intercom
from deskmetry_connectors.intercom.conversations import ConversationMapping
from deskmetry_connectors.intercom.emulator import TOKEN, WORKSPACE, Company, Emulator, Faults
from deskmetry_connectors.intercom.history import statuses

Json = dict[str, Any]
R = TypeVar("R", bound=Record)
ADMIN: Json = {"type": "admin", "id": "274", "name": "Jamie", "email": "jamie@acme.example"}
USER: Json = {"type": "user", "id": "c1", "name": "Joe", "email": "joe@customer.example"}
BOT: Json = {"type": "bot", "id": "278", "name": "Fin", "email": "operator+abcd1234@intercom.io"}
BEGIN = 1_740_000_000


@contextmanager
def desk(company: Company | None = None, faults: Faults | None = None) -> Iterator[Emulator]:
    """Serve a workspace, a small one if none is given."""
    with Emulator(company or Company.make(tickets=20, seed=5), faults) as server:
        yield server


def intercom(server: Emulator, **settings: Any) -> Intercom:
    """Return a connector for an emulator; it reads contacts at each sync unless told otherwise."""
    known = {"url": server.url, "workspace": WORKSPACE, "token": TOKEN, "contacts_every": "0s"}
    return Intercom.model_validate(known | settings)


def run(database: Path, connector: Connector, **options: Any) -> SyncReport:
    """Sync one connector as source `ic`."""
    return sync(database, {"ic": connector}, Options(**options))


def at(seconds: int) -> datetime:
    """Return an instant so many seconds after the conversations here begin."""
    return datetime.fromtimestamp(BEGIN + seconds, UTC)


def part(number: int, kind: str, seconds: int, author: Json = ADMIN, **more: Any) -> Json:
    """Return a part as the API's description shows one."""
    return {
        "type": "conversation_part", "id": str(number), "part_type": kind, "body": None,
        "created_at": BEGIN + seconds, "updated_at": BEGIN + seconds, "notified_at": BEGIN + seconds,
        "assigned_to": None, "author": author, "attachments": [], "external_id": None, "redacted": False,
        "state": "open", "tags": [],
    } | more  # fmt: skip


def conversation(*parts: Json, **more: Any) -> Json:
    """Return a conversation as the API's description shows one, begun by the customer."""
    source = {
        "type": "conversation", "id": "403918346", "delivered_as": "customer_initiated", "subject": "",
        "body": "Where is it?", "author": USER, "attachments": [], "url": "https://shop.example/cart",
        "redacted": False,
    }  # fmt: skip
    total = {"conversation_parts": list(parts), "total_count": len(parts)}
    return {
        "type": "conversation", "id": "515", "title": None, "created_at": BEGIN,
        "updated_at": max([BEGIN, *(one["updated_at"] for one in parts)]), "waiting_since": None,
        "snoozed_until": None, "open": True, "state": parts[-1]["state"] if parts else "open", "read": True,
        "priority": "not_priority", "admin_assignee_id": 0, "team_assignee_id": None,
        "tags": {"type": "tag.list", "tags": []}, "conversation_rating": None,
        "source": source | more.pop("source", {}),
        "contacts": {"type": "contact.list", "contacts": [{"type": "contact", "id": "c1"}]},
        "custom_attributes": {}, "first_contact_reply": None, "sla_applied": None, "statistics": None,
        "conversation_parts": total, "ai_agent_participated": False, "ai_agent": None,
    } | more  # fmt: skip


def mapped(kind: type[R], row: Json, snoozed: str = "on_hold") -> list[R]:
    """Return the records of one kind that a conversation gives."""
    mapping = ConversationMapping(statuses(snoozed), lambda key: None)
    return [record for record in mapping.conversation(row) if isinstance(record, kind)]


def one(kind: type[R], row: Json) -> R:
    """Return the only record of a kind that a conversation gives."""
    (found,) = mapped(kind, row)
    return found
