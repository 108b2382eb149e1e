"""Many rows go in with few statements, each row once, whatever their number."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from deskmetry.store.bulk import insert


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT)")
        yield connection


def stored(connection: sqlite3.Connection) -> list[tuple[int, str]]:
    return connection.execute("SELECT id, name FROM things ORDER BY id").fetchall()


@pytest.mark.parametrize("number", [0, 1, 99, 100, 101, 200, 257])
def test_every_row_is_written_once(connection: sqlite3.Connection, number: int) -> None:
    rows = [(key, f"thing {key}") for key in range(number)]
    insert(connection, "INSERT INTO things (id, name)", rows)
    assert stored(connection) == rows


def test_few_statements_write_many_rows(connection: sqlite3.Connection) -> None:
    statements: list[str] = []
    connection.set_trace_callback(statements.append)
    insert(connection, "INSERT INTO things (id, name)", [(key, "x") for key in range(300)])
    assert len([text for text in statements if text.startswith("INSERT")]) == 3


def test_what_follows_the_values_holds_for_all_of_them(connection: sqlite3.Connection) -> None:
    insert(connection, "INSERT INTO things (id, name)", [(key, "old") for key in range(150)])
    newer = [(key, "new") for key in range(0, 150, 2)] + [(500, "new")]
    insert(
        connection,
        "INSERT INTO things (id, name)",
        newer,
        " ON CONFLICT (id) DO UPDATE SET name = excluded.name",
    )
    assert stored(connection) == [(key, "old" if key % 2 else "new") for key in range(150)] + [(500, "new")]


def test_rows_wider_than_a_statement_of_many_allows_still_go_in(connection: sqlite3.Connection) -> None:
    connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 7)
    rows = [(key, "x") for key in range(10)]
    insert(connection, "INSERT INTO things (id, name)", rows)
    assert stored(connection) == rows
