"""Trends: the demo's six KPIs, month by month, as one table with a small chart each."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from deskmetry.calendar import add_months
from deskmetry.query import Point, Query, Result, answer

from .answers import shown_value
from .output import Table
from .session import Session
from .text import number

_BARS = "▁▂▃▄▅▆▇█"


def trends(connection: sqlite3.Connection, session: Session, names: Sequence[str]) -> Table:
    """Return a row a KPI: its last three complete months, the trend of twelve, and the sample behind it."""
    known = session.registry.metrics()
    results = []
    for name in names:
        if name in known:
            whole = answer(connection, Query(known[name]()))
            # The eleven whole months that end with the last three.
            end = whole.until.date() if whole.until else None
            since = add_months(end, -11) if end else None
            results.append((whole, answer(connection, Query(known[name](), since, end, by=("month",)))))
    shown = [_row(whole, months) for whole, months in results]
    columns = ("KPI", "last 3 months", "95 % interval", "n", "by month", "last month", "better")
    data = [whole.to_dict() | {"months": [p.to_dict() for p in months.points]} for whole, months in results]
    right = frozenset(columns[1:4]) | {"last month"}
    title = _title(results[0][0]) if results else ()
    spare = ("better", "95 % interval")
    return Table(columns, shown, data, right, solid=frozenset(columns), spare=spare, title=title)


def _title(result: Result) -> list[str]:
    span = f"{result.since:%Y-%m-%d} to {result.until:%Y-%m-%d}" if result.since and result.until else ""
    return [f"Six KPIs of a company that doesn't exist, {span} ({result.timezone})"]


def _row(whole: Result, months: Result) -> list[str]:
    total = whole.total
    complete = [point for point in months.points if point.value is not None and point.mature]
    latest = complete[-1] if complete else None
    name = f"{whole.metric} ({whole.statistic})" if whole.statistic else whole.metric
    interval = "" if total.interval is None else _interval(total)
    shown = "–" if latest is None else shown_value(latest.value, latest.unit)
    return [
        name,
        shown_value(total.value, total.unit),
        interval,
        number(total.n),
        _spark(complete),
        shown,
        whole.direction,
    ]


def _interval(point: Point) -> str:
    if point.interval is None:
        return ""
    return f"{shown_value(point.interval.low, point.unit)} – {shown_value(point.interval.high, point.unit)}"


def _spark(points: Sequence[Point]) -> str:
    values = [float(point.value) for point in points if point.value is not None]
    if not values:
        return ""
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    return "".join(_BARS[min(int((value - low) / span * 8), 7)] for value in values)
