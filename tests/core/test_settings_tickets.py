"""The setting `tickets`: of which other source's tickets the surveys of a source are about."""

from __future__ import annotations

from pathlib import Path

import pytest

from deskmetry.errors import BadSetting
from deskmetry.settings import Settings, explain, load
from deskmetry.sync import Options, sync
from helpers_sync import desk, page, rows, ticket

SHOP = '[sources.shop-eu]\nconnector = "mailbox"\npath = "a.mbox"\naddresses = ["a@acme.example"]\n'
VOICE = '[sources.voice]\nconnector = "table"\npath = "a.csv"\n'


def read(folder: Path, text: str) -> Settings:
    file = folder / "deskmetry.toml"
    file.write_text(text)
    return load(file, environ={})


def test_it_is_a_setting_of_the_source_and_not_of_its_connector(tmp_path: Path) -> None:
    settings = read(tmp_path, f'{VOICE}tickets = "shop-eu"\n{SHOP}')
    assert settings.tickets_by_source() == {"voice": "shop-eu", "shop-eu": None}
    assert "tickets" not in settings.sources["voice"].settings
    shown = {key: value for key, value, _ in explain(settings)}
    assert shown["sources.voice.tickets"] == "shop-eu"
    assert "sources.shop-eu.tickets" not in shown


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (
            '"shop-ue"',
            "there is no other source 'shop-ue'.* Did you mean 'shop-eu'\\? Other sources: shop-eu.",
        ),
        ('"voice"', "there is no other source 'voice'.*Other sources: shop-eu."),
        ('""', "it must be a text"),
        ("7", "it must be a text"),
    ],
)
def test_what_names_no_other_source_is_one_clear_error(tmp_path: Path, value: str, said: str) -> None:
    with pytest.raises(BadSetting, match=f"sources.voice.tickets: {said}"):
        read(tmp_path, f"{VOICE}tickets = {value}\n{SHOP}")


def test_without_any_other_source_there_is_none_to_name(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="no other source 'shop-eu'") as raised:
        read(tmp_path, f'{VOICE}tickets = "shop-eu"\n')
    assert "Other sources" not in str(raised.value)


def linked(folder: Path) -> dict[str, int | None]:
    return dict(rows(folder, "SELECT name, tickets_source_id FROM sources"))


def test_a_sync_notes_it_once_both_sources_are_there(tmp_path: Path) -> None:
    database = tmp_path / "desk.db"
    tickets = {"voice": "shop", "shop": None}
    sync(database, {"voice": desk(page(ticket(1)), desk="two")}, Options(tickets=tickets))
    assert linked(tmp_path) == {"voice": None}
    sync(database, {"shop": desk(page(ticket(1)))}, Options(tickets=tickets))
    assert linked(tmp_path) == {"voice": 2, "shop": None}
    sync(database, {"shop": desk(page(ticket(1)))}, Options())  # says nothing about it
    assert linked(tmp_path) == {"voice": 2, "shop": None}
    sync(database, {"shop": desk(page(ticket(1)))}, Options(tickets={"voice": None, "shop": None}))
    assert linked(tmp_path) == {"voice": None, "shop": None}
