"""Signals and kills while processes of their own read: what is committed stays, and no process is left."""

from __future__ import annotations

import signal
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import helpers_sync_apart_ends as desks
import helpers_sync_apart_odd as odd
from deskmetry.store import WriterLock
from deskmetry.sync import Outcome
from helpers_sync import contents, ids, rows
from helpers_sync_apart import (
    Build,
    apart,
    disk_full,
    elsewhere,
    gone,
    noted,
    stopped_after,
    synced,
    until,
    until_stopped,
)
from helpers_sync_process import in_process

Contents = dict[str, set[tuple[Any, ...]]]
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux forks safely")


def _none_is_left(folder: Path) -> bool:
    processes = set(noted(folder))
    assert processes
    return all(map(gone, processes))


# --- signals ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("build", "code"), [(desks.interrupted, 130), (desks.terminated, 143), (desks.terminated_all, 143)]
)
def test_promise_18_a_signal_commits_the_pages_that_a_process_has_read(
    tmp_path: Path, build: Build, code: int
) -> None:
    assert in_process(until_stopped, tmp_path, build, 2) == code
    assert _none_is_left(tmp_path)
    found = {int(key) for key in ids(tmp_path)}
    assert found >= set(range(5)), "the pages before the signal"
    assert rows(tmp_path, "SELECT token FROM sync_state") == [(str(max(found)),)]
    assert rows(tmp_path, "SELECT outcome, pages FROM sync_runs") == [(Outcome.INTERRUPTED, len(found))]
    assert len(found) == len(noted(tmp_path)) - 1, "the page in hand, too"


@pytest.mark.parametrize(
    ("build", "code"), [(desks.interrupted_waiting, 130), (desks.terminated_waiting, 143)]
)
def test_promise_18_a_signal_ends_the_wait_of_a_process_at_once(
    tmp_path: Path, build: Build, code: int
) -> None:
    assert in_process(until_stopped, tmp_path, build, 2) == code
    assert _none_is_left(tmp_path)
    assert noted(tmp_path, "stopped") == noted(tmp_path, "reads")
    assert ids(tmp_path) == {"0"}


@pytest.mark.parametrize(("build", "code"), [(desks.deaf_interrupted, 130), (desks.deaf_terminated, 143)])
def test_promise_18_a_second_signal_ends_a_process_that_hangs(
    tmp_path: Path, build: Build, code: int
) -> None:
    assert in_process(until_stopped, tmp_path, build, 2) == code
    assert _none_is_left(tmp_path)


def test_promise_18_what_a_process_sent_before_it_ended_is_committed_when_the_user_stops(
    tmp_path: Path,
) -> None:
    told = elsewhere(stopped_after, tmp_path, desks.short_lived, "dies")
    assert told.code == 130
    assert [outcome for _, _, outcome, *_ in told.streams] == [Outcome.FAILED]
    assert ids(tmp_path) == {str(number) for number in range(12)}


# --- a process that reads is killed -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Contents:
    folder = tmp_path_factory.mktemp("undisturbed")
    synced(folder, partial(desks.mortal, ""))
    return contents(folder / "desk.db")


@pytest.mark.parametrize(
    ("dies", "stream", "tickets"),
    [
        ("tickets 0", "tickets", 0),
        ("tickets 3", "tickets", 12),
        ("people 0", "people", 20),
        ("close", None, 20),
    ],
)
def test_promise_19_a_process_that_is_killed_fails_only_its_source_and_the_next_sync_completes_it(
    tmp_path: Path, undisturbed: Contents, dies: str, stream: str | None, tickets: int
) -> None:
    told = apart(tmp_path, partial(desks.mortal, dies))
    assert len(told.readers) == 1, "the other one"
    if stream is None:
        assert told.code == 0, "all of it had come"
    else:
        assert told.code == 3
        text, *_ = told.errors["shop"]
        assert f"'shop' broke off in stream '{stream}' (it was killed by signal 9)" in text
        assert text.endswith("sync again. `--processes 0` reads without processes of its own.")
        assert rows(tmp_path, "SELECT name FROM sources WHERE complete_until_at IS NOT NULL") == [("inbox",)]
    assert rows(tmp_path, "SELECT count(*) FROM tickets WHERE source_id = 1") == [(tickets,)]
    assert not any(outcome == Outcome.FAILED for source, _, outcome, *_ in told.streams if source == "inbox")
    assert apart(tmp_path, partial(desks.mortal, "")).code == 0
    assert contents(tmp_path / "desk.db") == undisturbed


def test_promise_19_a_process_that_says_what_cannot_be_understood_fails_only_its_source(
    tmp_path: Path,
) -> None:
    told = apart(tmp_path, odd.not_understood)
    assert told.code == 3
    text, *_ = told.errors["s1"]
    assert text.startswith("The process that read 's1' broke off in stream 'tickets' (TypeError: ")
    assert ids(tmp_path) == {"0", "other"}
    assert _none_is_left(tmp_path)


# --- the process that writes is killed --------------------------------------------------------------------


def test_promise_16_readers_hold_no_lock_and_end_when_their_writer_is_killed(tmp_path: Path) -> None:
    assert in_process(until_stopped, tmp_path, desks.orphans, 2) == -signal.SIGKILL
    with WriterLock(tmp_path / "desk.db"):
        pass
    (waits,), (hangs,) = noted(tmp_path, "waits"), noted(tmp_path, "hangs")
    assert waits != hangs
    until(lambda: gone(waits) and gone(hangs))


def test_promise_17_processes_stop_reading_for_a_disk_that_is_full(tmp_path: Path) -> None:
    assert elsewhere(disk_full, tmp_path, desks.endless) == ("disk_full", True)
    assert len(set(noted(tmp_path))) == 2
    assert ids(tmp_path) == set()
