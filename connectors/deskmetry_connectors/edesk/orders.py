"""Orders: sales orders as records, in the minor units and the currency of their products."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deskmetry.errors import RecordError
from deskmetry.records import Order, minor_units
from deskmetry.records.kinds import OrderStatus

from .values import instant, reference, required

Row = Mapping[str, Any]
STATUSES: Mapping[str, OrderStatus] = {
    "orderreceived": OrderStatus.PLACED,
    "hold": OrderStatus.PLACED,
    "paymentrejected": OrderStatus.PLACED,
    "paymentreceived": OrderStatus.PAID,
    "paymentaccepted": OrderStatus.PAID,
    "ordershipped": OrderStatus.PAID,
    "intransit": OrderStatus.PAID,
    "delivered": OrderStatus.PAID,
    "returned": OrderStatus.REFUNDED,
    "canceled": OrderStatus.CANCELLED,
}


class NoCurrencyError(RecordError):
    """An order doesn't say in which one currency its amount is."""

    def __init__(self, found: list[str]) -> None:
        said = f"the currencies {', '.join(found)}" if found else "no currency"
        super().__init__(
            f"The products of an order, and its channel, name {said}.", "An order needs one currency."
        )


def order(row: Row, currencies: Mapping[str, str]) -> Order:
    """Map a sales order. currencies: of the channels by id, for an order whose products name none."""
    word = str(row["status"]).lower()
    status = STATUSES.get(word)
    if status is None:
        raise ValueError(f"the status {row['status']!r} is unknown")
    currency = _currency(row, currencies)
    amount = minor_units(row["total_amount"], currency)
    placed = instant(row.get("order_created_at")) or required(row["created_at"], "created_at")
    return Order(
        id=row["id"],
        customer_id=reference(row.get("contact_id")),
        placed_at=placed,
        amount_minor=amount,
        refunded_minor=amount if status is OrderStatus.REFUNDED else 0,
        currency=currency,
        status=status,
    )


def _currency(row: Row, currencies: Mapping[str, str]) -> str:
    products = (item.get("product") or {} for item in row.get("order_items") or ())
    found = {str(name).upper() for product in products if (name := product.get("currency"))}
    if not found and (known := currencies.get(str(row.get("channel_id")))):
        found = {known.upper()}
    if len(found) != 1:
        raise NoCurrencyError(sorted(found))
    return found.pop()
