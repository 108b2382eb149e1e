"""The page of promises names tests that exist, and every promise that is tested."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
TESTS = {
    name
    for folder in ("core", "cli", "connectors")
    for file in (ROOT / "tests" / folder).glob("test_*.py")
    for name in re.findall(r"^def (test_\w+)\(", file.read_text(encoding="utf-8"), re.MULTILINE)
}


def test_every_test_that_the_page_of_promises_names_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    assert len(named) > 40
    assert named - TESTS == set()


def test_the_page_names_every_promise_that_has_a_test_of_its_number() -> None:
    tested = {int(name.split("_")[2]) for name in TESTS if name.startswith("test_promise_")}
    listed = {int(number) for number in re.findall(r"^\*\*(\d+)\. ", PAGE, re.MULTILINE)}
    assert set(range(1, 22)) <= tested
    assert tested <= listed
