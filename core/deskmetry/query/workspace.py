"""Workspace: the temporary tables of a query, on one unchanging view of the database, gone when it ends."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from ..calendar import Bucket, day_number, utc_offsets
from ..instants import to_milliseconds
from ..metric import FACTS, Level
from ..metric.guard import BUCKETS, INSTANTS, OFFSETS
from .dimensions import Dimension
from .level import instants
from .scope import Scope

_SAVEPOINT = "deskmetry_query"


@contextmanager
def snapshot(connection: sqlite3.Connection) -> Iterator[None]:
    """Read one unchanging state of the database, whatever a sync commits meanwhile; undo temporary tables."""
    connection.execute(f"SAVEPOINT {_SAVEPOINT}")
    try:
        yield
    finally:
        if connection.in_transaction:
            connection.execute(f"ROLLBACK TO {_SAVEPOINT}")
            connection.execute(f"RELEASE {_SAVEPOINT}")


def see_facts_as_of(connection: sqlite3.Connection, scope: Scope) -> None:
    """Put the facts as of the as-of instant in front of those that hold anything later."""
    if any((source.complete_until or 0) > scope.as_of for source in scope.sources):
        from ..facts import shadow  # not needed for the newest state

        shadow(connection, scope.as_of)
    elif _has_shadow(connection):
        from ..facts import unshadow

        unshadow(connection)


def fill(connection: sqlite3.Connection, scope: Scope) -> None:
    """Make the tables of buckets, instants and UTC offsets that the statements of a scope join."""
    for name in (BUCKETS, INSTANTS, OFFSETS):
        connection.execute(f"DROP TABLE IF EXISTS temp.{name}")
    connection.execute(f"CREATE TEMP TABLE {BUCKETS} (day INTEGER PRIMARY KEY, number INTEGER)")
    connection.execute(f"CREATE TEMP TABLE {INSTANTS} (begin_at INTEGER PRIMARY KEY, number INTEGER)")
    connection.execute(f"CREATE TEMP TABLE {OFFSETS} (from_at INTEGER PRIMARY KEY, offset_ms INTEGER)")
    insert = "INSERT OR IGNORE INTO temp.{} VALUES (?, ?)"
    if isinstance(scope.metric, Level):
        # Two buckets that end at the same instant (both after as of) have the same level: the first counts.
        marks = [(at, number) for number, at in enumerate(instants(scope))]
    else:
        marks = [(to_milliseconds(begin), number) for number, (begin, _) in enumerate(scope.buckets)]
        if scope.stored and scope.bucket not in (None, Bucket.HOUR):
            connection.executemany(insert.format(BUCKETS), _days(scope))
    connection.executemany(insert.format(INSTANTS), marks)
    if any(dimension.kind == "field" for dimension in _split_by(scope)):
        # SQLite makes this table on first use, by a statement that the guard would refuse.
        connection.execute("SELECT 1 FROM json_each('[]')").close()
    if any(dimension.kind in ("weekday", "hour") for dimension in _split_by(scope)):
        rows = utc_offsets(scope.period.zone, scope.period.since, scope.period.until)
        connection.executemany(insert.format(OFFSETS), rows)


def _split_by(scope: Scope) -> list[Dimension]:
    return [*scope.dimensions, *(item.dimension for item in scope.filters)]


def _days(scope: Scope) -> Iterator[tuple[int, int]]:
    zone = scope.period.zone
    for number, (begin, end) in enumerate(scope.buckets):
        first = day_number(begin.astimezone(zone).date())
        last = day_number((end - timedelta(milliseconds=1)).astimezone(zone).date())
        yield from ((day, number) for day in range(first, last + 1))


def _has_shadow(connection: sqlite3.Connection) -> bool:
    """Return whether facts of an earlier instant stand in front of the newest ones."""
    names = ", ".join(f"'{fact.name}'" for fact in FACTS)
    found = connection.execute(f"SELECT 1 FROM temp.sqlite_master WHERE name IN ({names})").fetchone()
    return found is not None
