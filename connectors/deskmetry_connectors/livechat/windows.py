"""Windows: which spans of the archive a run reads, so that what changes late is seen at a bearable price."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from deskmetry.errors import CursorRefused

SLICE = timedelta(days=31)
"""A first read goes through the archive in slices: a `page_id` serves within one run only."""
_DAY, _WEEK = timedelta(days=1), timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Tiers:
    """How far back threads are read again: at every sync, daily, weekly."""

    each: timedelta = timedelta(days=2)
    daily: timedelta = timedelta(days=7)
    weekly: timedelta = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class Progress:
    """When the last pass of each tier was, by the server's clock; its JSON is the cursor's token."""

    read: datetime
    daily: datetime
    weekly: datetime

    @classmethod
    def load(cls, token: Any) -> Progress:
        """Read a token; CursorRefused if it is none."""
        return cls(*(_instant(token, name) for name in ("read", "daily", "weekly")))

    def dump(self) -> dict[str, str]:
        """Return the token."""
        return {name: getattr(self, name).isoformat() for name in ("read", "daily", "weekly")}

    def next(self, now: datetime, tiers: Tiers) -> tuple[datetime, Progress]:
        """Return from when on this run reads, and where it stands then.

        A tier counts from its own last pass, so that nothing is lost to a pause of weeks between two syncs.
        """
        begin = self.read - tiers.each
        daily, weekly = self.daily, self.weekly
        if now - self.weekly >= _WEEK:
            begin, weekly = min(begin, self.weekly - tiers.weekly), now
        if now - self.daily >= _DAY:
            begin, daily = min(begin, self.daily - tiers.daily), now
        return begin, Progress(max(now, self.read), daily, weekly)


@dataclass(frozen=True, slots=True)
class Window:
    """A span of the archive, open where None, and the token that stands once it was read."""

    begin: datetime | None
    end: datetime | None
    token: dict[str, str]


def first_windows(
    begin: datetime | None, oldest: datetime, now: datetime, began: datetime
) -> Iterator[Window]:
    """Yield the slices of a first read from `begin` on, None for all there is.

    oldest: about when the first thread is. began: when the first run of this read was: what changed since
    then in slices that were read then is for the tiers of the next run. The last slice is open: what comes
    while it is read belongs to it.
    """
    edge = (begin or oldest) + SLICE
    while edge < now:
        yield Window(begin, edge, {"slice": edge.isoformat(), "began": began.isoformat()})
        begin, edge = edge, edge + SLICE
    yield Window(begin, None, Progress(began, began, began).dump())


def unfinished(token: Any) -> tuple[datetime, datetime] | None:
    """Return where a first read goes on, and when it began; None if the token is of a finished one."""
    if isinstance(token, Mapping) and "slice" in token:
        return _instant(token, "slice"), _instant(token, "began")
    return None


def _instant(token: Any, name: str) -> datetime:
    found = token.get(name) if isinstance(token, Mapping) else None
    try:
        at = datetime.fromisoformat(found) if isinstance(found, str) else None
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise CursorRefused(
            "The cursor of the last run can't be read.", "The archive is read from its watermark."
        )
    return at
