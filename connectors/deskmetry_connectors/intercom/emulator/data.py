"""Data: what an emulated workspace holds; instants are Unix seconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(slots=True)
class Contact:
    """A user or a lead. One that was merged into another isn't found any more."""

    id: str
    name: str
    email: str
    created: int
    updated: int
    role: str = "user"
    phone: str | None = None
    merged: bool = False

    @property
    def author(self) -> Json:
        """How a contact is named as an author."""
        return {"type": self.role, "id": self.id, "name": self.name, "email": self.email}


@dataclass(slots=True)
class Part:
    """One part of a conversation. `state` is the one after it."""

    id: str
    kind: str
    at: int
    author: Json
    state: str
    before: str
    body: str | None = None
    updated: int = 0
    assigned_to: Json | None = None
    redacted: bool = False


@dataclass(slots=True)
class Conversation:
    """A conversation as it is now; `parts` are all that ever were. It is in no search before `shown`."""

    id: str
    contact: str
    created: int
    updated: int
    source: Json
    state: str = "open"
    parts: list[Part] = field(default_factory=list)
    admin: int | None = None
    team: int | None = None
    tags: list[Json] = field(default_factory=list)
    rating: Json | None = None
    ai_agent: Json | None = None
    title: str | None = None
    priority: str = "not_priority"
    attributes: Json = field(default_factory=dict)
    shown: int = 0
    changes: int = 0
