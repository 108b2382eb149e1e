"""Shelf: the rows of one collection as they stand now, and the pages that show them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

from .collection import Collection, Row
from .paging import CursorToken, Key, RefusedError, Sheet
from .values import Reply, put

_MILLISECONDS = 100_000_000_000  # a Unix time above it is in milliseconds


@dataclass(slots=True)
class Entry:
    """One thing: its number, the second of its last change (Unix time), and the number of that change."""

    number: int
    at: int
    change: int
    edits: int = 0
    deleted: bool = False
    served: bool = False


@dataclass(slots=True)
class Shelf:
    """The things of one collection."""

    collection: Collection
    entries: dict[int, Entry] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)  # ids of things that are gone and were read before
    numbers: count[int] = field(default_factory=lambda: count(1))
    changes: count[int] = field(default_factory=lambda: count(1))

    # --- what happens there ---------------------------------------------------------------------------

    def add(self, at: int) -> Entry:
        """Put in a new thing that changed at this second."""
        number = next(self.numbers)
        entry = self.entries[number] = Entry(number, at, next(self.changes))
        return entry

    def edit(self, entry: Entry, at: int | None = None) -> None:
        """Change its text, in the same second as its last change or in another."""
        entry.edits += 1
        entry.at = entry.at if at is None else at
        entry.change = next(self.changes)

    def delete(self, entry: Entry, at: int) -> None:
        """Delete it; it stays with a flag where the helpdesk does that."""
        self.removed.add(self.key(entry))
        entry.deleted = True
        entry.at, entry.change = at, next(self.changes)

    def living(self) -> list[Entry]:
        """Return what isn't deleted, in the order of its changes."""
        return sorted(
            (entry for entry in self.entries.values() if not entry.deleted), key=lambda e: (e.at, e.change)
        )

    # --- what it looks like ---------------------------------------------------------------------------

    def row(self, entry: Entry) -> Row:
        """Return a thing's JSON."""
        made = self.collection.made(entry.number, datetime.fromtimestamp(entry.at, UTC))
        made = self.collection.edited(made, entry.edits)
        if entry.deleted and self.collection.deleted is not None:
            put(made, self.collection.deleted, True)
        return made

    def key(self, entry: Entry) -> str:
        """Return a thing's id as the database has it."""
        return str(self.row(entry)[self.collection.id])

    def ids(self) -> frozenset[str]:
        """Return the ids of all things that are there or were read while they were."""
        gone = self.removed
        return frozenset({self.key(entry) for entry in self.entries.values() if not entry.deleted} | gone)

    def answer(self, address: str, query: Mapping[str, str]) -> Reply:
        """Return a page; RefusedError if it can't be asked for like this."""
        self._known(query)
        asked = self._asked(query)
        shown = [e for e in self.entries.values() if self._visible(e) and (asked is None or e.at >= asked)]
        shown.sort(key=self._key)
        sheet = Sheet(address, query, [self._key(entry) for entry in shown], self._size(query))
        sheet.begin = self.collection.paging.begin(sheet)
        if self.collection.paging.by_place and sheet.begin == sheet.size:
            sheet.size -= 1  # a page may be short though more follow: who stops there loses the rest
        page = shown[sheet.begin : sheet.end]
        for entry in page:
            entry.served = True
        body: Any = [self.row(entry) for entry in page]
        if self.collection.items:
            put(sheet.body, self.collection.items, body)
        self.collection.paging.show(sheet)
        return Reply.of(sheet.body if self.collection.items else body, headers=sheet.headers)

    def _visible(self, entry: Entry) -> bool:
        return not entry.deleted or self.collection.deleted is not None

    def _key(self, entry: Entry) -> Key:
        collection = self.collection
        if collection.since is None and isinstance(collection.paging, CursorToken):
            return (entry.change,)
        if collection.order == "id":
            return (entry.number,)
        sign = -1 if collection.order == "newest" else 1
        return (sign * entry.at, sign * entry.change)

    def _known(self, query: Mapping[str, str]) -> None:
        strange = sorted(query.keys() - self.collection.parameters - {"_"})  # `_` only makes an address new
        if strange:
            raise RefusedError(
                400,
                f"{self.collection.path} has no parameter {', '.join(strange)}, only "
                f"{', '.join(sorted(self.collection.parameters))}; the fake helpdesk takes more with "
                "Collection(ignores=(…,))",
            )

    def _size(self, query: Mapping[str, str]) -> int:
        name, most = self.collection.size, self.collection.page_size
        if name is None:
            return most
        text = query.get(name, str(most))
        if not text.isascii() or not text.isdigit() or int(text) < 1:
            raise RefusedError(400, f"{name}={text} isn't a number of rows")
        return min(int(text), most)

    def _asked(self, query: Mapping[str, str]) -> float | None:
        text = query.get(self.collection.since or "", "")
        if not text:
            return None
        try:
            number = float(text)
        except ValueError:
            return self._iso(text)
        return number / 1000 if number > _MILLISECONDS else number

    def _iso(self, text: str) -> float:
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            raise RefusedError(400, f"{self.collection.since}={text} is no instant") from None
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
