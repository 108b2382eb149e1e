"""Security on the command line: no secret in any output, no formula, no hidden name, no SQL that writes."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from deskmetry_cli.output import Format, Table, write
from deskmetry_cli.text import guarded
from helpers_cli import FORMATS, Answer, cli, configured, finished, process, synced
from helpers_http import Visit, loopback
from helpers_security import CANARY, echoes, leaking_files, leaks

EXAMPLE = Path(__file__).parents[2] / "examples" / "acmedesk.py"
# --- the canary ---------------------------------------------------------------------------------------

ROWS = [
    {"id": "1", "title": "fine", "state": "open", "created": "2026-03-02T09:00:00Z",
     "updated_at": "2026-03-02T09:00:00Z"},
    {"id": "2", "title": f"{echoes()}", "state": f"no such state {CANARY}", "token": echoes()},
]  # fmt: skip
FAULTS: dict[str, Callable[[Visit], None]] = {
    "401": lambda visit: visit.json({"error": echoes()}, 401),
    "403": lambda visit: visit.json({"error": {"title": echoes()}}, 403),
    "500": lambda visit: visit.json({"error": echoes()}, 500),
    "429": lambda visit: visit.json({"error": echoes()}, 429, Retry_After="99999"),
    "html": lambda visit: visit.raw(f"<html>{echoes()}</html>".encode(), {"Content-Type": "text/html"}),
    "redirect": lambda visit: visit.raw(b"", {"Location": f"https://evil.example/?token={CANARY}"}, 302),
    "foreign link": lambda visit: visit.json({"data": [], "next": f"https://evil.example/?token={CANARY}"}),
    "bad record": lambda visit: visit.json({"data": ROWS, "next": None}),
    "reset": Visit.reset,
}
SAYING = (("sync", "--max-wait", "0s"), ("status",), ("sql", "SELECT * FROM sync_runs"))
COMMANDS = (
    *SAYING,
    ("check",),
    ("doctor",),
    ("config", "show"),
    ("plugins",),
    ("quarantine", "list"),
    ("sql", "SELECT * FROM quarantine"),
    ("waiting",),
    ("metric", "ticket_volume", "--explain"),
)


def _acme(folder: Path, url: str) -> tuple[str | Path, ...]:
    text = f'[sources.acme]\nconnector = "acmedesk"\nurl = "{url}"\ntoken = {{ env = "ACME_TOKEN" }}'
    return "--plugin", EXAMPLE, "-c", configured(folder, text)


@pytest.mark.parametrize("fault", FAULTS.keys())
def test_no_command_shows_or_keeps_the_secret(
    tmp_path: Path, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_TOKEN", CANARY)
    final = fault in (
        "bad record",
        "401",
    )  # what is tried again costs time, except for a sync without patience
    with loopback(FAULTS[fault]) as url:
        options = _acme(tmp_path, url)
        for command in COMMANDS if final else SAYING:
            for kind in ("table", "json") if final else ("json",):
                answer = cli(*options, *command, "--format", kind)
                assert not leaks(answer.out, answer.err), command
    assert leaking_files(tmp_path) == []


def test_the_quarantine_shows_a_bad_record_without_the_secret_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_TOKEN", CANARY)
    with loopback(FAULTS["bad record"]) as url:
        options = _acme(tmp_path, url)
        assert cli(*options, "sync").code == 0
    (row,) = cli(*options, "sql", "SELECT raw, reason FROM quarantine", "-f", "json").json["rows"]
    assert "***" in row["raw"]
    assert json.loads(row["raw"])["id"] == "2"


LEAKING = """
import logging
from deskmetry import Connector, Field, Page, SecretStr, Ticket, hookimpl, stream

class Leaking(Connector):
    \"\"\"A desk whose author logs and raises the token.\"\"\"
    name = "leaking"
    token: SecretStr = Field(description="Token")

    def check(self):
        raise {error}

    @stream(Ticket)
    def tickets(self, since):
        raise {error}
        yield Page([])

@hookimpl
def register_connectors():
    return [Leaking]
