"""Data: what an emulated account holds; instants are Unix seconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(slots=True)
class User:
    """A customer or an agent."""

    id: int
    name: str
    email: str
    created: int
    updated: int
    role: str = "end-user"
    organization: int | None = None
    active: bool = True


@dataclass(slots=True)
class Ticket:
    """A ticket as it is now. `generated` is raised by everything, `updated` not by system updates."""

    id: int
    requester: int
    created: int
    updated: int
    generated: int
    subject: str = ""
    submitter: int = 0
    channel: str = "email"
    status: str = "new"
    assignee: int | None = None
    group: int | None = None
    brand: int = 1
    organization: int | None = None
    priority: str | None = None
    type: str | None = None
    tags: list[str] = field(default_factory=list)
    fields: dict[int, Any] = field(default_factory=dict)
    scrubbed: bool = False
    ai_agent: bool = False
    messaging: bool = False
    form: int | None = None
    custom_status: int | None = None


@dataclass(slots=True)
class Comment:
    """A comment as it is now."""

    id: int
    ticket: int
    author: int
    at: int
    body: str
    public: bool = True
    via: Any = None
    kind: str = "Comment"
    message_id: str | None = None
    sender: Json | None = None
    call: Json | None = None


@dataclass(slots=True)
class Audit:
    """One update of a ticket: its comments by id, and its other events as they are sent."""

    id: int
    ticket: int
    at: int
    updater: int
    via: Any
    comments: list[Comment] = field(default_factory=list)
    events: list[Json] = field(default_factory=list)


@dataclass(slots=True)
class Rating:
    """A legacy satisfaction rating."""

    id: int
    ticket: int
    requester: int
    assignee: int | None
    created: int
    updated: int
    score: str = "offered"
    comment: str | None = None
    reason: int | None = None
