"""QuickContext: what a trial lends a connector in the engine's place, with waits that end at once."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ..connector import Context


@dataclass(slots=True)
class QuickContext(Context):
    """A context whose waits are counted, not slept: its clock jumps over them. Units: seconds."""

    skipped: float = 0.0

    def clock(self) -> float:
        """Return the seconds that passed, jumped ones included."""
        return time.monotonic() + self.skipped

    def wait(self, seconds: float, reason: str) -> bool:
        """Let the time pass at once; return False if asked to stop."""
        self.waiting(datetime.now(UTC) + timedelta(seconds=seconds), reason)
        self.skipped += seconds
        self.seconds_waited += seconds
        return not self.stop.is_set()
