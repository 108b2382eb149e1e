"""Tests of failures: each one clear line with its own exit code, as text and as JSON, never a traceback."""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path

import pytest

from deskmetry.store import WriterLock
from helpers_cli import Answer, cli, configured, office, one_line, synced
from helpers_modes import as_a_mere_user

METRIC = ("metric", "first_response_time")


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return synced(tmp_path_factory.mktemp("office"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("metric", "first_respose_time"), "Did you mean 'first_response_time'?"),
        (("metric", "ticket_volume", "first_respose_time"), "Did you mean 'first_response_time'?"),
        ((*METRIC, "--by", "chanel"), "Did you mean 'channel'?"),
        ((*METRIC, "--by", "month", "--by", "week"), "one time bucket"),
        ((*METRIC, "--where", "chanel=email"), "Did you mean 'channel'?"),
        ((*METRIC, "--where", "channel"), "not a filter"),
        ((*METRIC, "--where", "source=inbx"), "Did you mean 'inbox'?"),
        ((*METRIC, "--timezone", "Europe/Berln"), "Did you mean 'Europe/Berlin'?"),
        ((*METRIC, "--since", "yesterdy"), "not a date"),
        ((*METRIC, "--since", "2026-02-30"), "not a date"),
        ((*METRIC, "--last", "5x"), "not a length of time"),
        ((*METRIC, "--as-of", "2026-01-01T09:00"), "not a date"),
        ((*METRIC, "--since", "2026-03", "--last", "5d"), "--since or --last"),
        ((*METRIC, "--since", "2026-03", "--until", "2026-02"), "The period is empty"),
        ((*METRIC, "--stat", "p59"), "There is no statistic 'p59'. Did you mean 'p99'?"),
        (("metric", "ticket_volume", "--stat", "mean"), "no duration"),
        ((*METRIC, "--format", "xml"), "'xml' is not one of"),
        ((*METRIC, "--formt", "json"), "Did you mean 'format'?"),
        ((*METRIC, "--grace", "12h"), "There is no parameter or option 'grace'"),
        (("metric", "unanswered_rate", "--grase", "12h"), "Did you mean 'grace'?"),
        (("metric", "unanswered_rate", "--grace", "12"), "not a duration"),
        (("metric", "unanswered_rate", "--grace"), "needs a value"),
        (("metric", "unanswered_rate", "--param", "grace"), "not a parameter"),
        (("metric", "resolution_rate", "--days", "0"), "'0' is not a value for resolution_rate.days"),
        (("metric", "resolution_rate", "--days", "x"), "'x' is not a value for resolution_rate.days"),
        ((*METRIC, "--param", "unanswered_rate.grace=1d"), "unanswered_rate.grace"),
        ((*METRIC, "--limit", "0"), "--limit"),
        ((*METRIC, "-x"), "'-x'"),
        ((*METRIC, "--explain", "--tickets"), "Give one of them"),
        (("metric",), "Missing argument"),
        (("metrc", "x"), "metric"),
        (("sync", "--ful"), "--full"),
        (("sync", "inbx"), "Did you mean 'inbox'?"),
        (("check", "inbx"), "Did you mean 'inbox'?"),
        (("sync", "--max-wait", "soon"), "not a duration"),
        (("demo", "--until", "tomorrow"), "not a day"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_understood_is_told_with_the_nearest_name(
    config: Path, arguments: tuple[str, ...], said: str
) -> None:
    line = one_line(cli("-c", config, *arguments), 2)
    assert said in line
    assert ".." not in line.replace("…", "")
    as_json = cli("-c", config, *arguments, *(() if "--format" in arguments else ("-f", "json")))
    if arguments[0] not in ("metrc", "demo") and "--format" not in arguments and arguments[-1] != "--grace":
        assert as_json.out == ""
        assert as_json.error["exit_code"] == as_json.code == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("database = 'x'\ntimezone = \n", "line 2"),
        ("timezne = 'UTC'", "Did you mean 'timezone'?"),
        ("timezone = 'Europe/Berln'", "Europe/Berln"),
        ("[sources.inbox]\nconector = 'mailbox'", "conector"),
        ("[sources.inbox]\nconnector = 'mailbx'", "Did you mean 'mailbox'?"),
        ("[sources.inbox]\nconnector = 'mailbox'\npath = 'x'", "addresses"),
        ("[sources.inbox]\nconnector = 'mailbox'\npth = 'x'\naddresses = ['@a.example']", "pth"),
        ("timezone = 'UTC'", "has no source yet"),
    ],
)
def test_a_broken_configuration_is_told_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    config = configured(tmp_path, text)
    line = one_line(cli("-c", config, "sync"), 2)
    assert said in line
    assert "deskmetry.toml" in line or "'inbox'" in line
    assert cli("-c", config, "sync", "-f", "json").error["exit_code"] == 2


