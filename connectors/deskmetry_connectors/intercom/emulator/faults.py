"""Faults: how an emulated workspace misbehaves, and what the token may not read."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Faults:
    """What goes wrong, and what the documentation leaves open.

    limit: requests a window of ten seconds, told in the headers; the window begins anew when a client comes
    back after it was empty, since the clock here doesn't run. throttle: so many requests are answered 429.
    forbidden, missing: words in paths that are answered 403, 404. refuse_cursors: old cursors are refused.
    by_day: the search of conversations compares whole days, as that of contacts does. state_before: a part
    carries the state from before it. markup: bodies are HTML even where plain text was asked for.
    vanish: conversations that are deleted between the search and the request for them.
    """

    limit: int | None = None
    throttle: int = 0
    forbidden: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)
    refuse_cursors: bool = False
    by_day: bool = False
    state_before: bool = False
    markup: bool = False
    vanish: set[str] = field(default_factory=set)
