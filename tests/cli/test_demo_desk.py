"""Tests of the demo's helpdesk: what its story tells, and that the numbers are those of a real team."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from statistics import median

import pytest

from deskmetry_cli.demo.company import DemoCompany
from deskmetry_cli.demo.desk import Desk, Json
from deskmetry_cli.demo.story import tell

STATUSES = {"new", "open", "pending", "hold", "solved", "closed"}


@pytest.fixture(scope="module")
def company() -> DemoCompany:
    return tell(7, date(2026, 11, 22))


@pytest.fixture(scope="module")
def desk(company: DemoCompany) -> Desk:
    return company.desk


def updates(desk: Desk) -> list[Json]:
    return [update for ticket in desk.tickets for update in ticket["updates"]]


def test_updates_stand_in_order_of_time_and_none_after_the_end(desk: Desk) -> None:
    for ticket in desk.tickets:
        instants = [update["at"] for update in ticket["updates"]]
        assert instants == sorted(instants)
        assert instants[-1] < desk.now
        survey = ticket.get("survey", {})
        assert survey.get("offered", 0) < survey.get("answered", desk.now) <= desk.now


def test_everybody_named_is_somebody_and_every_status_is_one(desk: Desk) -> None:
    people = {person["id"] for person in desk.people}
    teams = {team["id"] for team in desk.teams}
    assert {update["by"] for update in updates(desk)} <= {*people, None}
    assert {update["assignee"] for update in updates(desk) if "assignee" in update} <= people
    assert {update["team"] for update in updates(desk) if "team" in update} == teams
    assert {update["status"] for update in updates(desk) if "status" in update} == STATUSES
    assert len({ticket["id"] for ticket in desk.tickets}) == len(desk.tickets)


def test_every_kind_of_thing_happens(desk: Desk) -> None:
    truth = desk.truth()
    assert set(truth.channels) == {"email", "web", "chat", "phone"}
    for count in (truth.deleted, truth.merged, truth.by_bot, truth.good, truth.bad):
        assert count > 0
    assert any(update.get("scrubbed") for update in updates(desk))
    assert any(update.get("public") is False for update in updates(desk))
    reopened = [t for t in desk.tickets if _reopened(t)]
    assert 0.02 < len(reopened) / truth.tickets < 0.08


def _reopened(ticket: Json) -> bool:
    told = [update["status"] for update in ticket["updates"] if "status" in update]
    return any(before == "solved" and after == "open" for before, after in pairwise(told))


def test_the_numbers_are_those_of_a_team_that_could_be_real(desk: Desk) -> None:
    truth = desk.truth()
    assert 0.8 < truth.good / (truth.good + truth.bad) < 0.92
    assert 0.2 < (truth.good + truth.bad) / truth.offers < 0.35
    assert 0.03 < truth.by_bot / truth.solved < 0.15
    assert truth.answered + truth.by_bot > 0.93 * (truth.tickets - truth.channels["phone"])
    assert 60 < median(_waits(desk, "chat")) < 600
    assert 1800 < median(_waits(desk, "email")) < 5 * 3600


def _waits(desk: Desk, channel: str) -> list[int]:
    staff = _staff(desk)
    chats = {chat["ticket"]: chat["updates"] for chat in desk.chats if "ticket" in chat}
    waits = []
    for ticket in desk.tickets:
        said = [*chats.get(ticket["id"], []), *ticket["updates"]]
        replies = [u["at"] for u in said if u["by"] in staff and "say" in u and u.get("public", True)]
        if ticket["channel"] == channel and replies:
            waits.append(replies[0] - ticket["updates"][0]["at"])
    return waits


def _staff(desk: Desk) -> set[int]:
    return {person["id"] for person in desk.people if person["role"] in ("agent", "admin")}


def test_what_was_said_in_a_chat_is_in_no_comment_and_what_was_said_later_is(desk: Desk) -> None:
    tickets = {ticket["id"]: ticket for ticket in desk.tickets}
    linked = [chat for chat in desk.chats if "ticket" in chat]
    assert {chat["ticket"] for chat in linked} == {
        number for number, ticket in tickets.items() if ticket["channel"] == "chat"
    }
    for chat in linked:
        updates = tickets[chat["ticket"]]["updates"]
        assert "say" not in updates[0]
        last = max(line["at"] for line in chat["updates"])
        assert all(one["at"] > last for one in updates if "say" in one and one.get("public", True))
        assert chat["began"] <= chat["updates"][0]["at"] <= last < chat["ended"] < desk.now
    late = [one for chat in linked for one in tickets[chat["ticket"]]["updates"] if "say" in one]
    assert late


def test_chats_and_calls_that_nobody_took_have_no_ticket(desk: Desk) -> None:
    staff = _staff(desk)
    alone = [chat for chat in desk.chats if "ticket" not in chat]
    assert 0.02 < len(alone) / len(desk.chats) < 0.15
    assert all(chat["missed"] and not {line["by"] for line in chat["updates"]} & staff for chat in alone)
    hung_up = [call for call in desk.calls if "ticket" not in call]
    assert 0.02 < len(hung_up) / len(desk.calls) < 0.15
    assert {call["status"] for call in hung_up} == {"abandoned_in_queue"}


def test_a_call_names_its_ticket_and_the_ticket_its_call(desk: Desk) -> None:
    calls = {call["id"]: call for call in desk.calls if "ticket" in call}
    about = {t["updates"][0]["call"]["call_id"]: t for t in desk.tickets if t["channel"] == "phone"}
    assert set(about) == set(calls)
    for key, call in calls.items():
        assert call["ticket"] == about[key]["id"]
        assert call["duration"] == call["answer"] + call["talk"]
        assert call["agent"] in _staff(desk)
        assert not any("say" in update for update in about[key]["updates"])
    assert 20 < median(call["wait"] for call in calls.values()) < 60


def test_some_customers_write_to_the_helpdesk_and_to_the_mailboxes(company: DemoCompany) -> None:
    mail = {letter.address for thread in company.threads for letter in thread.letters}
    desk = {person["email"] for person in company.desk.people if person["role"] == "customer"}
    assert 0.1 < len(mail & desk) / len(desk) < 0.6


def test_the_staff_of_the_helpdesk_is_that_of_the_mailboxes(company: DemoCompany) -> None:
    people = {
        person["email"]: person for person in company.desk.people if person["role"] in ("agent", "admin")
    }
    assert set(people) == {agent.address(company.domain) for agent in company.agents}
    assert [person["name"] for person in people.values() if "left" in person] == ["Lea Fischer"]
