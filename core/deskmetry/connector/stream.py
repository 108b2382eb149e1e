"""Stream: what a connector reads in one go with one cursor, declared beside the method that reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from ..records.base import Record
    from .cursor import Cursor
    from .page import Page

StreamFunction = Callable[[Any, "Cursor | None"], "Iterator[Page]"]
F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """What a stream declares about itself."""

    name: str
    records: tuple[type[Record], ...]
    overlap: timedelta
    idle_requests: int
    optional: bool
    sorted: bool
    gives: str | None = None
    whole: tuple[type[Record], ...] = ()
    listed: tuple[type[Record], ...] = ()


def stream(
    *records: type[Record],
    overlap: timedelta = timedelta(0),
    idle_requests: int = 1,
    optional: bool = False,
    sorted: bool = True,  # noqa: A002 - the word that connector authors look for
    gives: str | None = None,
    whole: tuple[type[Record], ...] = (),
    listed: tuple[type[Record], ...] = (),
) -> Callable[[F], F]:
    """Mark a generator method of a connector as a stream of these kinds of records; the method stays plain.

    overlap: how far before the watermark a run reads again, for rows that arrive late.
    idle_requests: how many requests a run costs that finds nothing new.
    optional: the plan or the permissions may not have it; it then ends as skipped, with a reason.
    sorted: pages come oldest first; the cursor of an unsorted stream moves only with its last page.
    gives: the capability that the source lacks if this stream is skipped, as `ratings`.
    whole: kinds that each run reads whole; rows of them that a run doesn't name any more are taken out. A run
    that yields no page, or sets a record aside, says nothing about them.
    listed: kinds whose rows are remembered for a run, so that its last page can say by `Page.whole` that what
    it didn't name is gone; guarded against a source gone wrong.
    """

    def mark(function: F) -> F:
        name = function.__name__
        info = StreamInfo(name, records, overlap, idle_requests, optional, sorted, gives, whole, listed)
        function.__stream__ = info  # type: ignore[attr-defined]
        return function

    return mark


def streams_of(connector: type) -> dict[str, StreamInfo]:
    """Return the streams that a connector class declares, in the order of declaration, base classes first."""
    found: dict[str, StreamInfo] = {}
    for cls in reversed(connector.__mro__):
        for name, value in vars(cls).items():
            info = getattr(value, "__stream__", None)
            if isinstance(info, StreamInfo):
                found[name] = info
            else:
                found.pop(name, None)
    return found
