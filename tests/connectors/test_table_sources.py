"""Files as sources: people beside rows, what a source can give, verify, and SQLite files."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from deskmetry.records.kinds import Provenance
from deskmetry.store import open_reader
from deskmetry.sync import Outcome
from deskmetry.sync.verified import Extent
from deskmetry.sync.verify import verify
from helpers_table import CASES, LONG_AGO, case, cases, ids, orders, rows, run, table, write


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "deskmetry.db"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "orders.csv"


def test_of_several_rows_the_newest_says_how_somebody_is_called(database: Path, file: Path) -> None:
    write(
        file,
        cases("2,2026-03-02 10:00:00,Eva@shop.example,Eva Neu", "1,2026-03-01 10:00:00,eva@shop.example,Eva"),
    )
    run(database, table(file, CASES))
    assert rows(database, "SELECT id, email, name FROM customers") == [
        ("eva@shop.example", "eva@shop.example", "Eva Neu")
    ]
    again = run(database, table(file, CASES), full=True).written
    assert (again.new, again.changed) == (0, 0)


def test_capabilities_are_those_of_what_is_filled(file: Path) -> None:
    assert not table(file).capabilities.ratings
    assert table(file).capabilities.deletes
    assert not table(file, removed="keep").capabilities.deletes
    answers = {"into": "survey_answers", "columns": {"id": "No"}}
    events = {"into": "ticket_events", "columns": {"id": "No"}}
    both = table(file, {"tables": [answers, events]}).capabilities
    assert both.ratings
    assert both.status_history is Provenance.REPORTED
    assert table(file).capabilities.status_history is Provenance.OBSERVED


def test_observed_changes_are_not_taken_for_rows_that_are_gone(database: Path, file: Path) -> None:
    write(file, cases(*map(case, range(1, 6))))
    run(database, table(file, CASES))
    solved = {**CASES, "columns": {**CASES["columns"], "status": {"value": "solved"}}}
    run(database, table(file, solved))
    observed = rows(database, "SELECT count(*) FROM ticket_events WHERE how = 'observed'")
    assert observed > [(0,)]
    event = {"id": "No", "ticket_id": "No", "kind": {"value": "type"}, "at": "Date"}
    tables = {"timezone": "UTC", "tables": [{"into": "ticket_events", "columns": event}]}
    assert run(database, table(file, tables)).outcome is Outcome.OK
    assert rows(database, "SELECT count(*) FROM ticket_events WHERE how = 'observed'") == observed


def test_verify_reads_the_file_again_and_finds_what_differs(database: Path, file: Path) -> None:
    write(file, orders(1, 2))
    run(database, table(file))
    with closing(open_reader(database)) as connection:
        assert not verify(connection, "t", table(file), Extent(folder=file.parent)).differs
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("UPDATE orders SET amount_minor = 7 WHERE id = '1'")
        connection.commit()
    with closing(open_reader(database)) as connection:
        assert verify(connection, "t", table(file), Extent(folder=file.parent)).differs


def test_rows_from_before_the_start_are_left_out(database: Path, file: Path) -> None:
    write(file, orders(1) + "2,2026-03-20 10:00:00,1.00\n")
    run(database, table(file, start="2026-03-15"))
    assert ids(database) == ["2"]


def test_a_sqlite_file_is_read_by_query_and_never_written(database: Path, tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute('CREATE TABLE "my sales" (No INTEGER, Date TEXT, Total REAL)')
        connection.execute("""INSERT INTO "my sales" VALUES (1, '2026-03-01 10:00:00', 19.99)""")
        connection.commit()
    os.utime(path, (LONG_AGO, LONG_AGO))
    assert run(database, table(path, table="my sales")).outcome is Outcome.OK
    assert rows(database, "SELECT id, amount_minor FROM orders") == [("1", 1999)]
    writing = table(path, query='DELETE FROM "my sales" RETURNING No, Date, Total')
    assert run(database, writing).outcome is Outcome.FAILED
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute('SELECT count(*) FROM "my sales"').fetchone() == (1,)
        connection.execute("""INSERT INTO "my sales" VALUES (2, '2026-03-01 10:00:00', 5)""")
        connection.commit()
    run(database, table(path, table="my sales"))
    assert ids(database) == ["1", "2"]
