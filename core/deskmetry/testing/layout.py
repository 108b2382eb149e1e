"""Layout: where an answer's rows are, and which of a row's fields hold its id, its instants and its text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from .values import dig

_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")
_TEXTS = (
    "subject",
    "title",
    "name",
    "summary",
    "body",
    "text",
    "description",
    "content",
    "comment",
    "message",
)
_NO_TEXT = re.compile(
    r"(^|_)(id|ids|state|status|phase|stage|type|kind|side|direction|via|channel|priority|role|email|url|locale|phone)$"
)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where rows are in an answer (a dotted path; None: its longest list), and two of their fields.

    counted: rows on a full page, where pages are asked for by the number of rows that were read: a row more
    would shift those behind it, so it comes on the last page only. None for all other paging.
    """

    items: str | None = None
    id: str = "id"
    changed: str | None = None
    counted: int | None = None

    def rows(self, body: Any) -> list[Any]:
        """Return the list of rows itself, to be changed in place; an empty one if there is none."""
        found = dig(body, self.items) if self.items is not None else _longest(body)
        return found if isinstance(found, list) else []

    def instants(self, row: dict[str, Any]) -> list[str]:
        """Return the names of the fields that hold the row's last change, as far as can be told."""
        if self.changed is not None:
            return [self.changed] if self.changed in row else []
        names = [name for name, value in row.items() if _is_instant(name, value)]
        newest = max((str(row[name]) for name in names), default="")
        return [name for name in names if str(row[name]) == newest]

    def dates(self, row: dict[str, Any]) -> list[str]:
        """Return the names of all fields that hold an instant."""
        return [name for name, value in row.items() if name == self.changed or _is_instant(name, value)]


def text_field(row: dict[str, Any], layout: Layout) -> str | None:
    """Return the field that most looks like a text of a person's, None if there is none."""
    known = [name for name in _TEXTS if isinstance(row.get(name), str)]
    others = [
        name
        for name, value in row.items()
        if isinstance(value, str)
        and name not in (layout.id, layout.changed)
        and not _NO_TEXT.search(name.lower())
        and not _is_instant(name, value)
    ]
    return next(iter([*known, *others]), None)


def _is_instant(name: str, value: Any) -> bool:
    if isinstance(value, str):
        return _INSTANT.match(value) is not None
    named = (
        re.search(r"(_at|_on|date|time|stamp|updated|created|changed|modified)$", name.lower()) is not None
    )
    return named and isinstance(value, int) and not isinstance(value, bool) and value > 500_000_000


def _longest(body: Any) -> Any:
    if isinstance(body, list):
        return body
    lists = [value for value in body.values() if isinstance(value, list)] if isinstance(body, dict) else []
    lists += [found for value in _inner(body) if isinstance(found := _longest(value), list)]
    return max(lists, key=len, default=None)


def _inner(body: Any) -> list[Any]:
    return [value for value in body.values() if isinstance(value, dict)] if isinstance(body, dict) else []
