"""Query: what is asked of a metric: period, grouping, filters, statistic, zone and as-of instant."""

from __future__ import annotations

from dataclasses import dataclass

from ..metric import Metric
from .period import Moment


@dataclass(frozen=True, slots=True)
class Query:
    """A question. Nothing in it is checked before it is answered.

    since, until: half-open; days, months (`2026-01`), instants with a zone, or `today` (the as-of day).
    last: `30d`, `12w`, `6m`, `1y`: complete days before the as-of day. Default: the last three whole months.
    by: dimensions and at most one bucket (hour … year). where: filters as `channel=email`, `channel!=email`,
    `priority=high,urgent`, `field:Size=XL`. stat: mean, median, p75, p90, p95, p99 or max, for durations.
    timezone: an IANA name instead of the configured one. as_of: answer as of an earlier instant.
    """

    metric: Metric
    since: Moment | None = None
    until: Moment | None = None
    last: str | None = None
    by: tuple[str, ...] = ()
    where: tuple[str, ...] = ()
    stat: str | None = None
    timezone: str | None = None
    as_of: Moment | None = None
