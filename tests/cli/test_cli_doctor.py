"""Tests of `doctor`: everything it looks at, each fault with the line that mends it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from deskmetry.plugins.check import Check
from deskmetry.store import WriterLock
from deskmetry_cli import examination
from deskmetry_cli.examination import has_wal_reset_fault
from helpers_cli import cli, configured, execute, synced


def found(config: Path, *arguments: str) -> dict[str, dict[str, str]]:
    answer = cli("-c", config, "doctor", *arguments, "-f", "json")
    return {row["check"]: row for row in answer.json["rows"]} | {"code": {"code": str(answer.code)}}


@pytest.mark.parametrize(
    ("version", "faulty"),
    [((3, 6, 23), False), ((3, 7, 0), True), ((3, 40, 1), True), ((3, 44, 5), True), ((3, 44, 6), False),
     ((3, 45, 0), True), ((3, 50, 6), True), ((3, 50, 7), False), ((3, 51, 2), True), ((3, 51, 3), False),
     ((3, 53, 0), False)],
)  # fmt: skip
def test_the_versions_of_sqlite_with_the_wal_reset_fault_are_known(
    version: tuple[int, int, int], faulty: bool
) -> None:
    assert has_wal_reset_fault(version) is faulty


def test_a_python_too_old_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examination, "OLDEST_PYTHON", (9, 0))
    rows = found(synced(tmp_path))
    assert rows["python"]["status"] == "fault"
    assert rows["code"]["code"] == "1"


def test_a_sound_office_is_looked_at_in_every_respect(tmp_path: Path) -> None:
    rows = found(synced(tmp_path))
    assert rows.pop("code")["code"] == "0"
    assert {row["status"] for row in rows.values()} == {"ok"}
    assert set(rows) == {
        "deskmetry", "python", "sqlite", "plugins", "configuration", "database", "schema", "facts",
        "file mode", "disk", "lock", "source inbox",
    }  # fmt: skip
    assert "mails" in rows["source inbox"]["found"], "the source was reached"
    assert "--offline" in found(tmp_path / "deskmetry.toml", "--offline")["source inbox"]["found"]


def test_a_source_that_cannot_be_reached_is_a_fault_but_not_offline(tmp_path: Path) -> None:
    config = synced(tmp_path)
    (tmp_path / "inbox.mbox").unlink()
    rows = found(config)
    assert rows["source inbox"]["status"] == "fault"
    assert rows["source inbox"]["mend"]
    assert rows["code"]["code"] == "1"
    assert found(config, "--offline")["code"]["code"] == "0"


def test_what_waits_to_be_done_is_a_warning_with_its_mend(tmp_path: Path) -> None:
    config = synced(tmp_path)
    execute(config, "UPDATE ticket_facts SET source_id = source_id")
    execute(
        config,
        "INSERT INTO quarantine (source_id, stream, digest, reason, raw, run)"
        " VALUES (1, 'm', 'd', 'r', 'x', 1)",
    )
    execute(config, "PRAGMA user_version = 1")
    rows = found(config)
    assert (rows["schema"]["status"], rows["quarantine"]["status"]) == ("warning", "warning")
    assert "version 1" in rows["schema"]["found"]
    assert "leaves a copy" in rows["schema"]["mend"]
    assert "quarantine replay" in rows["quarantine"]["mend"]
    with closing(sqlite3.connect(tmp_path / "deskmetry.db")) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,), "an examination changes nothing"


def test_who_writes_right_now_and_who_wrote_last_is_told(tmp_path: Path) -> None:
    config = synced(tmp_path)
    assert "the last one to write was process" in found(config)["lock"]["found"]
    with WriterLock(tmp_path / "deskmetry.db"):
        assert "held by process" in found(config)["lock"]["found"]


def test_a_configuration_that_others_can_change_is_a_fault(tmp_path: Path) -> None:
    config = synced(tmp_path)
    config.chmod(0o666)
    row = found(config)["file mode"]
    assert (row["status"], row["mend"]) in [("fault", f"chmod go-w {config}"), ("ok", "")]
    answer = cli("-c", config, "doctor", "-f", "json")
    assert answer.code == 1
    assert any(row["mend"] == f"chmod go-w {config}" for row in answer.json["rows"])


# --- clocks --------------------------------------------------------------------------------------------


@contextmanager
def answering(ahead: timedelta) -> Iterator[str]:
    """Serve an empty AcmeDesk whose clock is ahead of ours."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = b'{"data": [], "next": null}'
            self.send_response_only(200)
            self.send_header("Date", format_datetime(datetime.now(UTC) + ahead, usegmt=True))
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_GET = do_HEAD = _answer  # noqa: N815 - the names that http.server looks for

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Write nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("ahead", "status", "said"),
    [(timedelta(0), "ok", "as ours"), (timedelta(hours=-2), "warning", "2h ahead of"),
     (timedelta(minutes=7), "warning", "behind")],
)  # fmt: skip
def test_our_clock_is_compared_with_the_sources(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ahead: timedelta, status: str, said: str
) -> None:
    monkeypatch.setenv("ACMEDESK_TOKEN", "canary")
    plugin = Path(__file__).parents[2] / "examples" / "acmedesk.py"
    with answering(ahead) as url:
        text = (
            f'[sources.acme]\nconnector = "acmedesk"\nurl = "{url}"\ntoken = {{ env = "ACMEDESK_TOKEN" }}\n'
        )
        config = configured(tmp_path, text)
        answer = cli("--plugin", plugin, "-c", config, "doctor", "-f", "json")
    rows = {row["check"]: row for row in answer.json["rows"]}
    assert rows["source acme"]["status"] == "ok"
    assert rows["clock of acme"]["status"] == status
    assert said in rows["clock of acme"]["found"]
    assert bool(rows["clock of acme"]["mend"]) == (status != "ok")


