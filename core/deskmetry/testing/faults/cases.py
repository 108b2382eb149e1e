"""Cases: every fault by a sentence, with what a correct connector makes of it and what Deskmetry does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .data import (
    BadRecord,
    ChangedType,
    DeepNesting,
    FarFuture,
    HugeInteger,
    HugeText,
    LoneSurrogate,
    NewestFirst,
    NewField,
    NulText,
)
from .links import EmptyPages, ForeignLink, ForeignRedirect, LinkToItself, RepeatedPage
from .player import Fault
from .transport import (
    CutJson,
    EmptyBody,
    Forbidden,
    HtmlPage,
    NoRecords,
    RateLimited,
    Reset,
    ServerError,
    ShortBody,
    SlowDrip,
    TokenExpired,
    TooBig,
    WrongType,
)

Ends = Literal["recovers", "stops", "sets aside", "stores"]


@dataclass(frozen=True, slots=True)
class Case:
    """One thing that goes wrong: the fault, the request to play it on, and how a run must end.

    ends: "recovers" (this very run ends with all data), "stops" (with an error; a run after it has all data),
    "sets aside" (all but the bad row, which stands in quarantine), "stores" (all rows, this one too).
    does: what Deskmetry does, in words.
    """

    name: str
    fault: Fault
    ends: Ends
    does: str
    on: int = 2


_AGAIN = "asks again, with growing pauses, on a budget"
_NEVER_EMPTY = "never takes it for “no records”; asks again on the same budget"

FAULTS: tuple[Case, ...] = (
    Case("a 429 that says for how many seconds", RateLimited(7), "recovers", "waits that long, then goes on"),
    Case(
        "a 429 that says until when",
        RateLimited(30, "date"),
        "recovers",
        "waits, measured by the server's own clock",
    ),
    Case("a 429 that doesn't say for how long", RateLimited(None), "recovers", "waits a minute"),
    Case(
        "a 429 that asks for a year",
        RateLimited(31_536_000),
        "stops",
        "ends at once as “try later”; `--max-wait` sets the patience",
    ),
    Case("a failing server (500)", ServerError(500), "recovers", _AGAIN),
    Case("a failing gateway (502)", ServerError(502), "recovers", _AGAIN),
    Case("a server that is down for a moment (503)", ServerError(503), "recovers", _AGAIN),
    Case(
        "a server that takes too long (504)",
        ServerError(504),
        "recovers",
        _AGAIN + "; asks for less if it can",
    ),
    Case(
        "large pages that always time out (504)",
        TooBig(),
        "recovers",
        "halves the page as long as it fails, and keeps the size that worked (`page_size=`)",
        1,
    ),
    Case("a connection that is reset", Reset(), "recovers", _AGAIN),
    Case("a body cut short", ShortBody(), "recovers", _AGAIN + ", since a try includes the reading"),
    Case("cut JSON with status 200", CutJson(), "recovers", _NEVER_EMPTY),
    Case("a page of HTML with status 200", HtmlPage(), "recovers", _NEVER_EMPTY),
    Case("an empty body with status 200", EmptyBody(), "recovers", _NEVER_EMPTY),
    Case("an error envelope with status 200", NoRecords(), "recovers", _NEVER_EMPTY),
    Case("a wrong content type", WrongType(), "recovers", _NEVER_EMPTY),
    Case(
        "an answer that drips",
        SlowDrip(),
        "recovers",
        "waits, but never beyond a deadline of its own for the whole",
    ),
    Case("a page that repeats", RepeatedPage(), "stops", "stops the stream; what was committed stays", 1),
    Case("a next link to itself", LinkToItself(), "stops", "stops the stream; what was committed stays", 1),
    Case(
        "empty pages without end",
        EmptyPages(),
        "stops",
        "reads on, and stops the stream after a thousand in a row; what was committed stays",
        1,
    ),
    Case(
        "a next link to another host",
        ForeignLink(),
        "stops",
        "refuses it, sends nothing there; what was committed stays",
        1,
    ),
    Case("a redirect to another host", ForeignRedirect(), "stops", "refuses it, sends nothing there"),
    Case(
        "a token that ends in the middle",
        TokenExpired(),
        "recovers",
        "renews it once and repeats the request (`Connector.refresh`); without that, stops",
    ),
    Case(
        "a token that was revoked", TokenExpired(forever=True), "stops", "stops and asks for the credentials"
    ),
    Case(
        "a list that is forbidden (403)",
        Forbidden(),
        "stops",
        "skips an optional stream and says so; stops another",
        1,
    ),
    Case("one record that is only a text", BadRecord("a text"), "sets aside", "quarantines it alone"),
    Case("one record without an id", BadRecord("null id"), "sets aside", "quarantines it alone"),
    Case("one record without a date", BadRecord("no date"), "sets aside", "quarantines it alone"),
    Case(
        "a row dated 2999",
        FarFuture(),
        "stores",
        "stores and counts it; the cursor stays at the server's clock",
    ),
    Case(
        "pages that come newest first",
        NewestFirst(),
        "stores",
        "takes the highest instant of a page; a stream in no order is declared `sorted=False`",
        1,
    ),
    Case("a new field", NewField(), "stores", "goes on", 1),
    Case("a field of another type", ChangedType(), "sets aside", "quarantines the record, never stores NULL"),
    Case("a NUL in a text", NulText(), "stores", "stores U+FFFD in its place"),
    Case("half a character (a lone surrogate)", LoneSurrogate(), "stores", "stores U+FFFD in its place"),
    Case(
        "an integer of 2^63",
        HugeInteger(),
        "sets aside",
        "quarantines the record where the field can't hold it",
    ),
    Case("a text of 5 MB", HugeText(), "stores", "stores its first million characters, and its length"),
    Case("a value nested deeply", DeepNesting(), "sets aside", "quarantines the record"),
    Case(
        "a value nested so deeply that no parser reads the page",
        DeepNesting(depth=5_000),
        "stops",
        "stops the stream before that page, and names it; what was committed stays",
    ),
)
"""Every fault, played one by one by the contract."""


def faults_table() -> str:
    """Return the table of all faults as Markdown, for docs/testing.md."""
    lines = ["| what goes wrong | how to play it | what Deskmetry does |", "|---|---|---|"]
    lines += [f"| {case.name} | `{case.fault!r}` | {case.does} |" for case in FAULTS]
    return "\n".join(lines) + "\n"
