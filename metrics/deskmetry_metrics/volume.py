"""Volume: how much comes in, how much is done, how much is left."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import ClassVar

from pydantic import Field

from deskmetry.metric import ACTIVITY, MESSAGES, TICKET, TICKETS, Count, Direction, Level, Metric, Share
from deskmetry.plugins import hookimpl


class TicketVolume(Count):
    """Tickets created; missed chats and calls count."""

    name, unit = "ticket_volume", "tickets"
    fact, at = TICKETS, "created_at"


class ActiveTickets(Count):
    """Distinct tickets with a message or a status change in the bucket."""

    name, unit = "active_tickets", "tickets"
    fact, at, distinct = ACTIVITY, "at", TICKET


class InboundMessages(Count):
    """Customer messages: public, written by the customer, not automatic."""

    name, unit = "inbound_messages", "messages"
    fact, at, of = MESSAGES, "sent_at", "kind = 'customer'"


class OutboundMessages(Count):
    """Human replies: public messages by a human agent, not automatic; by agent and team of their author."""

    name, unit = "outbound_messages", "messages"
    fact, at, of = MESSAGES, "sent_at", "kind = 'reply'"


class TicketsSolved(Count):
    """Tickets that are solved, in the bucket of their last solve; by agent and team at that solve."""

    name, unit, direction = "tickets_solved", "tickets", Direction.HIGHER
    fact, at, of = TICKETS, "solved_at", "solved_at IS NOT NULL"
    whose: ClassVar = {"agent": "solved_agent", "team": "solved_team"}
    needs = ("status_history",)


class TicketBacklog(Level):
    """Tickets created before the end of the bucket and unsolved at it, rebuilt from the status history.

    Last month's backlog stays what it was. An inferred solve counts from the instant at which its rule fired.
    Agent and team are those of the assignment at the instant.
    """

    name, unit, direction = "ticket_backlog", "tickets", Direction.LOWER
    needs = ("status_history",)


class ResolutionRate(Share):
    """Tickets solved (for the first time) within `days` of creation ÷ tickets; younger ones left out."""

    name, direction = "resolution_rate", Direction.HIGHER
    fact, at = TICKETS, "created_at"
    counts = "first_resolution_ms <= :days * 86400000"
    leave_out: ClassVar = {"younger than the days they have": "created_at > :as_of - :days * 86400000"}
    needs = ("status_history",)
    days: int = Field(30, ge=1, le=3650, description="Days that a ticket has to be solved in")

    def matures_after(self) -> timedelta:
        """Return the days that a ticket has."""
        return timedelta(days=self.days)


class ChannelShare(Share):
    """Tickets of the channel ÷ tickets, by their creation."""

    name = "channel_share"
    fact, at, across = TICKETS, "created_at", "channel"


class TagShare(Share):
    """Tickets with the tag now ÷ tickets, by their creation; those without a tag stand under `(none)`.

    A ticket counts once under each of its tags, so the shares add up to more than the whole.
    """

    name = "tag_share"
    fact, at, across = TICKETS, "created_at", "tag"
    needs = ("tags",)


METRICS: tuple[type[Metric], ...] = (
    TicketVolume,
    ActiveTickets,
    InboundMessages,
    OutboundMessages,
    TicketsSolved,
    TicketBacklog,
    ResolutionRate,
    ChannelShare,
    TagShare,
)


@hookimpl
def register_metrics() -> Iterable[type[Metric]]:
    """Return the metric classes of the group."""
    return METRICS
