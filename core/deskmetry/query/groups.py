"""Groups: the rows that a statement returns, as what counts and what was left out, and their estimates."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..metric import Computed, Count, Duration, Estimate, Level, Mean, Metric, Ratio, Share, Sum
from ..metric.guard import guarded
from ..metric.measures import TICKET
from . import statistics
from .scope import Scope
from .statement import Term, grouped, numbers, reason_in_words, regrouped, source, split_columns

Key = tuple[Any, ...]
"""Number of the bucket, then the value of each dimension."""
Answer = tuple[Estimate, dict[str, int]]
"""An estimate, and reason -> number of items that were left out of it."""
Estimates = Mapping[Key, Answer]

PERCENTILES = {"median": 0.5, "p75": 0.75, "p90": 0.9, "p95": 0.95, "p99": 0.99}
STATISTICS = ("mean", *PERCENTILES, "max")


@dataclass(slots=True)
class Group:
    """One bucket and one value of each dimension: aggregates of what counts, reason -> number left out."""

    counted: tuple[Any, ...] | None = None
    left_out: dict[str, int] = field(default_factory=dict)

    def leave_out(self, reason: str, number: int) -> None:
        """Count items that didn't count."""
        if number:
            self.left_out[reason] = self.left_out.get(reason, 0) + number


@dataclass(frozen=True, slots=True)
class Plan:
    """How a measure is answered: a statement whose rows are the split, then aggregates with a count first."""

    sql: str
    estimate: Callable[[tuple[Any, ...], Group], Estimate]

    def answer(self, metric: Metric, group: Group) -> Answer:
        """Return the estimate of a group with what was left out; the estimator may leave out some more."""
        if group.counted is None:
            return nothing(metric), group.left_out
        # Its own copy: the same group may be put together with others.
        own = Group(group.counted, dict(group.left_out))
        return self.estimate(group.counted, own), own.left_out


def collect(connection: sqlite3.Connection, scope: Scope, sql: str) -> dict[Key, Group]:
    """Run a statement under the guard and sort its rows into groups."""
    with guarded(connection, scope.metric.name):
        rows = connection.execute(sql, scope.bound()).fetchall()
    split = 1 + len(scope.dimensions)
    reasons = list(scope.metric.leave_out)
    groups: dict[Key, Group] = {}
    for row in rows:
        group = groups.setdefault(row[:split], Group())
        if row[split] is None:
            group.counted = row[split + 1 :]
        else:
            group.leave_out(reason_in_words(row[split], reasons), row[split + 1])
    return groups


def measure(connection: sqlite3.Connection, scope: Scope) -> tuple[Estimates, Answer | None]:
    """Return the estimate of every group that has rows, and that of all rows where one pass tells it.

    Each with what was left out of it. The total is None where a row, or what is counted, can be in several
    groups: it must be asked for on its own.
    """
    if isinstance(scope.metric, Share) and scope.metric.across is not None:
        return _shares_across(connection, scope, scope.metric.across), None
    found = plan(scope)
    groups = collect(connection, scope, found.sql)
    estimates = {key: found.answer(scope.metric, group) for key, group in groups.items()}
    total = found.answer(scope.metric, _merged(groups.values())) if _is_partition(scope) else None
    return estimates, total


def _is_partition(scope: Scope) -> bool:
    """Return whether the groups' rows, put together, are the rows of the total."""
    metric = scope.metric
    if any(dimension.kind == "tag" for dimension in scope.dimensions):
        return False
    if isinstance(metric, Duration | Mean):
        return not metric.cluster or scope.stat not in ("mean", None)
    if isinstance(metric, Ratio):
        return (metric.over.fact, metric.over.at) == (metric.under.fact, metric.under.at) and (
            metric.over.fact.key == TICKET
        )
    return not (isinstance(metric, Count) and metric.distinct)


def _merged(groups: Collection[Group]) -> Group:
    """Put the rows of groups together: numbers are added, lists joined, so that nothing is averaged twice."""
    whole = Group()
    for group in groups:
        for reason, number in group.left_out.items():
            whole.leave_out(reason, number)
    rows = [group.counted for group in groups if group.counted is not None]
    if rows:
        whole.counted = tuple(_put_together(column) for column in zip(*rows, strict=True))
    return whole


def _put_together(column: Sequence[Any]) -> Any:
    if isinstance(column[0], str):
        return f"[{','.join(part[1:-1] for part in column if part != '[]')}]"
    return sum(column)


