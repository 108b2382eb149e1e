"""Chats of Zendesk Chat and the tickets that Zendesk makes of them; the KPIs by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deskmetry.metric import Metric
from deskmetry.query import Query, answer
from deskmetry.store import open_reader
from deskmetry_connectors.zendesk.emulator import Company, Emulator
from deskmetry_connectors.zendesk.emulator.told import account
from deskmetry_metrics.effort import RepliesPerTicket
from deskmetry_metrics.satisfaction import Csat
from deskmetry_metrics.speed import FirstResponseTime, UnansweredRate
from deskmetry_metrics.volume import InboundMessages, TicketVolume
from helpers_synced import rows
from helpers_zendesk import desk, run, zendesk
from helpers_zendesk_live import T0


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "desk.db"


@pytest.fixture
def server() -> Iterator[Emulator]:
    with desk(Company.make(tickets=10, seed=2, users=12, chats=30)) as found:
        yield found


def test_neither_notice_nor_transcript_of_a_chats_ticket_counts_as_a_message(
    server: Emulator, database: Path
) -> None:
    run(database, zendesk(server))
    linked = [one for one in server.company.chats.values() if one.ticket]
    assert linked
    for one in linked:
        found = rows(
            database,
            "SELECT customer_messages, human_replies FROM ticket_facts WHERE ticket_id = ?",
            str(one.ticket),
        )
        said = [line["sender_type"] for line in one.history if "msg" in line]
        assert found == [(said.count("Visitor"), said.count("Agent"))]


def test_the_customer_of_a_chats_notice_doesnt_become_an_agent(server: Emulator, database: Path) -> None:
    run(database, zendesk(server))
    agents = set(rows(database, "SELECT id FROM known_agents"))
    staff = {str(key) for key, user in server.company.users.items() if user.name.startswith("Agent")}
    assert agents <= staff


def test_a_rating_that_support_has_too_is_one_answer(database: Path) -> None:
    company = Company.make(tickets=4, seed=2, users=12, chats=4)
    chat = next(one for one in company.chats.values() if one.ticket and one.history)
    ticket = company.tickets[chat.ticket or 0]
    chat.rate("bad", T0 + 60, "Slow")
    company.rate(company.offer(ticket, T0 + 60), "bad", T0 + 60, "Slow")
    with desk(company) as server:
        run(database, zendesk(server))
        sql = "SELECT count(*) FROM survey_answers WHERE ticket_id = ?"
        assert rows(database, sql, str(ticket.id)) == [1]
        sql = "SELECT DISTINCT customer_id FROM {} WHERE ticket_id = ?"
        for table in ("survey_answers", "survey_offers"):  # the ticket's own copies stand
            assert rows(database, sql.format(table), str(ticket.id)) == [str(ticket.requester)]
        assert run(database, zendesk(server, chat_overlap="9000d")).sources[0].written.changed == 0


def test_a_ticket_that_comes_later_takes_the_chat_over(server: Emulator, database: Path) -> None:
    run(database, zendesk(server))
    company = server.company
    chat = next(one for one in company.chats.values() if not one.ticket and one.rating and one.history)
    before = rows(database, "SELECT count(*) FROM ticket_facts WHERE excluded IS NULL")
    ticket = next(one for one in company.tickets.values() if one.channel == "email")
    chat.link(ticket.id, company.now - 400)
    company.revision += 1
    run(database, zendesk(server))
    sql = "SELECT count(*) FROM ticket_facts WHERE excluded IS NULL"
    assert rows(database, sql) == [before[0] - 1]
    assert rows(database, "SELECT merged_into FROM tickets WHERE id = ?", chat.id) == [str(ticket.id)]
    assert rows(database, "SELECT DISTINCT ticket_id FROM messages WHERE id LIKE ? || ':%'", chat.id) == [
        str(ticket.id)
    ]
    live = "SELECT count(*) FROM survey_answers WHERE superseded_by IS NULL AND ticket_id IN (?, ?)"
    assert rows(database, live, chat.id, str(ticket.id)) == [1]


# --- by hand ---------------------------------------------------------------------------------------------


def story() -> dict[str, Any]:
    """Return an account with an e-mail, three chats (one linked, one missed) and two ratings."""
    people = [
        {"id": 9, "name": "Anna", "email": "anna@l.example", "role": "admin", "since": T0 - 900},
        {"id": 1, "name": "Ida", "email": "ida@mail.example", "role": "customer", "since": T0 - 900},
        {"id": 2, "name": "Udo", "email": "udo@mail.example", "role": "customer", "since": T0 - 900},
    ]
    mail = [
        {"at": T0, "by": 1, "say": "Where is it?", "status": "new"},
        {"at": T0 + 600, "by": 9, "say": "On its way.", "status": "solved", "assignee": 9, "team": 11},
    ]
    linked = [
        {"at": T0 + 1000, "by": 2, "say": "Hello", "status": "new", "public": False},
        {"at": T0 + 1400, "by": 9, "status": "solved", "assignee": 9, "team": 11},
    ]
    tickets = [
        {"id": 5, "requester": 1, "subject": "Parcel", "channel": "email", "priority": None,
         "updates": mail, "survey": {"offered": T0 + 700, "answered": T0 + 800, "score": "good"}},
        {"id": 6, "requester": 2, "subject": "Chat", "channel": "chat", "priority": None, "updates": linked},
    ]  # fmt: skip
    chats = [
        # Answered after 40 seconds; a session of ticket 6.
        {"id": "A", "customer": 2, "began": T0 + 1000, "ended": T0 + 1300, "ticket": 6, "team": 11,
         "updates": [{"at": T0 + 1000, "by": 2, "say": "Hello"}, {"at": T0 + 1020, "by": 9, "join": True},
                     {"at": T0 + 1040, "by": 9, "say": "Hi"},
                     {"at": T0 + 1350, "by": 2, "rate": "bad", "comment": "No"}]},
        # Answered after 80 seconds; a ticket of its own.
        {"id": "B", "customer": 1, "began": T0 + 2000, "ended": T0 + 2400, "team": 11,
         "page": "https://shop.example/cart", "updates": [
             {"at": T0 + 2000, "by": 1, "say": "Size?"}, {"at": T0 + 2080, "by": 9, "say": "54 cm."},
             {"at": T0 + 2100, "by": 1, "say": "Thanks"}, {"at": T0 + 2300, "by": 1, "goal": "Checkout"}]},
        # Nobody came.
        {"id": "C", "customer": 2, "began": T0 + 3000, "ended": T0 + 3090, "missed": True,
         "updates": [{"at": T0 + 3000, "by": 2, "say": "Anybody?"}]},
    ]  # fmt: skip
    return {
        "company": "Larkfield", "token": "emulated-token", "now": T0 + 9 * 86_400,
        "teams": [{"id": 11, "name": "Care"}], "people": people, "tickets": tickets, "chats": chats,
    }  # fmt: skip


def by_medium(database: Path, metric: Metric, **more: Any) -> dict[str, Any]:
    with open_reader(database) as connection:
        query = Query(metric, since="2026-02", until="2026-03", by=("medium",), **more)
        return {str(point.dimensions["medium"]): point.value for point in answer(connection, query).points}


def test_kpis_by_medium_are_what_they_are_by_hand(database: Path) -> None:
    with desk(account(story())) as server:
        report = run(database, zendesk(server))
    assert report.exit_code == 0, report.sources[0].error
    # Tickets 5, 6, B and C: the chat that is a session of 6 is no ticket beside it.
    assert by_medium(database, TicketVolume()) == {"ticket": 1, "chat": 3}
    # 600 s by mail; 40 s and 80 s in chats, the missed one is left out: the median is 60 s.
    assert by_medium(database, FirstResponseTime()) == {"ticket": 600_000, "chat": 60_000}
    # The mail good, the chat of ticket 6 bad.
    assert by_medium(database, Csat()) == {"ticket": 1.0, "chat": 0.0}
    # Of three chats with a customer's message one has no reply, and all are older than a day.
    assert by_medium(database, UnansweredRate()) == {"ticket": 0.0, "chat": 1 / 3}
    # Hello; Size?, Thanks; Anybody?
    assert by_medium(database, InboundMessages()) == {"ticket": 1, "chat": 4}
    assert by_medium(database, RepliesPerTicket()) == {"ticket": 1.0, "chat": 2 / 3}


def test_a_told_chat_has_its_page_its_goal_and_its_department(database: Path) -> None:
    with desk(account(story())) as server:
        run(database, zendesk(server, goals={"Checkout": "sale"}))
    assert rows(database, "SELECT page, team_id FROM tickets WHERE id = 'B'") == [
        ("https://shop.example/cart", "11")
    ]
    assert rows(database, "SELECT kind, ticket_id, session_id, at FROM goals") == [
        ("sale", "B", "B", (T0 + 2300) * 1000)
    ]
    assert rows(database, "SELECT status, resolved_by FROM tickets WHERE id = 'C'") == [("closed", "nobody")]
