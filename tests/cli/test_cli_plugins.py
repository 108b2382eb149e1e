"""Tests of plugins at the command line: one-file plugins, broken ones, commands, hooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from helpers_cli import cli, configured, one_line, rows, synced
from helpers_http import Visit, loopback

EXAMPLES = Path(__file__).parents[2] / "examples"
TOKEN = "canary-acme-51f0"


def desk(rows_of_desk: Sequence[Mapping[str, Any]], seen: list[str]) -> Any:
    """Return a helpdesk in two pages that wants the token."""

    def answer(visit: Visit) -> None:
        seen.append(visit.path)
        if TOKEN not in str(dict(visit.headers)):
            visit.json({"error": "who?"}, 401)
            return
        first = "page" not in visit.params
        url = f"http://{visit.headers['Host']}/tickets?page=2"
        visit.json({"data": rows_of_desk[:2] if first else rows_of_desk[2:], "next": url if first else None})

    return answer


def acme_ticket(number: int, created: str) -> dict[str, Any]:
    at = f"{created}T09:00:00Z"
    return {"id": str(number), "title": f"Ticket {number}", "state": "open", "created": at, "updated_at": at}


def test_the_one_file_connector_of_the_examples_syncs_and_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_TOKEN", TOKEN)
    tickets = [acme_ticket(1, "2026-03-02"), acme_ticket(2, "2026-03-03"), acme_ticket(3, "2026-04-02")]
    seen: list[str] = []
    with loopback(desk(tickets, seen)) as url:
        text = f'[sources.acme]\nconnector = "acmedesk"\nurl = "{url}"\ntoken = {{ env = "ACME_TOKEN" }}'
        options = ("--plugin", EXAMPLES / "acmedesk.py", "-c", configured(tmp_path, text))
        told = [cli(*options, command) for command in ("check", "sync", "status", "doctor")]
    assert [answer.code for answer in told] == [0, 0, 0, 0], told
    assert seen
    question = ("metric", "ticket_volume", "--by", "month", "--since", "2026-03", "--until", "2026-05")
    answer = cli(*options, *question, "-f", "json")
    assert answer.code == 0, answer.err
    assert [(p["dimensions"]["month"], p["value"]) for p in answer.json["points"]] == [
        ("2026-03", 2),
        ("2026-04", 1),
    ]
    told += [answer, cli(*options, "config", "show"), cli(*options, "plugins")]
    assert all(TOKEN not in item.out + item.err for item in told)
    assert TOKEN.encode() not in b"".join(path.read_bytes() for path in tmp_path.glob("deskmetry.db*"))


def test_the_one_file_metric_of_the_examples_answers_with_its_parameter(tmp_path: Path) -> None:
    options = ("--plugin", EXAMPLES / "reopened_tickets.py", "-c", synced(tmp_path))
    answer = cli(*options, "metric", "reopened_tickets", "--window", "7d", "--since", "2026-03", "-f", "json")
    assert answer.code == 0, answer.err
    assert answer.json["parameters"] == {"window": "7d"}
    assert (answer.json["unit"], answer.json["direction"]) == ("share", "lower")
    assert "Solved tickets that were reopened" in cli(*options, "metrics").out
    assert "reopened_tickets" in cli(*options, "metric", "reopened_tickets", "--explain").out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def broken(:", "SyntaxError"),
        ("raise SystemExit(3)", "it ended the program"),
        ("import nowhere_at_all", "nowhere_at_all"),
        ("x = 1", "it has no hooks"),
        (None, "there is no such file"),
    ],
)
def test_a_broken_file_that_was_named_stops_everything(tmp_path: Path, text: str | None, said: str) -> None:
    plugin = tmp_path / "mine.py"
    if text is not None:
        plugin.write_text(text)
    for command in (("plugins",), ("metrics",), ("--version",)):
        assert said in one_line(cli("--plugin", plugin, *command), 7)
    assert cli(f"--plugin={plugin}", "plugins", "-f", "json").error["exit_code"] == 7


def test_a_broken_plugin_in_the_folder_is_told_once_and_stops_nobody(tmp_path: Path) -> None:
    config = synced(tmp_path)
    folder = tmp_path / "plugins"
    folder.mkdir(mode=0o700)
    (folder / "bad.py").write_text("raise ValueError('no good')")
    (folder / "good.py").write_text((EXAMPLES / "reopened_tickets.py").read_text())
    for command in (("metric", "reopened_tickets"), ("sync",), ("status",), ("check",), ("metrics",)):
        answer = cli("-c", config, *command)
        assert answer.code == 0, answer.err
        assert answer.err.count("no good") == 1
        assert "warning: plugin bad" in answer.err
        assert "no good" not in answer.out
    listed = rows(cli("-c", config, "plugins", "-f", "jsonl"))
    assert sorted((row["name"], row["status"]) for row in listed if row["origin"] == "file") == [
        ("bad", "failed"),
        ("good", "ok"),
    ]
    doctor = cli("-c", config, "doctor", "-f", "json")
    assert doctor.code == 1
    assert [row["mend"] for row in doctor.json["rows"] if row["status"] == "fault"] != [""]
    plain = cli("-c", config, "--no-plugins", "plugins", "-f", "jsonl")
    assert (plain.err, {row["origin"] for row in rows(plain)}) == ("", {"built-in"})
    assert "reopened_tickets" in one_line(cli("-c", config, "--no-plugins", "metric", "reopened_tickets"), 2)


def test_hooks_of_a_plugin_are_called_and_what_it_prints_on_import_is_no_data(tmp_path: Path) -> None:
    config = synced(tmp_path)
    noted = tmp_path / "noted"
    plugin = tmp_path / "all_hooks.py"
    plugin.write_text(f"""
