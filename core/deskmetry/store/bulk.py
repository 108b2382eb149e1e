"""Bulk: many rows with one statement, so that other threads run while SQLite writes them."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

_ROWS = 100
"""Rows a statement. Python's lock is given back once for all of them: with a statement a row, the thread that
reads the next page takes it each time and keeps it for milliseconds, and both wait for each other."""


def insert(
    connection: sqlite3.Connection, into: str, rows: Sequence[tuple[Any, ...]], then: str = ""
) -> None:
    """Insert rows of one length. `into` is the statement up to VALUES, `then` what follows the values."""
    if not rows:
        return
    width = len(rows[0])
    size = min(_ROWS, connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER) // width)
    whole = len(rows) - len(rows) % size
    many = _statement(into, width, size, then)
    for begin in range(0, whole, size):
        connection.execute(many, tuple(chain.from_iterable(rows[begin : begin + size])))
    connection.executemany(_statement(into, width, 1, then), rows[whole:])


@lru_cache(maxsize=256)  # as many as there are tables, twice; the same text is the same prepared statement
def _statement(into: str, width: int, rows: int, then: str) -> str:
    row = f"({', '.join('?' * width)})"
    return f"{into} VALUES {', '.join([row] * rows)}{then}"
