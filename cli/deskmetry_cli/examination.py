"""Examination: what `doctor` looks at, each finding with what mends it."""

from __future__ import annotations

import platform
import shutil
import sqlite3
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from deskmetry.errors import ConfigurationError, DeskmetryError, NoConfiguration
from deskmetry.version import __version__

from .session import Session
from .text import number

_LITTLE_ROOM = 500_000_000  # bytes


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at; status is ok, warning or fault, `mend` what to do about it."""

    check: str
    status: str
    found: str
    mend: str = ""


def examine(session: Session) -> list[Finding]:
    """Return what was found; nothing is changed, and nothing that is wrong stops the rest."""
    checks: tuple[Callable[[Session], Iterator[Finding]], ...] = (
        _versions,
        _plugins,
        _configuration,
        _database,
        _sources,
    )
    findings: list[Finding] = []
    for check in checks:
        try:
            findings.extend(check(session))
        except DeskmetryError as error:
            findings.append(Finding(check.__name__.strip("_"), "fault", error.message, error.hint))
    return findings


def _versions(_session: Session) -> Iterator[Finding]:
    yield Finding("deskmetry", "ok", __version__)
    yield Finding("python", "ok", f"{platform.python_version()} on {sys.platform}")
    version = sqlite3.sqlite_version_info
    # Two connections that reset one WAL at once could corrupt it: https://sqlite.org/wal.html#walresetbug
    mended = version >= _BACKPORTS.get(version[:2], (3, 51, 3))
    if mended:
        yield Finding("sqlite", "ok", sqlite3.sqlite_version)
    else:
        note = "has the rare WAL-reset fault; only one Deskmetry writes at a time, which avoids it."
        yield Finding(
            "sqlite", "ok", f"{sqlite3.sqlite_version} {note}", "Don't write to the file with other programs."
        )


_BACKPORTS = {(3, 44): (3, 44, 6), (3, 50): (3, 50, 7)}


def _plugins(session: Session) -> Iterator[Finding]:
    infos = session.registry.describe()
    failed = [info for info in infos if info.status != "ok"]
    for info in failed:
        mend = "Upgrade or uninstall it, or set DESKMETRY_DISABLE_PLUGINS."
        yield Finding("plugins", "fault", f"{info.name}: {info.reason}", mend)
    if not failed:
        yield Finding("plugins", "ok", f"{len(infos)} loaded")
    session.registry.warnings()


def _configuration(session: Session) -> Iterator[Finding]:
    try:
        settings = session.settings
    except NoConfiguration as error:
        yield Finding("configuration", "warning", error.message, error.hint)
        return
    count = len(settings.sources)
    sources = f"{count} source{'' if count == 1 else 's'}"
    yield Finding("configuration", "ok", f"{settings.file}, {sources}, {settings.timezone}")


def _database(session: Session) -> Iterator[Finding]:
    from deskmetry import facts
    from deskmetry.store import WriterLock, open_reader, translated

    try:
        path = session.settings.database
    except ConfigurationError:
        return  # told already
    if not path.exists():
        yield Finding("database", "warning", f"{path} isn't there yet.", "`deskmetry sync` makes it.")
        return
    yield from _files(path)
    connection = open_reader(path)
    try:
        with translated(path):
            problem = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if problem == "ok":
                yield Finding("database", "ok", f"{path}, {number(path.stat().st_size / 1e6, 1)} MB, sound")
            else:
                yield Finding(
                    "database", "fault", f"{path}: {problem}", "Put back a backup, or sync into a new file."
                )
            behind = facts.pending(connection, session.settings.timezone)
            if behind:
                yield Finding(
                    "facts",
                    "warning",
                    "behind the records",
                    "The next `sync` or `metric` brings them up to date.",
                )
            else:
                yield Finding("facts", "ok", "up to date")
            count = connection.execute("SELECT count(*) FROM quarantine").fetchone()[0]
            if count:
                select = '`deskmetry sql "SELECT stream, key, reason FROM quarantine"` shows them.'
                yield Finding("quarantine", "warning", f"{number(count)} records couldn't be used.", select)
    finally:
        connection.close()
    lock = WriterLock(path)
    yield Finding("lock", "ok", f"held by {lock.owner()}" if lock.held() else "free")


def _files(path: Path) -> Iterator[Finding]:
    for file in sorted(path.parent.glob(f"{path.name}*")):
        mode = stat.S_IMODE(file.stat().st_mode)
        if mode & 0o077:
            yield Finding(
                "file mode", "warning", f"{file} can be read by others ({mode:04o}).", f"chmod 600 {file}"
            )
    free = shutil.disk_usage(path.parent).free
    status = "warning" if free < _LITTLE_ROOM else "ok"
    yield Finding(
        "disk",
        status,
        f"{number(free / 1e9, 1)} GB free",
        "Make room before the next sync." if status != "ok" else "",
    )


def _sources(session: Session) -> Iterator[Finding]:
    from deskmetry.settings import build_source

    try:
        settings = session.settings
    except ConfigurationError:
        return  # told already
    known = session.registry.connectors()
    for name in settings.sources:
        try:
            build_source(settings, name, known).close()
        except DeskmetryError as error:
            yield Finding(f"source {name}", "fault", error.message, error.hint)
        else:
            yield Finding(
                f"source {name}", "ok", "settings and secrets are there; `deskmetry check` reaches it"
            )
