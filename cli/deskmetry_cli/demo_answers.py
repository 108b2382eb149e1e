"""Overview: the demo's KPIs over all sources, each with a chart of its year, and the same by source."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from deskmetry.calendar import add_months
from deskmetry.query import Point, Query, Result, answer

from .answers import shown_value
from .output import Table
from .session import Session
from .text import number

_BARS = "▁▂▃▄▅▆▇█"
_NONE = "–"
_LEGEND = (
    "Durations are medians; n is the sample. `by month` is the year up to then, each chart from its lowest"
    " month to its highest."
)
_ABOUT = re.compile(r"(?P<source>[\w-]+)(?: \([\w-]+\))?(?P<rest>:? (?:can't|the|holds) .*)")
_ABSENT = f"{_NONE}: the source has nothing of the kind, or doesn't tell it:"
_WHY_NONE = re.compile(" can't give | is left out| holds no tickets| never of who was asked")
_WITHOUT_TICKETS = "SELECT name FROM sources WHERE json_extract(capabilities, '$.tickets') = 0"


def overview(connection: sqlite3.Connection, session: Session, names: Sequence[str]) -> list[Table]:
    """Return two tables with a row a KPI: the last three whole months with the year by month; by source.

    The first one's data has all of it. Sources that no KPI has a number of have no column.
    """
    known = session.registry.metrics()
    results = []
    for name in names:
        if name in known:
            whole = answer(connection, Query(known[name](), by=("source",)))
            # The eleven whole months that end with the last three.
            end = whole.until.date() if whole.until else None
            since = add_months(end, -11) if end else None
            results.append((whole, answer(connection, Query(known[name](), since, end, by=("month",)))))
    data = [whole.to_dict() | {"months": [p.to_dict() for p in months.points]} for whole, months in results]
    holds_none = [name for (name,) in connection.execute(_WITHOUT_TICKETS)]
    return [_whole(results, data), _by_source([whole for whole, _ in results], data, session, holds_none)]


def _whole(results: Sequence[tuple[Result, Result]], data: Sequence[dict[str, Any]]) -> Table:
    columns = ("KPI", "value", "95 % interval", "n", "by month")
    return Table(
        columns,
        [_row(whole, months) for whole, months in results],
        data,
        right=frozenset(columns[1:-1]),
        solid=frozenset(columns),
        spare=columns[2:3],
        title=_title(results[0][0], len(results)) if results else (),
        notes=[_LEGEND],
    )


def _by_source(
    results: Sequence[Result], data: Sequence[dict[str, Any]], session: Session, holds_none: Collection[str]
) -> Table:
    points = [_points(result) for result in results]
    counted = {source for found in points for source, point in found.items() if point.value is not None}
    sources = [source for source in session.settings.sources if source in counted]
    said = [f"{name} holds no tickets." for name in sources if name in holds_none]
    said += [warning for result in results for warning in result.warnings]
    columns = ("KPI", *sources)
    return Table(
        columns,
        [
            [result.metric, *(_value(found.get(source)) for source in sources)]
            for result, found in zip(results, points, strict=True)
        ],
        data,
        right=frozenset(sources),
        solid=frozenset(columns),
        title=["The same by source"],
        notes=_notes(said),
    )


def _notes(said: Iterable[str]) -> list[str]:
    """Return what numbers rest on, where it isn't reported, and then why a source has none."""
    told = _together(said)
    why = [line for line in told if _WHY_NONE.search(line)]
    return [line for line in told if line not in why] + ([_ABSENT, *why] if why else [])


def _together(warnings: Iterable[str]) -> list[str]:
    """Return sentences about sources, those that say the same of several ones as one."""
    named: dict[str, list[str]] = {}
    for warning in dict.fromkeys(warnings):
        found = _ABOUT.fullmatch(warning)
        named.setdefault(found["rest"] if found else warning, []).append(found["source"] if found else "")
    return [", ".join(names) + rest for rest, names in named.items()]


def _title(result: Result, count: int) -> list[str]:
    span = f"{result.since:%Y-%m-%d} to {result.until:%Y-%m-%d}" if result.since and result.until else ""
    return [f"{count} KPIs of a company that doesn't exist, {span} ({result.timezone})"]


def _row(whole: Result, months: Result) -> list[str]:
    total = whole.total
    complete = [point for point in months.points if point.value is not None and point.mature]
    return [
        whole.metric,
        shown_value(total.value, total.unit),
        "" if total.interval is None else _interval(total),
        number(total.n),
        _spark(complete),
    ]


def _points(whole: Result) -> dict[str, Point]:
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
