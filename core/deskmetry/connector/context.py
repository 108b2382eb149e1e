"""Context: what the engine lends a connector while it runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ..http.limiter import Limits
from .memory import Memory, ShortMemory


def _ignore(_until: datetime, _reason: str) -> None:
    return None


@dataclass(slots=True)
class Context:
    """What the engine lends a connector: its name, its folder, its patience, and the wish to stop.

    `folder` is what relative paths in the settings start from. `stop` is set when the user interrupts; waits
    go through `wait`, so that they end at once. `waiting` is told until when and why a stream waits.
    `limits` are the rate limits of all accounts, shared by the sources of a run; `memory` outlasts it.
    `sizes` are the page sizes that worked, by endpoint family. `tries` bounds how often a request is tried
    that fails; the HTTP client's own bound if not given.
    """

    source: str = "by-hand"
    folder: Path = field(default_factory=Path.cwd)
    stop: threading.Event = field(default_factory=threading.Event)
    max_wait: timedelta = timedelta(minutes=15)
    tries: int | None = None
    waiting: Callable[[datetime, str], None] = _ignore
    limits: Limits = field(default_factory=Limits)
    memory: Memory = field(default_factory=ShortMemory, repr=False)
    sizes: dict[str, int] = field(default_factory=dict)
    requests: int = 0
    retries: int = 0
    seconds_waited: float = 0.0

    def clock(self) -> float:
        """Return the seconds that pass, waits included, from an arbitrary beginning."""
        return time.monotonic()

    def wait(self, seconds: float, reason: str) -> bool:
        """Sleep, unless asked to stop; return False if the sleep was cut short. Units: seconds."""
        self.waiting(datetime.now(UTC) + timedelta(seconds=seconds), reason)
        began = time.monotonic()
        stopped = self.stop.wait(seconds)
        self.seconds_waited += time.monotonic() - began
        return not stopped

    @contextmanager
    def unbroken(self) -> Iterator[Context]:
        """Lend a context whose requests are brought to their end, though the user stops meanwhile.

        For what must not be broken off: the exchange of a refresh token, which the vendor has taken while its
        successor is on its way. Waits between tries end at once all the same.
        """
        lent = _Unbroken(self)
        try:
            yield lent
        finally:
            self.requests += lent.requests
            self.retries += lent.retries


class _Unbroken(Context):
    """A context whose own wish to stop nobody has; clock and waits are those of another."""

    __slots__ = ("_beside",)

    def __init__(self, beside: Context) -> None:
        named = {field.name: getattr(beside, field.name) for field in fields(Context)}
        super().__init__(**named | {"stop": threading.Event(), "requests": 0, "retries": 0})
        self._beside = beside

    def clock(self) -> float:
        return self._beside.clock()

    def wait(self, seconds: float, reason: str) -> bool:
        return self._beside.wait(seconds, reason)
