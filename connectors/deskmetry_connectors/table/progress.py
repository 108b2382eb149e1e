"""Progress: what the cursor of a source of files holds, a few digests however large the files are."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from deskmetry.records import from_milliseconds, to_milliseconds

_VERSION = 1


@dataclass(frozen=True, slots=True)
class Progress:
    """What the files looked like when they were last read to their end.

    stat, content: digests, as in `files`. mapping: of the settings, since others make other rows. cut: the
    end was half written. young: written so lately that a change could go unnoticed. newest: the latest
    instant in a row.
    """

    stat: str = ""
    content: str = ""
    mapping: str = ""
    cut: bool = False
    young: bool = False
    newest: datetime | None = None

    @classmethod
    def load(cls, token: Any) -> Progress:
        """Read a token; one of another make counts as none."""
        if not isinstance(token, dict) or token.get("version") != _VERSION:
            return cls()
        newest = token.get("newest")
        return cls(
            str(token.get("stat")),
            str(token.get("content")),
            str(token.get("mapping")),
            token.get("cut") is True,
            token.get("young") is True,
            from_milliseconds(newest) if isinstance(newest, int) else None,
        )

    def token(self) -> dict[str, Any]:
        """Return it as a JSON value."""
        newest = None if self.newest is None else to_milliseconds(self.newest)
        return {
            "version": _VERSION, "stat": self.stat, "content": self.content, "mapping": self.mapping,
            "cut": self.cut, "young": self.young, "newest": newest,
        }  # fmt: skip


@dataclass(slots=True)
class Newest:
    """The latest instant in the rows before a limit: up to there the files are known for certain."""

    limit: datetime
    found: datetime | None = field(default=None)

    def note(self, at: datetime) -> None:
        """Take an instant into account."""
        if at <= self.limit and (self.found is None or at > self.found):
            self.found = at

    def complete_until(self, written: int) -> datetime:
        """Return up to when the files are complete: as far as they were written, or their newest row."""
        at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=written // 1000)
        newest = at if self.found is None else max(at, self.found + timedelta(milliseconds=1))
        return min(newest, self.limit)
