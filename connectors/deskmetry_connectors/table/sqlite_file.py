"""SqliteFile: a table or query of a SQLite database, which is only read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from deskmetry.errors import TryLater

from .errors import BadMapping, NotATable
from .row import Row

_BUSY_SECONDS = 5.0
_ENDING_HINT = "Check the path; CSV files end in .csv, .tsv or .txt, JSON Lines in .jsonl or .ndjson."


class SqliteFile:
    """The rows of a query or of a whole table."""

    certain = True
    unfinished = False

    def __init__(self, path: Path, *, query: str | None, table: str | None) -> None:
        self._path = path
        self._query = query or ""
        uri = f"{path.resolve().as_uri()}?mode=ro"
        self._connection = sqlite3.connect(uri, uri=True, timeout=_BUSY_SECONDS, check_same_thread=False)
        try:
            self._connection.execute("PRAGMA query_only = ON")
            self._query = query or self._whole(table)
            self._cursor = self._connection.execute(self._query)
            self.header = [column[0] for column in self._cursor.description or ()]
            if not self.header:
                raise NotATable(path, "the query gives no rows", "Write a SELECT.")
        except sqlite3.Error as error:
            self._connection.close()
            raise self._told(error) from None
        except BaseException:
            self._connection.close()
            raise

    def rows(self) -> Iterator[Row]:
        """Yield the rows; a number stands for the line."""
        try:
            for number, values in enumerate(self._cursor, 1):
                yield Row(self._path.name, number, dict(zip(self.header, values, strict=True)))
        except sqlite3.Error as error:
            raise self._told(error) from None

    def describe(self) -> str:
        """Return what is asked."""
        return f"SQLite, {self._query}"

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def _whole(self, table: str | None) -> str:
        found = self._connection.execute(
            "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'"
            " ORDER BY name"
        )
        names = [row[0] for row in found]
        if table is None:
            raise BadMapping(self._path, ["`table` or `query` must say what is read"], names)
        if table not in names:
            raise BadMapping(self._path, [f"it has no table {table!r}"], names)
        quoted = table.replace('"', '""')
        return f'SELECT * FROM "{quoted}"'

    def _told(self, error: sqlite3.Error) -> Exception:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return TryLater(
                f"{self._path} is locked by another program.", "Sync again when that program is done."
            )
        mend = _ENDING_HINT if code == sqlite3.SQLITE_NOTADB else "Correct `query` or `table`."
        return NotATable(self._path, str(error), mend)
