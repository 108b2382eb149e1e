"""Migrations: the steps that bring a database to this version's schema, each behind a backup."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlite_utils import Database, Migrations

from .connection import version_of
from .schema import create_tables
from .version import APPLICATION_ID, SCHEMA_VERSION
from .views import create_views


def steps() -> Migrations:
    """Return the steps in order; the number of steps is the schema version."""
    migrations = Migrations("deskmetry")

    @migrations(name="0001_common_schema")
    def common_schema(db: Database) -> None:
        create_tables(db)
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")

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


def _back_up(connection: sqlite3.Connection, path: Path, version: int) -> Path:
    """Copy the file beside itself with SQLite's own backup, mode 0600, and return the copy."""
    target = path.with_name(f"{path.name}.backup-schema-{version}")
    target.unlink(missing_ok=True)
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    with closing(sqlite3.connect(target)) as copy:
        connection.backup(copy)
    return target
