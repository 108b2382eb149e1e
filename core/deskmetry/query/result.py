"""Result: what a query answers, as plain data; durations are integer milliseconds, shares lie from 0 to 1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Interval:
    """A 95 % interval, in the unit of the value."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Point:
    """One number: of the whole period, or of one bucket and one value of each dimension.

    dimensions: the value of each dimension and the label of the time bucket, by name, in the order asked for.
    since, until: the bucket, cut to the period. left_out: reason -> items that didn't count.
    mature: the bucket is over, and its items had the time they needed. complete: every source concerned is
    known throughout the bucket. thin: n is too small to lean on. reason: why the value is None.
    """

    dimensions: Mapping[str, str]
    since: datetime | None
    until: datetime | None
    value: float | int | None
    unit: str
    n: int
    interval: Interval | None = None
    left_out: Mapping[str, int] = field(default_factory=dict)
    mature: bool = True
    complete: bool = True
    thin: bool = False
    reason: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the point as JSON data; instants as ISO text."""
        return {
            "dimensions": dict(self.dimensions),
            "since": _iso(self.since),
            "until": _iso(self.until),
            "value": self.value,
            "unit": "ms" if self.unit == "duration" else self.unit,
            "n": self.n,
            "interval": None if self.interval is None else [self.interval.low, self.interval.high],
            "left_out": dict(self.left_out),
            "mature": self.mature,
            "complete": self.complete,
            "thin": self.thin,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class History:
    """From when to when a source is known completely; since is None where it is known from its beginning."""

    source: str
    connector: str
    since: datetime | None
    until: datetime

    def to_dict(self) -> dict[str, Any]:
        """Return the history as JSON data."""
        return {
            "source": self.source,
            "connector": self.connector,
            "since": _iso(self.since),
            "until": _iso(self.until),
        }


@dataclass(frozen=True, slots=True)
class Result:
    """The answer to a query: its points, the total (computed anew, never summed), and what they rest on.

    parameters: those of the metric; durations as text (`7d`). statistic is None where there is no choice.
    as_of is None only if no source was ever synced completely; then there are no points.
    """

    metric: str
    definition: str
    unit: str
    direction: str
    since: datetime | None
    until: datetime | None
    timezone: str
    as_of: datetime | None
    history: tuple[History, ...]
    statistic: str | None
    parameters: Mapping[str, str | int | float | bool]
    dimensions: tuple[str, ...]
    where: tuple[str, ...]
    points: tuple[Point, ...]
    total: Point
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the result as JSON data; `schema_version` changes when its shape does."""
        return {
            "schema_version": SCHEMA_VERSION,
            "metric": self.metric,
            "definition": self.definition,
            "unit": "ms" if self.unit == "duration" else self.unit,
            "direction": self.direction,
            "period": {"since": _iso(self.since), "until": _iso(self.until), "timezone": self.timezone},
            "as_of": _iso(self.as_of),
            "history": [history.to_dict() for history in self.history],
            "statistic": self.statistic,
            "parameters": dict(self.parameters),
            "dimensions": list(self.dimensions),
            "where": list(self.where),
            "points": [point.to_dict() for point in self.points],
            "total": self.total.to_dict(),
            "warnings": list(self.warnings),
        }


@dataclass(frozen=True, slots=True)
class TicketRow:
    """One ticket behind a number: the instants and the value that put it there; durations in ms.

    ticket is None for an answer that names no ticket; source is then where the answer came from. customer
    is who was asked, by name, else address or id. answer is what they answered: the points of their scale,
    or the label where there are none, or but one.
    """

    source: str
    ticket: str | None
    subject: str | None
    link: str | None
    instants: Mapping[str, datetime]
    value: float | int | None
    customer: str | None = None
    answer: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the row as JSON data."""
        return {
            "source": self.source,
            "ticket": self.ticket,
            "subject": self.subject,
            "link": self.link,
            "instants": {name: _iso(at) for name, at in self.instants.items()},
            "value": self.value,
            "customer": self.customer,
            "answer": self.answer,
        }


@dataclass(frozen=True, slots=True)
class Explanation:
    """How a number came about: the statement and what was bound in it, rows in and out, tickets behind."""

    metric: str
    definition: str
    parameters: Mapping[str, str | int | float | bool]
    sql: tuple[str, ...]
    bound: Mapping[str, object]
    counted: int
    left_out: Mapping[str, int]
    tickets: tuple[TicketRow, ...]
    result: Result

    def to_dict(self) -> dict[str, Any]:
        """Return the explanation as JSON data."""
        return {
            "schema_version": SCHEMA_VERSION,
            "metric": self.metric,
            "definition": self.definition,
            "parameters": dict(self.parameters),
            "sql": list(self.sql),
            "bound": dict(self.bound),
            "counted": self.counted,
            "left_out": dict(self.left_out),
            "tickets": [ticket.to_dict() for ticket in self.tickets],
            "result": self.result.to_dict(),
        }


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
