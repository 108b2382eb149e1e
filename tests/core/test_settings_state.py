"""What a run learnt and the next one must know: renewed secrets (promise 10) and page sizes (promise 9)."""

from __future__ import annotations

import json
import stat
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

import httpx
import keyring
import pytest
import respx
from keyring.backend import KeyringBackend
from keyring.errors import KeyringError
from pydantic import PrivateAttr, SecretStr

from deskmetry.connector import Connector, Cursor, Page, stream
from deskmetry.errors import ConfigurationError
from deskmetry.records import Ticket
from deskmetry.settings import build_source, load
from deskmetry.settings.state import SIZES_LAST, StateFile
from deskmetry.sync import Options, sync
from helpers_sync import ticket

SEED, ACCOUNT = "seed-of-the-user", "http://localhost/api"


class Rotating(Connector):
    """A desk whose refresh token may be used once."""

    name: ClassVar[str] = "rotating"
    url: str = ACCOUNT
    refresh_token: SecretStr

    _access: str = PrivateAttr(default="expired")

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._access}"}

    def refresh(self) -> bool:
        def exchange(old: str) -> tuple[str, str]:
            answer = httpx.post(f"{ACCOUNT}/token", json={"refresh_token": old}, trust_env=False)
            answer.raise_for_status()
            return answer.json()["refresh_token"], answer.json()["access_token"]

        self._access = self.rotate("refresh_token", exchange)
        return True

    @stream(Ticket)
    def tickets(self, since: Cursor | None) -> Iterator[Page]:
        yield self.page(self.http.get_json("/tickets", items="data").items, lambda row: ticket(row["id"]))


class Vendor:
    """An account whose refresh tokens are good for one exchange, and whose access tokens for one page."""

    def __init__(self, router: respx.MockRouter, file: Path) -> None:
        self.good, self.number, self.file = SEED, 0, file
        self.on_disk: list[bool] = []
        router.post(f"{ACCOUNT}/token").mock(side_effect=self.exchange)
        router.get(f"{ACCOUNT}/tickets").mock(side_effect=self.tickets)

    def exchange(self, request: httpx.Request) -> httpx.Response:
        if json.loads(request.content)["refresh_token"] != self.good:
            return httpx.Response(400, json={"error": "invalid_grant"})
        self.number += 1
        self.good = f"refresh-{self.number}"
        return httpx.Response(200, json={"refresh_token": self.good, "access_token": f"access-{self.number}"})

    def tickets(self, request: httpx.Request) -> httpx.Response:
        if request.headers["Authorization"] != f"Bearer access-{self.number}" or not self.number:
            return httpx.Response(401)
        self.on_disk.append(self.file.is_file() and self.good in self.file.read_text())
        return httpx.Response(200, json={"data": [{"id": self.number}]})


def _configured(folder: Path, place: str = 'env = "SEED"') -> Path:
    path = folder / "deskmetry.toml"
    path.write_text(f'[sources.s1]\nconnector = "rotating"\nrefresh_token = {{ {place} }}\n')
    return path


def _run(config: Path, seed: str = SEED) -> list[str]:
    settings = load(config)
    source = build_source(settings, "s1", {"rotating": Rotating}, environ={"SEED": seed})
    report = sync(settings.database, {"s1": source}, Options())
    return [str(one.error) for one in report.sources if one.error is not None]


def test_promise_10_a_rotated_refresh_token_is_on_disk_before_anything_is_read_with_it(
    tmp_path: Path, respx_mock: respx.MockRouter
) -> None:
    file = tmp_path / "deskmetry.db.state"
    vendor = Vendor(respx_mock, file)
    for _ in range(3):
        assert _run(_configured(tmp_path)) == [], "the variable only seeds it"
    assert (vendor.number, vendor.on_disk) == (3, [True, True, True])
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert SEED not in file.read_text()
    assert [one.name for one in tmp_path.iterdir() if "state" in one.name] == [file.name]


def test_promise_10_a_seed_that_the_user_replaces_counts_at_once(
    tmp_path: Path, respx_mock: respx.MockRouter
) -> None:
    vendor = Vendor(respx_mock, tmp_path / "deskmetry.db.state")
    assert _run(_configured(tmp_path)) == []
    vendor.good = "another-seed"
    assert _run(_configured(tmp_path)) != [], "the old one is no longer good"
    assert _run(_configured(tmp_path), "another-seed") == []
    assert _run(_configured(tmp_path), "another-seed") == []


class Ring(KeyringBackend):
    """A keyring in memory, that can be made to refuse."""

    priority: ClassVar[float] = 9

    def __init__(self) -> None:
        self.entries: dict[tuple[str, str], str] = {}
        self.writable = True

    def get_password(self, service: str, username: str) -> str | None:
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if not self.writable:
            raise KeyringError
        self.entries[service, username] = password


