"""Apply: the privacy settings brought to what was stored before they were made."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from ..settings.model import Privacy
from ..store import transaction
from .files import purge
from .filter import agents_of
from .key import key_of
from .rules import Rules
from .shape import Shape
from .stored import Stored


def stale(connection: sqlite3.Connection, privacy: Mapping[str, Privacy]) -> list[str]:
    """Return the sources that hold more than their settings allow, because it was stored before them."""
    found = []
    for source, name in connection.execute("SELECT id, name FROM sources ORDER BY name").fetchall():
        wanted = privacy.get(name, Privacy())
        if any(connection.execute(sql, {"source": source}).fetchone() for sql in _checks(wanted)):
            found.append(name)
    return found


def _checks(wanted: Privacy) -> list[str]:
    checks = []
    if wanted.bodies == "drop":
        checks.append("SELECT 1 FROM messages WHERE source_id = :source AND body IS NOT NULL LIMIT 1")
    if wanted.bodies == "cut":
        longer = f"length > {wanted.cut_after:d} AND length(body) > {wanted.cut_after:d}"
        checks.append(f"SELECT 1 FROM messages WHERE source_id = :source AND {longer} LIMIT 1")
    if wanted.people == "hash":
        # Addresses of our own among the customers stay as they are.
        checks.append(
            "SELECT 1 FROM customers WHERE source_id = :source AND email LIKE '%@%'"
            " AND email NOT LIKE '%.invalid' AND name IS NOT NULL AND name NOT LIKE 'hashed-%'"
            " AND lower(email) NOT IN (SELECT lower(email) FROM agents WHERE email IS NOT NULL) LIMIT 1"
        )
    return checks


def apply(
    connection: sqlite3.Connection, privacy: Mapping[str, Privacy], refresh: Callable[[], None]
) -> Counter[str]:
    """Bring every source to its settings; return how many rows of each table changed.

    The connection is a writer's, under the lock; `refresh` brings threads and facts up to date. Free pages
    and the log of SQLite are emptied behind it. Backups that migrations left stay as they are.
    """
    connection.execute("PRAGMA secure_delete = ON")
    with transaction(connection):
        hashing = any(one.people == "hash" for one in privacy.values())
        key = key_of(connection, make=hashing)
        agents = agents_of(connection)
        names = dict(connection.execute("SELECT id, name FROM sources"))
        rules = {
            number: Rules(privacy[name], key, agents) for number, name in names.items() if name in privacy
        }
        held = {number: one for number, one in rules.items() if one.holds_back}

        def changes(source: int, shape: Shape, values: Mapping[str, Any]) -> dict[str, Any]:
            return held[source].changes(shape, values) if source in held else {}

        stored = Stored(connection, changes, write=True)
        stored.records()
        stored.quarantine(lambda source, _: source in held)
        refresh()
    purge(connection)
    return stored.rows
