"""Fake helpdesks for `helpers_sync_apart` whose readers, or whose run, are stopped and killed."""

from __future__ import annotations

import itertools
import os
import signal
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import ClassVar

from deskmetry.connector import Connector, Cursor, Page
from helpers_sync import (
    Desk,
    Inbox,
    Shop,
    kill_myself,
    page,
    ticket,
)
from helpers_sync_apart import note

Sources = Mapping[str, Connector]


# --- signals ----------------------------------------------------------------------------------------------


def send(number: int, to: str) -> None:
    """Send a signal from a process that reads: to the whole `group`, as a terminal does, or to its parent."""
    if to == "group":
        os.killpg(os.getpgrp(), number)
    else:
        os.kill(os.getppid(), number)


def _endless(folder: Path, number: int, to: str) -> Sources:
    def script(since: Cursor | None) -> Iterator[Page]:
        for n in itertools.count():
            note(folder, n)
            if n == 5:
                send(number, to)
            yield page(ticket(n, n), mark=n, token=n)

    return {"s1": Desk().says(script)}


def endless(folder: Path) -> Sources:
    """Two sources without an end."""

    def script(since: Cursor | None) -> Iterator[Page]:
        for n in itertools.count():
            note(folder, n)
            yield page(ticket(n, n), mark=n, token=n)

    return {f"s{n}": Desk(desk=str(n)).says(script) for n in (1, 2)}


def interrupted(folder: Path) -> Sources:
    """A source without an end; Ctrl-C comes at its sixth page."""
    return _endless(folder, signal.SIGINT, "group")


def terminated(folder: Path) -> Sources:
    """A source without an end; SIGTERM comes to the parent at its sixth page."""
    return _endless(folder, signal.SIGTERM, "parent")


def terminated_all(folder: Path) -> Sources:
    """A source without an end; SIGTERM comes to all at its sixth page, as a service manager sends it."""
    return _endless(folder, signal.SIGTERM, "group")


def _waits(folder: Path, number: int, to: str) -> Sources:
    one = Desk()

    def script(since: Cursor | None) -> Iterator[Page]:
        note(folder, "reads")
        yield page(ticket(0), mark=0, token=0)
        threading.Timer(0.05, send, (number, to)).start()
        assert not one.context.wait(3600, "the limit")
        note(folder, "stopped")

    return {"s1": one.says(script)}


def interrupted_waiting(folder: Path) -> Sources:
    """A source that waits for an hour when Ctrl-C comes."""
    return _waits(folder, signal.SIGINT, "group")


def terminated_waiting(folder: Path) -> Sources:
    """A source that waits for an hour when SIGTERM comes."""
    return _waits(folder, signal.SIGTERM, "parent")


def _deaf(folder: Path, number: int, to: str) -> Sources:
    one = Desk()

    def script(since: Cursor | None) -> Iterator[Page]:
        note(folder, "reads")
        yield page(ticket(0), mark=0, token=0)
        send(number, to)
        one.context.stop.wait()
        send(number, to)
        while True:
            threading.Event().wait(0.01)

    return {"s1": one.says(script)}


def deaf_interrupted(folder: Path) -> Sources:
    """A source that ignores the wish to stop; Ctrl-C comes twice."""
    return _deaf(folder, signal.SIGINT, "group")


def deaf_terminated(folder: Path) -> Sources:
    """A source that ignores the wish to stop; SIGTERM comes to the parent twice."""
    return _deaf(folder, signal.SIGTERM, "parent")


# --- kills ------------------------------------------------------------------------------------------------


def short_lived(folder: Path) -> Sources:
    """A source whose reader is killed after twelve pages."""

    def script(since: Cursor | None) -> Iterator[Page]:
        for n in range(12):
            yield page(ticket(n), token=n)
        note(folder, "dies")
        kill_myself()

    return {"s1": Desk().says(script)}


class Mortal(Shop):
    """A shop whose reader is killed at a point: before the n-th page of a stream, or when it closes."""

    name: ClassVar[str] = "shop"
    dies: str = ""

    def read(self, name: str, since: Cursor | None) -> Iterator[Page]:
        for number, one in enumerate(super().read(name, since)):
            if self.dies == f"{name} {number}":
                kill_myself()
            yield one

    def close(self) -> None:
        if self.dies == "close":
            kill_myself()
        super().close()


def mortal(dies: str, folder: Path) -> Sources:
    """A shop that is killed, and an inbox beside it."""
    return {"shop": Mortal(desk="shop", dies=dies), "inbox": Inbox(desk="inbox")}


def orphans(folder: Path) -> Sources:
    """Two sources whose parent is killed while one waits for an hour and the other hangs."""
    first = Desk(desk="1")

    def waits(since: Cursor | None) -> Iterator[Page]:
        yield page(ticket(1), token=1)
        note(folder, "waits")
        first.context.wait(3600, "the limit")

    def hangs(since: Cursor | None) -> Iterator[Page]:
        while not (folder / "notes").exists():
            threading.Event().wait(0.01)
        note(folder, "hangs")
        os.kill(os.getppid(), signal.SIGKILL)
        while True:
            pass

    return {"s1": first.says(waits), "s2": Desk(desk="2").says(hangs)}
