"""Progress: how a sync goes on, drawn on a terminal, told in plain lines elsewhere; always on stderr."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from deskmetry.sync import Listener, Outcome

from .text import plain

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_SECONDS_A_LINE = 5.0


@contextmanager
def progress() -> Iterator[Listener]:
    """Lend a listener that fits the terminal, or the lack of one."""
    if not sys.stderr.isatty():
        yield Lines()
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    drawn = Progress(*columns, console=Console(stderr=True), transient=True)
    try:
        yield Bars(drawn)
    finally:
        drawn.stop()


class Lines:
    """Tell in plain lines, at most one in a few seconds for each stream."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], int] = {}
        self._told: dict[tuple[str, str], float] = {}
        self._lock = threading.Lock()

    def page(self, source: str, stream: str, rows: int) -> None:
        """Count rows, and say so now and then."""
        key = source, stream
        with self._lock:
            self._rows[key] = self._rows.get(key, 0) + rows
            now = time.monotonic()
            if now - self._told.setdefault(key, now) >= _SECONDS_A_LINE:
                self._told[key] = now
                _say(f"{source}: {stream}: {_counted(self._rows[key])}")

    def waiting(self, source: str, until: datetime, reason: str) -> None:
        """Say until when and why a source waits."""
        _say(f"{source}: waiting until {until.astimezone():%H:%M:%S}: {reason}")

    def ended(self, source: str, stream: str, outcome: Outcome, reason: str) -> None:
        """Say how a stream ended."""
        rows = self._rows.get((source, stream), 0)
        _say(f"{source}: {stream}: {outcome}, {_counted(rows)}{f' ({reason})' if reason else ''}")

    def stage(self, name: str) -> None:
        """Say what is done over all sources."""
        _say(f"bringing {name} up to date")


class Bars:
    """Draw a line for each stream that is being read.

    Drawing begins with the first: it takes a thread, and a sync forks processes off before it has any.
    """

    def __init__(self, drawn: Progress) -> None:
        self._drawn = drawn
        self._tasks: dict[tuple[str, str], TaskID] = {}
        self._rows: dict[tuple[str, str], int] = {}
        self._lock = threading.Lock()

    def page(self, source: str, stream: str, rows: int) -> None:
        """Show how many rows were written, and how fast."""
        key = source, stream
        with self._lock:
            self._rows[key] = self._rows.get(key, 0) + rows
            task = self._task(key)
            elapsed = self._drawn.tasks[list(self._tasks).index(key)].elapsed or 0.0
            rate = f", {self._rows[key] / elapsed:,.0f} a second" if elapsed > 1 else ""
            self._drawn.update(task, description=f"{source}: {stream}: {_counted(self._rows[key])}{rate}")

    def waiting(self, source: str, until: datetime, reason: str) -> None:
        """Show until when and why a source waits."""
        text = f"{source}: waiting until {until.astimezone():%H:%M:%S}: {plain(reason)}"
        with self._lock:
            self._drawn.update(self._task((source, "")), description=text)

    def ended(self, source: str, stream: str, outcome: Outcome, reason: str) -> None:
        """Show how a stream ended; one that ended well makes room, as there are more than a screen holds."""
        rows = self._rows.get((source, stream), 0)
        text = f"{source}: {stream}: {_counted(rows)}, {outcome}{f' ({plain(reason)})' if reason else ''}"
        shown = outcome not in (Outcome.OK, Outcome.SKIPPED)
        with self._lock:
            self._drawn.update(self._task((source, stream)), description=text, visible=shown)

    def stage(self, name: str) -> None:
        """Show what is done over all sources."""
        with self._lock:
            self._drawn.update(self._task(("", "stage")), description=f"bringing {name} up to date")

    def _task(self, key: tuple[str, str]) -> TaskID:
        if key not in self._tasks:
            self._drawn.start()  # does nothing once it was
            self._tasks[key] = self._drawn.add_task(": ".join(filter(None, key)), total=None)
        return self._tasks[key]


def _counted(rows: int) -> str:
    return "1 row" if rows == 1 else f"{rows:,} rows"


def _say(text: str) -> None:
    sys.stderr.write(plain(text) + "\n")
    sys.stderr.flush()
