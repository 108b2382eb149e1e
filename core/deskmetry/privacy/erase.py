"""Erase: one person taken out of a database and what lies beside it, and known again if they come back."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Collection
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import PersonUnknown
from ..metric.fact import FACTS
from ..store import transaction
from .erased import Erased
from .erasure import Erasure, Place
from .files import backups, purge
from .key import Key, key_of
from .person import Finder, Person
from .stored import Stored

# What the marks of changed rows have made anew: under their old ids, or the old ones would stay.
_REFRESHED = ("dirty", "mail_links")


@dataclass(slots=True)
class Erasing:
    """What erasing a person changes, or has changed: rows by table, and texts by others that name them."""

    person: Person
    rows: Counter[str]
    others: list[Place]
    before: bool = False
    in_texts: bool = False
    backups: list[Path] = field(default_factory=list)


def plan(connection: sqlite3.Connection, asked: str, *, in_texts: bool = False) -> Erasing:
    """Return what erasing somebody would change; nothing is changed. PersonUnknown if there is nobody."""
    erased = Erased.load(connection) or Erased(key_of(connection) or Key.fresh())
    return _done(connection, erased, asked, in_texts=in_texts, write=False)


def erase(
    connection: sqlite3.Connection, asked: str, refresh: Callable[[], None], *, in_texts: bool = False
) -> Erasing:
    """Erase somebody, and have them known if they come back; `refresh` brings threads and facts up to date.

    The connection is a writer's, under the lock; all of the database changes in one transaction, the backups
    beside it follow, then free pages and the log of SQLite are emptied. Raises PersonUnknown, PersonIsAgent,
    PersonAmbiguous, ReaderHolds.
    """
    connection.execute("PRAGMA secure_delete = ON")
    with transaction(connection):
        key = key_of(connection, make=True)
        erased = Erased.load(connection)
        assert key is not None
        erased = erased if erased is not None else Erased(key)
        done = _done(connection, erased, asked, in_texts=in_texts, write=True)
        erased.save(connection)
        refresh()
        # What was derived from the old rows and isn't any more.
        Stored(connection, _nothing, write=True).others(erased.swapped, numbers=erased.has_numbers)
    for path in backups(connection):
        with closing(sqlite3.connect(path, isolation_level=None)) as copy:
            copy.execute("PRAGMA secure_delete = ON")
            with transaction(copy):
                _walk(copy, erased, write=True, apart=())
                _forget_derived(copy)
            purge(copy, path)
        done.backups.append(path)
    purge(connection)
    return done


def _done(
    connection: sqlite3.Connection, erased: Erased, asked: str, *, in_texts: bool, write: bool
) -> Erasing:
    person = Finder(connection, erased).find(asked)
    sources = [source for (source,) in connection.execute("SELECT id FROM sources")]
    before = erased.marks_of(asked.strip(), sources)
    known = next(iter(sorted(erased.persons[mark] for mark in before)), "")
    erased.person = known or erased.key.hash("person", asked.strip())
    for mark in before if in_texts else ():
        erased.take(mark, in_texts=True)  # their name is known by nothing else any more
    person.known_to(erased, in_texts=in_texts)
    rows, others = _walk(connection, erased, write=write)
    if not rows and not before and not others:
        raise PersonUnknown(asked)
    return Erasing(person, rows, others, bool(before), in_texts)


def _walk(
    connection: sqlite3.Connection, erased: Erased, *, write: bool, apart: Collection[str] = _REFRESHED
) -> tuple[Counter[str], list[Place]]:
    others: list[Place] = []
    erasure = Erasure(erased, others)
    stored = Stored(connection, erasure.changes, write=write)
    stored.records()
    stored.quarantine(erasure.names)
    stored.others(erased.swapped, numbers=erased.has_numbers, apart=apart)
    return stored.rows, others


def _nothing(*_: object) -> dict[str, object]:
    return {}


def _forget_derived(connection: sqlite3.Connection) -> None:
    """Empty what a backup has derived from its records; whoever uses it gets that made anew."""
    connection.execute(
        "DELETE FROM mail_links WHERE (source_id, mail_id) IN (SELECT source_id, mail_id FROM message_headers"
        " WHERE counterpart LIKE 'erased-%@erased.invalid')"
    )
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    known = {name for (name,) in tables}
    for name in ("facts_state", *(fact.name for fact in FACTS)):
        if name in known:
            connection.execute(f"DELETE FROM {name}")
