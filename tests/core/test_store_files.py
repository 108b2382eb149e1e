"""The database file: who may read it, which files are refused, and what is said when it can't be used."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from sqlite_utils import Database, Migrations

from deskmetry.errors import (
    Corrupt,
    DeskmetryError,
    DiskFull,
    Locked,
    NewerSchema,
    NoDatabase,
    ReadOnly,
    StoreError,
)
from deskmetry.records import RECORDS, Record
from deskmetry.store import WriterLock, open_reader, open_writer, transaction, translated
from deskmetry.store.connection import version_of
from deskmetry.store.migrations import migrate, steps
from deskmetry.store.schema import ENGINE_TABLES
from deskmetry.store.version import APPLICATION_ID, SCHEMA_VERSION
from deskmetry.store.views import view_name
from helpers_store import Store, message, ticket


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_we_make_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "above" / "folder" / "deskmetry.db"
    with WriterLock(path), closing(open_writer(path)) as connection:
        connection.execute("CREATE TABLE t (x)")
        made = sorted(item.name for item in path.parent.iterdir())
        assert made == ["deskmetry.db", "deskmetry.db-shm", "deskmetry.db-wal", "deskmetry.db.lock"]
        assert {mode(item) for item in path.parent.iterdir()} == {0o600}
    assert (mode(path.parent), mode(path.parent.parent)) == (0o700, 0o700)


def test_a_folder_that_exists_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    open_writer(tmp_path / "deskmetry.db").close()
    assert mode(tmp_path) == 0o755


def test_a_new_file_is_ours_and_of_this_schema(tmp_path: Path) -> None:
    with closing(open_writer(tmp_path / "deskmetry.db")) as connection:
        assert version_of(connection) == SCHEMA_VERSION
        assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        tables = {
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        }
        assert {*ENGINE_TABLES, *(record.table for record in RECORDS)} <= tables


def test_a_file_is_opened_again_without_a_migration(tmp_path: Path) -> None:
    with Store.at(tmp_path) as store:
        store.source()
        store.write(ticket("1"))
    with Store.at(tmp_path) as store:
        assert store.fact("tickets")["id"] == "1"
    assert sorted(item.name for item in tmp_path.iterdir()) == ["deskmetry.db"]


def foreign_keys(connection: sqlite3.Connection, table: str) -> set[tuple[str, tuple[str, ...]]]:
    found: dict[int, tuple[str, list[str]]] = {}
    for number, _, other, column, *_ in connection.execute(f'PRAGMA foreign_key_list("{table}")'):
        found.setdefault(number, (other, []))[1].append(column)
    return {(other, tuple(columns)) for other, columns in found.values()}


def test_references_are_declared_and_not_enforced(tmp_path: Path) -> None:
    with Store.at(tmp_path) as store:
        assert foreign_keys(store.connection, "messages") == {
            ("sources", ("source_id",)), ("tickets", ("source_id", "ticket_id"))
        }  # fmt: skip
        assert ("teams", ("source_id", "team_id")) in foreign_keys(store.connection, "tickets")
        for record in RECORDS:
            assert ("sources", ("source_id",)) in foreign_keys(store.connection, record.table), record.table
        store.source()
        store.write(message("m", "a ticket that comes later", "2025-03-01"))


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: str(record.table))
def test_every_table_has_a_readable_view(tmp_path: Path, record: type[Record]) -> None:
    with Store.at(tmp_path) as store:
        store.rows(f"SELECT * FROM {view_name(record)}")


def test_a_readable_view_shows_texts_for_instants_and_names_for_ids(tmp_path: Path) -> None:
    from deskmetry.records import Agent, Team

    with Store.at(tmp_path) as store:
        store.source("shop")
        store.write(
            ticket("1", "2025-03-01T10:00:00+01:00", assignee_id="a", team_id="t"),
            Team(id="t", name="Front"), Agent(id="a", email="ada@x.example"),
        )  # fmt: skip
        (row,) = store.rows("SELECT * FROM tickets_readable")
        assert (row["source"], row["created_at"], row["updated_at"]) == ("shop", "2025-03-01T09:00:00Z", None)
        assert (row["team"], row["assignee"]) == ("Front", "ada@x.example")


def test_a_file_of_a_newer_version_is_refused_untouched(tmp_path: Path) -> None:
    path = tmp_path / "deskmetry.db"
    with closing(open_writer(path)) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    before = path.read_bytes()
    for open_ in (open_writer, open_reader):
        with pytest.raises(NewerSchema, match="Upgrade"):
            open_(path)
    assert path.read_bytes() == before


def test_a_database_of_another_program_is_refused_untouched(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE visits (at)")
    before = path.read_bytes()
    for open_ in (open_writer, open_reader):
        with pytest.raises(Corrupt, match="another program"):
            open_(path)
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_refused_untouched(tmp_path: Path) -> None:
    path = tmp_path / "deskmetry.db"
    path.write_bytes(b"This is a shopping list.\n" * 100)
    for open_ in (open_writer, open_reader):
        with pytest.raises(Corrupt, match="backup"):
            open_(path)
    assert path.read_bytes().startswith(b"This is a shopping list.")


def test_a_damaged_page_is_reported_as_damage(tmp_path: Path) -> None:
    with Store.at(tmp_path) as store:
        store.source()
        store.write(*(ticket(str(number)) for number in range(300)))
        (root,) = store.rows("SELECT rootpage FROM sqlite_master WHERE name = 'tickets'")
        (size,) = store.rows("PRAGMA page_size")
    with store.path.open("r+b") as file:
        file.seek((root["rootpage"] - 1) * size["page_size"])
        file.write(b"\xff" * size["page_size"])
    with closing(open_reader(store.path)) as reader, pytest.raises(Corrupt), translated(store.path):
        reader.execute("SELECT * FROM tickets").fetchall()


def test_there_is_no_database_before_the_first_sync(tmp_path: Path) -> None:
    with pytest.raises(NoDatabase, match="sync"):
        open_reader(tmp_path / "deskmetry.db")
    (tmp_path / "deskmetry.db").touch()
    with pytest.raises(NoDatabase):
        open_reader(tmp_path / "deskmetry.db")


def test_a_reader_can_not_write(tmp_path: Path) -> None:
    path = tmp_path / "deskmetry.db"
    open_writer(path).close()
    with closing(open_reader(path)) as reader, pytest.raises(ReadOnly), translated(path):
        reader.execute("DELETE FROM sources")


def test_a_full_disk_keeps_what_was_committed(tmp_path: Path) -> None:
    with Store.at(tmp_path) as store:
        store.source()
        store.write(ticket("1"))
        pages = store.connection.execute("PRAGMA page_count").fetchone()[0]
        store.connection.execute(f"PRAGMA max_page_count = {pages + 1}")
        with pytest.raises(DiskFull, match="free some room"), translated(store.path):
            store.write(*(message(str(number), "1", "2025-03-01", body="x" * 5000) for number in range(9)))
        assert not store.connection.in_transaction
        assert (len(store.table("tickets")), store.table("messages")) == (1, [])


@pytest.mark.parametrize("number", [28, 122])
def test_no_room_for_a_new_file_is_a_full_disk(tmp_path: Path, number: int) -> None:
    with pytest.raises(DiskFull), translated(tmp_path):
        raise OSError(number, "no room")


def test_a_forbidden_file_is_read_only(tmp_path: Path) -> None:
    with pytest.raises(ReadOnly, match="owner and mode"), translated(tmp_path):
        raise PermissionError(13, "no")


def test_another_program_that_keeps_the_file_locked_is_named(tmp_path: Path) -> None:
    path = tmp_path / "deskmetry.db"
    with closing(open_writer(path)) as first, closing(open_writer(path)) as second:
        second.execute("PRAGMA busy_timeout = 0")
        with transaction(first), pytest.raises(Locked), translated(path), transaction(second):
            pass


@contextmanager
def read_only_folder() -> Iterator[Path]:
    """Lend a folder that can't be written; root, whom no mode stops, is nobody for as long."""
    with TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder, user = Path(name), os.geteuid()
        folder.chmod(0o555)
        try:
            os.seteuid(user or 65534)
            yield folder
        finally:
            os.seteuid(user)
            folder.chmod(0o700)


