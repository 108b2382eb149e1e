"""Question: the words of a query, read against a database into a scope and what must be said beside it."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from ..calendar import zone
from ..errors import MetricError, UnknownName, UsageError
from ..instants import to_milliseconds
from ..metric import Duration, Level, Metric, Share
from ..metric.check import faults
from .dimensions import Dimension, read_dimension, read_grouping
from .filters import Filter, concerned, read_filter
from .groups import STATISTICS
from .labels import agent_labels
from .period import read_moment, read_period
from .query import Query
from .scope import Scope
from .sources import (
    Source,
    holding,
    instant,
    limiting,
    read_sources,
    set_aside,
    stored_zone,
    warnings_about,
)

_OLD_MS = 2 * 86_400_000  # so much less is told


@dataclass(frozen=True, slots=True)
class Question:
    """A query that was understood. scope is None if no source concerned was ever synced completely."""

    query: Query
    zone: ZoneInfo
    scope: Scope | None
    warnings: tuple[str, ...]
    statistic: str | None


def understand(connection: sqlite3.Connection, query: Query) -> Question:
    """Read the words of a query; UsageError, UnknownName or BadValue for what can't be understood."""
    metric = query.metric
    for fault in faults(type(metric)):
        raise MetricError(
            f"The metric {metric.name or type(metric).__name__!r} {fault}.", "Its author must mend it."
        )
    timed = not isinstance(metric, Level)
    configured = stored_zone(connection)
    here = zone(query.timezone or configured)
    dimensions, bucket, place = read_grouping(query.by, timed)
    names = {dimension.name for dimension in dimensions} | {_name(text) for text in query.where}
    agents = agent_labels(connection) if "agent" in names else {}
    filters = tuple(read_filter(text, agents, timed) for text in query.where)
    dimensions = _with_across(metric, dimensions, filters)
    stat = _statistic(metric, query.stat)
    everything = read_sources(connection)
    fact, asked = getattr(metric, "fact", None), concerned(everything, filters)
    sources = holding(asked, fact)
    complete = tuple(source for source in sources if source.complete_until is not None)
    needs = [*metric.needs, *_needs_of([*dimensions, *(item.dimension for item in filters)])]
    warnings = warnings_about(sources, complete, needs)
    if not complete:
        why = _none_of(asked) if asked and not sources else _no_source(everything)
        return Question(query, here, None, (*warnings, *why), stat)
    as_of, later = _as_of(limiting(complete, fact), query, here)
    warnings += [*later, *set_aside(connection, complete)]
    period = read_period(here, instant(as_of, here), query.since, query.until, query.last)
    stored = here.key == configured
    scope = Scope(metric, period, as_of, stored, complete, dimensions, bucket, filters, stat, agents, place)
    return Question(query, here, scope, (*warnings, *_late_starts(complete, scope)), stat)


def _name(text: str) -> str:
    return text.partition("=")[0].rstrip("! ").strip()


def _no_source(sources: Sequence[Source]) -> tuple[str, ...]:
    return (
        ()
        if sources
        else ("There is no source yet: `deskmetry connect` adds one, `deskmetry sync` reads it.",)
    )


def _none_of(sources: Sequence[Source]) -> Iterator[str]:
    return (f"{source.name} ({source.connector}) holds no tickets." for source in sources)


def _needs_of(dimensions: Collection[Dimension]) -> list[str]:
    return ["tags"] if any(dimension.kind == "tag" for dimension in dimensions) else []


def _with_across(
    metric: Metric, dimensions: tuple[Dimension, ...], filters: Collection[Filter]
) -> tuple[Dimension, ...]:
    """Split a share across a dimension by it, unless a filter already chooses whose share is meant."""
    if not isinstance(metric, Share) or metric.across is None:
        return dimensions
    named = {dimension.name for dimension in dimensions} | {item.dimension.name for item in filters}
    return dimensions if metric.across in named else (*dimensions, read_dimension(metric.across))


def _statistic(metric: Metric, stat: str | None) -> str | None:
    if not isinstance(metric, Duration):
        if stat is not None:
            raise UsageError(f"{metric.name} is no duration, so it has no {stat}.", "Leave out --stat.")
        return None
    if stat is not None and stat not in STATISTICS:
        raise UnknownName("statistic", stat, STATISTICS)
    return stat or "median"


def _as_of(complete: Sequence[Source], query: Query, here: ZoneInfo) -> tuple[int, list[str]]:
    """Return the instant up to which all sources are known, or the earlier one that was asked for."""
    ends = {source.name: source.complete_until for source in complete if source.complete_until is not None}
    known = min(ends.values())
    if query.as_of is None:
        return known, list(_held_back(ends, known, here))
    asked = read_moment(query.as_of, here, instant(known, here).date())
    milliseconds = to_milliseconds(asked.astimezone(UTC))
    if milliseconds <= known:
        return milliseconds, []
    known_text = _minute(instant(known, here))
    return known, [f"Asked as of {_minute(asked)}, but the sources are only known until {known_text}."]


def _held_back(ends: Mapping[str, int], known: int, here: ZoneInfo) -> Iterator[str]:
    """Name the source that is known for less long than the others, where it makes the answer an old one."""
    later = [end for end in ends.values() if end - known > _OLD_MS]
    if later:
        name = min(ends, key=lambda source: (ends[source], source))
        end, others = (instant(at, here).date().isoformat() for at in (known, max(later)))
        yield (
            f"{name} is known until {end} only, others until {others}: nothing after {end} counts."
            f" `--where 'source!={name}'` leaves it out."
        )


def _late_starts(complete: Sequence[Source], scope: Scope) -> list[str]:
    """Name the sources whose history begins within or after the period, or ends before it does."""
    found = []
    for source in complete:
        if source.known_from is not None and source.known_from > scope.since:
            day = instant(source.known_from, scope.period.zone).date().isoformat()
            found.append(f"{source.name} is known only from {day}; what lies before is left out.")
    if scope.until > scope.as_of:
        end = _minute(instant(scope.as_of, scope.period.zone))
        found.append(f"The period ends after the as-of instant {end}; what comes after it isn't known yet.")
    return found


def _minute(at: datetime) -> str:
    return at.replace(second=0, microsecond=0).isoformat(timespec="minutes")


def parameters_of(metric: Metric) -> dict[str, str | int | float | bool]:
    """Return the parameters of a metric as people write them: durations as `7d` or `90s`."""
    values = {name: getattr(metric, name) for name in type(metric).model_fields}
    return {
        name: _duration(value) if isinstance(value, timedelta) else value for name, value in values.items()
    }


def _duration(value: timedelta) -> str:
    milliseconds = value // timedelta(milliseconds=1)
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000)):
        if milliseconds and milliseconds % size == 0:
            return f"{milliseconds // size}{unit}"
    return f"{milliseconds / 1000:g}s"
