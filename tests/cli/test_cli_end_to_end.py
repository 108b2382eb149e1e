"""End to end: the demo's company, synced by the real connectors, is answered as its story was told."""

from __future__ import annotations

import shlex
import socket
import stat
import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from deskmetry_cli.demo import build
from deskmetry_cli.demo.company import Truth
from deskmetry_cli.demo.desk import DeskTruth
from helpers_cli import cli, one_line

UNTIL = date(2026, 11, 22)
MAIL = "support,orders"


@dataclass(frozen=True, slots=True)
class Company:
    """A small company of the demo, synced."""

    config: Path
    truth: Truth
    desk: DeskTruth
    since: str

    def ask(self, *question: str, source: str = MAIL) -> dict[str, Any]:
        """Ask a metric over the whole story, of the mailboxes if nothing else is said."""
        question = (*question, "--where", f"source={source}")
        span = ("--since", self.since, "--until", UNTIL.isoformat())
        answer = cli("-c", self.config, "metric", *question, *span, "--format", "json")
        assert answer.code == 0, answer.err
        found: dict[str, Any] = answer.json
        return found

    def by(self, metric: str, dimension: str, source: str = MAIL) -> dict[str, int]:
        """Return the values of a metric by a dimension."""
        return {
            point["dimensions"][dimension]: point["value"]
            for point in self.ask(metric, "--by", dimension, source=source)["points"]
        }


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    folder = tmp_path_factory.mktemp("company") / "demo"
    told = build(folder, seed=7, until=UNTIL, tickets_per_year=400)
    config = folder / "deskmetry.toml"
    answer = cli("-c", config, "sync")
    assert answer.code == 0, answer.err
    return Company(config, told.truth, told.desk.truth(), told.since.isoformat())


def test_end_to_end_the_numbers_of_messages_are_those_of_the_story(company: Company) -> None:
    assert company.ask("inbound_messages")["total"]["value"] == company.truth.customer_mails
    assert company.ask("outbound_messages")["total"]["value"] == company.truth.human_replies
    assert company.by("outbound_messages", "agent") == company.truth.replies_by_agent


def test_end_to_end_the_numbers_of_tickets_are_those_of_the_story(company: Company) -> None:
    truth = company.truth
    volume = company.ask("ticket_volume")["total"]
    assert volume["value"] == truth.customer_threads + truth.outbound_threads
    assert {reason: volume["left_out"].get(reason, 0) for reason in ("spam", "newsletters")} == {
        "spam": truth.spam,
        "newsletters": truth.newsletters,
    }
    # A bounce that names the mail it is about is no ticket of its own.
    assert volume["left_out"].get("bounces", 0) <= truth.bounces
    # The last mails of both, notifications, are the instants until which all is known, and lie beyond.
    assert truth.notifications - 2 <= volume["left_out"]["automatic messages"] <= truth.notifications
    by_team = company.by("ticket_volume", "team")
    assert sum(by_team.values()) - sum(truth.teams.values()) == truth.outbound_threads
    by_channel = company.by("ticket_volume", "channel")
    for channel in ("web_form", "email", "returns"):
        assert by_channel[channel] >= truth.channels[channel]


def test_end_to_end_who_was_answered_is_as_in_the_story(company: Company) -> None:
    truth = company.truth
    assert company.ask("first_response_time")["total"]["n"] == truth.answered_threads
    unanswered = company.ask("unanswered_rate", "--grace", "0s")["total"]
    silent = truth.unanswered_threads - truth.elsewhere_threads
    assert unanswered["n"] == truth.customer_threads - truth.elsewhere_threads
    assert unanswered["value"] == pytest.approx(silent / unanswered["n"])
    assert unanswered["left_out"]["answered outside the source"] == truth.elsewhere_threads
    per_ticket = company.ask("replies_per_ticket")["total"]["value"]
    threads = truth.customer_threads + truth.outbound_threads
    assert per_ticket == pytest.approx(truth.human_replies / threads)