def test_a_read_only_folder_is_said_to_be_one() -> None:
    with read_only_folder() as folder:
        path = folder / "deskmetry.db"
        with pytest.raises(ReadOnly, match="owner and mode"):
            open_writer(path)
        with pytest.raises(ReadOnly), WriterLock(path):
            pass


def refusing(path: Path, code: int) -> None:
    error = sqlite3.OperationalError("as SQLite says it")
    error.sqlite_errorcode = code
    with translated(path):
        raise error


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (sqlite3.SQLITE_READONLY_DIRECTORY, ReadOnly),
        (sqlite3.SQLITE_CANTOPEN, ReadOnly),
        (sqlite3.SQLITE_FULL, DiskFull),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, Locked),
        (sqlite3.SQLITE_LOCKED, Locked),
        (sqlite3.SQLITE_CORRUPT_INDEX, Corrupt),
        (sqlite3.SQLITE_NOTADB, Corrupt),
        (sqlite3.SQLITE_IOERR_READ, StoreError),
        (sqlite3.SQLITE_ERROR, StoreError),
    ],
)
def test_what_sqlite_raises_says_what_to_do(tmp_path: Path, code: int, expected: type[StoreError]) -> None:
    with pytest.raises(expected) as caught:
        refusing(tmp_path / "deskmetry.db", code)
    assert type(caught.value) is expected
    assert caught.value.hint


