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
    assert set(truth.channels) == {"email", "web", "chat"}
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
    assert truth.answered + truth.by_bot > 0.95 * truth.tickets
    assert 60 < median(_waits(desk, "chat")) < 600
    assert 1800 < median(_waits(desk, "email")) < 5 * 3600


def _waits(desk: Desk, channel: str) -> list[int]:
    staff = {person["id"] for person in desk.people if person["role"] in ("agent", "admin")}
    waits = []
    for ticket in desk.tickets:
        replies = [
            u["at"] for u in ticket["updates"] if u["by"] in staff and "say" in u and u.get("public", True)
        ]
        if ticket["channel"] == channel and replies:
            waits.append(replies[0] - ticket["updates"][0]["at"])
    return waits


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
