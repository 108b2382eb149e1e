"""Data faults: rows that are broken, or true and hard to bear."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

from ..layout import Layout, text_field
from ..values import Reply
from .player import Visit

Rows = list[Any]


def _spoilt(
    visit: Visit, spoil: Callable[[Rows, Layout], bool], marks: dict[str, str] | None = None
) -> Reply | None:
    """Return the honest reply with its rows spoilt; None if it has no rows, or none that can be."""
    honest = visit.honest()
    body = honest.json
    rows = visit.rows(body) if honest.status == 200 else []
    if not rows or not spoil(rows, visit.layout or Layout()):
        return None
    text = json.dumps(body)
    for mark, written in (marks or {}).items():
        text = text.replace(json.dumps(mark), written)
    return replace(honest, body=text.encode())


def _text(rows: Rows, layout: Layout, field: str | None, value: Any) -> bool:
    """Put a value into a field of the first row, or into its text."""
    row = rows[0]
    name = field or (text_field(row, layout) if isinstance(row, dict) else None)
    if name is None:
        return False
    row[name] = value(row.get(name)) if callable(value) else value
    return True


@dataclass(frozen=True, slots=True)
class BadRecord:
    """One more row comes on a page that can't be used: a text, or a copy without id or without any date.

    Exports of old accounts have them. In Airbyte, Singer's SDK and dlt one of them ends the sync, for as long
    as it is there; none sets it aside.
    """

    lasting: ClassVar[bool] = False
    how: Literal["a text", "null id", "no date"] = "a text"

    def play(self, visit: Visit) -> Reply | None:
        """Put the bad row in the middle of the page."""
        return _spoilt(visit, self._spoil)

    def _spoil(self, rows: Rows, layout: Layout) -> bool:
        if layout.counted is not None and len(rows) >= layout.counted:
            return False
        first = rows[0]
        bad: Any = "not a record"
        if self.how != "a text":
            if not isinstance(first, dict):
                return False
            lost = [layout.id] if self.how == "null id" else layout.dates(first)
            bad = {**first, layout.id: "bad-record", **dict.fromkeys(lost)}
        rows.insert(len(rows) // 2, bad)
        return True


@dataclass(frozen=True, slots=True)
class FarFuture:
    """The last row of a page says that it changed in the year 2999: a clock, an import, a typing error.

    Airbyte, Singer's SDK and dlt take it for their cursor, and read nothing ever again.
    """

    lasting: ClassVar[bool] = False

    def play(self, visit: Visit) -> Reply | None:
        """Date it in the future."""
        return _spoilt(visit, self._spoil)

    def _spoil(self, rows: Rows, layout: Layout) -> bool:
        row = rows[-1]
        names = layout.instants(row) if isinstance(row, dict) else []
        for name in names:
            old = row[name]
            row[name] = f"2999{old[4:]}" if isinstance(old, str) else _later(old)
        return bool(names)


def _later(unix: float) -> float:
    seconds = 32_472_144_000  # 2999-01-01
    return seconds * 1000 if unix > 100_000_000_000 else seconds


@dataclass(frozen=True, slots=True)
class NewestFirst:
    """Pages come with their newest row first, because the order that was asked for is ignored.

    A client that takes its cursor from the last row of a page goes backwards and reads the same again.
    """

    lasting: ClassVar[bool] = True

    def play(self, visit: Visit) -> Reply | None:
        """Turn the page round."""

        def turn(rows: Rows, _layout: Layout) -> bool:
            rows.reverse()
            return True

        return _spoilt(visit, turn)


@dataclass(frozen=True, slots=True)
class NewField:
    """Rows have a field that wasn't there before: vendors add them without notice; nothing may fail by it."""

    lasting: ClassVar[bool] = True
    name: str = "added_by_the_vendor"

    def play(self, visit: Visit) -> Reply | None:
        """Add it to every row."""

        def add(rows: Rows, _layout: Layout) -> bool:
            for row in rows:
                if isinstance(row, dict):
                    row[self.name] = {"since": "today"}
            return True

        return _spoilt(visit, add)


@dataclass(frozen=True, slots=True)
class ChangedType:
    """In one row a field holds an object where there was a text (`field`, or the row's text).

    What can't be read must be set aside and be seen; a NULL in its place would be a silent loss. `every`
    spoils the first field of the first row, the second of the second, and so on: a text becomes a list, a
    number an object, a truth value a text, null stays.
    """

    lasting: ClassVar[bool] = False
    field: str | None = None
    every: bool = False

    def play(self, visit: Visit) -> Reply | None:
        """Change the type."""
        return _spoilt(visit, _each_changed if self.every else self._one_changed)

    def _one_changed(self, rows: Rows, layout: Layout) -> bool:
        return _text(rows, layout, self.field, lambda old: {"raw": old})


def _each_changed(rows: Rows, _layout: Layout) -> bool:
    done = False
    for index, row in enumerate(rows):
        names = list(row) if isinstance(row, dict) else []
        if index < len(names) and row[names[index]] is not None:
            row[names[index]] = _changed(row[names[index]])
            done = True
    return done


def _changed(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value)
    return [value] if isinstance(value, str) else {"raw": value}


@dataclass(frozen=True, slots=True)
class NulText:
    """A text holds the character NUL: pasted from a terminal, or an attack. C libraries end a text there."""

    lasting: ClassVar[bool] = False
    field: str | None = None

    def play(self, visit: Visit) -> Reply | None:
        """Put it into the text of the first row."""
        return _spoilt(visit, lambda rows, layout: _text(rows, layout, self.field, "before\0after"))


@dataclass(frozen=True, slots=True)
class LoneSurrogate:
    """A text holds half a character of UTF-16: a name that was cut in the middle of an emoji.

    It is legal in JSON and can't be written as UTF-8; strict readers refuse the whole page for it.
    """

    lasting: ClassVar[bool] = False
    field: str | None = None

    def play(self, visit: Visit) -> Reply | None:
        """Put it into the text of the first row."""
        return _spoilt(visit, lambda rows, layout: _text(rows, layout, self.field, "half \ud83d an emoji"))


@dataclass(frozen=True, slots=True)
class HugeInteger:
    """An integer of 2 to the 63rd, one more than a database holds (`field`, or the row's text).

    dlt takes it in, fails to store it, and is blocked by it in every later run.
    """

    lasting: ClassVar[bool] = False
    field: str | None = None

    def play(self, visit: Visit) -> Reply | None:
        """Put it into the first row, and into a field of its own."""

        def spoil(rows: Rows, layout: Layout) -> bool:
            return _text(rows, layout, self.field, 2**63) and _text(rows, layout, "huge_number", 2**63)

        return _spoilt(visit, spoil)


@dataclass(frozen=True, slots=True)
class HugeText:
    """A text of five million characters: a log file pasted into a ticket."""

    lasting: ClassVar[bool] = False
    field: str | None = None
    length: int = 5_000_000

    def play(self, visit: Visit) -> Reply | None:
        """Put it into the text of the first row."""
        return _spoilt(visit, lambda rows, layout: _text(rows, layout, self.field, "x" * self.length))


@dataclass(frozen=True, slots=True)
class DeepNesting:
    """A value is nested `depth` levels deep: parsers that recurse break at it, and the page with them."""

    lasting: ClassVar[bool] = False
    depth: int = 100
    field: str | None = None

    def play(self, visit: Visit) -> Reply | None:
        """Nest it."""
        mark = "\ue000deep\ue000"
        written = "[" * self.depth + "]" * self.depth
        return _spoilt(visit, lambda rows, layout: _text(rows, layout, self.field, mark), {mark: written})
