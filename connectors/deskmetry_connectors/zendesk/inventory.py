"""Inventory: what an account says about its users and tickets besides the exports."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from deskmetry.connector import Inventory, Mapper, Page, Tally
from deskmetry.errors import BadResponse
from deskmetry.records import Agent, Customer, Ticket

if TYPE_CHECKING:
    from deskmetry.http import HttpClient

MANY = 100
"""Tickets that one request may name."""
_CACHED_ABOVE = 100_000  # rows; Zendesk counts more than these only once a day
_COMPARED = (
    "subject", "vendor_status", "priority", "type", "brand_id", "team_id", "assignee_id", "requester_id",
    "organization_id", "created_at", "updated_at", "tags",
)  # fmt: skip
_ARCHIVED = (
    "Zendesk's own lists leave out archived tickets (about 120 days after they were closed), and chats and "
    "calls that have none"
)


def inventory_of(
    stream: str,
    http: HttpClient,
    page: Callable[[Sequence[Any], Mapper], Page],
    mapper: Callable[[], Mapper],
    *,
    everything: bool,
) -> Inventory | None:
    """Return what can be known about users and tickets; nothing about the other streams.

    everything: false where tickets are read from a `start` on, so that their number says nothing.
    https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/#count-tickets
    """
    if stream == "users":
        return Inventory(
            (Customer, Agent),
            count=lambda: _tally(http, "/api/v2/users/count.json"),
            partial="Zendesk doesn't count users who were deleted, nor visitors of chats",
            unknown="deleted users come as such with each sync; ids aren't listed apart",
        )
    if stream != "tickets":
        return None

    def fetch(ids: Sequence[str]) -> Iterator[Page]:
        mapped = mapper()
        known = [key for key in ids if key.isdecimal()]  # chats and calls without a ticket aren't known there
        for begin in range(0, len(known), MANY):
            params = {"ids": ",".join(known[begin : begin + MANY])}
            rows = http.get_json("/api/v2/tickets/show_many.json", params, items="tickets").items
            yield page([_dated(row) for row in rows], mapped)

    return Inventory(
        (Ticket,),
        count=(lambda: _tally(http, "/api/v2/tickets/count.json")) if everything else None,
        fetch=fetch,
        columns=_COMPARED,
        partial=_ARCHIVED,
        unknown="which tickets are missing here is found by --full-read alone: Zendesk lists no ids"
        + (
            "" if everything else "; tickets from before `start` are counted there, so counts aren't compared"
        ),
    )


def _tally(http: HttpClient, path: str) -> Tally:
    answer = http.get_json(path)
    value = answer.at("count.value")
    if not isinstance(value, int) or isinstance(value, bool):
        raise BadResponse(f"{path} doesn't say how many there are.", "Verify again later.")
    since = answer.at("count.refreshed_at")
    late = f"Zendesk counted at {since}, once a day" if value > _CACHED_ABOVE else ""
    return Tally(value, approximate=late)


def _dated(row: Any) -> Any:
    """Return a row of the plain API as one of the export; what isn't there orders nothing here."""
    if isinstance(row, Mapping) and "generated_timestamp" not in row:
        return {**row, "generated_timestamp": None}
    return row
