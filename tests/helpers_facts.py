"""Facts for tests: the tables of the declarations, filled by hand."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from deskmetry.calendar import day_number
from deskmetry.instants import from_milliseconds, to_milliseconds
from deskmetry.metric import FACTS, Fact
from deskmetry.records.base import to_json

Row = Mapping[str, object]
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


def ms(text: str, zone: str = "UTC") -> int:
    """Return an instant, read in a zone if it names none, in milliseconds."""
    at = datetime.fromisoformat(text)
    return to_milliseconds(at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone)))


def local_day(at: int, zone: str) -> int:
    """Return the local day of an instant."""
    return day_number(from_milliseconds(at).astimezone(ZoneInfo(zone)).date())


class Desk:
    """A database with facts; rows are given by the columns that matter, the rest is filled in plausibly."""

    def __init__(self, connection: sqlite3.Connection, zone: str) -> None:
        self.connection = connection
        self.zone = zone
        self._count = 0

    def source(
        self,
        name: str = "shop",
        complete_until: str | None = "2026-04-01T00:00",
        known_from: str | None = None,
        connector: str = "zendesk",
        capabilities: Mapping[str, object] | None = None,
        id_: int = 1,
    ) -> None:
        """Add a source."""
        has = {"status_history": "reported", "tags": True} if capabilities is None else capabilities
        self.connection.execute(
            "INSERT INTO sources VALUES (?, ?, ?, ?, ?, ?)",
            (
                id_,
                name,
                connector,
                None if known_from is None else ms(known_from),
                None if complete_until is None else ms(complete_until),
                to_json(has),
            ),
        )

    def add(self, fact: Fact, *rows: Row) -> None:
        """Add rows of a fact; instants may be text (UTC), local days are worked out."""
        self.add_all(fact, rows)

    def add_all(self, fact: Fact, rows: Iterable[Row]) -> None:
        """Add many rows of a fact."""
        names = fact.names()
        marks = ", ".join("?" * len(names))
        values = [[self._filled(fact, row).get(name) for name in names] for row in rows]
        self.connection.executemany(f"INSERT INTO {fact.name} VALUES ({marks})", values)

    def _filled(self, fact: Fact, row: Row) -> dict[str, object]:
        self._count += 1
        plain: dict[str, object] = {"source_id": 1, "source": "shop", "connector": "zendesk"}
        plain |= {"ticket_id": str(self._count), "message_id": str(self._count), "turn": 0, "number": 0}
        plain |= {"channel": "email", "medium": "email", "opened_by": "customer"}
        plain |= {"reply_elsewhere": 0, "human_replies": 0, "customer_messages": 1}
        plain |= row
        for name, value in plain.items():
            if (name.endswith("_at") or name == "at") and isinstance(value, str):
                plain[name] = ms(value)
        for instant, day in fact.days.items():
            at = plain.get(instant)
            if isinstance(at, int):
                plain[day] = local_day(at, self.zone)
        return plain


@contextmanager
def desk(zone: str = "UTC") -> Iterator[Desk]:
    """Make an empty database in memory whose facts hold the local days of a zone."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        for fact in FACTS:
            if fact.view:
                continue
            columns = ", ".join(f"{column.name} {column.type}" for column in fact.columns)
            connection.execute(f"CREATE TABLE {fact.name} ({columns}, PRIMARY KEY ({', '.join(fact.key)}))")
        activity = next(fact for fact in FACTS if fact.view)
        common = ", ".join(name for name in activity.names() if name not in ("at", "day"))
        connection.execute(
            f"CREATE VIEW {activity.name} AS"
            f" SELECT {common}, sent_at AS at, sent_day AS day FROM message_facts"
            f" UNION ALL SELECT {common}, at, day FROM status_facts"
        )
        connection.execute(
            "CREATE TABLE sources (id INTEGER PRIMARY KEY, name TEXT, connector TEXT, known_from_at INTEGER,"
            " complete_until_at INTEGER, capabilities TEXT)"
        )
        connection.execute("CREATE TABLE agents (source_id INTEGER, id TEXT, name TEXT, email TEXT)")
        connection.execute("CREATE TABLE tickets (source_id INTEGER, id TEXT, subject TEXT, link TEXT)")
        connection.execute("CREATE TABLE facts_state (key TEXT PRIMARY KEY, value TEXT)")
        connection.execute("INSERT INTO facts_state VALUES ('timezone', ?)", (zone,))
        yield Desk(connection, zone)
    finally:
        connection.close()


def days(number: float) -> timedelta:
    """Return so many days."""
    return timedelta(days=number)
