"""The same sources read in threads and in processes of their own, and what each run told; see `both`."""

from __future__ import annotations

import errno
import logging
import os
import pickle
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import helpers_sync_process
from deskmetry.connector import Connector, Context
from deskmetry.errors import DiskFull, StoreError
from deskmetry.settings.state import StateFile
from deskmetry.sync import (
    Options,
    Silence,
    Stop,
    StoppedAtOnce,
    SyncReport,
    engine,
    state,
    stop_on_signals,
    sync,
)
from helpers_sync_process import PATIENCE, company, in_process

Build = Callable[[Path], Mapping[str, Connector]]
Logged = tuple[str, str, str]
"""Level, logger and text."""


# --- notes that outlive the process which makes them ----------------------------------------------------


def note(folder: Path, what: object) -> None:
    """Note something in a folder, and which process does."""
    with (folder / "notes").open("a") as file:
        file.write(f"{os.getpid()} {what}\n")


def noted(folder: Path, what: object | None = None) -> list[int]:
    """Return which processes noted this, or anything, in the order in which they did."""
    path = folder / "notes"
    lines = [line.split(" ", 1) for line in path.read_text().splitlines()] if path.exists() else []
    return [int(process) for process, text in lines if what is None or text == str(what)]


def until(true: Callable[[], object]) -> None:
    """Wait until something is true."""
    tick = threading.Event()
    for _ in range(int(PATIENCE / 0.01)):
        if true():
            return
        tick.wait(0.01)
    raise AssertionError("it never became true")


