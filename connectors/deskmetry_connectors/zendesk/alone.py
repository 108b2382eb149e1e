"""Alone: chats or calls that had no ticket when they were read; one of them may be given a ticket later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

REMEMBERED = 1_000
"""How many of them are known, the latest ones."""


@dataclass(slots=True)
class Alone:
    """Keys of what had no ticket, with the Unix second of its last change."""

    known: dict[str, int] = field(default_factory=dict)

    def load(self, saved: object) -> None:
        """Take what an earlier run saved; anything else counts as nothing."""
        if isinstance(saved, Mapping):
            self.known.update((str(key), at) for key, at in saved.items() if isinstance(at, int))

    def dump(self) -> dict[str, Any]:
        """Return the latest of them as a JSON value; the others are forgotten."""
        surplus = max(len(self.known) - REMEMBERED, 0)
        for key in sorted(self.known, key=lambda key: (self.known[key], key))[:surplus]:
            del self.known[key]
        return dict(sorted(self.known.items()))

    def remember(self, key: str, changed: datetime, linked: str | None) -> None:
        """Note whether something has a ticket now."""
        if linked is None:
            self.known[key] = int(changed.timestamp())
        else:
            self.known.pop(key, None)

    def __contains__(self, key: object) -> bool:
        return key in self.known
