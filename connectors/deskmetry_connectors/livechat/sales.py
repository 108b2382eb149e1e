"""Sales: orders that a chat led to, as goals and, where wanted, as orders."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from deskmetry.records import Goal, Order, Record, minor_units
from deskmetry.records.kinds import GoalKind, OrderStatus

from .messages import key_of
from .rows import Row, WrongShape, instant, part, text

ORDER = "store_order_was_created"


def sale(event: Row, thread: str, customer: str | None, *, orders: bool) -> Iterator[Record]:
    """Map an order that a shop reports into a chat; its details are JSON written as a text."""
    order = part(_details(event), "order")
    at, currency = instant(event, "created_at"), (text(order, "currency") or "").upper()
    amount = _minor(order.get("total_price"), currency)
    yield Goal(
        id=key_of(thread, event),
        kind=GoalKind.SALE,
        at=at,
        ticket_id=thread,
        session_id=thread,
        customer_id=customer,
        order_id=order["id"],
        amount_minor=amount,
        currency=currency,
    )
    if orders:
        yield Order(
            id=order["id"],
            customer_id=customer,
            placed_at=at,
            amount_minor=amount,
            currency=currency,
            status=OrderStatus.PLACED,
        )


def _details(event: Row) -> Row:
    found: Any = event.get("details")
    if isinstance(found, str):
        try:
            found = json.loads(found)
        except (ValueError, RecursionError):
            raise WrongShape("details", "JSON", found) from None
    return part({"details": found}, "details")


def _minor(price: object, currency: str) -> int:
    try:
        return minor_units(price, currency)
    except ValueError:
        raise WrongShape("total_price", "an amount", price) from None


def bare_sale(thread: str, customer: str | None, at: datetime) -> Goal:
    """Return a sale of which only that it happened during the chat is told; at: when the chat began."""
    return Goal(
        id=f"{thread}:sale",
        kind=GoalKind.SALE,
        at=at,
        ticket_id=thread,
        session_id=thread,
        customer_id=customer,
    )
