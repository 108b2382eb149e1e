"""Writer: records into their tables, in bulk, where a newer copy wins and nothing is written twice."""

from __future__ import annotations

import sqlite3
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from operator import itemgetter

from ..records import Record
from .bulk import insert
from .columns import Value, columns_of
from .marks import Change, Mark, marks_of
from .observe import Observer

Row = tuple[Value, ...]
_IDS_A_QUERY = 500
_DAY_MS = 86_400_000  # no server's clock runs ahead of ours by more


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


class Table:
    """How the rows of one record class are read, merged and written."""

    def __init__(self, record: type[Record]) -> None:
        self.record = record
        self.columns = columns_of(record)
        self.names = tuple(column.name for column in self.columns)
        self.position = {name: index for index, name in enumerate(self.names)}
        self._version = self.position["version"]
        self._updated = self.position.get("updated_at")
        self._fields = itemgetter(*self.names)
        self._converted = tuple((i, c.convert) for i, c in enumerate(self.columns) if c.convert is not None)
        self._sticky = tuple(i for i, c in enumerate(self.columns) if c.sticky)
        self._derived = tuple(i for i, c in enumerate(self.columns) if c.derived)
        self._deleted = None if self._updated is None else self.position.get("deleted_at")
        self._blanks = tuple(
            (self.position[flag], tuple(self.position[name] for name in blanked))
            for flag, blanked in record.blanked_by.items()
        )
        listed = ", ".join(f'"{name}"' for name in self.names)
        update = ", ".join(f'"{name}" = excluded."{name}"' for name in self.names if name != "id")
        self.select = f'SELECT {listed} FROM "{record.table}" WHERE source_id = ? AND id IN (%s)'
        self.into = f'INSERT INTO "{record.table}" (source_id, {listed})'
        self.on_conflict = f" ON CONFLICT (source_id, id) DO UPDATE SET {update}"

    def row(self, record: Record, latest: int) -> Row:
        """Return the column values of a record; one without a version is ordered by `updated_at`.

        An `updated_at` after `latest` (milliseconds) orders nothing: the copy that corrects it must win.
        """
        values: list[Value] = list(self._fields(record.__dict__))
        for index, convert in self._converted:
            if (value := values[index]) is not None:
                values[index] = convert(value)
        if values[self._version] is None and self._updated is not None:
            updated = values[self._updated]
            values[self._version] = updated if isinstance(updated, int) and updated <= latest else None
        return self._blank(values)

    def merge(self, old: Row, new: Row) -> Row:
        """Return what stands after both copies: the newer one, with what is sticky or derived kept."""
        versions = old[self._version], new[self._version]
        newer_is_old = None not in versions and versions[1] < versions[0]  # type: ignore[operator]
        base, other = (old, new) if newer_is_old else (new, old)
        values = list(base)
        for index in self._derived:
            values[index] = other[index] if base[index] is None else base[index]
        for index in self._sticky:
            if index == self._deleted and base[index] is None:
                values[index] = self._tombstone(base, other[index])
            else:
                values[index] = _stuck(base[index], other[index])
        return self._blank(values)

    def _tombstone(self, newer: Row, deleted: Value) -> Value:
        """Return what an older tombstone is worth beside a newer copy that lives: nothing if it was restored.

        That copy was changed after the deletion, then. A tombstone may come with less than a whole copy has
        (a scrubbed ticket), so it is the instants that are compared, not the versions.
        """
        updated = newer[self._updated] if self._updated is not None else None
        restored = isinstance(updated, int) and isinstance(deleted, int) and updated > deleted
        return None if restored else deleted

    def _blank(self, values: list[Value]) -> Row:
        for flag, blanked in self._blanks:
            if values[flag]:
                for index in blanked:
                    values[index] = None
        return tuple(values)


def _stuck(one: Value, other: Value) -> Value:
    """Return the smaller of the values that are set, so that the order of copies makes no difference."""
    is_set = [value for value in (one, other) if value not in (None, 0)]
    return min(is_set) if is_set else one


@cache
def table_of(record: type[Record]) -> Table:
    """Return the one Table of a record class."""
    return Table(record)


class Writer:
    """Write the records of one source. The caller owns the transaction; marks of what is stale go with it."""

    def __init__(
        self, connection: sqlite3.Connection, source_id: int, observer: Observer | None = None
    ) -> None:
        self._connection = connection
        self._source = source_id
        self._observer = observer
        self._filled: set[str] = set()
        self._latest = time.time_ns() // 1_000_000 + _DAY_MS

    def write(self, records: Iterable[Record]) -> Written:
        """Insert or update these records, in any order and with repeats; return what happened to them."""
        kinds: dict[type[Record], list[Record]] = defaultdict(list)
        for record in records:
            kinds[type(record)].append(record)
        written = Written()
        for kind, members in kinds.items():
            written += self._write(table_of(kind), members)
        return written

    def _write(self, table: Table, records: Sequence[Record]) -> Written:
        rows = [table.row(record, self._latest) for record in records]
        changes = self._changes(table, rows)
        self._store(table, [new for _, new in changes])
        self._mark(marks_of(table.record.table, table.position, changes))
        if self._observer is not None and table.record.table == "tickets":
            self.write(self._observer.events(table.position, changes))
        new = sum(1 for old, _ in changes if old is None)
        return Written(new, len(changes) - new, len(records) - len(changes))

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
