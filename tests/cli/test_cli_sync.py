"""Tests of `sync` as a process: signals, kills, pipes, and what stands on which stream."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from helpers_cli import START, Answer, cli, configured, finished, one_line, process, rows, synced
from helpers_http import Visit, loopback
from helpers_mail import numbered, write_mbox

# A connector that tells a file when it waits with one page committed, until it is told to stop.
WAITING = """
import os, signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from deskmetry import Connector, Cursor, Field, Page, Ticket, hookimpl, stream

AT = datetime(2026, 3, 2, tzinfo=UTC)

class Slow(Connector):
    \"\"\"A desk whose third page never comes.\"\"\"
    name = "slow"
    told: str = Field(description="File that is written when it waits")
    kill: bool = Field(False, description="Die instead of waiting")

    @stream(Ticket)
    def tickets(self, since):
        for n in range(40):
            at = AT + timedelta(minutes=n)
            ticket = Ticket(id=str(n), subject="x", status="open", created_at=at, updated_at=at)
            yield Page([ticket], Cursor(n, at))
        if not Path(self.told).exists():
            Path(self.told).write_text("waiting")
            if self.kill:
                os.kill(os.getpid(), signal.SIGKILL)
            self.context.wait(3600, "the limit")

@hookimpl
def register_connectors():
    return [Slow]
