"""The page of the connector `table` tells the truth: each example is synced and asked."""

from __future__ import annotations

import os
import re
import shlex
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from helpers_cli import cli
from helpers_table import LONG_AGO, rows

PAGE = Path(__file__).resolve().parents[2] / "docs" / "connectors" / "table.md"
_FILE = re.compile(r"`([\w.-]+)`:\n\n```(?:csv|json)\n(.*?)```", re.DOTALL)
_ASKED = re.compile(r"```sh\n(.*?)\n```\n\n```text\n(.*?)```", re.DOTALL)


def examples() -> dict[str, str]:
    parts = re.split(r"^##+ (.+)$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    named = dict(zip(parts[1::2], parts[2::2], strict=True))
    return {name: part for name, part in named.items() if "```toml" in part}


def shop(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE sales (number, placed, cents, mail, test)")
        sold = "INSERT INTO sales VALUES (1, '2026-03-01 10:00:00', 1250, 'eva@shop.example', 0)"
        connection.execute(sold)
        connection.execute("INSERT INTO sales VALUES (2, '2026-03-01 10:00:00', 9999, NULL, 1)")
        connection.commit()


@pytest.mark.parametrize("name", examples())
def test_an_example_gives_what_the_page_says(name: str, tmp_path: Path) -> None:
    part = examples()[name]
    for file, text in _FILE.findall(part):
        (tmp_path / file).write_text(text, encoding="utf-8")
        os.utime(tmp_path / file, (LONG_AGO, LONG_AGO))
    shop(tmp_path / "shop.db")
    (settings,) = re.findall(r"```toml\n(.*?)```", part, re.DOTALL)
    config = tmp_path / "deskmetry.toml"
    config.write_text(f'timezone = "Europe/Berlin"\n{settings}', encoding="utf-8")
    assert cli("--config", config, "check").code == 0
    synced = cli("--config", config, "sync")
    assert synced.code == 0, synced.err
    asked = _ASKED.findall(part)
    assert asked
    for command, expected in asked:
        answer = cli("--config", config, *shlex.split(command)[1:])
        assert answer.code == 0, answer.err
        said = answer.out.replace("\r", "")
        if " metric " in command:  # of an answer in words the page shows the numbers
            assert [line for line in expected.splitlines() if line not in said.splitlines()] == []
        else:
            assert said == expected
    assert rows(tmp_path / "deskmetry.db", "SELECT count(*) FROM quarantine") == [(0,)]


def test_the_page_has_an_example_for_each_kind_of_data() -> None:
    assert len(examples()) >= 11
