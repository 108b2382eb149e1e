"""Reading: eDesk's numbered lists and its single objects, at the pace that its token bucket allows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from deskmetry.errors import BadResponse, SourceError, StuckStream
from deskmetry.http.policy import Prior

if TYPE_CHECKING:
    from deskmetry.http import HttpClient
    from deskmetry.http.answer import Answer

BUCKET = Prior("account", requests=60, seconds=30.0)
"""A bucket of 60 that gets two a second: sixty in any thirty seconds never empty it."""
_LATER = "Sync again later; if it stays so, report it to the connector's author."


@dataclass(frozen=True, slots=True)
class Listed:
    """One page of a list: its rows, and how many the whole list has (None if it doesn't say)."""

    rows: list[Any] = field(repr=False)
    total: int | None


def listing(http: HttpClient, path: str, params: Mapping[str, Any] | None, size: int) -> Iterator[Listed]:
    """Read a list page by page, up to its total.

    A list without `paginator` is whole if its answer isn't exactly as long as was asked for. Raises
    StuckStream if a page comes again, or another one than was asked for.
    """
    number, last = 1, None
    while True:
        asked = {**(params or {}), "page": number, "itemsPerPage": size}
        answer = _get(http, path, asked, items="data")
        if number > 1 and answer.items and answer.items == last:
            raise StuckStream(path, "a page came twice with the same content")
        current = _count(answer, "currentPage")
        if current not in (None, number):
            raise StuckStream(path, f"page {current} came instead of page {number}")
        total, told = _count(answer, "totalItemsCount"), _count(answer, "itemsPerPage")
        yield Listed(answer.items, total)
        # By what was told, not by what came: a cut page, or one with a row too many, isn't the end.
        read = number * (told or size)
        if not answer.items or (total is not None and read >= total):
            return
        if total is None and len(answer.items) != size:
            return
        number, last = number + 1, answer.items


def single(http: HttpClient, path: str) -> Mapping[str, Any] | None:
    """Read one object; None if there is none of that id."""
    try:
        answer = _get(http, path, None)
    except SourceError as error:
        if error.data.get("status") != 404:
            raise
        return None
    found = answer.at("data")
    if not isinstance(found, Mapping):
        raise BadResponse(f"{path} answered without an object at 'data'.", _LATER)
    return found


def _get(http: HttpClient, path: str, params: Mapping[str, Any] | None, items: str | None = None) -> Answer:
    return http.get_json(path, params, items=items, prior=BUCKET)


def _count(answer: Answer, name: str) -> int | None:
    """Return a number of the paginator, also where it comes as text; None if it isn't there."""
    value = answer.at(f"paginator.{name}")
    if value is None:
        return None
    if isinstance(value, bool) or not str(value).isdecimal():
        raise BadResponse(f"The paginator's {name!r} isn't a number.", _LATER)
    return int(value)
