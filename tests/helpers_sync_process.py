"""Syncs in processes of their own, that are killed or sent signals; started by tests through `in_process`."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

from deskmetry.connector import Cursor, Page
from deskmetry.store import open_writer
from deskmetry.sync import (
    Options,
    Outcome,
    Silence,
    Stop,
    StoppedAtOnce,
    engine,
    stop_on_signals,
    sync,
)
from helpers_sync import Desk, Inbox, Shop, desk, kill_myself, page, ticket

_processes = multiprocessing.get_context("forkserver")
PATIENCE = 60.0  # seconds after which a process hangs, on the slowest of machines


def in_process(target: Callable[..., object], *arguments: Any) -> int:
    """Run a function in a new process and return how it ended; a signal counts negative."""
    _processes.set_forkserver_preload(["__main__", "helpers_sync_process", "deskmetry.store.migrations"])
    process = _processes.Process(target=target, args=arguments)
    # The server that forks finds modules by the environment only, and is quick once it has loaded them.
    with patch.dict(os.environ, PYTHONPATH=os.pathsep.join(filter(None, sys.path))):
        process.start()
    process.join(PATIENCE)
    hangs = process.exitcode is None
    if hangs:
        process.kill()
        process.join()
    code = process.exitcode
    process.close()
    assert not hangs, "the process didn't end"
    assert code is not None
    return code


class Course(Silence):
    """The SQL statements of a sync by number: where transactions begin, where each stage begins, the last."""

    def __init__(self, kill_at: int) -> None:
        self.kill_at = kill_at
        self.end = 0
        self.transactions: list[int] = []
        self.stages: dict[str, int] = {}

    def statement(self, sql: str) -> None:
        self.end += 1
        if self.end == self.kill_at:
            kill_myself()
        if sql.startswith("BEGIN"):
            self.transactions.append(self.end)

    def stage(self, name: str) -> None:
        self.stages[name] = self.end


def company(database: Path, kill_at: int = 0, blocks: int = 5) -> Course:
    """Sync a helpdesk and an inbox of so many blocks, one page a commit, dying before the n-th statement."""
    course = Course(kill_at)

    def opened(path: Path) -> sqlite3.Connection:
        connection = open_writer(path)
        connection.set_trace_callback(course.statement)
        return connection

    sources = {"shop": Shop(desk="shop", blocks=blocks), "inbox": Inbox(desk="inbox", blocks=blocks)}
    with patch.multiple(engine, open_writer=opened, PAGES_A_COMMIT=1):
        report = sync(database, sources, Options(), listener=course)
    assert all(source.outcome is Outcome.OK for source in report.sources), report
    return course


def killed_at_page(database: Path, number: int) -> None:
    """Sync a desk of ten pages, dying when that one is asked for and all before are committed."""
    committed: list[int] = []

    class Told(Silence):
        def page(self, source: str, stream: str, rows: int) -> None:
            committed.append(rows)

    def script(since: Cursor | None) -> Iterator[Page]:
        for n in range(10):
            if n == number:
                kill_myself()
            yield page(ticket(n, n), mark=n, token=n)

    engine.PAGES_A_COMMIT = 1
    sync(database, {"s1": Desk().says(script)}, Options(), listener=Told())


class _Signalled(Silence):
    """Sends signals to this very process at one point of the sync."""

    def __init__(self, where: str, *signals: int) -> None:
        self.where = where
        self.signals = list(signals)

    def send(self, where: str) -> None:
        if where == self.where:
            for number in self.signals:
                os.kill(os.getpid(), number)

    def waiting(self, source: str, until: datetime, reason: str) -> None:
        self.send("wait")

    def stage(self, name: str) -> None:
        self.send(name)


def signalled(database: Path, where: str, *signals: int) -> None:
    """Sync a desk of endless pages (or one that waits, or of one page) until signals stop it, and exit so."""
    listener = _Signalled(where, *signals)
    one = Desk()

    def endless(since: Cursor | None) -> Iterator[Page]:
        number = 0
        while True:
            if number == 5:
                listener.send("page")
            yield page(ticket(number, number), mark=number, token=number)
            number += 1

    def waits(since: Cursor | None) -> Iterator[Page]:
        yield page(ticket(0), mark=0, token=0)
        if not one.context.wait(3600, "the limit"):
            return
        yield page(ticket(1), mark=1, token=1)

    def short(since: Cursor | None) -> Iterator[Page]:
        yield page(ticket(0), mark=0, token=0)

    one.says({"page": endless, "wait": waits}.get(where, short))
    engine._STEPS_A_LOOK = 1
    with stop_on_signals(Stop()) as stop:
        report = sync(database, {"s1": one}, Options(), listener=listener, stop=stop)
    assert report.interrupted
    sys.exit(int(report.exit_code))


def signalled_twice(database: Path, first: int, second: int) -> None:
    """Sync a desk that ignores the wish to stop; the second signal must end it all the same."""

    def deaf(since: Cursor | None) -> Iterator[Page]:
        os.kill(os.getpid(), first)
        while not stop.is_set():
            pass
        os.kill(os.getpid(), second)
        Stop().wait(3600)
        yield page()

    try:
        with stop_on_signals(Stop()) as stop:
            sync(database, {"s1": desk().says(deaf)}, Options(), stop=stop)
    except StoppedAtOnce as stopped:
        sys.exit(int(stopped.exit_code))


def holding(database: Path) -> None:
    """Die in the middle of a sync, holding the lock."""
    killed_at_page(database, 2)
