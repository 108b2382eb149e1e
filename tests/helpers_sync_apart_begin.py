"""Runs for `helpers_sync_apart` whose processes can't begin, or are told to end while they renew a secret."""

from __future__ import annotations

import _thread
import os
import signal
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from unittest.mock import patch

from deskmetry.connector import Connector, Context, Cursor, Page
from deskmetry.store import WriterLock
from deskmetry.sync import apart as process
from deskmetry.sync.apart import may_fork
from helpers_sync import Desk, desk, page, ticket
from helpers_sync_apart import Told, note, synced
from helpers_sync_apart_desks import Keyed

Sources = Mapping[str, Connector]


def threads_and_forks(folder: Path) -> tuple[bool, bool, int]:
    """Tell whether this process may be forked, before and while a thread runs that Python's count lacks."""
    before, over, on = may_fork(), _thread.allocate_lock(), _thread.allocate_lock()
    over.acquire()
    on.acquire()

    def run() -> None:
        on.release()
        over.acquire()

    _thread.start_new_thread(run, ())
    on.acquire()
    while_it_runs = may_fork()
    counted = threading.active_count()
    over.release()
    return before, while_it_runs, counted


def cannot_begin(folder: Path, how: str) -> tuple[Told, int]:
    """Sync where a process that is forked off `fails` or `hangs` before it can read anything."""
    here = os.getpid()

    def fails(lock: WriterLock) -> None:
        note(folder, "failed")
        if how == "hangs":
            threading.Event().wait()
        raise RuntimeError("can't start new thread")

    with patch.object(WriterLock, "leave_to_parent", fails), patch.object(process, "_GRACE_SECONDS", 0.2):
        return synced(folder, lambda _folder: {"s1": desk(page(ticket(1), token=1))}, processes=2), here


class Unattachable(Keyed):
    """A source that can't be attached but in the process where it was made."""

    def attach(self, context: Context) -> None:
        if os.getpid() != int(self.desk):
            raise ZeroDivisionError(f"not here, {self.token.get_secret_value()}")
        super().attach(context)


def unattachable(folder: Path) -> Sources:
    """A source that fails in the process that should read it, and one that doesn't."""
    return {
        "s1": Unattachable(desk=str(os.getpid())).says([page(ticket(1), token=1)]),
        "s2": Desk(desk="2").says([page(ticket(2), token=2)]),
    }


def exchanging(folder: Path) -> Sources:
    """A source that is told to end, as all processes are, when its vendor has taken the old secret."""
    one = Keyed()

    def exchange(known: str) -> tuple[str, str]:
        os.killpg(os.getpgrp(), signal.SIGTERM)
        one.context.stop.wait()
        return f"{known}+", "access"

    def script(since: Cursor | None) -> Iterator[Page]:
        note(folder, "reads")
        yield page(ticket(1), token=1)
        one.rotate("token", exchange)
        yield page(ticket(2), token=2)
        yield page(ticket(3), token=3)

    return {"s1": one.says(script)}
