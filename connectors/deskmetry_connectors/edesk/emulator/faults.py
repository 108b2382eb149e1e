"""Faults: how an emulated account misbehaves, and what its token may not read."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Faults:
    """What goes wrong, and what the account lacks.

    expired: the token is refused. throttle: so many requests are answered 429, with `retry_after` if given.
    forbidden: paths (`sales-orders`) that are answered 403. flood: applied tags that the list of tags has
    besides. descending: `messages_ids` come newest first. epochs: `filter_created_at_*` takes Unix seconds
    only. bare: lists come without `paginator`, whole. moving: how many tickets get a message each time that
    the first page of a list was given, so that the pages after it move. quick: answers tell of a large limit,
    so that nobody waits for the real one.
    """

    expired: bool = False
    throttle: int = 0
    retry_after: str | None = None
    forbidden: set[str] = field(default_factory=set)
    flood: int = 0
    descending: bool = False
    epochs: bool = False
    bare: bool = False
    moving: int = 0
    quick: bool = False
