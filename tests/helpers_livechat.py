"""Helpers for tests of `livechat`: rows as LiveChat documents them, and syncs from an emulator in a line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from deskmetry.connector import Connector
from deskmetry.records import Record
from deskmetry.sync import Options, SyncReport, sync
from deskmetry_connectors.livechat import LiveChat
from deskmetry_connectors.livechat.chats import ChatMapping, Taste
from deskmetry_connectors.livechat.emulator import ACCOUNT, PAT, Company, Emulator, Faults
from deskmetry_connectors.livechat.people import Directory

Json = dict[str, Any]
T0 = datetime(2026, 2, 10, 9, tzinfo=UTC)
WHO = "b7eff798-f8df-4364-8059-649c35c9ed0c"
ANNA, BEN = "anna@shop.example", "ben@shop.example"
ROBOT = "2c1b8da190222160e8f9e077af4c625b"


@contextmanager
def account(company: Company | None = None, faults: Faults | None = None) -> Iterator[Emulator]:
    """Serve an account, a small one if none is given."""
    with Emulator(company or Company.make(tickets=30, seed=5), faults) as server:
        yield server


def livechat(server: Emulator, **settings: Any) -> LiveChat:
    """Return a connector for an emulator; with a personal access token unless told otherwise."""
    way = {} if "token" in settings else {"account_id": ACCOUNT, "pat": PAT}
    return LiveChat.model_validate({"url": server.url} | way | settings)


def run(database: Path, connector: Connector, **options: Any) -> SyncReport:
    """Sync one connector as source `chat`."""
    return sync(database, {"chat": connector}, Options(**options))


def stamp(seconds: float) -> str:
    """Return an instant so many seconds after the thread began, as LiveChat writes it."""
    return (T0 + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def said(author: str, seconds: float, text: str = "Hello there", **more: Any) -> Json:
    """Return a message as the documentation shows one."""
    return {"id": f"K600PKZON8_{seconds}", "type": "message", "author_id": author, "text": text,
            "created_at": stamp(seconds), "visibility": "all"} | more  # fmt: skip


def notice(kind: str, seconds: float, **words: str) -> Json:
    """Return a system message."""
    return {"id": f"K600PKZON8_n{seconds}", "type": "system_message", "created_at": stamp(seconds),
            "visibility": "all", "text": kind, "system_message_type": kind, "text_vars": words}  # fmt: skip


def chat(*events: Json, active: bool = False, properties: Json | None = None, **thread: Any) -> Json:
    """Return a row of `list_archives`, with Anna, a bot and the customer in it."""
    return {
        "id": "PJ0MRSHTDG",
        "users": [
            {"id": WHO, "type": "customer", "name": "Thomas", "email": "t@mail.example",
             "phone_number": "+48123", "present": True, "created_at": "2025-12-17T08:53:20.693553+01:00",
             "visit": {"referrer": "http://www.google.com/",
                       "geolocation": {"country": "Poland", "country_code": "PL"},
                       "last_pages": [{"url": "https://shop.example/", "title": "Shop",
                                       "opened_at": "2026-02-10T08:59:00.000000Z"}]}},
            {"id": ANNA, "type": "agent", "name": "Anna", "email": ANNA, "present": True},
            {"id": ROBOT, "type": "agent", "name": "Robby", "email": ROBOT, "present": True},
        ],
        "thread": {
            "id": "K600PKZON8", "active": active, "user_ids": [WHO, ANNA], "events": list(events),
            "properties": properties or {}, "access": {"group_ids": [19]}, "tags": ["sales"],
            "created_at": stamp(0), "previous_thread_id": "K600PKZOM8",
        } | thread,
        "properties": {}, "access": {"group_ids": [19]}, "is_followed": False,
    }  # fmt: skip


def mapped(row: Json, humans: Iterable[str] = (ANNA, BEN), **taste: Any) -> list[Record]:
    """Map one row, with some people in the list of agents."""
    directory = Directory()
    directory.humans = set(humans)
    return list(ChatMapping(directory, Taste(**taste)).chat(row))


def one(kind: type[Record], row: Json, **more: Any) -> Any:
    """Map one row and return its only record of a kind."""
    (found,) = [record for record in mapped(row, **more) if type(record) is kind]
    return found
