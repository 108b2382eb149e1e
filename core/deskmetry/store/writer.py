"""Writer: records into their tables, in bulk, where a newer copy wins and nothing is written twice."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ..records import Record
from .bulk import insert
from .columns import Value
from .marks import Change, Mark, marks_of
from .observe import Observer
from .packed import Packed
from .table import Row, Table, Values, latest_version, table_of

_IDS_A_QUERY = 500


@dataclass(slots=True)
class Written:
    """How many rows were new, changed, or there already as they came (or newer)."""

    new: int = 0
    changed: int = 0
    same: int = 0

    def __iadd__(self, other: Written) -> Written:
        self.new += other.new
        self.changed += other.changed
        self.same += other.same
        return self


class Writer:
    """Write the records of one source. The caller owns the transaction; marks of what is stale go with it."""

    def __init__(
        self, connection: sqlite3.Connection, source_id: int, observer: Observer | None = None
    ) -> None:
        self._connection = connection
        self._source = source_id
        self._observer = observer
        self._filled: set[str] = set()
        self._latest = latest_version()

    def write(self, *lists: Iterable[Record]) -> Written:
        """Insert or update these records, in any order and with repeats; return what happened to them."""
        kinds: dict[type[Record], list[Values]] = defaultdict(list)
        for records in lists:
            for kind, values in Packed.of(records).values.items():
                kinds[kind] += values
        written = Written()
        for kind, members in kinds.items():
            table = table_of(kind)
            written += self._write(table, table.rows(members, self._latest))
        return written

    def _write(self, table: Table, rows: Sequence[Row]) -> Written:
        changes = self._changes(table, rows)
        self._store(table, [new for _, new in changes])
        self._mark(marks_of(table.record.table, table.position, changes))
        if self._observer is not None and table.record.table == "tickets":
            self.write(self._observer.events(table.position, changes))
        new = sum(1 for old, _ in changes if old is None)
        return Written(new, len(changes) - new, len(rows) - len(changes))

    def _changes(self, table: Table, rows: Sequence[Row]) -> list[Change]:
        """Return the rows that become new or others by these: what stood and what stands now."""
        after: dict[Value, Row] = {row[0]: row for row in rows}
        before = self._existing(table, after)
        if not before and len(after) == len(rows):  # a first load, mostly
            return [(None, row) for row in rows]
        after = dict(before)
        touched: dict[Value, None] = {}
        for row in rows:
            key = row[0]
            old = after.get(key)
            merged = row if old is None else table.merge(old, row)
            if merged != old:
                after[key] = merged
                touched[key] = None
        return [(before.get(key), after[key]) for key in touched if after[key] != before.get(key)]

    def _existing(self, table: Table, ids: Iterable[Value]) -> dict[Value, Row]:
        """Return the stored rows with these ids; a table that holds nothing of this source is asked once."""
        name = table.record.table
        if name not in self._filled:
            probe = f'SELECT 1 FROM "{name}" WHERE source_id = ? LIMIT 1'
            if self._connection.execute(probe, (self._source,)).fetchone() is None:
                self._filled.add(name)
                return {}
            self._filled.add(name)
        found: dict[Value, Row] = {}
        for chunk in _chunks(sorted(map(str, ids)), _IDS_A_QUERY):
            sql = table.select % ", ".join("?" * len(chunk))
            found.update((row[0], row) for row in self._connection.execute(sql, (self._source, *chunk)))
        return found

    def _store(self, table: Table, rows: Sequence[Row]) -> None:
        insert(self._connection, table.into, [(self._source, *row) for row in rows], table.on_conflict)

    def _mark(self, marks: Iterable[Mark]) -> None:
        rows = [(kind, self._source, key) for kind, key in marks]
        insert(self._connection, "INSERT OR IGNORE INTO dirty (kind, source_id, key)", rows)


def _chunks(items: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for begin in range(0, len(items), size):
        yield items[begin : begin + size]
