"""A source is built from its settings; secrets come from outside the file and show nowhere."""

from __future__ import annotations

import shlex
import sys
from datetime import date
from pathlib import Path
from typing import Literal

import keyring
import pytest
from keyring.errors import NoKeyringError

from deskmetry import Connector, Field, HttpUrl, SecretStr
from deskmetry.errors import BadSetting, ConfigurationError, SecretMissing, UnknownConnector, UnknownSource
from deskmetry.settings import Settings, build_source, explain, load
from deskmetry.settings import secret as secrets

CANARY = "canary-8Xq"


class Desk(Connector):
    """A helpdesk."""

    name = "desk"
    url: HttpUrl = Field(description="Address of the account")
    token: SecretStr = Field(description="API token: Settings > API")
    pin: SecretStr | None = Field(None, description="Second secret", min_length=4)
    mode: Literal["slow", "fast"] = Field("slow", description="How to read")


CONNECTORS: dict[str, type[Connector]] = {"desk": Desk}


def settings(folder: Path, token: str, more: str = "") -> Settings:
    path = folder / "deskmetry.toml"
    head = '[sources.shop]\nconnector = "desk"\nurl = "https://acme.example"\nstart = 2025-01-01\n'
    path.write_text(f"{head}token = {token}\n{more}\n")
    return load(path, environ={})


def build(folder: Path, token: str = '{ env = "TOKEN" }', more: str = "", **environ: str) -> Desk:
    built = build_source(
        settings(folder, token, more), "shop", CONNECTORS, environ={"TOKEN": CANARY} | environ
    )
    assert isinstance(built, Desk)
    return built


def failing(folder: Path, token: str, kind: type[ConfigurationError] = SecretMissing, more: str = "") -> str:
    with pytest.raises(kind) as caught:
        build(folder, token, more)
    error = caught.value
    assert CANARY not in f"{error}{error.data}{error!r}"
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None
    return str(error)


def test_a_source_is_its_connector_with_name_and_folder(tmp_path: Path) -> None:
    desk = build(tmp_path)
    assert (str(desk.url), desk.start, desk.pin) == ("https://acme.example/", date(2025, 1, 1), None)
    assert (desk.context.source, desk.context.folder) == ("shop", tmp_path)
    assert CANARY not in repr(desk)


def test_unknown_sources_and_connectors_get_the_nearest_name(tmp_path: Path) -> None:
    found = settings(tmp_path, '{ env = "TOKEN" }')
    with pytest.raises(UnknownSource, match="Did you mean 'shop'"):
        build_source(found, "shpo", CONNECTORS)
    with pytest.raises(UnknownConnector, match="Did you mean 'desks'"):
        build_source(found, "shop", {"desks": Desk})


# --- secrets ----------------------------------------------------------------------------------------


def test_a_secret_is_read_from_a_variable(tmp_path: Path) -> None:
    assert build(tmp_path).token.get_secret_value() == CANARY
    said = failing(tmp_path, '{ env = "OTHER" }')
    assert "'sources.shop.token' can't be read from the environment variable OTHER. It is not set" in said


def test_a_secret_is_the_first_line_of_a_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    path = tmp_path / "token.txt"
    path.write_text(f"{CANARY}\nsecond line\n")
    path.chmod(0o600)
    assert build(tmp_path, '{ file = "token.txt" }').token.get_secret_value() == CANARY
    path.chmod(0o644)
    assert f"`chmod 600 {path}`" in failing(tmp_path, '{ file = "token.txt" }')
    path.write_text("\n")
    path.chmod(0o600)
    assert "first line is empty" in failing(tmp_path, '{ file = "token.txt" }')
    path.write_bytes(b"\xff\xfe\n")
    assert "isn't text" in failing(tmp_path, '{ file = "token.txt" }')
    assert "No such file" in failing(tmp_path, '{ file = "nothing.txt" }')


def command(code: str) -> str:
    return "{ command = '''" + shlex.join([sys.executable, "-c", code]) + "''' }"


def test_a_secret_is_the_first_line_that_a_command_prints(tmp_path: Path) -> None:
    (tmp_path / "beside.txt").write_text(CANARY)
    code = 'print(open("beside.txt").read()); print("more")'
    assert build(tmp_path, command(code)).token.get_secret_value() == CANARY


def test_a_command_runs_without_a_shell(tmp_path: Path) -> None:
    desk = build(tmp_path, '{ command = "echo a;touch owned $HOME" }')
    assert desk.token.get_secret_value() == "a;touch owned $HOME"
    assert not (tmp_path / "owned").exists()


def test_a_command_that_fails_is_named_by_its_program_only(tmp_path: Path) -> None:
    said = failing(tmp_path, command(f"print({CANARY!r}); raise SystemExit(3)"))
    assert f"from the command {sys.executable}. It ended with exit code 3" in said
    assert "printed nothing" in failing(tmp_path, command("print()"))
    assert "prints text" in failing(
        tmp_path, command("import sys; sys.stdout.buffer.write(bytes([255, 10]))")
    )
    assert "can't be run: No such file" in failing(tmp_path, f'{{ command = "no-such-program {CANARY}" }}')
    assert "Check its quotes" in failing(tmp_path, f'{{ command = "echo \'{CANARY}" }}')


