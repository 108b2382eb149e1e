"""Fake helpdesks for tests of the sync engine: scripts of pages, or rows that are read as by an API."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from pydantic import PrivateAttr

from deskmetry.connector import Capabilities, Connector, Cursor, MailRules, Page, stream
from deskmetry.records import RECORDS, Customer, Message, MessageHeader, Record, Team, Ticket, TicketEvent
from deskmetry.records.kinds import ActorKind, EventKind, Provenance, TicketStatus
from deskmetry.sync import Listener, Options, SyncReport, sync

T0 = datetime(2026, 3, 2, 9, tzinfo=UTC)
"""A Monday morning on which every fake begins."""

Script = Callable[[Cursor | None], Iterable[Page]]


def at(minutes: float) -> datetime:
    """Return the instant so many minutes after the beginning."""
    return T0 + timedelta(minutes=minutes)


def ticket(number: object, minutes: float = 0, *, updated: datetime | None = None, **fields: Any) -> Ticket:
    """Return a ticket created at the beginning and last changed so many minutes later."""
    known: dict[str, Any] = {"id": number, "status": TicketStatus.OPEN, "created_at": T0}
    return Ticket(**(known | {"updated_at": updated or at(minutes)} | fields))


def page(*records: Record, mark: float | None = None, token: Any = None, **fields: Any) -> Page:
    """Return a page whose watermark lies so many minutes after the beginning."""
    watermark = None if mark is None else at(mark)
    cursor = None if mark is None and token is None else Cursor(token, watermark)
    return Page(records, cursor, **fields)


def _nothing(_since: Cursor | None) -> Iterable[Page]:
    return ()


class Desk(Connector):
    """A helpdesk with one stream that yields what a script says; it remembers what it was asked for."""

    name: ClassVar[str] = "desk"
    capabilities: ClassVar[Capabilities] = Capabilities(status_history=Provenance.REPORTED)

    desk: str = "one"
    clock: datetime | None = None

    _script: Script = PrivateAttr(default_factory=lambda: _nothing)
    _asked: list[Cursor | None] = PrivateAttr(default_factory=list)

    @stream(Ticket)
    def tickets(self, since: Cursor | None) -> Iterator[Page]:
        yield from self.play(since)

    def play(self, since: Cursor | None) -> Iterator[Page]:
        self._asked.append(since)
        yield from self._script(since)

    def account(self) -> str:
        return self.desk

    def now(self) -> datetime:
        return self.clock or super().now()

    @property
    def asked(self) -> list[Cursor | None]:
        return self._asked

    def says(self, script: Script | Sequence[Page]) -> Desk:
        """Have it play this script, or just these pages whatever it is asked for."""
        self._script = script if callable(script) else lambda _since: script
        return self


def desk(*pages: Page, **settings: Any) -> Desk:
    """Return a desk that yields these pages."""
    return Desk(**settings).says(pages)


def raises(error: BaseException, *before: Page) -> Script:
    """Return a script of these pages that then raises."""

    def script(since: Cursor | None) -> Iterator[Page]:
        yield from before
        raise error

    return script


def raising(error: BaseException, *before: Page, **settings: Any) -> Desk:
    """Return a desk that yields these pages and then raises."""
    return Desk(**settings).says(raises(error, *before))


class Two(Desk):
    """A desk whose first stream is optional."""

    name: ClassVar[str] = "two"

    @stream(Team, optional=True)
    def tickets(self, since: Cursor | None) -> Iterator[Page]:
        yield from self.play(since)

    @stream(Ticket)
    def rest(self, since: Cursor | None) -> Iterator[Page]:
        yield Page([ticket("rest")], complete_until=at(30))


class Lapped(Desk):
    """A desk whose stream reads the last ten minutes again."""

    name: ClassVar[str] = "lapped"

    @stream(Ticket, overlap=timedelta(minutes=10))
    def tickets(self, since: Cursor | None) -> Iterator[Page]:
        yield from self.play(since)


class Unsorted(Desk):
    """A desk whose pages come in any order."""

    name: ClassVar[str] = "unsorted"

    @stream(Ticket, sorted=False)
    def tickets(self, since: Cursor | None) -> Iterator[Page]:
        yield from self.play(since)


class Rows:
    """A server: tickets by id, given out in the order of their last change, from a watermark on."""

    def __init__(self, tickets: Iterable[Ticket] = (), size: int = 3) -> None:
        self.tickets = {one.id: one for one in tickets}
        self.size = size

    def put(self, *tickets: Ticket) -> None:
        self.tickets |= {one.id: one for one in tickets}

    def __call__(self, since: Cursor | None) -> Iterator[Page]:
        mark = since.watermark if since else None
        found = [one for one in self.tickets.values() if mark is None or (one.updated_at or T0) >= mark]
        found.sort(key=lambda one: (one.updated_at or T0, one.id))
        for begin in range(0, len(found), self.size):
            rows = found[begin : begin + self.size]
            yield Page(rows, Cursor(None, rows[-1].updated_at))


class Shop(Desk):
    """A helpdesk with several streams of several pages, optional bad records and reported statuses."""

    name: ClassVar[str] = "shop"

    until: datetime = at(600)
    blocks: int = 5

    @stream(Customer, Team)
    def people(self, since: Cursor | None) -> Iterator[Page]:
        customers = [Customer(id=n, email=f"c{n}@x.example") for n in range(5)]
        yield page(Team(id=1, name="Care"), *customers, token=1, complete_until=self.until)

    @stream(Ticket, Message)
    def tickets(self, since: Cursor | None) -> Iterator[Page]:
        after = since.token if since and since.token is not None else -1
        for block in range(after + 1, self.blocks):
            numbers = range(block * 4, block * 4 + 4)
            records: list[Record] = [ticket(n, n, requester_id=n % 5, team_id=1) for n in numbers]
            records += [
                Message(id=f"{n}.{m}", ticket_id=n, sent_at=at(n + m), author_id=n % 5 if m % 2 == 0 else "a",
                        author_kind=ActorKind.AGENT if m % 2 else ActorKind.CUSTOMER, body="hello")
                for n in numbers for m in range(3)
            ]  # fmt: skip
            bad = self.page([{"id": f"bad-{block}"}], _unmapped).rejected
            yield Page(records, Cursor(block, at(block)), bad)
        yield Page((), complete_until=self.until)

    @stream(TicketEvent)
    def events(self, since: Cursor | None) -> Iterator[Page]:
        after = since.token if since and since.token is not None else -1
        for block in range(after + 1, self.blocks):
            yield Page(
                [
                    TicketEvent(
                        id=f"e{n}", ticket_id=n, kind=EventKind.STATUS, at=at(n + 5), old="open", new="solved"
                    )
                    for n in range(block * 4, block * 4 + 3)
                ],
                Cursor(block),
            )
        yield Page((), complete_until=self.until)


def _unmapped(item: dict[str, Any]) -> Ticket:
    raise KeyError("status")


class Inbox(Desk):
    """A mailbox: customers' mails, answers of ours, pages of four, the answers before what they answer."""

    name: ClassVar[str] = "inbox"
    capabilities: ClassVar[Capabilities] = Capabilities(status_history=Provenance.INFERRED)

    until: datetime = at(60 * 24 * 30)
    blocks: int = 5

    def mail_rules(self) -> MailRules | None:
        return MailRules()

    @stream(Message, MessageHeader)
    def tickets(self, since: Cursor | None) -> Iterator[Page]:
        after = since.token if since and since.token is not None else -1
        for block in range(after + 1, self.blocks):
            records: list[Record] = []
            for n in range(block * 4, block * 4 + 4):
                records += _mail(n, root=(n * 7) % 20)
            yield Page(records, Cursor(block))
        yield Page((), complete_until=self.until)


