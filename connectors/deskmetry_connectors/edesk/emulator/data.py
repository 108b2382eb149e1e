"""Data: what an emulated account is made of; instants are Unix seconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(slots=True)
class Item:
    """Something in a ticket: a message, a note, a status change, a rating. The id is one within its kind."""

    id: int
    ticket: int
    kind: str
    at: int
    direction: str
    body: str
    user: int | None = None
    contact: int | None = None


@dataclass(slots=True)
class Ticket:
    """A ticket. Its status, owner and tags change without a trace."""

    id: int
    contact: int
    created: int
    subject: str
    channel: int
    kind: str = "Query"
    status: str = "Open"
    owner: int | None = None
    tags: list[int] = field(default_factory=list)
    fields: dict[str, Any] = field(default_factory=dict)
    order: int | None = None
    items: list[Item] = field(default_factory=list)

    @property
    def updated(self) -> int | None:
        """When its last item came; None if it has none."""
        return max((item.at for item in self.items), default=None)


@dataclass(slots=True)
class SalesOrder:
    """A sales order; the price is in major units, and the currency stands on the product."""

    id: int
    contact: int
    channel: int
    at: int
    total: float
    currency: str
    status: str = "PaymentReceived"
    changed: int | None = None
    ticket: int | None = None
