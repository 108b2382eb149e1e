"""Forked: an emulator of the demo in a process of its own."""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection


class Forked(AbstractContextManager[None]):
    """An emulator in a process of its own: it takes no time from what reads it, and leaves no thread here.

    Where no process is to be had it serves from this one.
    """

    def __init__(self, start: Callable[[], AbstractContextManager[object]]) -> None:
        context = get_context("fork")
        self._pipe, there = context.Pipe()
        self._process = context.Process(target=self._serve, args=(start, there))
        self._start = start
        self._there = there
        self._here = ExitStack()

    def __enter__(self) -> None:
        try:
            self._process.start()
        except OSError:  # no more processes, or no memory for one
            self._pipe.close()
            self._here.enter_context(self._start())
            return
        finally:
            self._there.close()
        try:
            failed = self._pipe.recv()
        except EOFError:
            failed = OSError("the emulator ended before it served anything")
        if failed is not None:
            self._process.join()
            raise failed

    def __exit__(self, *_error: object) -> None:
        self._here.close()
        if self._process.pid is None:
            return
        with suppress(OSError):  # it may be gone already
            self._pipe.send("stop")
        self._process.join()
        self._pipe.close()

    def _serve(self, start: Callable[[], AbstractContextManager[object]], pipe: Connection) -> None:
        # Signals to all processes are the parent's affair: what still reads must find the emulator.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda _number, _frame: None)
        self._pipe.close()
        try:
            with start(), _or_without_parent():
                pipe.send(None)
                pipe.recv()
        except OSError as error:
            with _or_without_parent():
                pipe.send(OSError(error.errno, error.strerror))


def _or_without_parent() -> AbstractContextManager[None]:
    return suppress(EOFError, BrokenPipeError, ConnectionResetError)