def _mail(number: int, root: int) -> list[Record]:
    inbound = number % 3 != 0
    known = {"sent_at": at(number * 60)}
    kind = ActorKind.CUSTOMER if inbound else ActorKind.AGENT
    message = Message(id=f"m{number}", author_kind=kind, author_id="anna" if inbound else "agent", **known)
    header = MessageHeader(
        id=f"inbox/m{number}",
        mail_id=f"m{number}",
        message_id=f"m{number}@x",
        references=[f"m{root}@x"],
        subject=f"order {root}",
        inbound=inbound,
        folder="inbox",
        from_address="anna@x.example",
        counterpart="anna@x.example",
        **known,
    )
    return [message, header]


def run(
    folder: Path,
    *connectors: Connector,
    listener: Listener | None = None,
    stop: threading.Event | None = None,
    **options: Any,
) -> SyncReport:
    """Sync these connectors, named `s1`, `s2`, …, into `desk.db` in a folder."""
    named = {f"s{number}": one for number, one in enumerate(connectors, 1)}
    return sync(folder / "desk.db", named, Options(**options), listener=listener, stop=stop)


def rows(folder: Path, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """Return what a query over the synced database says."""
    with closing(sqlite3.connect(folder / "desk.db")) as connection:
        found: list[tuple[Any, ...]] = connection.execute(sql, values).fetchall()
    return found


def ids(folder: Path, name: str = "tickets") -> set[str]:
    """Return the ids in a table."""
    return {key for (key,) in rows(folder, f"SELECT id FROM {name}")}


def mark(folder: Path, stream_name: str = "tickets") -> datetime | None:
    """Return the stored watermark of a stream."""
    ((value,),) = rows(folder, "SELECT watermark_at FROM sync_state WHERE stream = ?", stream_name)
    return None if value is None else datetime.fromtimestamp(value / 1000, UTC)


def complete(folder: Path, name: str = "s1") -> datetime | None:
    """Return up to when a source is known completely."""
    ((value,),) = rows(folder, "SELECT complete_until_at FROM sources WHERE name = ?", name)
    return None if value is None else datetime.fromtimestamp(value / 1000, UTC)


_OWN_CLOCK = {
    "sources": {"first_sync_at", "last_sync_at"},
    "sync_state": {"run"},
    "quarantine": {"run", "id", "last_run", "seen", "first_seen_at", "last_seen_at"},
    "stream_fields": {"run", "first_seen_at"},
}
_ASIDE = {"sync_runs", "sqlite_stat1", "sqlite_stat4"}


def contents(database: Path) -> dict[str, set[tuple[Any, ...]]]:
    """Return every row of every table but the run log, without numbers of runs and instants of our clock."""
    found: dict[str, set[tuple[Any, ...]]] = {}
    with closing(sqlite3.connect(database)) as connection:
        tables = [
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        for name in sorted({*tables} - _ASIDE):
            columns = [row[1] for row in connection.execute(f'PRAGMA table_info("{name}")')]
            kept = ", ".join(f'"{column}"' for column in columns if column not in _OWN_CLOCK.get(name, ()))
            found[name] = set(connection.execute(f'SELECT {kept} FROM "{name}"'))
    found.pop("_sqlite_migrations", None)  # holds when each step ran
    return found


def watch(folder: Path) -> None:
    """Have the database note every write to a table of records, also one that changes nothing."""
    with closing(sqlite3.connect(folder / "desk.db")) as connection:
        connection.execute("CREATE TABLE touched (name TEXT)")
        for name in [record.table for record in RECORDS] + ["dirty"]:
            for verb in ("INSERT", "UPDATE", "DELETE"):
                connection.execute(
                    f"CREATE TRIGGER watch_{name}_{verb} AFTER {verb} ON {name}"
                    f" BEGIN INSERT INTO touched VALUES ('{verb} {name}'); END"
                )
        connection.commit()


def kill_myself() -> None:
    """End this process as kill -9 does."""
    os.kill(os.getpid(), 9)