def nothing(metric: Metric) -> Estimate:
    """Return the estimate of a bucket that is known to be empty: 0 of something countable, else none."""
    if isinstance(metric, Count | Level):
        return Estimate(0, 0)
    return Estimate(None, 0, reason="nothing to measure")


def plan(scope: Scope) -> Plan:
    """Return statement and estimator of the scope's metric."""
    metric = scope.metric
    if isinstance(metric, Count):
        return Plan(_count(scope, metric), lambda row, _: Estimate(row[0], row[0]))
    if isinstance(metric, Share):
        hit = f"CASE WHEN {metric.counts} THEN 1 ELSE 0 END"
        term = Term(metric.fact, metric.at, metric.of, {"_hit": hit})
        return Plan(grouped(scope, term, ("COUNT(*)", "SUM(f._hit)")), lambda row, _: _share(row[1], row[0]))
    if isinstance(metric, Ratio):
        return Plan(_ratio(scope, metric), _ratio_estimate)
    if isinstance(metric, Computed):
        return _computed(scope, metric)
    if isinstance(metric, Duration | Mean):
        return _values(scope, metric)
    raise TypeError(f"{type(metric).__name__} is no measure over rows")


# --- counts and shares --------------------------------------------------------------------------------


def _count(scope: Scope, metric: Count) -> str:
    if not metric.distinct:
        return grouped(scope, Term(metric.fact, metric.at, metric.of), ("COUNT(*)",))
    columns = {f"_k{i}": expression for i, expression in enumerate(metric.distinct)}
    term = Term(metric.fact, metric.at, metric.of, columns)
    keys = ", ".join(f"f.{name}" for name in columns)
    inner = f"SELECT DISTINCT {split_columns(scope, term)}, {keys} {source(scope, term)}"
    return regrouped(scope, inner, ("COUNT(*)",))


def _share(hits: int, n: int) -> Estimate:
    low, high = statistics.wilson(hits, n) or (None, None)
    return Estimate(hits / n, n, low, high)


def _shares_across(connection: sqlite3.Connection, scope: Scope, across: str) -> Estimates:
    """Divide each group by the one with all values of a dimension; filters on it choose what is divided."""
    place = next((i for i, dimension in enumerate(scope.dimensions) if dimension.name == across), None)
    whole = replace(
        scope,
        dimensions=tuple(dimension for dimension in scope.dimensions if dimension.name != across),
        filters=tuple(item for item in scope.filters if item.dimension.name != across),
    )
    parts = collect(connection, scope, plan(scope).sql)
    wholes = collect(connection, whole, plan(whole).sql)
    values = {None} if place is None else {key[1 + place] for key in parts}
    result = {}
    for key, group in wholes.items():
        for value in values:
            full = key if place is None else (*key[: 1 + place], value, *key[1 + place :])
            part = parts.get(full)
            hits = part.counted[1] if part is not None and part.counted is not None else 0
            n = group.counted[0] if group.counted is not None else 0
            result[full] = (_share(hits, n) if n else nothing(scope.metric), group.left_out)
    return result


# --- values -------------------------------------------------------------------------------------------


def _values(scope: Scope, metric: Duration | Mean) -> Plan:
    stat = scope.stat or "mean"
    columns = {"_value": metric.value, **{f"_c{i}": column for i, column in enumerate(metric.cluster)}}
    term = Term(metric.fact, metric.at, metric.of, columns)
    whole = isinstance(metric, Duration)
    if stat != "mean" or not metric.cluster:
        sql = grouped(scope, term, ("COUNT(*)", "json_group_array(f._value)"))
        return Plan(sql, lambda row, group: _of_values(_without_null(row[1], group), stat, whole))
    keys = ", ".join(f"f._c{i}" for i in range(len(metric.cluster)))
    inner = (
        f"SELECT {split_columns(scope, term)}, COUNT(f._value) AS _n, SUM(f._value) AS _s, COUNT(*) AS _all"
        f" {source(scope, term)} GROUP BY {numbers(2 + len(scope.dimensions))}, {keys}"
    )
    sql = regrouped(scope, inner, ("SUM(_all)", "json_group_array(_s)", "json_group_array(_n)"))
    return Plan(sql, lambda row, group: _of_clusters(row, group, whole))


def _without_null(text: str, group: Group) -> list[Any]:
    values = json.loads(text)
    present = [value for value in values if value is not None]
    group.leave_out("without a value", len(values) - len(present))
    return present


