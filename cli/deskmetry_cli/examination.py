"""Examination: what `doctor` looks at, each finding with what mends it."""

from __future__ import annotations

import platform
import sqlite3
import stat
import sys
from collections.abc import Callable, Iterator

from deskmetry.errors import DeskmetryError, NoConfiguration
from deskmetry.plugins.check import Check
from deskmetry.version import __version__

from .session import Session

OLDEST_PYTHON = (3, 11)
_MENDED = (3, 51, 3)
_BACKPORTS = {(3, 44): (3, 44, 6), (3, 50): (3, 50, 7)}


def examine(session: Session, *, offline: bool = False) -> list[Check]:
    """Return what was found; nothing is changed, and nothing that is wrong stops the rest.

    offline: the sources aren't reached.
    """
    from .database_health import database
    from .source_health import sources

    checks: tuple[Callable[[Session], Iterator[Check]], ...] = (
        _versions,
        _plugins,
        _configuration,
        database,
        lambda session: sources(session, offline=offline),
        _of_plugins,
    )
    names = ("versions", "plugins", "configuration", "database", "sources", "plugins")
    found: list[Check] = []
    for name, check in zip(names, checks, strict=True):
        try:
            found.extend(check(session))
        except DeskmetryError as error:
            mend = error.hint or "`deskmetry --verbose doctor` says more."
            if not any(one.found == error.message for one in found):
                found.append(Check(name, "fault", error.message, mend))
    return found


def has_wal_reset_fault(version: tuple[int, int, int]) -> bool:
    """Say whether a version of SQLite has the WAL-reset fault, by which two writers at once can lose pages.

    It is in 3.7.0 to 3.51.2, but not in 3.44.6 and 3.50.7: https://sqlite.org/wal.html#walresetbug
    """
    return (3, 7, 0) <= version < _BACKPORTS.get(version[:2], _MENDED)


def _versions(_session: Session) -> Iterator[Check]:
    yield Check("deskmetry", "ok", __version__)
    python = f"{platform.python_version()} on {sys.platform}"
    if sys.version_info[:2] < OLDEST_PYTHON:
        yield Check("python", "fault", python, "Deskmetry needs Python 3.11 or newer: install it there.")
    else:
        yield Check("python", "ok", python)
    yield _sqlite(sqlite3.sqlite_version_info)


def _sqlite(version: tuple[int, int, int]) -> Check:
    told = ".".join(map(str, version))
    if not has_wal_reset_fault(version):
        return Check("sqlite", "ok", told)
    # Deskmetry has one writer at a time and readers that can't write, so that two never meet here.
    note = "it has the rare WAL-reset fault (3.7.0 to 3.51.2), which needs two programs that write at once."
    mend = "Don't write to the file with other programs, or use SQLite 3.51.3, 3.50.7 or 3.44.6."
    return Check("sqlite", "ok", f"{told}: {note}", mend)


def _plugins(session: Session) -> Iterator[Check]:
    infos = session.registry.describe()
    failed = [info for info in infos if info.status != "ok"]
    for info in failed:
        mend = "Upgrade or uninstall it, or set DESKMETRY_DISABLE_PLUGINS."
        yield Check("plugins", "fault", f"{info.name}: {info.reason}", mend)
    if not failed:
        yield Check("plugins", "ok", f"{len(infos)} loaded")
    session.registry.warnings()


def _of_plugins(session: Session) -> Iterator[Check]:
    """Yield what the plugins' own checks found, and which of them couldn't even look."""
    before = len(session.registry.failures)
    for owner, check in session.registry.doctor_checks():
        yield Check(f"{owner.name}: {check.name}", check.health, check.found, check.mend)
    for failure in session.registry.failures[before:]:
        mend = "Upgrade or uninstall it, or set DESKMETRY_DISABLE_PLUGINS."
        yield Check("plugins", "fault", str(failure), mend)
    session.registry.warnings()


def _configuration(session: Session) -> Iterator[Check]:
    try:
        settings = session.settings
    except NoConfiguration as error:
        yield Check("configuration", "warning", error.message, error.hint)
        return
    count = len(settings.sources)
    sources = f"{count} source{'' if count == 1 else 's'}"
    yield Check("configuration", "ok", f"{settings.file}, {sources}, {settings.timezone}")
    if settings.file is not None and settings.file.exists():
        mode = stat.S_IMODE(settings.file.stat().st_mode)
        if mode & 0o022:
            # It names commands that are run for secrets.
            found = f"{settings.file} can be changed by others ({mode:04o})."
            yield Check("file mode", "fault", found, f"chmod go-w {settings.file}")
