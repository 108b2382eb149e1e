"""Files whose rows can't be used: a file that fits nowhere fails, and what is mended is forgotten."""

from __future__ import annotations

from pathlib import Path

from deskmetry.sync import Outcome
from helpers_table import LONG_AGO, orders, rows, run, table, write


def set_aside(database: Path) -> list[str]:
    return [row[0] for row in rows(database, "SELECT key FROM quarantine ORDER BY key")]


def known(database: Path) -> object:
    ((until,),) = rows(database, "SELECT complete_until_at FROM sources")
    return until


def test_a_file_of_which_no_row_can_be_used_fails_however_short_it_is(tmp_path: Path) -> None:
    database, file = tmp_path / "d.db", write(tmp_path / "orders.csv", orders(1, 2, total="much"))
    report = run(database, table(file))
    assert report.outcome is Outcome.FAILED
    assert "no row fits" in str(report.error)
    assert "orders.csv, line 2" in str(report.error)
    assert known(database) is None
    assert set_aside(database) == ["orders.csv, line 2", "orders.csv, line 3"]


def test_a_file_with_a_bad_row_among_good_ones_is_read(tmp_path: Path) -> None:
    database, file = tmp_path / "d.db", tmp_path / "orders.csv"
    write(file, orders(1) + "2,2026-03-01 10:00:00,much\n")
    assert run(database, table(file)).outcome is Outcome.OK
    assert known(database) is not None


def test_rows_that_were_set_aside_are_forgotten_once_the_whole_file_is_good(tmp_path: Path) -> None:
    database, file = tmp_path / "d.db", tmp_path / "orders.csv"
    write(file, orders(1, 2) + "3,2026-03-01 10:00:00,much\n4,2026-03-01 10:00:00,many\n")
    run(database, table(file))
    assert set_aside(database) == ["orders.csv, line 4", "orders.csv, line 5"]
    write(file, orders(1, 2, 3), at=LONG_AGO + 1)  # the fourth is gone
    run(database, table(file))
    assert set_aside(database) == []


def test_rows_that_are_still_bad_stay_set_aside(tmp_path: Path) -> None:
    database, file = tmp_path / "d.db", tmp_path / "orders.csv"
    write(file, orders(1, 2) + "3,2026-03-01 10:00:00,much\n")
    run(database, table(file))
    write(file, orders(1, 7) + "3,2026-03-01 10:00:00,much\n", at=LONG_AGO + 1)
    run(database, table(file))
    assert set_aside(database) == ["orders.csv, line 4"]
