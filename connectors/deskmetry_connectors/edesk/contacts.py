"""Contacts: those of new tickets, asked for one by one, or at first from the list where that is shorter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from deskmetry.connector import Page
from deskmetry.errors import SourceError

from .reading import listing, single
from .values import reference

if TYPE_CHECKING:
    from .connector import Edesk

Row = Mapping[str, Any]
_TICKETS_A_PAGE = 4
"""Tickets for which a page of the list is worth it: several may be of one contact."""


class Contacts:
    """The contacts that a run has read; each is read once."""

    def __init__(self, desk: Edesk) -> None:
        self._desk = desk
        self._known: set[str] = set()

    def listed(self, tickets: int) -> Iterator[Page]:
        """Read the whole list, if it has fewer pages than so many tickets could take requests.

        It has no order that is known: one that moves out of sight meanwhile is asked for with its ticket.
        """
        if "contacts" in self._desk.skip or tickets < 2 * _TICKETS_A_PAGE:
            return
        size = self._desk.page_size
        try:
            for batch in listing(self._desk.http, "contacts", None, size):
                if batch.total is None or -(-batch.total // size) * _TICKETS_A_PAGE > tickets:
                    return
                page = self._desk.page(batch.rows, self._desk.contact)
                self._known |= {str(getattr(record, "id", "")) for record in page.records}
                yield page
        except SourceError as error:
            if error.data.get("status") not in {403, 404}:
                raise

    def of(self, ticket: Row) -> Row | None:
        """Return the contact of a ticket; None if it was read before, or there is none."""
        key = reference(ticket.get("contact_id"))
        if key is None or str(key) in self._known or "contacts" in self._desk.skip:
            return None
        self._known.add(str(key))
        return single(self._desk.http, f"contacts/{key}")
