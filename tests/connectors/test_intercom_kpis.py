"""KPIs over a synced Intercom workspace, against its own numbers in plain Python."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

import pytest

from deskmetry.metric import Metric
from deskmetry.query import Query, Result, answer
from deskmetry.store import open_reader
from deskmetry_connectors.intercom.emulator import Company, Conversation
from deskmetry_metrics.satisfaction import Csat
from deskmetry_metrics.speed import FirstResponseTime, ResolutionTime
from deskmetry_metrics.volume import InboundMessages, OutboundMessages, TicketsSolved, TicketVolume
from helpers_intercom import desk, intercom, run

PERIOD = ("2025-11", "2026-03")
METRICS: list[Metric] = [
    TicketVolume(), InboundMessages(), OutboundMessages(), FirstResponseTime(), ResolutionTime(),
    TicketsSolved(), Csat(),
]  # fmt: skip


def talk(one: Conversation) -> list[tuple[int, str]]:
    """Return when who said something publicly: customer, human, bot; campaigns are nobody's."""
    source = one.source
    words = {"admin": "human", "user": "customer", "lead": "customer", "bot": "bot"}
    first = "campaign" if source["delivered_as"] == "automated" else words[source["author"]["type"]]
    said = [(part.at, words[part.author["type"]]) for part in one.parts if part.kind == "comment"]
    return [(one.created, first), *said]


def last_close(one: Conversation) -> int:
    """Return when a closed conversation was closed last."""
    return max(part.at for part in one.parts if part.kind == "close")


def expected(mine: list[Conversation]) -> dict[str, float]:
    """Compute KPIs of the whole period from the workspace's own data, in plain Python."""
    mine = [one for one in mine if {"customer", "human"} & {who for _, who in talk(one)}]  # no mere campaign
    said = [(at, who) for one in mine for at, who in talk(one)]
    first, solved = [], []
    for one in mine:
        asked = [at for at, who in talk(one) if who == "customer"]
        answers = [at for at, who in talk(one) if who == "human" and asked and at >= asked[0]]
        if answers and one.source["delivered_as"] != "admin_initiated":
            first.append(min(answers) - asked[0])
        if one.state == "closed":
            solved.append(last_close(one) - one.created)
    scores = [one.rating["rating"] for one in mine if one.rating and one.rating["rating"] is not None]
    scores += [one.ai_agent["rating"] for one in mine if one.ai_agent]
    return {
        "ticket_volume": len(mine),
        "inbound_messages": sum(who == "customer" for _, who in said),
        "outbound_messages": sum(who == "human" for _, who in said),
        "first_response_time": statistics.median(first) * 1000,
        "resolution_time": statistics.median(solved) * 1000,
        "tickets_solved": len(solved),
        "csat": sum(score >= 4 for score in scores) / len(scores),
    }


@pytest.fixture(scope="module")
def synced(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Company]:
    company, database = Company.make(tickets=120, seed=4), tmp_path_factory.mktemp("kpis") / "desk.db"
    with desk(company) as server:
        run(database, intercom(server))
    return database, company


def answers(database: Path, **more: Any) -> dict[str, Result]:
    with open_reader(database) as connection:
        return {
            one.name: answer(connection, Query(one, since=PERIOD[0], until=PERIOD[1], **more))
            for one in METRICS
        }


def test_kpis_agree_with_the_workspaces_own_numbers(synced: tuple[Path, Company]) -> None:
    database, company = synced
    found = {name: result.total.value for name, result in answers(database).items()}
    assert found == pytest.approx(expected(list(company.conversations.values())))


def test_kpis_agree_by_source_and_by_medium(synced: tuple[Path, Company]) -> None:
    database, company = synced
    whole = expected(list(company.conversations.values()))
    by_medium = {
        medium: expected([c for c in company.conversations.values() if (c.source["type"] == "email") == mail])
        for medium, mail in (("chat", False), ("ticket", True))
    }
    for name, result in answers(database, by=("source",)).items():
        assert shown(result, "source") == {"ic": pytest.approx(whole[name])}, name
    for name, result in answers(database, by=("medium",)).items():
        assert shown(result, "medium") == {
            medium: pytest.approx(numbers[name]) for medium, numbers in by_medium.items()
        }, name


def shown(result: Result, dimension: str) -> dict[str, float | int | None]:
    return {point.dimensions[dimension]: point.value for point in result.points}
