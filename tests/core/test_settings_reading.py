"""The configuration is found, read and overridden; each fault names file, key and mend."""

from __future__ import annotations

import dataclasses
import re
import stat
import tomllib
from pathlib import Path

import pytest

from deskmetry.errors import BadSetting, BadSyntax, ConfigurationError, ExitCode, NoConfiguration
from deskmetry.plugins import Registry
from deskmetry.settings import (
    KEYS,
    Settings,
    build_source,
    explain,
    load,
    local_timezone,
    source_text,
    user_file,
    write_new,
)

FULL = """
database = "data/support.db"
timezone = "Europe/Berlin"
agents = "hidden"
thin_sample = 10

[targets]
first_response_time = "4h"
reopen_rate = 0.05

[privacy]
bodies = "cut"

[people]
shared_by = 5

[sources.shop-eu]
connector = "zendesk"
url = "https://acme.example"
start = 2025-01-01
token = { env = "ZENDESK_TOKEN" }

[sources.mail]
connector = "imap"
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of our own, so that no configuration of this machine is found."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / ".config"))
    return folder


def read(folder: Path, text: str, **environ: str) -> Settings:
    path = folder / "deskmetry.toml"
    path.write_text(text, encoding="utf-8")
    return load(path, environ=environ)


def test_every_key_is_read_and_paths_start_at_the_file(tmp_path: Path) -> None:
    settings = read(tmp_path, FULL)
    assert settings.database == tmp_path / "data/support.db"
    assert (settings.timezone, settings.agents, settings.thin_sample) == ("Europe/Berlin", "hidden", 10)
    assert settings.targets == {"first_response_time": "4h", "reopen_rate": 0.05}
    assert list(settings.sources) == ["shop-eu", "mail"]
    assert settings.sources["shop-eu"].connector == "zendesk"
    assert settings.sources["shop-eu"].settings["token"] == {"env": "ZENDESK_TOKEN"}
    assert "connector" not in settings.sources["mail"].settings
    assert (settings.file, settings.folder) == (tmp_path / "deskmetry.toml", tmp_path)
    assert settings.origins == dict.fromkeys(KEYS, str(tmp_path / "deskmetry.toml"))


def test_an_empty_file_means_defaults(tmp_path: Path) -> None:
    settings = read(tmp_path, "")
    assert (settings.database, settings.timezone) == (tmp_path / "deskmetry.db", "UTC")
    assert (settings.agents, settings.thin_sample, settings.targets, settings.sources) == (
        "shown",
        30,
        {},
        {},
    )
    assert set(settings.origins.values()) == {"default"}


def test_the_environment_overrides_the_file(tmp_path: Path) -> None:
    (tmp_path / "deskmetry.toml").write_text(FULL)
    environ = {"DESKMETRY_DATABASE": "here.db", "DESKMETRY_TIMEZONE": "Asia/Tokyo"}
    cwd = tmp_path / "elsewhere"
    settings = load(tmp_path / "deskmetry.toml", environ=environ, cwd=cwd)
    assert (settings.database, settings.timezone) == (cwd / "here.db", "Asia/Tokyo")
    assert settings.origins["timezone"] == "environment variable DESKMETRY_TIMEZONE"
    assert read(tmp_path, FULL, DESKMETRY_TIMEZONE="").timezone == "Europe/Berlin"


def test_a_database_in_the_home_folder_is_found_there(tmp_path: Path, home: Path) -> None:
    assert read(tmp_path, 'database = "~/support.db"').database == home / "support.db"


# --- where the file is looked for -------------------------------------------------------------------


def test_the_nearest_file_wins_and_the_search_ends_at_home(tmp_path: Path, home: Path) -> None:
    inner = home / "project" / "deep"
    inner.mkdir(parents=True)
    (tmp_path / "deskmetry.toml").write_text("thin_sample = 1")  # above home: never looked at
    assert load(required=False, environ={}, cwd=inner).file is None
    user_file().parent.mkdir(parents=True)
    user_file().write_text("thin_sample = 2")
    assert load(environ={}, cwd=inner).thin_sample == 2
    (home / "deskmetry.toml").write_text("thin_sample = 3")
    assert load(environ={}, cwd=inner).thin_sample == 3
    (home / "project" / "deskmetry.toml").write_text("thin_sample = 4")
    assert load(environ={}, cwd=inner).thin_sample == 4
    (tmp_path / "variable.toml").write_text("thin_sample = 5")
    environ = {"DESKMETRY_CONFIG": str(tmp_path / "variable.toml")}
    assert load(environ=environ, cwd=inner).thin_sample == 5
    (inner / "named.toml").write_text("thin_sample = 6")
    assert load(Path("named.toml"), environ=environ, cwd=inner).thin_sample == 6


def test_without_a_file_there_are_defaults_or_an_error_that_says_where_it_looked(home: Path) -> None:
    assert load(required=False, environ={}, cwd=home).database == home / "deskmetry.db"
    with pytest.raises(NoConfiguration) as caught:
        load(environ={}, cwd=home)
    assert str(home / "deskmetry.toml") in str(caught.value)
    assert str(user_file()) in str(caught.value)


def test_a_named_file_that_is_not_there_is_an_error_even_if_none_is_required(tmp_path: Path) -> None:
    with pytest.raises(NoConfiguration, match=r"named\.toml"):
        load(tmp_path / "named.toml", required=False, environ={})
    with pytest.raises(NoConfiguration, match=r"variable\.toml"):
        load(required=False, environ={"DESKMETRY_CONFIG": str(tmp_path / "variable.toml")})


def test_a_file_that_others_can_write_is_taken_only_by_name(home: Path) -> None:
    path = home / "deskmetry.toml"
    path.write_text("thin_sample = 3")
    path.chmod(0o666)
    with pytest.raises(ConfigurationError, match="--config FILE"):
        load(environ={}, cwd=home)
    assert load(path, environ={}, cwd=home).thin_sample == 3


# --- faults -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "key", "said"),
    [
        ('databse = "x"', "databse", "Did you mean 'database'? Settings: database, timezone"),
        ("database = 3", "database", 'Write it in quotes: database = "…"'),
        ('database = ""', "database", "must be a text"),
        ('timezone = "Europe/Berlyn"', "timezone", "Did you mean 'Europe/Berlin'?"),
        ("timezone = 2", "timezone", "must be a text"),
        ('agents = "hide"', "agents", "one of shown, hidden"),
        ("agents = []", "agents", "one of shown, hidden"),
        ("thin_sample = -1", "thin_sample", "a whole number from 0"),
        ("thin_sample = true", "thin_sample", "a whole number from 0"),
        ('thin_sample = "30"', "thin_sample", "a whole number from 0"),
        ("targets = 3", "targets", "Write [targets] on a line of its own"),
        ("[targets]\nx = []", "targets.x", '0.9 or "4h"'),
        ("sources = []", "sources", "Write [sources] on a line of its own"),
        ("[sources]\nshop = 1", "sources.shop", "Write [sources.shop] on a line"),
        ('[sources."Shop EU"]\nconnector = "x"', "sources.Shop EU", "can't be the name of a source"),
        ("[sources.-x]\n", "sources.-x", "can't be the name of a source"),
        ("[sources.shop]\nurl = 'x'", "sources.shop.connector", 'Write connector = "…" under [sources.shop]'),
        ("[sources.shop]\nconector = 'x'", "sources.shop.connector", "Did you mean it by 'conector'?"),
        ("[sources.shop]\nconnector = 1", "sources.shop.connector", "must be a text"),
    ],
)
def test_a_bad_setting_names_file_key_and_mend(tmp_path: Path, text: str, key: str, said: str) -> None:
    with pytest.raises(BadSetting) as caught:
        read(tmp_path, text)
    error = caught.value
    assert str(error).startswith(f"{tmp_path / 'deskmetry.toml'}: {key}: ")
    assert said in str(error)
    assert error.data["key"] == key
    assert error.exit_code is ExitCode.USAGE


def test_a_bad_variable_is_named_as_such(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="the environment: DESKMETRY_TIMEZONE: 'Mars' is not a time zone"):
        read(tmp_path, "", DESKMETRY_TIMEZONE="Mars")


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        (b'database = "x"\ntimezone = \n', 2, 12),
        (b'database = "x"\nagents = "never closed', 2, 23),
        (b'database = "x"\ndatabase = "y"\n', 2, 15),
        (b'agents = "shown"\ndatabase = "\xff"\n', 2, 13),
    ],
)
def test_a_syntax_error_names_line_and_column(tmp_path: Path, text: bytes, line: int, column: int) -> None:
    path = tmp_path / "deskmetry.toml"
    path.write_bytes(text)
    with pytest.raises(BadSyntax) as caught:
        load(path, environ={})
    assert (caught.value.data["line"], caught.value.data["column"]) == (line, column)
    assert f"(line {line}, column {column})" in str(caught.value)


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "deskmetry.toml").write_bytes(b"\xef\xbb\xbfthin_sample = 7\n")
    assert load(tmp_path / "deskmetry.toml", environ={}).thin_sample == 7


# --- explaining -------------------------------------------------------------------------------------


def test_every_value_is_explained_and_no_secret_is_shown(tmp_path: Path) -> None:
    text = FULL + (
        'password = "canary-1"\nurl = "https://me:canary-2@acme.example"\n'
        'list = [{ api_key = "canary-3", a = 1 }]\n'
        'secret = { command = "pass show canary-4" }\nfolder = "INBOX"\n'
    )
    settings = read(tmp_path, text, DESKMETRY_TIMEZONE="UTC")
    rows = {key: (value, where) for key, value, where in explain(settings)}
    file = str(tmp_path / "deskmetry.toml")
    assert rows["timezone"] == ("UTC", "environment variable DESKMETRY_TIMEZONE")
    assert rows["thin_sample"] == ("10", file)
    assert rows["targets.first_response_time"] == ("4h", file)
    assert rows["sources.shop-eu.connector"] == ("zendesk", file)
    assert rows["sources.shop-eu.start"] == ("2025-01-01", file)
    assert rows["sources.shop-eu.token"] == ("***", f"{file}, from the environment variable ZENDESK_TOKEN")
    assert rows["sources.mail.password"] == ("***", file)
    assert rows["sources.mail.url"] == ("https://***@acme.example", file)
    assert rows["sources.mail.list"] == ('[{"api_key": "***", "a": 1}]', file)
    assert rows["sources.mail.secret"] == ("***", f"{file}, from the command pass")
    assert rows["sources.mail.folder"] == ("INBOX", file)
    assert "canary" not in str(rows)


def test_every_key_of_the_model_is_a_key_of_the_file() -> None:
    documented = tuple(field.name for field in dataclasses.fields(Settings) if "doc" in field.metadata)
    assert documented == KEYS


# --- writing ----------------------------------------------------------------------------------------


def test_a_first_configuration_is_valid_as_it_stands_and_never_overwrites(tmp_path: Path) -> None:
    path = tmp_path / "new" / "deskmetry.toml"
    write_new(path, timezone="Europe/Berlin")
    settings = load(path, environ={})
    assert (settings.database, settings.timezone) == (path.parent / "deskmetry.db", "Europe/Berlin")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    with pytest.raises(ConfigurationError, match="exists already"):
        write_new(path)


def test_what_is_commented_out_in_it_is_valid_too(tmp_path: Path) -> None:
    write_new(tmp_path / "deskmetry.toml", timezone="UTC")
    text = (tmp_path / "deskmetry.toml").read_text()
    settings = read(tmp_path, re.sub(r"^# (?=\[\w+|\w+ = (?!\{))", "", text, flags=re.MULTILINE))
    assert [key for key, origin in settings.origins.items() if origin == "default"] == ["targets"]
    connectors = Registry.load(environ={}, built_in_only=True).connectors()
    assert build_source(settings, "inbox", connectors).name == "mailbox"


def test_a_source_is_appended_as_valid_text(tmp_path: Path) -> None:
    values = {
        "url": 'https://acme.example/?a="b"\\c',
        "token": {"env": "X"},
        "folders": ["In\x7fbox", "Gesendet é"],
        "days": 3,
        "tls": True,
        "note": None,
    }
    write_new(tmp_path / "deskmetry.toml", timezone="UTC")
    text = (tmp_path / "deskmetry.toml").read_text() + source_text("shop-eu", "zendesk", values)
    expected = {"connector": "zendesk", **{key: value for key, value in values.items() if value is not None}}
    assert tomllib.loads(text)["sources"]["shop-eu"] == expected


def test_the_zone_of_the_machine_is_taken_from_tz_or_localtime(tmp_path: Path) -> None:
    link = tmp_path / "localtime"
    link.symlink_to("/usr/share/zoneinfo/America/New_York")
    assert local_timezone({"TZ": ":Europe/Paris"}, link) == "Europe/Paris"
    assert local_timezone({"TZ": "CET-1CEST,M3.5.0"}, link) == "America/New_York"
    assert local_timezone({}, link) == "America/New_York"
    assert local_timezone({}, tmp_path / "nothing") == "UTC"
