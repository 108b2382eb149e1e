"""Check: whether a metric class is declared soundly, tried when it is registered and before it meets data."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from datetime import timedelta

from pydantic import BaseModel

from ..errors import DeskmetryError, PluginError
from .base import Direction, Metric
from .fact import FACTS, Fact
from .guard import guarded
from .measures import Computed, Count, Duration, Level, Mean, Ratio, Share

_MEASURES = (Count, Share, Duration, Mean, Ratio, Level, Computed)
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_BOUND = frozenset({"as_of", "since", "until"})
_LEVELS = 3


def create_table(fact: Fact) -> str:
    """Return the statement that makes the empty table of a fact."""
    columns = ", ".join(f"{column.name} {column.type}" for column in fact.columns)
    return f"CREATE TABLE {fact.name} ({columns})"


def check_metric(metric: type[Metric], plugin: str) -> None:
    """Raise PluginError, naming plugin, metric and fault, if the class can't work."""
    name = metric.name or metric.__name__
    for fault in faults(metric):
        raise PluginError(plugin, f"the metric {name!r} {fault}")


def faults(metric: type[Metric]) -> Iterator[str]:
    """Yield what is wrong with a metric class, each as the end of a sentence; nothing if it is sound."""
    found = [*_faults_of_words(metric), *_faults_of_parameters(metric)]
    if not issubclass(metric, _MEASURES):
        found.append(f"is none of the measures {', '.join(measure.__name__ for measure in _MEASURES)}")
    else:
        missing = [name for name in _required(metric) if not hasattr(metric, name)]
        if missing:
            found.append(f"doesn't declare {', '.join(missing)}")
    # SQL can only be tried once the parameters have values.
    yield from found or _faults_of_sql(metric)


def _faults_of_words(metric: type[Metric]) -> Iterator[str]:
    if not _NAME.fullmatch(metric.name):
        yield f"has no usable name (it is {metric.name!r}; lower case, digits and underscores)"
    # A docstring is inherited by `definition` only if the class has none of its own.
    if not (metric.__dict__.get("__doc__") or "").strip():
        yield "has no docstring; it is the definition that every answer repeats"
    if not metric.unit:
        yield "has no unit"
    direction: object = metric.direction  # a plugin may have written a text, which is no Direction
    if not isinstance(direction, Direction):
        yield f"has a direction that isn't one: {metric.direction!r}"
    between = [cls for cls in metric.__mro__[1:] if issubclass(cls, BaseModel) and cls is not BaseModel]
    if len(between) > _LEVELS:
        yield f"has {len(between)} classes between itself and BaseModel; {_LEVELS} are allowed"


def _faults_of_parameters(metric: type[Metric]) -> Iterator[str]:
    for name, field in metric.model_fields.items():
        if field.annotation not in (timedelta, int, float, str, bool):
            yield f"has the parameter {name!r}, which is no timedelta, int, float, str or bool"
        if field.is_required():
            yield f"has the parameter {name!r} without a default"
        if name in _BOUND:
            yield f"has the parameter {name!r}, a name that the engine binds"
    maturity = metric.maturity
    if isinstance(maturity, str):
        found = metric.model_fields.get(maturity)
        if found is None or found.annotation is not timedelta:
            yield f"has the maturity {maturity!r}, which is no timedelta parameter"


def _required(metric: type[Metric]) -> tuple[str, ...]:
    if issubclass(metric, Ratio):
        return ("over", "under")
    if issubclass(metric, Duration | Mean):
        return ("fact", "at", "value")
    if issubclass(metric, Computed):
        return ("fact", "at", "columns")
    return ("fact",) if issubclass(metric, Level) else ("fact", "at")


def _faults_of_sql(metric: type[Metric]) -> Iterator[str]:
    connection = sqlite3.connect(":memory:")
    try:
        for fact in FACTS:
            connection.execute(create_table(fact))
        bound = {**metric().bound(), "as_of": 0, "since": 0, "until": 0}
        for fact, what, expression in _expressions(metric):
            if fact not in FACTS:
                yield f"is over {fact.name!r}, which is no fact"
            elif what in ("at", "begin", "end") and expression not in fact:
                yield f"has {what} = {expression!r}, which is no column of {fact.name}"
            elif '"' in expression:
                yield f"has double quotes in {what}: texts stand in single quotes"
            else:
                yield from _fault_of_expression(connection, metric, fact, what, expression, bound)
    finally:
        connection.close()


def _fault_of_expression(
    connection: sqlite3.Connection,
    metric: type[Metric],
    fact: Fact,
    what: str,
    expression: str,
    bound: dict[str, int | float | str],
) -> Iterator[str]:
    try:
        with guarded(connection, metric.name):
            connection.execute(f"SELECT ({expression}) FROM {fact.name}", bound).close()
    except DeskmetryError as error:
        yield f"can't use {what} ({expression}): {error.message}"


def _expressions(metric: type[Metric]) -> Iterator[tuple[Fact, str, str]]:
    facts: list[Fact] = []
    if issubclass(metric, Ratio):
        for side, term in (("over", metric.over), ("under", metric.under)):
            facts.append(term.fact)
            yield term.fact, "at", term.at
            yield term.fact, f"{side}.of", term.of
            yield term.fact, f"{side}.value", term.value
    elif issubclass(metric, Level):
        facts.append(metric.fact)
        yield metric.fact, "begin", metric.begin
        yield metric.fact, "end", metric.end
        yield metric.fact, "of", metric.of
    elif issubclass(metric, Count | Share | Duration | Mean | Computed):
        facts.append(metric.fact)
        yield metric.fact, "at", metric.at
        for what in ("of", "counts", "value"):
            expression = getattr(metric, what, None)
            if isinstance(expression, str):
                yield metric.fact, what, expression
        for what in ("distinct", "cluster", "columns"):
            for expression in getattr(metric, what, ()):
                yield metric.fact, what, expression
    for fact in facts:
        for word, column in metric.whose.items():
            yield fact, f"whose {word}", column
        for reason, condition in metric.leave_out.items():
            yield fact, f"leave_out {reason!r}", condition
