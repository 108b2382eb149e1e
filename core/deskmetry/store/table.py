"""Table: how the rows of one record class are read, merged and written."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from operator import itemgetter
from typing import Any

from ..records import Record
from .columns import Value, columns_of

Row = tuple[Value, ...]
Values = tuple[Any, ...]
_DAY_MS = 86_400_000  # no server's clock runs ahead of ours by more


class Table:
    """The columns of one record class, its statements, and the rules by which two copies become one row."""

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
        """Return the column values of a record; see `rows`."""
        return self.rows(self.values((record,)), latest)[0]

    def values(self, records: Iterable[Record]) -> list[Values]:
        """Return the fields of records, in the order of the columns."""
        return [self._fields(record.__dict__) for record in records]

    def records(self, values: Iterable[Values]) -> Iterator[Record]:
        """Yield records with these fields; nothing is checked once more."""
        for fields in values:
            yield self.record.model_construct(**dict(zip(self.names, fields, strict=True)))

    def rows(self, values: Iterable[Values], latest: int) -> list[Row]:
        """Return the column values of fields; a record without a version is ordered by `updated_at`.

        An `updated_at` after `latest` (milliseconds) orders nothing: the copy that corrects it must win. It
        goes column by column, which takes half the time of going record by record.
        """
        columns: list[Sequence[Any]] = list(zip(*values, strict=True))
        if not columns:
            return []
        for index, convert in self._converted:
            columns[index] = [None if value is None else convert(value) for value in columns[index]]
        if self._updated is not None:
            pairs = zip(columns[self._version], columns[self._updated], strict=True)
            columns[self._version] = [_version(version, updated, latest) for version, updated in pairs]
        rows: list[Row] = list(zip(*columns, strict=True))
        flagged = any(any(columns[flag]) for flag, _ in self._blanks)
        return [self._blank(list(row)) for row in rows] if flagged else rows

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


def _version(version: int | None, updated: int | None, latest: int) -> int | None:
    if version is None and updated is not None and updated <= latest:
        return updated
    return version


def _stuck(one: Value, other: Value) -> Value:
    """Return the smaller of the values that are set, so that the order of copies makes no difference."""
    is_set = [value for value in (one, other) if value not in (None, 0)]
    return min(is_set) if is_set else one


def latest_version() -> int:
    """Return the latest instant, in milliseconds, that an `updated_at` can have and order copies."""
    return time.time_ns() // 1_000_000 + _DAY_MS


@cache
def table_of(record: type[Record]) -> Table:
    """Return the one Table of a record class."""
    return Table(record)
