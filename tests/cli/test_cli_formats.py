"""Tests of what commands write: each format of each command, into a pipe, a terminal and a file."""

from __future__ import annotations

import csv
import io
import json
import re
import stat
from pathlib import Path

import pytest

from deskmetry_cli.output import Format, Table, write
from deskmetry_cli.text import duration, guarded, number, plain
from helpers_cli import FORMATS, HOSTILE, cli, rows, synced

COMMANDS = (
    ("status",),
    ("metrics",),
    ("metric", "ticket_volume"),
    ("metric", "ticket_volume", "resolution_time", "--by", "month"),
    ("metric", "unanswered_rate", "--explain"),
    ("metric", "first_response_time", "--tickets"),
    ("waiting",),
    ("sql", "SELECT id, subject, created_at FROM tickets"),
    ("plugins",),
    ("doctor",),
    ("check",),
    ("config", "show"),
    ("sync",),
)
DANGEROUS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]")


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return synced(tmp_path_factory.mktemp("office"))


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_writes_every_format_and_nothing_else_to_stdout(
    config: Path, command: tuple[str, ...], kind: str
) -> None:
    answer = cli("-c", config, *command, "--format", kind)
    assert answer.code == 0, answer.err
    assert answer.out.endswith("\n")
    assert not DANGEROUS.search(answer.out)
    if kind == "json":
        wholes = answer.json if isinstance(answer.json, list) else [answer.json]
        assert all(whole["schema_version"] == 1 for whole in wholes)
    if kind == "jsonl":
        assert all(isinstance(row, dict) for row in rows(answer))
    if kind == "csv":
        lines = list(csv.reader(io.StringIO(answer.out)))
        assert len(lines) > 1
        assert len({len(line) for line in lines}) == 1
    if kind == "md":
        table = [line for line in answer.out.splitlines() if line.startswith("|")]
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table[:3]}) == 1


def test_an_answer_goes_into_a_file_that_only_its_owner_can_read(config: Path, tmp_path: Path) -> None:
    file = tmp_path / "answer.json"
    answer = cli("-c", config, "metric", "ticket_volume", "-f", "json", "-o", file)
    assert (answer.code, answer.out) == (0, "")
    assert json.loads(file.read_text())["total"]["value"] == 3
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_an_answer_that_cannot_be_written_is_a_usage_error(config: Path, tmp_path: Path) -> None:
    answer = cli("-c", config, "metric", "ticket_volume", "-o", tmp_path / "no" / "x.csv", "-f", "json")
    assert answer.code == 2
    assert "can't be written" in answer.error["message"]


def test_a_hostile_subject_is_harmless_in_every_format(config: Path) -> None:
    question = ("metric", "ticket_volume", "--tickets", "--format")
    as_csv = list(csv.DictReader(io.StringIO(cli("-c", config, *question, "csv").out)))
    assert [row["subject"][:5] for row in as_csv if "evil" in row["subject"]] == ["'=1+1"]
    as_json = cli("-c", config, *question, "json")
    assert [row["subject"] for row in as_json.json["rows"] if "evil" in row["subject"]]
    markdown = cli("-c", config, "waiting", "-f", "md").out
    line = next(line for line in markdown.splitlines() if "evil" in line)
    assert "\\|x" in line
    assert "\\[a\\](javascript" in line
    assert "<img" not in line
    assert "\\`c\\`" in line


def test_markdown_keeps_what_strangers_wrote_inside_the_fence(config: Path) -> None:
    out = cli("-c", config, "metric", "unanswered_rate", "--explain", "-f", "md").out
    fenced = out.partition("```text\n")[2]
    assert "<img" in fenced
    assert "<img" not in out.partition("```text\n")[0]
    assert fenced.endswith("\n```\n")
    assert fenced.count("```") == 1


def test_json_keeps_a_text_whole_and_escapes_what_a_terminal_would_obey(
    capsys: pytest.CaptureFixture[str],
) -> None:
    write(Table(("x",), [[HOSTILE]], [{"x": HOSTILE}]), Format.JSON)
    out = capsys.readouterr().out
    assert json.loads(out)["rows"] == [{"x": HOSTILE}]
    assert not DANGEROUS.search(out)


def test_lone_surrogates_can_be_written_in_every_format(capsys: pytest.CaptureFixture[str]) -> None:
    for kind in Format:
        write(Table(("x",), [["a\ud800b"]], [{"x": "a\ud800b"}]), kind)
    capsys.readouterr().out.encode()


def test_several_metrics_share_one_header_in_csv_also_where_their_columns_differ(config: Path) -> None:
    out = cli("-c", config, "metric", "ticket_volume", "channel_share", "-f", "csv").out
    found = list(csv.DictReader(io.StringIO(out)))
    assert {row["metric"] for row in found} == {"ticket_volume", "channel_share"}
    assert all(None not in row and None not in row.values() for row in found)
    assert [row["total"] for row in found if row["metric"] == "ticket_volume"] == ["true"]


def test_csv_guards_formulas_and_leaves_numbers_alone(capsys: pytest.CaptureFixture[str]) -> None:
    data = [{"a": "=1", "b": -5, "c": None, "d": True, "e": {"x": 1}, "f": "+49", "g": "@x", "h": "＝1"}]
    write(Table(("a",), [], data), Format.CSV)
    assert capsys.readouterr().out.splitlines()[1] == '\'=1,-5,,true,"{""x"": 1}",\'+49,\'@x,\'＝1'


def test_an_empty_table_says_so_and_an_empty_csv_has_its_header(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table(("a", "b"), [], [], empty="Nobody waits.")
    write(table, Format.TABLE)
    write(table, Format.CSV)
    write(table, Format.MD)
    write(table, Format.JSONL)
    assert capsys.readouterr().out == "Nobody waits.\na,b\n| a | b |\n| --- | --- |\n\nNobody waits.\n"


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "0s"),
        (400, "400ms"),
        (59_600, "1m"),
        (3_599_000, "59m 59s"),
        (7_199_000, "2h"),
        (90_061_000, "1d 1h"),
        (-60_000, "-1m"),
        (86_399_999, "1d"),
    ],
)
def test_a_duration_shows_its_two_largest_units(milliseconds: float, text: str) -> None:
    assert duration(milliseconds) == text


def test_numbers_have_thousands_and_no_trailing_zeros() -> None:
    assert [number(value) for value in (1234567, 1234.5, 2.0, 0.333333)] == [
        "1,234,567",
        "1,234.5",
        "2",
        "0.33",
    ]


def test_text_of_strangers_loses_control_characters_and_marks_that_reorder() -> None:
    assert plain("a\x1b[2J\u202eb\u061cc\r\nd") == "a [2J b c  d"
    assert guarded("1") == "1"
