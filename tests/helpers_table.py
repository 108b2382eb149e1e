"""Helpers for tests of the connector `table`: files, sources over them, and syncs into a database."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from deskmetry.connector import Context
from deskmetry.sync import Options, SourceReport, sync
from deskmetry_connectors.table import Table

LONG_AGO = 1_775_000_000  # seconds since 1970, 2026-03-31; no file of then is half written

ORDERS: Mapping[str, Any] = {
    "into": "orders",
    "timezone": "UTC",
    "columns": {
        "id": "No",
        "placed_at": "Date",
        "amount_minor": {"column": "Total", "unit": "EUR"},
        "status": {"value": "paid"},
    },
}
HEADER = "No,Date,Total\n"
CASES: Mapping[str, Any] = {
    "into": "tickets",
    "timezone": "UTC",
    "columns": {
        "id": "No",
        "created_at": "Date",
        "status": {"value": "open"},
        "requester_email": "Mail",
        "requester_name": "Name",
    },
}


def orders(*numbers: int, total: str = "1.00") -> str:
    """Return a file of orders with these numbers."""
    return HEADER + "".join(f"{number},2026-03-01 10:00:00,{total}\n" for number in numbers)


def cases(*lines: str) -> str:
    """Return a file of cases with these rows."""
    return "No,Date,Mail,Name\n" + "".join(f"{line}\n" for line in lines)


def case(number: int) -> str:
    """Return one row of a file of cases."""
    return f"{number},2026-03-01 10:00:{number:02},eva@shop.example,Eva"


def write(path: Path, text: str | bytes, *, at: float = LONG_AGO) -> Path:
    """Write a file as of an instant (seconds since 1970)."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    os.utime(path, (at, at))
    return path


def table(path: Path, settings: Mapping[str, Any] = ORDERS, **more: Any) -> Table:
    """Return a connector for a file."""
    made = Table.model_validate({"path": path.name, **settings, **more})
    made.attach(Context(source="t", folder=path.parent))
    return made


def run(database: Path, connector: Table, *, full: bool = False) -> SourceReport:
    """Sync a connector into a database."""
    options = Options(folder=connector.context.folder, full=full)
    return sync(database, {"t": connector}, options).sources[0]


def rows(database: Path, sql: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query."""
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute(sql).fetchall()


def ids(database: Path, kind: str = "orders") -> list[str]:
    """Return the ids in a table, the shortest first."""
    return [row[0] for row in rows(database, f"SELECT id FROM {kind} ORDER BY length(id), id")]
