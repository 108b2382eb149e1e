"""Endings: when and by whom a thread was archived, and what that makes of its session."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from deskmetry.records.kinds import ActorKind, Provenance, SessionEnd

from .rows import Row, instant

_ARCHIVED: Mapping[str, ActorKind] = {
    "manual_archived_agent": ActorKind.AGENT,
    "manual_archived_customer": ActorKind.CUSTOMER,
    "archived_customer_disconnected": ActorKind.CUSTOMER,
    "customer_banned": ActorKind.AGENT,
    "system_archived": ActorKind.SYSTEM,
}
_BY_ROUTING = "routing.archived_"


@dataclass(frozen=True, slots=True)
class Ending:
    """The end of a thread; inferred from its last event where no message says that it was archived."""

    at: datetime
    how: Provenance
    by: ActorKind | None

    @property
    def left(self) -> bool:
        """Whether it was the customer who went."""
        return self.by is ActorKind.CUSTOMER


def ending_of(events: Sequence[Row], began: datetime) -> Ending:
    """Return how an archived thread ended. events: oldest first; later ones may be ratings and sales."""
    for event in reversed(events):
        kind = str(event.get("system_message_type") or "")
        if event["type"] == "system_message" and (kind in _ARCHIVED or kind.startswith(_BY_ROUTING)):
            return Ending(
                instant(event, "created_at"), Provenance.REPORTED, _ARCHIVED.get(kind, ActorKind.SYSTEM)
            )
    said = [event for event in events if event["type"] not in ("system_message", "system")]
    last = (said or list(events))[-1:]
    at = instant(last[0], "created_at") if last else began
    return Ending(max(at, began), Provenance.INFERRED, None)


def session_end(ending: Ending, *, answered: bool, queued: bool, served: bool) -> SessionEnd:
    """Return how a session ended.

    answered: a human wrote, or an AI agent resolved it. queued: it stood in a queue. served: any agent or bot
    was ever in it. Who leaves a queue before that has abandoned; whoever else nobody answered was missed.
    """
    if answered:
        return SessionEnd.COMPLETED
    return SessionEnd.ABANDONED if ending.left and queued and not served else SessionEnd.MISSED
