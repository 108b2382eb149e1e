"""OwnHistory: the changes of status of a chat or call that is a ticket of its own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from deskmetry.records import TicketEvent
from deskmetry.records.kinds import EventKind, TicketStatus


def own_history(key: str, began: datetime, ended: datetime | None) -> Iterator[TicketEvent]:
    """Yield that it was opened when it began, and closed at its end, if it has ended."""
    opened, closed = TicketStatus.OPEN, TicketStatus.CLOSED
    yield TicketEvent(id=f"{key}:began", ticket_id=key, at=began, kind=EventKind.STATUS, new=opened)
    if ended is not None:
        yield TicketEvent(
            id=f"{key}:ended", ticket_id=key, at=ended, kind=EventKind.STATUS, old=opened, new=closed
        )
