"""Files as sources: what a sync writes, what it reads again, what it takes for deleted."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any, ClassVar

import pytest

from deskmetry.connector import Connector
from deskmetry.sync import Options, Outcome, sync
from deskmetry.sync.replay import Fate, replay
from deskmetry_connectors.table import Table, files
from deskmetry_connectors.table import connector as module
from helpers_table import CASES, HEADER, LONG_AGO, ORDERS, case, cases, ids, orders, rows, run, table, write


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "deskmetry.db"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "orders.csv"


def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note every file that is opened to be read as rows."""
    found: list[str] = []
    real = files.opened

    def noting(path: Path, *rest: Any, **more: Any) -> Any:
        found.append(path.name)
        return real(path, *rest, **more)

    monkeypatch.setattr(module, "opened", noting)
    return found


# --- what changed ----------------------------------------------------------------------------------------


def test_only_what_differs_is_written(database: Path, file: Path) -> None:
    write(file, orders(1, 2, 3))
    first = run(database, table(file)).written
    assert (first.new, first.changed, first.same) == (3, 0, 0)
    write(file, orders(1, 2, 3).replace("1.00", "2.50", 1) + orders(4).removeprefix(HEADER), at=LONG_AGO + 1)
    second = run(database, table(file)).written
    assert (second.new, second.changed, second.same) == (1, 1, 2)
    assert rows(database, "SELECT amount_minor FROM orders ORDER BY id") == [(250,), (100,), (100,), (100,)]


