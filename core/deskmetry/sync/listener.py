"""Listener: who is told how a sync goes on, for progress on a terminal or lines in a log."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import ParamSpec, Protocol

from .report import Outcome

log = logging.getLogger("deskmetry.sync")
P = ParamSpec("P")


class Listener(Protocol):
    """Who is told how a sync goes on; called from several threads."""

    def page(self, source: str, stream: str, rows: int) -> None:
        """Take note that so many rows of a stream were committed."""

    def waiting(self, source: str, until: datetime, reason: str) -> None:
        """Take note that a source waits until an instant."""

    def ended(self, source: str, stream: str, outcome: Outcome, reason: str) -> None:
        """Take note that a stream ended."""

    def stage(self, name: str) -> None:
        """Take note that all sources are read and a stage over them begins."""


class Listened:
    """A listener whose own failures (a terminal that is gone) never stop a sync."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    def page(self, source: str, stream: str, rows: int) -> None:
        """Pass it on."""
        _tell(self._listener.page, source, stream, rows)

    def waiting(self, source: str, until: datetime, reason: str) -> None:
        """Pass it on."""
        _tell(self._listener.waiting, source, until, reason)

    def ended(self, source: str, stream: str, outcome: Outcome, reason: str) -> None:
        """Pass it on."""
        _tell(self._listener.ended, source, stream, outcome, reason)

    def stage(self, name: str) -> None:
        """Pass it on."""
        _tell(self._listener.stage, name)


def _tell(what: Callable[P, None], *arguments: P.args, **named: P.kwargs) -> None:
    try:
        what(*arguments, **named)
    except Exception:
        log.debug("the listener failed", exc_info=True)


class Silence:
    """A listener that says nothing."""

    def page(self, source: str, stream: str, rows: int) -> None:
        """Ignore it."""

    def waiting(self, source: str, until: datetime, reason: str) -> None:
        """Ignore it."""

    def ended(self, source: str, stream: str, outcome: Outcome, reason: str) -> None:
        """Ignore it."""

    def stage(self, name: str) -> None:
        """Ignore it."""
