"""Absent: the rows that a file or list named in earlier runs and doesn't name any more."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from ..connector import Page, StreamInfo, Whole
from ..errors import MassDelete
from ..records import Record, TicketEvent, to_milliseconds
from ..records.kinds import Provenance
from ..store.columns import Value
from ..store.marks import marks_of
from ..store.table import table_of
from .reader import StreamEnded
from .report import Outcome, SourceReport, StreamReport
from .sweep import bury

_IDS_A_STATEMENT = 500
# A temporary table, since the ids of a large file are too many for memory.
_LISTED = """
CREATE TEMP TABLE IF NOT EXISTS listed (
  source_id INTEGER, kind TEXT, id TEXT, alive INTEGER, PRIMARY KEY (source_id, kind, id)
) WITHOUT ROWID
"""
_NAMED = (
    "SELECT 1 FROM temp.listed AS l WHERE l.source_id = t.source_id AND l.kind = '{kind}' AND l.id = t.id"
)


class Absent:
    """What the streams of one source named in a run, of the kinds that they declare as `listed`.

    A run that sets a record aside, which may be any, says nothing about what is gone. Where deletes are
    refused, the stream fails and its cursor stays, so that the next run looks again. The caller owns the
    transaction.
    """

    def __init__(self, connection: sqlite3.Connection, source: int, report: SourceReport) -> None:
        self.refused: dict[str, MassDelete] = {}
        self._connection = connection
        self._source = source
        self._report = report
        self._bad: set[str] = set()

    def applied(
        self, info: StreamInfo, report: StreamReport, pages: Iterable[Page], ended: StreamEnded | None
    ) -> StreamEnded | None:
        """Note what some pages name and delete what a page says is gone; return how the stream ended now."""
        if info.listed:
            for page in pages:
                self._take(info, report, page)
        refused = self.refused.get(info.name)
        if refused is None or ended is None or ended.outcome is not Outcome.OK:
            return ended
        self._report.error = refused
        return replace(
            ended, outcome=Outcome.FAILED, reason=str(refused), error=refused,
            complete_until=None, cursor=None,
        )  # fmt: skip

    def _take(self, info: StreamInfo, report: StreamReport, page: Page) -> None:
        self._connection.execute(_LISTED)
        self._connection.executemany(
            "INSERT INTO temp.listed VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET alive = excluded.alive",
            [
                (self._source, record.table, record.id, getattr(record, "deleted_at", None) is None)
                for record in page.records
                if type(record) in info.listed
            ],
        )
        if page.rejected:
            self._bad.add(info.name)
        if page.whole is not None and info.name not in self._bad:
            # Known to be gone before the instant up to which all is known, so that the facts take it in.
            until = page.complete_until or datetime.now(UTC)
            at = to_milliseconds(until) - 1
            report.written.changed += self._apply(info.name, page.whole, at)
            self._forget_bad(info.name)

    def _forget_bad(self, stream: str) -> None:
        """Drop what was set aside of a list that was read whole and all good: it is good now, or gone."""
        if stream not in self.refused:
            sql = "DELETE FROM quarantine WHERE source_id = ? AND stream = ?"
            self._connection.execute(sql, (self._source, stream))

    def _apply(self, stream: str, whole: Whole, at: int) -> int:
        """Bring the rows to what the list says; too many gone at once change nothing. at: milliseconds."""
        gone = {kind: self._gone(kind) for kind in whole.kinds}
        for kind, ids in gone.items():
            held = self._held(kind)
            # One row of a few is a large share, and no sign of trouble; all of them are.
            if whole.share < 1 and (len(ids) == held > 1 or len(ids) > max(1, whole.share * held)):
                name = self._report.source
                self.refused[stream] = MassDelete(name, kind.table, len(ids), held, whole.hint)
                return 0
        return sum(self._remove(kind, ids, at) + self._revive(kind) for kind, ids in gone.items())

    def _held(self, kind: type[Record]) -> int:
        sql = f'SELECT count(*) FROM "{kind.table}" AS t WHERE t.source_id = ?{_alive(kind)}'
        return int(self._connection.execute(sql, (self._source,)).fetchone()[0])

    def _gone(self, kind: type[Record]) -> list[str]:
        sql = (
            f'SELECT t.id FROM "{kind.table}" AS t WHERE t.source_id = ?{_alive(kind)}'
            f" AND NOT EXISTS ({_NAMED.format(kind=kind.table)}) ORDER BY t.id"
        )
        return [row[0] for row in self._connection.execute(sql, (self._source,))]

    def _remove(self, kind: type[Record], ids: Sequence[str], at: int) -> int:
        """Give rows their tombstone where their table has a place for one, else take them out."""
        table = table_of(kind)
        if "deleted_at" in table.position:
            return bury(self._connection, self._source, kind, ids, at)
        for begin in range(0, len(ids), _IDS_A_STATEMENT):
            chunk = ids[begin : begin + _IDS_A_STATEMENT]
            marks = ", ".join("?" * len(chunk))
            self._mark(kind, self._connection.execute(table.select % marks, (self._source, *chunk)))
            sql = f'DELETE FROM "{kind.table}" WHERE source_id = ? AND id IN ({marks})'
            self._connection.execute(sql, (self._source, *chunk))
        return len(ids)

    def _revive(self, kind: type[Record]) -> int:
        """Take the tombstone off rows that are named as living again; return how many there were."""
        table = table_of(kind)
        if "deleted_at" not in table.position:
            return 0
        columns = ", ".join(f't."{name}"' for name in table.names)
        sql = (
            f'SELECT {columns} FROM "{kind.table}" AS t WHERE t.source_id = ? AND t.deleted_at IS NOT NULL'
            f" AND EXISTS ({_NAMED.format(kind=kind.table)} AND l.alive)"
        )
        rows = self._connection.execute(sql, (self._source,)).fetchall()
        self._mark(kind, rows)
        self._connection.executemany(
            f'UPDATE "{kind.table}" SET deleted_at = NULL WHERE source_id = ? AND id = ?',
            ((self._source, row[0]) for row in rows),
        )
        return len(rows)

    def _mark(self, kind: type[Record], rows: Iterable[tuple[Value, ...]]) -> None:
        marks = marks_of(kind.table, table_of(kind).position, [(None, row) for row in rows])
        self._connection.executemany(
            "INSERT OR IGNORE INTO dirty (kind, source_id, key) VALUES (?, ?, ?)",
            [(mark, self._source, key) for mark, key in marks],
        )


def _alive(kind: type[Record]) -> str:
    """Return SQL for the rows that a source can take back: living ones, and none that we observed."""
    if kind is TicketEvent:
        return f" AND t.how <> '{Provenance.OBSERVED}'"
    return " AND t.deleted_at IS NULL" if "deleted_at" in table_of(kind).position else ""
