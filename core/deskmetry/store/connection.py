"""Connection: opening the database for one writer or for many readers, with errors that say what to do."""

from __future__ import annotations

import os
import resource
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import Corrupt, DiskFull, Locked, NewerSchema, NoDatabase, ReadOnly, StoreError
from .version import APPLICATION_ID, SCHEMA_VERSION

_BUSY_SECONDS = 10.0
_WRITES = {"SQLITE_IOERR_WRITE", "SQLITE_IOERR_FSYNC", "SQLITE_IOERR_SHMSIZE"}


def open_writer(path: Path) -> sqlite3.Connection:
    """Open the database for writing, making it (mode 0600) and bringing it to this version's schema.

    The caller holds the writer's lock. Transactions are explicit (`BEGIN IMMEDIATE`).
    Raises Corrupt, ReadOnly, DiskFull, NewerSchema.
    """
    with translated(path):
        _make_private(path)
        connection = sqlite3.connect(
            path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            check_version(connection, path)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA foreign_keys = OFF")
            # A first load of threads and facts walks far; SQLite's own 2 MB would read pages again and again.
            connection.execute("PRAGMA cache_size = -65536")
            if version_of(connection) < SCHEMA_VERSION:
                from .migrations import migrate  # sqlite-utils is heavy; an up-to-date file doesn't need it

                migrate(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def open_reader(path: Path) -> sqlite3.Connection:
    """Open the database for reading only; raises NoDatabase, Corrupt, NewerSchema."""
    if not path.exists():
        raise NoDatabase(path)
    with translated(path):
        uri = f"{path.resolve().as_uri()}?mode=ro"
        connection = sqlite3.connect(uri, uri=True, timeout=_BUSY_SECONDS, isolation_level=None)
        try:
            connection.execute("PRAGMA temp_store = MEMORY")
            check_version(connection, path)
            if version_of(connection) == 0:
                raise NoDatabase(path)
        except BaseException:
            connection.close()
            raise
    return connection


def version_of(connection: sqlite3.Connection) -> int:
    """Return the schema version of an open file; 0 for a new one."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def check_version(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse a file of a newer version, and one that is somebody else's database."""
    found = version_of(connection)
    owner = int(connection.execute("PRAGMA application_id").fetchone()[0])
    tables = int(connection.execute("SELECT count(*) FROM sqlite_master WHERE type = 'table'").fetchone()[0])
    if owner != APPLICATION_ID and tables:
        raise Corrupt(path, "it is a database of another program")
    if found > SCHEMA_VERSION:
        raise NewerSchema(path, found, SCHEMA_VERSION)


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Commit everything inside at once, or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn what SQLite and the file system raise into errors that say what to do."""
    try:
        yield
    except sqlite3.Error as error:
        raise translate(error, path) from error
    except PermissionError as error:
        raise ReadOnly(path) from error
    except OSError as error:
        if error.errno in (28, 122):  # ENOSPC, EDQUOT
            raise DiskFull(path) from error
        raise StoreError(
            f"{path} can't be used: {error.strerror}.", "Check the path in the configuration."
        ) from error


def translate(error: sqlite3.Error, path: Path) -> StoreError:
    """Return the error of ours that a SQLite error stands for."""
    primary = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    match primary:
        case sqlite3.SQLITE_FULL:
            return DiskFull(path)
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return ReadOnly(path)
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return Locked(path, "another program that keeps it locked")
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return Corrupt(path, str(error))
        case sqlite3.SQLITE_IOERR:
            if getattr(error, "sqlite_errorname", "") in _WRITES and _no_room(path):
                return DiskFull(path)
            return StoreError(
                f"The disk under {path} fails: {error}.", "Check the disk; what was committed is whole."
            )
        case _:
            return StoreError(f"{path}: {error}.", "`deskmetry doctor` looks the file over.")


def _no_room(path: Path) -> bool:
    """Tell whether a write failed because the disk is full or the size of files is limited (`ulimit -f`)."""
    status = os.statvfs(path.parent)
    if status.f_bavail * status.f_frsize < 1_000_000:
        return True
    return resource.getrlimit(resource.RLIMIT_FSIZE)[0] != resource.RLIM_INFINITY


def make_folder(folder: Path) -> None:
    """Make a folder and all that is missing above it with mode 0700; one that exists stays as it is."""
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    for place in reversed(missing):
        place.mkdir(mode=0o700, exist_ok=True)  # `parents=True` would leave those above open to all


def _make_private(path: Path) -> None:
    """Make the file with mode 0600 before SQLite would make it readable for all, and its folder 0700."""
    make_folder(path.parent)
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        return
