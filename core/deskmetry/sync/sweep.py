"""Sweep: tombstones for the rows that a source lists no more, guarded against an account gone wrong."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from .. import facts, threads
from ..errors import MassDelete
from ..privacy import with_stand_ins
from ..records import Record, to_milliseconds
from ..settings import People
from ..store import WriterLock, open_writer, transaction, translated
from ..store.marks import marks_of
from ..store.table import table_of
from .verified import Gone, Verified

SHARE = 0.1  # of the rows of a kind, that may be gone at once
_IDS_A_STATEMENT = 500


def sweepable(gone: Iterable[Gone]) -> list[Gone]:
    """Return what can get tombstones: kinds whose table has a place for one."""
    return [one for one in gone if "deleted_at" in table_of(one.kind).position]


def guard(verified: Verified) -> None:
    """Raise MassDelete where more than a few of the rows of a kind are gone: all of them, for one."""
    for one in sweepable(verified.gone):
        if len(one.ids) > SHARE * one.held:
            raise MassDelete(verified.source, one.kind.table, len(one.ids), one.held)


def sweep(
    database: Path,
    verified: Sequence[Verified],
    *,
    force: bool = False,
    timezone: str = "UTC",
    people: People | None = None,
) -> dict[str, int]:
    """Give tombstones to what was found to be gone, in one transaction with threads and facts.

    Returns how many rows got one, by source. Raises MassDelete (nothing was changed) unless forced, and
    StoreError.
    """
    if not force:
        for one in verified:
            guard(one)
    counts: dict[str, int] = {}
    at = to_milliseconds(datetime.now(UTC))
    with WriterLock(database), translated(database):
        connection = open_writer(database)
        try:
            with transaction(connection):
                for one in verified:
                    row = connection.execute(
                        "SELECT id FROM sources WHERE name = ?", (one.source,)
                    ).fetchone()
                    counts[one.source] = sum(
                        bury(connection, int(row[0]), gone.kind, sorted(gone.ids), at)
                        for gone in sweepable(one.gone)
                    )
                threads.refresh(connection)
                facts.refresh(connection, timezone, with_stand_ins(connection, people or People()))
        finally:
            connection.close()
    return counts


def bury(connection: sqlite3.Connection, source: int, kind: type[Record], ids: Sequence[str], at: int) -> int:
    """Set the tombstone of these rows and mark what that makes stale."""
    table = table_of(kind)
    place = table.position["deleted_at"]
    buried = 0
    for begin in range(0, len(ids), _IDS_A_STATEMENT):
        chunk = ids[begin : begin + _IDS_A_STATEMENT]
        sql = table.select % ", ".join("?" * len(chunk))
        rows = [row for row in connection.execute(sql, (source, *chunk)) if row[place] is None]
        for row in rows:
            new = (*row[:place], at, *row[place + 1 :])
            marks = [(mark, source, key) for mark, key in marks_of(kind.table, table.position, [(row, new)])]
            connection.executemany(
                "INSERT OR IGNORE INTO dirty (kind, source_id, key) VALUES (?, ?, ?)", marks
            )
        connection.executemany(
            f'UPDATE "{kind.table}" SET deleted_at = ? WHERE source_id = ? AND id = ?',
            ((at, source, row[0]) for row in rows),
        )
        buried += len(rows)
    return buried
