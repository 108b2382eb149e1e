"""The option --processes: what processes of their own read comes to the same database as what threads do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from deskmetry_connectors.zendesk.emulator import TOKEN, Company, Emulator
from helpers_cli import configured
from helpers_mail import numbered, write_mbox
from helpers_sync import contents

# Says on stderr each time that it forks.
TELLING = (
    "import os; os.register_at_fork(before=lambda: os.write(2, b'forked\\n'));"
    " from deskmetry_cli.main import main; main()"
)
linux = pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux only")


def _synced(folder: Path, server: Emulator, *options: str) -> tuple[int, str]:
    """Sync in a folder; return how many processes were forked off, and what stands on stdout."""
    folder.mkdir(exist_ok=True)
    zendesk = f'[sources.zd]\nconnector = "zendesk"\nurl = "{server.url}"\ntoken = {{ env = "TOKEN" }}\n'
    inbox = '[sources.inbox]\nconnector = "mailbox"\npath = "../inbox.mbox"\n'
    inbox += 'addresses = ["support@acme.example"]\n'
    config = configured(folder, zendesk + inbox)
    command = [sys.executable, "-c", TELLING, "-c", str(config), "sync", "--format", "csv", *options]
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "TOKEN": TOKEN}, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stderr.count("forked\n"), done.stdout


@linux
def test_sources_read_by_processes_of_their_own_come_to_the_same_database(tmp_path: Path) -> None:
    write_mbox(tmp_path / "inbox.mbox", numbered(30))
    with Emulator(Company.make(tickets=40, seed=5)) as server:
        assert _synced(tmp_path / "threads", server, "--processes", "0")[0] == 0
        forked, told = _synced(tmp_path / "processes", server, "--processes", "2")
        assert forked == 2
        assert "zd,zendesk,ticket_events,ok" in told
        assert "inbox,mailbox,mails,ok" in told
        threads, processes = (contents(tmp_path / name / "deskmetry.db") for name in ("threads", "processes"))
        assert processes == threads
        assert len(threads["messages"]) > 100
        assert _synced(tmp_path / "processes", server, "--processes", "2")[0] == 0, "both are known whole"
        assert _synced(tmp_path / "processes", server, "--processes", "1", "--full")[0] == 1, (
            "no more than one"
        )
