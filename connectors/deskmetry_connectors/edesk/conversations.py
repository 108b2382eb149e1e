"""Conversations: tickets with the items that are new in them, each item fetched by its id."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from itertools import islice
from typing import TYPE_CHECKING, Any

from deskmetry.connector import Page
from deskmetry.records import Ticket
from deskmetry.records.kinds import TicketStatus

from .contacts import Contacts
from .items import ASKED, CONTACT
from .progress import Progress, ids_of
from .reading import single
from .values import instant

if TYPE_CHECKING:
    from .connector import Edesk

Row = Mapping[str, Any]
TICKETS_A_PAGE = 20
"""Tickets committed together: their items take a second for every two."""


class Conversations:
    """Makes pages of tickets, their new items and the contacts of new tickets.

    horizon: what is older than this instant was fetched in an earlier run; None in the first read.
    """

    def __init__(self, desk: Edesk, progress: Progress, horizon: datetime | None) -> None:
        self._desk = desk
        self._progress = progress
        self._horizon = horizon
        self.contacts = Contacts(desk)
        self.strangers: set[str] = set()  # tickets that may never have been seen, whatever their age
        self._begin = datetime.combine(desk.start, time(), UTC) if desk.start else None

    def pages(self, rows: Iterable[Any], talks: Callable[[Row], bool] = lambda _row: True) -> Iterator[Page]:
        """Yield pages without cursor. talks: whether a ticket may have new items at all."""
        left = iter(rows)
        while chunk := list(islice(left, TICKETS_A_PAGE)):
            tickets = self._desk.page(chunk, self._desk.ticket)
            usable = {record.id: record for record in tickets.records if isinstance(record, Ticket)}
            items: list[Row] = []
            contacts: list[Row] = []
            for row in chunk:
                # What can't be read as a ticket is set aside, and nothing is fetched for it.
                if isinstance(row, Mapping) and (ticket := usable.get(str(row.get("id")))) is not None:
                    self._progress.see(ticket.id, unsolved=ticket.status is not TicketStatus.CLOSED)
                    if talks(row):
                        self._fetch(row, items, contacts)
            others = self._desk.page(items, self._desk.item), self._desk.page(contacts, self._desk.contact)
            yield Page.joined((tickets, *others))

    def _fetch(self, row: Row, items: list[Row], contacts: list[Row]) -> None:
        ticket, ids, whole = str(row["id"]), ids_of(row), self._is_new(row)
        if whole and ticket not in self._progress.fetched and (found := self.contacts.of(row)) is not None:
            contacts.append(found)
        items += self._items(row, ids, whole=whole)
        updated = instant(row.get("last_updated_at")) or instant(row["created_at"]) or self._desk.now()
        self._progress.remember(ticket, ids, min(updated, self._desk.now()).date())

    def _is_new(self, row: Row) -> bool:
        """Tell whether nothing of a ticket was fetched before, as far as its age says."""
        created = instant(row["created_at"])
        if self._horizon is None or created is None or created >= self._horizon:
            return True
        if str(row["id"]) in self.strangers:
            return True
        return self._begin is not None and created < self._begin

    def _items(self, row: Row, ids: Sequence[str], *, whole: bool) -> list[Row]:
        fresh = self._progress.new_items(str(row["id"]), ids)
        if fresh is not None:
            return [item for key in fresh if (item := self._item(row, key)) is not None]
        if whole or self._progress.newest is None:
            found = [item for key in ids if (item := self._item(row, key)) is not None]
            self._learn(ids, found)
            return found
        return list(self._back(row, ids))

    def _back(self, row: Row, ids: Sequence[str]) -> Iterator[Row]:
        """Read from the newest item back to the first one that is old enough to be known."""
        for key in reversed(ids) if self._progress.newest == "last" else ids:
            item = self._item(row, key)
            if item is None:
                continue
            at = _at(item)
            if at is not None and self._horizon is not None and at < self._horizon:
                return
            yield item

    def _item(self, row: Row, key: str) -> Row | None:
        """Fetch an item; None if it is gone."""
        found = single(self._desk.http, f"messages/{key}")
        if found is None:
            self._desk.note("items that tickets name and that eDesk doesn't give any more: {count}")
            return None
        return {**found, ASKED: row["id"], CONTACT: row.get("contact_id")}

    def _learn(self, ids: Sequence[str], found: Sequence[Row]) -> None:
        """Learn at which end of `messages_ids` the newest stands; eDesk doesn't say."""
        if len(found) != len(ids) or len(found) < 2:
            return
        first, last = _at(found[0]), _at(found[-1])
        if first is not None and last is not None and first != last:
            self._progress.newest = "last" if first < last else "first"


def _at(item: Row) -> datetime | None:
    try:
        return instant(item.get("created_at"))
    except ValueError:
        return None


def day_of(row: Row) -> date | None:
    """Return the UTC day of a ticket's last message; None if it has none, or it can't be read."""
    try:
        found = instant(row.get("last_updated_at"))
    except ValueError:
        return None
    return found.date() if found is not None else None
