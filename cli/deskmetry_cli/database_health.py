"""Database health: the file that `doctor` looks at, what lies beside it, its lock and its disk."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

from deskmetry.errors import ConfigurationError
from deskmetry.plugins.check import Check

from .session import Session
from .text import number

_LITTLE_ROOM = 500_000_000  # bytes


def database(session: Session) -> Iterator[Check]:
    """Yield what is found in and around the database file; it is only read."""
    from deskmetry.store import open_reader, translated

    try:
        path = session.settings.database
    except ConfigurationError:
        return  # told already
    if not path.exists():
        yield Check("database", "warning", f"{path} isn't there yet.", "`deskmetry sync` makes it.")
        return
    yield from _modes(path)
    yield _disk(path)
    yield _lock(path)
    connection = open_reader(path)
    try:
        with translated(path):
            yield from _contents(session, connection, path)
    finally:
        connection.close()


def _contents(session: Session, connection: sqlite3.Connection, path: Path) -> Iterator[Check]:
    problem = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if problem == "ok":
        yield Check("database", "ok", f"{path}, {number(path.stat().st_size / 1e6, 1)} MB, sound")
    else:
        yield Check("database", "fault", f"{path}: {problem}", "Put back a backup, or sync into a new file.")
    behind = _schema(connection)
    yield behind
    if behind.health == "ok":
        yield _facts(session, connection)
    count = connection.execute("SELECT count(*) FROM quarantine").fetchone()[0]
    if count:
        found = f"{number(count)} record{'' if count == 1 else 's'} couldn't be used."
        mend = "`deskmetry quarantine list` shows them, `deskmetry quarantine replay` tries again."
        yield Check("quarantine", "warning", found, mend)


def _schema(connection: sqlite3.Connection) -> Check:
    from deskmetry.store.connection import version_of
    from deskmetry.store.version import SCHEMA_VERSION

    found = version_of(connection)
    if found == SCHEMA_VERSION:
        return Check("schema", "ok", f"version {found}")
    mend = "The next `deskmetry sync` or question brings it up to date and leaves a copy beside it."
    return Check("schema", "warning", f"version {found}; this Deskmetry writes {SCHEMA_VERSION}.", mend)


def _facts(session: Session, connection: sqlite3.Connection) -> Check:
    from deskmetry import facts

    if not facts.pending(connection, session.settings.timezone, session.settings.people):
        return Check("facts", "ok", "up to date")
    mend = "The next `deskmetry sync` or `deskmetry metric` brings them up to date."
    return Check("facts", "warning", "behind the records", mend)


def _modes(path: Path) -> Iterator[Check]:
    """Yield the files that others can read: the database, and what SQLite and we put beside it."""
    open_ones = []
    for file in sorted(path.parent.glob(f"{path.name}*")):
        mode = stat.S_IMODE(file.stat().st_mode)
        if mode & 0o077:
            open_ones.append(file)
            found = f"{file} can be read by others ({mode:04o})."
            yield Check("file mode", "warning", found, f"chmod 600 {file}")
    owner = path.stat().st_uid
    if owner != os.geteuid():
        found = f"{path} belongs to user {owner}, not to you ({os.geteuid()})."
        yield Check("file mode", "warning", found, f"sudo chown {os.geteuid()} {path}, or sync as its owner.")
    elif not open_ones:
        yield Check("file mode", "ok", "only you can read the database")


def _disk(path: Path) -> Check:
    free, size = shutil.disk_usage(path.parent).free, path.stat().st_size
    found = f"{number(free / 1e9, 1)} GB free"
    if free < _LITTLE_ROOM + size:
        # A migration copies the file, and a rebuild of the facts may write as much again.
        need = f"{number((_LITTLE_ROOM + size) / 1e9, 1)} GB"
        return Check("disk", "warning", f"{found}.", f"Make room for {need} before the next sync or upgrade.")
    return Check("disk", "ok", found)


def _lock(path: Path) -> Check:
    from deskmetry.store import WriterLock

    lock = WriterLock(path)
    if lock.held():
        return Check("lock", "ok", f"held by {lock.owner()}; reading is possible all the while")
    if lock.path.exists() and lock.owner() != "another process":
        return Check("lock", "ok", f"free; the last one to write was {lock.owner()}")
    return Check("lock", "ok", "free")
