"""Guard: what the SQL of a metric may do to a database, which is to read facts and nothing else."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import MetricError, QueryRefused
from .fact import FACTS

BUCKETS = "query_buckets"
INSTANTS = "query_instants"
OFFSETS = "query_utc_offsets"

# The facts as of an earlier instant are views over the newest rows and over tables of these names.
_SHADOW = frozenset({"stale", "stale_subjects", *(f"shadow_{fact.name}" for fact in FACTS)})
_READABLE = frozenset(fact.name for fact in FACTS) | _SHADOW | {BUCKETS, INSTANTS, OFFSETS, "json_each"}
_FUNCTIONS = frozenset(
    {
        *("abs", "coalesce", "nullif", "ifnull", "lower", "upper", "length", "trim", "round", "like"),
        *("min", "max", "count", "sum", "json_group_array", "json_array"),
    }
)


def authorize(action: int, first: str | None, second: str | None, *_: str | None) -> int:
    """Answer SQLite's question whether a statement may do something; arguments as `set_authorizer` gives."""
    if action == sqlite3.SQLITE_SELECT:
        return sqlite3.SQLITE_OK
    # COUNT(*) over a subquery reads no table of any name.
    if action == sqlite3.SQLITE_READ and (not first or first.lower() in _READABLE):
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_FUNCTION and (second or "").lower() in _FUNCTIONS:
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY


@contextmanager
def guarded(connection: sqlite3.Connection, metric: str) -> Iterator[None]:
    """Let the connection only read facts; QueryRefused or MetricError, naming the metric, if SQL fails."""
    connection.set_authorizer(authorize)
    try:
        yield
    except (sqlite3.Error, sqlite3.Warning) as error:
        reason = str(error)
        if "authorized" in reason or "prohibited" in reason or "one statement" in reason:
            raise QueryRefused(
                f"The SQL of {metric!r} would do more than read facts: {reason}.",
                "Metrics may only read the columns of facts, with standard functions.",
                metric=metric,
            ) from error
        raise MetricError(
            f"The SQL of {metric!r} fails: {reason}.", "Report it to the author of the metric.", metric=metric
        ) from error
    finally:
        connection.set_authorizer(None)
