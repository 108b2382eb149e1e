"""Tests of the demo's folder: what is in it, when it is refused, and that it is always the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from datetime import date
from pathlib import Path

import pytest

from deskmetry.errors import FolderTaken
from deskmetry_cli.demo import build

UNTIL = date(2026, 3, 1)
PORT = 20_425


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        build(tmp_path / name, until=UNTIL, tickets_per_year=200, port=PORT)
    build(tmp_path / "three", seed=8, until=UNTIL, tickets_per_year=200, port=PORT)
    one = contents(tmp_path / "one")
    assert one == contents(tmp_path / "two")
    assert one["support/inbox.mbox"] != contents(tmp_path / "three")["support/inbox.mbox"]


def test_neither_hash_seed_nor_time_zone_nor_locale_changes_the_bytes(tmp_path: Path) -> None:
    script = (
        "import sys; from datetime import date; from pathlib import Path; "
        "from deskmetry_cli.demo import build; "
        "build(Path(sys.argv[1]), until=date(2026, 3, 1), tickets_per_year=200, port=20425)"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "4711", "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    command = [sys.executable, "-c", script, str(tmp_path / "there")]
    subprocess.run(command, check=True, env=environment)
    build(tmp_path / "here", until=UNTIL, tickets_per_year=200, port=PORT)
    assert contents(tmp_path / "here") == contents(tmp_path / "there")


def test_the_configuration_names_files_addresses_channels_and_teams(tmp_path: Path) -> None:
    company = build(tmp_path / "demo", until=UNTIL, tickets_per_year=200)
    settings = tomllib.loads((tmp_path / "demo" / "deskmetry.toml").read_text("utf-8"))
    assert (settings["database"], settings["timezone"]) == ("deskmetry.db", "Europe/Berlin")
    sources = settings["sources"]
    connectors = {name: source["connector"] for name, source in sources.items()}
    assert connectors == {
        "support": "mailbox",
        "orders": "mailbox",
        "webshop": "zendesk",
        "markets": "edesk",
        "chat": "livechat",
        "voice": "surveymonkey",
        "shop": "table",
        "care": "table",
        "books": "table",
    }
    assert all((tmp_path / "demo" / path).is_file() for path in sources["support"]["path"])
    assert (tmp_path / "demo" / sources["orders"]["path"] / "INBOX" / "cur").is_dir()
    channels: set[str] = {"web_form"}
    teams: set[str] = set()
    for source in (sources["support"], sources["orders"]):
        assert set(source["channels"]) == set(source["teams"]) < set(source["addresses"])
        channels |= set(source["channels"].values())
        teams |= set(source["teams"].values())
    assert set(company.truth.channels) == channels
    assert set(company.truth.teams) == teams
    assert sources["webshop"]["bots"] == company.desk.bots
    assert sources["orders"]["live"] is False  # a mirror that gets no mail isn't known until it is read


def test_each_emulated_source_has_an_address_and_a_story_of_its_own(tmp_path: Path) -> None:
    company = build(tmp_path / "demo", until=UNTIL, tickets_per_year=200, port=PORT)
    text = (tmp_path / "demo" / "deskmetry.toml").read_text("utf-8")
    sources = tomllib.loads(text)["sources"]
    urls = [sources[name]["url"].removesuffix("/v1") for name in company.stories]
    assert urls == [f"http://127.0.0.1:{PORT + number}" for number in range(4)]
    for name, story in company.stories.items():
        told = json.loads((tmp_path / "demo" / name / "account.json").read_text("utf-8"))
        assert told == json.loads(json.dumps(story))
        assert (tmp_path / "demo" / sources[name]["token"]["file"]).read_text("utf-8") == told["token"]
    assert sources["voice"]["tickets"] == "webshop"
    assert max(map(len, text.splitlines())) <= 130  # newcomers read it


@pytest.mark.parametrize("content", ["file", "folder"])
def test_a_folder_of_somebody_else_is_refused_and_left_alone(tmp_path: Path, content: str) -> None:
    folder = tmp_path / "mine"
    if content == "folder":
        folder.mkdir()
        (folder / "deskmetry.toml").write_text("mine")
    else:
        folder.write_text("mine")
    with pytest.raises(FolderTaken, match="wasn't made by the demo"):
        build(folder, until=UNTIL, tickets_per_year=50)
    assert contents(tmp_path) == {"mine" if content == "file" else "mine/deskmetry.toml": b"mine"}


def test_a_folder_of_the_demo_is_made_anew_and_other_files_stay(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    build(folder, seed=1, until=UNTIL, tickets_per_year=50, port=PORT)
    for name in ("deskmetry.db", "deskmetry.db-wal", "notes.txt"):
        (folder / name).write_text("old")
    build(folder, seed=2, until=UNTIL, tickets_per_year=50, port=PORT)
    assert not list(folder.glob("deskmetry.db*"))
    assert (folder / "notes.txt").read_text() == "old"
    build(tmp_path / "fresh", seed=2, until=UNTIL, tickets_per_year=50, port=PORT)
    (folder / "notes.txt").unlink()
    assert contents(folder) == contents(tmp_path / "fresh")


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    build(tmp_path, until=UNTIL, tickets_per_year=50)
    assert (tmp_path / "deskmetry.toml").is_file()


def test_only_the_owner_may_read_what_is_made(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    build(folder, until=UNTIL, tickets_per_year=50)
    modes = {path.stat().st_mode & 0o777 for path in folder.rglob("*") if path.is_file()}
    assert modes == {0o600}
    assert (folder / "orders" / "INBOX").stat().st_mode & 0o777 == folder.stat().st_mode & 0o777 == 0o700
