"""Paging: the ways in which helpdesks hand out a list in pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlencode

from .values import put

Key = tuple[int, ...]
"""Where a row stands in the order of its list."""


class RefusedError(Exception):
    """A request that the fake helpdesk doesn't take; status and words are what it answers."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.words = words


@dataclass(slots=True)
class Sheet:
    """One page in the making: what was asked, the keys of all rows of the list, and which of them it shows.

    `body` is the JSON object around the rows, if there is one; `headers` are those of the answer.
    """

    address: str  # of the list, without the query
    query: Mapping[str, str]
    keys: Sequence[Key]
    size: int
    begin: int = 0
    body: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def end(self) -> int:
        """Index after the page's last row."""
        return min(self.begin + self.size, len(self.keys))

    @property
    def followed(self) -> bool:
        """Whether more rows follow."""
        return self.end < len(self.keys)

    def number(self, name: str, least: int, default: int) -> int:
        """Read a parameter that is a whole number."""
        text = self.query.get(name, str(default))
        if not text.isascii() or not text.isdigit() or int(text) < least:
            raise RefusedError(400, f"{name}={text} isn't a whole number from {least} on")
        return int(text)

    def after(self, name: str) -> int:
        """Return the index of the first row behind the place that a parameter names."""
        text = self.query.get(name)
        if text is None:
            return 0
        try:
            place = tuple(int(part) for part in text.split("_"))
        except ValueError:
            raise RefusedError(400, f"{name}={text} is no place that this helpdesk gave out") from None
        return next((index for index, key in enumerate(self.keys) if key > place), len(self.keys))

    def place(self) -> str | None:
        """Return the place behind the page's last row; None if it has no rows."""
        return "_".join(map(str, self.keys[self.end - 1])) if self.end > self.begin else None

    def link(self, **changes: str | None) -> str:
        """Return the address of this list with other parameters."""
        query = {
            name: text for name, text in {**self.query, "_": None, **changes}.items() if text is not None
        }
        return f"{self.address}?{urlencode(query)}"


class Paging(Protocol):
    """How a list says which page is next."""

    @property
    def parameters(self) -> tuple[str, ...]:
        """The query parameters that belong to it."""

    @property
    def in_body(self) -> bool:
        """Whether it writes into the JSON object around the rows, so that there must be one."""

    @property
    def by_place(self) -> bool:
        """Whether a page begins behind the last row, so that one may be short; numbers count whole ones."""

    def begin(self, sheet: Sheet) -> int:
        """Return the index of the first row of the page that was asked for."""

    def show(self, sheet: Sheet) -> None:
        """Write into the answer which page follows."""


@dataclass(frozen=True, slots=True)
class NextLink:
    """The answer holds the address of the next page at the dotted path `field`; null on the last page."""

    field: str = "next"
    parameters: tuple[str, ...] = ("after",)
    in_body: bool = True
    by_place: bool = True

    def begin(self, sheet: Sheet) -> int:
        """Begin behind the place that the link named."""
        return sheet.after("after")

    def show(self, sheet: Sheet) -> None:
        """Write the link."""
        put(sheet.body, self.field, sheet.link(after=sheet.place()) if sheet.followed else None)


@dataclass(frozen=True, slots=True)
class LinkHeader:
    """The header `Link: <address>; rel="next"` holds the address of the next page."""

    parameters: tuple[str, ...] = ("after",)
    in_body: bool = False
    by_place: bool = True

    def begin(self, sheet: Sheet) -> int:
        """Begin behind the place that the link named."""
        return sheet.after("after")

    def show(self, sheet: Sheet) -> None:
        """Write the header."""
        if sheet.followed:
            sheet.headers["Link"] = f'<{sheet.link(after=sheet.place())}>; rel="next"'


@dataclass(frozen=True, slots=True)
class CursorToken:
    """The answer holds a token at `field` that the next request gives back as `param`.

    It is null on the last page, unless `more` names a flag that says whether pages follow, or `end` one that
    says that none do: then the token is there always, and can be kept for the next sync.
    """

    param: str = "cursor"
    field: str = "next_cursor"
    more: str | None = None
    end: str | None = None

    @property
    def parameters(self) -> tuple[str, ...]:
        """The token's own."""
        return (self.param,)

    @property
    def in_body(self) -> bool:
        """The token stands beside the rows."""
        return True

    @property
    def by_place(self) -> bool:
        """Tokens name places."""
        return True

    def begin(self, sheet: Sheet) -> int:
        """Begin behind the place that the token names."""
        return sheet.after(self.param)

    def show(self, sheet: Sheet) -> None:
        """Write the token, and the flag."""
        flagged = self.more is not None or self.end is not None
        last = sheet.place() or sheet.query.get(self.param)
        put(sheet.body, self.field, last if flagged or sheet.followed else None)
        if self.more is not None:
            put(sheet.body, self.more, sheet.followed)
        if self.end is not None:
            put(sheet.body, self.end, not sheet.followed)


@dataclass(frozen=True, slots=True)
class PageNumber:
    """Pages are numbered from `first` on; `total` names where the answer counts all rows."""

    param: str = "page"
    first: int = 1
    total: str | None = None

    @property
    def parameters(self) -> tuple[str, ...]:
        """The number."""
        return (self.param,)

    @property
    def in_body(self) -> bool:
        """Only the total stands beside the rows."""
        return self.total is not None

    @property
    def by_place(self) -> bool:
        """Numbers don't."""
        return False

    def begin(self, sheet: Sheet) -> int:
        """Count pages."""
        return (sheet.number(self.param, self.first, self.first) - self.first) * sheet.size

    def show(self, sheet: Sheet) -> None:
        """Write the total."""
        if self.total is not None:
            put(sheet.body, self.total, len(sheet.keys))


@dataclass(frozen=True, slots=True)
class Offset:
    """Rows are numbered from 0 on, and a page begins at the one named; `total` as in PageNumber."""

    param: str = "offset"
    total: str | None = None

    @property
    def parameters(self) -> tuple[str, ...]:
        """The number."""
        return (self.param,)

    @property
    def in_body(self) -> bool:
        """Only the total stands beside the rows."""
        return self.total is not None

    @property
    def by_place(self) -> bool:
        """Numbers don't."""
        return False

    def begin(self, sheet: Sheet) -> int:
        """Count rows."""
        return sheet.number(self.param, 0, 0)

    def show(self, sheet: Sheet) -> None:
        """Write the total."""
        if self.total is not None:
            put(sheet.body, self.total, len(sheet.keys))
