"""Answers: results of queries as tables, every number with its sample, its interval and its definition."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from deskmetry.calendar import Bucket, floor_day, midnight, next_day, zone
from deskmetry.instants import from_milliseconds
from deskmetry.metric import Computed, Duration
from deskmetry.query import Explanation, Point, Query, Result, TicketRow, answer, explain, tickets

from .output import Table
from .text import day_or_instant, duration, instant, number

if TYPE_CHECKING:
    from deskmetry.metric import Metric
    from deskmetry.settings import Settings

_CALENDAR = frozenset({"day", "week", "month", "quarter", "year"})
_BETTER = {"higher": "higher is better", "lower": "lower is better", "neither": ""}


def metrics_table(metrics: Iterable[type[Metric]]) -> Table:
    """Return the catalogue of known metrics."""
    data = [
        {
            "metric": metric.name,
            "unit": metric.unit,
            "direction": str(metric.direction),
            "parameters": {name: _shown(field.default) for name, field in metric.model_fields.items()},
            "definition": " ".join(metric.definition().split()),
        }
        for metric in sorted(metrics, key=lambda item: item.name)
    ]
    shown = [
        [
            str(row["metric"]),
            str(row["unit"]),
            str(row["direction"]),
            ", ".join(f"{name}={value}" for name, value in row["parameters"].items()),  # type: ignore[attr-defined]
            _first_sentence(str(row["definition"])),
        ]
        for row in data
    ]
    columns = ("metric", "unit", "better", "parameters", "definition")
    solid, spare = frozenset(columns[:3]), ("unit", "better")
    notes = ["`deskmetry metric NAME` answers one; --explain shows its whole definition."]
    return Table(columns, shown, data, solid=solid, spare=spare, notes=notes)


def _first_sentence(text: str) -> str:
    sentence, dot, _ = text.partition(". ")
    return sentence + dot.strip()


def answer_tables(
    connection: sqlite3.Connection, query: Query, settings: Settings, mode: str, limit: int
) -> Iterator[Table]:
    """Yield what a query comes to: its answer, its explanation, or the tickets behind it."""
    if mode == "tickets":
        yield _tickets_table(query, tickets(connection, query, limit), settings)
        return
    if mode == "explain":
        explained = explain(connection, query)
        yield _result_table(
            explained.result, whole=explained.to_dict(), details=_explained(explained, settings)
        )
        return
    yield _result_table(answer(connection, query, thin=settings.thin_sample))


def _result_table(
    result: Result, whole: Mapping[str, Any] | None = None, details: Sequence[str] = ()
) -> Table:
    local = zone(result.timezone)
    points = [*result.points, result.total] if result.points else [result.total]
    left_out = any(point.left_out for point in points)
    remarks = any(_remark(point, result) for point in points)
    intervals = any(point.interval for point in points)
    columns = [*result.dimensions, result.metric, *(["95 % interval"] if intervals else []), "n"]
    columns += [*(["left out"] if left_out else []), *(["remark"] if remarks else [])]
    shown = []
    for point in points:
        total = point is result.total
        row = _labels(result.dimensions, point, total=total)
        row.append(shown_value(point.value, point.unit))
        if intervals:
            row.append(_interval(point))
        row.append(number(point.n))
        row += [_left_out(point)] if left_out else []
        row += [_remark(point, result)] if remarks else []
        shown.append(row)
    data = [_flat(result, point) for point in points]
    right = frozenset({result.metric, "95 % interval", "n", "left out"})
    reasons = ", ".join(f"{reason} {number(count)}" for reason, count in result.total.left_out.items())
    notes = [f"Left out in all: {reasons}."] if reasons else []
    notes += [f"Note: {warning}" for warning in result.warnings]
    return Table(
        columns,
        shown,
        data,
        right,
        spare=("left out", "95 % interval"),
        title=_title(result, local),
        notes=notes,
        details=details,
        whole=whole or result.to_dict(),
    )


def _title(result: Result, local: ZoneInfo) -> list[str]:
    head = [result.metric, result.statistic or "", result.unit, _BETTER.get(result.direction, "")]
    lines = [" · ".join(part for part in head if part)]
    lines.append(" ".join(result.definition.split()))
    if result.parameters:
        lines[-1] += f" ({', '.join(f'{name} {value}' for name, value in result.parameters.items())})"
    span = []
    if result.since is not None and result.until is not None:
        since, until = day_or_instant(result.since, local), day_or_instant(result.until, local)
        span.append(f"{since} to {until} {result.timezone}")
    span.append(f"as of {instant(result.as_of, local)}")
    span += [f"where {condition}" for condition in result.where]
    span += [f"{item.source} known {_since(item.since, local)}" for item in result.history]
    lines.append(" · ".join(span))
    return lines


def _since(since: datetime | None, local: ZoneInfo) -> str:
    return "from its beginning" if since is None else f"since {since.astimezone(local):%Y-%m-%d}"


def _labels(dimensions: Sequence[str], point: Point, *, total: bool) -> list[str]:
    if total:
        return ["total", *([""] * (len(dimensions) - 1))] if dimensions else []
    return [point.dimensions[name] for name in dimensions]


def shown_value(value: float | None, unit: str) -> str:
    """Return a value with its unit as people read it; a dash where there is none."""
    if value is None:
        return "–"
    if unit == "duration":
        return duration(value)
    if unit == "share":
        return f"{value * 100:.1f} %"
    return number(value)


def _interval(point: Point) -> str:
    if point.interval is None:
        return ""
    low, high = point.interval.low, point.interval.high
    if point.unit == "share":
        return f"{low * 100:.1f}–{high * 100:.1f} %"
    return f"{shown_value(low, point.unit)} – {shown_value(high, point.unit)}"


def _left_out(point: Point) -> str:
    return number(sum(point.left_out.values())) if point.left_out else ""


def _remark(point: Point, result: Result) -> str:
    remarks = [point.reason or "", f"part of the {_cut(point, result)}" if _cut(point, result) else ""]
    if point.value is not None:
        remarks += ["thin sample" if point.thin else "", "" if point.mature else "not mature yet"]
        remarks.append("" if point.complete else "history incomplete")
    return ", ".join(filter(None, remarks))


def _cut(point: Point, result: Result) -> str:
    """Return the time bucket that the period cuts this point's out of, if it isn't a whole one."""
    size = next((name for name in point.dimensions if name in _CALENDAR), "")
    if not size or point.since is None or point.until is None:
        return ""
    local = zone(result.timezone)
    first = floor_day(point.since.astimezone(local).date(), Bucket(size))
    whole = midnight(first, local), midnight(next_day(first, Bucket(size)), local)
    return "" if (point.since, point.until) == whole else size


def _flat(result: Result, point: Point) -> dict[str, Any]:
    """Return a point as one row of data, the same columns for every point of an answer."""
    total = point is result.total
    row: dict[str, Any] = {"metric": result.metric}
    row |= {name: None if total else point.dimensions[name] for name in result.dimensions}
    row |= {
        "total": total,
        "since": point.since.isoformat() if point.since else None,
        "until": point.until.isoformat() if point.until else None,
        "statistic": result.statistic,
        "value": point.value,
        "unit": "ms" if point.unit == "duration" else point.unit,
        "low": point.interval.low if point.interval else None,
        "high": point.interval.high if point.interval else None,
        "n": point.n,
        "left_out": dict(point.left_out),
        "mature": point.mature,
        "complete": point.complete,
        "thin": point.thin,
        "cut": bool(_cut(point, result)),
        "reason": point.reason,
        "as_of": result.as_of.isoformat() if result.as_of else None,
    }
    return row


def _explained(explained: Explanation, settings: Settings) -> list[str]:
    lines = ["", f"{number(explained.counted)} counted."]
    lines += [f"{number(count)} left out: {reason}." for reason, count in explained.left_out.items()]
    lines += ["", "SQL:", *(f"  {line}" for sql in explained.sql for line in sql.splitlines())]
    local = zone(settings.timezone)
    used = {name: value for name, value in explained.bound.items() if f":{name}" in "".join(explained.sql)}
    if used:
        lines += ["", "with", *(f"  :{name} = {_bound(name, value, local)}" for name, value in used.items())]
    if explained.tickets:
        lines += ["", "for example"]
        lines += [
            f"  {row.source} {row.ticket or '(none)'}: {_subject(row)} · {_instants(row, local)}"
            for row in explained.tickets
        ]
    return lines


def _bound(name: str, value: object, local: ZoneInfo) -> str:
    """Return a bound value; where it is an instant, also as people read it."""
    if name in ("as_of", "since", "until") and isinstance(value, int):
        return f"{value} ({instant(from_milliseconds(value), local)})"
    return str(value)


def _tickets_table(query: Query, rows: Sequence[TicketRow], settings: Settings) -> Table:
    name, local = query.metric.name, zone(query.timezone or settings.timezone)
    # The first is what puts the ticket into the period; the others are told beside it.
    instants = list(dict.fromkeys(key for row in rows for key in row.instants))
    timed = isinstance(query.metric, Duration)
    # Of a share the value says whether it is a hit; a score is computed from the answers themselves.
    answers = any(row.answer for row in rows) and not isinstance(query.metric, Computed)
    shown = [
        [
            row.source,
            row.ticket or "(none)",
            _subject(row),
            *(instant(row.instants.get(key), local) for key in instants),
            *([row.answer or ""] if answers else []),
            _value(row, timed=timed),
        ]
        for row in rows
    ]
    data = [
        {
            "metric": name,
            "source": row.source,
            "ticket": row.ticket,
            "subject": row.subject,
            "link": row.link,
            **{key: _iso(row.instants.get(key)) for key in instants},
            "value": row.value,
            "unit": "ms" if timed else query.metric.unit,
            "customer": row.customer,
            "answer": row.answer,
        }
        for row in rows
    ]
    return Table(
        ("source", "ticket", "subject", *instants, *(["answer"] if answers else []), "value"),
        shown,
        data,
        frozenset({"answer", "value"}),
        solid=frozenset({"source", *instants}),
        cut=frozenset({"ticket", "subject"}),
        spare=tuple(reversed(instants[1:])),
        title=[f"Tickets behind {name}, the latest first"],
        empty="No ticket is behind it in this period.",
    )


def _subject(row: TicketRow) -> str:
    """Return what a row is about: the ticket's subject; who was asked where no ticket is known."""
    return row.subject or (row.customer if row.ticket is None else None) or "(no subject)"


def _value(row: TicketRow, *, timed: bool) -> str:
    if row.value is None:
        return row.answer or ""
    return duration(row.value) if timed else number(row.value)


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _instants(row: TicketRow, local: ZoneInfo) -> str:
    return ", ".join(f"{name} {instant(at, local)}" for name, at in row.instants.items())


def _shown(value: object) -> object:
    from datetime import timedelta

    return duration(value / timedelta(milliseconds=1)) if isinstance(value, timedelta) else value
