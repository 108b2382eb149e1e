"""Tests of `verify`: what differs, what mends it, and the exit codes that tell it to a script."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from helpers_cli import Answer, cli, configured, execute, one_line, synced

PLUGIN = '''
"""Listed: a stranger's helpdesk that lists its ids."""
import json
from pathlib import Path
from deskmetry import Connector, Inventory, Page, Tally, Ticket, Unreachable, hookimpl, stream, Field

class Listed(Connector):
    """Tickets out of a file."""
    name = "listed"
    file: Path = Field(description="JSON file")

    def account(self):
        return str(self.file)

    def rows(self):
        if not self.file.exists():
            raise Unreachable("The file is gone.", "Put it back.")
        return json.loads(self.file.read_text())

    @stream(Ticket)
    def tickets(self, since):
        yield self.page(self.rows(), self.ticket)

    def inventory(self, stream):
        return Inventory(
            (Ticket,),
            count=lambda: Tally(len(self.rows())),
            ids=lambda: [str(row["id"]) for row in self.rows()],
            fetch=lambda ids: [self.page([r for r in self.rows() if str(r["id"]) in ids], self.ticket)],
        )

    def ticket(self, row):
        return Ticket(status="open", created_at="2026-03-02T09:00Z", **row)

@hookimpl
def register_connectors():
    return [Listed]
'''


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "plugins").mkdir(mode=0o700)
    (tmp_path / "plugins" / "listed.py").write_text(PLUGIN)
    hold(tmp_path, range(1, 41))
    path = configured(tmp_path, f'timezone = "UTC"\n{_source(tmp_path, "desk")}')
    assert cli("-c", path, "sync").code == 0
    return path


def _source(folder: Path, name: str) -> str:
    return f'[sources.{name}]\nconnector = "listed"\nfile = "{folder / f"{name}.json"}"\n'


def hold(folder: Path, numbers: Any, name: str = "desk", **more: Any) -> None:
    (folder / f"{name}.json").write_text(json.dumps([{"id": number, **more} for number in numbers]))


def verified(config: Path, *arguments: str) -> Answer:
    return cli("-c", config, "verify", *arguments, "-f", "json")


def results(answer: Answer) -> dict[str, str]:
    return {row["compared"]: row["result"] for row in answer.json["rows"]}


def test_promise_15_what_agrees_exits_with_0(config: Path) -> None:
    answer = verified(config)
    assert answer.code == 0
    assert results(answer) == {"count": "agrees", "ids": "agrees", "sampled contents": "agrees"}
    assert answer.json["exit_code"] == 0
    assert "ids 1 to 40" in cli("-c", config, "verify").out


def test_promise_15_what_differs_exits_with_8_and_says_what_mends_it(config: Path) -> None:
    hold(config.parent, range(1, 43))
    answer = verified(config)
    assert answer.code == 8
    assert answer.json["exit_code"] == 8
    assert results(answer) == {"count": "differs", "ids": "differs", "sampled contents": "agrees"}
    assert "41, 42" in str(answer.json["rows"])
    assert "`deskmetry sync desk`" in answer.err
    assert "`deskmetry sync --full desk`" in answer.err
    assert cli("-c", config, "sync", "--full", "desk").code == 0
    assert verified(config).code == 0


def test_a_source_that_cannot_be_compared_is_partial_or_its_own_code(config: Path) -> None:
    hold(config.parent, range(3), "other")
    both = configured(config.parent, config.read_text() + _source(config.parent, "other"))
    assert cli("-c", both, "sync").code == 0
    (config.parent / "other.json").unlink()
    answer = verified(both)
    assert answer.code == 3
    assert answer.error["source"] == "other"
    (config.parent / "desk.json").unlink()
    assert verified(both).code == 1
    hold(config.parent, range(1, 50))
    assert verified(both).code == 8, "a difference is told before everything else"


def test_what_cannot_be_known_is_no_failure(config: Path) -> None:
    other = configured(config.parent, config.read_text() + _source(config.parent, "other"))
    answer = cli("-c", other, "verify", "other")
    assert answer.code == 0
    assert "other: nothing not compared: never synced; `deskmetry sync other`" in answer.out


def test_promise_14_a_sweep_shows_first_and_marks_only_when_told(config: Path) -> None:
    hold(config.parent, range(1, 39))
    assert "`deskmetry verify desk --deletes`" in verified(config).err
    answer = verified(config, "--deletes")
    assert answer.code == 8
    assert "Mark 2 rows as deleted? Nothing was changed; --yes does it." in answer.err
    assert execute(config, "SELECT count(*) FROM tickets WHERE deleted_at IS NOT NULL") == [(0,)]
    answer = verified(config, "--deletes", "--yes")
    assert answer.code == 0
    assert "desk: 2 marked as deleted" in answer.err
    assert execute(config, "SELECT id FROM tickets WHERE deleted_at IS NOT NULL ORDER BY id") == [
        ("39",),
        ("40",),
    ]
    assert verified(config).code == 0


def test_promise_14_too_much_at_once_is_refused_without_force(config: Path) -> None:
    hold(config.parent, [])
    answer = verified(config, "--deletes", "--yes")
    assert answer.code == 8
    assert answer.error["code"] == "mass_delete"
    assert "40 of 40 tickets" in answer.error["message"]
    assert execute(config, "SELECT count(*) FROM tickets WHERE deleted_at IS NOT NULL") == [(0,)]
    assert verified(config, "--deletes", "--yes", "--force").code == 0
    assert execute(config, "SELECT count(*) FROM tickets WHERE deleted_at IS NULL") == [(0,)]


def test_a_mailbox_is_compared_mail_by_mail(tmp_path: Path) -> None:
    config = synced(tmp_path)
    answer = verified(config, "--deletes")
    assert answer.code == 0
    assert {row["compared"] for row in answer.json["rows"]} == {"all contents"}
    assert "nothing is gone" in answer.err


def test_options_that_make_no_sense_are_refused(config: Path) -> None:
    assert "--deletes" in one_line(cli("-c", config, "verify", "--force"), 2)
    assert "Did you mean 'tickets'?" in one_line(cli("-c", config, "verify", "--stream", "ticket"), 2)
    assert "source" in one_line(cli("-c", config, "verify", "dusk"), 2)


def test_a_stream_and_a_sample_can_be_chosen(config: Path) -> None:
    answer = verified(config, "--stream", "tickets", "--sample", "7")
    (row,) = [row for row in answer.json["rows"] if row["compared"] == "sampled contents"]
    assert (row["here"], row["there"]) == (7, 7)
    assert "sampled contents" not in results(verified(config, "--sample", "0"))
    assert set(results(verified(config, "--full-read"))) == {"all contents"}