# --- plugins' own checks -------------------------------------------------------------------------------

PLUGIN = """
from deskmetry import Check, hookimpl
@hookimpl
def doctor_checks():
    yield Check("licence", "ok", "until 2030")
    yield Check("quota", "fault", "is used up", "Buy more.")
    {more}
"""


def with_plugin(folder: Path, more: str = "") -> Any:
    config = synced(folder)
    (folder / "plugins").mkdir(mode=0o700)
    (folder / "plugins" / "licence.py").write_text(PLUGIN.format(more=more))
    return cli("-c", config, "doctor", "-f", "json")


def test_a_plugin_adds_checks(tmp_path: Path) -> None:
    answer = with_plugin(tmp_path)
    rows = {row["check"]: row for row in answer.json["rows"]}
    assert rows["licence: licence"] == {
        "check": "licence: licence", "status": "ok", "found": "until 2030", "mend": ""
    }  # fmt: skip
    assert (rows["licence: quota"]["status"], rows["licence: quota"]["mend"]) == ("fault", "Buy more.")
    assert answer.code == 1


@pytest.mark.parametrize("more", ["raise RuntimeError('no network')", "yield 'all is well'", "yield 1 / 0"])
def test_a_plugin_whose_checks_fail_is_a_fault_and_the_rest_goes_on(tmp_path: Path, more: str) -> None:
    answer = with_plugin(tmp_path, more)
    faults = [row for row in answer.json["rows"] if row["check"] == "plugins" and row["status"] == "fault"]
    assert len(faults) == 1
    assert "DESKMETRY_DISABLE_PLUGINS" in faults[0]["mend"]
    assert "licence: quota" in [row["check"] for row in answer.json["rows"]], "what came before it stays"


def test_a_check_must_say_what_mends_it() -> None:
    with pytest.raises(ValueError, match="what mends it"):
        Check("licence", "fault", "run out")
    with pytest.raises(ValueError, match="ok, warning, fault"):
        Check("licence", "broken", "run out", "buy")  # type: ignore[arg-type]
