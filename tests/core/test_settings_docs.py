"""The page about the configuration lists every key, variable and place, and its example is read."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from deskmetry.plugins import Registry
from deskmetry.settings import KEYS, Settings, build_source, load
from deskmetry.settings.model import VARIABLES
from deskmetry.settings.secret import PLACES

PAGE = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def test_every_key_is_documented_with_its_default() -> None:
    rows = re.findall(r"^\| `(\w+)` \| `?([^|`]+)`? \| (.*) \|$", section("Keys"), re.MULTILINE)
    assert tuple(key for key, _, _ in rows) == KEYS
    defaults = {field.name: field.default for field in dataclasses.fields(Settings)}
    for key, default, _ in rows:
        if key in {"timezone", "agents", "thin_sample"}:
            assert default == str(defaults[key])
    for key, variable in VARIABLES.items():
        assert any(variable in text for name, _, text in rows if name == key)


def test_every_place_of_a_secret_is_documented() -> None:
    assert tuple(re.findall(r"^\| `\{ (\w+) = ", section("Secrets"), re.MULTILINE)) == PLACES


def test_the_example_on_the_page_is_read_and_shows_every_key(tmp_path: Path) -> None:
    found = re.search(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    (tmp_path / "deskmetry.toml").write_text(found[1])
    settings = load(tmp_path / "deskmetry.toml", environ={})
    assert "default" not in settings.origins.values()
    connectors = Registry.load(environ={}, built_in_only=True).connectors()
    assert build_source(settings, "inbox", connectors).name == "mailbox"