def test_a_file_that_nobody_touched_is_not_read(
    database: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(file, orders(1, 2))
    run(database, table(file))
    read = opened(monkeypatch)
    digests: list[object] = []
    monkeypatch.setattr(module, "content_of", lambda found: digests.append(found))
    report = run(database, table(file))
    assert report.outcome is Outcome.OK
    assert (read, digests) == ([], [])


def test_a_file_with_another_time_and_the_same_bytes_is_not_mapped_again(
    database: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(file, orders(1, 2))
    run(database, table(file))
    read = opened(monkeypatch)
    os.utime(file, (LONG_AGO + 9, LONG_AGO + 9))
    run(database, table(file))
    assert read == []
    write(file, orders(1, 2, total="3.00"), at=LONG_AGO + 9)  # the same size and time, other bytes
    run(database, table(file))
    assert rows(database, "SELECT DISTINCT amount_minor FROM orders") == [(300,)]


def test_other_settings_read_the_same_file_again(database: Path, file: Path) -> None:
    write(file, orders(1))
    run(database, table(file))
    columns = {**ORDERS["columns"], "status": {"value": "refunded"}}
    run(database, table(file, {**ORDERS, "columns": columns}))
    assert rows(database, "SELECT status FROM orders") == [("refunded",)]


def test_the_cursor_stays_small_however_many_rows_and_files_there_are(database: Path, tmp_path: Path) -> None:
    for month in range(30):
        write(tmp_path / f"orders-{month}.csv", orders(*range(month * 100, month * 100 + 100)))
    connector = table(tmp_path / "orders-*.csv")
    run(database, connector)
    ((token, count),) = rows(database, "SELECT token, (SELECT count(*) FROM orders) FROM sync_state")
    assert count == 3000
    assert len(token) < 300


def test_a_source_is_complete_until_its_file_was_written(database: Path, file: Path) -> None:
    write(file, orders(1))
    run(database, table(file))
    assert rows(database, "SELECT complete_until_at FROM sources") == [(LONG_AGO * 1000,)]
    run(database, table(file))
    assert rows(database, "SELECT complete_until_at FROM sources") == [(LONG_AGO * 1000,)]


# --- what is gone ----------------------------------------------------------------------------------------


def test_rows_that_are_gone_from_the_file_are_taken_out(database: Path, file: Path) -> None:
    write(file, orders(*range(1, 31)))
    run(database, table(file))
    write(file, orders(*range(3, 31)), at=LONG_AGO + 1)
    report = run(database, table(file))
    assert report.outcome is Outcome.OK
    assert report.written.changed == 2
    assert ids(database) == [str(number) for number in range(3, 31)]


@pytest.mark.parametrize("left", [range(1, 17), range(0)], ids=["more than a tenth", "all"])
def test_too_many_gone_at_once_are_refused_at_every_sync_until_it_is_allowed(
    database: Path, file: Path, left: range
) -> None:
    write(file, orders(*range(1, 21)))
    run(database, table(file))
    write(file, orders(*left), at=LONG_AGO + 1)
    for _ in range(2):
        report = run(database, table(file))
        assert report.outcome is Outcome.FAILED
        assert "max_removed = 1" in str(report.error)
        assert len(ids(database)) == 20
    if left:
        assert run(database, table(file, max_removed=1)).outcome is Outcome.OK
        assert ids(database) == [str(number) for number in left]


def test_one_row_of_a_few_may_go(database: Path, file: Path) -> None:
    write(file, orders(1, 2, 3))
    run(database, table(file))
    write(file, orders(1, 3), at=LONG_AGO + 1)
    assert run(database, table(file)).outcome is Outcome.OK
    assert ids(database) == ["1", "3"]


def test_a_bad_line_lets_nothing_be_taken_for_deleted(database: Path, file: Path) -> None:
    write(file, orders(*range(1, 31)))
    run(database, table(file))
    write(file, orders(*range(2, 31)) + "31,never,1.00\n", at=LONG_AGO + 1)
    assert run(database, table(file)).outcome is Outcome.OK
    assert len(ids(database)) == 30


def test_what_a_period_doesnt_hold_any_more_is_kept_on_demand(database: Path, file: Path) -> None:
    write(file, orders(1, 2, 3))
    run(database, table(file, removed="keep"))
    write(file, orders(4), at=LONG_AGO + 1)
    assert run(database, table(file, removed="keep")).outcome is Outcome.OK
    assert ids(database) == ["1", "2", "3", "4"]


def test_a_ticket_that_is_gone_has_a_tombstone_and_lives_again_when_it_comes_back(
    database: Path, file: Path
) -> None:
    def deleted() -> list[tuple[Any, ...]]:
        return rows(database, "SELECT id FROM tickets WHERE deleted_at IS NOT NULL")

    def counted() -> list[tuple[Any, ...]]:
        return rows(database, "SELECT count(*) FROM ticket_facts WHERE excluded IS NULL")

    numbers = list(range(1, 21))
    write(file, cases(*map(case, numbers)))
    run(database, table(file, CASES))
    write(file, cases(*map(case, numbers[1:])), at=LONG_AGO + 1)
    assert run(database, table(file, CASES)).outcome is Outcome.OK
    assert (deleted(), counted()) == ([("1",)], [(19,)])
    assert len(rows(database, "SELECT 1 FROM customers WHERE deleted_at IS NULL")) == 1
    write(file, cases(*map(case, numbers)), at=LONG_AGO + 2)
    run(database, table(file, CASES))
    assert (deleted(), counted()) == ([], [(20,)])


def test_a_stopped_sync_takes_nothing_for_deleted_and_is_taken_up(database: Path, file: Path) -> None:
    class Stopping(Table):
        page_rows: ClassVar[int] = 5

        def row(self, item: Any) -> list[Any]:
            if item.line > 7:
                self.context.stop.set()
            return super().row(item)

    write(file, orders(*range(1, 21)))
    run(database, table(file))
    write(file, orders(*range(2, 21), total="5.00"), at=LONG_AGO + 1)
    made = Stopping.model_validate({"path": file.name, **ORDERS})
    report = sync(database, {"t": made}, Options(folder=file.parent))
    assert report.interrupted
    assert len(ids(database)) == 20
    assert run(database, table(file)).outcome is Outcome.OK
    assert rows(database, "SELECT count(*), sum(amount_minor) FROM orders") == [(19, 9500)]


# --- half written files ----------------------------------------------------------------------------------


@pytest.mark.parametrize("half", ["3,2026-03-01 10:00:00,1.0", '3,"2026-03-01', "3"])
def test_half_a_last_line_is_left_for_the_next_sync(database: Path, file: Path, half: str) -> None:
    write(file, orders(1, 2) + half, at=time.time())
    assert run(database, table(file)).streams[0].quarantined == 0
    assert ids(database) == ["1", "2"]
    write(file, orders(1, 2, 3), at=time.time())
    run(database, table(file))
    assert ids(database) == ["1", "2", "3"]


def test_a_last_line_without_end_counts_once_the_file_is_left_alone(database: Path, file: Path) -> None:
    text = orders(1, 2, 3).removesuffix("\n")
    write(file, text, at=time.time())
    run(database, table(file))
    assert ids(database) == ["1", "2"]
    write(file, text)
    run(database, table(file))
    assert ids(database) == ["1", "2", "3"]


def test_a_last_line_without_end_counts_though_nobody_touches_the_file_again(
    database: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(file, orders(1, 2, 3).removesuffix("\n"), at=time.time())
    run(database, table(file))
    assert ids(database) == ["1", "2"]
    monkeypatch.setattr(files, "YOUNG_SECONDS", -1.0)
    run(database, table(file))
    assert ids(database) == ["1", "2", "3"]


def test_a_row_whose_line_is_half_written_is_not_taken_for_deleted(database: Path, file: Path) -> None:
    write(file, orders(1, 2, 3))
    run(database, table(file))
    write(file, orders(1, 2, 3).removesuffix("00\n"), at=time.time())
    assert run(database, table(file)).outcome is Outcome.OK
    assert ids(database) == ["1", "2", "3"]


def test_half_a_last_object_is_left_for_the_next_sync(database: Path, tmp_path: Path) -> None:
    path = tmp_path / "orders.jsonl"
    line = '{"No": 1, "Date": "2026-03-01 10:00:00", "Total": 0.1}\n'
    write(path, line + line.replace("1,", "2,", 1)[:30], at=time.time())
    assert run(database, table(path)).streams[0].quarantined == 0
    assert rows(database, "SELECT id, amount_minor FROM orders") == [("1", 10)]


def test_a_file_that_changes_while_it_is_read_is_read_again(database: Path, file: Path) -> None:
    class Interfering(Table):
        def row(self, item: Any) -> list[Any]:
            write(file, orders(*range(1, 31), total="9.00"), at=LONG_AGO + 5)
            return super().row(item)

    write(file, orders(*range(2, 31)))
    made = Interfering.model_validate({"path": file.name, **ORDERS})
    sync(database, {"t": made}, Options(folder=file.parent))
    run(database, table(file))
    assert rows(database, "SELECT count(*), sum(amount_minor) FROM orders") == [(30, 27_000)]


# --- bad lines -------------------------------------------------------------------------------------------


def test_a_bad_line_is_set_aside_with_its_number_and_can_be_tried_again(database: Path, file: Path) -> None:
    write(file, orders(1) + "2,2026-03-01 10:00:00,nothing\n3,2026-03-01 10:00:00,1.00,more\n" + "4,\n")
    report = run(database, table(file))
    assert report.streams[0].quarantined == 3
    found = rows(database, "SELECT key, reason FROM quarantine ORDER BY key")
    assert [key for key, _ in found] == [f"orders.csv, line {line}" for line in (3, 4, 5)]
    assert "amount_minor: 'nothing' isn't a number" in found[0][1]
    assert "4 cells where the header has 3" in found[1][1]
    columns = {
        **ORDERS["columns"],
        "amount_minor": {"column": "Total", "unit": "EUR", "map": {"nothing": "0"}},
    }
    mended: dict[str, Connector] = {"t": table(file, {**ORDERS, "columns": columns})}
    fates = [one.fate for one in replay(database, mended, folder=file.parent)]
    assert fates == [Fate.STORED, Fate.STILL_BAD, Fate.STILL_BAD]
    assert ids(database) == ["1", "2"]


def test_settings_that_fit_no_row_stop_the_sync(database: Path, file: Path) -> None:
    write(file, HEADER + "".join(f"{number},01/02/2026,1\n" for number in range(50)))
    report = run(database, table(file))
    assert report.outcome is Outcome.FAILED
    assert "day-first" in str(report.error)


def test_an_id_that_comes_again_is_a_fault_unless_one_is_chosen(database: Path, file: Path) -> None:
    again = orders(1) + orders(1, total="2.00").removeprefix(HEADER)
    write(file, again)
    run(database, table(file))
    assert rows(database, "SELECT amount_minor FROM orders") == [(100,)]
    ((reason,),) = rows(database, "SELECT reason FROM quarantine")
    assert "that of orders.csv, line 2 already" in reason
    for chosen, amount in (("last", 200), ("first", 100)):
        run(database, table(file, repeats=chosen))
        assert rows(database, "SELECT amount_minor FROM orders") == [(amount,)]
