"""Metrics: the KPIs that ship with Deskmetry, one plugin for each group, imported when it is asked.

The plugins are named as the modules. A module that is imported takes its name here, and is the same plugin.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Final

from deskmetry.plugins import hookimpl

if TYPE_CHECKING:
    from deskmetry.metric import Metric

__all__ = ["MetricGroup"]


class MetricGroup:
    """A plugin that imports the module of its metrics only when they are asked for.

    `metric_names` says what it will bring, so that a question about one KPI imports one group.
    """

    def __init__(self, module: str, metric_names: Sequence[str]) -> None:
        self._module = f"{__name__}.{module}"
        self.metric_names = frozenset(metric_names)

    @hookimpl
    def register_metrics(self) -> Iterable[type[Metric]]:
        """Return the metric classes of the group."""
        metrics: Iterable[type[Metric]] = import_module(self._module).register_metrics()
        return metrics


GROUPS: Final = {
    "volume": (
        "ticket_volume",
        "active_tickets",
        "inbound_messages",
        "outbound_messages",
        "tickets_solved",
        "ticket_backlog",
        "resolution_rate",
        "channel_share",
        "tag_share",
    ),
    "speed": (
        "first_response_time",
        "response_time",
        "first_resolution_time",
        "resolution_time",
        "requester_wait_time",
        "agent_wait_time",
        "on_hold_time",
        "unanswered_rate",
    ),
    "effort": (
        "one_touch_rate",
        "replies_per_resolution",
        "replies_per_ticket",
        "reopen_rate",
        "transfer_rate",
        "bot_resolution_rate",
    ),
    "satisfaction": (
        "csat",
        "csat_response_rate",
        "nps",
    ),
}
globals().update({name: MetricGroup(name, metrics) for name, metrics in GROUPS.items()})
