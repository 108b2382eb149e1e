"""Running: which chats run now, which of them changed, and which have ended since the last run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .rows import Row, flag, instant, part

TRIES = 5
"""Runs in which a thread that ended is looked for in the archive; the tiers find it later all the same."""


@dataclass(slots=True)
class Running:
    """The threads that ran at the last run, by id: their chat and their last event; and those that ended.

    As JSON it is the stream's token, as large as the number of chats that run at once.
    """

    known: dict[str, list[str]] = field(default_factory=dict)
    ended: dict[str, int] = field(default_factory=dict)
    now: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def load(cls, token: Any) -> Running:
        """Read a token; of anything else nothing is known."""
        if not isinstance(token, Mapping):
            return cls()
        return cls(dict(token.get("running") or {}), dict(token.get("ended") or {}))

    def dump(self, read: set[str]) -> dict[str, Any]:
        """Return the token; `read` are the threads that were read: of others the next run must know more."""
        kept = {key: at if key in read else [at[0], ""] for key, at in self.now.items()}
        return {"running": kept, "ended": self.ended}

    def see(self, row: Row) -> None:
        """Note a summary of a running chat: its last thread, and when something last happened in it."""
        thread = part(row, "last_thread_summary")
        if not thread or flag(thread, "active") is not True:
            return
        latest = [instant(thread, "created_at"), *_events(row)]
        self.now[thread["id"]] = [row["id"], max(latest).isoformat()]

    def changed(self) -> list[tuple[str, str]]:
        """Return chat and thread of those in which something happened, those that waited longest first."""
        fresh = [(at[1], at[0], key) for key, at in self.now.items() if self.known.get(key) != at]
        return [(chat, key) for _, chat, key in sorted(fresh)]

    def gone(self) -> list[str]:
        """Return the threads that ran and run no more, and aren't read from the archive yet."""
        self.ended |= {key: 0 for key in self.known if key not in self.now}
        return sorted(self.ended)

    def found(self, asked: list[str], rows: list[Any]) -> None:
        """Note which threads the archive had; the others are asked for again, a few times."""
        got = {part(row, "thread").get("id") for row in rows if isinstance(row, Mapping)}
        for key in asked:
            tries = self.ended.pop(key) + 1
            if key not in got and tries < TRIES:
                self.ended[key] = tries


def _events(row: Row) -> list[datetime]:
    by_type = part(row, "last_event_per_type")
    return [instant(part(part(by_type, kind), "event"), "created_at") for kind in by_type]
