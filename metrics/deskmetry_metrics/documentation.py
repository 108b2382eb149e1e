"""Documentation: `docs/kpis.md`, written from the metric classes."""

from __future__ import annotations

from importlib import import_module

from deskmetry.metric.catalogue import catalogue

from . import GROUPS


def documentation() -> str:
    """Return the Markdown of `docs/kpis.md`."""
    modules = {name: import_module(f"deskmetry_metrics.{name}") for name in GROUPS}
    return catalogue({name.capitalize(): module.register_metrics() for name, module in modules.items()})
