"""The settings of people: what is read, and what is refused with its mend."""

from __future__ import annotations

from pathlib import Path

import pytest

from deskmetry.errors import BadSetting
from deskmetry.settings import People, Settings, explain, load


def read(folder: Path, text: str) -> Settings:
    path = folder / "deskmetry.toml"
    path.write_text(text, encoding="utf-8")
    return load(path, environ={})


def test_without_a_table_nobody_is_ignored(tmp_path: Path) -> None:
    assert read(tmp_path, "").people == People()


def test_every_setting_is_read(tmp_path: Path) -> None:
    people = read(
        tmp_path,
        """[people]
        ignore = [" Info@Acme.example ", "*@Market.example", "+49 30 1234-567", "030 7654321"]
        shared_by = 5
        calling_code = "49"
        """,
    ).people
    assert people.addresses == ("info@acme.example",)
    assert people.domains == ("market.example",)
    assert people.numbers == ("+49301234567", "+49307654321")
    assert (people.shared_by, people.calling_code, people.trunk_prefix) == (5, "49", "0")


@pytest.mark.parametrize(
    ("line", "key", "said"),
    [
        ("ignores = []", "people.ignores", "ignore"),
        ('ignore = "info@acme.example"', "people.ignore", "list of texts"),
        ("ignore = [3]", "people.ignore", "list of texts"),
        ('ignore = [" "]', "people.ignore", "list of texts"),
        ('ignore = ["030 1234567"]', "people.ignore", "neither an address nor such a number"),
        ('ignore = ["info"]', "people.ignore", "neither an address nor such a number"),
        ('ignore = ["@acme.example"]', "people.ignore", "*@acme.example"),
        ('ignore = ["info*@acme.example"]', "people.ignore", "no address"),
        ('ignore = ["*@*.example"]', "people.ignore", "no address"),
        ("shared_by = 0", "people.shared_by", "from 1"),
        ("shared_by = true", "people.shared_by", "from 1"),
        ('calling_code = "+49"', "people.calling_code", "49"),
        ("calling_code = 49", "people.calling_code", "text"),
        ('trunk_prefix = "x"', "people.trunk_prefix", "text"),
    ],
)
def test_what_can_not_be_meant_is_refused(tmp_path: Path, line: str, key: str, said: str) -> None:
    with pytest.raises(BadSetting) as caught:
        read(tmp_path, f"[people]\n{line}\n")
    assert caught.value.data["key"] == key
    assert said in f"{caught.value.message} {caught.value.hint}"


def test_a_domain_is_refused_where_addresses_are_hashed(tmp_path: Path) -> None:
    text = '[people]\nignore = ["{}@x.example"]\n[privacy]\npeople = "hash"\n'
    assert read(tmp_path, text.format("info")).people.addresses == ("info@x.example",)
    with pytest.raises(BadSetting, match="hashed"):
        read(tmp_path, text.format("*"))


def test_they_are_shown_with_where_they_come_from(tmp_path: Path) -> None:
    settings = read(tmp_path, '[people]\nignore = ["info@x.example"]\n')
    rows = {key: (value, origin) for key, value, origin in explain(settings)}
    origin = str(tmp_path / "deskmetry.toml")
    assert rows["people.ignore"] == ('["info@x.example"]', origin)
    assert rows["people.shared_by"] == ("3", origin)


def test_the_mark_tells_settings_apart_and_their_order_does_not_matter() -> None:
    one, other = People(ignore=("a@x.example", "b@x.example")), People(ignore=("b@x.example", "a@x.example"))
    assert one.mark == other.mark != People().mark
    assert People(shared_by=4).mark != People().mark
    assert "a@x.example" not in one.mark
