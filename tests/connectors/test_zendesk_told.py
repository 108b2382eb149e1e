"""An emulated account that is told from outside, as the demo does."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from deskmetry.errors import DeskmetryError
from deskmetry.records import Agent, Message, SurveyAnswer, Ticket, TicketEvent
from deskmetry.records.kinds import ActorKind, TicketStatus
from deskmetry_connectors.zendesk.connector import Zendesk
from deskmetry_connectors.zendesk.emulator.told import serve

BEGIN = 1_780_000_000


def story() -> dict[str, Any]:
    updates = [
        {"at": BEGIN, "by": 1, "say": "Where is it?", "status": "new"},
        {"at": BEGIN + 60, "by": 9, "say": "On its way.", "status": "pending", "assignee": 9, "team": 11},
        {"at": BEGIN + 90, "by": 9, "say": "Check the depot.", "public": False, "tags": ["delivery"]},
        {"at": BEGIN + 500, "by": None, "status": "solved"},
    ]
    survey = {"offered": BEGIN + 600, "answered": BEGIN + 700, "score": "good"}
    ticket = {"id": 5, "requester": 1, "subject": "Parcel", "channel": "chat", "priority": "high"}
    return {
        "company": "Larkfield Cycles",
        "token": "told",
        "now": BEGIN + 10_000,
        "teams": [{"id": 11, "name": "Webshop"}],
        "people": [
            {
                "id": 9,
                "name": "Anna Keller",
                "email": "anna@l.example",
                "role": "admin",
                "since": BEGIN - 900,
            },
            {"id": 1, "name": "Ida Dahl", "email": "ida@mail.example", "role": "customer", "since": BEGIN},
        ],
        "tickets": [ticket | {"updates": updates, "survey": survey}],
    }


def test_a_told_account_is_read_as_it_was_told() -> None:
    with serve(story()) as url:
        connector = Zendesk.model_validate({"url": url, "token": "told"})
        try:
            records = [
                record
                for name in ("users", "tickets", "ticket_events", "satisfaction_ratings")
                for page in connector.read(name, None)
                for record in page.records
            ]
        finally:
            connector.close()
    (ticket,) = (one for one in records if isinstance(one, Ticket))
    assert (ticket.status, ticket.channel, ticket.priority) == (TicketStatus.SOLVED, "chat", "high")
    assert (ticket.assignee_id, ticket.tags) == ("9", ["delivery"])
    messages = [one for one in records if isinstance(one, Message)]
    assert [(one.author_kind, one.public) for one in messages] == [
        (ActorKind.CUSTOMER, True),
        (ActorKind.AGENT, True),
        (ActorKind.AGENT, False),
    ]
    solved = [one for one in records if isinstance(one, TicketEvent) and one.new == "solved"]
    assert [(one.old, one.actor_kind) for one in solved] == [("pending", ActorKind.SYSTEM)]
    assert [one.score for one in records if isinstance(one, SurveyAnswer)] == [1.0]
    assert [one.name for one in records if isinstance(one, Agent)] == ["Anna Keller"]


def test_only_the_token_that_was_told_opens_the_account() -> None:
    with serve(story()) as url:
        connector = Zendesk.model_validate({"url": url, "token": "another"})
        with pytest.raises(DeskmetryError):
            connector.check()
        connector.close()


def test_a_port_that_is_taken_is_an_error_of_the_system() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="in use"), serve(story(), port):
            pass
