"""Filter: what comes from a source, without those who were erased and what the settings don't allow."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from enum import Enum
from typing import Any

from ..connector import Page, Rejected
from ..records import Customer, MessageHeader, Record, Ticket
from ..settings.model import Privacy
from .erased import Erased
from .erasure import Erasure
from .held import withheld
from .key import key_of
from .rules import Rules
from .shape import Shape, shape_of

_FIRST: Mapping[type[Record], int] = {Customer: 0, MessageHeader: 1, Ticket: 2}


class Filter:
    """Pages of one source on their way to the writer, inside its transaction."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        source: int,
        erased: Erased | None,
        rules: Rules,
        *,
        stores: bool = True,
    ) -> None:
        self._connection = connection
        self._stores = stores
        self._source = source
        self._rules = rules if rules.holds_back else None
        self._erasure = Erasure(erased) if erased else None
        if self._erasure is not None:
            self._learn(self._erasure)

    @classmethod
    def open(
        cls, connection: sqlite3.Connection, source: int, privacy: Privacy, *, stores: bool = True
    ) -> Filter:
        """Return the filter of one source; the caller owns the transaction. Raises KeyLost.

        Without `stores` pages are only to be compared with what is stored: nothing is written.
        """
        erased = Erased.load(connection)
        key = erased.key if erased else None
        if key is None and privacy.people == "hash":
            key = key_of(connection, make=stores)
        return cls(connection, source, erased, Rules(privacy, key, agents_of(connection)), stores=stores)

    def applied(self, pages: list[Page]) -> list[Page]:
        """Return pages as they may be stored; the same list where there is nothing to hold back."""
        if self._rules is None and self._erasure is None:
            return pages
        known = len(self._erasure.erased.marks) if self._erasure else 0
        lists = [list(page.records) for page in pages]
        # Whom a page makes known counts for all of them, in whatever order they have it.
        places = ((number, index) for number, records in enumerate(lists) for index in range(len(records)))
        for number, index in sorted(
            places, key=lambda at: _FIRST.get(type(lists[at[0]][at[1]]), len(_FIRST))
        ):
            lists[number][index] = self._record(lists[number][index])
        if self._stores and self._erasure and len(self._erasure.erased.marks) != known:
            self._came_back(self._erasure.erased, (record for page in pages for record in page.records))
        return [self._page(page, records) for page, records in zip(pages, lists, strict=True)]

    def _page(self, page: Page, records: Sequence[Record]) -> Page:
        rejected = [self._rejected(item) for item in page.rejected]
        shapes = {names: dict.fromkeys(item) for names, item in page.shapes.items()}
        return replace(page, records=records, rejected=rejected, shapes=shapes)

    def _record(self, record: Record) -> Record:
        shape, values = shape_of(type(record)), plain(record)
        changes = self._without_erased(shape, values)
        if self._rules is not None:
            changes |= self._rules.changes(shape, values | changes)
            # Of a person whose row was hashed before they were erased, only the hash is known.
            changes |= self._without_erased(shape, values | changes)
        return record.model_copy(update=changes) if changes else record

    def _without_erased(self, shape: Shape, values: Mapping[str, Any]) -> dict[str, Any]:
        return self._erasure.changes(self._source, shape, values) if self._erasure is not None else {}

    def _rejected(self, item: Rejected) -> Rejected:
        names = self._erasure is not None and (
            self._erasure.names(self._source, item.raw)
            or self._erasure.names(self._source, (item.key, item.reason))
        )
        if names or self._rules is None:
            return withheld(item, told=False) if names else item
        kept = withheld(item, told=True)
        key = None if item.key is None else self._rules.swapped(item.key)
        return replace(kept, key=key, reason=self._rules.swapped(item.reason))

    def _came_back(self, erased: Erased, records: Iterable[Record]) -> None:
        """Keep who was made known, and take back what was stored of them before they were."""
        erased.save(self._connection)
        self._connection.execute("PRAGMA secure_delete = ON")
        for record in records:
            if isinstance(record, Customer) and erased.customer(self._source, record.id):
                self._connection.execute(
                    "UPDATE messages SET body = NULL, redacted = 1"
                    " WHERE source_id = ? AND author_id = ? AND author_kind = 'customer'",
                    (self._source, record.id),
                )

    def _learn(self, erasure: Erasure) -> None:
        """Know the tickets and mails of erased people, whose copies may come without them."""
        tickets = (
            "SELECT t.id FROM tickets AS t JOIN customers AS c"
            " ON c.source_id = t.source_id AND c.id = t.requester_id WHERE t.source_id = ?"
            " AND (c.name LIKE 'erased-%' OR c.email LIKE 'erased-%@erased.invalid')"
        )
        mails = (
            "SELECT mail_id FROM message_headers"
            " WHERE source_id = ? AND counterpart LIKE 'erased-%@erased.invalid'"
        )
        for sql, into in ((tickets, erasure.tickets), (mails, erasure.mails)):
            into.update((self._source, key) for (key,) in self._connection.execute(sql, (self._source,)))


def agents_of(connection: sqlite3.Connection) -> list[str]:
    """Return what the agents of all sources are known by: addresses, and ids that are some."""
    sql = "SELECT email FROM agents WHERE email IS NOT NULL UNION SELECT id FROM agents WHERE id LIKE '%@%'"
    return [text for (text,) in connection.execute(sql)]


def plain(record: Record) -> dict[str, Any]:
    """Return the values of a record, words of closed lists as texts."""
    return {
        name: value.value if isinstance(value, Enum) else value for name, value in record.__dict__.items()
    }
