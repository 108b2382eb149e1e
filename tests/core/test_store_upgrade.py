"""A file of an earlier schema gets what the quarantine and the field names need, and keeps what it had."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlite_utils import Database

from deskmetry.store import open_writer
from deskmetry.store.connection import version_of
from deskmetry.store.migrations import steps
from deskmetry.store.version import SCHEMA_VERSION
from deskmetry.sync.replay import Fate, replay
from helpers_sync import desk, page, rows, run, ticket


def first_version(folder: Path) -> Path:
    """Return a file as the first version made it, with a bad record in it."""
    run(folder, desk(page(ticket(1))))
    path = folder / "desk.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("DROP TABLE quarantine")
        connection.execute("DROP TABLE stream_fields")
        connection.execute("ALTER TABLE sync_runs DROP COLUMN next_try_at")
        connection.execute(
            "CREATE TABLE quarantine (id INTEGER PRIMARY KEY, source_id INTEGER NOT NULL,"
            " stream TEXT NOT NULL,"
            " key TEXT, digest TEXT NOT NULL, reason TEXT NOT NULL, raw TEXT NOT NULL, run INTEGER NOT NULL,"
            " UNIQUE (source_id, stream, digest))"
        )
        connection.execute(
            "INSERT INTO quarantine VALUES (7, 1, 'tickets', '2', 'd', 'why', '{\"id\": 2}', 1)"
        )
        connection.execute("DELETE FROM _sqlite_migrations WHERE name > '0002'")
        connection.execute("PRAGMA user_version = 1")
    return path


def test_a_file_of_the_first_schema_is_brought_up_to_date_behind_a_copy(tmp_path: Path) -> None:
    path = first_version(tmp_path)
    open_writer(path).close()
    with closing(sqlite3.connect(path)) as connection:
        assert version_of(connection) == SCHEMA_VERSION
    found = rows(tmp_path, "SELECT id, key, reason, mapper, seen, last_seen_at FROM quarantine")
    assert found == [(7, "2", "why", None, 1, None)]
    assert rows(tmp_path, "SELECT count(*) FROM stream_fields") == [(0,)]
    assert rows(tmp_path, "SELECT next_try_at FROM sync_runs") == [(None,)]
    with closing(sqlite3.connect(f"{path}.backup-schema-1")) as copy:
        assert version_of(copy) == 1
        assert copy.execute("SELECT * FROM quarantine").fetchall()[0][:3] == (7, 1, "tickets")


def test_a_bad_record_from_before_mappers_were_kept_says_how_to_get_it(tmp_path: Path) -> None:
    first_version(tmp_path)
    (one,) = replay(tmp_path / "desk.db", {"s1": desk()}, folder=tmp_path)
    assert one.fate is Fate.NOT_REPLAYABLE
    assert "`deskmetry sync --full s1`" in one.reason


def test_a_file_of_the_third_schema_gets_what_surveys_of_other_sources_need(tmp_path: Path) -> None:
    run(tmp_path, desk(page(ticket(1))))
    path = tmp_path / "desk.db"
    added = {"sources": "tickets_source_id", "survey_answers": "deleted_at"}
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("DROP VIEW survey_answers_readable")
        for table, column in added.items():
            connection.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        connection.execute("DELETE FROM _sqlite_migrations WHERE name > '0004'")
        connection.execute("PRAGMA user_version = 3")
    open_writer(path).close()
    for table, column in added.items():
        assert rows(tmp_path, f"SELECT count({column}) FROM {table}") == [(0,)]
    assert rows(tmp_path, "SELECT count(deleted_at) FROM survey_answers_readable") == [(0,)]


def test_the_number_of_steps_is_the_schema_version() -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        assert len(steps().pending(Database(connection, execute_plugins=False))) == SCHEMA_VERSION
