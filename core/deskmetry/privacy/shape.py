"""Shape: which columns of a table may name a person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any

from ..records import Record
from ..store.columns import columns_of

# The column that says whose row it is; headers and raw records are told by what else is in them.
PERSON = {
    "customers": "id",
    "tickets": "requester_id",
    "messages": "author_id",
    "ticket_events": "actor_id",
    "survey_offers": "customer_id",
    "survey_answers": "customer_id",
    "orders": "customer_id",
    "subscription_changes": "customer_id",
    "goals": "customer_id",
}
# Texts that somebody wrote, which aren't searched as columns are.
WRITTEN = {"messages": "body", "survey_answers": "comment"}
# Whom the company answers with, and what it is about itself: no customers.
_OURS = frozenset({"agents", "teams", "brands", "schedules", "schedule_intervals", "holidays", "raw_records"})


@dataclass(frozen=True, slots=True)
class Shape:
    """The columns of a table that hold text and JSON, without written texts and references to our own."""

    table: str
    texts: tuple[str, ...]
    jsons: tuple[str, ...]
    person: str | None
    written: str | None


@cache
def shape_of(record: type[Record]) -> Shape:
    """Return the shape of a record's table."""
    written = WRITTEN.get(record.table)
    columns = [
        column
        for column in columns_of(record)
        if column.references not in _OURS and column.name != written and record.table not in _OURS
    ]
    texts = [c.name for c in columns if issubclass(c.python, str) and not issubclass(c.python, Enum)]
    jsons = [c.name for c in columns_of(record) if issubclass(c.python, dict | list)]
    return Shape(record.table, tuple(texts), tuple(jsons), PERSON.get(record.table), written)


def walked(value: Any, change: Callable[[str], str]) -> Any:
    """Return a JSON value with its texts (keys too) changed; the same object if none was."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        new = {change(str(key)): walked(item, change) for key, item in value.items()}
        return value if new == value else new
    if isinstance(value, list):
        items = [walked(item, change) for item in value]
        return value if items == value else items
    return value
