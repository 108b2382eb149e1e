"""Engine: the answer to a query."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from ..errors import UsageError, nearest
from ..metric import ANSWERS, OFFERS, TAGS, TICKETS, Estimate, Level
from .dimensions import NONE, Dimension
from .filters import field_name
from .groups import Answer, Estimates, Key, measure, nothing
from .labels import bucket_label
from .level import measure_level
from .query import Query
from .question import Question, parameters_of, understand
from .result import Interval, Point, Result
from .scope import Scope
from .sources import Source, instant
from .unasked import unasked
from .workspace import fill, see_facts_as_of, snapshot

THIN = 30
"""Samples under this size are marked as thin."""
MAX_POINTS = 200_000
_SURVEYS = (ANSWERS, OFFERS)  # what is said of a customer, and by people, that no ticket names


def answer(connection: sqlite3.Connection, query: Query, *, thin: int = THIN) -> Result:
    """Return the answer to a query; the connection is left as it was, and may be read-only.

    Raises UsageError (and UnknownName, BadValue) for a query that can't be understood, MetricError and
    QueryRefused for a metric whose SQL fails or would do more than read.
    """
    with snapshot(connection):
        question = understand(connection, query)
        if question.scope is None:
            return unanswered(question)
        return answer_scope(connection, question, question.scope, thin)


def answer_scope(connection: sqlite3.Connection, question: Question, scope: Scope, thin: int) -> Result:
    """Return the answer for a scope, inside a snapshot."""
    see_facts_as_of(connection, scope)
    points: tuple[Point, ...] = ()
    whole, found = scope.whole(), None
    if scope.dimensions or scope.bucket is not None:
        fill(connection, scope)
        groups, found = estimates(connection, scope)
        points = tuple(_points(scope, groups, thin))
    if found is None:
        fill(connection, whole)
        found = estimates(connection, whole)[0].get((0,))
    total = _point(whole, {}, scope.sources, (scope.period.since, scope.period.until), found, thin)
    return Result(
        **_head(question),
        since=total.since,
        until=total.until,
        as_of=instant(scope.as_of, scope.period.zone),
        history=tuple(source.history(scope.period.zone) for source in scope.sources),
        dimensions=tuple(points[0].dimensions) if points else question.query.by,
        points=points,
        total=total,
        warnings=(*question.warnings, *unasked(connection, scope), *_unmatched(connection, scope)),
    )


def estimates(connection: sqlite3.Connection, scope: Scope) -> tuple[Estimates, Answer | None]:
    """Return the estimate of every group that has rows, and that of all rows where the same pass tells it."""
    if isinstance(scope.metric, Level):
        return measure_level(connection, scope, scope.metric), None
    return measure(connection, scope)


def _points(scope: Scope, found: Estimates, thin: int) -> Iterator[Point]:
    """Yield a point for every bucket and every combination of dimensions that occurs in the period."""
    splits = sorted({key[1:] for key in found}) if scope.dimensions else [()]
    count = len(splits) * len(scope.buckets)
    if count > MAX_POINTS:
        raise UsageError(
            f"The answer would have {count} numbers; at most {MAX_POINTS} are given.",
            "Ask for a shorter period, larger buckets or fewer dimensions.",
        )
    keys = [(number, *values) for number in range(len(scope.buckets)) for values in splits]
    for key in sorted(keys, key=lambda key: _order(scope, key)):
        begin, end = scope.buckets[key[0]]
        yield _point(scope, _labels(scope, key), _relevant(scope, key), (begin, end), found.get(key), thin)


def _order(scope: Scope, key: Key) -> tuple[Any, ...]:
    """Sort in the order of `--by`, buckets by time, those without a value last."""
    parts: list[Any] = [
        (label == NONE, value if dimension.kind in ("weekday", "hour") else 0, label.casefold(), label)
        for dimension, value in zip(scope.dimensions, key[1:], strict=True)
        for label in (dimension.label(value, scope.agents),)
    ]
    parts.insert(scope.bucket_place, key[0])
    return tuple(parts)


def _labels(scope: Scope, key: Key) -> dict[str, str]:
    labels = [
        (dimension.name, dimension.label(value, scope.agents))
        for dimension, value in zip(scope.dimensions, key[1:], strict=True)
    ]
    if scope.bucket is not None:
        begin = scope.buckets[key[0]][0]
        name = scope.bucket.value
        labels.insert(scope.bucket_place, (name, bucket_label(begin, scope.bucket, scope.period.zone)))
    return dict(labels)


def _relevant(scope: Scope, key: Key) -> tuple[Source, ...]:
    """Return the sources whose rows a group can hold: all, or those of its own source or connector."""
    sources = scope.sources
    for dimension, value in zip(scope.dimensions, key[1:], strict=True):
        if dimension.name == "source":
            sources = tuple(source for source in sources if source.name == value)
        elif dimension.name == "connector":
            sources = tuple(source for source in sources if source.connector == value)
    return sources


def _point(
    scope: Scope,
    labels: Mapping[str, str],
    sources: tuple[Source, ...],
    bucket: tuple[datetime, datetime],
    found: Answer | None,
    thin: int,
) -> Point:
    begin, end = bucket
    estimate, left_out = found or (nothing(scope.metric), {})
    complete, unknown = scope.known(sources, begin, end)
    if unknown is not None:
        estimate = Estimate(None, 0, reason=unknown)
    reason = estimate.reason
    if estimate.value is None and unknown is None and left_out:
        reason = f"all {sum(left_out.values())} were left out"
    interval = None
    if estimate.value is not None and estimate.low is not None and estimate.high is not None:
        interval = Interval(estimate.low, estimate.high)
    return Point(
        dimensions=labels,
        since=begin.astimezone(scope.period.zone),
        until=end.astimezone(scope.period.zone),
        value=estimate.value,
        unit=scope.metric.unit,
        n=estimate.n,
        interval=interval,
        left_out=left_out,
        mature=scope.mature(end, scope.metric.matures_after()),
        complete=complete,
        thin=estimate.n < thin,
        reason=reason if estimate.value is None else None,
    )


def _unmatched(connection: sqlite3.Connection, scope: Scope) -> Iterator[str]:
    """Say which words of the question name nothing at all, whatever the period: most likely typos.

    Each value of a list by itself: beside one that is right, a wrong one would go unseen.
    """
    for item in scope.filters:
        # Names of sources and connectors were looked at before.
        if item.dimension.kind not in ("column", "tag") or item.dimension.name in ("source", "connector"):
            continue
        known = _values(connection, scope, item.dimension)
        what = "Nothing that was asked" if item.dimension.name not in TICKETS else "No ticket"
        what = "No ticket" if item.dimension.kind == "tag" else what
        for value in item.values:
            if str(value) not in known:
                hint = nearest(str(value), known)
                yield f"{what} has the {item.dimension.name} {str(value)!r}.{hint}"
    asked = {*scope.dimensions, *(item.dimension for item in scope.filters)}
    if names := sorted(field_name(dimension) for dimension in asked if dimension.kind == "field"):
        rows = connection.execute(f"SELECT DISTINCT j.key FROM {TICKETS.name}, json_each(fields) AS j")
        fields = {str(key) for (key,) in rows}
        for name in names:
            if name not in fields:
                yield f"No ticket has a custom field {name!r}.{nearest(name, fields)}"


def _values(connection: sqlite3.Connection, scope: Scope, dimension: Dimension) -> set[str]:
    """Return the values that a dimension has of any ticket, or in the metric's own fact."""
    fact = getattr(scope.metric, "fact", TICKETS)
    facts = (TAGS,) if dimension.kind == "tag" else (TICKETS, *((fact,) if fact in _SURVEYS else ()))
    tables = [table.name for table in facts if dimension.name in table]
    column = dimension.name
    found = {NONE}
    for table in tables:
        rows = connection.execute(f"SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL")
        found |= {str(value) for (value,) in rows}
    return found


def unanswered(question: Question) -> Result:
    """Return the answer where no source concerned is known: no value, and why."""
    reason = "no source concerned was ever synced completely"
    metric = question.query.metric
    total = Point(
        {}, None, None, None, metric.unit, 0, mature=False, complete=False, thin=True, reason=reason
    )
    return Result(
        **_head(question),
        since=None,
        until=None,
        as_of=None,
        history=(),
        dimensions=question.query.by,
        points=(),
        total=total,
        warnings=question.warnings,
    )


def _head(question: Question) -> dict[str, Any]:
    metric = question.query.metric
    return {
        "metric": metric.name,
        "definition": metric.definition(),
        "unit": metric.unit,
        "direction": metric.direction.value,
        "timezone": question.zone.key,
        "statistic": question.statistic,
        "parameters": parameters_of(metric),
        "where": question.query.where,
    }
