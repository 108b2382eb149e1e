"""Faults: how an emulated account misbehaves, and which plan and credentials it has."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Faults:
    """What goes wrong, and what the account lacks.

    limit: requests a window in the bucket of the exports, shown in the headers; the window begins anew when a
    client comes back after it was empty, since the clock here doesn't run. throttle: so many requests are
    answered 429 with `retry_after`. too_big: exports asked for more records than this are answered 504.
    null_cursors: empty pages carry no cursor. missing: words in paths that the plan doesn't have (404);
    forbidden: that the role may not read (403). refuse_cursors: old cursors are answered 400.
    expires: requests an OAuth token is good for. once: status by word in a path, answered to one request with
    the word in it, after so many others as `after` says. chat_token: Zendesk Chat lets in only bearers of
    it. chat_inclusive: the chat that a page ends at comes again with the next one.
    bare_surveys: pages of survey responses say nothing of pages.
    """

    limit: int | None = None
    throttle: int = 0
    retry_after: str | None = "1"
    too_big: int | None = None
    null_cursors: bool = True
    missing: set[str] = field(default_factory=set)
    forbidden: set[str] = field(default_factory=set)
    refuse_cursors: bool = False
    expires: int | None = None
    once: dict[str, int] = field(default_factory=dict)
    after: int = 0
    chat_token: str | None = None
    bare_surveys: bool = False
    chat_inclusive: bool = False