def test_without_configuration_the_way_to_one_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("DESKMETRY_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    for command in (("sync",), ("status",), ("metric", "ticket_volume"), ("sql", "SELECT 1")):
        assert "`deskmetry init`" in one_line(cli(*command), 2)
    assert "nope.toml" in one_line(cli("-c", "nope.toml", "status"), 2)
    # What needs none works.
    for command in (("metrics",), ("plugins",), ("doctor",)):
        assert cli(*command).code == 0


@pytest.mark.parametrize(
    "form", [("-c{}",), ("--config={}",), ("--config", "{}"), ("-vc", "{}"), ("-c", "{}", "-v")]
)
def test_the_configuration_can_be_named_in_each_form(config: Path, form: tuple[str, ...]) -> None:
    answer = cli(*(part.format(config) for part in form), "config", "show", "-f", "json")
    assert answer.code == 0, answer.err
    assert answer.json["rows"][0]["value"] == str(config.parent / "deskmetry.db")


def test_a_missing_secret_names_the_setting_and_the_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ACME_TOKEN", raising=False)
    example = Path(__file__).parents[2] / "examples" / "acmedesk.py"
    text = (
        "[sources.acme]\nconnector = 'acmedesk'\nurl = 'https://acme.example'\ntoken = { env = 'ACME_TOKEN' }"
    )
    line = one_line(cli("--plugin", example, "-c", configured(tmp_path, text), "sync"), 2)
    assert "sources.acme.token" in line
    assert "ACME_TOKEN" in line


# --- sources that fail ------------------------------------------------------------------------------

SECOND = """
[sources.other]
connector = "mailbox"
path = "nowhere.mbox"
addresses = ["@acme.example"]
"""


def test_one_of_two_sources_failing_is_partial_and_the_other_is_read(tmp_path: Path) -> None:
    config = office(tmp_path, SECOND)
    answer = cli("-c", config, "sync", "-f", "json")
    assert answer.code == answer.json["exit_code"] == 3
    assert [(item["source"], item["outcome"]) for item in answer.json["sources"]] == [
        ("inbox", "ok"),
        ("other", "failed"),
    ]
    assert answer.json["errors"][0]["code"] == "unreachable"
    assert (answer.error["source"], answer.error["code"]) == ("other", "unreachable")
    volume = ("metric", "ticket_volume", "--since", "2026-03", "--until", "2026-04", "-f", "json")
    assert cli("-c", config, *volume).json["total"]["value"] == 3
    status = cli("-c", config, "status")
    assert "nowhere.mbox" in status.out
    assert cli("-c", config, "sync", "other").code == 1


def test_a_source_whose_settings_are_wrong_does_not_stop_the_others(tmp_path: Path) -> None:
    config = office(tmp_path, SECOND.replace("path =", "pth ="))
    answer = cli("-c", config, "sync")
    assert answer.code == 3
    assert "error: other: " in answer.err
    assert "pth" in answer.err
    checked = cli("-c", config, "check", "-f", "json")
    assert checked.code == 3
    assert [(row["source"], row["status"]) for row in checked.json["rows"]] == [
        ("inbox", "ok"),
        ("other", "failed"),
    ]
    assert one_line(cli("-c", config, "sync", "other"), 2)


# --- databases that fail ----------------------------------------------------------------------------


def each_way(config: Path, code: int) -> Answer:
    """Ask in text and in JSON; both must fail alike."""
    for command in (("metric", "ticket_volume"), ("status",), ("waiting",), ("sql", "SELECT 1")):
        one_line(cli("-c", config, *command), code)
    answer = cli("-c", config, "metric", "ticket_volume", "-f", "json")
    assert answer.error["exit_code"] == answer.code == code
    return answer


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    config = office(tmp_path)
    database = tmp_path / "deskmetry.db"
    database.write_bytes(b"This is not a database, and long enough to be looked at. " * 40)
    assert each_way(config, 1).error["code"] == "corrupt"
    one_line(cli("-c", config, "sync"), 1)
    assert database.read_bytes().startswith(b"This is not")


def test_a_damaged_database_is_told_as_such(tmp_path: Path) -> None:
    config = synced(tmp_path)
    database = tmp_path / "deskmetry.db"
    content = bytearray(database.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    database.write_bytes(content)
    assert cli("-c", config, "metric", "ticket_volume", "-f", "json").error["code"] == "corrupt"
    doctor = cli("-c", config, "doctor", "-f", "json")
    assert doctor.code == 1
    assert [row for row in doctor.json["rows"] if row["status"] == "fault" and row["mend"]]


def test_a_database_of_a_newer_version_is_not_touched(tmp_path: Path) -> None:
    config = synced(tmp_path)
    connection = sqlite3.connect(tmp_path / "deskmetry.db")
    connection.execute("PRAGMA user_version = 999")
    connection.close()
    assert each_way(config, 1).error["code"] == "newer_schema"


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    config = office(tmp_path)
    tmp_path.chmod(0o500)
    try:
        done = as_a_mere_user("-m", "deskmetry_cli", "-c", config, "sync")
    finally:
        tmp_path.chmod(0o700)
    assert done.returncode == 1, done.stderr
    assert "can't be written" in done.stderr


def test_a_database_in_a_place_that_is_no_folder_is_told(tmp_path: Path) -> None:
    config = office(tmp_path, head='database = "inbox.mbox/x.db"')
    assert "inbox.mbox" in one_line(cli("-c", config, "sync"), 1)


def test_a_second_sync_is_refused_and_names_the_first(tmp_path: Path) -> None:
    config = synced(tmp_path)
    with WriterLock(tmp_path / "deskmetry.db"):
        line = one_line(cli("-c", config, "sync"), 6)
        assert f"process {os.getpid()} on " in line
        assert cli("-c", config, "sync", "-f", "json").error["code"] == "locked"
        # Whoever only reads isn't stopped.
        assert cli("-c", config, "metric", "ticket_volume").code == 0


def test_while_another_process_writes_stale_facts_answer_with_a_warning(tmp_path: Path) -> None:
    config = synced(tmp_path)
    connection = sqlite3.connect(tmp_path / "deskmetry.db")
    connection.execute("INSERT INTO dirty (kind, source_id, key) VALUES ('ticket', 1, 'x')")
    connection.commit()
    connection.close()
    question = ("metric", "ticket_volume", "--since", "2026-03", "--until", "2026-04", "-f", "json")
    with WriterLock(tmp_path / "deskmetry.db"):
        answer = cli("-c", config, *question)
        assert (answer.code, answer.json["total"]["value"]) == (0, 3)
        assert answer.err.startswith("warning: The numbers are those of the last finished sync")
        assert answer.err.count("\n") == 1
    later = cli("-c", config, *question)
    assert (later.json["total"]["value"], later.err) == (3, "")


# --- faults of ours ---------------------------------------------------------------------------------


def test_a_fault_of_ours_is_one_line_and_with_verbose_a_traceback(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise LookupError("what nobody foresaw\x1b[2J")

    monkeypatch.setattr("deskmetry_cli.answers.metrics_table", broken)
    line = one_line(cli("-c", config, "metrics"), 1)
    assert "LookupError: what nobody foresaw" in line
    assert "\x1b" not in line
    assert cli("-c", config, "metrics", "-f", "json").error["code"] == "fault"
    with pytest.raises(LookupError):
        cli("-v", "-c", config, "metrics")


def test_json_errors_are_one_line_of_json(config: Path) -> None:
    answer = cli("-c", config, "metric", "x", "--format=json")
    assert answer.err.count("\n") == 1
    assert json.loads(answer.err)["error"]["code"] == "unknown_name"


def test_ctrl_c_while_modules_are_loaded_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupting:
        def __set_name__(self, owner: type, name: str) -> None:
            raise KeyboardInterrupt  # which some versions of Python wrap

    def loading() -> None:
        type("Made", (), {"field": Interrupting()})

    monkeypatch.setattr("deskmetry_cli.main.build_app", loading)
    answer = cli("status")
    assert answer.code == 130
    assert "stopped" in answer.err
    assert "fault" not in answer.err
