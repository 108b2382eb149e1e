"""Report: what a sync did, stream by stream; plugins get it, `sync` prints it, the run log keeps it."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ..errors import DeskmetryError, ExitCode
from ..store import Written
from .signals import exit_code_of


class Outcome(StrEnum):
    """How a stream, a source or a run ended."""

    RUNNING = "running"
    OK = "ok"
    SKIPPED = "skipped"
    FAILED = "failed"
    NOT_RUN = "not_run"
    INTERRUPTED = "interrupted"
    KILLED = "killed"


@dataclass(slots=True)
class StreamReport:
    """What happened to one stream. `next_try_at` is when a source that asked to wait may be asked again."""

    stream: str
    outcome: Outcome = Outcome.NOT_RUN
    reason: str = ""
    pages: int = 0
    written: Written = field(default_factory=Written)
    quarantined: int = 0
    future: int = 0
    requests: int = 0
    retries: int = 0
    seconds_waited: float = 0.0
    notes: list[str] = field(default_factory=list)
    new_fields: list[str] = field(default_factory=list)
    next_try_at: datetime | None = None

    @property
    def gave(self) -> int:
        """Return how many records and bad records the source gave."""
        return self.written.new + self.written.changed + self.written.same + self.quarantined


@dataclass(slots=True)
class SourceReport:
    """What happened to one source; `error` is why it stopped, if it did."""

    source: str
    connector: str
    streams: list[StreamReport] = field(default_factory=list)
    error: DeskmetryError | None = None
    complete_until: datetime | None = None

    @property
    def outcome(self) -> Outcome:
        """Return failed if anything failed, interrupted if it was stopped, else ok."""
        outcomes = {stream.outcome for stream in self.streams}
        if self.error is not None or Outcome.FAILED in outcomes:
            return Outcome.FAILED
        if outcomes & {Outcome.INTERRUPTED, Outcome.NOT_RUN, Outcome.RUNNING}:
            return Outcome.INTERRUPTED
        return Outcome.OK

    @property
    def written(self) -> Written:
        """Return the sums over the streams."""
        total = Written()
        for stream in self.streams:
            total += stream.written
        return total


@dataclass(slots=True)
class SyncReport:
    """What a whole run did. `interrupted` says that it was stopped, `signal` by which signal, if by one."""

    run: int
    started_at: datetime
    sources: Sequence[SourceReport]
    ended_at: datetime | None = None
    threads: int = 0
    facts: int = 0
    interrupted: bool = False
    signal: signal.Signals | None = None

    @property
    def exit_code(self) -> ExitCode:
        """Return 0 if all is well, 130 or 143 if stopped, 3 if some failed.

        If all failed: the errors' own code where it is the same for all, else 1.
        """
        if self.interrupted:
            return exit_code_of(self.signal)
        failed = [source for source in self.sources if source.outcome is Outcome.FAILED]
        if not failed:
            return ExitCode.OK
        if len(failed) < len(self.sources):
            return ExitCode.PARTIAL
        codes = {source.error.exit_code if source.error else ExitCode.FAILURE for source in failed}
        return codes.pop() if len(codes) == 1 else ExitCode.FAILURE
