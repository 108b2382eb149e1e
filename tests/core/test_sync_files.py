"""Promises 16 and 17: one writer, readers never blocked, and a file that can't be written stays whole."""

from __future__ import annotations

import os
import socket
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from deskmetry.connector import Cursor, Page
from deskmetry.errors import DiskFull, ExitCode, Locked, NewerSchema, ReadOnly, StoreError
from deskmetry.records import Record
from deskmetry.store import Writer, open_reader, open_writer
from deskmetry.store.writer import Written
from deskmetry.sync import Outcome, Silence, engine
from helpers_modes import as_a_mere_user
from helpers_sync import Desk, Shop, contents, desk, ids, page, rows, run, ticket
from helpers_sync_process import holding, in_process

# --- 16: one writer, and readers all the while --------------------------------------------------------


def test_promise_16_a_second_sync_refuses_and_names_process_host_and_start(tmp_path: Path) -> None:
    refused: list[Locked] = []

    def script(since: Cursor | None) -> Iterator[Page]:
        with pytest.raises(Locked) as caught:
            run(tmp_path, second)
        refused.append(caught.value)
        yield page(ticket(1))

    second = desk(page(ticket(2)))
    report = run(tmp_path, Desk().says(script))
    assert report.exit_code is ExitCode.OK
    (error,) = refused
    assert error.exit_code is ExitCode.LOCKED
    assert (
        f"process {os.getpid()} on {socket.gethostname()} since {report.started_at:%Y-%m-%d}T"
        in error.message
    )
    assert second.asked == []
    assert ids(tmp_path) == {"1"}


def test_promise_16_the_lock_of_a_dead_owner_is_taken_over(tmp_path: Path) -> None:
    assert in_process(holding, tmp_path / "desk.db") == -9
    assert (tmp_path / "desk.db.lock").read_text()
    assert run(tmp_path, desk(page(ticket(77)))).exit_code is ExitCode.OK
    assert "77" in ids(tmp_path)


def test_promise_16_a_lock_is_let_go_after_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(path: Path) -> sqlite3.Connection:
        raise sqlite3.OperationalError("broken")

    with monkeypatch.context() as patch:
        patch.setattr(engine, "open_writer", broken)
        with pytest.raises(StoreError):
            run(tmp_path, desk())
    assert run(tmp_path, desk()).exit_code is ExitCode.OK


def test_promise_16_readers_are_never_blocked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(tmp_path, desk(page(ticket(1), token=1)))
    seen: list[tuple[str, int]] = []

    def look(when: str) -> None:
        with closing(open_reader(tmp_path / "desk.db")) as connection:
            connection.execute("PRAGMA busy_timeout = 0")
            seen.append((when, connection.execute("SELECT count(*) FROM tickets").fetchone()[0]))

    class Looks(Silence):
        def page(self, source: str, stream: str, rows: int) -> None:
            look("committed")

    def write(self: Writer, *lists: Iterable[Record]) -> Written:
        written = original(self, *lists)
        look("uncommitted")
        return written

    original = Writer.write
    monkeypatch.setattr(Writer, "write", write)
    monkeypatch.setattr(engine, "PAGES_A_COMMIT", 1)
    run(tmp_path, desk(page(ticket(2), token=2), page(ticket(3), token=3)), listener=Looks())
    assert seen[:4] == [("uncommitted", 1), ("committed", 2), ("uncommitted", 2), ("committed", 3)]


def test_promise_16_a_long_reading_and_the_writer_never_wait_for_each_other(tmp_path: Path) -> None:
    run(tmp_path, desk(page(ticket(1), token=1)))
    with closing(open_reader(tmp_path / "desk.db")) as reader:
        reader.execute("BEGIN")
        count = "SELECT count(*) FROM tickets"
        assert reader.execute(count).fetchone() == (1,)
        assert run(tmp_path, desk(page(ticket(2), token=2))).exit_code is ExitCode.OK
        assert reader.execute(count).fetchone() == (1,), "it sees what was there when it began"
        reader.execute("COMMIT")
        assert reader.execute(count).fetchone() == (2,)


# --- 17: what can't be written stays whole ------------------------------------------------------------


def _opened(change: Callable[[sqlite3.Connection], None]) -> Callable[[Path], sqlite3.Connection]:
    def open_changed(path: Path) -> sqlite3.Connection:
        connection = open_writer(path)
        change(connection)
        return connection

    return open_changed


