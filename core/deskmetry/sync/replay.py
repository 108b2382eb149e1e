"""Replay: bad records mapped again by the connector of today, and stored where that works now."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from .. import facts, threads
from ..connector import Connector, Mapper
from ..errors import DeskmetryError
from ..privacy import with_stand_ins
from ..records import RECORDS, Record, from_milliseconds
from ..records.kinds import Provenance
from ..settings import People
from ..store import Writer, WriterLock, Written, open_writer, transaction, translated
from ..store.observe import Observer
from ..store.table import latest_version, table_of
from .cleanser import Cleanser
from .quarantine import MAX_RAW
from .state import words

_KNOWN = frozenset(RECORDS)
_UNSTORABLE = (
    sqlite3.Error,
    TypeError,
    ValueError,
    AttributeError,
    LookupError,
    OverflowError,
    RecursionError,
)


class Fate(StrEnum):
    """What became of a bad record that was tried again."""

    STORED = "stored"
    NOTHING_NEW = "nothing new"
    STILL_BAD = "still bad"
    NOT_REPLAYABLE = "not replayable"


@dataclass(frozen=True, slots=True)
class Replayed:
    """One bad record that was tried again; the first two fates take it out of the quarantine."""

    id: int
    source: str
    stream: str
    key: str | None
    fate: Fate
    reason: str = ""
    written: Written | None = None


@dataclass(frozen=True, slots=True)
class _Row:
    id: int
    stream: str
    key: str | None
    mapper: str | None
    raw: str


class _CannotError(Exception):
    """It can't be tried again; the text says why and what brings the record all the same."""


def replay(
    database: Path,
    connectors: Mapping[str, Connector],
    *,
    ids: Sequence[int] = (),
    timezone: str = "UTC",
    people: People | None = None,
    folder: Path | None = None,
) -> list[Replayed]:
    """Map the bad records of these sources again (only those with these ids, if any) and store what works.

    All of it is one transaction, threads and facts too. Raises StoreError, and then nothing was changed.
    """
    found: list[Replayed] = []
    with WriterLock(database), translated(database):
        connection = open_writer(database)
        try:
            with transaction(connection):
                for name, connector in connectors.items():
                    found += _source(connection, name, connector, ids, folder or Path.cwd())
                if any(one.fate is Fate.STORED for one in found):
                    threads.refresh(connection)
                    facts.refresh(connection, timezone, with_stand_ins(connection, people or People()))
        finally:
            connection.close()
    return found


def _source(
    connection: sqlite3.Connection, name: str, connector: Connector, ids: Sequence[int], folder: Path
) -> list[Replayed]:
    row = connection.execute("SELECT id, complete_until_at FROM sources WHERE name = ?", (name,)).fetchone()
    if row is None:
        return []
    source, until = row
    observer = None
    if connector.capabilities.status_history is Provenance.OBSERVED:
        observer = Observer(datetime.now(UTC), None if until is None else from_milliseconds(until))
    writer = Writer(connection, source, observer)
    connector.attach(replace(connector.context, source=name, folder=folder))
    try:
        found = [
            _replayed(connection, name, source, connector, writer, one)
            for one in _rows(connection, source)
            if not ids or one.id in ids
        ]
        return sorted(found, key=lambda one: one.id)
    finally:
        connector.close()


def _rows(connection: sqlite3.Connection, source: int) -> list[_Row]:
    """Return what is in quarantine, newest first: of several copies of one record that one is kept."""
    sql = (
        "SELECT id, stream, key, mapper, raw FROM quarantine WHERE source_id = ?"
        " ORDER BY coalesce(last_run, run) DESC, id DESC"
    )
    return [_Row(*row) for row in connection.execute(sql, (source,))]


def _replayed(
    connection: sqlite3.Connection, name: str, source: int, connector: Connector, writer: Writer, row: _Row
) -> Replayed:
    """Try one row; whatever it does to the database is undone unless it worked."""
    connection.execute("SAVEPOINT replay")
    fate, reason, written = Fate.STILL_BAD, "", None
    try:
        records = _mapped(connector, name, row)
        written = writer.write(_newer(connection, source, records))
        fate = Fate.STORED if written.new or written.changed else Fate.NOTHING_NEW
        connection.execute("DELETE FROM quarantine WHERE id = ?", (row.id,))
    except _CannotError as error:
        fate, reason = Fate.NOT_REPLAYABLE, str(error)
    except _BadError as error:
        reason = str(error)
    except _UNSTORABLE as error:
        reason = f"its records can't be stored: {type(error).__name__}: {error}"
    if fate in (Fate.STILL_BAD, Fate.NOT_REPLAYABLE):
        connection.execute("ROLLBACK TO replay")
        written = None
    reason = Cleanser(connector).text(reason)
    if fate is Fate.STILL_BAD:
        connection.execute("UPDATE quarantine SET reason = ? WHERE id = ?", (words(reason), row.id))
    connection.execute("RELEASE replay")
    return Replayed(row.id, name, row.stream, row.key, fate, reason, written)


class _BadError(Exception):
    """The connector of today can't use it either; the text is the reason."""


def _mapped(connector: Connector, name: str, row: _Row) -> list[Record]:
    """Return the records of a row by the connector of today."""
    mapper, item = _mapper(connector, name, row), _item(name, row)
    try:
        page = connector.page([item], mapper)
    except DeskmetryError as error:
        raise _BadError(str(error)) from error
    except Exception as error:
        raise _BadError(f"the connector failed: {type(error).__name__}: {error}") from error
    if page.rejected:
        raise _BadError(page.rejected[0].reason)
    for record in page.records:
        if type(record) not in _KNOWN:
            raise _BadError(f"it became a {type(record).__name__}, which isn't in the common schema")
    return list(page.records)


def _mapper(connector: Connector, name: str, row: _Row) -> Mapper:
    mapper = None if row.mapper is None else connector.mapper(row.stream, row.mapper)
    if mapper is None:
        what = "its connector maps it only together with the page that it came on"
        raise _CannotError(f"{what}; {_again(name)}")
    return mapper


def _item(name: str, row: _Row) -> Any:
    if len(row.raw) >= MAX_RAW:
        raise _CannotError(f"only its first {MAX_RAW:,} characters were kept; {_again(name)}")
    try:
        return json.loads(row.raw)
    except (ValueError, RecursionError):
        raise _CannotError(f"what was kept of it is no JSON; {_again(name)}") from None


def _again(name: str) -> str:
    return f"`deskmetry sync --full {name}` reads it again"


def _newer(connection: sqlite3.Connection, source: int, records: Iterable[Record]) -> list[Record]:
    """Return the records that the database doesn't have, or has in an older copy, by their versions.

    A bad record is as old as the run that set it aside: what can't be ordered may be newer here.
    """
    latest = latest_version()
    kept: list[Record] = []
    for record in records:
        table = table_of(type(record))
        sql = f'SELECT version FROM "{record.table}" WHERE source_id = ? AND id = ?'
        stored = connection.execute(sql, (source, record.id)).fetchone()
        version = table.row(record, latest)[table.position["version"]]
        if stored is None or (
            isinstance(version, int) and isinstance(stored[0], int) and version > stored[0]
        ):
            kept.append(record)
    return kept
