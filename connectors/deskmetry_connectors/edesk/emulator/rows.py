"""Rows: what an emulated account looks like as JSON, with the types that live answers have."""

from __future__ import annotations

from datetime import UTC, datetime

from .company import Company
from .data import Item, Json, SalesOrder, Ticket


def stamp(at: int | None) -> str | None:
    """Return an instant as eDesk writes it: UTC, without saying so."""
    return None if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")


def ticket(company: Company, one: Ticket, *, descending: bool = False) -> Json:
    """Return a ticket; `time_left_to_reply` counts down, and is false where nothing is due."""
    waits = one.status == "Open" and one.updated is not None
    ids = [item.id for item in one.items]
    return {
        "id": one.id, "subject": one.subject, "type": one.kind, "channel_id": one.channel,
        "status": one.status, "sales_order_id": one.order, "external_order_id": None,
        "created_at": stamp(one.created), "last_updated_at": stamp(one.updated),
        "owner_user_id": one.owner or 0,
        "custom_fields": [{"id": n, "name": k, "value": v} for n, (k, v) in enumerate(one.fields.items(), 1)],
        "time_left_to_reply": (one.updated or 0) + 86_400 - company.now if waits else False,
        "tags_ids": one.tags, "contact_id": one.contact, "messages_ids": ids[::-1] if descending else ids,
        "uri": f"https://dashboard.edesk.com/mailbox/ticket/{one.id}",
        "replies": sum(item.direction == "Outgoing" for item in one.items), "ai_classification": None,
    }  # fmt: skip


def item(company: Company, one: Item) -> Json:
    """Return an item; now and then its instant is a number."""
    known = company.users.get(one.user) if one.user is not None else None
    return {
        "id": one.id, "external_id": None, "subject": None,
        "created_at": one.at if one.id % 5 == 0 else stamp(one.at),
        "from_consumer_id": one.contact, "from_user": {"id": one.user} | known if known else None,
        "type": one.kind, "attachments": [], "direction": one.direction, "body": one.body, "errors": [],
        "ticket_id": one.ticket,
    }  # fmt: skip


def order(one: SalesOrder) -> Json:
    """Return a sales order; codes come in apostrophes, and the currency stands on the product."""
    product = {"id": 1, "sku": "A-1", "title": "A thing", "price": one.total, "currency": one.currency}
    return {
        "id": one.id, "channel_id": one.channel, "seller_order_id": f"S-{one.id}", "status": one.status,
        "order_items": [{"id": 1, "product": product, "quantity": 1, "end_price": one.total}],
        "shipping_amount": 0, "total_amount": one.total, "ship_to": {"name": "…", "country": "DE"},
        "contact_id": one.contact, "tracking_codes": [{"tracking_code": "'JD0001'"}],
        "created_at": stamp(one.at), "last_updated_at": stamp(one.changed or one.at),
        "ticket_id": one.ticket, "order_created_at": stamp(one.at), "order_shipped_at": None,
    }  # fmt: skip
