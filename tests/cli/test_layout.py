"""Tests of tables on terminals: at every width no number and no date is broken, and nothing is too wide."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
from pathlib import Path

import pytest
from rich.cells import cell_len

from deskmetry_cli.layout import Column, Page
from helpers_cli import START, synced

COLUMNS = (
    Column("waited", right=True),
    Column("since", solid=True),
    Column("source", solid=True),
    Column("subject", cut=True),
    Column("note"),
    Column("ticket", cut=True),
)
ROWS = [
    [
        "385d 13h",
        "2025-11-01 11:03",
        "inbox",
        "Happy with my tyres " * 3,
        "a note of some words " * 3,
        "x" * 60,
    ],
    ["1h", "2026-01-01 00:00", "inbox", "注文の商品がまだ届きません " * 3, "", "1,234,567"],
]
SGR = re.compile("\x1b\\[[0-9;]*m")


def lines(width: int | None, spare: tuple[str, ...] = ("ticket", "note")) -> list[str]:
    page = Page(width)
    page.rows(COLUMNS, ROWS, spare)
    return SGR.sub("", page.text()).splitlines()


@pytest.mark.parametrize("width", [40, 60, 72, 80, 100, 132, 200])
def test_a_table_fits_its_terminal_and_breaks_no_number_and_no_date(width: int) -> None:
    found = lines(width)
    assert max(cell_len(line) for line in found) <= width
    text = "\n".join(found)
    for whole in ("385d 13h", "2025-11-01 11:03", "2026-01-01 00:00", "inbox"):
        assert whole in text


def test_what_is_left_out_for_want_of_room_is_named() -> None:
    found = lines(60)
    assert "ticket" not in found[0]
    assert any(line.startswith("No room for: ") and "ticket" in line for line in found)
    assert "No room" not in "".join(lines(200))


def test_a_cut_text_takes_one_line_and_says_that_it_is_cut() -> None:
    found = lines(80, spare=("note",))
    assert len([line for line in found if "Happy" in line]) == 1
    assert "…" in next(line for line in found if "Happy" in line)
    assert not any(line.strip() in ("tyres", "xxxx") for line in found)
    assert len(found) == 5  # head, rule, two rows, and what was left out


def test_where_nothing_fits_each_row_is_written_as_lines() -> None:
    found = lines(30, spare=())
    assert found[0].split() == ["waited", "385d", "13h"]
    assert found[1].split() == ["since", "2025-11-01", "11:03"]
    assert "" in found


def test_a_pipe_gets_everything_however_wide() -> None:
    page = Page(None)
    page.rows(COLUMNS, [[*ROWS[0][:5], "y" * 30_000]], ("ticket",))
    assert "y" * 30_000 in page.text()
    assert len(page.text().splitlines()) == 3


def test_a_table_keeps_its_columns_apart_by_two_cells() -> None:
    page = Page(None)
    page.rows([Column("a"), Column("n", right=True)], [["x", "1"], ["yy", "22"]], ())
    assert page.text() == "a    n\n──────\nx    1\nyy  22\n"


def test_in_a_real_terminal_of_80_cells_answers_stay_readable(tmp_path: Path) -> None:
    config = synced(tmp_path)
    for command in (
        ["waiting"],
        ["status"],
        ["metric", "first_response_time", "--tickets", "--since", "2026-03"],
        ["metric", "first_response_time", "--by", "month", "--by", "agent", "--since", "2026-03"],
    ):
        raw = on_terminal(["-c", str(config), *command])
        assert "\x1b[31m" not in raw  # the subject's own colour
        out = SGR.sub("", raw)
        assert max(cell_len(line) for line in out.splitlines()) <= 80
        for line in out.splitlines():
            assert not re.search(r"\d{4}-\d{2}-?$", line), out
    assert "47d" in out or "2h" in out


def on_terminal(arguments: list[str]) -> str:
    """Return what a command shows on a pseudo-terminal of 80 cells."""
    main, side = pty.openpty()
    try:
        child = subprocess.Popen(
            [sys.executable, "-c", START, *arguments],
            stdout=side,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"COLUMNS": "80", "LINES": "24", "TERM": "xterm-256color"},
        )
        os.close(side)
        parts = []
        while True:
            select.select([main], [], [], 60)
            try:
                part = os.read(main, 65_536)
            except OSError:  # Linux says so when the other side is closed
                break
            if not part:
                break
            parts.append(part)
        assert child.wait(60) == 0
    finally:
        os.close(main)
    return b"".join(parts).decode()
