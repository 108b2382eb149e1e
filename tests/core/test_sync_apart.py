"""Sources read by processes of their own give, tell and learn what those read in threads do."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

import helpers_sync_apart_desks as desks
import helpers_sync_apart_odd as odd
from deskmetry.settings.model import Privacy
from deskmetry.settings.state import StateFile
from deskmetry.sync import Outcome
from deskmetry.sync.reader import PAGES_AHEAD
from helpers_sync import at, contents, ids, rows
from helpers_sync_apart import (
    Build,
    again,
    apart,
    both,
    elsewhere,
    held_back,
    held_up,
    noted,
    stopped_before,
    synced,
)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux forks safely")


def _contents(folder: Path) -> tuple[dict[str, set[tuple[Any, ...]]], dict[str, set[tuple[Any, ...]]]]:
    return contents(folder / "threads" / "desk.db"), contents(folder / "apart" / "desk.db")


# --- what they give ---------------------------------------------------------------------------------------


def test_a_company_read_apart_is_the_company_read_in_threads(tmp_path: Path) -> None:
    threads, processes = both(tmp_path, desks.company, processes=3)
    assert len(processes.readers) == 3
    assert threads == processes
    ours, theirs = _contents(tmp_path)
    assert ours == theirs
    assert len(ours["tickets"]) > 30
    assert len(ours["quarantine"]) == 5


def test_what_may_not_be_stored_is_withheld_from_a_company_read_apart(tmp_path: Path) -> None:
    private = dict.fromkeys(("shop", "inbox", "nobody"), Privacy(people="hash", bodies="drop"))
    synced(tmp_path / "threads", desks.nobody, privacy=private)  # makes the key of the hashes
    copytree(tmp_path / "threads", tmp_path / "apart")
    threads, processes = both(tmp_path, desks.company, processes=3, privacy=private)
    assert threads == processes
    ours, theirs = _contents(tmp_path)
    assert ours == theirs
    found = rows(tmp_path / "apart", "SELECT count(*), count(body), (SELECT count(*) FROM customers"
                                     " WHERE email LIKE '%@hashed.invalid') FROM messages")  # fmt: skip
    assert found == [(80, 0, 5)]


def test_what_is_observed_goes_by_the_clock_that_the_server_told_a_process(tmp_path: Path) -> None:
    both(tmp_path, desks.company, processes=3)
    sql = "SELECT max(at) FROM ticket_events WHERE how = 'observed'"
    heard = int(at(100).timestamp() * 1000)
    assert rows(tmp_path / "apart", sql) == rows(tmp_path / "threads", sql) == [(heard,)]


# --- who reads --------------------------------------------------------------------------------------------


def test_only_what_is_not_known_whole_is_read_by_another_process(tmp_path: Path) -> None:
    three = {"processes": 3}
    first, known, full = elsewhere(again, tmp_path, desks.three, three, three, three | {"full": True})
    assert len(first.readers) == len(full.readers) == 3
    assert not known.readers
    assert not first.readers & full.readers
    assert first.code == known.code == full.code == 0


def test_no_more_processes_read_than_were_asked_for(tmp_path: Path) -> None:
    told = apart(tmp_path, desks.three, processes=2)
    assert len(told.readers) == 2
    assert len(set(noted(tmp_path, "reads"))) == 3, "the third source is read by a thread"
    assert ids(tmp_path) == {"1", "2", "3"}


def test_sources_on_one_account_are_read_by_threads_since_they_share_its_limits(tmp_path: Path) -> None:
    told, process = elsewhere(held_back, tmp_path, desks.twins, "")
    assert told.code == 0
    assert noted(tmp_path, "reads") == [process] * 2


@pytest.mark.parametrize("why", ["none", "memory", "thread", "fork"])
def test_where_no_process_may_read_a_thread_does(tmp_path: Path, why: str) -> None:
    told, process = elsewhere(held_back, tmp_path, desks.three, why)
    assert told.code == 0
    assert noted(tmp_path, "reads") == [process] * 3
    assert ids(tmp_path) == {"1", "2", "3"}


# --- how they end -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("build", "code", "kept"),
    [
        (desks.try_later, 5, {"1"}),
        (desks.refused, 4, set()),
        (desks.skipped, 0, {"rest"}),
        (desks.broken, 1, {"1"}),
        (desks.exits, 1, {"1"}),
        (desks.not_a_row, 3, {"3"}),
        (desks.not_a_value, 3, {"3"}),
        (odd.odd_raws, 0, {"1"}),
        (odd.awkward_raw, 0, {"1"}),
        (odd.odd_error, 8, {"1"}),
        (odd.awkward_error, 4, set()),
        (odd.own_error, 6, set()),
        (odd.odd_token, 0, {"1"}),
    ],
)
def test_a_source_read_apart_ends_as_in_threads(
    tmp_path: Path, build: Build, code: int, kept: set[str]
) -> None:
    threads, processes = both(tmp_path, build)
    assert threads == processes
    assert processes.code == code
    assert threads.data == processes.data
    assert len(threads.tries) == len(processes.tries)
    assert all(7200 <= seconds < 7300 for seconds in processes.tries)
    ours, theirs = _contents(tmp_path)
    assert ours == theirs
    assert ids(tmp_path / "apart") == kept


def test_what_cannot_leave_a_process_fails_only_its_source(tmp_path: Path) -> None:
    told = apart(tmp_path, desks.not_a_thing)
    assert told.code == 3
    text, *_ = told.errors["s1"]
    assert text.startswith("Connector 'desk' gave records that can't be stored in stream 'tickets'")
    assert ids(tmp_path) == {"3"}


def test_a_new_field_that_cannot_leave_its_process_is_kept_as_text(tmp_path: Path) -> None:
    apart(tmp_path, odd.plain_shapes)
    apart(tmp_path, odd.odd_shapes, full=True)
    found = [json.loads(raw) for (raw,) in rows(tmp_path, "SELECT raw FROM raw_records ORDER BY id")]
    local = {"field": "local", "item": "7", "value": '"<local>"'}
    assert found == [local, {"field": "new", "item": "7", "value": 5}]


def test_a_cursor_that_is_refused_apart_falls_back_to_the_watermark(tmp_path: Path) -> None:
    two = {"processes": 2}
    first, second = elsewhere(again, tmp_path, desks.cursor_refused, two, two)
    assert first.readers
    assert second.readers - first.readers
    assert noted(tmp_path, f"from {at(1)}") == [*second.readers]
    (told,) = second.streams
    assert told[-1] == (1, 0, f"the old cursor was refused (too old); read again from {at(1).isoformat()}")
    assert ids(tmp_path) == {"1", "2"}


def test_a_wish_to_stop_before_the_beginning_asks_no_process_for_anything(tmp_path: Path) -> None:
    told = elsewhere(stopped_before, tmp_path, desks.three)
    assert told.code == 130
    assert len(noted(tmp_path, "reader")) == 3
    assert noted(tmp_path, "reads") == []


# --- what they tell ---------------------------------------------------------------------------------------


def test_notes_waits_counts_and_logs_of_a_process_are_told_as_a_thread_tells_them(tmp_path: Path) -> None:
    threads, processes = both(tmp_path, desks.talkative)
    assert threads == processes
    assert processes.streams == [
        ("s1", "tickets", Outcome.OK, "", (1, 0, 0, 0), (3, 1, True), (1, 0, "left out 5")),
    ]
    assert processes.waits == {("s1", "the limit of acme")}
    said = [logged for logged in processes.logs if "helpers" in logged[1]]
    assert said == [logged for logged in threads.logs if "helpers" in logged[1]]
    assert [text.split("\n")[0] for _, _, text in said] == [
        "reads tickets", "of its own", "with what can't leave", "asks", "it failed",
    ]  # fmt: skip
    assert "ValueError: inner" in said[-1][2]


def test_what_a_process_logs_goes_to_the_handlers_of_the_first_one_and_once(tmp_path: Path) -> None:
    told = apart(tmp_path, desks.talkative)
    for text in ("of its own", "apart from all"):
        assert len(noted(tmp_path, text)) == 1
        assert not told.readers & {*noted(tmp_path, text)}


def test_secrets_stay_out_of_all_that_a_process_tells(tmp_path: Path) -> None:
    threads, processes = both(tmp_path, desks.leaky)
    assert threads == processes
    assert any("ZeroDivisionError" in text for _, _, text in processes.logs)
    assert processes.streams[0][-1] == (1, 0, "noted ***")
    assert desks.SECRET not in f"{processes}{processes.logs}{processes.data}"
    for path in (tmp_path / "apart").glob("desk.db*"):
        assert desks.SECRET.encode() not in path.read_bytes()


# --- what they learn --------------------------------------------------------------------------------------


def test_what_a_process_learnt_is_there_for_the_next_one(tmp_path: Path) -> None:
    for _ in range(2):
        assert apart(tmp_path, desks.learns).readers
    assert len(noted(tmp_path, f"used {desks.SECRET}, size 50")) == 1
    assert len(noted(tmp_path, f"used {desks.SECRET}+, size 25")) == 1
    state = StateFile.beside(tmp_path / "desk.db")
    assert state.secret("s1", "token", desks.SECRET) == f"{desks.SECRET}++"
    assert state.sizes("s1") == {"/tickets": 25}


# --- how fast they read -----------------------------------------------------------------------------------


def test_a_process_never_reads_far_ahead_of_the_writer(tmp_path: Path) -> None:
    asked = elsewhere(held_up, tmp_path, desks.huge, "asked", PAGES_AHEAD + 1)
    assert asked <= PAGES_AHEAD + 6
    assert len(noted(tmp_path, "asked")) == len(ids(tmp_path)) == desks.HUGE
