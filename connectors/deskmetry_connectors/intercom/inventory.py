"""Inventory: what a workspace says about its conversations besides what changed, for `verify`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from deskmetry.connector import Inventory, Page, Tally
from deskmetry.errors import BadResponse
from deskmetry.records import Ticket

from .windows import ITEMS, SEARCH, WindowReader, between

if TYPE_CHECKING:
    from deskmetry.http import HttpClient

_COMPARED = (
    "subject",
    "vendor_status",
    "priority",
    "assignee_id",
    "team_id",
    "requester_id",
    "created_at",
    "tags",
)
_LATER = "tickets from before `start` that changed since are here too, so nothing is listed"


def inventory_of(
    http: HttpClient,
    page_size: int,
    begin: int | None,
    now: Callable[[], int],
    fetch: Callable[[str], Page],
) -> Inventory:
    """Return what can be asked: how many conversations there are, their ids, and each of them.

    begin: where conversations begin, Unix seconds; None where they are read from a `start` on, by their last
    change, so that no list by creation says what must be here.
    """

    def count() -> Tally:
        query = between("created_at", begin or 0, now())
        answer = http.post_json(SEARCH, {"query": query, "pagination": {"per_page": 1}}, items=ITEMS)
        total = answer.at("total_count")
        if not isinstance(total, int) or isinstance(total, bool):
            raise BadResponse(f"{SEARCH} doesn't say how many there are.", "Verify again later.")
        return Tally(total)

    def ids() -> Iterator[str]:
        reader = WindowReader(http, page_size, basis="created_at")
        for window in reader.windows(begin or 0, now()):
            yield from (str(row["id"]) for row in window.rows if isinstance(row, Mapping) and "id" in row)

    def fetched(keys: Sequence[str]) -> Iterator[Page]:
        return (fetch(key) for key in keys)

    whole = begin is not None
    return Inventory(
        (Ticket,),
        count=count if whole else None,
        ids=ids if whole else None,
        fetch=fetched,
        columns=_COMPARED,
        unknown="" if whole else _LATER,
    )
