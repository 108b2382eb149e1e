"""Holdings: the rows that the database has of one source, as a comparison with the source needs them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum

from ..records import Record, to_milliseconds
from ..store.table import Row, Table, latest_version, table_of

_INSTANTS = ("updated_at", "created_at", "sent_at", "at")
_IDS_A_QUERY = 500


class Likeness(StrEnum):
    """How a row in the source compares with the copy here."""

    SAME = "same"
    MISSING = "missing"
    DIFFERENT = "different"
    LATER = "later"


class Holdings:
    """What is here of one source. `until` is the instant up to which it is known completely."""

    def __init__(self, connection: sqlite3.Connection, source: int, until: datetime | None) -> None:
        self._connection = connection
        self._source = source
        self._until = None if until is None else to_milliseconds(until)
        self._latest = latest_version()

    def ids(self, kind: type[Record], since: datetime | None = None, *, tombstones: bool = False) -> set[str]:
        """Return the ids of a kind's rows, tombstones only if wanted; only those changed since an instant."""
        table = table_of(kind)
        conditions, values = ["source_id = ?", *([] if tombstones else _alive(table))], [self._source]
        if since is not None:
            instant = _instant(table)
            if instant is None:
                return set()
            conditions.append(f"{instant} >= ?")
            values.append(to_milliseconds(since))
        sql = f'SELECT id FROM "{kind.table}" WHERE {" AND ".join(conditions)}'
        return {str(key) for (key,) in self._connection.execute(sql, values)}

    def parts(self, kind: type[Record], by: str) -> dict[str, int]:
        """Return how many rows there are by the values of a column."""
        where = " AND ".join(["source_id = ?", *_alive(table_of(kind))])
        sql = f'SELECT "{by}", count(*) FROM "{kind.table}" WHERE {where} GROUP BY 1'
        return {str(key): int(count) for key, count in self._connection.execute(sql, (self._source,))}

    def sample(self, kind: type[Record], size: int) -> list[str]:
        """Return the ids of some rows by chance; all of them where there are no more."""
        where = " AND ".join(["source_id = ?", *_alive(table_of(kind))])
        sql = f'SELECT id FROM "{kind.table}" WHERE {where} ORDER BY random() LIMIT ?'
        return [str(key) for (key,) in self._connection.execute(sql, (self._source, size))]

    def compare(self, records: Iterable[Record], columns: Sequence[str] = ()) -> dict[str, Likeness]:
        """Return by id how records as the source gives them now compare with the rows here, of one kind each.

        columns: what is compared; all that the source can know, if empty.
        """
        found: dict[str, Likeness] = {}
        kinds: dict[type[Record], list[Record]] = {}
        for record in records:
            kinds.setdefault(type(record), []).append(record)
        for kind, members in kinds.items():
            table = table_of(kind)
            rows = table.rows(table.values(members), self._latest)
            stored = self._stored(table, [str(row[0]) for row in rows])
            for row in rows:
                found[str(row[0])] = self._likeness(table, stored.get(str(row[0])), row, columns)
        return found

    def _likeness(self, table: Table, old: Row | None, new: Row, columns: Sequence[str]) -> Likeness:
        if old is None:
            return Likeness.LATER if self._is_later(table, new) else Likeness.MISSING
        merged = new if columns else table.merge(old, new)
        names = columns or table.names
        same = all(old[table.position[name]] == merged[table.position[name]] for name in names)
        if same:
            return Likeness.SAME
        return Likeness.LATER if self._is_later(table, new) else Likeness.DIFFERENT

    def _is_later(self, table: Table, row: Row) -> bool:
        """Say whether a row came or changed after what is known completely."""
        if self._until is None:
            return False
        places = [table.position[name] for name in _INSTANTS if name in table.position]
        known = next((row[place] for place in places if row[place] is not None), None)
        return isinstance(known, int) and known >= self._until

    def _stored(self, table: Table, ids: Sequence[str]) -> Mapping[str, Row]:
        found: dict[str, Row] = {}
        unique = list(dict.fromkeys(ids))
        for begin in range(0, len(unique), _IDS_A_QUERY):
            chunk = unique[begin : begin + _IDS_A_QUERY]
            sql = table.select % ", ".join("?" * len(chunk))
            found.update((row[0], row) for row in self._connection.execute(sql, (self._source, *chunk)))
        return found


def _alive(table: Table) -> list[str]:
    return ["deleted_at IS NULL"] if "deleted_at" in table.position else []


def _instant(table: Table) -> str | None:
    names = [name for name in _INSTANTS if name in table.position]
    return f"coalesce({', '.join([*names, 'NULL'])})" if names else None
