"""Files: what lies beside a database, and emptying what SQLite keeps of rows that are gone."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from ..errors import ReaderHolds
from .key import path_of

_MAGIC = b"SQLite format 3\0"


def beside(database: Path) -> list[Path]:
    """Return the database and every file of its name beside it: logs of SQLite, lock, key, state, backups."""
    name = database.name
    found = (path for path in database.parent.iterdir() if path.name.startswith((name, f".{name}")))
    return sorted(path for path in found if path.is_file())


def backups(connection: sqlite3.Connection) -> list[Path]:
    """Return the copies of a database that migrations left beside it, and any other database of its name."""
    database = path_of(connection).resolve()
    return [path for path in beside(database) if path.resolve() != database and is_database(path)]


def is_database(path: Path) -> bool:
    """Return whether a file is a database of SQLite."""
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


def purge(connection: sqlite3.Connection, path: Path | None = None) -> None:
    """Write the file anew without free pages and empty its log; ReaderHolds if a reader keeps the log."""
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_stat4'").fetchone():
        connection.execute("DELETE FROM sqlite_stat4")  # samples of what the columns held
    connection.execute("VACUUM")
    busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    if busy:
        raise ReaderHolds(path or path_of(connection))
