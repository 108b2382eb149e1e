"""Broken connectors whose sessions and tickets don't belong together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from deskmetry.connector import Capabilities, Cursor, Page, stream
from deskmetry.records import Session, Ticket
from deskmetry.records.kinds import Medium, SessionKind
from helpers_contract import Tickets

Json = dict[str, Any]


class LooseSessions(Tickets):
    """Gives sessions of tickets that it doesn't give."""

    @stream(Ticket, Session, overlap=timedelta(minutes=5))
    def tickets(self, since: Cursor | None) -> Iterator[Page]:
        """Read the tickets that changed, with their chats."""
        for page in self.changed(since):
            talks = [chat(record.id, f"other-{record.id}") for record in page.records]
            yield replace(page, records=[*page.records, *talks])


class ChatsWithoutSessions(Tickets):
    """Promises waits, and gives sessions of every other chat only."""

    capabilities: ClassVar[Capabilities] = Capabilities(wait_times=True)

    @stream(Ticket, Session, overlap=timedelta(minutes=5))
    def tickets(self, since: Cursor | None) -> Iterator[Page]:
        """Read the chats that changed."""
        for page in self.changed(since):
            talks = [chat(record.id, record.id) for record in page.records if int(record.id) % 2]
            yield replace(page, records=[*page.records, *talks])

    def ticket(self, row: Json) -> Ticket:
        return super().ticket(row).model_copy(update={"medium": Medium.CHAT})


def chat(key: str, ticket: str) -> Session:
    return Session(
        id=key, ticket_id=ticket, kind=SessionKind.CHAT, asked_at=datetime(2026, 2, 1, 8, tzinfo=UTC)
    )
