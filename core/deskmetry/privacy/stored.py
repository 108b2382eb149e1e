"""Stored: rows that lie in a database, changed as they would be if they came now."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..records import (
    RECORDS,
    Agent,
    Customer,
    Message,
    MessageHeader,
    Record,
    Ticket,
    to_json,
)
from ..store.columns import columns_of
from ..store.marks import SURVEYS, subjects_of
from .held import REASON, held, is_held
from .shape import Shape, shape_of

Changer = Callable[[int, Shape, Mapping[str, Any]], dict[str, Any]]
"""From source, shape and values to the columns that change."""

_FIRST: tuple[type[Record], ...] = (Agent, Customer, MessageHeader, Ticket, Message)
ORDER = (*_FIRST, *(record for record in RECORDS if record not in _FIRST))
"""Customers first: whose they are decides about everything else."""
_ROWS = 5000
_MAILS = frozenset({"messages", "message_headers"})


@dataclass(slots=True)
class Stored:
    """Walk over the records of a database; with `write`, change them and mark what becomes stale.

    `rows` counts the rows that change by table. A backup has an older schema: what it lacks is passed over.
    The caller owns the transaction.
    """

    connection: sqlite3.Connection
    changer: Changer
    write: bool
    mark: bool = True
    rows: Counter[str] = field(default_factory=Counter)

    def records(self) -> None:
        """Change the records of all tables."""
        for record in ORDER:
            names = self._columns(record.table)
            if names:
                self._table(record, names)

    def quarantine(self, concerns: Callable[[int, Any], bool]) -> None:
        """Hold back what quarantine keeps of the records that somebody is concerned in."""
        columns = self._columns("quarantine")
        if not columns:
            return
        mapper = ", mapper = NULL" if "mapper" in columns else ""
        sql = "SELECT id, source_id, raw, key, reason FROM quarantine"
        for row, source, raw, key, reason in self.connection.execute(sql).fetchall():
            if is_held(raw) or not concerns(source, (_parsed(raw), key, reason)):
                continue
            self.rows["quarantine"] += 1
            text = json.dumps(held(raw), sort_keys=True)
            digest = hashlib.sha256(text.encode()).hexdigest()
            if self.write:
                update = (
                    f"UPDATE OR REPLACE quarantine SET raw = ?, digest = ?, key = NULL, reason = ?{mapper}"
                    " WHERE id = ?"
                )
                self.connection.execute(update, (text, digest, REASON, row))

    def others(self, swap: Callable[[str], str], *, numbers: bool, apart: Collection[str] = ()) -> None:
        """Swap what is found in the texts of all other tables but those: run log, cursors, marks, facts.

        Without `numbers` only texts that may hold an address are looked at.
        """

        def swapped(text: Any) -> Any:
            return swap(text) if isinstance(text, str) else text

        self.connection.create_function("privacy_swapped", 1, swapped, deterministic=True)
        skipped = {record.table for record in RECORDS} | {"quarantine", "erased", "sources", *apart}
        tables = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
        for (table,) in self.connection.execute(tables).fetchall():
            if table in skipped or table.startswith(("sqlite_", "_sqlite")):
                continue
            for column in self._columns(table, "TEXT"):
                may = "IS NOT NULL" if numbers else "GLOB '*[@%]*'"
                where = f'"{column}" {may} AND privacy_swapped("{column}") <> "{column}"'
                sql = f'SELECT count(*) FROM "{table}" WHERE {where}'
                if self.write:
                    assignment = f'"{column}" = privacy_swapped("{column}")'
                    sql = f'UPDATE OR REPLACE "{table}" SET {assignment} WHERE {where}'
                found = self.connection.execute(sql)
                count = found.rowcount if self.write else int(found.fetchone()[0])
                if count:
                    self.rows[table] += count

    def _columns(self, table: str, kind: str | None = None) -> list[str]:
        found = self.connection.execute(f'PRAGMA table_info("{table}")').fetchall()
        return [row[1] for row in found if kind is None or row[2] == kind]

    def _table(self, record: type[Record], names: list[str]) -> None:
        shape = shape_of(record)
        for rowid, source, values in self._rows(record, names):
            changes = self.changer(source, shape, values)
            changes = {name: value for name, value in changes.items() if name in names}
            if not changes:
                continue
            self.rows[record.table] += 1
            if self.write:
                assignments = ", ".join(f'"{name}" = ?' for name in changes)
                cells = [to_json(v) if isinstance(v, dict | list) else v for v in changes.values()]
                self.connection.execute(
                    f'UPDATE OR REPLACE "{record.table}" SET {assignments} WHERE rowid = ?', (*cells, rowid)
                )
                if self.mark:
                    self._mark(record.table, source, values, values | changes)

    def _rows(self, record: type[Record], names: list[str]) -> Iterator[tuple[int, int, dict[str, Any]]]:
        known = [column for column in columns_of(record) if column.name in names]
        jsons = {column.name for column in known if issubclass(column.python, dict | list)}
        listed = ", ".join(f'"{column.name}"' for column in known)
        sql = (
            f'SELECT rowid, source_id, {listed} FROM "{record.table}" WHERE rowid > ? ORDER BY rowid'
            f" LIMIT {_ROWS}"
        )
        last = -(2**63)
        while rows := self.connection.execute(sql, (last,)).fetchall():
            for row in rows:
                values = dict(zip((column.name for column in known), row[2:], strict=True))
                for name in jsons:
                    if values[name] is not None:
                        values[name] = json.loads(values[name])
                yield row[0], row[1], values
            last = rows[-1][0]

    def _mark(self, table: str, source: int, *copies: Mapping[str, Any]) -> None:
        """Mark what a change makes stale, under the ids of before and after."""
        marks: set[tuple[str, int, str]] = set()
        for values in copies:
            if table == "customers":
                marks.add(("customer", source, values["id"]))
            if table == "tickets":
                marks.add(("ticket", source, values["id"]))
            if table in _MAILS:
                marks.add(("mail", source, values["id" if table == "messages" else "mail_id"]))
            if table in SURVEYS:
                marks |= {("survey", source, subject) for subject in subjects_of(table, values)}
            elif values.get("ticket_id"):
                marks.add(("ticket", source, values["ticket_id"]))
        self.connection.executemany(
            "INSERT OR IGNORE INTO dirty (kind, source_id, key) VALUES (?, ?, ?)", marks
        )


def _parsed(raw: str) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return raw