def _of_values(values: list[Any], stat: str, whole: bool) -> Estimate:
    n = len(values)
    if n == 0:
        return Estimate(None, 0, reason="nothing to measure")
    if stat == "mean":
        return _estimate(math.fsum(values) / n, n, statistics.mean_interval(values), whole)
    values.sort()
    if stat == "max":
        return _estimate(values[-1], n, None, whole)
    p = PERCENTILES[stat]
    return _estimate(statistics.percentile(values, p), n, statistics.percentile_interval(values, p), whole)


def _of_clusters(row: tuple[Any, ...], group: Group, whole: bool) -> Estimate:
    pairs = [
        (total, size) for total, size in zip(json.loads(row[1]), json.loads(row[2]), strict=True) if size
    ]
    n = sum(size for _, size in pairs)
    group.leave_out("without a value", row[0] - n)
    if n == 0:
        return Estimate(None, 0, reason="nothing to measure")
    totals, sizes = [total for total, _ in pairs], [size for _, size in pairs]
    interval = statistics.clustered_mean_interval(totals, sizes)
    return _estimate(math.fsum(totals) / n, n, interval, whole)


def _estimate(value: float, n: int, interval: statistics.Interval | None, whole: bool) -> Estimate:
    """Round to whole milliseconds where the value is a duration."""
    low, high = interval or (None, None)
    if not whole:
        return Estimate(value, n, low, high)
    rounded = [None if bound is None else round(bound) for bound in (low, high)]
    return Estimate(round(value), n, rounded[0], rounded[1])


def _computed(scope: Scope, metric: Computed) -> Plan:
    columns = {f"_c{i}": expression for i, expression in enumerate(metric.columns)}
    term = Term(metric.fact, metric.at, metric.of, columns)
    listed = ", ".join(f"f.{name}" for name in columns)
    sql = grouped(scope, term, ("COUNT(*)", f"json_group_array(json_array({listed}))"))
    return Plan(sql, lambda row, _: metric.compute(json.loads(row[1])))


# --- ratios -------------------------------------------------------------------------------------------


def _ratio(scope: Scope, metric: Ratio) -> str:
    """Return totals of both sides by ticket; in one pass where both sides read the same rows."""
    over, under = metric.over, metric.under
    aggregates = ("SUM(_u)", "json_group_array(_x)", "json_group_array(_y)")
    if (over.fact, over.at) == (under.fact, under.at):
        columns = {"_x": _side(over), "_y": _side(under), "_u": f"CASE WHEN {under.of} THEN 1 ELSE 0 END"}
        term = Term(over.fact, over.at, f"({over.of}) OR ({under.of})", columns)
        if over.fact.key == TICKET:
            return grouped(scope, term, ("SUM(f._u)", "json_group_array(f._x)", "json_group_array(f._y)"))
        inner = _by_ticket(scope, term)
    else:
        left = Term(over.fact, over.at, over.of, {"_x": f"COALESCE({over.value}, 0)", "_y": "0", "_u": "0"})
        right = Term(
            under.fact, under.at, under.of, {"_x": "0", "_y": f"COALESCE({under.value}, 0)", "_u": "1"}
        )
        names = ", ".join(("_b", *(f"_d{i}" for i in range(len(scope.dimensions))), "_out"))
        both = f"{_by_ticket(scope, left)} UNION ALL {_by_ticket(scope, right)}"
        inner = (
            f"SELECT {names}, SUM(_x) AS _x, SUM(_y) AS _y, SUM(_u) AS _u FROM ({both})"
            f" GROUP BY {names}, _s, _t"
        )
    return regrouped(scope, inner, aggregates)


def _side(term: Sum) -> str:
    return f"CASE WHEN {term.of} THEN COALESCE({term.value}, 0) ELSE 0 END"


def _by_ticket(scope: Scope, term: Term) -> str:
    return (
        f"SELECT {split_columns(scope, term)}, f.source_id AS _s, f.ticket_id AS _t,"
        f" SUM(f._x) AS _x, SUM(f._y) AS _y, SUM(f._u) AS _u {source(scope, term)}"
        f" GROUP BY {numbers(2 + len(scope.dimensions))}, f.source_id, f.ticket_id"
    )


def _ratio_estimate(row: tuple[Any, ...], _: Group) -> Estimate:
    over, under = json.loads(row[1]), json.loads(row[2])
    total = math.fsum(under)
    if total == 0:
        return Estimate(None, row[0], reason="nothing to divide by")
    low, high = statistics.ratio_interval(over, under) or (None, None)
    return Estimate(math.fsum(over) / total, row[0], low, high)
