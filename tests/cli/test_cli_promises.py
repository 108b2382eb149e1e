"""Promises of the sync engine as the command line keeps them: signals, full disks, and doubled accounts."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from helpers_cli import START, Answer, cli, configured, finished, process
from helpers_http import Visit, loopback
from helpers_mail import numbered, write_mbox

DEAF = """
import time
from pathlib import Path
from deskmetry import Connector, Field, Page, Ticket, hookimpl, stream

class Deaf(Connector):
    \"\"\"A desk that hears no wish to stop.\"\"\"
    name = "deaf"
    told: str = Field(description="File that is written when it is stuck")

    @stream(Ticket)
    def tickets(self, since):
        Path(self.told).write_text("stuck")
        time.sleep(600)
        yield Page([])

@hookimpl
def register_connectors():
    return [Deaf]
"""


def _wait_for(there: Path, child: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 60
    while not there.exists():
        assert child.poll() is None, finished(child)
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize(("second", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_promise_18_the_second_signal_ends_the_command_with_its_own_code(
    tmp_path: Path, second: signal.Signals, code: int
) -> None:
    plugin, told = tmp_path / "deaf.py", tmp_path / "told"
    plugin.write_text(DEAF)
    config = configured(tmp_path, f'[sources.s]\nconnector = "deaf"\ntold = "{told}"')
    child = process("--plugin", plugin, "-c", config, "sync")
    _wait_for(told, child)
    assert child.stderr is not None
    child.send_signal(signal.SIGTERM)
    while "Stopping after the page in hand" not in child.stderr.readline():
        pass
    child.send_signal(second)
    answer = finished(child)
    assert answer.code == code, answer.err
    assert "Traceback" not in answer.err


def test_promise_18_a_signal_breaks_off_a_request_that_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_TOKEN", "canary-7d1e")
    asked, over = tmp_path / "asked", threading.Event()

    def hangs(_visit: Visit) -> None:
        asked.touch()
        over.wait(120)

    example = Path(__file__).parents[2] / "examples" / "acmedesk.py"
    with loopback(hangs) as url:
        text = f'[sources.acme]\nconnector = "acmedesk"\nurl = "{url}"\ntoken = {{ env = "ACME_TOKEN" }}'
        child = process("--plugin", example, "-c", configured(tmp_path, text), "sync", "-f", "json")
        try:
            _wait_for(asked, child)
            child.send_signal(signal.SIGINT)
            answer = finished(child)
        finally:
            over.set()
    assert answer.code == 130, answer.err
    (source,) = answer.json["sources"]
    assert source["outcome"] == "interrupted"


def _limited(config: Path, most: int) -> Answer:
    """Sync in a process whose files can't grow beyond so many bytes, as on a disk with little room."""
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({most}, {resource.RLIM_INFINITY}))"
    done = subprocess.run(
        [sys.executable, "-c", f"{limit}\n{START}", "-c", str(config), "sync", "--format", "json"],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    return Answer(done.returncode, done.stdout, done.stderr)


def test_promise_17_a_full_disk_ends_the_command_with_what_to_do_and_the_next_sync_goes_on(
    tmp_path: Path,
) -> None:
    write_mbox(tmp_path / "inbox.mbox", numbered(300))
    config = configured(
        tmp_path,
        '[sources.inbox]\nconnector = "mailbox"\npath = "inbox.mbox"\naddresses = ["support@acme.example"]',
    )
    database = tmp_path / "deskmetry.db"
    said = []
    for most in (30_000, 300_000, 600_000, 900_000):
        answer = _limited(config, most)
        if answer.code == 0:
            break
        assert answer.code == 1, answer.err
        assert (answer.out, "Traceback" in answer.err) == ("", False)
        said.append(answer.error["code"])
        assert "free some room" in answer.error["hint"]
        if database.stat().st_size:
            with closing(sqlite3.connect(database)) as connection:
                assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert len(said) >= 2
    assert set(said) == {"disk_full"}
    assert cli("-c", config, "sync").code == 0
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT count(*) FROM messages").fetchone() == (300,)


def _mount(folder: Path, options: str) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("kilobytes", [16, 48, 300, 700])
def test_promise_17_on_a_disk_that_is_really_full_the_old_data_stays_whole(
    tmp_path: Path, kilobytes: int
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.geteuid() != 0 or shutil.which("mount") is None or not _mount(disk, f"size={kilobytes}k"):
        assert "CI" not in os.environ, "CI must fill a real disk: it runs as root, with `mount`"
        pytest.skip("only root may make a small disk")
    try:
        write_mbox(tmp_path / "inbox.mbox", numbered(300))
        config = configured(
            tmp_path,
            'database = "disk/deskmetry.db"\n[sources.inbox]\nconnector = "mailbox"\npath = "inbox.mbox"\n'
            'addresses = ["support@acme.example"]',
        )
        answer = cli("-c", config, "sync", "--format", "json")
        assert (answer.code, answer.error["code"]) == (1, "disk_full"), answer.err
        assert "free some room" in answer.error["hint"]
        assert _mount(disk, "remount,size=50m")
        assert cli("-c", config, "sync").code == 0
        with closing(sqlite3.connect(disk / "deskmetry.db")) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert connection.execute("SELECT count(*) FROM messages").fetchone() == (300,)
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_promise_19_a_doubled_account_is_refused_alone_and_told(tmp_path: Path) -> None:
    write_mbox(tmp_path / "inbox.mbox", numbered(3))
    one = 'connector = "mailbox"\npath = "inbox.mbox"\naddresses = ["support@acme.example"]'
    config = configured(tmp_path, f"[sources.first]\n{one}\n[sources.twin]\n{one}")
    answer = cli("-c", config, "sync")
    assert answer.code == 3, answer.err
    line = next(line for line in answer.err.splitlines() if line.startswith("error: "))
    assert line.startswith("error: twin: Source 'twin' reads the same mailbox account as 'first'")
    with closing(sqlite3.connect(tmp_path / "deskmetry.db")) as connection:
        assert connection.execute("SELECT count(*) FROM messages").fetchone() == (3,)
