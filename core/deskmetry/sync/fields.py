"""Fields: the names that each stream's items have had, so that a new one is noticed and a sample kept."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from ..connector import Page
from ..records import RawRecord, to_json, to_milliseconds
from ..records.base import check_json, clean_text

MAX_FIELDS = 1000  # names kept of one stream: items keyed by ids would have ever more
MAX_SHAPES = 10_000  # sets of names remembered, so that most items need no second look
MAX_NAME = 200  # characters
MAX_SAMPLE = 2000  # characters kept of the value of a new field
KIND = "new_field"


class Fields:
    """The field names of one source's streams. What a stream has until it was read whole once isn't new.

    The caller owns the transaction. Only the names at the top of an item are looked at.
    """

    def __init__(self, connection: sqlite3.Connection, source: int) -> None:
        self._connection = connection
        self._source = source
        self._shapes: dict[str, set[tuple[str, ...]]] = {}
        self._names: dict[str, set[str]] = {}
        self._settled: dict[str, bool] = {}

    def learn(self, stream: str, pages: Iterable[Page], run: int, now: datetime) -> list[RawRecord]:
        """Note the names that these pages bring for the first time; return a sample of each that is new."""
        samples: list[RawRecord] = []
        for page in pages:
            for shape, item in page.shapes.items():
                seen = self._shapes.setdefault(stream, set())
                if shape not in seen:
                    if len(seen) > MAX_SHAPES:
                        seen.clear()
                    seen.add(shape)
                    samples += self._met(stream, item, run, now)
        return samples

    def _met(self, stream: str, item: Mapping[str, Any], run: int, now: datetime) -> Iterator[RawRecord]:
        known = self._known(stream)
        for key, value in item.items():
            name = _name(key)
            if name in known or len(known) >= MAX_FIELDS:
                continue
            known.add(name)
            self._connection.execute(
                "INSERT INTO stream_fields (source_id, stream, field, run, first_seen_at, new)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (self._source, stream, name, run, to_milliseconds(now), self._settled[stream]),
            )
            if self._settled[stream]:
                yield _sample(stream, name, value, item.get("id"))

    def _known(self, stream: str) -> set[str]:
        if stream not in self._names:
            key = (self._source, stream)
            rows = self._connection.execute(
                "SELECT field FROM stream_fields WHERE source_id = ? AND stream = ?", key
            )
            self._names[stream] = {name for (name,) in rows}
            read = "SELECT complete_until_at FROM sync_state WHERE source_id = ? AND stream = ?"
            whole = self._connection.execute(read, key).fetchone()
            # A database from before names were kept learns them first.
            self._settled[stream] = whole not in (None, (None,)) and bool(self._names[stream])
        return self._names[stream]


def _name(key: object) -> str:
    return str(clean_text(str(key)[:MAX_NAME]))


def _sample(stream: str, name: str, value: Any, item: Any) -> RawRecord:
    """Return the value of a new field as it came, or its beginning where it is long."""
    try:
        text = to_json(check_json(value))
    except (ValueError, TypeError, RecursionError) as error:
        raw: dict[str, Any] = {"unreadable": str(error)}
    else:
        raw = {"value": value} if len(text) <= MAX_SAMPLE else {"beginning": text[:MAX_SAMPLE]}
    if isinstance(item, str | int):
        raw["item"] = str(item)[:MAX_NAME]
    return RawRecord(id=f"{KIND}:{stream}:{name}", stream=stream, kind=KIND, raw={"field": name} | raw)
