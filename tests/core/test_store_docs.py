"""The reference of the schema says what the database has."""

from __future__ import annotations

import re
from pathlib import Path

from deskmetry.facts.tables import OWN_TABLES
from deskmetry.store.docs import COMMAND, reference
from helpers_store import Store

PAGE = Path(__file__).resolve().parents[2] / "docs" / "schema.md"


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference(), f"run: {COMMAND}"


def documented(page: str) -> dict[str, list[str]]:
    """Return the columns that the page lists, by table."""
    sections = re.split(r"^### ", page, flags=re.MULTILINE)[1:]
    return {text.split("\n")[0]: re.findall(r"^\| `(\w+)`", text, re.MULTILINE) for text in sections}


def test_every_table_of_a_database_is_documented_with_every_column(tmp_path: Path) -> None:
    with Store.at(tmp_path) as store:
        store.refresh()
        found = {
            row["name"]: [column["name"] for column in store.rows(f'PRAGMA table_info("{row["name"]}")')]
            for row in store.rows("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")
        }
    own = {name for name in found if name.endswith("_readable") or name.startswith(("_sqlite", "sqlite_"))}
    expected = {name: columns for name, columns in found.items() if name not in own | set(OWN_TABLES)}
    assert documented(reference()) == expected


def test_the_facts_own_tables_are_named() -> None:
    assert all(f"`{name}`" in reference() for name in OWN_TABLES)