def gone(process: int) -> bool:
    """Tell whether a process has ended; what is left of it may wait for somebody to ask how."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state in ("Z", "X")


# --- one run and what it told ---------------------------------------------------------------------------


@dataclass(slots=True)
class Told(Silence):
    """What a run told, as plain values that are equal if the runs went alike.

    readers: the processes besides its own that read a source. tries: seconds from the beginning after which a
    stream may be asked again.
    """

    code: int = 0
    streams: list[tuple[object, ...]] = field(default_factory=list)
    errors: dict[str, tuple[str, str, int]] = field(default_factory=dict)
    waits: set[tuple[str, str]] = field(default_factory=set)
    data: dict[str, dict[str, object]] = field(default_factory=dict, compare=False)
    logs: list[Logged] = field(default_factory=list, compare=False)
    readers: set[int] = field(default_factory=set, compare=False)
    tries: list[float] = field(default_factory=list, compare=False)

    def waiting(self, source: str, until: datetime, reason: str) -> None:
        """Note who waits and why."""
        self.waits.add((source, reason))

    def take(self, report: SyncReport) -> None:
        """Take what the report says."""
        self.code = int(report.exit_code)
        for source in report.sources:
            if source.error is not None:
                error = source.error
                self.errors[source.source] = str(error), error.code, int(error.exit_code)
                self.data[source.source] = {
                    name: value
                    for name, value in error.data.items()
                    if type(value) in (str, int, float, list)
                }
            for one in source.streams:
                written = (one.written.new, one.written.changed, one.written.same, one.quarantined)
                spent = (one.requests, one.retries, one.seconds_waited > 0)
                heard = (one.pages, one.future, *one.notes)
                self.streams.append(
                    (source.source, one.stream, one.outcome, one.reason, written, spent, heard)
                )
                if one.next_try_at is not None:
                    self.tries.append((one.next_try_at - report.started_at).total_seconds())


class _Noting(StateFile):
    """A memory that also notes which process it is asked to keep what was learnt: the one that reads."""

    def keep_sizes(self, source: str, sizes: Mapping[str, int]) -> None:
        note(self.path.parent, "reader")
        super().keep_sizes(source, sizes)


class _Handler(logging.Handler):
    def __init__(self, logs: list[Logged]) -> None:
        super().__init__()
        self.logs = logs

    def emit(self, record: logging.LogRecord) -> None:
        self.logs.append((record.levelname, record.name, self.format(record)))


@contextmanager
def verbose(logs: list[Logged]) -> Iterator[None]:
    """Log as `--verbose` does, into a list."""
    root, ours, handler = logging.getLogger(), logging.getLogger("deskmetry"), _Handler(logs)
    before = root.level, ours.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    ours.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(before[0])
        ours.setLevel(before[1])


def lasting(folder: Path, connectors: Mapping[str, Connector]) -> Mapping[str, Connector]:
    """Give connectors a memory that outlasts the process, as the command line does."""
    for one in connectors.values():
        one.attach(Context(memory=_Noting.beside(folder / "desk.db")))
    return connectors


def synced(folder: Path, build: Build, **options: Any) -> Told:
    """Sync what `build` returns into `desk.db` in a folder, one page a commit, and return what was told."""
    told = Told()
    known = len(noted(folder))
    connectors = lasting(folder, build(folder))
    with verbose(told.logs), patch.object(engine, "PAGES_A_COMMIT", 1):
        told.take(sync(folder / "desk.db", connectors, Options(**options), listener=told))
    lines = (folder / "notes").read_text().splitlines()[known:]
    told.readers = {int(line.split()[0]) for line in lines if line.endswith(" reader")} - {os.getpid()}
    return told


# --- in a process that has one thread, and so may be forked -----------------------------------------------


def elsewhere(function: Callable[..., Any], folder: Path, *arguments: Any, **named: Any) -> Any:
    """Call a function in a new process and return its answer."""
    assert in_process(_answer, folder, function, arguments, named) == 0
    return pickle.loads((folder / "answer").read_bytes())


def _answer(
    folder: Path, function: Callable[..., Any], arguments: Sequence[Any], named: Mapping[str, Any]
) -> None:
    (folder / "answer").write_bytes(pickle.dumps(function(folder, *arguments, **named)))


def apart(folder: Path, build: Build, *, processes: int = 2, **options: Any) -> Told:
    """Sync in a new process, where so many processes read; see `synced`."""
    told: Told = elsewhere(synced, folder, build, processes=processes, **options)
    return told


def again(folder: Path, build: Build, *runs: Mapping[str, Any]) -> list[Told]:
    """Sync several times, with these options; see `synced`."""
    return [synced(folder, build, **options) for options in runs]


def held_back(folder: Path, build: Build, why: str) -> tuple[Told, int]:
    """Sync where no other process may read, and return what was told and which process did.

    why: the connectors' `memory` is short, there is another `thread`, the system refuses to `fork`, or `none`
    was asked for; else it is for the sources' sake.
    """
    over = threading.Event()
    with ExitStack() as stack:
        stack.callback(over.set)
        if why == "thread":
            threading.Thread(target=over.wait, daemon=True).start()
        if why == "fork":
            stack.enter_context(patch.object(os, "fork", side_effect=OSError(errno.EAGAIN, "no more")))
        if why == "memory":
            stack.enter_context(patch.dict(globals(), lasting=lambda _folder, connectors: connectors))
        return synced(folder, build, processes=0 if why == "none" else 3), os.getpid()


def both(folder: Path, build: Build, *, processes: int = 2, **options: Any) -> tuple[Told, Told]:
    """Sync into `threads/` and into `apart/` and return what both told; it really was apart."""
    ours, theirs = folder / "threads", folder / "apart"
    for one in (ours, theirs):
        one.mkdir(exist_ok=True)
    told = synced(ours, build, **options), apart(theirs, build, processes=processes, **options)
    assert not told[0].readers
    assert told[1].readers
    return told


def until_stopped(folder: Path, build: Build, processes: int) -> None:
    """Sync in a process group of its own until signals end it, and exit by their code."""
    os.setpgrp()
    connectors = lasting(folder, build(folder))
    engine.PAGES_A_COMMIT = 1
    try:
        with stop_on_signals(Stop()) as stop:
            report = sync(folder / "desk.db", connectors, Options(processes=processes), stop=stop)
    except StoppedAtOnce as stopped:
        sys.exit(int(stopped.exit_code))
    assert report.interrupted
    sys.exit(int(report.exit_code))


def stopped_before(folder: Path, build: Build) -> Told:
    """Sync with the wish to stop there from the beginning."""
    told, stop = Told(), threading.Event()
    stop.set()
    connectors = lasting(folder, build(folder))
    told.take(sync(folder / "desk.db", connectors, Options(processes=2), listener=told, stop=stop))
    return told


def stopped_after(folder: Path, build: Build, what: str) -> Told:
    """Sync with a writer that hangs at its first page until who noted this is gone; then the user stops."""
    told, stop = Told(), threading.Event()

    class Waits(Silence):
        def page(self, source: str, stream: str, rows: int) -> None:
            until(lambda: [process for process in noted(folder, what) if gone(process)])
            stop.set()

    engine.PAGES_A_COMMIT = 1
    connectors = lasting(folder, build(folder))
    told.take(sync(folder / "desk.db", connectors, Options(processes=2), listener=Waits(), stop=stop))
    return told


def disk_full(folder: Path, build: Build) -> tuple[str, bool]:
    """Sync onto a disk that is full at the first page; return what the error says, and whether all ended."""
    connectors = lasting(folder, build(folder))
    full = patch.object(state, "save_cursor", side_effect=DiskFull(folder / "desk.db"))
    stop = threading.Event()
    try:
        with full:
            sync(folder / "desk.db", connectors, Options(processes=2), stop=stop)
    except StoreError as error:
        assert stop.is_set()
        return error.code, all(map(gone, set(noted(folder)) - {os.getpid()}))
    return "none", False


def held_up(folder: Path, build: Build, asked: str, least: int) -> int:
    """Sync with a writer that hangs at its first page until no more is asked for; return how much was.

    least: what must have been asked for before a pause says anything.
    """
    seen: list[int] = []

    class Slow(Silence):
        def page(self, source: str, stream: str, rows: int) -> None:
            before = -1
            while not seen:
                now = len(noted(folder, asked))
                if before == now >= least:
                    seen.append(now)
                before = now
                threading.Event().wait(0.2)

    engine.PAGES_A_COMMIT = 1
    sync(folder / "desk.db", lasting(folder, build(folder)), Options(processes=1), listener=Slow())
    return seen[0]


def company_apart(folder: Path, kill_at: int) -> None:
    """Sync `helpers_sync_process.company`, read by processes, and die before the n-th statement."""

    def read_apart(
        database: Path, connectors: Mapping[str, Connector], options: Options, **named: Any
    ) -> SyncReport:
        return sync(database, lasting(folder, connectors), replace(options, processes=2), **named)

    with patch.object(helpers_sync_process, "sync", read_apart):
        company(folder / "desk.db", kill_at)