from pathlib import Path
from deskmetry import hookimpl
print("hello from a plugin")

@hookimpl
def register_commands(app):
    @app.command()
    def greet(name: str = "you"):
        "Greet somebody."
        print(f"Hello {{name}}")

    @app.command("fails")
    def fails():
        raise KeyError("what")

@hookimpl
def prepare_connection(connection):
    connection.create_function("twice", 1, lambda x: 2 * x)

@hookimpl
def sync_finished(report):
    Path({str(noted)!r}).write_text(f"{{report.exit_code}} {{[s.source for s in report.sources]}}")
""")
    options = ("--plugin", plugin, "-c", config)
    answer = cli(*options, "greet", "--name", "Jo")
    assert (answer.code, answer.out) == (0, "Hello Jo\n")
    assert "hello from a plugin" in answer.err
    assert "Greet somebody." in cli(*options, "--help").out
    assert rows(cli(*options, "sql", "SELECT twice(21) AS x", "-f", "jsonl")) == [{"x": 42}]
    assert cli(*options, "sync").code == 0
    assert noted.read_text() == "0 ['inbox']"
    assert "KeyError" in cli(*options, "fails").err


def test_hooks_that_fail_are_told_and_change_nothing(tmp_path: Path) -> None:
    config = synced(tmp_path)
    plugin = tmp_path / "bad_hooks.py"
    plugin.write_text("""
from deskmetry import hookimpl

@hookimpl
def prepare_connection(connection):
    raise ValueError("no connection for me")

@hookimpl
def sync_finished(report):
    raise SystemExit("no report for me")
""")
    options = ("--plugin", plugin, "-c", config)
    answer = cli(*options, "metric", "ticket_volume", "--since", "2026-03", "-f", "json")
    assert (answer.code, answer.json["total"]["value"]) == (0, 4)
    assert answer.err.count("no connection for me") == 1
    synced_again = cli(*options, "sync")
    assert synced_again.code == 0
    assert "no report for me" in synced_again.err


def test_a_command_of_a_plugin_cannot_take_the_place_of_ours_nor_break_them(tmp_path: Path) -> None:
    plugin = tmp_path / "thief.py"
    plugin.write_text("""
from deskmetry import hookimpl

import typer
from typing import Annotated

@hookimpl
def register_commands(app):
    @app.command()
    def metrics():
        print("mine now")

    @app.command()
    def unbuildable(x: Annotated[int, typer.Option(), typer.Argument()]):
        pass

    @app.command()
    def fine():
        print("fine")
""")
    answer = cli("--plugin", plugin, "metrics")
    assert answer.code == 0
    assert "mine now" not in answer.out
    assert "ticket_volume" in answer.out
    assert "a plugin's command 'metrics' is left out: the name is taken" in answer.err
    assert "a plugin's command 'unbuildable' is left out" in answer.err
    assert cli("--plugin", plugin, "fine").out == "fine\n"


def test_a_metric_that_cannot_be_computed_takes_no_other_answer_away(tmp_path: Path) -> None:
    plugin = tmp_path / "wrong.py"
    plugin.write_text("""
from deskmetry import TICKETS, Share, hookimpl

class Wrong(Share):
    \"\"\"Something that SQL refuses only when it runs.\"\"\"
    name = "wrong"
    fact, at, counts = TICKETS, "created_at", "json_extract(subject_not_there, '$') = 1"

@hookimpl
def register_metrics():
    return [Wrong]
""")
    config = synced(tmp_path)
    answer = cli("--plugin", plugin, "-c", config, "metric", "ticket_volume", "wrong", "-f", "json")
    assert "Traceback" not in answer.err
    # Either it is refused when it is loaded (an unknown name) or when it is asked.
    assert answer.code in (2, 3)


def test_a_connector_that_breaks_while_it_is_checked_is_not_our_fault(tmp_path: Path) -> None:
    plugin = tmp_path / "broken_desk.py"
    plugin.write_text("""
from deskmetry import Connector, Ticket, hookimpl, stream

class Broken(Connector):
    \"\"\"A desk.\"\"\"
    name = "broken"

    @stream(Ticket)
    def tickets(self, since):
        raise ZeroDivisionError("in the stream")
        yield

    def check(self):
        raise ZeroDivisionError("in the check")

@hookimpl
def register_connectors():
    return [Broken]
""")
    config = configured(tmp_path, "[sources.b]\nconnector = 'broken'")
    checked = cli("--plugin", plugin, "-c", config, "check", "-f", "json")
    assert checked.code == 1
    assert "ZeroDivisionError: in the check" in checked.json["rows"][0]["found"]
    answer = cli("--plugin", plugin, "-c", config, "sync")
    assert answer.code == 1
    assert "in the stream" in answer.err
    assert "Traceback" not in answer.err
