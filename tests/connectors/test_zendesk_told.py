"""An emulated account that is told from outside, as the demo does."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from deskmetry.errors import DeskmetryError
from deskmetry.records import Agent, Message, Session, SurveyAnswer, Ticket, TicketEvent
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


def test_a_ticket_of_a_chat_or_a_call_begins_with_a_notice_and_what_was_said_is_the_chats() -> None:
    told = story()
    about = {"requester": 1, "subject": "Live", "priority": None}
    opened = {"at": BEGIN, "by": 1, "status": "new"}
    call = {"call_id": 70, "answered_by_id": 9, "call_duration": 66}
    told["tickets"] = [
        about | {"id": 6, "channel": "chat", "updates": [opened]},
        about | {"id": 7, "channel": "phone", "updates": [opened | {"call": call}]},
    ]
    lines = [
        {"at": BEGIN + 1, "by": 1, "say": "Hello?"},
        {"at": BEGIN + 20, "by": 9, "join": True},
        {"at": BEGIN + 30, "by": 9, "say": "Hello!"},
    ]
    told["chats"] = [
        {"id": "c1", "customer": 1, "began": BEGIN, "ended": BEGIN + 60, "ticket": 6, "updates": lines}
    ]
    told["calls"] = [
        {"id": 70, "customer": 1, "began": BEGIN, "status": "completed", "duration": 66, "answer": 6,
         "wait": 4, "talk": 60, "agent": 9, "ticket": 7},
    ]  # fmt: skip
    with serve(told) as url:
        connector = Zendesk.model_validate({"url": url, "token": "told"})
        try:
            records = [
                record
                for name in ("users", "tickets", "ticket_events", "chats", "calls")
                for page in connector.read(name, None)
                for record in page.records
            ]
        finally:
            connector.close()
    media = {one.id: one.medium.value for one in records if isinstance(one, Ticket)}
    assert media == {"6": "chat", "7": "phone"}
    said = [one for one in records if isinstance(one, Message) and not one.automatic]
    assert [(one.ticket_id, one.author_kind, one.body) for one in said] == [
        ("6", ActorKind.CUSTOMER, "Hello?"),
        ("6", ActorKind.AGENT, "Hello!"),
    ]
    sessions = {one.ticket_id: one for one in records if isinstance(one, Session)}
    assert {key: one.end for key, one in sessions.items()} == {"6": "completed", "7": "completed"}
    assert [one.role.value for one in records if isinstance(one, Agent)] == ["admin"]


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