"""


def slow(folder: Path, extra: str = "") -> tuple[str | Path, ...]:
    """Write the slow connector and its configuration, and return the options that name them."""
    plugin = folder / "slow.py"
    plugin.write_text(WAITING)
    told = folder / "told"
    config = configured(folder, f'[sources.s]\nconnector = "slow"\ntold = "{told}"\n{extra}')
    return "--plugin", plugin, "-c", config


def wait_for(path: Path, child: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 60
    while not path.exists():
        assert child.poll() is None, finished(child)
        assert time.monotonic() < deadline
        time.sleep(0.02)


def tickets(folder: Path) -> int:
    connection = sqlite3.connect(folder / "deskmetry.db")
    try:
        return int(connection.execute("SELECT count(*) FROM tickets").fetchone()[0])
    finally:
        connection.close()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_sync_with_what_was_committed_and_the_next_one_goes_on(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    options = slow(tmp_path)
    child = process(*options, "sync", "--format", "json")
    wait_for(tmp_path / "told", child)
    child.send_signal(number)
    answer = finished(child)
    assert "Stopping after the page in hand" in answer.err
    assert answer.code == answer.json["exit_code"] == code, answer.err
    assert "Traceback" not in answer.err
    assert (answer.error["code"], "goes on from there" in answer.error["hint"]) == ("interrupted", True)
    assert tickets(tmp_path) >= 32  # 16 pages a commit
    again = cli(*options, "sync")
    assert again.code == 0, again.err
    assert tickets(tmp_path) == 40


def test_after_a_killed_sync_a_metric_brings_the_facts_up_to_date_first(tmp_path: Path) -> None:
    options = slow(tmp_path)
    (tmp_path / "told").touch()  # the first sync goes through
    assert cli(*options, "sync").code == 0
    (tmp_path / "told").unlink()
    connection = sqlite3.connect(tmp_path / "deskmetry.db")
    connection.execute("DELETE FROM sync_state")  # so that there is something to read again
    connection.execute("UPDATE tickets SET subject = 'old', version = 0")
    connection.commit()
    connection.close()
    configured(tmp_path, (tmp_path / "deskmetry.toml").read_text() + "kill = true\n")
    assert finished(process(*options, "sync")).code == -signal.SIGKILL
    stale = sqlite3.connect(tmp_path / "deskmetry.db")
    assert stale.execute("SELECT count(*) FROM dirty").fetchone()[0] > 0
    stale.close()
    answer = cli(
        *options, "metric", "ticket_volume", "--since", "2026-03", "--until", "2026-04", "-f", "json"
    )
    assert (answer.code, answer.err) == (0, "")
    fresh = sqlite3.connect(tmp_path / "deskmetry.db")
    assert fresh.execute("SELECT count(*) FROM dirty").fetchone()[0] == 0
    fresh.close()


@pytest.mark.parametrize(
    ("processes", "code"),
    [
        pytest.param("0", -signal.SIGKILL, id="all of it"),
        pytest.param(
            "1",
            1,
            id="what reads",
            marks=pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux only"),
        ),
    ],
)
def test_after_a_kill_in_the_first_sync_there_is_no_number_but_a_reason(
    tmp_path: Path, processes: str, code: int
) -> None:
    options = slow(tmp_path, "kill = true\n")
    assert finished(process(*options, "sync", "--processes", processes)).code == code
    answer = cli(*options, "metric", "ticket_volume", "-f", "json")
    assert answer.code == 0, answer.err
    assert (answer.json["total"]["value"], answer.json["points"]) == (None, [])
    assert answer.json["total"]["reason"]
    assert cli(*options, "status").code == 0


def test_a_reader_that_has_seen_enough_ends_the_command_silently(tmp_path: Path) -> None:
    config = synced(tmp_path)
    query = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 600000) SELECT x FROM n"
    child = process("-c", config, "sql", query, "-f", "jsonl")
    assert child.stdout is not None
    assert child.stderr is not None
    assert child.stdout.readline() == '{"x": 1}\n'
    child.stdout.close()
    assert child.stderr.read() == ""
    child.stderr.close()
    assert child.wait(60) == 1


def test_an_endless_query_ends_at_once_when_the_user_wants_it(tmp_path: Path) -> None:
    config = synced(tmp_path)
    query = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x FROM n) SELECT count(*) FROM n"
    # The file appears when the connection is made ready.
    plugin = tmp_path / "ready.py"
    plugin.write_text(
        "from pathlib import Path\nfrom deskmetry import hookimpl\n"
        f"@hookimpl\ndef prepare_connection(connection):\n    Path({str(tmp_path / 'ready')!r}).touch()\n"
    )
    child = process("--plugin", plugin, "-c", config, "sql", query)
    wait_for(tmp_path / "ready", child)
    time.sleep(0.1)
    child.send_signal(signal.SIGINT)
    answer = finished(child)
    assert answer.code in (130, -signal.SIGINT)
    assert "Traceback" not in answer.err


def test_a_sync_into_a_pipe_has_its_data_on_stdout_and_its_progress_on_stderr(tmp_path: Path) -> None:
    write_mbox(tmp_path / "in.mbox", numbered(3))
    text = '[sources.inbox]\nconnector = "mailbox"\npath = "in.mbox"\naddresses = ["support@acme.example"]'
    answer = cli("-c", configured(tmp_path, text), "sync", "-f", "jsonl")
    assert answer.code == 0
    assert [(row["source"], row["stream"], row["outcome"]) for row in rows(answer)] == [
        ("inbox", "mails", "ok")
    ]
    assert "inbox: mails: ok" in answer.err
    again = cli("-c", tmp_path / "deskmetry.toml", "sync", "-f", "jsonl")
    assert (rows(again)[0]["new"], rows(again)[0]["changed"]) == (0, 0)
    full = cli("-c", tmp_path / "deskmetry.toml", "sync", "--full", "-f", "jsonl")
    assert (rows(full)[0]["new"], rows(full)[0]["changed"]) == (0, 0)
    assert rows(full)[0]["same"] > 0


@pytest.mark.parametrize(
    ("status", "headers", "code", "name"),
    [(401, {}, 4, "authentication"), (429, {"Retry_After": "86400"}, 5, "try_later")],
)
def test_refused_credentials_and_a_long_wait_have_exit_codes_of_their_own(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    headers: dict[str, str],
    code: int,
    name: str,
) -> None:
    monkeypatch.setenv("ACME_TOKEN", "canary-7d1e")

    def refuse(visit: Visit) -> None:
        visit.json({"error": "no"}, status, **headers)

    with loopback(refuse) as url:
        answer = acme(tmp_path, url, "sync", "--max-wait", "1s", "-f", "json")
    assert answer.code == code, answer.err
    assert (answer.error["code"], answer.error["exit_code"]) == (name, code)
    assert "canary-7d1e" not in answer.out + answer.err


def acme(folder: Path, url: str, *arguments: str) -> Answer:
    """Call the command line with the one-file connector of the examples."""
    example = Path(__file__).parents[2] / "examples" / "acmedesk.py"
    text = f'[sources.acme]\nconnector = "acmedesk"\nurl = "{url}"\ntoken = {{ env = "ACME_TOKEN" }}'
    return cli("--plugin", example, "-c", configured(folder, text), *arguments)


def test_help_and_version_import_nothing_heavy() -> None:
    probe = (
        "import sys\nfrom deskmetry_cli.main import run\nrun([sys.argv[1]])\n"
        "heavy = {'pydantic', 'httpx', 'rich', 'keyring', 'sqlite_utils', 'tenacity', 'asyncio'}\n"
        "sys.stderr.write(' '.join(sorted(heavy & set(sys.modules))))"
    )
    for option in ("--help", "--version"):
        done = subprocess.run(
            [sys.executable, "-c", probe, option], capture_output=True, text=True, check=True, timeout=60
        )
        assert done.stderr == ""


def test_output_survives_a_terminal_that_is_not_unicode(tmp_path: Path) -> None:
    config = synced(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", START, "-c", str(config), "metric", "ticket_volume"],
        capture_output=True,
        check=False,
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_no_command_shows_the_help() -> None:
    answer = cli()
    assert (answer.code, answer.out) == (2, "")
    assert "Usage: deskmetry" in answer.err
    assert "Usage: deskmetry config" in cli("config").err
    assert cli("--help").out.startswith("Usage: deskmetry")
    assert cli("metric", "--help").code == 0
    assert "Try" not in one_line(cli("--nonsense"), 2)