@pytest.fixture
def ring() -> Iterator[Ring]:
    before = keyring.get_keyring()
    made = Ring()
    made.entries["deskmetry", "s1.refresh_token"] = SEED
    keyring.set_keyring(made)
    yield made
    keyring.set_keyring(before)


@pytest.mark.parametrize("writable", [True, False])
def test_promise_10_a_secret_out_of_the_keyring_goes_back_there_or_into_the_file(
    tmp_path: Path, respx_mock: respx.MockRouter, ring: Ring, writable: bool
) -> None:
    file = tmp_path / "deskmetry.db.state"
    vendor = Vendor(respx_mock, file)
    ring.writable = writable
    config = _configured(tmp_path, 'keyring = "deskmetry/s1.refresh_token"')
    assert _run(config) == _run(config) == []
    kept = ring.entries["deskmetry", "s1.refresh_token"]
    assert (kept == vendor.good, file.exists()) == (writable, not writable)


def test_promise_10_a_token_that_cannot_be_kept_is_not_used(
    tmp_path: Path, respx_mock: respx.MockRouter, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor = Vendor(respx_mock, tmp_path / "deskmetry.db.state")

    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    (said,) = _run(_configured(tmp_path))
    assert "deskmetry.db.state can't be used: No space left" in said
    assert vendor.on_disk == [], "nothing was read with it"
    assert not [one for one in tmp_path.iterdir() if "state" in one.name]


def test_renewals_take_turns(tmp_path: Path) -> None:
    first, second = StateFile(tmp_path / "s"), StateFile(tmp_path / "s")
    order: list[str] = []
    waiting = threading.Event()

    def later() -> None:
        waiting.set()
        with second.alone():
            order.append("second")

    thread = threading.Thread(target=later)
    with first.alone():
        thread.start()
        assert waiting.wait(10)
        thread.join(0.05)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]


def test_promise_09_page_sizes_that_worked_are_kept_for_a_week(tmp_path: Path) -> None:
    state = StateFile(tmp_path / "deskmetry.db.state")
    state.keep_sizes("s1", {"/tickets": 250, "/users": 100})
    state.keep_sizes("s1", {"/tickets": 125, "/users": 100})
    state.keep_secret("s1", "token", "seed", "new")
    assert state.sizes("s1") == {"/tickets": 125, "/users": 100}
    assert state.sizes("s2") == {}
    text = json.loads(state.path.read_text())
    old = (datetime.now(UTC) - SIZES_LAST).isoformat()
    text["sizes"]["s1"]["/users"][1] = old
    state.path.write_text(json.dumps(text))
    assert state.sizes("s1") == {"/tickets": 125}
    assert state.secret("s1", "token", "seed") == "new"


def test_promise_09_a_sync_begins_with_the_size_that_worked_in_the_last_one(
    tmp_path: Path, respx_mock: respx.MockRouter
) -> None:
    class Large(Connector):
        """A desk whose server takes no page over 300."""

        name: ClassVar[str] = "large"
        url: str = ACCOUNT

        @stream(Ticket)
        def tickets(self, since: Cursor | None) -> Iterator[Page]:
            for batch in self.http.pages("/tickets", next_cursor="next", page_size=("per", 1000)):
                yield self.page(batch.items, lambda row: ticket(row["id"]))

    def answer(request: httpx.Request) -> httpx.Response:
        too_big = int(request.url.params["per"]) > 300
        return httpx.Response(504) if too_big else httpx.Response(200, json={"data": [], "next": None})

    route = respx_mock.get(url__regex=rf"{ACCOUNT}/tickets\?.*").mock(side_effect=answer)
    path = tmp_path / "deskmetry.toml"
    path.write_text('[sources.s1]\nconnector = "large"\n')
    for _ in range(2):
        settings = load(path)
        sync(settings.database, {"s1": build_source(settings, "s1", {"large": Large})}, Options())
    assert [call.request.url.params["per"] for call in route.calls] == ["1000", "500", "250", "250"]


def test_a_state_that_is_no_json_says_what_to_do(tmp_path: Path) -> None:
    state = StateFile(tmp_path / "deskmetry.db.state")
    state.path.write_text("{")
    with pytest.raises(ConfigurationError, match="Remove it"):
        state.secret("s1", "token", "seed")


def test_the_state_of_one_source_says_nothing_to_another(tmp_path: Path) -> None:
    state = StateFile(tmp_path / "deskmetry.db.state")
    state.keep_secret("s1", "token", "seed", "new")
    assert state.secret("s2", "token", "seed") == state.secret("s1", "other", "seed") == "seed"
    assert "new" not in repr(state)
