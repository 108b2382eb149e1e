"""Inventory: what an account says about its tickets besides its lists by day."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from deskmetry.connector import Inventory, Mapper, Page, Tally
from deskmetry.errors import BadResponse
from deskmetry.records import Ticket

from .reading import listing, single

if TYPE_CHECKING:
    from deskmetry.http import HttpClient

_COMPARED = (
    "subject", "vendor_status", "type", "assignee_id", "requester_id", "created_at", "updated_at", "tags",
)  # fmt: skip


def inventory_of(
    http: HttpClient, page: Callable[[Sequence[Any], Mapper], Page], mapper: Mapper, *, everything: bool
) -> Inventory:
    """Return what can be known about tickets: how many there are, and each by its id.

    everything: false where tickets are read from a `start` on, so that their number says nothing.
    """

    def count() -> Tally:
        total = next(listing(http, "tickets", None, 1)).total
        if total is None:
            raise BadResponse("eDesk doesn't say how many tickets there are.", "Verify again later.")
        return Tally(total)

    def fetch(ids: Sequence[str]) -> Iterator[Page]:
        found = (single(http, f"tickets/{key}") for key in ids)
        yield page([row for row in found if row is not None], mapper)

    return Inventory(
        (Ticket,),
        count=count if everything else None,
        fetch=fetch,
        columns=_COMPARED,
        unknown="which tickets are missing here is found by --full-read alone"
        + (
            "" if everything else "; tickets from before `start` are counted there, so counts aren't compared"
        ),
    )
