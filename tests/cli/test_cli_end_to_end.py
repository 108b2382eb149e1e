"""End to end: the demo's company, synced by the real connector, is answered as its story was told."""

from __future__ import annotations

import shlex
import stat
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from deskmetry_cli.demo import build
from deskmetry_cli.demo.company import Truth
from helpers_cli import cli

UNTIL = date(2026, 11, 22)


@dataclass(frozen=True, slots=True)
class Company:
    """A small company of the demo, synced."""

    config: Path
    truth: Truth
    since: str

    def ask(self, *question: str) -> dict[str, Any]:
        """Ask a metric over the whole story."""
        span = ("--since", self.since, "--until", UNTIL.isoformat())
        answer = cli("-c", self.config, "metric", *question, *span, "--format", "json")
        assert answer.code == 0, answer.err
        found: dict[str, Any] = answer.json
        return found

    def by(self, metric: str, dimension: str) -> dict[str, int]:
        """Return the values of a metric by a dimension."""
        return {
            point["dimensions"][dimension]: point["value"]
            for point in self.ask(metric, "--by", dimension)["points"]
        }


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    folder = tmp_path_factory.mktemp("company") / "demo"
    told = build(folder, seed=7, until=UNTIL, tickets_per_year=300)
    config = folder / "deskmetry.toml"
    answer = cli("-c", config, "sync")
    assert answer.code == 0, answer.err
    return Company(config, told.truth, told.since.isoformat())


def test_end_to_end_the_numbers_of_messages_are_those_of_the_story(company: Company) -> None:
    assert company.ask("inbound_messages")["total"]["value"] == company.truth.customer_mails
    assert company.ask("outbound_messages")["total"]["value"] == company.truth.human_replies
    assert company.by("outbound_messages", "agent") == company.truth.replies_by_agent


def test_end_to_end_the_numbers_of_tickets_are_those_of_the_story(company: Company) -> None:
    truth = company.truth
    volume = company.ask("ticket_volume")["total"]
    assert volume["value"] == truth.customer_threads + truth.outbound_threads
    assert {reason: volume["left_out"][reason] for reason in ("spam", "newsletters", "bounces")} == {
        "spam": truth.spam,
        "newsletters": truth.newsletters,
        "bounces": truth.bounces,
    }
    # The story's last mail, a notification, is the instant until which all is known, and lies beyond it.
    assert volume["left_out"]["automatic messages"] in (truth.notifications, truth.notifications - 1)
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
    for name in ("ticket_volume", "first_response_time", "unanswered_rate", "ticket_backlog"):
        assert name in answer.out
    assert "cd deskmetry-demo" in answer.err
    as_json = cli("demo", "--until", "2026-11-22", "--format", "json")
    assert as_json.code == 0, as_json.err
    assert (as_json.json["schema_version"], len(as_json.json["rows"])) == (1, 6)
    assert stat.S_IMODE((tmp_path / "deskmetry-demo" / "deskmetry.db").stat().st_mode) == 0o600
    # The commands that it proposes work.
    config = tmp_path / "deskmetry-demo" / "deskmetry.toml"
    proposed = [line.strip() for line in answer.err.splitlines() if line.startswith("  deskmetry ")]
    assert len(proposed) >= 5
    for line in proposed:
        done = cli("-c", config, *shlex.split(line)[1:])
        assert done.code == 0, (line, done.err)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    refused = cli("demo", "--folder", "mine", "-f", "json")
    assert (refused.code, refused.error["code"]) == (2, "folder_taken")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["letter.txt"]
