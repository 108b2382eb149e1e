"""Pages: rows as pages of a stream, with where they end and up to when they are complete."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from deskmetry.connector import Cursor, Page

EXCLUDED = timedelta(seconds=60)
"""Exports leave the last minute out."""


def at(page: Page, token: Any, mark: datetime | None, until: datetime) -> Page:
    """Return the page with its cursor, if there is any, and the instant up to which it is complete."""
    cursor = Cursor(token, mark) if token is not None or mark is not None else None
    return replace(page, cursor=cursor, complete_until=until)


def objects(rows: Iterable[Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the rows that are what a row must be; `page` sets the others aside."""
    return (row for row in rows if isinstance(row, Mapping))


def latest(rows: Iterable[Any], field: str = "updated_at") -> datetime | None:
    """Return the latest instant that some rows hold in a field, as far as they can be read."""
    return max((found for row in objects(rows) if (found := instant(row.get(field)))), default=None)


def instant(stamp: Any) -> datetime | None:
    """Return an aware instant from ISO 8601 text; None for anything else."""
    try:
        found = datetime.fromisoformat(stamp) if isinstance(stamp, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None
