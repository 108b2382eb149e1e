"""Tests of `init`, `check`, `status`, `doctor`, `config show` and `plugins`."""

from __future__ import annotations

import base64
import stat
from pathlib import Path
from urllib.parse import quote

import pytest

from helpers_cli import FORMATS, cli, configured, office, one_line, rows, synced
from helpers_mail import numbered, write_mbox

CANARY = "cAnary/7f3+secret=="
EXAMPLE = Path(__file__).parents[2] / "examples" / "acmedesk.py"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / ".config"))
    monkeypatch.delenv("DESKMETRY_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


# --- init -------------------------------------------------------------------------------------------


def test_a_newcomer_gets_from_init_to_an_answer(here: Path) -> None:
    write_mbox(here / "support.mbox", numbered(3))
    answer = cli("init", "--mailbox", "support.mbox", "--address", "support@acme.example")
    assert (answer.code, answer.out) == (0, "")
    assert "Wrote deskmetry.toml" in answer.err
    assert stat.S_IMODE((here / "deskmetry.toml").stat().st_mode) == 0o600
    assert "3 mails" in cli("check").out
    assert cli("sync").code == 0
    assert stat.S_IMODE((here / "deskmetry.db").stat().st_mode) == 0o600
    assert cli("metric", "ticket_volume", "--since", "2026-03", "-f", "json").code == 0


def test_init_refuses_to_overwrite(here: Path) -> None:
    assert cli("init").code == 0
    before = (here / "deskmetry.toml").read_bytes()
    assert "exists already" in one_line(cli("init"), 2)
    assert (here / "deskmetry.toml").read_bytes() == before


def test_init_without_a_mailbox_says_what_comes_next(here: Path) -> None:
    assert "[sources.NAME]" in cli("init").err
    assert "has no source yet" in one_line(cli("sync"), 2)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--mailbox", "x.mbox"), "--address"),
        (("--address", "a@b.example"), "--mailbox"),
        (("--mailbox", "x.mbox", "--address", "nonsense"), "addresses"),
        (("--mailbox", "x.mbox", "--address", "a@b.example", "--name", "My box"), "My box"),
        (
            ("--mailbox", "x.mbox", "--address", "a@b.example", "--name", 'x]\nagents = "y"\n[z'),
            "name for a source",
        ),
    ],
)
def test_what_init_cannot_use_leaves_no_file_behind(here: Path, given: tuple[str, ...], said: str) -> None:
    assert said in one_line(cli("init", *given), 2)
    assert not (here / "deskmetry.toml").exists()


def test_a_configuration_elsewhere_finds_the_mailbox_that_was_named_from_here(here: Path) -> None:
    write_mbox(here / "support.mbox", numbered(2))
    there = here / "settings" / "desk.toml"
    given = ("--mailbox", "support.mbox", "--address", "support@acme.example")
    assert cli("-c", there, "init", *given).code == 0
    assert cli("-c", there, "check").code == 0


# --- check and status -------------------------------------------------------------------------------


def test_check_writes_nothing(tmp_path: Path) -> None:
    config = office(tmp_path)
    before = sorted(path.name for path in tmp_path.iterdir())
    assert rows(cli("-c", config, "check", "-f", "jsonl"))[0]["status"] == "ok"
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_check_tells_what_is_wrong_and_what_to_do(tmp_path: Path) -> None:
    config = office(tmp_path)
    (tmp_path / "sent.mbox").unlink()
    answer = cli("-c", config, "check", "-f", "json")
    assert answer.code == 1
    (row,) = answer.json["rows"]
    assert (row["status"], row["code"]) == ("failed", "unreachable")
    assert "sent.mbox" in row["found"]
    assert row["hint"]


def test_status_tells_how_far_each_source_is_known(tmp_path: Path) -> None:
    config = synced(tmp_path)
    (row,) = rows(cli("-c", config, "status", "-f", "jsonl"))
    assert (row["source"], row["tickets"], row["messages"], row["last_outcome"]) == ("inbox", 6, 9, "ok")
    assert row["complete_until"] == "2026-04-21T09:00:00.001000+00:00"  # the newest mail lies before it
    assert row["lag_ms"] > 0
    text = config.read_text()
    configured(tmp_path, text.replace("[sources.inbox]", "[sources.post]"))
    out = cli("-c", config, "status").out
    assert "post was never synced; `deskmetry sync post`." in out
    assert "inbox isn't in the configuration any more." in out


# --- doctor -----------------------------------------------------------------------------------------


