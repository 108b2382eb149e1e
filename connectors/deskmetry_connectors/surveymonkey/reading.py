"""Reading: responses in the order of their last change, and plain lists, within the limits of an app."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from deskmetry.errors import BadResponse
from deskmetry.http.policy import Prior

if TYPE_CHECKING:
    from deskmetry.http import HttpClient

MINUTE = Prior("requests of the app", requests=120, seconds=60.0)
"""What a private app may ask in a minute; kept to only until an answer's headers say more."""
SECOND = timedelta(seconds=1)


def stamp(at: datetime) -> str:
    """Return an instant as the API takes it: UTC, to the second, without an offset."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def instant(value: object) -> datetime | None:
    """Read a date of the API, aware; one without an offset is UTC. None if it can't be read."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found is not None and found.tzinfo is None else found


def listing(
    http: HttpClient, path: str, size: int, params: Mapping[str, Any] | None = None
) -> Iterator[list[Any]]:
    """Read a plain list page by page; pages are numbered."""
    batches = http.pages(
        path,
        params,
        items="data",
        page_param="page",
        total="total",
        page_size=("per_page", size),
        prior=MINUTE,
    )
    return (batch.items for batch in batches)


def changed(
    http: HttpClient, path: str, since: datetime | None, size: int, now: datetime
) -> Iterator[list[Any]]:
    """Read what changed at or after an instant, oldest change first, from page to page by instant.

    A response that is changed while the list is read goes to its end, and numbered pages would then miss one
    at each border; so the next page is asked for by the last instant, and by number only within one second.
    A page is given out once the next one has shown that nothing was left out: BadResponse if it was.
    """
    mark, expected, held = since, None, None
    while True:
        seen = 0
        asked = None if mark is None else stamp(mark)
        batches = http.pages(
            path,
            {"sort_by": "date_modified", "sort_order": "ASC", "start_modified_at": asked},
            items="data",
            page_param="page",
            total="total",
            page_size=("per_page", size),
            prior=MINUTE,
        )
        for batch in batches:
            total = batch.at("total")
            if expected is not None and isinstance(total, int) and total < expected:
                raise BadResponse(
                    f"{path} left out {expected - total} responses: they don't come in the order asked "
                    "for, or some were deleted meanwhile.",
                    "Sync again; it goes on where it was.",
                )
            expected = None
            if held is not None:
                yield held
            held = batch.items
            seen += len(held)
            top = latest(held, now)
            left = total - seen if isinstance(total, int) else None
            if left is not None and left <= 0:
                break
            if top is not None and (mark is None or top - SECOND > mark):
                mark, expected = top - SECOND, left
                break
        else:
            left = 0
        if left is not None and left <= 0:
            break
    if held is not None:
        yield held


def latest(rows: list[Any], now: datetime) -> datetime | None:
    """Return the last change of some rows that isn't dated in the future."""
    marks = (instant(row.get("date_modified")) for row in rows if isinstance(row, Mapping))
    return max((mark for mark in marks if mark is not None and mark <= now), default=None)
