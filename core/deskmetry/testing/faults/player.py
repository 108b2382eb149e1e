"""Faults: which faults are played on which requests."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any, ClassVar, Protocol

from ..layout import Layout
from ..values import Reply, Request


@dataclass(slots=True)
class Visit:
    """A request on its way: who serves it, and what the honest reply would be.

    `base` is the address of the server that was asked, `other` that of the host that nobody may be led to;
    `now` is the server's clock. `memory` lives as long as the fault is played.
    """

    request: Request
    base: str
    other: str
    now: datetime
    layout: Layout | None
    honest: Callable[[], Reply]
    memory: dict[str, Any] = field(default_factory=dict)

    def rows(self, body: Any) -> list[Any]:
        """Return the rows of an answer's JSON, to be changed in place; none where they can't be found."""
        return (self.layout or Layout()).rows(body)


class Fault(Protocol):
    """Something that goes wrong. `lasting`: once it began it goes on, unless told otherwise."""

    lasting: ClassVar[bool]

    def play(self, visit: Visit, /) -> Reply | None:
        """Return the faulty reply, None where this request gives no occasion."""


@dataclass(slots=True)
class Play:
    """One fault that was ordered; `played` counts how often it really took place."""

    fault: Fault
    on: int
    times: int | None
    every: int | None
    path: str | None
    seen: int = 0
    played: int = 0
    memory: dict[str, Any] = field(default_factory=dict)

    def due(self, request: Request) -> bool:
        """Count a request, and tell whether the fault's turn has come."""
        if self.path is not None and not fnmatchcase(request.path, self.path):
            return False
        self.seen += 1
        if self.times is not None and self.played >= self.times:
            return False
        return self.seen >= self.on and (self.every is None or (self.seen - self.on) % self.every == 0)


class Faults:
    """What goes wrong at a server: `play` orders faults, and `played` lists those that took place."""

    def __init__(self) -> None:
        self.played: list[tuple[str, str]] = []
        self._plays: list[Play] = []
        self._lock = threading.Lock()

    def play(
        self,
        fault: Fault,
        *,
        on: int = 1,
        times: int | None = 1,
        every: int | None = None,
        path: str | None = None,
    ) -> Play:
        """Order a fault; return the order, which counts how often it was played.

        on: the request, counted from now (1 is the next), that it begins at, or the first one after it that
        gives an occasion: an empty page can't hold a bad record. times: how often; None is for ever, and so
        is 1 for a fault that lasts by its nature. every: only each n-th request from then on, until `times`.
        path: only requests to this path count; `*` and `?` stand for anything (`/tickets/*/comments`).
        """
        if on < 1 or (times is not None and times < 1) or (every is not None and every < 1):
            raise ValueError("`on`, `times` and `every` count from 1; times=None is for ever")
        limit = None if fault.lasting and times == 1 else times
        order = Play(fault, on, limit, every, path)
        with self._lock:
            self._plays.append(order)
        return order

    def clear(self) -> None:
        """Let everything go well from now on, and forget what was played."""
        with self._lock:
            self._plays.clear()
            self.played.clear()

    def answer(self, visit: Visit) -> Reply:
        """Return the reply of the first fault whose turn it is, else the honest one."""
        with self._lock:
            due = [order for order in self._plays if order.due(visit.request)]
        for order in due:
            visit.memory = order.memory
            reply = order.fault.play(visit)
            if reply is not None:
                with self._lock:
                    order.played += 1
                    self.played.append((type(order.fault).__name__, visit.request.path))
                return reply
        return visit.honest()
