"""Commerce: orders, subscriptions, goals, and what support costs."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from .base import Day, Finite, Id, Instant, Integer, OptionalId, Record, Reference, Text
from .kinds import CostKind, GoalKind, OrderStatus

Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


class Order(Record):
    """One order of a customer; amounts are integers in minor units."""

    table: ClassVar[str] = "orders"

    customer_id: Annotated[OptionalId, Reference("customers")] = Field(
        None, description="Customer who ordered"
    )
    placed_at: Instant = Field(description="When it was placed")
    paid_at: Instant | None = Field(None, description="When it was paid")
    amount_minor: Integer = Field(description="Amount net of tax, minor units")
    refunded_minor: Integer = Field(0, description="Refunded part, net of tax, minor units")
    cost_minor: Integer | None = Field(None, description="Cost of the goods, minor units, where known")
    currency: Currency = Field(description="ISO 4217 code")
    status: OrderStatus = Field(description="placed, paid, refunded or cancelled")


class SubscriptionChange(Record):
    """One change of a subscription's recurring amount; an opening snapshot is a change from nothing."""

    table: ClassVar[str] = "subscription_changes"

    subscription_id: Id = Field(description="Subscription that changed")
    customer_id: Annotated[OptionalId, Reference("customers")] = Field(None, description="Its customer")
    at: Instant = Field(description="When it changed")
    before_minor: Integer = Field(description="Recurring amount a month before, minor units; 0 for none")
    after_minor: Integer = Field(description="Recurring amount a month after, minor units; 0 for cancelled")
    currency: Currency = Field(description="ISO 4217 code")
    opening: bool = Field(False, description="An opening snapshot, not a real change")


class Goal(Record):
    """Something a conversation led to: a sale, a lead, a subscription."""

    table: ClassVar[str] = "goals"

    kind: GoalKind = Field(description="sale, lead, subscription or other")
    at: Instant = Field(description="When it was reached")
    ticket_id: Annotated[OptionalId, Reference("tickets")] = Field(
        None, description="Ticket it is attributed to"
    )
    session_id: Annotated[OptionalId, Reference("sessions")] = Field(
        None, description="Session it is attributed to"
    )
    customer_id: Annotated[OptionalId, Reference("customers")] = Field(None, description="Customer")
    order_id: Annotated[OptionalId, Reference("orders")] = Field(None, description="Order")
    amount_minor: Integer | None = Field(None, description="Value, minor units")
    currency: Currency | None = Field(None, description="ISO 4217 code")


class Cost(Record):
    """One cost of support, spread evenly over its span of days."""

    table: ClassVar[str] = "costs"

    kind: CostKind = Field(description="wages, overtime, benefits, taxes, tools, training or other")
    from_day: Day = Field(description="First local day of the span")
    until_day: Day = Field(description="Day after the last of the span")
    amount_minor: Integer = Field(description="Amount, minor units")
    currency: Currency = Field(description="ISO 4217 code")
    hours: Finite | None = Field(None, description="Paid hours, for wages")
    agent_id: Annotated[OptionalId, Reference("agents")] = Field(None, description="Agent it is for")
    team_id: Annotated[OptionalId, Reference("teams")] = Field(None, description="Team it is for")


class TimeEntry(Record):
    """Time that an agent recorded on a ticket."""

    table: ClassVar[str] = "time_entries"

    ticket_id: Annotated[OptionalId, Reference("tickets")] = Field(None, description="Ticket")
    agent_id: Annotated[OptionalId, Reference("agents")] = Field(None, description="Agent")
    at: Instant = Field(description="When it was recorded")
    duration_ms: Integer = Field(description="Time spent, milliseconds")


class Training(Record):
    """Training of an agent."""

    table: ClassVar[str] = "training"

    agent_id: Annotated[Id, Reference("agents")] = Field(description="Agent")
    from_day: Day = Field(description="First local day")
    until_day: Day = Field(description="Day after the last")
    days: Finite = Field(description="Days of training in the span")
    topic: Text | None = Field(None, description="What it was about")
