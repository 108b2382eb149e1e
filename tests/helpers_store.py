"""A database in a temporary folder for tests: sources, records and facts in a line each, rows as dicts.

with Store.at(tmp_path) as store:
    store.source("shop", complete_until="2025-04-01")
    store.write(ticket("1", "2025-03-01 10:00"), message("m1", "1", "2025-03-01 10:00"))
    store.refresh("Europe/Berlin")
    assert store.fact("ticket_facts", ticket_id="1")["customer_messages"] == 1
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deskmetry.connector import MailRules
from deskmetry.facts import Refreshed, refresh
from deskmetry.metric.fact import FACTS
from deskmetry.records import Message, Record, Ticket, TicketEvent, to_milliseconds
from deskmetry.records.kinds import EventKind
from deskmetry.settings import People
from deskmetry.store import Writer, Written, open_writer, transaction
from deskmetry.store.observe import Observer

Row = dict[str, Any]
When = str | int | datetime


def instant(value: When) -> datetime:
    """Return an aware instant: from ISO text (UTC unless it says otherwise), milliseconds, or itself."""
    if isinstance(value, int):
        return datetime.fromtimestamp(value // 1000, UTC).replace(microsecond=value % 1000 * 1000)
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def ms(value: When) -> int:
    """Return an instant as milliseconds since 1970 UTC, as it stands in the tables."""
    return to_milliseconds(instant(value))


def ticket(ticket_id: str, created: When = "2025-03-01", **fields: Any) -> Ticket:
    """Return an open ticket of no known customer; instants may be texts."""
    known: dict[str, Any] = {"id": ticket_id, "created_at": instant(created), "status": "open"}
    return Ticket(**(known | _instants(fields)))


def message(
    message_id: str, ticket_id: str | None, sent: When, by: str = "customer", **fields: Any
) -> Message:
    """Return a public message by a customer, an agent, a bot or the system; `author_id` is its author."""
    known: dict[str, Any] = {
        "id": message_id,
        "ticket_id": ticket_id,
        "sent_at": instant(sent),
        "author_kind": by,
    }
    return Message(**(known | _instants(fields)))


def event(
    event_id: str, ticket_id: str, at: When, new: str | None, old: str | None = None, **fields: Any
) -> TicketEvent:
    """Return a reported change of status; `kind="team"` and so on for others, `known_at` if inferred."""
    known: dict[str, Any] = {
        "id": event_id,
        "ticket_id": ticket_id,
        "at": instant(at),
        "kind": EventKind.STATUS,
    }
    return TicketEvent(**(known | {"old": old, "new": new} | _instants(fields)))


def _instants(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: instant(v) if name.endswith("_at") and v is not None else v for name, v in fields.items()}


@dataclass
class Store:
    """An open database; its first source is number 1, which methods mean unless told otherwise."""

    path: Path
    connection: sqlite3.Connection

    @classmethod
    @contextmanager
    def at(cls, folder: Path, name: str = "deskmetry.db") -> Iterator[Store]:
        """Make or open a database in a folder, and close it in the end."""
        path = folder / name
        connection = open_writer(path)
        try:
            yield cls(path, connection)
        finally:
            connection.close()

    def source(
        self,
        name: str = "shop",
        *,
        connector: str = "fake",
        complete_until: When | None = "2030-01-01",
        known_from: When | None = None,
        timezone: str | None = None,
        mail_rules: MailRules | None = None,
        capabilities: str = "{}",
    ) -> int:
        """Add a source and return its number."""
        until, since = (None if value is None else ms(value) for value in (complete_until, known_from))
        sql = (
            "INSERT INTO sources (name, connector, account, timezone, known_from_at, complete_until_at,"
            " first_sync_at, last_sync_at, capabilities, mail_rules) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        )
        rules = mail_rules.model_dump_json() if mail_rules else None
        values = (name, connector, name, timezone, since, until, until, until, capabilities, rules)
        with transaction(self.connection):
            number = self.connection.execute(sql, values).lastrowid
        assert number is not None
        return number

    def complete(self, until: When | None, source: int = 1) -> None:
        """Say up to when a source is known completely."""
        value = None if until is None else ms(until)
        self.execute("UPDATE sources SET complete_until_at = ? WHERE id = ?", value, source)

    def write(self, *records: Record, source: int = 1, observer: Observer | None = None) -> Written:
        """Write records of any kinds in one transaction."""
        with transaction(self.connection):
            return Writer(self.connection, source, observer).write(records)

    def refresh(
        self, timezone: str = "UTC", people: People | None = None, *, rebuild: bool = False
    ) -> Refreshed:
        """Bring the facts up to date in one transaction."""
        with transaction(self.connection):
            return refresh(self.connection, timezone, people or People(), rebuild=rebuild)

    def execute(self, sql: str, *values: object) -> None:
        """Run one statement in a transaction of its own."""
        with transaction(self.connection):
            self.connection.execute(sql, values)

    def rows(self, sql: str, *values: object) -> list[Row]:
        """Return the rows of a query as dicts."""
        return rows_of(self.connection, sql, *values)

    def table(self, name: str, **where: object) -> list[Row]:
        """Return the rows of a table or fact as dicts, in the order of their columns from the left."""
        return table_of(self.connection, name, **where)

    def fact(self, name: str, **where: object) -> Row:
        """Return the one row of a table or fact that these values name."""
        found = self.table(name, **where)
        assert len(found) == 1, f"{len(found)} rows of {name} where {where}"
        return found[0]

    def facts(self) -> dict[str, list[Row]]:
        """Return every fact table, to compare."""
        return facts_of(self.connection)

    def dirty(self) -> set[tuple[str, int, str]]:
        """Return what is marked as stale: (kind, source, key)."""
        return set(self.connection.execute("SELECT kind, source_id, key FROM dirty"))


def rows_of(connection: sqlite3.Connection, sql: str, *values: object) -> list[Row]:
    """Return the rows of a query as dicts."""
    cursor = connection.execute(sql, values)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]


def table_of(connection: sqlite3.Connection, name: str, **where: object) -> list[Row]:
    """Return the rows of a table as dicts, sorted, where columns have these values."""
    conditions = " AND ".join(f'"{column}" IS ?' for column in where) or "1"
    found = rows_of(connection, f'SELECT * FROM "{name}" WHERE {conditions}', *where.values())
    return sorted(found, key=lambda row: [(v is not None, isinstance(v, str), v) for v in row.values()])


def facts_of(connection: sqlite3.Connection) -> dict[str, list[Row]]:
    """Return every fact as this connection sees it, in an order of its own that only depends on the rows."""
    return {fact.name: table_of(connection, fact.name) for fact in FACTS}
