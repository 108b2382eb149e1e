"""Basis: what the facts were built from, and whether they are still up to it, which every question asks."""

from __future__ import annotations

import sqlite3

from ..settings import People
from . import tables

NOBODY_IGNORED = People()
PEOPLE = "people"
"""Where it is noted what the settings said of people."""


def pending(connection: sqlite3.Connection, timezone: str, people: People = NOBODY_IGNORED) -> int:
    """Return how many marks, or changed settings, wait for a refresh; -1 if everything must be rebuilt."""
    if state(connection, "fingerprint") != tables.fingerprint(timezone):
        return -1
    waiting = int(connection.execute("SELECT count(*) FROM main.dirty").fetchone()[0])
    return waiting + (state(connection, PEOPLE) != people.mark)


def state(connection: sqlite3.Connection, key: str) -> str | None:
    """Return a noted value, None if there is none."""
    if not connection.execute("SELECT 1 FROM main.sqlite_master WHERE name = 'facts_state'").fetchone():
        return None
    row = connection.execute("SELECT value FROM main.facts_state WHERE key = ?", (key,)).fetchone()
    return None if row is None else str(row[0])


def set_state(connection: sqlite3.Connection, key: str, value: object) -> bool:
    """Note a value (None: none) and return whether it is another one; an equal one isn't written again."""
    text = None if value is None else str(value)
    if state(connection, key) == text:
        return False
    if text is None:
        connection.execute("DELETE FROM main.facts_state WHERE key = ?", (key,))
    else:
        connection.execute("INSERT OR REPLACE INTO main.facts_state VALUES (?, ?)", (key, text))
    return True
