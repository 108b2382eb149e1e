"""Statement: the SQL of a measure over one fact, split, filtered and with the reasons for what doesn't count.

Rows of the fact become items in an inner select, in which the metric's expressions see the fact alone; what
the engine adds (tags, the ticket's columns, buckets) is joined outside, so that no name can be ambiguous.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..calendar import DAY_MS
from ..metric import Fact
from ..metric.guard import BUCKETS, INSTANTS, OFFSETS
from .dimensions import (
    Dimension,
    column_of,
    needs_ticket,
    possible,
    source_of_ticket,
    tag_join,
    ticket_join,
    value_sql,
)
from .filters import Filter, tag_sql
from .scope import Scope

EARLY = "#early"
EXCLUDED = {
    "spam": "spam",
    "newsletter": "newsletters",
    "bounce": "bounces",
    "automatic": "automatic messages",
    "merged": "merged into another ticket",
    "deleted": "deleted before they were solved",
    "duplicate": "held by another source too",
}


@dataclass(frozen=True, slots=True)
class Term:
    """The rows that a measure reads: fact, basis, condition, and further columns of the items, name -> SQL.

    bounded: only rows whose basis lies in the period (a Level looks at all).
    """

    fact: Fact
    at: str
    of: str
    columns: Mapping[str, str] = field(default_factory=dict)
    bounded: bool = True


def reason_in_words(code: str, reasons: Sequence[str]) -> str:
    """Return the words for what the column `_out` holds."""
    if code == EARLY:
        return "before the history of the source begins"
    if code.startswith("#"):
        return reasons[int(code[1:])]
    return EXCLUDED.get(code, code)


def split_columns(scope: Scope, term: Term, bucket: str | None = None) -> str:
    """Return the first columns of a grouped select: bucket number, value of each dimension, reason."""
    values = [_value(scope, term, dimension) for dimension in scope.dimensions]
    number = bucket if bucket is not None else _bucket(scope, term)
    names = [f"{number} AS _b", *(f"{value} AS _d{i}" for i, value in enumerate(values)), "f._out AS _out"]
    return ", ".join(names)


def split_names(scope: Scope) -> str:
    """Return the names of those columns, for an outer select over them."""
    return ", ".join(["_b", *(f"_d{i}" for i in range(len(scope.dimensions))), "_out"])


def numbers(count: int) -> str:
    """Return `1, 2, …`, for GROUP BY."""
    return ", ".join(str(i + 1) for i in range(count))


def grouped(scope: Scope, term: Term, aggregates: Sequence[str]) -> str:
    """Return one pass over the fact: aggregates over items `f`, by bucket, dimensions and reason."""
    columns = ", ".join((split_columns(scope, term), *aggregates))
    return f"SELECT {columns} {source(scope, term)} GROUP BY {numbers(2 + len(scope.dimensions))}"


def regrouped(scope: Scope, inner: str, aggregates: Sequence[str]) -> str:
    """Return aggregates over a select that has the columns of the split."""
    columns = ", ".join((split_names(scope), *aggregates))
    return f"SELECT {columns} FROM ({inner}) GROUP BY {numbers(2 + len(scope.dimensions))}"


def source(scope: Scope, term: Term) -> str:
    """Return FROM, joins and WHERE of the items that pass the filters."""
    for dimension in (*scope.dimensions, *(item.dimension for item in scope.filters)):
        possible(dimension, term.fact)
    joins = []
    if scope.bucket is not None and term.bounded and _by_day(scope, term):
        joins.append(f"JOIN {BUCKETS} b ON b.day = f._day")
    split_by = [*scope.dimensions, *(item.dimension for item in scope.filters)]
    if any(needs_ticket(dimension, term.fact, scope.metric.whose) for dimension in split_by):
        joins.append(ticket_join(term.fact))
    if any(dimension.kind == "tag" for dimension in scope.dimensions):
        joins.append(tag_join(term.fact))
    conditions = [_condition(scope, term, i, item) for i, item in enumerate(scope.filters)]
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return " ".join((f"FROM ({items(scope, term)}) f", *joins)) + where


def items(scope: Scope, term: Term) -> str:
    """Return the select of the rows that the measure is about, one item each."""
    fact, whose = term.fact, scope.metric.whose
    split_by = [*scope.dimensions, *(item.dimension for item in scope.filters)]
    plain = {"source_id"} | ({source_of_ticket(fact), "ticket_id"} if "ticket_id" in fact else set())
    plain |= {column for dimension in split_by if (column := column_of(dimension, fact, whose)) is not None}
    if "fields" in fact and any(dimension.kind == "field" for dimension in split_by):
        plain.add("fields")
    columns = [*sorted(plain), f"{term.at} AS _at"]
    if _by_day(scope, term):
        columns.append(f"{fact.days[term.at]} AS _day")
    columns.append(f"{_reason(scope, term)} AS _out")
    columns.extend(f"{expression} AS {name}" for name, expression in term.columns.items())
    ids = ", ".join(str(source.id) for source in scope.sources)
    # The plus keeps SQLite from looking rows up one by one through the key: a scan of the table is faster.
    conditions = [f"+source_id IN ({ids})", f"({term.of})"]
    if term.bounded:
        conditions.insert(0, f"{term.at} >= :since AND {term.at} < :until AND {term.at} < :as_of")
    return f"SELECT {', '.join(columns)} FROM {fact.name} WHERE {' AND '.join(conditions)}"


def _reason(scope: Scope, term: Term) -> str:
    cases = ["WHEN excluded IS NOT NULL THEN excluded"] if "excluded" in term.fact else []
    if term.bounded:
        cases.extend(
            f"WHEN source_id = {source.id} AND {term.at} < {source.known_from} THEN '{EARLY}'"
            for source in scope.sources
            if source.known_from is not None and source.known_from > scope.since
        )
    conditions = scope.metric.leave_out.values()
    cases.extend(f"WHEN {condition} THEN '#{i}'" for i, condition in enumerate(conditions))
    return f"CASE {' '.join(cases)} END" if cases else "NULL"


def _by_day(scope: Scope, term: Term) -> bool:
    return scope.stored and term.at in term.fact.days and scope.bucket != "hour"


def _bucket(scope: Scope, term: Term) -> str:
    if scope.bucket is None:
        return "0"
    if _by_day(scope, term):
        return "b.number"
    return f"(SELECT i.number FROM {INSTANTS} i WHERE i.begin_at <= f._at ORDER BY i.begin_at DESC LIMIT 1)"


def _value(scope: Scope, term: Term, dimension: Dimension) -> str:
    parameter = scope.field_parameter(dimension)
    return value_sql(dimension, term.fact, scope.metric.whose, parameter, _local(scope, term, dimension))


def _local(scope: Scope, term: Term, dimension: Dimension) -> str:
    if dimension.kind == "weekday" and _by_day(scope, term):
        return f"(f._day * {DAY_MS})"
    offset = f"SELECT o.offset_ms FROM {OFFSETS} o WHERE o.from_at <= f._at ORDER BY o.from_at DESC LIMIT 1"
    return f"(f._at + ({offset}))"


def _condition(scope: Scope, term: Term, number: int, item: Filter) -> str:
    names = [f"_w{number}_{i}" for i in range(len(item.values))]
    if item.dimension.kind == "tag":
        return tag_sql(item, names, source_of_ticket(term.fact))
    listed = ", ".join(f":{name}" for name in names)
    return f"{_value(scope, term, item.dimension)} {'NOT ' if item.negated else ''}IN ({listed})"
