"""Effort: how much work a ticket takes."""

from __future__ import annotations

from collections.abc import Iterable

from deskmetry.metric import TICKETS, Direction, Metric, Ratio, Sum
from deskmetry.plugins import hookimpl


class RepliesPerTicket(Ratio):
    """Human replies ÷ tickets, by the ticket's creation."""

    name, unit, direction = "replies_per_ticket", "replies", Direction.LOWER
    over, under = Sum(TICKETS, "created_at", value="human_replies"), Sum(TICKETS, "created_at")


METRICS: tuple[type[Metric], ...] = (RepliesPerTicket,)


@hookimpl
def register_metrics() -> Iterable[type[Metric]]:
    """Return the metric classes of the group."""
    return METRICS