def test_doctor_finds_nothing_in_a_sound_office(tmp_path: Path) -> None:
    answer = cli("-c", synced(tmp_path), "doctor", "-f", "json")
    assert answer.code == 0
    assert {row["status"] for row in answer.json["rows"]} == {"ok"}


def test_each_fault_that_doctor_finds_has_a_mend(tmp_path: Path) -> None:
    config = synced(tmp_path)
    configured(tmp_path, config.read_text() + '[sources.other]\nconnector = "mailbx"')
    (tmp_path / "deskmetry.db").chmod(0o644)
    answer = cli("-c", config, "doctor", "-f", "json")
    assert answer.code == 1
    bad = {row["check"]: row for row in answer.json["rows"] if row["status"] != "ok"}
    assert set(bad) == {"file mode", "source other"}
    assert all(row["mend"] for row in bad.values())
    assert "chmod 600" in bad["file mode"]["mend"]


def test_doctor_tells_a_broken_configuration_once_and_goes_on(tmp_path: Path) -> None:
    answer = cli("-c", configured(tmp_path, "timezone = 5"), "doctor", "-f", "json")
    assert answer.code == 1
    faults = [row for row in answer.json["rows"] if row["status"] == "fault"]
    assert [row["check"] for row in faults] == ["configuration"]
    assert faults[0]["mend"]
    assert "python" in [row["check"] for row in answer.json["rows"]]


# --- config show and secrets ------------------------------------------------------------------------


def test_config_show_says_where_each_value_comes_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESKMETRY_TIMEZONE", "Asia/Tokyo")
    config = office(tmp_path)
    found = {row["setting"]: row for row in rows(cli("-c", config, "config", "show", "-f", "jsonl"))}
    assert found["timezone"]["value"] == "Asia/Tokyo"
    assert found["timezone"]["from"] == "environment variable DESKMETRY_TIMEZONE"
    assert (found["thin_sample"]["value"], found["thin_sample"]["from"]) == ("30", "default")
    assert found["sources.inbox.path"]["from"] == str(config)


@pytest.mark.parametrize(
    "token", [f'"{CANARY}"', '{ env = "ACME_TOKEN" }', '{ file = "secret" }', '{ command = "cat secret" }']
)
def test_no_output_and_no_error_ever_holds_a_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    monkeypatch.setenv("ACME_TOKEN", CANARY)
    (tmp_path / "secret").write_text(CANARY)
    (tmp_path / "secret").chmod(0o600)
    text = f'[sources.acme]\nconnector = "acmedesk"\nurl = "http://127.0.0.1:9"\ntoken = {token}'
    options = ("--plugin", EXAMPLE, "-c", configured(tmp_path, text))
    forms = {CANARY, quote(CANARY, safe=""), base64.b64encode(CANARY.encode()).decode(), repr(CANARY)}
    commands: list[tuple[str, ...]] = [
        ("config", "show"), ("check",), ("sync", "--max-wait", "1s"), ("doctor",), ("plugins",), ("status",),
    ]  # fmt: skip
    for command in commands:
        for kind in FORMATS if command[0] == "config" else ("table", "json"):
            answer = cli("-v", *options, *command, "-f", kind)
            for form in forms:
                assert form not in answer.out + answer.err, command
    shown = {row["setting"]: row["value"] for row in rows(cli(*options, "config", "show", "-f", "jsonl"))}
    assert shown["sources.acme.token"] == "***"


# --- plugins and metrics ----------------------------------------------------------------------------


def test_plugins_lists_who_brings_what() -> None:
    found = {row["name"]: row for row in rows(cli("--no-plugins", "plugins", "-f", "jsonl"))}
    assert {"mailbox", "volume", "speed", "effort"} <= set(found)
    assert found["mailbox"]["connectors"] == ["mailbox"]
    assert "ticket_volume" in found["volume"]["metrics"]
    assert found["volume"]["distribution"] == "deskmetry"
    assert all(row["status"] == "ok" and row["hooks"] and row["api_version"] == 1 for row in found.values())


def test_metrics_lists_each_with_unit_direction_parameters_and_definition() -> None:
    found = {row["metric"]: row for row in rows(cli("metrics", "-f", "jsonl"))}
    assert len(found) >= 14
    assert found["unanswered_rate"]["parameters"] == {"grace": "1d"}
    assert found["unanswered_rate"]["direction"] == "lower"
    assert all(row["definition"] and row["unit"] for row in found.values())