def test_a_transaction_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with Store.at(tmp_path) as store:
        insert = "INSERT INTO dirty VALUES ('ticket', 1, ?)"
        with pytest.raises(sqlite3.IntegrityError), transaction(store.connection):
            store.connection.executemany(insert, [("1",), ("1",)])
        assert store.dirty() == set()
        assert not store.connection.in_transaction


# --- migrations ---------------------------------------------------------------------------------------


def later_steps(*, fail: bool = False) -> Migrations:
    """Return the shipped steps and one more, which may fail halfway."""
    migrations = steps()

    @migrations(name="9999_later")
    def later(db: Database) -> None:
        db.execute("ALTER TABLE tickets ADD COLUMN mood TEXT")
        if fail:
            raise RuntimeError("halfway")

    return migrations


def test_a_migration_leaves_a_private_copy_of_what_was_there(tmp_path: Path) -> None:
    with Store.at(tmp_path) as store:
        store.source()
        store.write(ticket("1"))
        backup = migrate(store.connection, store.path, later_steps())
        assert backup == tmp_path / f"deskmetry.db.backup-schema-{SCHEMA_VERSION}"
        assert mode(backup) == 0o600
        assert store.fact("tickets")["mood"] is None
        with closing(sqlite3.connect(backup)) as copy:
            assert copy.execute("SELECT id FROM tickets").fetchall() == [("1",)]
            assert "mood" not in [column[1] for column in copy.execute("PRAGMA table_info(tickets)")]


def test_a_step_that_fails_changes_nothing(tmp_path: Path) -> None:
    with Store.at(tmp_path) as store:
        store.source()
        store.write(ticket("1"))
        with pytest.raises(RuntimeError, match="halfway"):
            migrate(store.connection, store.path, later_steps(fail=True))
        assert "mood" not in store.fact("tickets")
        applied = store.rows("SELECT name FROM _sqlite_migrations")
        assert "9999_later" not in [row["name"] for row in applied]
        assert len(applied) == SCHEMA_VERSION
        assert not store.connection.in_transaction


def test_a_first_migration_that_fails_leaves_an_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "deskmetry.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        with pytest.raises(RuntimeError):
            migrate(connection, path, later_steps(fail=True))
        assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    assert [item.name for item in tmp_path.iterdir()] == ["deskmetry.db"]
    open_writer(path).close()


# --- one writer ---------------------------------------------------------------------------------------


def owner(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.with_name(path.name + ".lock").read_text(encoding="utf-8"))
    return found


def test_a_second_writer_is_told_who_writes(tmp_path: Path) -> None:
    path = tmp_path / "deskmetry.db"
    with WriterLock(path) as lock:
        signed = owner(path)
        with pytest.raises(Locked) as caught, WriterLock(path):
            pass
        assert str(os.getpid()) in str(caught.value)
        assert signed["host"] in str(caught.value)
        assert signed["start"] in str(caught.value)
        assert caught.value.exit_code == 6
        assert lock.held()
    assert not WriterLock(path).held()
    with WriterLock(path):
        pass


def test_looking_at_the_lock_leaves_no_trace(tmp_path: Path) -> None:
    path = tmp_path / "deskmetry.db"
    assert not WriterLock(path).held()
    assert list(tmp_path.iterdir()) == []
    with WriterLock(path):
        signed = owner(path)
    assert not WriterLock(path).held()
    assert owner(path) == signed


def test_an_unreadable_signature_still_refuses(tmp_path: Path) -> None:
    path = tmp_path / "deskmetry.db"
    with WriterLock(path) as lock:
        lock.path.write_text("", encoding="utf-8")
        with pytest.raises(DeskmetryError, match="another process"), WriterLock(path):
            pass


WAIT = """
import sys, pathlib
from deskmetry.store import WriterLock
with WriterLock(pathlib.Path(sys.argv[1])):
    print("locked", flush=True)
    sys.stdin.read()
"""


def test_the_lock_of_a_killed_writer_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "deskmetry.db"
    command = [sys.executable, "-c", WAIT, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "locked\n"
        with pytest.raises(Locked, match=str(other.pid)), WriterLock(path):
            pass
        other.kill()
    with WriterLock(path):
        assert owner(path)["pid"] == os.getpid()
