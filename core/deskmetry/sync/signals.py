"""Signals: SIGINT and SIGTERM as the wish to stop, so that a run ends with the page in hand committed."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from ..errors import ExitCode

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StoppedAtOnce(KeyboardInterrupt):
    """The second signal: nothing is finished any more; `signal` says which one it was."""

    def __init__(self, number: signal.Signals) -> None:
        super().__init__()
        self.signal = number

    @property
    def exit_code(self) -> ExitCode:
        """Return 130 or 143, by the signal."""
        return exit_code_of(self.signal)


def exit_code_of(number: signal.Signals | None) -> ExitCode:
    """Return the exit code of a run that a signal ended; 130 for a wish to stop without a signal."""
    return ExitCode.TERMINATED if number is signal.SIGTERM else ExitCode.INTERRUPTED


class Stop(threading.Event):
    """The wish to stop, and the signal that it came by, if it came by one."""

    def __init__(self) -> None:
        super().__init__()
        self.signal: signal.Signals | None = None


@contextmanager
def stop_on_signals(stop: Stop, told: Callable[[], object] = lambda: None) -> Iterator[Stop]:
    """Set `stop` at the first SIGINT or SIGTERM, raise StoppedAtOnce at the second; for the main thread.

    `told` is called at the first one, to say that the page in hand is still being finished.

    The handlers that stood before stand again afterwards.
    """

    def handle(number: int, _frame: FrameType | None) -> None:
        if stop.signal is not None:
            raise StoppedAtOnce(signal.Signals(number))
        stop.signal = signal.Signals(number)
        stop.set()
        told()

    before = {one: signal.signal(one, handle) for one in _SIGNALS}
    try:
        yield stop
    finally:
        for one, handler in before.items():
            # None stands for a handler that wasn't set from Python; it can't be put back.
            signal.signal(one, signal.SIG_DFL if handler is None else handler)
