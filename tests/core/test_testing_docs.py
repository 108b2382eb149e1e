"""The page about the fault kit: its blocks run in order, and its tables are those of the code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from deskmetry.testing import paging
from deskmetry.testing.collection import Collection
from deskmetry.testing.faults import faults_table
from deskmetry.testing.helpdesk import FakeHelpdesk

ROOT = Path(__file__).resolve().parents[2]
PATH = ROOT / "docs" / "testing.md"
PAGE = PATH.read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def test_the_blocks_of_the_page_run_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(ROOT / "examples"))
    names: dict[str, Any] = {"__name__": "testing_page"}
    for number, block in enumerate(BLOCKS, 1):
        exec(compile(block, f"docs/testing.md, block {number}", "exec"), names)
    assert len(BLOCKS) >= 5


def test_the_table_of_faults_is_that_of_the_code() -> None:
    (shown,) = re.findall(r"<!-- faults -->\n(.*?)<!-- /faults -->", PAGE, re.DOTALL)
    assert shown == faults_table(), "put `deskmetry.testing.faults.faults_table()` between the two marks"


def test_every_paging_style_is_shown() -> None:
    styles = {name for name, value in vars(paging).items() if hasattr(value, "show")} - {"Paging"}
    assert styles == set(re.findall(r"^\| `(\w+)\(", PAGE, re.MULTILINE)) & styles
    assert len(styles) == 5


def test_everything_that_can_happen_there_is_shown() -> None:
    told = set(re.findall(r"^\| `(\w+)\([a-z]*\)` \|", PAGE, re.MULTILINE))
    seen = {"truth", "gone", "rows", "requests", "meanwhile"}  # these let nothing happen themselves
    calls = {name for name, value in vars(FakeHelpdesk).items() if callable(value) and name[0] != "_"} - seen
    assert calls - told == set()


def test_every_part_of_a_description_is_named() -> None:
    assert [name for name in Collection.__dataclass_fields__ if name != "path" and name not in PAGE] == []
