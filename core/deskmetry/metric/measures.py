"""Measures: the shapes that a metric can have; the engine does the rest for each."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from .base import Metric
from .fact import SPANS, Fact

TICKET = ("source_id", "ticket_id")
"""Columns that name a ticket, for `distinct` and `cluster`."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value computed from n items, with a 95 % interval where one is defined; durations in milliseconds.

    reason says in words why the value is None.
    """

    value: float | None
    n: int
    low: float | None = None
    high: float | None = None
    reason: str | None = None


class Count(Metric):
    """Number of rows of a fact whose basis `at` falls into the bucket and for which `of` holds.

    distinct: columns; then rows with the same values in them count once.
    """

    fact: ClassVar[Fact]
    at: ClassVar[str]
    of: ClassVar[str] = "1 = 1"
    distinct: ClassVar[tuple[str, ...]] = ()


class Share(Metric):
    """Rows for which `counts` holds divided by rows for which `of` holds, from 0 to 1.

    across: a dimension; then the rows are divided by those of all its values (the share of a channel).
    """

    unit: ClassVar[str] = "share"
    fact: ClassVar[Fact]
    at: ClassVar[str]
    of: ClassVar[str] = "1 = 1"
    counts: ClassVar[str] = "1 = 1"
    across: ClassVar[str | None] = None


class Duration(Metric):
    """A duration per row, in integer milliseconds; mean, percentile or maximum, median by default.

    cluster: columns; rows that share them aren't independent, so a mean's interval is over their totals.
    """

    unit: ClassVar[str] = "duration"
    fact: ClassVar[Fact]
    at: ClassVar[str]
    of: ClassVar[str] = "1 = 1"
    value: ClassVar[str]
    cluster: ClassVar[tuple[str, ...]] = ()


class Mean(Metric):
    """Mean of a number per row that can't be negative. cluster: as in Duration."""

    fact: ClassVar[Fact]
    at: ClassVar[str]
    of: ClassVar[str] = "1 = 1"
    value: ClassVar[str]
    cluster: ClassVar[tuple[str, ...]] = ()


@dataclass(frozen=True, slots=True)
class Sum:
    """One side of a Ratio: the sum of `value` (1: their number) over a fact, in the bucket of `at`."""

    fact: Fact
    at: str
    of: str = "1 = 1"
    value: str = "1"


class Ratio(Metric):
    """One sum divided by another, each with its own fact and basis; both facts must know the ticket."""

    over: ClassVar[Sum]
    under: ClassVar[Sum]


class Level(Metric):
    """Number of spans that hold at the end of the bucket: begun before the instant and not ended at it."""

    fact: ClassVar[Fact] = SPANS
    begin: ClassVar[str] = "from_at"
    end: ClassVar[str] = "until_at"
    of: ClassVar[str] = "1 = 1"


class Computed(Metric):
    """What no other measure can say: the engine fetches `columns`, and `compute` makes them a value."""

    fact: ClassVar[Fact]
    at: ClassVar[str]
    of: ClassVar[str] = "1 = 1"
    columns: ClassVar[tuple[str, ...]]

    @abstractmethod
    def compute(self, rows: Sequence[Sequence[Any]]) -> Estimate:
        """Return the value of one group from its rows (at least one), each with the values of `columns`."""
