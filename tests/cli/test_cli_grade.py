"""Tests of `grade`: a built-in connector, one in a file, one without a trial, and the exit codes."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers_cli import cli

FILE = """
from contextlib import contextmanager
from datetime import timedelta

from deskmetry import Connector, Field, HttpUrl, SecretStr, Ticket, hookimpl, stream
from deskmetry.testing import CANARY, Collection, FakeHelpdesk, Trial


class Filed(Connector):
    "Tickets of a made-up helpdesk."

    name = "filed"
    trial = ":trial"
    url: HttpUrl = Field(description="Address of the account")
    token: SecretStr = Field(description="API token")

    @stream(Ticket, overlap=timedelta(minutes=5))
    def tickets(self, since):
        {words}
        query = {{"updated_since": since and since.watermark}}
        for batch in self.http.pages("/tickets", query, items="data", next_url="next"):
            yield self.page(batch.items, self.ticket, watermark="updated_at")

    def ticket(self, row):
        return Ticket(id=row["id"], subject=row["title"], status="open",
                      created_at="2026-02-01T08:00:00Z", updated_at=row["updated_at"])


def row(number, at):
    return {{"id": number, "title": f"Question {{number}}", "updated_at": at.isoformat()}}


@contextmanager
def trial():
    with FakeHelpdesk(Collection("/tickets", row=row, table="tickets"), token=CANARY) as desk:
        yield Trial(world=desk, connector=lambda url: Filed(url=url, token=CANARY))


@hookimpl
def register_connectors():
    return [Filed]
"""


def plugin(folder: Path, words: str = "'Read what changed.'") -> Path:
    """Write a connector and its trial into one file."""
    path = folder / "filed.py"
    path.write_text(FILE.format(words=words), encoding="utf-8")
    return path


def test_a_built_in_connector_is_graded_as_a_table(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    answer = cli("grade", "mailbox", "--at-least", "gold")
    assert answer.code == 0, answer.out
    assert answer.out.startswith("mailbox: platinum\n")
    assert "it doesn't speak HTTP" in answer.out
    assert answer.err == "Trying 39 rules.\n"


def test_a_connector_in_a_file_is_graded_as_json(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    answer = cli("--plugin", plugin(tmp_path), "grade", "filed", "-f", "json", "--at-least", "platinum")
    assert answer.code == 0, answer.out
    assert (answer.json["connector"], answer.json["grade"]) == ("filed", "platinum")
    verdicts = {one["rule"]: one["verdict"] for one in answer.json["rules"]}
    assert verdicts["first_read_is_whole"] == "met"
    assert verdicts["missing_permissions_skip"] == "exempt"


def test_a_grade_below_the_one_asked_for_ends_with_8_and_says_what_is_lacking(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    answer = cli("--plugin", plugin(tmp_path, words=""), "grade", "filed", "--at-least", "gold")
    assert answer.code == 8
    assert answer.out.startswith("filed: silver\n")
    assert "No docstring: tickets." in answer.out
    assert "For gold: streams_are_documented." in answer.out


def test_a_connector_without_a_trial_is_told_plainly(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    path = plugin(tmp_path)
    path.write_text(path.read_text(encoding="utf-8").replace('    trial = ":trial"\n', ""), encoding="utf-8")
    answer = cli("--plugin", path, "grade", "filed", "-f", "json")
    assert answer.code == 2
    assert answer.error["code"] == "no_trial"
    assert "Write a function that yields a `Trial`" in answer.error["hint"]


def test_an_unknown_connector_gets_the_nearest_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    answer = cli("grade", "zendsk")
    assert answer.code == 2
    assert "Did you mean 'zendesk'?" in answer.err
