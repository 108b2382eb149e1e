"""Reopened tickets: a metric in one file, loaded by `--plugin examples/reopened_tickets.py`."""

from collections.abc import Iterable
from datetime import timedelta

from deskmetry import TICKETS, Direction, Metric, Share, hookimpl


class ReopenedTickets(Share):
    """Solved tickets that were reopened within thirty days."""

    name = "reopened_tickets"
    direction = Direction.LOWER
    fact, at = TICKETS, "first_solved_at"
    of, counts = "first_solved_at IS NOT NULL", "reopened_after_ms <= :window"
    window: timedelta = timedelta(days=30)
    maturity = "window"


@hookimpl
def register_metrics() -> Iterable[type[Metric]]:
    """Bring the metric."""
    return [ReopenedTickets]
