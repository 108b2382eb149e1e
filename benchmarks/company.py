"""Company: a database of any number of tickets, made from a seed, for the benchmarks."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from deskmetry import Agent, Customer, Message, Record, Ticket, TicketEvent, facts
from deskmetry.records import to_milliseconds
from deskmetry.records.kinds import ActorKind, EventKind, TicketStatus
from deskmetry.store import Writer, WriterLock, open_writer, transaction

BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
END = datetime(2026, 1, 1, tzinfo=UTC)
CHANNELS = ("email", "web_form", "chat", "phone", "whatsapp")
ZONE = "Europe/Berlin"


def records(tickets: int, seed: int = 1) -> Iterator[Record]:
    """Yield two years of tickets, each with three messages and three changes of status."""
    random_ = random.Random(seed)
    span = (END - BEGIN).total_seconds() - 40 * 86_400
    for number in range(20):
        yield Agent(id=f"a{number}", name=f"Agent {number}", email=f"agent{number}@company.example")
    for number in range(tickets // 3 + 1):
        yield Customer(id=f"c{number}", name=f"Customer {number}", email=f"customer{number}@mail.example")
    for number in range(tickets):
        created = BEGIN + timedelta(seconds=span * number / tickets)
        replied = created + timedelta(seconds=random_.lognormvariate(8.5, 1.2))
        solved = replied + timedelta(seconds=random_.lognormvariate(10, 1))
        yield from _ticket(str(number), created, replied, solved, random_)


def _ticket(
    key: str, created: datetime, replied: datetime, solved: datetime, random_: random.Random
) -> Iterator[Record]:
    customer, agent = f"c{int(key) // 3}", f"a{random_.randrange(20)}"
    yield Ticket(
        id=key,
        subject=f"Order {key}",
        channel=random_.choice(CHANNELS),
        requester_id=customer,
        assignee_id=agent,
        status=TicketStatus.SOLVED,
        created_at=created,
        updated_at=solved,
        tags=["delivery"] if int(key) % 3 else ["refund", "vip"],
    )
    parts = (
        (created, ActorKind.CUSTOMER, customer),
        (replied, ActorKind.AGENT, agent),
        (solved, ActorKind.AGENT, agent),
    )
    for place, (at, kind, author) in enumerate(parts):
        yield Message(id=f"{key}-{place}", ticket_id=key, sent_at=at, author_kind=kind, author_id=author)
    steps = ((created, None, "new"), (replied, "new", "pending"), (solved, "pending", "solved"))
    for place, (at, old, new) in enumerate(steps):
        yield TicketEvent(id=f"{key}-s{place}", ticket_id=key, kind=EventKind.STATUS, at=at, old=old, new=new)


def make(folder: Path, tickets: int) -> Path:
    """Make database and configuration in a folder, facts included, and return the configuration's path."""
    database = folder / "deskmetry.db"
    with WriterLock(database):
        connection = open_writer(database)
        try:
            fill(connection, tickets)
        finally:
            connection.close()
    configuration = folder / "deskmetry.toml"
    configuration.write_text(f'database = "deskmetry.db"\ntimezone = "{ZONE}"\n', encoding="utf-8")
    return configuration


def fill(connection: sqlite3.Connection, tickets: int) -> None:
    """Write the company's records in commits of some thousands of rows, then the facts."""
    connection.execute(
        "INSERT INTO sources (id, name, connector, account, known_from_at, complete_until_at)"
        " VALUES (1, 'desk', 'bench', 'bench', ?, ?)",
        (to_milliseconds(BEGIN), to_milliseconds(END)),
    )
    writer, page = Writer(connection, 1), []
    for record in records(tickets):
        page.append(record)
        if len(page) >= 10_000:
            with transaction(connection):
                writer.write(page)
            page = []
    with transaction(connection):
        writer.write(page)
    with transaction(connection):
        facts.refresh(connection, ZONE)
