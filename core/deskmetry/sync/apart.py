"""Apart: a reader whose work a process of its own does, so that pages are read while others are written."""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from multiprocessing import current_process, get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType

from ..connector import Connector
from ..errors import SourceError
from ..http.limiter import Limits
from .child import ABANDON, STOP, Outbox, Sent, Waiting, heed, log_to
from .reader import Item, PageRead, Reader, SourceEnded, StreamEnded
from .report import Outcome

log = logging.getLogger("deskmetry.sync")
_LOOK_UP_SECONDS = 0.1  # how often a wish to stop is looked for while nothing comes
_GRACE_SECONDS = 5.0  # how long a process that has nothing more to say gets to end


def may_fork() -> bool:
    """Tell whether this process can be forked safely: on Linux, and while it has one thread.

    A fork has the locks that other threads hold, and not the threads that would let go of them. On macOS the
    system's own libraries hold some in any case.
    """
    return sys.platform == "linux" and _threads() == 1 and not current_process().daemon


def _threads() -> int:
    """Return how many threads this process has, those of libraries in C too."""
    try:
        return sum(1 for _ in Path("/proc/self/task").iterdir())
    except OSError:
        return 2  # nobody knows


def may_be_apart(connector: Connector) -> bool:
    """Tell whether another process may read: not if what a connector learns lasts in this one only."""
    return getattr(connector.context.memory, "lasts", False)


class Apart(Reader):
    """A reader in a process of its own, forked off before there are any threads.

    What it reads comes back packed. A wish to stop is passed on to it; if it ends in the middle, its source
    has failed, as by any other fault.
    """

    _process: BaseProcess | None = None

    def fork(self, first: Callable[[], object]) -> bool:
        """Start the process, which calls `first` before all else; return False where none can be had."""
        if not may_fork():
            return False
        context = get_context("fork")
        self._pipe, there = context.Pipe()
        process = context.Process(target=self._work, args=(there, first), name=self.name)
        try:
            process.start()
            self._process = process
            there.close()
            if self._pipe.poll(_GRACE_SECONDS):
                self._pipe.recv()  # it has all that it needs
                return True
        except (OSError, EOFError):  # no more processes or threads, or no memory for them
            there.close()
        self._pipe.close()
        if self._process is not None:
            self._bury(self._process)
            self._process = None
        return False

    def kill(self) -> None:
        """End the process at once."""
        if self._process is not None:
            self._process.kill()

    def _work(self, pipe: Connection, first: Callable[[], object]) -> None:
        """Do a reader's work in the child; whatever breaks is told without secrets."""
        try:
            self._begin(pipe, first)
            super().run()
        except BaseException as error:
            log.debug("the process failed\n%s", self._cleanser.traceback(error))
            os._exit(1)

    def _begin(self, pipe: Connection, first: Callable[[], object]) -> None:
        """Make the child ready: its words go out by the pipe, the parent's come in by it."""
        # Signals to all processes (Ctrl-C, a service manager's) reach the child too, but it's the parent that
        # says when to stop. A handler, since what is ignored stays so in programs that a connector starts.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _not_for_me)
        self._pipe.close()
        first()
        gc.freeze()
        outbox, stop = Outbox(pipe, self._connector.name, lambda: self.heard), threading.Event()
        if self._context.stop.is_set():
            stop.set()
        self._items, self.room, self.abandoned = outbox, threading.Semaphore(sys.maxsize), threading.Event()
        threading.Thread(target=heed, args=(pipe, stop, self.abandoned), name="heed", daemon=True).start()
        pipe.send(None)
        log_to(outbox)
        self._context = replace(self._context, stop=stop, waiting=outbox.waiting, limits=Limits())
        self._connector.attach(self._context)

    def run(self) -> None:
        """Pass on what the process reads, until it has said that the source has ended."""
        if self._process is None:
            super().run()
            return
        to_come = list(self._streams)
        try:
            self._relay(to_come)
        except Exception as error:
            for stream in to_come[:1]:
                self._items.put(self._died(self._process, stream, error))
        finally:
            self._pipe.close()
            self._bury(self._process)
            self._items.put(SourceEnded(self.source))

    def _relay(self, to_come: list[str]) -> None:
        """Hand item after item to the writer; `to_come` are the streams that have yet to end."""
        told: set[str] = set()
        while True:
            for word, wish in ((STOP, self._context.stop), (ABANDON, self.abandoned)):
                if wish.is_set() and word not in told:
                    told.add(word)
                    with suppress(OSError):  # it has ended; what it said before that is still to be read
                        self._pipe.send(word)
            if not self._pipe.poll(_LOOK_UP_SECONDS):
                continue
            sent: Sent = self._pipe.recv()
            self.heard = sent.heard
            match sent.item:
                case Waiting(until, reason):
                    self._context.waiting(until, reason)
                case logging.LogRecord() as record:
                    logging.getLogger(record.name).handle(record)
                case PageRead() as page:
                    self._put(page)
                case StreamEnded() as ended:
                    self._end(ended, to_come)
                case SourceEnded():
                    if to_come:
                        raise EOFError("it ended too early")
                    return

    def _put(self, item: PageRead) -> None:
        """Give a page on once there is room; when the user stops, what is on its way goes without waiting."""
        if self._stopping():
            self._items.put(item)
        else:
            super()._put(item)

    def _end(self, ended: StreamEnded, to_come: list[str]) -> None:
        to_come.remove(ended.stream)
        if ended.outcome in (Outcome.FAILED, Outcome.INTERRUPTED):
            to_come.clear()  # the others aren't read
        self._items.put(ended)

    def _died(self, process: BaseProcess, stream: str, error: Exception) -> Item:
        """Return how a stream ended whose process ended in the middle, or said what can't be understood."""
        code: int | None = None
        if isinstance(error, EOFError | OSError):
            process.join(_GRACE_SECONDS)
            code = process.exitcode
        else:
            process.kill()
        how = f"{type(error).__name__}: {error}"
        if code is not None:
            how = f"it was killed by signal {-code}" if code < 0 else f"it ended with {code}"
        fault = SourceError(
            f"The process that read {self.source!r} broke off in stream {stream!r} ({how}).",
            "What was committed stays; sync again. `--processes 0` reads without processes of its own.",
            source=self.source,
            stream=stream,
        )
        return StreamEnded(self.source, stream, Outcome.FAILED, str(fault), fault)

    @staticmethod
    def _bury(process: BaseProcess) -> None:
        process.join(_GRACE_SECONDS)
        if process.is_alive():
            process.kill()
            process.join()


def _not_for_me(_number: int, _frame: FrameType | None) -> None:
    """Let a signal pass."""
