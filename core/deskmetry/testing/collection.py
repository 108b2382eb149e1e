"""Collection: one list of things that a fake helpdesk has, as its author describes it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from .layout import Layout, text_field
from .paging import NextLink, Offset, Paging
from .values import dig, put

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Collection:
    """One list of a fake helpdesk: its path, what a row looks like, and how it is asked for.

    row: returns the JSON of a thing as this helpdesk writes it, by its number (from 1 on) and the instant of
    its last change (aware, UTC, in whole seconds).
    items: dotted path of the rows in an answer; "" where the answer is the list itself.
    table: the table of the database that must hold these rows by their `id`; None if that can't be said.
    id, changed: the fields of a row with its id and its last change (None: no row says when it changed).
    since: the parameter that asks for changes from an instant on, the instant itself included, as ISO 8601 or
    Unix time; None if there is none. With `since=None` and a CursorToken, rows come in the order of the
    changes themselves, so that a token that is kept finds what changed after it.
    size: the parameter for the number of rows a page, at most `page_size`; None if there is none.
    order: "change" (oldest first), "id", or "newest" (newest change first).
    edits: the field whose text an edit changes, a dotted path where it lies deeper; found by itself in most
    rows, but a word of a closed list looks like a text too.
    deleted: the flag that a deleted row gets; None where it vanishes.
    ignores: further parameters that are taken and do nothing; one that isn't known at all is refused, since a
    misspelt filter that is ignored would pass every test.
    """

    path: str = field(kw_only=False)
    row: Callable[[int, datetime], Row]
    items: str = "data"
    table: str | None = None
    id: str = "id"
    changed: str | None = "updated_at"
    since: str | None = "updated_since"
    paging: Paging = field(default_factory=NextLink)
    page_size: int = 5
    size: str | None = None
    order: Literal["change", "id", "newest"] = "change"
    edits: str | None = None
    deleted: str | None = None
    method: Literal["GET", "POST"] = "GET"
    ignores: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.path.startswith("/"):
            raise ValueError(f"the path {self.path!r} of a collection must begin with a slash")
        if self.page_size < 2:
            raise ValueError(f"{self.path}: a page of fewer than 2 rows shows no ties; use page_size=5")
        if not self.items and self.paging.in_body:
            raise ValueError(
                f"{self.path}: with items='' the answer is a bare list, so {type(self.paging).__name__} has "
                "no place in it; use LinkHeader(), PageNumber() or Offset(), or name the path of the rows"
            )

    @property
    def layout(self) -> Layout:
        """Where the rows are, for faults that rewrite them."""
        counted = self.page_size if isinstance(self.paging, Offset) else None
        return Layout(self.items, self.id, self.changed, counted)

    @property
    def parameters(self) -> frozenset[str]:
        """All parameters that a request may have."""
        named = (self.since, self.size)
        return frozenset({*self.paging.parameters, *self.ignores, *(name for name in named if name)})

    def check(self) -> None:
        """Make two rows and see whether they are what was described; ValueError says what to mend."""
        instant = datetime(2026, 3, 2, 9, tzinfo=UTC)
        one, two = self.made(1, instant), self.made(2, instant + timedelta(seconds=1))
        for name, what in ((self.id, "id"), (self.changed, "changed")):
            if name is None:
                continue
            values = [dig(row, name) for row in (one, two)]
            if None in values:
                raise ValueError(
                    f"{self.path}: its rows have no {name!r}, only {sorted(one)}; name the field: {what}="
                )
            if values[0] == values[1]:
                raise ValueError(
                    f"{self.path}: {name!r} is {values[0]!r} in two rows; `row(number, at)` must make it "
                    f"from the {'number' if what == 'id' else 'instant'} that it is given"
                )
        self.edited(one, 1)

    def made(self, number: int, instant: datetime) -> Row:
        """Return a row; TypeError unless it is a JSON object."""
        row = self.row(number, instant)
        try:
            json.dumps(row)
        except TypeError as error:
            raise TypeError(
                f"{self.path}: `row` must return what JSON can hold ({error}); write instants as this "
                "helpdesk writes them, such as at.isoformat()"
            ) from None
        if not isinstance(row, dict):
            raise TypeError(f"{self.path}: `row` must return a dict, not {type(row).__name__}")
        return row

    def edited(self, row: Row, edits: int) -> Row:
        """Return a row with the text that its n-th edit gave it."""
        name = self.edits or text_field(row, self.layout)
        text = None if name is None else dig(row, name)
        if name is None or not isinstance(text, str):
            raise ValueError(
                f"{self.path}: which text does an edit change? Name a field of its rows that holds one and "
                f"that the connector stores: edits=… (they have {sorted(row)})"
            )
        if edits:
            put(row, name, f"{text} (edited {edits})")
        return row
