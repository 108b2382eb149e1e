"""Emulators of the demo in processes of their own, inside processes that tests start and kill."""

from __future__ import annotations

import errno
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from unittest.mock import patch

from deskmetry_cli.demo.forked import Forked
from helpers_sync import kill_myself


@contextmanager
def noted(folder: Path, name: str) -> Iterator[None]:
    """Stand for an emulator that notes its process where it begins, and where it ends."""
    (folder / f"{name}.pid").write_text(str(os.getpid()), encoding="ascii")
    try:
        yield
    finally:
        (folder / f"{name}.end").write_text(str(os.getpid()), encoding="ascii")


class Taken(AbstractContextManager[None]):
    """Stands for an emulator whose port somebody else has."""

    def __enter__(self) -> None:
        raise OSError(errno.EADDRINUSE, "Address already in use")

    def __exit__(self, *_error: object) -> None:
        """Do nothing: it never began."""


def serve_two(folder: Path) -> None:
    """Serve two emulators for a while; there is never a second thread here."""
    with Forked(partial(noted, folder, "one")), Forked(partial(noted, folder, "two")):
        assert threading.active_count() == 1
        (folder / "here.pid").write_text(str(os.getpid()), encoding="ascii")


def die_while_serving(folder: Path) -> None:
    """Serve two emulators and be killed meanwhile."""
    with Forked(partial(noted, folder, "one")), Forked(partial(noted, folder, "two")):
        kill_myself()


def find_the_port_taken() -> None:
    """Exit with the number of the error that an emulator fails with."""
    try:
        with Forked(Taken):
            pass
    except OSError as error:
        sys.exit(error.errno)


def be_gone_before(folder: Path) -> None:
    """Leave an emulator that has died meanwhile."""
    with Forked(partial(noted, folder, "one")):
        os.kill(int((folder / "one.pid").read_text(encoding="ascii")), 9)


def serve_where_nothing_can_be_forked(folder: Path) -> None:
    """Serve an emulator while the system gives no more processes."""
    with patch.object(os, "fork", side_effect=OSError(errno.EAGAIN, "no more")):
        with Forked(partial(noted, folder, "one")):
            assert not (folder / "one.end").exists()
        (folder / "here.pid").write_text(str(os.getpid()), encoding="ascii")


def serve_through_signals(folder: Path) -> None:
    """Serve an emulator while all processes are told to end; it heeds only this one."""
    os.setpgrp()
    signal.signal(signal.SIGTERM, lambda _number, _frame: None)
    with Forked(partial(noted, folder, "one")):
        os.killpg(os.getpgrp(), signal.SIGTERM)
        os.killpg(os.getpgrp(), signal.SIGTERM)
        threading.Event().wait(0.1)
        assert not (folder / "one.end").exists()