"""
ERRORS = ("ValueError(self.token.get_secret_value())", "KeyError(repr(self.headers()))")


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("command", ["check", "sync", "doctor"])
def test_a_traceback_of_verbose_shows_no_secret(
    tmp_path: Path, command: str, error: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEAKING_TOKEN", CANARY)
    plugin = tmp_path / "leaking.py"
    plugin.write_text(LEAKING.format(error=error))
    text = '[sources.l]\nconnector = "leaking"\ntoken = { env = "LEAKING_TOKEN" }'
    config = configured(tmp_path, text)
    for verbose in ([], ["-v"]):
        answer = finished(process(*verbose, "--plugin", plugin, "-c", config, command))
        assert not leaks(answer.out, answer.err)
        assert command == "doctor" or "***" in answer.out + answer.err
    assert leaking_files(tmp_path) == []


def test_a_secret_in_the_file_is_refused_and_not_shown(tmp_path: Path) -> None:
    config = configured(
        tmp_path, f'[sources.acme]\nconnector = "acmedesk"\nurl = "https://x.example"\ntoken = "{CANARY}"'
    )
    for command in (("config", "show"), ("sync",), ("check",), ("doctor",)):
        for kind in ("table", "json"):
            answer = cli("--plugin", EXAMPLE, "-c", config, *command, "--format", kind)
            assert not leaks(answer.out, answer.err), command


def test_connect_shows_and_writes_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME_TOKEN", CANARY)
    config = configured(tmp_path, "")
    with loopback(FAULTS["401"]) as url:
        command = ["--plugin", str(EXAMPLE), "-c", str(config), "connect", "acme", "acmedesk"]
        command += ["--set", f"url={url}", "--set", "start=2026-01-01", "--secrets", "env"]
        code = "import sys; from deskmetry_cli.main import main; main(sys.argv[1:])"
        for verbose in ([], ["-v"]):
            done = subprocess.run(
                [sys.executable, "-c", code, *verbose, *command],
                capture_output=True, text=True, check=False, input="\n", timeout=60,
            )  # fmt: skip
            assert done.returncode != 0
            assert not leaks(done.stdout, done.stderr)
    assert leaking_files(tmp_path) == []


# --- spreadsheets and pages ---------------------------------------------------------------------------


@pytest.mark.parametrize("start", [*"=+-@＝＋－＠", "\t=", "\r=", "\n=", " =", "\t+1"])
def test_a_csv_cell_is_never_a_formula(start: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = f"{start}cmd|' /C calc'!A0"
    write(Table(("a",), [], [{"a": text, "b": [text], "c": {text: text}, text: 1}]), Format.CSV)
    cells = [cell for row in csv.reader(io.StringIO(capsys.readouterr().out)) for cell in row]
    assert len(cells) == 8
    assert not [cell for cell in cells if cell.lstrip()[:1] in tuple("=+-@＝＋－＠") and cell != "1"]


def test_numbers_in_csv_are_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    write(Table(("a",), [], [{"a": -5, "b": -1.5, "c": 0, "d": None, "e": 1e-9}]), Format.CSV)
    assert capsys.readouterr().out.splitlines()[1] == "-5,-1.5,0,,1e-09"
    assert guarded("5") == "5"


def test_markdown_holds_no_tag_link_or_column_of_a_stranger(capsys: pytest.CaptureFixture[str]) -> None:
    text = (
        "a | b\n| c |\n<script>x</script> [l](javascript:x) ![i](https://evil.example/i.png) `x` **b** &lt;"
    )
    write(Table(("a", "<b>"), [[text, "1"]], [{}], title=(text,), notes=(text,), empty=text), Format.MD)
    out = capsys.readouterr().out
    assert "<" not in out
    row = next(line for line in out.splitlines() if line.startswith("| a"))
    assert len(re.findall(r"(?<!\\)\|", row)) == 3
    assert not re.search(r"(?<!\\)\[|(?<!\\)`", out)


def test_an_answer_into_a_file_is_for_its_owner_only(tmp_path: Path) -> None:
    config = synced(tmp_path)
    for kind in FORMATS:
        file = tmp_path / f"answer.{kind}"
        assert cli("-c", config, "metric", "ticket_volume", "-f", kind, "-o", file).code == 0
        assert file.stat().st_mode & 0o077 == 0


# --- names of agents ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hidden(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return synced(tmp_path_factory.mktemp("hidden"), head='agents = "hidden"')


def _names_of_agents(answer: Answer) -> list[str]:
    return [name for name in ("Anna", "Keller", "Okafor", "anna@", "tom@") if name in answer.out + answer.err]


@pytest.mark.parametrize("kind", FORMATS)
def test_where_agents_are_hidden_no_answer_names_one(hidden: Path, kind: str) -> None:
    for question in (
        ("metric", "first_response_time", "resolution_time", "--by", "month"),
        ("metric", "first_response_time", "--explain"),
        ("metric", "first_response_time", "--tickets"),
        ("metric", "unanswered_rate", "--by", "source", "--by", "channel"),
        ("waiting",),
        ("status",),
        ("metrics",),
        ("doctor",),
    ):
        answer = cli("-c", hidden, *question, "-f", kind)
        assert answer.code == 0, answer.err
        assert _names_of_agents(answer) == []


@pytest.mark.parametrize(
    "split",
    [
        "--by=agent",
        "--by=Agent",
        "--by= agent ",
        "--where=agent=anna",
        "--where=Agent!=anna",
        "--where= agent =anna",
    ],
)
def test_where_agents_are_hidden_no_spelling_splits_by_agent(hidden: Path, split: str) -> None:
    answer = cli("-c", hidden, "metric", "first_response_time", split, "-f", "json")
    assert answer.code == 2, answer.out
    assert _names_of_agents(answer) == [], split


# --- SQL ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        "SELECT readfile('/etc/passwd')",
        "SELECT writefile('x', 'y')",
        "SELECT load_extension('/tmp/x')",
        "ATTACH '/tmp/other.db' AS other",
        "DETACH main",
        "VACUUM INTO '/tmp/copy.db'",
        "PRAGMA writable_schema = ON",
        "PRAGMA trusted_schema = ON",
        "PRAGMA key = 'x'",
        "CREATE TEMP VIEW x AS SELECT 1",
        "EXPLAIN DELETE FROM tickets",
        "SELECT 1; ATTACH 'x' AS y",
        "REINDEX",
        "RELEASE x",
    ],
)
def test_the_sql_command_reads_and_does_nothing_else(hidden: Path, query: str) -> None:
    before = (hidden.parent / "deskmetry.db").read_bytes()
    answer = cli("-c", hidden, "sql", query, "-f", "json")
    assert (answer.code, answer.out) == (2, ""), answer.out
    assert (hidden.parent / "deskmetry.db").read_bytes() == before
