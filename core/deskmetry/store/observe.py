"""Observer: the status history of a source that has none, seen as it changes between two syncs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ..records import TicketEvent, from_milliseconds
from ..records.kinds import EventKind, Provenance, TicketStatus
from .columns import Value

_SOLVED = frozenset({TicketStatus.SOLVED.value, TicketStatus.CLOSED.value})


@dataclass(frozen=True, slots=True)
class Observer:
    """Turn changes of `tickets.status` into status events marked `observed`.

    A change lies between the moment the old status was last seen and the ticket's own last update (or, where
    the source has none, or it is older than that, `seen_at`, when this run began; what the server's clock
    says, `heard`, goes before it if it is behind ours). A ticket that is solved when first seen was solved
    after its creation and not after its last update. Nothing is said of the beginning of a ticket that was
    there before anybody looked: its first event then has an old status.
    """

    seen_at: datetime
    last_seen_at: datetime | None
    heard: Callable[[], datetime | None] = lambda: None

    def events(
        self, position: Mapping[str, int], changes: Sequence[tuple[Sequence[Value] | None, Sequence[Value]]]
    ) -> Iterator[TicketEvent]:
        """Yield the events that these changes of rows of `tickets` stand for."""
        status, created, updated = position["status"], position["created_at"], position["updated_at"]
        seen_at = min(self.seen_at, self.heard() or self.seen_at)
        for old, new in changes:
            at = min(self._instant(new[updated]), seen_at)
            before = str(old[status]) if old is not None else None
            if before is None:
                before = TicketStatus.OPEN.value if new[status] in _SOLVED else str(new[status])
                began = self._instant(new[created])
                if self.last_seen_at is not None and began >= self.last_seen_at:
                    yield _event(str(new[0]), began, None, None, before)
            if before != new[status]:
                since = self.last_seen_at if old is not None else self._instant(new[created])
                if old is not None and since is not None and at <= since:
                    at = seen_at  # that update was seen with the old status: it isn't this change's
                yield _event(str(new[0]), at, since, before, str(new[status]))

    def _instant(self, value: Value) -> datetime:
        return from_milliseconds(value) if isinstance(value, int) else self.seen_at


def _event(ticket: str, at: datetime, since: datetime | None, old: str | None, new: str) -> TicketEvent:
    return TicketEvent(
        id=f"observed:{ticket}:{int(at.timestamp() * 1000)}:{new}",
        ticket_id=ticket,
        kind=EventKind.STATUS,
        at=at,
        not_before_at=min(since, at) if since else None,
        how=Provenance.OBSERVED,
        old=old,
        new=new,
    )
