"""Tickets: rows of the ticket list as records."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from deskmetry.errors import RecordError
from deskmetry.records import Ticket
from deskmetry.records.kinds import ActorKind, Medium, TicketStatus

from .values import instant, reference, required

Row = Mapping[str, Any]
STATUSES: Mapping[str, TicketStatus] = {
    "open": TicketStatus.OPEN,
    "pending": TicketStatus.PENDING,
    "scheduled": TicketStatus.ON_HOLD,
    "closed": TicketStatus.CLOSED,
    "archived": TicketStatus.CLOSED,
    "spam": TicketStatus.CLOSED,
}
UNSOLVED = ("Open", "Pending", "Scheduled")
"""The words of tickets that somebody still has to do with."""
_CHATS = frozenset({"chat", "chatbot"})
_OTHER = re.compile(r"[^a-z0-9]+")


class UnknownStatusError(RecordError):
    """A ticket has a status that eDesk doesn't document."""

    def __init__(self, word: object) -> None:
        super().__init__(f"The status {word!r} is unknown.", "Report it to the connector's author.")


@dataclass(frozen=True, slots=True)
class TicketMapping:
    """Rows as tickets. channels: their rows by id. tags: their names by id. deleted: archived tickets are."""

    channels: Mapping[str, Row] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    deleted: bool = False

    def ticket(self, row: Row) -> Ticket:
        """Map a ticket. `time_left_to_reply` is left out: it counts down, and so changes with every look."""
        word = row["status"]
        status = STATUSES.get(word.lower()) if isinstance(word, str) else None
        if status is None:
            raise UnknownStatusError(word)
        created = required(row["created_at"], "created_at")
        updated = instant(row.get("last_updated_at"))
        channel = self._channel(row)
        gone = self.deleted and word.lower() == "archived"
        kind = row.get("type")
        return Ticket(
            id=row["id"],
            subject=row.get("subject"),
            medium=Medium.CHAT if str(kind).lower() in _CHATS else Medium.TICKET,
            channel=channel,
            brand_id=reference(row.get("channel_id")),
            assignee_id=reference(row.get("owner_user_id")),
            requester_id=reference(row.get("contact_id")),
            opened_by=ActorKind.SYSTEM if kind == "SystemMessage" else ActorKind.CUSTOMER,
            status=status,
            vendor_status=word,
            type=kind,
            created_at=created,
            updated_at=updated,
            spam=word.lower() == "spam",
            deleted_at=(updated or created) if gone else None,
            link=_link(row.get("uri")),
            tags=[self.tags.get(str(tag), str(tag)) for tag in _several(row, "tags_ids")],
            custom_fields=_custom_fields(_several(row, "custom_fields")),
            vendor_metrics=_metrics(row),
        )

    def _channel(self, row: Row) -> str | None:
        """Return the type of the channel as one lower-case word, its number where no list tells it."""
        key = reference(row.get("channel_id"))
        known = self.channels.get(str(key), {}).get("type")
        if key is None:
            return None
        return (_OTHER.sub("_", known.lower()).strip("_") if isinstance(known, str) else "") or str(key)


def _link(uri: object) -> str | None:
    if uri is not None and not isinstance(uri, str):
        raise ValueError("the field 'uri' holds no address")
    return uri if uri is not None and uri.startswith("https://") else None


def _several(row: Row, name: str) -> list[Any]:
    found = row.get(name) or []
    if not isinstance(found, list):
        raise ValueError(f"the field {name!r} holds no list")
    return found


def _custom_fields(rows: Any) -> dict[str, Any] | None:
    return {
        str(row.get("name") or row["id"]): row.get("value") for row in rows if row.get("value") is not None
    } or None


def _metrics(row: Row) -> dict[str, Any] | None:
    names = ("replies", "ai_classification", "external_order_id", "sales_order_id")
    return {name: row[name] for name in names if row.get(name) is not None} or None
