"""Tests of `quarantine`: records that couldn't be used are listed, shown, tried again, thrown away."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from helpers_cli import HOSTILE, START, cli, configured, execute, one_line, rows

PLUGIN = '''
"""Acme: a stranger's helpdesk that reads a file."""
import json
from pathlib import Path
from deskmetry import Connector, Ticket, TicketStatus, hookimpl, stream, Field

class Acme(Connector):
    """Tickets out of a file."""
    name = "acme"
    file: Path = Field(description="JSON file")
    words: dict[str, str] = Field({"open": "open"}, description="Statuses")

    def account(self):
        return str(self.file)

    @stream(Ticket)
    def tickets(self, since):
        yield self.page(json.loads(self.file.read_text()), self.ticket)

    def ticket(self, row):
        return Ticket(id=row["id"], status=TicketStatus(self.words[row["state"]]),
                      created_at="2026-03-02T09:00:00Z", subject=row.get("subject"))

@hookimpl
def register_connectors():
    return [Acme]
'''
ROWS = [
    {"id": 1, "state": "open"},
    {"id": 2, "state": "parked", "subject": HOSTILE},
    {"id": 3, "state": "lost"},
]


@pytest.fixture
def office(tmp_path: Path) -> Path:
    """A source with one good ticket and two that its connector doesn't understand."""
    (tmp_path / "plugins").mkdir(mode=0o700)
    (tmp_path / "plugins" / "acme.py").write_text(PLUGIN)
    (tmp_path / "desk.json").write_text(json.dumps(ROWS))
    config = written(tmp_path)
    assert cli("-c", config, "sync").code == 0
    return config


def written(folder: Path, extra: str = "") -> Path:
    text = f'timezone = "UTC"\n[sources.acme]\nconnector = "acme"\nfile = "{folder / "desk.json"}"\n{extra}'
    return configured(folder, text)


def knowing(folder: Path) -> Path:
    """Teach the connector one of the words."""
    return written(folder, 'words = { open = "open", parked = "on_hold" }\n')


def listed(config: Path, *arguments: str) -> Any:
    return rows(cli("-c", config, "quarantine", "list", *arguments, "-f", "jsonl"))


def test_the_list_says_what_when_and_how_often(office: Path) -> None:
    assert cli("-c", office, "sync").code == 0
    one, two = listed(office)
    assert [one["key"], two["key"]] == ["2", "3"]
    assert (one["source"], one["stream"], one["seen"], one["run"], one["last_run"]) == (
        "acme",
        "tickets",
        2,
        1,
        2,
    )
    assert one["first_seen_at"] <= one["last_seen_at"]
    assert listed(office, "acme") == listed(office)
    assert listed(office, str(two["id"])) == [two]
    assert "quarantine show ID" in cli("-c", office, "quarantine", "list").out


@pytest.mark.parametrize(("given", "said"), [("acne", "Did you mean 'acme'?"), ("99", "No record 99")])
def test_what_is_not_there_is_told(office: Path, given: str, said: str) -> None:
    for command in ("list", "replay", "purge"):
        assert said in one_line(cli("-c", office, "quarantine", command, given), 2)


def test_a_record_is_shown_whole_and_safe_for_a_terminal(office: Path) -> None:
    one = listed(office)[0]
    answer = cli("-c", office, "quarantine", "show", str(one["id"]))
    assert answer.code == 0
    assert '"state": "parked"' in answer.out
    assert "the field 'parked' is missing" in answer.out
    assert "[red]" not in answer.out
    assert not any(mark in answer.out for mark in ("\x1b", "\u202e", "\u009b"))
    assert "\\u001b[31m" in answer.out
    assert "\\u202e" in answer.out
    (row,) = cli("-c", office, "quarantine", "show", str(one["id"]), "-f", "json").json["rows"]
    assert row == one
    assert "No record 77" in one_line(cli("-c", office, "quarantine", "show", "77"), 2)


def test_what_came_as_no_json_is_shown_as_it_is(office: Path) -> None:
    execute(office, "UPDATE quarantine SET raw = 'From \u009b2J\nSubject: x' WHERE key = '2'")
    one = listed(office)[0]
    out = cli("-c", office, "quarantine", "show", str(one["id"])).out
    assert "From \\u009b2J\nSubject: x\n" in out


def test_promise_11_replay_stores_what_works_now_and_tells_what_does_not(office: Path) -> None:
    config = knowing(office.parent)
    answer = cli("-c", config, "quarantine", "replay", "-f", "json")
    assert answer.code == 3
    two, three = answer.json["rows"]
    assert (two["key"], two["outcome"], two["new"]) == ("2", "stored", 1)
    assert (three["key"], three["outcome"]) == ("3", "still bad")
    assert three["reason"] == "the field 'lost' is missing"
    assert [one["key"] for one in listed(config)] == ["3"]
    assert execute(config, "SELECT status FROM tickets WHERE id = '2'") == [("on_hold",)]
    assert execute(config, "SELECT count(*) FROM ticket_facts") == [(2,)]
    assert cli("-c", config, "quarantine", "replay", "acme").code == 1, "nothing worked"


def test_replay_of_nothing_is_fine(office: Path) -> None:
    execute(office, "DELETE FROM quarantine")
    answer = cli("-c", office, "quarantine", "replay")
    assert (answer.code, answer.out) == (0, "Nothing is in quarantine.\n")


def test_records_of_a_source_that_is_not_configured_any_more_stay(office: Path) -> None:
    config = configured(office.parent, 'timezone = "UTC"\n[sources.other]\nconnector = "acme"\nfile = "x"\n')
    answer = cli("-c", config, "quarantine", "replay")
    assert answer.code != 0
    assert "acme isn't in the configuration any more" in answer.err
    assert execute(config, "SELECT count(*) FROM quarantine") == [(2,)]


def test_purge_shows_what_it_would_throw_away_and_does_it_only_when_told(office: Path) -> None:
    answer = cli("-c", office, "quarantine", "purge")
    assert answer.code == 0
    assert "parked" in answer.out
    assert "--yes does it" in answer.err
    assert len(listed(office)) == 2
    assert (
        "1 thrown away" in cli("-c", office, "quarantine", "purge", str(listed(office)[0]["id"]), "--yes").err
    )
    assert [one["key"] for one in listed(office)] == ["3"]
    assert cli("-c", office, "quarantine", "purge", "--source", "acme", "--yes").code == 0
    assert "Nothing to throw away." in cli("-c", office, "quarantine", "purge", "--yes").out


def test_purge_by_age_goes_by_when_a_record_came_last(office: Path) -> None:
    month = (int(time.time()) - 31 * 86_400) * 1000
    execute(office, f"UPDATE quarantine SET last_seen_at = {month} WHERE key = '2'")
    execute(office, "UPDATE quarantine SET last_seen_at = NULL WHERE key = '3'")
    assert cli("-c", office, "quarantine", "purge", "--older-than", "30d", "--yes").code == 0
    assert [one["key"] for one in listed(office)] == ["3"], "how old it is isn't known"


def test_purge_asks_on_a_terminal(office: Path) -> None:
    leader, follower = pty.openpty()
    command = [sys.executable, "-c", START, "-c", str(office), "quarantine", "purge"]
    child = subprocess.Popen(
        command, stdin=follower, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    os.write(leader, b"y\n")
    _, err = child.communicate(timeout=60)
    os.close(leader)
    os.close(follower)
    assert child.returncode == 0
    assert "Throw 2 records away for good?" in err
    assert listed(office) == []


def test_purge_by_source_narrows_what_is_chosen(office: Path) -> None:
    assert "Did you mean 'acme'?" in one_line(cli("-c", office, "quarantine", "purge", "--source", "acne"), 2)
    first = str(listed(office)[0]["id"])
    assert cli("-c", office, "quarantine", "purge", first, "--source", "acme", "--yes").code == 0
    assert [one["key"] for one in listed(office)] == ["3"], "not all of the source"


def test_a_new_field_is_told_by_sync_and_status(office: Path) -> None:
    desk = office.parent / "desk.json"
    desk.write_text(json.dumps([row | {"mood": "\x1b[31mred"} for row in ROWS]))
    answer = cli("-c", office, "sync", "-f", "json")
    (stream,) = answer.json["streams"]
    assert stream["new_fields"] == ["mood"]
    assert "new in what the source sends: mood" in cli("-c", office, "status").out
    (row,) = rows(cli("-c", office, "status", "-f", "jsonl"))
    assert row["new_fields"] == ["tickets.mood"]
    assert row["quarantined"] == 4, "the bad ones came again with other contents"
    assert "tickets.mood; samples are in `raw_records`" in cli("-c", office, "status").out


def test_status_says_when_a_source_may_be_asked_again(office: Path) -> None:
    assert "next try" not in cli("-c", office, "status").out
    soon = (int(time.time()) + 3600) * 1000
    execute(office, f"UPDATE sync_runs SET next_try_at = {soon}, outcome = 'failed', reason = 'asks to wait'")
    (row,) = rows(cli("-c", office, "status", "-f", "jsonl"))
    assert row["next_try_at"] is not None
    assert row["lag_ms"] is not None
    assert "next try" in cli("-c", office, "status").out
    execute(office, f"UPDATE sync_runs SET next_try_at = {soon - 7_200_000}")
    (row,) = rows(cli("-c", office, "status", "-f", "jsonl"))
    assert row["next_try_at"] is None, "it may be asked right now"


def test_a_file_of_an_older_version_is_brought_up_to_date_by_the_first_question(office: Path) -> None:
    execute(office, "ALTER TABLE quarantine DROP COLUMN seen")
    execute(office, "DELETE FROM _sqlite_migrations WHERE name > '0002'")
    execute(office, "PRAGMA user_version = 1")
    answer = cli("-c", office, "quarantine", "list", "-f", "jsonl")
    assert answer.code == 0
    assert "backup-schema-1 is as it was" in answer.err
    assert [row["seen"] for row in rows(answer)] == [1, 1]
