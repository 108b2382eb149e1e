"""Maildir: the mails of a Maildir or of a folder of .eml files, oldest change first."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from ..email.connector import MAX_MAIL
from ..email.dates import EARLIEST
from ..email.raw import RawMail
from .folders import Folder, Kind, refused

_OVERLAP_NS = 3600 * 10**9
_RACY_NS = 2 * 10**9  # a folder changed so recently may change again without a new time
_FLAGS = re.compile(r"[:;!]2,([A-Za-z]*)$")
_SECONDS = re.compile(r"\d{9,10}(?=[._])")


@dataclass(frozen=True, slots=True)
class MaildirState:
    """Where the reading of a Maildir stands; times are nanoseconds since 1970 by the file system's clock.

    floor: files that changed before it were read. at: change time and name of the last file read, None once
    all were. again: upper bound of the next floor, set where a reading was resumed. marks: change times of
    the folders when all was read, so that an untouched Maildir isn't listed. inode: of the folder itself.
    """

    inode: int
    floor: int = 0
    at: tuple[int, str] | None = None
    again: int | None = None
    marks: tuple[int, ...] | None = None

    @classmethod
    def load(cls, data: Any) -> MaildirState | None:
        """Return the state that a token holds, None if it isn't one."""
        try:
            state = cls(**data)
            at = None if state.at is None else (int(state.at[0]), str(state.at[1]))
            return replace(state, at=at, marks=None if state.marks is None else tuple(state.marks))
        except (TypeError, ValueError, IndexError):
            return None

    def dump(self) -> dict[str, Any]:
        """Return it as a JSON value."""
        data = asdict(self)
        return data | {key: list(value) for key, value in data.items() if isinstance(value, tuple)}


class _Entry(NamedTuple):
    changed: int
    name: str
    path: Path
    modified: float


def read_maildir(folder: Folder, token: Any) -> Iterator[tuple[RawMail | None, dict[str, Any]]]:
    """Yield mails with the state after each; at the end the final state without a mail.

    token: the state where an earlier reading stopped. Files that changed within the hour before the newest
    one are read again, since hosts with several clocks may write to one folder.
    """
    with refused(folder.path):
        inode = folder.path.stat().st_ino
        state = MaildirState.load(token)
        if state is None or state.inode != inode:
            state = MaildirState(inode)
        marks = _marks(folder)
        if state.at is None and state.marks is not None and state.marks == marks:
            yield None, state.dump()
            return
        resumed = state.at
        entries = sorted(_entries(folder))
    state = replace(state, marks=None)
    if resumed is not None:
        state = replace(state, again=min(resumed[0], state.again or resumed[0]))
    for entry in entries:
        if entry.changed < state.floor or (resumed is not None and entry[:2] <= resumed):
            continue
        mail = _read(folder, entry)
        state = replace(state, at=(entry.changed, entry.name))
        if mail is not None:
            yield mail, state.dump()
    newest = max((entry.changed for entry in entries), default=0)
    bound = newest if state.again is None else min(newest, state.again)
    yield None, MaildirState(inode, max(state.floor, bound - _OVERLAP_NS), marks=marks).dump()


def count_files(folder: Folder) -> int:
    """Return how many mails lie in the folder."""
    with refused(folder.path):
        return sum(
            1
            for directory in _directories(folder)
            for entry in os.scandir(directory)
            if _is_mail(folder, entry)
        )


def _directories(folder: Folder) -> list[Path]:
    if folder.kind is Kind.FILES:
        return [folder.path]
    return [path for path in (folder.path / "cur", folder.path / "new") if path.is_dir()]


def _marks(folder: Folder) -> tuple[int, ...] | None:
    found = tuple(path.stat().st_mtime_ns for path in _directories(folder))
    return found if found and max(found) < time.time_ns() - _RACY_NS else None


def _is_mail(folder: Folder, entry: os.DirEntry[str]) -> bool:
    if entry.name.startswith(".") or not entry.is_file():
        return False
    return folder.kind is Kind.MAILDIR or entry.name.lower().endswith(".eml")


def _entries(folder: Folder) -> Iterator[_Entry]:
    for directory in _directories(folder):
        with os.scandir(directory) as found:
            for entry in found:
                try:
                    if _is_mail(folder, entry):
                        status = entry.stat()
                        yield _Entry(status.st_ctime_ns, entry.name, Path(entry.path), status.st_mtime)
                except FileNotFoundError:
                    continue  # gone since the listing: its new name will be found next time, if it has one


def _read(folder: Folder, entry: _Entry) -> RawMail | None:
    path: Path | None = entry.path
    content, problem = b"", ""
    try:
        try:
            content = _beginning(entry.path)
        except FileNotFoundError:
            path = _renamed(folder, entry.name)  # a mail program moved it from new/ or changed its flags
            if path is None:
                return None
            content = _beginning(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        problem = f"the file can't be read: {error.strerror}"
    name = path.name if path is not None else entry.name
    match = _FLAGS.search(name)
    flags = match.group(1) if match and folder.kind is Kind.MAILDIR else ""
    return RawMail(
        content=content,
        folder=folder.name,
        role=folder.role,
        place=str(path),
        delivered=_delivered(folder, entry),
        answered="R" in flags,
        trashed="T" in flags,
        draft="D" in flags,
        problem=problem,
    )


def _beginning(path: Path) -> bytes:
    with path.open("rb", buffering=0) as file:
        if os.fstat(file.fileno()).st_size <= MAX_MAIL:
            return file.readall()
    with path.open("rb") as buffered:
        return buffered.read(MAX_MAIL)


def _renamed(folder: Folder, name: str) -> Path | None:
    base = _FLAGS.sub("", name)
    found = (entry.path for entry in _entries(folder) if _FLAGS.sub("", entry.name) == base)
    return next(found, None)


def _delivered(folder: Folder, entry: _Entry) -> datetime | None:
    """Return when the file arrived: by its name or its modification time, whichever is earlier.

    Servers keep the arrival in one of them; copying a Maildir moves the other to the time of the copy.
    """
    match = _SECONDS.match(entry.name) if folder.kind is Kind.MAILDIR else None
    seconds = [entry.modified, *([float(match.group())] if match else [])]
    try:
        found = [datetime.fromtimestamp(value, tz=UTC) for value in seconds]
    except (OverflowError, ValueError, OSError):
        return None
    return min((at for at in found if at >= EARLIEST), default=None)
