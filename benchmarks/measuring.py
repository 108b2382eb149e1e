"""Measuring: a piece of work in a process of its own, whose seconds and peak of memory are its own too."""

from __future__ import annotations

import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

from deskmetry.connector import Connector, Context
from deskmetry.settings.state import StateFile
from deskmetry.sync import Options, SyncReport, spare_cores, sync

_ALL = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
Work = Callable[[Any, Path], int]


class Run(NamedTuple):
    """What one run took, the processes that it started included.

    `cpu` is seconds, user and system; `peak` is MB: the sum of what each held at its peak, shared or not.
    """

    wall: float
    cpu: float
    requests: int
    peak: float


def synced(database: Path, name: str, connector: Connector, processes: int = spare_cores()) -> SyncReport:
    """Sync one source as the command does, by a process of its own at first; look at the report."""
    connector.attach(Context(source=name, folder=database.parent, memory=StateFile.beside(database)))
    return sync(database, {name: connector}, Options(processes=processes))


def once(work: Work, given: Any) -> Run:
    """Have a function work on what it is given, in a scratch folder; it returns the requests it sent."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_in_a_process, args=(work, given, there))
    process.start()
    there.close()
    try:
        found: Run = here.recv()
    except EOFError:
        raise SystemExit(f"{work.__name__} failed; what it said stands above") from None
    finally:
        process.join()
    return found


def _in_a_process(work: Work, given: Any, pipe: Connection) -> None:
    with tempfile.TemporaryDirectory() as folder:
        began, spent = time.perf_counter(), _cpu()
        requests = work(given, Path(folder))
        wall, cpu = time.perf_counter() - began, _cpu() - spent
    peak = sum(resource.getrusage(who).ru_maxrss for who in _ALL)
    pipe.send(Run(wall, cpu, requests, peak / 1024))


def _cpu() -> float:
    used = [resource.getrusage(who) for who in _ALL]
    return sum(one.ru_utime + one.ru_stime for one in used)
