"""Privacy: comments that were made internal or public, as they are now."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from deskmetry.errors import SourceError
from deskmetry.records import Message, Record

from .events import EventMapping, Privacy
from .pages import objects
from .reading import listing

if TYPE_CHECKING:
    from deskmetry.http import HttpClient


def settled(http: HttpClient, records: Iterable[Record], mapping: EventMapping) -> list[Record]:
    """Return the records with the comments that became internal or public as they are now.

    A message can't be changed without its other columns: one that isn't on this page is read again.
    """
    found = list(records)
    if not mapping.privacy:
        return found
    places = {record.id: place for place, record in enumerate(found) if isinstance(record, Message)}
    for change in mapping.privacy:
        place = places.get(str(change.comment))
        old = found[place] if place is not None else _comment(http, change, mapping)
        if isinstance(old, Message):
            version = int(change.at.timestamp())
            new = old.model_copy(update={"public": change.public, "version": version})
            found = [*found, new] if place is None else [*found[:place], new, *found[place + 1 :]]
    return found


def _comment(http: HttpClient, change: Privacy, mapping: EventMapping) -> Message | None:
    path = f"/api/v2/tickets/{change.ticket}/comments.json"
    try:
        for batch in listing(http, path, "comments"):
            for row in objects(batch.items):
                if row.get("id") == change.comment:
                    return mapping.comment(row, change.ticket, change.at)
    except SourceError as error:
        if error.data.get("status") != 404:
            raise
    return None  # the ticket or the comment is deleted by now
