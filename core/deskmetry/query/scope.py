"""Scope: a query read against a database: which rows count, how they are split, and as of when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property

from ..calendar import Bucket, Period
from ..instants import from_milliseconds, to_milliseconds
from ..metric import Metric
from .dimensions import Dimension
from .filters import Filter
from .sources import Source


@dataclass(frozen=True)
class Scope:
    """Everything that a measure needs to know about a query. Instants in milliseconds, dimensions in order.

    sources: those that are concerned and known completely. stored: the zone is the one whose local days the
    facts hold. stat: None where the metric has no choice. agents: key -> label. bucket_place: the number of
    dimensions before the bucket.
    """

    metric: Metric
    period: Period
    as_of: int
    stored: bool
    sources: tuple[Source, ...]
    dimensions: tuple[Dimension, ...]
    bucket: Bucket | None
    filters: tuple[Filter, ...]
    stat: str | None
    agents: Mapping[str, str]
    bucket_place: int = 0

    @cached_property
    def since(self) -> int:
        """Begin of the period."""
        return to_milliseconds(self.period.since)

    @cached_property
    def until(self) -> int:
        """End of the period, exclusive."""
        return to_milliseconds(self.period.until)

    @cached_property
    def buckets(self) -> tuple[tuple[datetime, datetime], ...]:
        """Begin and end of each bucket; one that is the period where no bucket was asked for."""
        if self.bucket is None:
            return ((self.period.since, self.period.until),)
        return tuple(self.period.buckets(self.bucket))

    def whole(self) -> Scope:
        """Return the same scope without any split, for the total."""
        return replace(self, dimensions=(), bucket=None)

    def bound(self) -> dict[str, int | float | str]:
        """Return what is bound in every statement: the metric's parameters, the instants of
        the query, and as `_last` the last instant of the period that is known."""
        fixed = {"as_of": self.as_of, "since": self.since, "until": self.until}
        fixed["_last"] = min(self.until, self.as_of)
        filters = {
            f"_w{i}_{j}": value for i, item in enumerate(self.filters) for j, value in enumerate(item.values)
        }
        return {**self.metric.bound(), **fixed, **filters, **self._field_names()}

    def field_parameter(self, dimension: Dimension) -> str:
        """Return the name under which a custom field's own name is bound."""
        return f"_f{self._split_by().index(dimension)}"

    def _split_by(self) -> list[Dimension]:
        return list(dict.fromkeys([*self.dimensions, *(item.dimension for item in self.filters)]))

    def _field_names(self) -> dict[str, str]:
        return {
            self.field_parameter(dimension): dimension.name.partition(":")[2]
            for dimension in self._split_by()
            if dimension.kind == "field"
        }

    def known(self, sources: tuple[Source, ...], begin: datetime, end: datetime) -> tuple[bool, str | None]:
        """Return whether the sources are known throughout a bucket, and why there is no answer if none is."""
        as_of = from_milliseconds(self.as_of)
        starts = [None if s.known_from is None else from_milliseconds(s.known_from) for s in sources]
        complete = end <= as_of and all(start is None or start <= begin for start in starts)
        if begin > as_of:
            return False, "after the as-of instant"
        known = [start for start in starts if start is not None]
        if known and len(known) == len(starts) and min(known) >= end:
            day = min(known).astimezone(self.period.zone).date()
            return False, f"before the history begins ({day.isoformat()})"
        return complete, None

    def mature(self, end: datetime, after: timedelta) -> bool:
        """Return whether all items of a bucket had the time they needed as of now."""
        return end + after <= from_milliseconds(self.as_of)
