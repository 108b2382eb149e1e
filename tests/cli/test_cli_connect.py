"""`connect` asks for what a connector needs, tries it, and writes it down without a secret in the file."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator, MutableMapping
from pathlib import Path

import keyring
import keyring.backend
import keyring.backends.fail
import pytest
import typer
from keyring.errors import PasswordDeleteError

from deskmetry.plugins import Registry
from deskmetry.settings import load
from deskmetry.settings.secret import is_secret
from deskmetry_cli.questions import spare_secrets
from helpers_cli import Answer, cli, one_line

SECRET = "s3cret-canary-0815"
PLUGIN = '''
from pydantic import Field, SecretStr
from deskmetry import AuthenticationFailed, Connector, Ticket, hookimpl, stream

class Desk(Connector):
    """A desk that knows one token."""

    name = "desk"
    credentials = (("token",), ("user", "password"))
    place: str = Field(description="Where the desk is")
    port: int = Field(993, description="Port")
    token: SecretStr | None = Field(None, description="Token: Settings > API")
    user: str | None = Field(None, description="User")
    password: SecretStr | None = Field(None, description="Password")

    def check(self):
        secret = self.token or self.password
        if secret.get_secret_value() != "s3cret-canary-0815":
            raise AuthenticationFailed("The desk refuses the token.", "Make a new one under Settings > API.")
        return f"a desk at {self.place}, port {self.port}"

    @stream(Ticket)
    def tickets(self, since):
        yield self.page([], None)

@hookimpl
def register_connectors():
    return [Desk]
'''


class Drawer(keyring.backend.KeyringBackend):
    """A keyring in memory."""

    priority = 1.0

    def __init__(self, kept: MutableMapping[tuple[str, str], str]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept = kept

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.kept.pop((service, username), None) is None:
            raise PasswordDeleteError(username)


@pytest.fixture
def drawer() -> Iterator[dict[tuple[str, str], str]]:
    before, kept = keyring.get_keyring(), dict[tuple[str, str], str]()
    keyring.set_keyring(Drawer(kept))
    yield kept
    keyring.set_keyring(before)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "deskmetry.toml"
    path.write_text('# mine\ndatabase = "d.db"  # beside it\ntimezone = "UTC"\n', encoding="utf-8")
    (tmp_path / "plugins").mkdir(mode=0o700)
    (tmp_path / "plugins" / "desk.py").write_text(PLUGIN, encoding="utf-8")
    return path


def connect(monkeypatch: pytest.MonkeyPatch, file: Path, typed: str, *arguments: str) -> Answer:
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    return cli("--config", file, "connect", *arguments)


def test_it_asks_tries_and_writes_the_secret_into_the_keyring(
    monkeypatch: pytest.MonkeyPatch, file: Path, drawer: dict[tuple[str, str], str]
) -> None:
    before = file.read_text(encoding="utf-8")
    answer = connect(monkeypatch, file, f"desk\nBerlin\n1\n{SECRET}\n2025-01-31\n", "shop")
    assert answer.code == 0, answer.err
    assert "a desk at Berlin, port 993" in answer.err
    assert "Token: Settings > API" in answer.err
    assert drawer == {("deskmetry", "shop.token"): SECRET}
    text = file.read_text(encoding="utf-8")
    assert text.startswith(before)
    assert SECRET not in text + answer.err + answer.out
    source = load(file).sources["shop"]
    assert source.connector == "desk"
    assert dict(source.settings)["token"] == {"keyring": "deskmetry/shop.token"}
    assert cli("--config", file, "check").code == 0


def test_what_is_given_is_not_asked_and_numbers_stay_numbers(
    monkeypatch: pytest.MonkeyPatch, file: Path, drawer: dict[tuple[str, str], str]
) -> None:
    options = ("--connector", "desk", "--set", "place=Rome", "--set", "port=143", "--set", "user=me")
    answer = connect(monkeypatch, file, f"{SECRET}\n\n", "shop", *options)
    assert answer.code == 0, answer.err
    assert dict(load(file).sources["shop"].settings)["port"] == 143
    assert drawer == {("deskmetry", "shop.password"): SECRET}


def test_with_a_variable_nothing_is_kept_and_the_variable_is_named(
    monkeypatch: pytest.MonkeyPatch, file: Path, drawer: dict[tuple[str, str], str]
) -> None:
    answer = connect(
        monkeypatch, file, f"Berlin\n1\n{SECRET}\n\n", "shop", "--connector", "desk", "--secrets", "env"
    )
    assert answer.code == 0, answer.err
    assert "SHOP_TOKEN" in answer.err
    assert drawer == {}
    assert dict(load(file).sources["shop"].settings)["token"] == {"env": "SHOP_TOKEN"}


def test_refused_credentials_write_nothing_anywhere(
    monkeypatch: pytest.MonkeyPatch, file: Path, drawer: dict[tuple[str, str], str]
) -> None:
    before = file.read_text(encoding="utf-8")
    answer = connect(monkeypatch, file, "Berlin\n1\nwrong\n\n", "shop", "--connector", "desk")
    assert answer.code == 4
    assert "The desk refuses the token. Make a new one" in answer.err
    assert file.read_text(encoding="utf-8") == before
    assert drawer == {}


def test_a_secret_on_the_command_line_is_refused(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    answer = connect(monkeypatch, file, "", "shop", "--connector", "desk", "--set", f"token={SECRET}")
    assert answer.code == 2
    assert SECRET not in answer.err


def test_a_name_that_is_taken_is_refused(
    monkeypatch: pytest.MonkeyPatch, file: Path, drawer: dict[tuple[str, str], str]
) -> None:
    assert connect(monkeypatch, file, f"Berlin\n1\n{SECRET}\n\n", "shop", "--connector", "desk").code == 0
    line = one_line(connect(monkeypatch, file, "", "shop", "--connector", "desk"), 2)
    assert "shop" in line


def test_an_unknown_connector_gets_the_nearest_name(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    line = one_line(connect(monkeypatch, file, "", "shop", "--connector", "dsk"), 2)
    assert "'desk'" in line


def test_no_answer_is_an_error_and_not_an_empty_setting(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    answer = connect(monkeypatch, file, "", "shop", "--connector", "desk")
    assert answer.code == 2
    assert "--set" in answer.err


class Terminal(io.StringIO):
    """A stdin that people type into."""

    def isatty(self) -> bool:
        return True


def test_what_is_refused_is_asked_again_and_enter_keeps_the_rest(
    monkeypatch: pytest.MonkeyPatch, file: Path, drawer: dict[tuple[str, str], str]
) -> None:
    typed = iter(["Berlin", "9", "1", "wrong", "soon", "2025-01-31", None, None, SECRET, None])
    offered = list[object]()

    def answer(text: str, *, default: object, **_options: object) -> str:
        offered.append(default)
        said = next(typed)
        return str(default) if said is None else said

    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(typer, "prompt", answer)
    given = cli("--config", file, "connect", "shop", "--connector", "desk")
    assert given.code == 0, given.err
    assert "'9' is not a choice" in given.err
    assert "'soon' is not a day" in given.err
    assert "The desk refuses the token." in given.err
    assert offered[-4:] == ["Berlin", "1", "wrong", "2025-01-31"]
    assert drawer == {("deskmetry", "shop.token"): SECRET}
    assert dict(load(file).sources["shop"].settings)["place"] == "Berlin"


def test_a_refused_secret_of_the_environment_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, file: Path, drawer: dict[tuple[str, str], str]
) -> None:
    typed = iter(["Berlin", "1", "", None, None, SECRET, ""])
    monkeypatch.setenv("SHOP_TOKEN", "wrong")
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(typer, "prompt", lambda text, *, default, **_: str(next(typed) or default))
    given = cli("--config", file, "connect", "shop", "--connector", "desk")
    assert given.code == 0, given.err
    assert drawer == {("deskmetry", "shop.token"): SECRET}


def test_without_a_keyring_the_environment_is_named(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    before = keyring.get_keyring()
    keyring.set_keyring(keyring.backends.fail.Keyring())  # type: ignore[no-untyped-call]
    try:
        typed = f"Berlin\n1\n{SECRET}\n\n"
        insisting = connect(monkeypatch, file, typed, "a", "--connector", "desk", "--secrets", "keyring")
        falling_back = connect(monkeypatch, file, typed, "b", "--connector", "desk")
    finally:
        keyring.set_keyring(before)
    assert (insisting.code, falling_back.code) == (2, 0)
    assert "B_TOKEN" in falling_back.err
    assert dict(load(file).sources["b"].settings)["token"] == {"env": "B_TOKEN"}
    assert "a" not in load(file).sources


def test_a_secret_besides_the_credentials_is_asked_for_and_may_be_left_out(
    monkeypatch: pytest.MonkeyPatch, file: Path, drawer: dict[tuple[str, str], str]
) -> None:
    typed = "shop.zendesk.example\n2\n" + SECRET + "\n{chat}\n\n"
    for name, chat in (("a", ""), ("b", "chat-secret")):
        text = typed.format(chat=chat)
        done = connect(monkeypatch, file, text, name, "--connector", "zendesk", "--no-check")
        assert done.code == 0, done.err
        assert "chat_token: OAuth token for Zendesk Chat" in done.err
        assert "(Enter for none)" in done.err
    assert drawer == {("deskmetry", "a.token"): SECRET, ("deskmetry", "b.token"): SECRET,
                      ("deskmetry", "b.chat_token"): "chat-secret"}  # fmt: skip


def test_every_secret_of_a_connector_that_ships_can_be_given_to_connect() -> None:
    connectors = Registry.load(built_in_only=True, environ={}).connectors()
    for connector in connectors.values():
        secrets = {name for name, info in connector.model_fields.items() if is_secret(info.annotation)}
        asked = {name for name, info in connector.model_fields.items() if info.is_required()}
        asked.update(*connector.credentials, spare_secrets(connector))
        assert secrets <= asked, connector.name
