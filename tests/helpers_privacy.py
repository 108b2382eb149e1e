"""Helpers for tests of privacy: a helpdesk that names Jane everywhere, and what is left of her."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from deskmetry import facts, threads
from deskmetry.connector import Page, Rejected
from deskmetry.privacy import Erasing, Found, beside, erase, search
from deskmetry.records import (
    Agent,
    Customer,
    Message,
    Order,
    RawRecord,
    SurveyAnswer,
    SurveyOffer,
    TicketEvent,
    TicketTag,
)
from deskmetry.records.kinds import ActorKind, EventKind, OrderStatus, SurveyKind
from deskmetry.store import WriterLock, open_reader, open_writer
from helpers_sync import Desk, at, page, ticket

ADDRESS, NAME, NUMBER = "jäne.doe@customer.example", "Jäne Doe", "+49 30 1234-5678"
SECRETS = {"address": [ADDRESS], "name": [NAME], "telephone": ["493012345678"]}
QUOTE = f"> On Monday {NAME} <{ADDRESS}> (0049 30 12345678) wrote:"


def said(number: object, by: str, body: str, minutes: float = 0, to: str = "1", **fields: Any) -> Message:
    """Return a message of a ticket."""
    kind = ActorKind.AGENT if by == "a" else ActorKind.CUSTOMER
    known: dict[str, Any] = {"sent_at": at(minutes), "length": len(body), "version": 1} | fields
    return Message(id=str(number), ticket_id=to, author_kind=kind, author_id=by, body=body, **known)


def everywhere() -> Page:
    """Return a page in which every kind of record names Jane, and Bob who stays."""
    raw = {"id": 9, "requester_id": 7, "text": "what she wrote"}
    return page(
        Customer(id="7", name=NAME, email=ADDRESS.replace("j", "J"), phone=NUMBER, updated_at=at(0)),
        Customer(id="8", name="Bob Roe", email="bob.jäne.doe@customer.example", updated_at=at(0)),
        Agent(id="a", name="Anna", email="anna@acme.example"),
        ticket(1, requester_id="7", subject=f"Call {NAME} at {NUMBER}",
               link=f"https://x.example/?u={ADDRESS}", page="https://x.example/a?email=j%C3%A4ne",
               custom_fields={"mail": ADDRESS, ADDRESS: [NAME, 3]}, tags=["vip", ADDRESS], updated_at=at(9)),
        ticket(2, requester_id="8", subject="Doe", custom_fields={"cc": f"{ADDRESS};bob@x.example"}),
        said("m1", "7", f"I am {NAME}, my street is Elm 1"),
        said("m2", "a", f"Hello {NAME}!\n{QUOTE}\n> Elm 1", 30),
        said("m3", "8", f"please ask {ADDRESS}", to="2"),
        TicketEvent(id="e1", ticket_id="1", kind=EventKind.FIELD, at=at(1), old=NAME, new=f"mail:{ADDRESS}",
                    actor_kind=ActorKind.CUSTOMER, actor_id="7"),
        TicketEvent(id="e2", ticket_id="1", kind=EventKind.STATUS, at=at(40), old="open", new="solved"),
        TicketTag(id="t1", ticket_id="1", tag=f"from {ADDRESS}"),
        SurveyOffer(id="o1", kind=SurveyKind.CSAT, ticket_id="1", customer_id="7", offered_at=at(41)),
        SurveyAnswer(id="s1", kind=SurveyKind.CSAT, ticket_id="1", customer_id="7", answered_at=at(42),
                     score=5, scale_min=1, scale_max=5, comment="Elm 1 again"),
        Order(id="or1", customer_id="7", placed_at=at(0), amount_minor=5, currency="EUR",
              status=OrderStatus.PAID),
        RawRecord(id="r1", stream="tickets", kind="note", raw=raw),
        RawRecord(id="r2", stream="tickets", kind="note", raw={"id": 9, "to": [ADDRESS], "text": "Elm 1"}),
        RawRecord(id="r3", stream="tickets", kind="note", raw={"id": 10, "text": "of nobody"}),
        mark=60,
        rejected=[
            Rejected({"id": 3, "from": ADDRESS, "text": "Elm 1"}, f"bad {ADDRESS}", ADDRESS),
            Rejected({"id": 4, "from": "bob@x.example"}, "bad", "4"),
        ],
        complete_until=at(60 * 24),
    )  # fmt: skip


def helpdesk() -> Desk:
    """Return a helpdesk that gives that page, however often it is asked."""
    return Desk().says(lambda _since: [everywhere()])


def erased(database: Path, asked: str, *, in_texts: bool = False) -> Erasing:
    """Erase somebody as the command does."""
    with WriterLock(database), closing(open_writer(database)) as connection:

        def refresh() -> None:
            threads.refresh(connection)
            facts.refresh(connection, "UTC")

        return erase(connection, asked, refresh, in_texts=in_texts)


def proof(database: Path, **searched: list[str]) -> list[Found]:
    """Search every file of a database for Jane, or for what is given."""
    return search(beside(database), searched or SECRETS)


def ask(database: Path, sql: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query."""
    with closing(open_reader(database)) as connection:
        return connection.execute(sql).fetchall()


def contents(database: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return all rows of all tables but the run log and the marks of who was erased."""
    with closing(sqlite3.connect(database)) as connection:
        names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%sqlite_%'"
        tables = [name for (name,) in connection.execute(names)]
        left = {"sync_runs", "sync_state", "sources", "erased", "quarantine", "facts_state"}
        return {
            name: sorted(connection.execute(f'SELECT * FROM "{name}"'), key=repr)
            for name in tables
            if name not in left
        }
