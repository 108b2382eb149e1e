"""Golden numbers of the demo: six kinds of source side by side, and every KPI as their own data say."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from deskmetry_cli.demo import build
from helpers_cli import cli
from helpers_oracle import World
from helpers_oracle_answers import ALL, Question, asked, compared
from helpers_oracle_demo import demo_world

UNTIL, SPAN = date(2026, 11, 22), ("2025-11", "2026-12")
KINDS = {"mailbox", "zendesk", "edesk", "livechat", "surveymonkey", "table"}
CANT = (" can't give ", " never of who was asked")
OBSERVED, INFERRED = "observed between syncs", "inferred by rules"
HISTORY = {"markets": OBSERVED, "support": INFERRED, "orders": INFERRED}
"""Who has a history of statuses that nobody reported."""
SOLVES = (
    "tickets_solved", "ticket_backlog", "resolution_rate", "first_resolution_time", "resolution_time",
    "requester_wait_time", "agent_wait_time", "on_hold_time", "one_touch_rate", "replies_per_resolution",
    "reopen_rate", "bot_resolution_rate",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Demo:
    """The demo's company, synced, and what its sources tell."""

    config: Path
    world: World


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    folder = tmp_path_factory.mktemp("golden") / "demo"
    build(folder, seed=7, until=UNTIL, tickets_per_year=400)
    config = folder / "deskmetry.toml"
    answer = cli("-c", config, "sync")
    assert answer.code == 0, answer.err
    return Demo(config, demo_world(folder))


def test_the_demo_reads_six_kinds_of_source_of_which_each_has_something_to_say(demo: Demo) -> None:
    sources = tomllib.loads(demo.config.read_text("utf-8"))["sources"]
    assert {one["connector"] for one in sources.values()} == KINDS
    telling = {one.source for one in demo.world.tickets} | {one.source for one in demo.world.answers}
    assert {sources[name]["connector"] for name in telling} == KINDS - {"table"}
    assert {one.medium for one in demo.world.tickets} >= {"ticket", "email", "chat"}


@pytest.mark.parametrize(
    ("by", "zone"),
    [(None, "UTC"), ("source", "UTC"), ("medium", "UTC"), ("month", "Europe/Berlin")],
)
def test_every_kpi_of_the_demo_is_what_its_sources_own_data_say(
    demo: Demo, by: str | None, zone: str
) -> None:
    assert compared(demo.config, demo.world, Question(*SPAN, by, zone)) == []


@pytest.mark.parametrize("stat", ["mean", "p90", "max"])
def test_every_duration_of_the_demo_is_right_by_other_statistics(demo: Demo, stat: str) -> None:
    assert compared(demo.config, demo.world, Question(*SPAN, "source", stat=stat)) == []


def test_every_kpi_of_the_demo_is_what_was_known_in_summer(demo: Demo) -> None:
    summer = datetime(2026, 7, 1, 6, tzinfo=UTC)
    world = demo.world.before(round(summer.timestamp() * 1000))
    question = Question("2025-11", "2026-08", "source")
    assert compared(demo.config, world, question, "--as-of", summer.isoformat()) == []


@pytest.mark.parametrize("source", ["support", "orders", "webshop", "markets", "chat", "voice"])
def test_every_kpi_of_one_source_of_the_demo_is_what_it_says_alone(demo: Demo, source: str) -> None:
    where = ("--where", f"source={source}")
    assert compared(demo.config, demo.world.only(source), Question(*SPAN), *where) == []


def lacking(world: World) -> dict[str, set[str]]:
    """Return which sources of support can't give what a KPI needs: they told of none in a year."""
    supporting = {one.source for one in world.tickets} | {one.source for one in world.answers}
    given = {kind: {one.source for one in world.answers if one.kind == kind} for kind in ("csat", "nps")}
    offered = {one.source for one in world.offers if one.kind == "csat"}
    return {
        "csat": supporting - given["csat"],
        "csat_response_rate": supporting - offered,
        "nps": supporting - given["nps"],
    }


def test_a_source_that_cant_give_what_a_kpi_needs_is_named_in_the_answer(demo: Demo) -> None:
    expected = lacking(demo.world)
    assert all(len(sources) >= 2 for sources in expected.values())
    answers = asked(demo.config, tuple(expected), Question(*SPAN, "source"))
    for name, sources in expected.items():
        lines = [line for line in answers[name]["warnings"] if any(words in line for words in CANT)]
        assert {line.split(" (")[0] for line in lines} == sources, name
        assert not {one["dimensions"]["source"] for one in answers[name]["points"]} & sources
        text = cli("-c", demo.config, "metric", name, "--by", "medium", "--since", SPAN[0])
        assert text.code == 0
        for source in sources:
            assert f"\nNote: {source} (" in text.out, (name, source)


def test_a_history_of_statuses_that_nobody_reported_is_said_to_be_so(demo: Demo) -> None:
    for by in ("source", "medium"):
        for name, answer in asked(demo.config, ALL, Question(*SPAN, by)).items():
            said = {
                source
                for source, how in HISTORY.items()
                if any(line.startswith(f"{source}: ") and how in line for line in answer["warnings"])
            }
            assert said == (set(HISTORY) if name in SOLVES else set()), name
