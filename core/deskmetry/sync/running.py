"""Running: how a run is to go, and what it keeps of each source while it goes."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from ..connector import Connector, Context, Cursor, Page
from ..privacy import Filter
from ..settings import People
from ..settings.model import Privacy
from ..store import Writer
from .absent import Absent
from .fields import Fields
from .reader import Reader
from .report import SourceReport, StreamReport
from .settle import WholeLists


@dataclass(frozen=True, slots=True)
class Options:
    """How a run is to go.

    timezone: the zone of the facts' days. full: read everything again. folder: what relative paths in the
    settings start from. max_wait: a longer wait for a limit ends the stream. context: makes what is lent to
    connectors; trials lend one whose waits are instant. privacy: how much of people is stored, by source.
    tickets: of each configured source the one whose tickets its surveys are about, None for its own.
    people: what joins customers to one person. processes: at most so many sources that aren't known whole
    yet are read by processes of their own, where that can be done; see `apart.may_fork`.
    """

    timezone: str = "UTC"
    full: bool = False
    folder: Path = field(default_factory=Path.cwd)
    max_wait: timedelta = timedelta(minutes=15)
    context: Callable[..., Context] = Context
    privacy: Mapping[str, Privacy] = field(default_factory=dict)
    tickets: Mapping[str, str | None] = field(default_factory=dict)
    people: People = field(default_factory=People)
    processes: int = 0


def spare_cores() -> int:
    """Return how many cores this process may use besides the one that it writes with."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return usable - 1


@dataclass(slots=True)
class Buffer:
    """Pages of one stream that wait to be committed together."""

    pages: list[Page] = field(default_factory=list)
    rows: int = 0
    since: float = 0.0


@dataclass(slots=True)
class RunningSource:
    """One source during a run."""

    id: int
    connector: Connector
    report: SourceReport
    reader: Reader
    cursors: dict[str, Cursor | None]
    writer: Writer
    fields: Fields
    private: Filter
    absent: Absent
    buffers: dict[str, Buffer] = field(default_factory=dict)
    lists: dict[str, WholeLists] = field(default_factory=dict)
    abandoned: bool = False

    def stream(self, name: str) -> StreamReport:
        """Return the report of one of its streams."""
        return next(stream for stream in self.report.streams if stream.stream == name)
