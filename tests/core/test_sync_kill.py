"""Promise 1: kill -9 anywhere, sync again, and the database is the one without the kill."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from shutil import copy

import pytest

from deskmetry.sync import Outcome
from helpers_sync import contents, ids, rows, run
from helpers_sync import desk as fake
from helpers_sync_apart import company_apart, noted
from helpers_sync_process import Course, company, in_process, killed_at_page


def _points(course: Course) -> list[int]:
    """Return statements to die before: between the transactions, and in the middle of each part."""
    threads, facts, end = course.stages["threads"], course.stages["facts"], course.end
    read = [1, 2, 3, *range(5, threads, max(threads // 5, 1))]
    staged = [threads + 1, *range(threads + 2, facts, max((facts - threads) // 4, 1))]
    built = [facts + 1, *range(facts + 2, end, max((end - facts) // 4, 1)), end]
    return sorted({*course.transactions, *read, *staged, *built})


def _must_agree(database: Path) -> None:
    """Check that rows, cursor, quarantine and run log of the shop's tickets stop at the same page."""
    with closing(sqlite3.connect(database)) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'sync_state'").fetchone():
            return  # killed before there were tables
        one = "source_id = 1 AND stream = 'tickets'"
        (token,) = connection.execute(f"SELECT max(token) FROM sync_state WHERE {one}").fetchone()
        blocks = 0 if token is None else int(token) + 1
        expected = {
            "SELECT count(*) FROM tickets WHERE source_id = 1": 4 * blocks,
            "SELECT count(*) FROM messages WHERE source_id = 1": 12 * blocks,
            "SELECT count(*) FROM quarantine": blocks,
            f"SELECT coalesce(sum(rows_new), 0) FROM sync_runs WHERE {one}": 16 * blocks,
        }
        assert {sql: connection.execute(sql).fetchone()[0] for sql in expected} == expected


@pytest.mark.parametrize("known", [0, 2], ids=["first", "later"])
def test_promise_01_kill_anywhere_then_sync_gives_the_same_database(tmp_path: Path, known: int) -> None:
    base, undisturbed = tmp_path / "base.db", tmp_path / "undisturbed.db"
    if known:
        company(base, blocks=known)
        copy(base, undisturbed)
    course = company(undisturbed)
    expected = contents(undisturbed)
    assert len(expected["tickets"]) > 20
    assert len(expected["ticket_facts"]) > 20
    assert len(expected["quarantine"]) == 5
    assert not expected["dirty"]
    points = _points(course)
    assert len(points) >= 25
    for point in points:
        database = tmp_path / f"killed-{point}.db"
        if known:
            copy(base, database)
        assert in_process(company, database, point) == -9, point
        _must_agree(database)
        company(database)
        assert contents(database) == expected, f"killed before statement {point} of {course.end}"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux forks safely")
def test_promise_01_kill_anywhere_while_processes_read_gives_the_same_database(tmp_path: Path) -> None:
    course = company(tmp_path / "undisturbed.db")
    expected = contents(tmp_path / "undisturbed.db")
    readers: set[int] = set()
    reading = [point for point in _points(course) if point < course.stages["threads"]]
    for point in [*reading[::5], course.end]:
        folder = tmp_path / f"killed-{point}"
        folder.mkdir()
        assert in_process(company_apart, folder, point) == -9, point
        readers = set(noted(folder, "reader"))
        _must_agree(folder / "desk.db")
        company(folder / "desk.db")
        assert contents(folder / "desk.db") == expected, f"killed before statement {point} of {course.end}"
    assert len(readers) == 2, "processes read"


def test_promise_01_several_kills_in_a_row_give_the_same_database(tmp_path: Path) -> None:
    undisturbed, killed = tmp_path / "undisturbed.db", tmp_path / "killed.db"
    end = company(undisturbed).end
    for share in (0.2, 0.3, 0.4, 0.5):
        in_process(company, killed, int(end * share))
    company(killed)
    assert contents(killed) == contents(undisturbed)


def test_promise_01_rows_and_cursor_of_a_page_are_there_together_or_not_at_all(tmp_path: Path) -> None:
    for number in range(10):
        folder = tmp_path / str(number)
        folder.mkdir()
        assert in_process(killed_at_page, folder / "desk.db", number) == -9
        found = {int(key) for key in ids(folder)}
        tokens = [int(token) for (token,) in rows(folder, "SELECT token FROM sync_state")]
        assert found == set(range(max(found, default=-1) + 1))
        assert tokens == ([max(found)] if found else [])
        assert {int(key) for (key,) in rows(folder, "SELECT key FROM dirty")} == found


def test_a_killed_run_is_marked_as_killed_by_the_next_one(tmp_path: Path) -> None:
    assert in_process(killed_at_page, tmp_path / "desk.db", 5) == -9
    with closing(sqlite3.connect(tmp_path / "desk.db")) as connection:
        assert connection.execute("SELECT outcome, ended_at FROM sync_runs").fetchall() == [("running", None)]
    run(tmp_path, fake())
    assert rows(tmp_path, "SELECT run, outcome FROM sync_runs ORDER BY run") == [
        (1, Outcome.KILLED),
        (2, Outcome.OK),
    ]
