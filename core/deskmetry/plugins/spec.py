"""Hooks: what a plugin can bring. Each is optional; mark an implementation with `@hookimpl`."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import TYPE_CHECKING

from pluggy import HookimplMarker, HookspecMarker

if TYPE_CHECKING:
    import typer

    from ..connector import Connector
    from ..metric import Metric
    from ..sync import SyncReport
    from .check import Check

API_VERSION = 1
"""Version of what plugins are written against; one may declare what it needs as `DESKMETRY_API_VERSION`."""

hookspec = HookspecMarker("deskmetry")
hookimpl = HookimplMarker("deskmetry")


@hookspec
def register_connectors() -> Iterable[type[Connector]]:
    """Return connector classes: the kinds of helpdesk that can be read."""
    return ()


@hookspec
def register_metrics() -> Iterable[type[Metric]]:
    """Return metric classes: the KPIs that can be asked for."""
    return ()


@hookspec
def register_commands(app: typer.Typer) -> None:
    """Add commands to the command line."""


@hookspec
def prepare_connection(connection: sqlite3.Connection) -> None:
    """Add SQL functions to a connection to the database, before it is used."""


@hookspec
def sync_finished(report: SyncReport) -> None:
    """Learn how a sync went, after everything was written."""


@hookspec
def doctor_checks() -> Iterable[Check]:
    """Return what `deskmetry doctor` shall look at besides its own checks."""
    return ()