@pytest.mark.parametrize("spare", [0, 3, 8, 20, 40])
def test_promise_17_a_full_disk_leaves_what_was_committed_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spare: int
) -> None:
    def fill(connection: sqlite3.Connection) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + spare}")

    run(tmp_path, desk(page(*(ticket(f"old-{n}", subject="x" * 50) for n in range(50))), desk="old"))
    before = contents(tmp_path / "desk.db")["tickets"]
    large = [page(*(ticket(f"{n}-{m}", subject="y" * 500) for m in range(10)), token=n) for n in range(40)]
    monkeypatch.setattr(engine, "PAGES_A_COMMIT", 4)
    with monkeypatch.context() as patch:
        patch.setattr(engine, "open_writer", _opened(fill))
        with pytest.raises(DiskFull) as caught:
            run(tmp_path, desk(desk="old"), desk(*large, desk="new"))
    assert "free some room" in str(caught.value)
    assert rows(tmp_path, "PRAGMA integrity_check") == [("ok",)]
    there = contents(tmp_path / "desk.db")
    assert before <= there["tickets"]
    tokens = [
        int(token) for (token,) in rows(tmp_path, "SELECT token FROM sync_state WHERE token IS NOT NULL")
    ]
    assert len(there["tickets"]) == 50 + 10 * (max(tokens, default=-1) + 1), "rows and cursor agree"

    report = run(tmp_path, desk(desk="old"), desk(*large, desk="new"))
    assert report.exit_code is ExitCode.OK
    assert len(ids(tmp_path)) == 450


def test_promise_17_a_read_only_database_is_refused_untouched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tmp_path, Shop())
    before = contents(tmp_path / "desk.db")

    def read_only(path: Path) -> sqlite3.Connection:
        return sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, isolation_level=None)

    one = Shop()
    with monkeypatch.context() as patch:
        patch.setattr(engine, "open_writer", read_only)
        with pytest.raises(ReadOnly) as caught:
            run(tmp_path, one)
    assert caught.value.exit_code is ExitCode.FAILURE
    assert "mode" in str(caught.value)
    assert one.asked == []
    assert contents(tmp_path / "desk.db") == before


def test_promise_17_a_read_only_folder_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "closed"
    folder.mkdir()
    folder.chmod(0o500)
    try:
        code = "import pathlib, sys, helpers_sync as h; h.run(pathlib.Path(sys.argv[1]), h.desk())"
        done = as_a_mere_user("-c", code, folder)
    finally:
        folder.chmod(0o700)
    assert done.returncode == 1
    assert "ReadOnly: " in done.stderr
    assert list(folder.iterdir()) == []


def test_promise_17_a_newer_schema_is_refused_untouched(tmp_path: Path) -> None:
    run(tmp_path, desk(page(ticket(1))))
    with closing(sqlite3.connect(tmp_path / "desk.db")) as connection:
        connection.execute("PRAGMA user_version = 999")
    before = (tmp_path / "desk.db").read_bytes()
    one = desk(page(ticket(2)))
    with pytest.raises(NewerSchema) as caught:
        run(tmp_path, one)
    assert "Upgrade" in str(caught.value)
    assert one.asked == []
    assert (tmp_path / "desk.db").read_bytes() == before


def test_promise_17_a_file_locked_by_another_program_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tmp_path, desk(page(ticket(1))))

    def hurry(connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA busy_timeout = 0")

    monkeypatch.setattr(engine, "open_writer", _opened(hurry))
    with closing(sqlite3.connect(tmp_path / "desk.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Locked, match="another program"):
            run(tmp_path, desk(page(ticket(2))))
        other.execute("ROLLBACK")
    assert ids(tmp_path) == {"1"}
    assert run(tmp_path, desk(page(ticket(2)))).sources[0].outcome is Outcome.OK


def test_a_store_that_fails_ends_the_readers_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[str] = []

    class Closing(Desk):
        def close(self) -> None:
            closed.append(self.desk)

    def endless(since: Cursor | None) -> Iterator[Page]:
        for number in range(10**9):
            yield page(ticket(number), token=number)

    def write(self: Writer, *lists: Iterable[Record]) -> Written:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(Writer, "write", write)
    with pytest.raises(StoreError):
        run(tmp_path, Closing(desk="a").says(endless), Closing(desk="b").says(endless))
    assert sorted(closed) == ["a", "b"]
