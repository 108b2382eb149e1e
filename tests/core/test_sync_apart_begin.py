"""Processes that read begin where they can; signals to all are their parent's affair."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import helpers_sync_apart_begin as runs
from deskmetry.settings.state import StateFile
from helpers_sync import ids
from helpers_sync_apart import apart, elsewhere, gone, noted, until_stopped
from helpers_sync_apart_desks import SECRET
from helpers_sync_process import in_process

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux forks safely")


def test_threads_that_python_does_not_know_of_keep_a_process_from_being_forked(tmp_path: Path) -> None:
    assert elsewhere(runs.threads_and_forks, tmp_path) == (True, False, 1)


@pytest.mark.parametrize("how", ["fails", "hangs"])
def test_where_a_process_cannot_begin_a_thread_reads(
    tmp_path: Path, how: str, capfd: pytest.CaptureFixture[str]
) -> None:
    told, here = elsewhere(runs.cannot_begin, tmp_path, how)
    assert told.code == 0
    assert ids(tmp_path) == {"1"}
    assert noted(tmp_path, "reader") == [here]
    failed = noted(tmp_path, "failed")
    assert len(failed) == 1
    assert failed != [here]
    assert gone(failed[0])
    assert capfd.readouterr().err == ""


def test_what_fails_before_a_process_reads_is_told_without_secrets(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    told = apart(tmp_path, runs.unattachable)
    assert told.code == 3
    assert "'s1' broke off in stream 'tickets' (it ended with 1)" in told.errors["s1"][0]
    assert ids(tmp_path) == {"2"}
    assert any("ZeroDivisionError" in text for _, _, text in told.logs)
    assert SECRET not in f"{told}{told.logs}{capfd.readouterr()}"


def test_a_signal_to_all_processes_loses_no_secret_that_is_being_renewed(tmp_path: Path) -> None:
    assert in_process(until_stopped, tmp_path, runs.exchanging, 2) == 143
    assert ids(tmp_path) == {"1", "2"}, "the page in hand, too"
    state = StateFile.beside(tmp_path / "desk.db")
    assert state.secret("s1", "token", SECRET) == f"{SECRET}+"
