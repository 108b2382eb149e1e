"""Dump: what a database holds of one source, fit to be compared with another's."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..records import RECORDS
from ..records.kinds import Provenance

Row = Mapping[str, Any]
_SHOWN = 3  # differences quoted in a sentence
_ADDRESS = "https://world.example"


@dataclass(frozen=True, slots=True)
class Dump:
    """Rows by table and id, without what we observed ourselves; and what was set aside: stream, reason, raw.

    Marks are the streams' tokens and watermarks (Unix milliseconds).
    """

    tables: Mapping[str, Mapping[str, Row]]
    quarantine: tuple[tuple[str, str, str], ...] = ()
    marks: Mapping[str, tuple[str | None, int | None]] = field(default_factory=dict)

    def ids(self, table: str) -> frozenset[str]:
        """Return the ids in a table."""
        return frozenset(self.tables.get(table, ()))

    def size(self) -> int:
        """Return how many rows there are."""
        return sum(map(len, self.tables.values()))


def dump(database: Path, url: str) -> Dump:
    """Read a database; the world's address, a new one each time, is replaced by a fixed one."""
    with closing(sqlite3.connect(database)) as connection:
        connection.row_factory = sqlite3.Row
        tables = {
            record.table: {
                row["id"]: _row(row, url)
                for row in connection.execute(f"SELECT * FROM {record.table}")
                if "how" not in row.keys() or row["how"] != Provenance.OBSERVED  # noqa: SIM118 - a sqlite3.Row
            }
            for record in RECORDS
        }
        aside = connection.execute("SELECT stream, reason, raw FROM quarantine ORDER BY stream, digest")
        states = connection.execute("SELECT stream, token, watermark_at FROM sync_state")
        marks = {row["stream"]: (row["token"], row["watermark_at"]) for row in states}
        return Dump(tables, tuple((row[0], row[1], row[2]) for row in aside), marks)


def _row(row: sqlite3.Row, url: str) -> Row:
    return {
        name: value.replace(url, _ADDRESS) if url and isinstance(value, str) else value
        for name, value in zip(row.keys(), row, strict=True)
    }


def missing(expected: Dump, found: Dump) -> list[str]:
    """Return, in words, the rows that should be there and aren't."""
    return list(_ids(expected, found))


def surplus(expected: Dump, found: Dump) -> list[str]:
    """Return, in words, the rows that are there and shouldn't be."""
    return list(_ids(found, expected))


def _ids(one: Dump, other: Dump) -> Iterator[str]:
    for table, rows in one.tables.items():
        if lacking := sorted(rows.keys() - other.tables.get(table, {}).keys()):
            yield f"{table}: {listed(lacking)}"


def changed(expected: Dump, found: Dump, ignore: Iterable[str] = ()) -> list[str]:
    """Return, in words, the values that differ in rows that both have."""
    left_out = set(ignore)
    return [
        f"{table} {key}: {name} is {_short(row[name])} and should be {_short(value)}"
        for table, rows in expected.tables.items()
        for key, wanted in rows.items()
        if (row := found.tables.get(table, {}).get(key)) is not None and row != wanted
        for name, value in wanted.items()
        if row[name] != value and name not in left_out
    ]


def differences(expected: Dump, found: Dump) -> str:
    """Return in words what tells two dumps apart; nothing if they are equal."""
    parts = []
    if lacking := missing(expected, found):
        parts.append(f"missing: {'; '.join(lacking)}")
    if extra := surplus(expected, found):
        parts.append(f"too much: {'; '.join(extra)}")
    if other := changed(expected, found):
        parts.append(f"different: {listed(other)}")
    return "; ".join(parts)


def listed(names: Iterable[str]) -> str:
    """Return the first few of several names, and how many more there are."""
    known = list(names)
    rest = len(known) - _SHOWN
    return ", ".join(known[:_SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
