"""Faults: what an emulated account lacks, refuses, or does in one of several ways that are possible."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Faults:
    """What goes wrong, and what isn't documented.

    throttle: so many requests are answered 429. allowance: requests that are served before all others are
    answered 429; no end if None. retry_after: what they say, nothing by default: LiveChat
    publishes no limit. forbidden: words of methods that the token's scopes don't cover. region: the data
    centre of the account; requests without it in X-Region are misdirected. archived_late: seconds until a
    thread that ended is in the archive. compares: the instant that `from` and `to` go by, `began` or `ended`.
    """

    throttle: int = 0
    allowance: int | None = None
    retry_after: str | None = None
    forbidden: set[str] = field(default_factory=set)
    region: str | None = None
    archived_late: int = 0
    compares: str = "began"
