"""Golden numbers of mailboxes: every KPI, as the command line answers and as the mails themselves say."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path

import pytest

from deskmetry_cli.demo import build
from helpers_cli import cli, configured
from helpers_oracle import World
from helpers_oracle_answers import Question, compared
from helpers_oracle_mailbox import Account, mailbox_world

UNTIL = date(2026, 11, 22)
FILES = {
    "support": {"inbox": "inbox.mbox", "sent": "sent.mbox", "junk": "junk.mbox"},
    "orders": {"inbox": "INBOX", "sent": "Sent", "junk": "Junk"},
}


@pytest.mark.parametrize(("seed", "size"), [(7, 250), (11, 100)])
def test_every_kpi_of_two_mailboxes_is_what_their_mails_say(tmp_path: Path, seed: int, size: int) -> None:
    folder = tmp_path / "demo"
    build(folder, seed=seed, until=UNTIL, tickets_per_year=size)
    text = (folder / "deskmetry.toml").read_text("utf-8")
    sources = tomllib.loads(text)["sources"]
    mails = "".join(f"[sources.{part}" for part in text.split("[sources.")[1:] if part.split("]")[0] in FILES)
    config = configured(folder, mails)
    answer = cli("-c", config, "sync")
    assert answer.code == 0, answer.err
    world = World()
    for name, files in FILES.items():
        settings = sources[name]
        account = Account(name, settings["addresses"], settings["channels"], settings["teams"])
        world += mailbox_world(account, [(role, folder / name / file) for role, file in files.items()])
    for by, zone in ((None, "UTC"), ("source", "UTC"), ("medium", "UTC"), ("month", "Europe/Berlin")):
        assert compared(config, world, Question("2025-11", "2026-12", by, zone)) == [], by