def test_a_command_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "COMMAND_SECONDS", 0.05)
    assert "didn't end within" in failing(tmp_path, command("import time; time.sleep(60)"))


def test_a_secret_is_read_from_the_keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = {("deskmetry", "shop/token"): CANARY}
    monkeypatch.setattr(keyring, "get_password", lambda service, name: entries.get((service, name)))
    assert build(tmp_path, '{ keyring = "deskmetry/shop/token" }').token.get_secret_value() == CANARY
    assert "`keyring set deskmetry other`" in failing(tmp_path, '{ keyring = "deskmetry/other" }')
    assert "service and name" in failing(tmp_path, '{ keyring = "deskmetry" }', BadSetting)


def test_a_machine_without_a_keyring_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(service: str, name: str) -> str:
        raise NoKeyringError(CANARY)

    monkeypatch.setattr(keyring, "get_password", refuse)
    assert "No keyring works here" in failing(tmp_path, '{ keyring = "deskmetry/token" }')


@pytest.mark.parametrize(
    ("token", "said"),
    [
        (f'"{CANARY}"', "a secret must not stand in the file. Say where it is: { env ="),
        ("3", "a secret must not stand in the file"),
        (f'{{ vault = "{CANARY}" }}', "isn't a place"),
        (f'{{ env = "A", file = "{CANARY}" }}', "isn't a place"),
        ("{ env = 3 }", "env must be a text"),
        ('{ command = " " }', "command must be a text"),
    ],
)
def test_a_secret_in_the_file_is_refused_with_the_mend(tmp_path: Path, token: str, said: str) -> None:
    text = failing(tmp_path, token, BadSetting)
    assert text.startswith(f"{tmp_path / 'deskmetry.toml'}: sources.shop.token: ")
    assert said in text


def test_an_optional_secret_is_a_secret_too(tmp_path: Path) -> None:
    assert "must not stand in the file" in failing(
        tmp_path, '{ env = "TOKEN" }', BadSetting, more='pin = "12345"'
    )
    pin = build(tmp_path, more='pin = { env = "PIN" }', PIN="12345").pin
    assert pin is not None
    assert pin.get_secret_value() == "12345"


def test_the_type_of_a_field_makes_it_a_secret_when_it_is_shown(tmp_path: Path) -> None:
    found = settings(tmp_path, '{ env = "TOKEN" }', more=f'pin = "{CANARY}"')
    rows = {key: value for key, value, _ in explain(found, CONNECTORS)}
    assert rows["sources.shop.pin"] == "***"
    assert rows["sources.shop.url"] == "https://acme.example"


# --- other faults -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('mode = "quick"', "sources.shop.mode: Input should be 'slow' or 'fast'. How to read."),
        ("mode = 3", "sources.shop.mode: "),
        ('tokn = "x"', "sources.shop.tokn: the connector 'desk' has no such setting. Did you mean 'token'?"),
        ('mode = "quick"\npage = 1', "; page: the connector 'desk' has no such setting"),
        ('pin = { env = "SHORT" }', "sources.shop.pin: "),
    ],
)
def test_a_bad_setting_of_a_source_names_what_it_is_for(tmp_path: Path, more: str, said: str) -> None:
    with pytest.raises(BadSetting) as caught:
        build(tmp_path, more=more, SHORT="1x")
    assert said in str(caught.value)
    assert "1x" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_a_missing_setting_says_how_to_write_it(tmp_path: Path) -> None:
    path = tmp_path / "deskmetry.toml"
    path.write_text('[sources.shop]\nconnector = "desk"\nurl = "https://acme.example"\n')
    with pytest.raises(BadSetting) as caught:
        build_source(load(path, environ={}), "shop", CONNECTORS, environ={})
    expected = 'sources.shop.token: it is missing. Write token = { env = "…" }: API token: Settings > API.'
    assert str(caught.value) == f"{path}: {expected}"


def test_a_check_of_the_connector_that_repeats_a_secret_is_masked(tmp_path: Path) -> None:
    from pydantic import field_validator

    class Chatty(Desk):
        """A helpdesk that talks too much."""

        name = "chatty"

        @field_validator("token")
        @classmethod
        def _check(cls, value: SecretStr) -> SecretStr:
            raise ValueError(f"bad token {value.get_secret_value()}")

    with pytest.raises(BadSetting, match=r"sources.shop.token: bad token \*\*\*") as caught:
        build_source(
            settings(tmp_path, '{ env = "TOKEN" }'), "shop", {"desk": Chatty}, environ={"TOKEN": CANARY}
        )
    assert CANARY not in str(caught.value)
