"""Level: how many spans hold at the end of each bucket, from their begins and ends, added up over time."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from itertools import accumulate

from ..instants import to_milliseconds
from ..metric import Estimate, Level
from ..metric.guard import INSTANTS
from .groups import Answer, Estimates, Key, collect
from .scope import Scope
from .statement import Term, source, split_columns


def instants(scope: Scope) -> list[int]:
    """Return the instants at which levels are taken: the buckets' ends, none after the as-of instant."""
    return [min(to_milliseconds(end), scope.as_of) for _, end in scope.buckets]


def statements(scope: Scope, metric: Level) -> tuple[str, str]:
    """Return the counts of spans by the first instant that sees them, and by the first that sees them ended.

    A span holds at T if it begins before T and doesn't end at or before T. One without length never holds.
    """
    lasting = f"({metric.of}) AND ({metric.end} IS NULL OR {metric.end} > {metric.begin})"
    begun = Term(metric.fact, metric.begin, f"{lasting} AND {metric.begin} < :_last", bounded=False)
    ended = Term(metric.fact, metric.end, f"{lasting} AND {metric.end} <= :_last", bounded=False)
    return _by_instant(scope, begun, ">"), _by_instant(scope, ended, ">=")


def _by_instant(scope: Scope, term: Term, comparison: str) -> str:
    number = (
        f"(SELECT i.number FROM {INSTANTS} i WHERE i.begin_at {comparison} f._at ORDER BY i.begin_at LIMIT 1)"
    )
    columns = split_columns(scope, term, number)
    names = ", ".join(str(i + 1) for i in range(2 + len(scope.dimensions)))
    return f"SELECT {columns}, COUNT(*) {source(scope, term)} GROUP BY {names}"


def measure_level(connection: sqlite3.Connection, scope: Scope, metric: Level) -> Estimates:
    """Return the level of every group at every instant; needs the instants in their temporary table."""
    steps: dict[tuple[Key, str | None], dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for sign, sql in zip((1, -1), statements(scope, metric), strict=True):
        for key, group in collect(connection, scope, sql).items():
            if group.counted is not None:
                steps[key[1:], None][key[0]] += sign * group.counted[0]
            for why, number in group.left_out.items():
                steps[key[1:], why][key[0]] += sign * number
    levels: dict[Key, Answer] = {}
    count = len(scope.buckets)
    for (values, reason), changes in steps.items():
        for number, level in enumerate(accumulate(changes.get(i, 0) for i in range(count))):
            left_out = levels.setdefault((number, *values), (Estimate(0, 0), {}))[1]
            if reason is None:
                levels[number, *values] = (Estimate(level, level), left_out)
            elif level:
                left_out[reason] = level
    return levels
