"""Progress: how far each survey was read, and which of its latest responses are known already."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from deskmetry.records.base import to_json

from .reading import instant

_KNOWN = 300  # digests kept a survey: what is read again beyond them is merely mapped again
_ADDRESSES = ("href", "analyze_url", "edit_url")  # may be signed anew with each answer


@dataclass(slots=True)
class Place:
    """Where one survey stands. mark: of its settings. seen: digests of the latest responses, with dates."""

    mark: str
    at: datetime | None = None
    seen: dict[str, str] = field(default_factory=dict)

    def fresh(self, rows: Iterable[Any]) -> list[Any]:
        """Return the rows that weren't read just so before."""
        return [row for row in rows if digest(row) not in self.seen]

    def note(self, rows: Iterable[Any], top: datetime | None, overlap: timedelta) -> None:
        """Move on to the latest change, and remember the rows that will be read again."""
        if top is not None and (self.at is None or top > self.at):
            self.at = top
        for row in rows:
            changed = row.get("date_modified") if isinstance(row, Mapping) else None
            self.seen[digest(row)] = changed if isinstance(changed, str) else ""
        if self.at is not None:
            edge = self.at - overlap - timedelta(seconds=2)
            near = {key: at for key, at in self.seen.items() if (when := instant(at)) and when >= edge}
            self.seen = dict(sorted(near.items(), key=lambda one: (one[1], one[0]))[-_KNOWN:])

    def dump(self) -> dict[str, Any]:
        """Return it as a JSON value."""
        return {"map": self.mark, "at": self.at.isoformat() if self.at else None, "seen": dict(self.seen)}

    @classmethod
    def load(cls, saved: object, mark: str, start: datetime | None) -> Place:
        """Return where a survey stands; at the start if it is new, or measures something else now."""
        if not isinstance(saved, Mapping) or saved.get("map") != mark:
            return cls(mark, start)
        seen = saved.get("seen")
        known = {str(key): str(at) for key, at in seen.items()} if isinstance(seen, Mapping) else {}
        return cls(mark, instant(saved.get("at")) or start, known)


def digest(row: object) -> str:
    """Return what tells one copy of a response from another."""
    told = (
        {key: value for key, value in row.items() if key not in _ADDRESSES} if isinstance(row, dict) else row
    )
    return hashlib.blake2b(to_json(told).encode("utf-8", "replace"), digest_size=6).hexdigest()
