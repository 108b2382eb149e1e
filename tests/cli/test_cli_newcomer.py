"""What a newcomer stumbles on: wrong addresses, missing sent mail, questions too early, cut months."""

from __future__ import annotations

import csv
import io
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from deskmetry.store import WriterLock, open_writer
from helpers_cli import cli, configured, office, one_line, rows, synced

MARCH = ("--since", "2026-03-01", "--until", "2026-04-01")


def total(config: Path, metric: str) -> object:
    return rows(cli("-c", config, "metric", metric, *MARCH, "-f", "jsonl"))[-1]["value"]


def test_wrong_addresses_are_noticed_and_correcting_them_reads_the_mailbox_again(tmp_path: Path) -> None:
    config = office(tmp_path)
    right = config.read_text()
    configured(tmp_path, right.replace('"support@acme.example", "@acme.example"', '"suport@acme.exmple"'))
    wrong = cli("-c", config, "sync")
    assert wrong.code == 0
    assert "inbox: none of its 9 mails comes from the account" in wrong.err
    assert total(config, "outbound_messages") == 0
    configured(tmp_path, right)
    mended = cli("-c", config, "sync")
    assert mended.code == 0, mended.err
    assert "none of its" not in mended.err
    assert total(config, "outbound_messages") == 2
    assert total(config, "ticket_volume") == 3
    assert total(config, "unanswered_rate") == pytest.approx(1 / 3)


def test_a_source_that_was_taken_out_is_named_where_it_still_counts(tmp_path: Path) -> None:
    config = synced(tmp_path)
    text = config.read_text()
    configured(
        tmp_path, text.replace("[sources.inbox]", "[sources.post]").replace("@acme.example", "@b.example")
    )
    answer = cli("-c", config, "metric", "ticket_volume", *MARCH)
    assert answer.code == 0
    assert "inbox isn't in the configuration any more" in answer.err


def test_a_question_during_the_very_first_sync_says_that_it_is_running(tmp_path: Path) -> None:
    config = office(tmp_path)
    database = tmp_path / "deskmetry.db"
    with WriterLock(database), closing(open_writer(database)):
        line = one_line(cli("-c", config, "metric", "ticket_volume"), 6)
        assert "is being written by process" in line
        assert cli("-c", config, "sql", "SELECT count(*) FROM tickets").code == 0


def test_a_bucket_that_the_period_cuts_is_marked(tmp_path: Path) -> None:
    config = synced(tmp_path)
    cut = ("--since", "2026-03-03", "--until", "2026-05-01", "--by", "month")
    march, april, whole = rows(cli("-c", config, "metric", "ticket_volume", *cut, "-f", "jsonl"))
    assert (march["cut"], whole["cut"]) == (True, False)
    assert (april["cut"], april["mature"]) == (False, False)  # not over: nothing is known after the 21st
    assert "part of the month" in cli("-c", config, "metric", "ticket_volume", *cut).out


def test_rebuild_makes_the_same_answers_anew(tmp_path: Path) -> None:
    config = synced(tmp_path)
    before = cli("-c", config, "metric", "first_response_time", *MARCH, "-f", "json").json
    with closing(sqlite3.connect(tmp_path / "deskmetry.db")) as connection:
        connection.execute("DELETE FROM ticket_facts")
        connection.commit()
    assert total(config, "ticket_volume") == 0
    assert cli("-c", config, "rebuild").code == 0
    assert cli("-c", config, "metric", "first_response_time", *MARCH, "-f", "json").json == before


def test_the_quarantine_lists_what_came_and_why(tmp_path: Path) -> None:
    config = synced(tmp_path)
    assert "Nothing is in quarantine." in cli("-c", config, "quarantine", "list").out
    with closing(sqlite3.connect(tmp_path / "deskmetry.db")) as connection:
        connection.execute(
            "INSERT INTO quarantine (source_id, stream, key, digest, reason, raw, run)"
            " VALUES (1, 'mails', '7', 'd', 'no date', 'From x', 1)"
        )
        connection.commit()
    (row,) = rows(cli("-c", config, "quarantine", "list", "-f", "jsonl"))
    assert (row["source"], row["key"], row["reason"], row["raw"]) == ("inbox", "7", "no date", "From x")


def test_the_ending_of_the_file_chooses_the_format(tmp_path: Path) -> None:
    config = synced(tmp_path)
    target = tmp_path / "volume.csv"
    assert cli("-c", config, "metric", "ticket_volume", *MARCH, "-o", target).code == 0
    (row,) = csv.DictReader(io.StringIO(target.read_text()))
    assert (row["metric"], row["value"]) == ("ticket_volume", "3")


def test_why_a_plugins_metric_is_missing_is_told(tmp_path: Path) -> None:
    config = synced(tmp_path)
    plugin = tmp_path / "weekend.py"
    plugin.write_text(
        "from deskmetry import Share, TICKETS, hookimpl\n"
        "class Weekend(Share):\n"
        '    """Tickets of the weekend."""\n'
        "    name, unit, direction = 'weekend_share', 'share', 'neither'\n"
        "    fact, at, of, counts = TICKETS, 'created_at', '1', 'created_day % 7 > 4'\n"
        "@hookimpl\n"
        "def register_metrics():\n"
        "    return [Weekend]\n"
    )
    answer = cli("-c", config, "--plugin", plugin, "metric", "weekend_share", *MARCH)
    assert answer.code == 2
    assert "has a direction that isn't one: 'neither'" in answer.err


@pytest.mark.parametrize(
    ("question", "named"),
    [
        (("--where", "channel=email,emial"), "'emial'. Did you mean 'email'?"),
        (("--where", "channel!=emial"), "'emial'. Did you mean 'email'?"),
        (("--where", "field:Nope=XL"), "custom field 'Nope'"),
        (("--by", "field:Nope"), "custom field 'Nope'"),
    ],
)
def test_a_word_that_names_nothing_is_told_also_beside_one_that_does(
    tmp_path: Path, question: tuple[str, ...], named: str
) -> None:
    answer = cli("-c", synced(tmp_path), "metric", "ticket_volume", *MARCH, *question)
    assert answer.code == 0
    assert named in answer.out + answer.err


def test_a_mailbox_that_is_not_there_is_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    answer = cli("init", "--mailbox", "nothere", "--address", "a@b.example")
    assert answer.code == 0
    assert "There is nothing at nothere" in answer.err


def test_a_name_that_can_not_be_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    line = one_line(cli("-c", synced(tmp_path), "connect", "My Shop", "--connector", "zendesk"), 2)
    assert "'My Shop'" in line
