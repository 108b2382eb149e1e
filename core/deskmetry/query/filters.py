"""Filters: the conditions of `--where`, whose values are only ever bound, never written into SQL."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ..calendar import DAY_MS
from ..errors import BadValue, UnknownName
from .dimensions import FIELD, NONE, WEEKDAYS, Dimension, read_dimension
from .sources import Source

_HOUR_MS = 3_600_000
_EXPECTED = "a condition as channel=email, channel!=email, priority=high,urgent or field:Size=XL."
# A name ends at the first `=`; a custom field's name may itself hold a `!`.
_FILTER = re.compile(r"(?P<name>[^=]+?)\s*(?P<operator>!=|=)(?P<values>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition: the dimension has one of the values, or (negated) none; values as SQL has them."""

    dimension: Dimension
    values: tuple[str | int, ...]
    negated: bool
    text: str


def read_filter(text: str, agents: Mapping[str, str], timed: bool = True) -> Filter:
    """Return the condition that a text means; agents may be named by key or by name."""
    match = _FILTER.fullmatch(text.strip())
    if match is None:
        raise BadValue("filter", text, _EXPECTED)
    dimension = read_dimension(match["name"].strip(), timed)
    # A custom field's value may hold a comma only alone: there is no way to quote.
    words = [word.strip() for word in match["values"].split(",")]
    if not all(words):
        raise BadValue("filter", text, f"{_EXPECTED} Tickets without a value are {NONE}.")
    values: list[str | int] = []
    for word in words:
        values.extend(_values(dimension, word, agents))
    return Filter(dimension, tuple(dict.fromkeys(values)), match["operator"] == "!=", text)


def _values(dimension: Dimension, word: str, agents: Mapping[str, str]) -> list[str | int]:
    if dimension.kind == "weekday":
        short = word[:3].title()
        if short not in WEEKDAYS:
            raise BadValue("weekday", word, f"one of {', '.join(WEEKDAYS)}.")
        return [WEEKDAYS.index(short) * DAY_MS]
    if dimension.kind == "hour":
        if not word.isdecimal() or int(word) > 23:
            raise BadValue("hour of the day", word, "0 to 23.")
        return [int(word) * _HOUR_MS]
    if dimension.name == "agent":
        lower = word.lower()
        keys = [
            key
            for key, label in agents.items()
            if lower in (key.lower(), label.lower(), label.lower().split(" (")[0])
        ]
        return [*keys] or [word]
    return [word]


def concerned(sources: Collection[Source], filters: Collection[Filter]) -> tuple[Source, ...]:
    """Return the sources that filters on source and connector leave; UnknownName if one names nothing."""
    left = list(sources)
    for item in filters:
        if item.dimension.name not in ("source", "connector"):
            continue
        known = {getattr(source, _attribute(item.dimension)) for source in sources}
        for value in item.values:
            if value not in known:
                raise UnknownName(item.dimension.name, str(value), known)
        left = [
            source
            for source in left
            if (getattr(source, _attribute(item.dimension)) in item.values) is not item.negated
        ]
    return tuple(left)


def _attribute(dimension: Dimension) -> str:
    return "name" if dimension.name == "source" else "connector"


def tag_sql(item: Filter, names: Collection[str], source: str) -> str:
    """Return the SQL of a filter on tags over `f`, with the names of the bound values.

    source: the column that says of which source the ticket is.
    """
    has = f"SELECT 1 FROM tag_facts x WHERE x.source_id = f.{source} AND x.ticket_id = f.ticket_id"
    listed = ", ".join(f":{name}" for name in names)
    parts = [f"EXISTS ({has} AND x.tag IN ({listed}))"]
    if NONE in item.values:
        parts.append(f"NOT EXISTS ({has})")
    return f"{'NOT ' if item.negated else ''}({' OR '.join(parts)})"


def field_name(dimension: Dimension) -> str:
    """Return the name of the custom field that a dimension `field:NAME` means."""
    return dimension.name[len(FIELD) :]
