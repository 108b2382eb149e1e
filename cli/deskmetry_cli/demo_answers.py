"""Overview: the demo's KPIs in one table, over all sources and by source, each with a chart of its year."""

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
_NONE = "–"
_LEGEND = (
    "Durations are medians; n is the sample of all sources. `by month` is the year up to then, each chart"
    " from its lowest month to its highest."
)


def overview(connection: sqlite3.Connection, session: Session, names: Sequence[str]) -> Table:
    """Return a row a KPI: the last three whole months, by source too, the sample, and the year by month."""
    known = session.registry.metrics()
    sources = list(session.settings.sources)
    results = []
    for name in names:
        if name in known:
            whole = answer(connection, Query(known[name](), by=("source",)))
            # The eleven whole months that end with the last three.
            end = whole.until.date() if whole.until else None
            since = add_months(end, -11) if end else None
            results.append((whole, answer(connection, Query(known[name](), since, end, by=("month",)))))
    shown = [_row(whole, months, sources) for whole, months in results]
    columns = ("KPI", "all", "95 % interval", "n", *sources, "by month")
    data = [whole.to_dict() | {"months": [p.to_dict() for p in months.points]} for whole, months in results]
    right = frozenset(columns[1:-1])
    title = _title(results[0][0], len(results)) if results else ()
    notes = [
        _LEGEND,
        # Why a source has no number, or one that rests on rules.
        *dict.fromkeys(warning for whole, _ in results for warning in whole.warnings),
    ]
    return Table(
        columns, shown, data, right, solid=frozenset(columns), spare=columns[2:3], title=title, notes=notes
    )


def _title(result: Result, count: int) -> list[str]:
    span = f"{result.since:%Y-%m-%d} to {result.until:%Y-%m-%d}" if result.since and result.until else ""
    return [f"{count} KPIs of a company that doesn't exist, {span} ({result.timezone})"]


def _row(whole: Result, months: Result, sources: Sequence[str]) -> list[str]:
    total, by_source = whole.total, _by_source(whole)
    complete = [point for point in months.points if point.value is not None and point.mature]
    return [
        whole.metric,
        shown_value(total.value, total.unit),
        "" if total.interval is None else _interval(total),
        number(total.n),
        *(_value(by_source.get(source)) for source in sources),
        _spark(complete),
    ]


def _by_source(whole: Result) -> dict[str, Point]:
    return {str(point.dimensions["source"]): point for point in whole.points}


def _value(point: Point | None) -> str:
    return _NONE if point is None or point.value is None else shown_value(point.value, point.unit)


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
