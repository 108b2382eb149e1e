"""Helpers for tests of `edesk`: rows as the API gives them, and syncs from an emulator in a line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from deskmetry.records import Record
from deskmetry.sync import Options, SyncReport, sync
from deskmetry.testing.trial_context import QuickContext
from deskmetry_connectors.edesk import Edesk
from deskmetry_connectors.edesk.emulator import TOKEN, Company, Emulator
from deskmetry_connectors.edesk.items import ItemMapping

Json = dict[str, Any]
DAY, HOUR = 86_400, 3_600


def edesk(server: Emulator, **settings: Any) -> Edesk:
    """Return a connector for an emulator."""
    return Edesk.model_validate({"url": server.url, "token": TOKEN} | settings)


def run(database: Path, connector: Edesk, **options: Any) -> SyncReport:
    """Sync one connector as source `ed`, with waits that end at once."""
    return sync(database, {"ed": connector}, Options(context=QuickContext, **options))


def attached(connector: Edesk) -> QuickContext:
    """Give a connector a context whose waits end at once, and return it."""
    context = QuickContext()
    connector.attach(context)
    return context


def empty(**settings: Any) -> Company:
    """Return an account with two users, a shop and a mailbox, and nobody in it yet."""
    company = Company(**settings)
    company.join("Ada Admin", "admin")
    company.join("Ben Agent")
    company.channels = {
        1: {"type": "Amazon", "country": "DE", "currency": "EUR", "name": "Amazon DE"},
        3: {"type": "Email", "country": "DE", "currency": "EUR", "name": "Shop mail"},
    }
    company.tags = {11: "refund", 12: "size"}
    company.meet("Carla Customer", 1)
    return company


def fetched(server: Emulator) -> list[str]:
    """Return the ids of the items that were asked for, in order."""
    return [path.rpartition("/")[2] for path, _ in server.log if "/messages/" in path]


def item(**more: Any) -> Json:
    """Return an item as the API gives one."""
    return {
        "id": 7, "external_id": None, "subject": None, "created_at": "2026-02-01 08:00:00",
        "from_consumer_id": 3, "from_user": None, "type": "Message", "attachments": [],
        "direction": "Incoming", "body": "Where is it?", "errors": [], "ticket_id": 4,
        "asked_ticket_id": 4, "asked_contact_id": 9001,
    } | more  # fmt: skip


def mapped(row: Json, **more: Any) -> list[Record]:
    """Map an item; user 51 is in the list of users."""
    kinds = {
        "replies": frozenset({"Message", "ExternalMessage"}),
        "automatic": frozenset({"AutoReply"}),
        "answering": frozenset({"AiAutoReplyHandsFree"}),
        "users": frozenset({"51"}),
    }
    return list(ItemMapping(**(kinds | more)).item(row))
