"""Plugins: who brings connectors, metrics and commands, loaded so that a broken one stops nobody."""

from .guard import Failure, Identity, Origin, Stage
from .registry import PluginInfo, Registry
from .spec import API_VERSION, hookimpl, hookspec

__all__ = [
    "API_VERSION", "Failure", "Identity", "Origin", "PluginInfo", "Registry", "Stage", "hookimpl", "hookspec",
]  # fmt: skip
