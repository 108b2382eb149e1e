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

Work = Callable[[Any, Path], int]


class Run(NamedTuple):
    """What one run took. `cpu` is seconds of this process alone, user and system; `peak` is MB."""

    wall: float
    cpu: float
    requests: int
    peak: float


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
        began, spent = time.perf_counter(), time.process_time()
        requests = work(given, Path(folder))
        wall, cpu = time.perf_counter() - began, time.process_time() - spent
    pipe.send(Run(wall, cpu, requests, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))
