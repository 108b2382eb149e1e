"""Metrics: the KPIs that ship with Deskmetry, one plugin for each group, imported when it is asked.

The plugins are named as the modules. A module that is imported takes its name here, and is the same plugin.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import TYPE_CHECKING

from deskmetry.plugins import hookimpl

if TYPE_CHECKING:
    from deskmetry.metric import Metric

__all__ = ["MetricGroup"]


class MetricGroup:
    """A plugin that imports the module of its metrics only when they are asked for."""

    def __init__(self, module: str) -> None:
        self._module = f"{__name__}.{module}"

    @hookimpl
    def register_metrics(self) -> Iterable[type[Metric]]:
        """Return the metric classes of the group."""
        metrics: Iterable[type[Metric]] = import_module(self._module).register_metrics()
        return metrics


GROUPS = ("volume", "speed", "effort", "satisfaction")
globals().update({name: MetricGroup(name) for name in GROUPS})
