"""Verified: what was found when the database was compared with a source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from ..errors import DeskmetryError
from ..records import Record
from ..settings.model import Privacy


class Verdict(StrEnum):
    """How a comparison came out; unknown is what can't be compared, with the reason."""

    AGREES = "agrees"
    DIFFERS = "differs"
    UNKNOWN = "unknown"


class Mend(StrEnum):
    """What mends a difference: reading again what is missing or old here, or marking what is gone there."""

    NOTHING = ""
    SYNC = "sync"
    DELETES = "deletes"


@dataclass(frozen=True, slots=True)
class Finding:
    """One comparison: of which kind, what was compared, the numbers here and there, and it in words."""

    stream: str
    kind: str
    compared: str
    verdict: Verdict
    said: str = ""
    here: int | None = None
    there: int | None = None
    mend: Mend = Mend.NOTHING


@dataclass(slots=True)
class Gone:
    """Rows of one kind that the source doesn't list any more, of how many that were compared."""

    kind: type[Record]
    ids: set[str]
    held: int


@dataclass(slots=True)
class Verified:
    """What was found about one source; `error` is why it couldn't be compared to the end, if so.

    tombstones: the source tells by itself what was deleted.
    """

    source: str
    connector: str
    findings: list[Finding] = field(default_factory=list)
    gone: list[Gone] = field(default_factory=list)
    error: DeskmetryError | None = None
    tombstones: bool = False

    def needs(self, mend: Mend) -> bool:
        """Say whether some difference is mended this way."""
        return any(one.verdict is Verdict.DIFFERS and one.mend is mend for one in self.findings)

    @property
    def differs(self) -> bool:
        """Say whether anything differs."""
        return any(one.verdict is Verdict.DIFFERS for one in self.findings)


@dataclass(frozen=True, slots=True)
class Extent:
    """How far to compare: only these streams (all if empty), how many rows by content, reading everything."""

    streams: tuple[str, ...] = ()
    sample: int = 20
    full_read: bool = False
    folder: Path = field(default_factory=Path.cwd)
    max_wait: timedelta = timedelta(minutes=15)
    privacy: Mapping[str, Privacy] = field(default_factory=dict)
