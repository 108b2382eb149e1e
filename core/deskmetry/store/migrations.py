"""Migrations: the steps that bring a database to this version's schema, each behind a backup."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from sqlite_utils import Database, Migrations

from .connection import version_of
from .schema import ENGINE_TABLES, create_tables
from .version import APPLICATION_ID, SCHEMA_VERSION
from .views import create_views


def steps() -> Migrations:
    """Return the steps in order; the number of steps is the schema version."""
    migrations = Migrations("deskmetry")

    @migrations(name="0001_common_schema")
    def common_schema(db: Database) -> None:
        create_tables(db)
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")

    @migrations(name="0002_quarantine_replay_and_stream_fields")
    def quarantine_replay_and_stream_fields(db: Database) -> None:
        # The first step makes the tables as they are now: on a new file there is nothing left to do.
        columns = {"mapper": "TEXT", "first_seen_at": "INTEGER", "last_seen_at": "INTEGER",
                   "last_run": "INTEGER", "seen": "INTEGER NOT NULL DEFAULT 1"}  # fmt: skip
        add_columns(db, "quarantine", columns)
        add_columns(db, "sync_runs", {"next_try_at": "INTEGER"})
        add_engine_table(db, "stream_fields")

    @migrations(name="0003_erased")
    def erased(db: Database) -> None:
        add_engine_table(db, "erased")

    @migrations(name="0004_every_helpdesk")
    def every_helpdesk(db: Database) -> None:
        add_columns(db, "sources", {"tickets_source_id": "INTEGER"})
        add_columns(db, "survey_answers", {"deleted_at": "INTEGER", "reason": "TEXT"})
        add_columns(db, "sessions", {"opened_by": "TEXT"})

    return migrations


def migrate(connection: sqlite3.Connection, path: Path, migrations: Migrations | None = None) -> Path | None:
    """Bring the open file to the newest schema; return the backup, if there was anything to lose.

    Steps, views and the version number are written in one transaction: all of it, or nothing.
    """
    before = version_of(connection)
    backup = _back_up(connection, path, before) if before else None
    # execute_plugins: everybody's sqlite-utils plugins would run unguarded inside ours.
    db = Database(connection, execute_plugins=False)
    with db.atomic():
        (migrations or steps()).apply(db)
        create_views(db)
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    return backup


def add_columns(db: Database, table: str, columns: Mapping[str, str]) -> None:
    """Add the columns that a table doesn't have yet; values are their SQL types."""
    known = {column.name for column in db[table].columns}
    for name, sql in columns.items():
        if name not in known:
            db.execute(f'ALTER TABLE "{table}" ADD COLUMN "{name}" {sql}')


def add_engine_table(db: Database, name: str) -> None:
    """Create one of the engine's own tables, unless it is there."""
    if not db[name].exists():
        db.execute(ENGINE_TABLES[name][1])


def _back_up(connection: sqlite3.Connection, path: Path, version: int) -> Path:
    """Copy the file beside itself with SQLite's own backup, mode 0600, and return the copy."""
    target = path.with_name(f"{path.name}.backup-schema-{version}")
    target.unlink(missing_ok=True)
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    with closing(sqlite3.connect(target)) as copy:
        connection.backup(copy)
    return target
