"""Page: the unit that is committed, records of any kinds with the next cursor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ..records.base import Record
from .cursor import Cursor


@dataclass(frozen=True, slots=True)
class Rejected:
    """One item that can't be mapped: what came, and why it can't be used."""

    raw: Any
    reason: str
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """What the engine commits at once.

    `cursor` is where the next run goes on once this page is committed; None leaves it where it was, as an
    unsorted stream does until its last page. `complete_until` is the instant up to which the stream is known
    completely after this page, for streams that know it better than "when the run began". `future` counts
    records dated after the server's own clock; they are stored, and never move the watermark.
    """

    records: Sequence[Record]
    cursor: Cursor | None = None
    rejected: Sequence[Rejected] = field(default=())
    complete_until: datetime | None = None
    future: int = 0
