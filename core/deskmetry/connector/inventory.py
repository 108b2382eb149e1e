"""Inventory: what a source can say about a stream besides its records, so that a copy can be verified."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ..records.base import Record
from .page import Page


@dataclass(frozen=True, slots=True)
class Tally:
    """How many rows a source says that there are.

    parts: the same by values of the column `Inventory.by`, where the source counts apart. approximate: why it
    may be wrong, in words; a difference is then told and is no fault.
    """

    total: int
    parts: Mapping[str, int] = field(default_factory=dict)
    approximate: str = ""


@dataclass(frozen=True, slots=True)
class Inventory:
    """What a source can say about the rows that a stream brings; each part may be missing.

    records: the kinds that are compared, by id; several where the source counts them together. count: how
    many there are now. ids: the id of each. fetch: takes some ids and yields pages of these rows as they are.
    columns: what is compared of those; everything if empty. partial: why the source leaves out rows that it
    did give once ("archived tickets aren't counted"): more here than there is no fault then, and a row that
    isn't listed isn't gone. by: the column that the parts of a count are named by. local: reading the whole
    stream costs little, so that `verify` does that. unknown: why a missing part can't be had. What is called
    may raise SourceError.
    """

    records: tuple[type[Record], ...]
    count: Callable[[], Tally] | None = None
    ids: Callable[[], Iterable[str]] | None = None
    fetch: Callable[[Sequence[str]], Iterable[Page]] | None = None
    columns: tuple[str, ...] = ()
    partial: str = ""
    by: str = ""
    local: bool = False
    unknown: str = ""
