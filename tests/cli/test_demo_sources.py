"""Tests of the demo's chats, marketplaces and surveys: what their stories tell, and who is in them."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime
from itertools import pairwise
from statistics import median
from zoneinfo import ZoneInfo

import pytest

from deskmetry_cli.demo.chats import BOT
from deskmetry_cli.demo.company import DemoCompany
from deskmetry_cli.demo.desk import Json
from deskmetry_cli.demo.markets import SELLERS
from deskmetry_cli.demo.story import tell
from deskmetry_cli.demo.voices import AGENT, CONTACT, NPS, RELATION, TICKET

UNTIL = date(2026, 11, 22)
BERLIN = ZoneInfo("Europe/Berlin")
END = datetime(2026, 11, 22, tzinfo=BERLIN).timestamp()


@pytest.fixture(scope="module")
def company() -> DemoCompany:
    return tell(7, UNTIL)


@pytest.fixture(scope="module")
def chats(company: DemoCompany) -> list[Json]:
    found: list[Json] = company.chats["chats"]
    return found


def replies(chat: Json) -> list[Json]:
    """What humans wrote to the customer by themselves."""
    return [
        one
        for one in chat["updates"]
        if "@" in str(one.get("by", "")) and one.get("public", True) and not one.get("welcome")
    ]


# --- chats --------------------------------------------------------------------------------------------


def test_chats_begin_while_the_window_is_open_and_end_before_the_story_does(chats: list[Json]) -> None:
    for chat in chats:
        at = datetime.fromtimestamp(chat["began"], BERLIN)
        assert at.weekday() < 6
        assert 9 <= at.hour < 18
        assert chat["began"] <= chat["updates"][0]["at"] < chat["ended"] < END
        told = [one["at"] for one in chat["updates"]]
        assert told == sorted(told)
        assert max(told) < END


def test_everybody_in_a_chat_is_somebody(company: DemoCompany, chats: list[Json]) -> None:
    people = {person["id"]: person for person in company.chats["people"]}
    assert {chat["customer"] for chat in chats} <= set(people)
    said = {one["by"] for chat in chats for one in chat["updates"] if "by" in one}
    assigned = {one["assign"] for chat in chats for one in chat["updates"] if "assign" in one}
    assert said | assigned <= set(people)
    assert {chat["team"] for chat in chats} == {team["id"] for team in company.chats["teams"]}
    assert [one["name"] for one in people.values() if one.get("left")] == ["Lea Fischer"]


def test_most_chats_are_answered_in_a_minute_or_two_and_some_by_nobody(chats: list[Json]) -> None:
    waits = [replies(chat)[0]["at"] - chat["began"] for chat in chats if replies(chat)]
    assert 30 < median(waits) < 150
    by_bot = sum(bool(chat.get("resolved")) for chat in chats)
    missed = len(chats) - len(waits) - by_bot
    assert 0.03 < missed / len(chats) < 0.13
    assert 0.05 < by_bot / len(chats) < 0.25
    assert Counter(chat["how"] for chat in chats)["archived_customer_disconnected"] > 3


def test_chats_are_rated_sometimes_days_later_and_some_end_with_an_order(
    company: DemoCompany, chats: list[Json]
) -> None:
    rated = [(chat, one) for chat in chats for one in chat["updates"] if "rate" in one]
    assert 0.15 < len(rated) / len(chats) < 0.35
    assert 0.75 < sum(one["rate"] for _, one in rated) / len(rated) < 0.95
    assert any(one["at"] > chat["ended"] + 86_400 for chat, one in rated)
    sold = {one["order"]["id"] for chat in chats for one in chat["updates"] if "order" in one}
    assert sold
    assert sold <= {order.number for order in company.orders}
    assert any(one.get("by") == BOT for chat in chats for one in chat["updates"])


# --- marketplaces -------------------------------------------------------------------------------------


def test_buyers_on_marketplaces_hide_behind_lent_addresses(company: DemoCompany) -> None:
    buyers = [one for one in company.markets["people"] if one["role"] == "customer"]
    assert len({one["email"] for one in buyers}) == len(buyers)
    assert {one["email"].partition("@")[2] for one in buyers} == {
        "relay.amazon-buyers.example",
        "members.ebay-buyers.example",
    }
    known = {customer.phone for customer in company.customers if customer.phone}
    assert 0.1 < sum(one.get("phone") in known for one in buyers) / len(buyers) < 0.5


def test_tickets_of_marketplaces_are_answered_by_those_who_sell_there(company: DemoCompany) -> None:
    people = {one["id"]: one for one in company.markets["people"]}
    tickets = company.markets["tickets"]
    updates = [(ticket, one) for ticket in tickets for one in ticket["updates"]]
    assert {people[one["by"]]["name"] for _, one in updates if one["by"] in people and one["by"] < 9_000} == {
        *SELLERS
    }
    assert all(one["by"] in {None, ticket["requester"], 51, 52, 53, 54} for ticket, one in updates)
    assert {ticket["channel"] for ticket in tickets} == {"amazon", "ebay"}
    assert max(one["at"] for _, one in updates) < END
    answered = [
        ticket
        for ticket in tickets
        if any("say" in one and (one["by"] or 9_999) < 9_000 for one in ticket["updates"])
    ]
    assert 0.9 < len(answered) / len(tickets) < 1
    assert all(ticket["survey"]["answered"] < END for ticket in tickets if "survey" in ticket)


# --- surveys ------------------------------------------------------------------------------------------


def test_a_survey_after_an_email_names_its_ticket_and_agent_and_comes_a_day_later_at_least(
    company: DemoCompany,
) -> None:
    tickets = {str(ticket["id"]): ticket for ticket in company.desk.tickets}
    staff = {str(one["id"]) for one in company.desk.people if one["role"] in ("agent", "admin")}
    answers = [one for one in company.voices["responses"] if one["survey"] == CONTACT]
    about = [one["variables"][TICKET] for one in answers]
    assert len(about) == len(set(about)) > 80
    for one in answers:
        ticket = tickets[one["variables"][TICKET]]
        assert ticket["channel"] == "email"
        assert "survey" not in ticket  # asked by one program only
        assert one["variables"][AGENT] in staff
        assert one["at"] - ticket["updates"][0]["at"] > 86_400
    statuses = Counter(one.get("status", "completed") for one in answers)
    assert set(statuses) == {"completed", "partial"}


def test_answers_to_an_invitation_come_after_it_and_some_by_nobody_known(company: DemoCompany) -> None:
    sent = {one["id"]: one for one in company.voices["invitations"]}
    waves = sorted({one["at"] for one in sent.values()})
    assert len(waves) == 4
    assert all(later - before > 80 * 86_400 for before, later in pairwise(waves))
    answers = [one for one in company.voices["responses"] if one["survey"] == RELATION]
    named = [one for one in answers if "recipient" in one]
    assert all(one["at"] > sent[one["recipient"]]["at"] for one in named)
    assert all(one["contact"]["email"] == sent[one["recipient"]]["email"] for one in named)
    assert 10 < len(answers) - len(named) < 40
    assert 0.18 < len(named) / len(sent) < 0.34
    points = [int(one["answers"][NPS][0]["choice_id"].removeprefix(NPS)) for one in answers]
    score = (sum(point > 8 for point in points) - sum(point < 7 for point in points)) / len(points)
    assert 0.1 < score < 0.6
    buyers = {order.customer.address for order in company.orders}
    assert {one["email"] for one in sent.values()} <= buyers


def test_every_answer_is_one_of_the_choices_that_the_survey_has(company: DemoCompany) -> None:
    questions = {
        question["id"]: question for survey in company.voices["surveys"] for question in survey["questions"]
    }
    for response in company.voices["responses"]:
        for key, rows in response["answers"].items():
            answers = questions[key]["answers"] or {}
            choices = {choice["id"] for choice in answers.get("choices", ())}
            assert all(row.get("text") or row["choice_id"] in choices for row in rows)


def test_the_same_customers_are_in_several_sources(company: DemoCompany) -> None:
    mail = {letter.address for thread in company.threads for letter in thread.letters}
    desk = {one["email"] for one in company.desk.people if one["role"] == "customer"}
    chat = {one["email"] for one in company.chats["people"] if one["role"] == "customer"}
    shop = {order.customer.address for order in company.orders}
    asked = {one["email"] for one in company.voices["invitations"]}
    for one, other in ((mail, chat), (desk, chat), (mail, shop), (desk, shop), (asked, mail), (asked, shop)):
        assert len(one & other) > 40
    plans = {change.customer.address for change in company.plans}
    assert plans <= shop
