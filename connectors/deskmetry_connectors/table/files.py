"""Files: which files a source reads, what tells whether they changed, and how each is opened."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .csv_file import CsvFile
from .errors import NoSuchFile, NotATable, Unreadable
from .json_lines import JsonLines
from .row import Source
from .sqlite_file import SqliteFile

YOUNG_SECONDS = 60.0
"""A file that was changed so short ago may still be written: its last line counts once it has its end."""
_CHUNK = 1024 * 1024
_DATABASES = {".db", ".sqlite", ".sqlite3"}
_LINES = {".jsonl", ".ndjson"}
_TEXTS = {".csv", ".tsv", ".txt", ".tab"}
_SPREADSHEETS = {".xls", ".xlsx", ".ods", ".numbers"}
_PATTERN = set("*?[")


@dataclass(frozen=True, slots=True)
class Layout:
    """How the files are laid out, as far as the settings say it."""

    encoding: str | None = None
    delimiter: str | None = None
    names: tuple[str, ...] = ()
    skip_lines: int = 0
    query: str | None = None
    table: str | None = None


@dataclass(frozen=True, slots=True)
class State:
    """What the files looked like: `stat` by sizes and times, `content` by all their bytes.

    written: when the newest was written, nanoseconds since 1970. young: one of them so lately that it may be
    half written, or change again within the same tick of the clock.
    """

    stat: str
    written: int
    young: bool


def find_files(folder: Path, paths: Sequence[Path]) -> list[Path]:
    """Return the files that the paths name, `*` and `?` in a name included; NoSuchFile if one names none."""
    found: dict[Path, None] = {}
    for path in paths:
        whole = folder / path.expanduser()
        if _PATTERN & set(whole.name):
            with refused(whole.parent):
                members = sorted(one for one in whole.parent.glob(whole.name) if one.is_file())
        else:
            members = [whole] if whole.is_file() else []
        if not members:
            raise NoSuchFile(whole)
        found.update(dict.fromkeys(members))
    return list(found)


def state_of(files: Sequence[Path]) -> State:
    """Return what the files look like now, without reading them."""
    parts, newest = list[str](), 0
    for path in _with_logs(files):
        with refused(path):
            status = path.stat()
        # The time of the last change to anything: nobody can set that one back.
        parts.append(f"{path.name} {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}")
        newest = max(newest, status.st_mtime_ns)
    stat = hashlib.sha256("\n".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:32]
    return State(stat, newest, time.time_ns() - newest < YOUNG_SECONDS * 1e9)


def content_of(files: Sequence[Path]) -> str:
    """Return a digest of the files' names and bytes."""
    digest = hashlib.sha256()
    for path in _with_logs(files):
        digest.update(f"{path.name}\0".encode("utf-8", "surrogateescape"))
        with refused(path), path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    return digest.hexdigest()[:32]


@contextmanager
def opened(path: Path, layout: Layout, *, young: bool) -> Iterator[Source]:
    """Open a file by the ending of its name; raises SourceError for what can't be read."""
    with refused(path):
        source = _open(path, layout, young=young)
        try:
            yield source
        finally:
            source.close()


@contextmanager
def refused(path: Path) -> Iterator[None]:
    """Turn what the operating system refuses into an error that says what to do."""
    try:
        yield
    except FileNotFoundError:
        raise NoSuchFile(path) from None
    except PermissionError as error:
        raise Unreadable(path, error.strerror or "not permitted") from None
    except OSError as error:
        raise NotATable(path, error.strerror or str(error), "Check the disk or the share it is on.") from None


def _open(path: Path, layout: Layout, *, young: bool) -> Source:
    ending = path.suffix.lower()
    if ending in _DATABASES or layout.query is not None or layout.table is not None:
        return SqliteFile(path, query=layout.query, table=layout.table)
    if ending in _LINES:
        return JsonLines(path, young=young)
    if ending in _TEXTS:
        return CsvFile(
            path,
            encoding=layout.encoding,
            delimiter=layout.delimiter,
            names=layout.names,
            skip_lines=layout.skip_lines,
            young=young,
        )
    mend = "CSV files end in .csv, .tsv or .txt, JSON Lines in .jsonl or .ndjson, SQLite in .db or .sqlite."
    if ending in _SPREADSHEETS:
        mend = "Save the sheet as CSV (UTF-8) and name that file."
    raise NotATable(path, f"its ending {ending or '(none)'!r} says no kind of file", mend)


def _with_logs(files: Sequence[Path]) -> Iterator[Path]:
    """Yield the files, and the logs beside databases in which SQLite keeps what is newest."""
    for path in files:
        yield path
        if path.suffix.lower() in _DATABASES:
            log = path.with_name(f"{path.name}-wal")
            if os.path.exists(log):  # noqa: PTH110 - it may vanish at any time
                yield log
