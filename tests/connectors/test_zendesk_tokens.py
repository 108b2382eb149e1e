"""Refresh tokens of an OAuth client: good for one exchange, kept before use, never lost by a kill."""

from __future__ import annotations

import io
import sys
import threading
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from deskmetry.errors import AuthenticationFailed, Interrupted
from deskmetry.settings import build_source, load
from deskmetry.settings.state import StateFile
from deskmetry.sync import Options, SyncReport, sync
from deskmetry_connectors.zendesk import Zendesk
from deskmetry_connectors.zendesk.emulator import CLIENT, REFRESH, Emulator, Faults
from helpers_cli import cli
from helpers_synced import rows
from helpers_zendesk import desk

STATE = "deskmetry.db.state"


def configured(folder: Path, server: Emulator) -> Path:
    path = folder / "deskmetry.toml"
    path.write_text(
        f'[sources.zd]\nconnector = "zendesk"\nurl = "{server.url}"\nclient_id = "{CLIENT[0]}"\n'
        'client_secret = { env = "SECRET" }\nrefresh_token = { env = "SEED" }\n'
    )
    return path


def made(folder: Path, server: Emulator, seed: str = REFRESH) -> Zendesk:
    settings = load(configured(folder, server))
    source = build_source(settings, "zd", {"zendesk": Zendesk}, environ={"SECRET": CLIENT[1], "SEED": seed})
    assert isinstance(source, Zendesk)
    return source


def run(folder: Path, server: Emulator, seed: str = REFRESH) -> SyncReport:
    return sync(folder / "deskmetry.db", {"zd": made(folder, server, seed)}, Options())


def test_each_run_exchanges_the_token_that_the_run_before_left(tmp_path: Path) -> None:
    with desk() as server:
        for number in (1, 2, 3):
            assert run(tmp_path, server).exit_code == 0
            assert server.doors.refresh == f"{REFRESH}-{number}"
    assert server.counts["/oauth/tokens"] == 3
    assert rows(tmp_path / "deskmetry.db", "SELECT count(*) FROM tickets") == [40]


def test_the_successor_is_on_disk_before_anything_is_read_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with desk() as server:
        known: list[bool] = []
        who = server.doors.who

        def watched(door: str) -> Any:
            kept = tmp_path / STATE
            known.append(kept.is_file() and f'"{server.doors.refresh}"' in kept.read_text())
            return who(door)

        monkeypatch.setattr(server.doors, "who", watched)
        assert run(tmp_path, server).exit_code == 0
    assert len(known) > 10
    assert all(known)
    assert (tmp_path / STATE).stat().st_mode & 0o777 == 0o600


def test_an_access_token_that_ends_in_the_middle_is_exchanged_there(tmp_path: Path) -> None:
    with desk(faults=Faults(expires=4)) as server:
        assert run(tmp_path, server).exit_code == 0
        assert server.counts["/oauth/tokens"] >= 3
        assert run(tmp_path, server).exit_code == 0


def test_a_kill_between_exchange_and_use_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = StateFile.keep_secret

    def killed(*arguments: Any) -> None:
        keep(*arguments)
        raise SystemExit(137)

    with desk() as server:
        with monkeypatch.context() as patch:
            patch.setattr(StateFile, "keep_secret", killed)
            first = made(tmp_path, server)
            with pytest.raises(SystemExit):
                first.check()
            first.close()
        assert server.doors.refresh == f"{REFRESH}-1", "the vendor has made the exchange"
        again = made(tmp_path, server)
        assert again.check() == f"{server.url} as Agent 0 (admin)"
        again.close()


def test_a_wish_to_stop_during_an_exchange_waits_for_the_successor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with desk() as server:
        connector = made(tmp_path, server)
        exchange, over = server.doors.exchange, threading.Event()

        def slow(asked: Any) -> Any:
            connector.context.stop.set()
            over.wait(0.15)  # longer than a request takes to notice
            return exchange(asked)

        monkeypatch.setattr(server.doors, "exchange", slow)
        with suppress(Interrupted):
            connector.check()
        assert connector.context.requests == server.counts.total()
        connector.close()
        assert server.doors.refresh == f"{REFRESH}-1"
        monkeypatch.undo()
        assert run(tmp_path, server).exit_code == 0


def test_a_token_that_was_used_before_is_told_in_one_line(tmp_path: Path) -> None:
    with desk() as server:
        assert run(tmp_path, server).exit_code == 0
        (tmp_path / STATE).unlink()
        report = run(tmp_path, server)
        connector = made(tmp_path, server)
        with pytest.raises(AuthenticationFailed) as caught:
            connector.check()
        connector.close()
    assert report.exit_code == 4
    for error in (caught.value, report.sources[0].error):
        assert error is not None
        assert "doesn't take the refresh token: it was used, revoked, or has ended" in str(error)
        assert "authorization code flow once more" in str(error)
        assert "\n" not in str(error)
    said = "".join(traceback.format_exception(caught.value))
    assert REFRESH not in said
    assert CLIENT[1] not in said


def test_a_new_token_in_the_configuration_counts_at_once(tmp_path: Path) -> None:
    with desk() as server:
        run(tmp_path, server)
        server.doors.refresh = "by-a-new-flow"
        assert run(tmp_path, server).exit_code == 4
        assert run(tmp_path, server, "by-a-new-flow").exit_code == 0
        assert run(tmp_path, server, "by-a-new-flow").exit_code == 0


def test_the_token_that_connect_tried_is_succeeded_in_the_sync(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "deskmetry.toml"
    file.write_text("")
    with desk() as server:
        lines = (server.url, "4", CLIENT[0], CLIENT[1], REFRESH, "")
        monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{text}\n" for text in lines)))
        told = ("--connector", "zendesk", "--secrets", "env")
        assert cli("--config", file, "connect", "zd", *told).code == 0
        monkeypatch.setenv("ZD_CLIENT_SECRET", CLIENT[1])
        monkeypatch.setenv("ZD_REFRESH_TOKEN", REFRESH)
        assert cli("--config", file, "sync").code == 0
    assert server.doors.refresh == f"{REFRESH}-2"


def test_a_refresh_token_needs_its_client() -> None:
    for ways in (
        {"refresh_token": REFRESH},
        {"refresh_token": REFRESH, "client_id": "x"},
        {"refresh_token": REFRESH, "client_id": "x", "client_secret": "y", "token": "z"},
    ):
        with pytest.raises(ValidationError, match="give exactly one of") as caught:
            Zendesk.model_validate({"url": "acme"} | ways)
        assert REFRESH not in str(caught.value)