def test_end_to_end_the_helpdesk_is_answered_as_its_story_was_told(company: Company) -> None:
    desk = company.desk
    volume = company.ask("ticket_volume", source="webshop")["total"]
    assert volume["value"] == desk.tickets
    assert volume["left_out"]["deleted before they were solved"] == desk.deleted
    assert volume["left_out"].get("merged into another ticket", 0) == desk.merged
    assert company.ask("outbound_messages", source="webshop")["total"]["value"] == desk.human_replies
    assert company.by("outbound_messages", "agent", "webshop") == desk.replies_by_agent
    assert company.ask("first_response_time", source="webshop")["total"]["n"] == desk.answered
    csat = company.ask("csat", source="webshop")["total"]
    assert (csat["n"], round(csat["value"] * csat["n"])) == (desk.good + desk.bad, desk.good)
    bot = company.ask("bot_resolution_rate", source="webshop")["total"]
    assert (bot["n"], round(bot["value"] * bot["n"])) == (desk.solved, desk.by_bot)
    channels = {"web": "web_form", "phone": "voice"}
    told = {channels.get(name, name): count for name, count in desk.channels.items()}
    found = company.by("ticket_volume", "channel", "webshop")
    assert {name: count for name, count in found.items() if count} == told


def test_end_to_end_customers_of_several_sources_are_one_person(company: Company) -> None:
    several = "SELECT person FROM ticket_facts GROUP BY 1 HAVING count(DISTINCT source) > 1"
    found = cli("-c", company.config, "sql", f"SELECT count(*) AS n FROM ({several})", "--format", "json")
    assert found.json["rows"][0]["n"] >= 5


def test_end_to_end_agents_of_several_sources_are_one_person(company: Company) -> None:
    everywhere = company.by("outbound_messages", "agent", f"{MAIL},webshop")
    expected = company.desk.replies_by_agent.copy()
    expected.update(company.truth.replies_by_agent)
    assert everywhere == expected


def test_a_sync_in_the_folder_of_the_demo_goes_on_serving_its_helpdesk(company: Company) -> None:
    again = cli("-c", company.config, "sync", "webshop")
    assert again.code == 0, again.err
    checked = cli("-c", company.config, "check", "--format", "json")
    assert checked.code == 0
    assert [row["status"] for row in checked.json["rows"]] == ["ok"] * 9


def test_a_port_that_somebody_else_has_is_told_in_one_line(company: Company) -> None:
    url = tomllib.loads(company.config.read_text("utf-8"))["sources"]["webshop"]["url"]
    with socket.create_server(("127.0.0.1", int(url.rpartition(":")[2]))):
        line = one_line(cli("-c", company.config, "sync", "webshop"), 2)
        both = cli("-c", company.config, "check", "--format", "json")
    assert "is in use" in line
    failed = [row["source"] for row in both.json["rows"] if row["status"] == "failed"]
    assert (failed, len(both.json["rows"])) == (["webshop"], 9)


def test_end_to_end_months_add_up_to_the_whole(company: Company) -> None:
    whole = company.ask("ticket_volume", "--by", "month")
    assert sum(point["value"] or 0 for point in whole["points"]) == whole["total"]["value"]


def test_the_demo_runs_and_answers_and_leaves_others_files_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    def small(folder: Path, *, seed: int, until: date) -> Any:
        return build(folder, seed=seed, until=until, tickets_per_year=200)

    monkeypatch.setattr("deskmetry_cli.demo.build", small)
    answer = cli("demo", "--until", "2026-11-22")
    assert answer.code == 0, answer.err
    for name in ("ticket_volume", "first_response_time", "csat", "ticket_backlog", "support", "webshop"):
        assert name in answer.out
    assert "voice holds no tickets." in answer.out
    assert "cd deskmetry-demo" in answer.err
    as_json = cli("demo", "--until", "2026-11-22", "--format", "json")
    assert as_json.code == 0, as_json.err
    assert (as_json.json["schema_version"], len(as_json.json["rows"])) == (1, 10)
    assert stat.S_IMODE((tmp_path / "deskmetry-demo" / "deskmetry.db").stat().st_mode) == 0o600
    # The commands that it proposes work.
    config = tmp_path / "deskmetry-demo" / "deskmetry.toml"
    proposed = [line.strip() for line in answer.err.splitlines() if line.startswith("  deskmetry ")]
    assert len(proposed) >= 5
    for line in proposed:
        done = cli("-c", config, *shlex.split(line)[1:])
        assert done.code == 0, (line, done.err)
        assert "warning" not in done.err  # nothing is wrong with a demo that nobody touched
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    refused = cli("demo", "--folder", "mine", "-f", "json")
    assert (refused.code, refused.error["code"]) == (2, "folder_taken")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["letter.txt"]
