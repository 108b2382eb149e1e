"""Exports: pages of the incremental exports, with the ends, cursors and boundary seconds they really have."""

from __future__ import annotations

import base64
import binascii
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from .company import Company
from .data import Json
from .sla import metric_events

MINUTE = 60
Row = tuple[int, int, Any]  # instant, id, what it is


class RefusedError(Exception):
    """A request that the API answers with an error: status, code and words."""

    def __init__(self, status: int, code: str, words: str) -> None:
        super().__init__(code)
        self.status, self.code, self.words = status, code, words


@dataclass
class Index:
    """Everything in the order of an export, made anew when the company changed."""

    company: Company
    made: dict[str, tuple[int, list[Row]]] = field(default_factory=dict)

    def rows(self, name: str) -> list[Row]:
        """Return all rows of an export that are at least a minute old, by (instant, id)."""
        revision, rows = self.made.get(name, (-1, []))
        if revision != self.company.revision:
            rows = sorted(_SOURCES[name](self.company), key=itemgetter(0, 1))
            self.made[name] = (self.company.revision, rows)
        return rows[: bisect_right(rows, (self.company.now - MINUTE, 2**63), key=itemgetter(0, 1))]


def _stamp(text: str) -> int:
    from datetime import datetime

    return int(datetime.fromisoformat(text).timestamp())


_SOURCES: dict[str, Callable[[Company], list[Row]]] = {
    "tickets": lambda c: [(one.generated, one.id, one) for one in c.tickets.values()],
    "users": lambda c: [(one.updated, one.id, one) for one in c.users.values()],
    "ticket_events": lambda c: [(one.at, one.id, one) for one in c.audits],
    "ticket_metric_events": metric_events,
    "organizations": lambda c: [(_stamp(one["updated_at"]), one["id"], one) for one in c.organizations],
}


def start_of(query: dict[str, str], now: int) -> int:
    """Return the `start_time` of a request; one within the last minute is refused."""
    start = int(query["start_time"])
    if start > now - MINUTE:
        raise RefusedError(
            400, "StartTimeTooRecent", "Too recent start_time. Use a start_time older than 60 seconds"
        )
    return start


def cursor_page(
    rows: Sequence[Row], query: dict[str, str], now: int, *, null_cursors: bool
) -> tuple[list[Any], Json]:
    """Return the records of a page of a cursor export, and what is said beside them."""
    size = min(int(query.get("per_page", "1000")), 1000)
    if "cursor" in query:
        begin = bisect_right(rows, _decode(query["cursor"]), key=itemgetter(0, 1))
    else:
        begin = bisect_left(rows, start_of(query, now), key=itemgetter(0))
    found = rows[begin : begin + size]
    after = _encode(found[-1]) if found else None if null_cursors else query.get("cursor")
    beside = {
        "after_cursor": after,
        "after_url": after and f"https://elsewhere.example/api/v2/incremental.json?cursor={after}",
        "before_cursor": None,
        "before_url": None,
        "end_of_stream": begin + len(found) >= len(rows),
    }
    return [row[2] for row in found], beside


def time_page(rows: Sequence[Row], query: dict[str, str], now: int) -> tuple[list[Any], Json]:
    """Return the records of a page of a time-based export, and what is said beside them.

    A page that lies in one second holds the whole second, however long, and ends after it; any other ends at
    its last second, which the next page repeats.
    """
    size = min(int(query.get("per_page", "1000")), 1000)
    begin = bisect_left(rows, start_of(query, now), key=itemgetter(0))
    end = min(begin + size, len(rows))
    found = rows[begin:end]
    end_time: int | None = None
    if found:
        end_time = found[-1][0]
        if found[0][0] == end_time and len(found) >= size:
            end = bisect_right(rows, end_time, key=itemgetter(0))
            found = rows[begin:end]
            end_time += 1
    beside = {"count": len(found), "end_time": end_time, "end_of_stream": end >= len(rows), "next_page": None}
    return [row[2] for row in found], beside


def _encode(row: Row) -> str:
    return base64.b64encode(f"{row[0]}.0||{row[1]}|".encode()).decode()


def _decode(cursor: str) -> tuple[int, int]:
    try:
        at, _, key = base64.b64decode(cursor, validate=True).decode().rstrip("|").partition("||")
        return int(float(at)), int(key)
    except (binascii.Error, ValueError):
        raise RefusedError(400, "InvalidCursor", "The cursor is not valid") from None
