"""Tests of what the demo answers: about its chats, marketplaces, surveys and files what was told."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from deskmetry_cli.demo import DemoCompany, build
from deskmetry_cli.demo.voices import CONTACT, CSAT, NPS, RELATION
from helpers_cli import cli

UNTIL = date(2026, 11, 22)


@dataclass(frozen=True, slots=True)
class Answers:
    """A small company of the demo, synced."""

    config: Path
    company: DemoCompany

    def ask(self, metric: str, source: str, *more: str) -> dict[str, Any]:
        """Return the total of a metric over the whole story, of one source."""
        span = ("--since", self.company.since.isoformat(), "--until", UNTIL.isoformat())
        where = ("--where", f"source={source}")
        answer = cli("-c", self.config, "metric", metric, *where, *span, *more, "--format", "json")
        assert answer.code == 0, answer.err
        total: dict[str, Any] = answer.json["total"]
        return total

    def counted(self, metric: str, source: str, *more: str) -> tuple[int, int]:
        """Return how many count and of how many, for a share."""
        total = self.ask(metric, source, *more)
        return round((total["value"] or 0) * total["n"]), total["n"]

    def sql(self, query: str) -> list[dict[str, Any]]:
        """Return the rows of a query."""
        answer = cli("-c", self.config, "sql", query, "--format", "json")
        assert answer.code == 0, answer.err
        rows: list[dict[str, Any]] = answer.json["rows"]
        return rows


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Answers:
    folder = tmp_path_factory.mktemp("answers") / "demo"
    company = build(folder, seed=7, until=UNTIL, tickets_per_year=500)
    answer = cli("-c", folder / "deskmetry.toml", "sync")
    assert answer.code == 0, answer.err
    return Answers(folder / "deskmetry.toml", company)


def humans(chat: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        one
        for one in chat["updates"]
        if "@" in str(one.get("by", "")) and one.get("public", True) and not one.get("welcome")
    ]


def test_chats_are_answered_as_they_were_told(demo: Answers) -> None:
    chats = demo.company.chats["chats"]
    assert demo.ask("ticket_volume", "chat")["value"] == len(chats)
    assert demo.ask("outbound_messages", "chat")["value"] == sum(len(humans(chat)) for chat in chats)
    assert demo.ask("first_response_time", "chat")["n"] == sum(bool(humans(chat)) for chat in chats)
    rated = [one["rate"] for chat in chats for one in chat["updates"] if "rate" in one]
    assert demo.counted("csat", "chat") == (sum(rated), len(rated))
    by_bot = sum(bool(chat.get("resolved")) for chat in chats)
    missed = sum(not humans(chat) and not chat.get("resolved") for chat in chats)
    assert demo.counted("unanswered_rate", "chat", "--grace", "0s") == (missed, len(chats) - by_bot)


def test_marketplaces_are_answered_as_they_were_told(demo: Answers) -> None:
    tickets = demo.company.markets["tickets"]
    staff = {one["id"] for one in demo.company.markets["people"] if one["role"] == "agent"}
    said = [
        one
        for ticket in tickets
        for one in ticket["updates"]
        if one["by"] in staff and "say" in one and one.get("public", True)
    ]
    assert demo.ask("ticket_volume", "markets")["value"] == len(tickets)
    assert demo.ask("outbound_messages", "markets")["value"] == len(said)
    scores = [ticket["survey"]["score"] for ticket in tickets if "survey" in ticket]
    assert demo.counted("csat", "markets") == (sum(score[0] in "45" for score in scores), len(scores))
    assert demo.ask("csat_response_rate", "markets")["n"] == 0  # nobody tells who was asked


def test_surveys_are_answered_as_they_were_told(demo: Answers) -> None:
    responses = demo.company.voices["responses"]
    points = [
        int(one["answers"][NPS][0]["choice_id"].removeprefix(NPS))
        for one in responses
        if one["survey"] == RELATION
    ]
    nps = demo.ask("nps", "voice")
    promoters, detractors = sum(point > 8 for point in points), sum(point < 7 for point in points)
    assert nps["n"] == len(points)
    assert nps["value"] == pytest.approx(100 * (promoters - detractors) / len(points))
    places = [
        int(one["answers"][CSAT][0]["choice_id"].removeprefix(CSAT))
        for one in responses
        if one["survey"] == CONTACT
    ]
    assert demo.counted("csat", "voice") == (sum(place < 2 for place in places), len(places))


def test_an_answer_to_a_survey_has_the_agent_and_channel_of_the_ticket_that_it_names(demo: Answers) -> None:
    agents = {str(one["id"]): one["name"] for one in demo.company.desk.people}
    told = Counter(
        agents[one["variables"]["agent_id"]]
        for one in demo.company.voices["responses"]
        if one["survey"] == CONTACT
    )
    span = ("--since", demo.company.since.isoformat(), "--until", UNTIL.isoformat())
    where = ("--where", "survey=after-contact", "--by", "agent", "--by", "channel")
    answer = cli("-c", demo.config, "metric", "csat", *where, *span, "--format", "json")
    points = answer.json["points"]
    assert {point["dimensions"]["channel"] for point in points} == {"email"}
    assert {point["dimensions"]["agent"]: point["n"] for point in points} == told


def test_mails_that_the_helpdesk_got_as_well_count_once(demo: Answers) -> None:
    truth = demo.company.truth
    assert truth.mirrored > 0
    volume = demo.ask("ticket_volume", "support,orders")["value"]
    assert volume == truth.customer_threads + truth.outbound_threads


def test_the_files_are_read_whole(demo: Answers) -> None:
    orders = demo.company.orders
    (read,) = demo.sql(
        "SELECT count(*) AS n, sum(amount_minor) AS net, sum(refunded_minor) AS back FROM orders o"
        " JOIN sources s ON s.id = o.source_id WHERE s.name = 'shop'"
    )
    assert read == {
        "n": len(orders),
        "net": sum(order.amount for order in orders),
        "back": sum(order.refunded for order in orders),
    }
    (plans,) = demo.sql("SELECT count(*) AS n, sum(opening) AS opening FROM subscription_changes")
    opening = sum(change.opening for change in demo.company.plans)
    assert plans == {"n": len(demo.company.plans), "opening": opening}
    kinds = {row["kind"] for row in demo.sql("SELECT DISTINCT kind FROM costs")}
    assert kinds == {"wages", "taxes", "overtime", "tools"}
    assert demo.sql("SELECT count(*) AS n FROM quarantine") == [{"n": 0}]


def test_files_and_surveys_are_no_part_of_an_answer_about_tickets(demo: Answers) -> None:
    answer = cli("-c", demo.config, "metric", "resolution_time", "--by", "source", "--format", "json")
    known = {source["source"] for source in answer.json["history"]}
    assert known == {"support", "orders", "webshop", "markets", "chat"}
    # Each source that can't tell what the KPI needs is named, and no other one.
    said = " ".join(answer.json["warnings"])
    assert {name for name in (*known, "voice", "shop", "care", "books") if name in said} == {
        "support",
        "orders",
        "markets",
    }
    rated = cli("-c", demo.config, "metric", "csat", "--by", "source", "--format", "json")
    assert {source["source"] for source in rated.json["history"]} == known | {"voice"}


def test_people_are_one_over_all_kinds_of_sources(demo: Answers) -> None:
    # `people` has those whom a telephone number joins; all others are known by their address.
    joined = demo.sql(
        "WITH who AS (SELECT s.name AS source, coalesce(p.person, lower(c.email)) AS person FROM customers c"
        " JOIN sources s ON s.id = c.source_id"
        " LEFT JOIN people p ON p.source_id = c.source_id AND p.customer_id = c.id)"
        " SELECT source, count(DISTINCT person) AS people FROM who WHERE person IN"
        " (SELECT person FROM who GROUP BY 1 HAVING count(DISTINCT source) > 1) GROUP BY 1"
    )
    sources = {row["source"]: row["people"] for row in joined}
    assert set(sources) == {"support", "orders", "webshop", "markets", "chat", "voice", "shop", "care"}
    assert min(sources.values()) > 2


def test_verify_compares_the_kinds_that_a_file_has_and_no_others(demo: Answers) -> None:
    answer = cli("-c", demo.config, "verify", "care", "books", "--format", "json")
    assert answer.code == 0, answer.err
    found = {(row["source"], row["kind"], row["result"]) for row in answer.json["rows"]}
    assert found == {
        ("care", "customers", "agrees"),
        ("care", "subscription_changes", "agrees"),
        ("books", "agents", "agrees"),
        ("books", "costs", "agrees"),
    }
