"""Dimensions: what answers are grouped and filtered by, and the SQL that each means over a fact."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ..calendar import DAY_MS, Bucket
from ..errors import UnknownName, UsageError
from ..metric import TAGS, TICKETS, Fact

NONE = "(none)"
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
FIELD = "field:"
_COLUMNS = [
    "source",
    "connector",
    "channel",
    "medium",
    "brand",
    "organization",
    "team",
    "agent",
    "priority",
    "type",
    "language",
    "segment",
    "country",
    "customer",
]
_OF_FACT = ("survey", "aspect")  # columns that tickets haven't got
_OTHERS = ("tag", "weekday", "hour")
_ALIASES = {
    "ticket_type": "type",
    "ticket type": "type",
    "customer_segment": "segment",
    "hour_of_day": "hour",
}
_HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Dimension:
    """One way to split an answer. Its kind is `column`, `tag`, `field`, `weekday` or `hour`."""

    name: str
    kind: str

    def label(self, value: object, agents: Mapping[str, str]) -> str:
        """Return how people see a value that came from SQL."""
        if self.kind == "weekday":
            return WEEKDAYS[int(str(value)) // DAY_MS]
        if self.kind == "hour":
            return f"{int(str(value)) // _HOUR_MS:02d}"
        text = str(value)
        return agents.get(text, text) if self.name == "agent" else text


def known_dimensions(timed: bool = True) -> tuple[str, ...]:
    """Return the names of all dimensions and buckets; without those of the basis where there is none."""
    others = _OTHERS if timed else ("tag",)
    return (*_COLUMNS, *_OF_FACT, *others, f"{FIELD}NAME", *Bucket)


def read_dimension(name: str, timed: bool = True) -> Dimension:
    """Return the dimension of that name; UnknownName, with all that are possible, if there is none."""
    if name.startswith(FIELD) and len(name) > len(FIELD):
        return Dimension(name, "field")
    name = _ALIASES.get(name, name)
    if name in _COLUMNS or name in _OF_FACT:
        return Dimension(name, "column")
    if name == "tag" or (timed and name in _OTHERS):
        return Dimension(name, name)
    raise UnknownName("dimension", name, {str(known) for known in known_dimensions(timed)})


def read_grouping(
    names: Collection[str], timed: bool = True
) -> tuple[tuple[Dimension, ...], Bucket | None, int]:
    """Return dimensions and the time bucket of `--by`, at most one, and the place of the bucket.

    The bucket `hour` and the hour of the day share a name: `hour` alone with another bucket, or beside
    `weekday`, is the hour of the day; else it is the bucket. `hour_of_day` is never the bucket.
    """
    unique = list(dict.fromkeys(names))
    buckets = [name for name in unique if name in set(Bucket)]
    if "hour" in buckets and timed and (len(buckets) > 1 or "weekday" in unique):
        buckets.remove("hour")
    if len(buckets) > 1:
        raise UsageError(
            f"An answer has one time bucket; {' and '.join(buckets)} were asked for.",
            "Ask once for each of them.",
        )
    dimensions = tuple(dict.fromkeys(read_dimension(name, timed) for name in unique if name not in buckets))
    if not buckets:
        return dimensions, None, 0
    return dimensions, Bucket(buckets[0]), min(unique.index(buckets[0]), len(dimensions))


def column_of(dimension: Dimension, fact: Fact, whose: Mapping[str, str]) -> str | None:
    """Return the column of the fact itself that a dimension means; None if the fact has none."""
    if dimension.kind != "column":
        return None
    column = whose.get(dimension.name, dimension.name)
    return column if column in fact else None


def needs_ticket(dimension: Dimension, fact: Fact, whose: Mapping[str, str]) -> bool:
    """Return whether the dimension is a column of the ticket that the fact hasn't got."""
    if dimension.kind == "field":
        return fact is not TICKETS
    return dimension.kind == "column" and column_of(dimension, fact, whose) is None


def possible(dimension: Dimension, fact: Fact) -> None:
    """Raise UsageError, with what is possible, if a fact can't be split so.

    One that knows a ticket can be split by all that the ticket has, any other only by columns of its own.
    """
    if dimension.name in fact or dimension.kind in ("weekday", "hour"):
        return
    if dimension.name in _OF_FACT:
        raise UsageError(
            f"{fact.name} has no {dimension.name}, so it can't be split by it.",
            "Ask a metric of answers, as csat or nps.",
        )
    if "ticket_id" in fact:
        return
    names = [name for name in _COLUMNS if name in fact]
    raise UsageError(
        f"{fact.name} knows no ticket, so it can't be split by {dimension.name!r}.",
        f"Possible: {', '.join(names)}.",
    )


def value_sql(dimension: Dimension, fact: Fact, whose: Mapping[str, str], field: str, local: str) -> str:
    """Return the SQL of a dimension's value over `f` (items), `t` (their ticket) and `g` (its tags).

    field: name of the bound parameter with the custom field's name. local: SQL of the basis in local time.
    """
    match dimension.kind:
        case "weekday":
            # Monday is 0: 1970-01-01 was a Thursday.
            return f"({local} + {3 * DAY_MS}) % {7 * DAY_MS} - {local} % {DAY_MS}"
        case "hour":
            return f"{local} % {DAY_MS} - {local} % {_HOUR_MS}"
        case "tag":
            return f"COALESCE(g.tag, '{NONE}')"
        case "field":
            table = "f" if fact is TICKETS else "t"
            shown = "CASE WHEN j.type IN ('true', 'false') THEN j.type ELSE CAST(j.value AS TEXT) END"
            found = f"SELECT {shown} FROM json_each({table}.fields) j WHERE j.key = :{field}"
            return f"COALESCE(({found}), '{NONE}')"
    column = column_of(dimension, fact, whose)
    return (
        f"COALESCE(f.{column}, '{NONE}')" if column is not None else f"COALESCE(t.{dimension.name}, '{NONE}')"
    )


def source_of_ticket(fact: Fact) -> str:
    """Return the column that says of which source the ticket is: an answer may come from another one."""
    return "ticket_source_id" if "ticket_source_id" in fact else "source_id"


def tag_join(fact: Fact) -> str:
    """Return the join of `g`, the tags of the ticket of an item `f`."""
    source = source_of_ticket(fact)
    return f"LEFT JOIN {TAGS.name} g ON g.source_id = f.{source} AND g.ticket_id = f.ticket_id"


def ticket_join(fact: Fact) -> str:
    """Return the join of `t`, the ticket of an item `f`."""
    source = source_of_ticket(fact)
    return f"LEFT JOIN {TICKETS.name} t ON t.source_id = f.{source} AND t.ticket_id = f.ticket_id"
