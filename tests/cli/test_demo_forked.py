"""The demo's emulators run beside the command that reads them, and never outlive it."""

from __future__ import annotations

import errno
import os
import sys
import time
from pathlib import Path

import pytest

import helpers_demo_forked as forked
from helpers_sync_process import PATIENCE, in_process

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux only")


def _pid(path: Path) -> int:
    return int(path.read_text(encoding="ascii"))


def _is_gone(pid: int) -> bool:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":  # dead, and whoever must look after it hasn't yet
            return True
        time.sleep(0.02)
    return False


def test_emulators_run_in_processes_of_their_own_and_end_with_the_command(tmp_path: Path) -> None:
    assert in_process(forked.serve_two, tmp_path) == 0
    here, one, two = (_pid(tmp_path / f"{name}.pid") for name in ("here", "one", "two"))
    assert len({here, one, two, os.getpid()}) == 4
    assert (_pid(tmp_path / "one.end"), _pid(tmp_path / "two.end")) == (one, two)
    assert _is_gone(one)
    assert _is_gone(two)


def test_emulators_end_by_themselves_when_the_command_is_killed(tmp_path: Path) -> None:
    assert in_process(forked.die_while_serving, tmp_path) == -9
    for name in ("one", "two"):
        pid = _pid(tmp_path / f"{name}.pid")
        assert _is_gone(pid)
        assert _pid(tmp_path / f"{name}.end") == pid


def test_what_keeps_an_emulator_from_serving_is_raised_where_it_is_asked_for() -> None:
    assert in_process(forked.find_the_port_taken) == errno.EADDRINUSE


def test_an_emulator_that_died_is_no_reason_to_fail(tmp_path: Path) -> None:
    assert in_process(forked.be_gone_before, tmp_path) == 0


def test_where_no_process_is_to_be_had_an_emulator_serves_from_this_one(tmp_path: Path) -> None:
    assert in_process(forked.serve_where_nothing_can_be_forked, tmp_path) == 0
    assert _pid(tmp_path / "one.pid") == _pid(tmp_path / "one.end") == _pid(tmp_path / "here.pid")


def test_signals_to_all_processes_leave_an_emulator_serving_until_its_command_ends(tmp_path: Path) -> None:
    assert in_process(forked.serve_through_signals, tmp_path) == 0
    assert _pid(tmp_path / "one.end") == _pid(tmp_path / "one.pid")
