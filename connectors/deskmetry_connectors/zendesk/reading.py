"""Reading: the three ways in which Zendesk gives out lists, page after page."""

from __future__ import annotations

import base64
import binascii
import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from deskmetry.connector import Page
from deskmetry.errors import BadResponse, CursorRefused, SourceError, StreamSkipped
from deskmetry.http.policy import Prior
from deskmetry.records import from_epoch

if TYPE_CHECKING:
    from deskmetry.http import Batch, HttpClient

log = logging.getLogger(__name__)

EARLIEST = 1_136_073_600
"""Where a whole export starts, Unix seconds: 2006, before there was any Zendesk."""
TOO_RECENT = 61
"""A start within the last minute is refused (StartTimeTooRecent)."""
LIST_PAGE = 100
SURVEYS_PAGE = 50
"""More is refused where surveys and their responses are listed."""
LACKING = frozenset({403, 404})
"""What is answered where the plan or the role lacks something."""
EXPORTS = Prior("incremental exports", requests=10, seconds=60.0)
"""Kept to only while no answer says anything of limits: the bucket isn't the same everywhere."""
USERS = Prior("incremental users", requests=20, seconds=60.0)
_POSITION = re.compile(r"(\d+)(?:\.\d+)?\|\|(\d+)\|.*")


@dataclass(frozen=True, slots=True)
class Export:
    """One incremental export: its path, the name of its records, its parameters and its page size."""

    path: str
    items: str
    params: Mapping[str, Any]
    size: int
    prior: Prior = EXPORTS


@dataclass(frozen=True, slots=True)
class Piece:
    """One page of an export: its new rows, where to go on (None: where it was), and its whole JSON."""

    rows: list[Any]
    token: Any
    json: Mapping[str, Any]


def start_time(mark: datetime | None, now: datetime) -> int:
    """Return where an export starts, Unix seconds; never within the last minute."""
    latest = int(now.timestamp()) - TOO_RECENT
    return EARLIEST if mark is None else max(min(int(mark.timestamp()), latest), 0)


def cursor_export(http: HttpClient, export: Export, start: int, cursor: str | None) -> Iterator[Piece]:
    """Read a cursor export from a cursor, else from a start on.

    Each address is made from the cursor alone, so `after_url` is never followed and a changed page size takes
    effect at once. A page without a cursor of its own leaves it where it was.
    """
    last = cursor
    for batch in _cursor_batches(http, export, start, cursor):
        moved = batch.token if batch.token != last else None
        last = batch.token
        log.debug("%s: %d rows, cursor %s", export.path, len(batch.items), position(last))
        yield Piece(batch.items, moved, batch.json)


def _cursor_batches(http: HttpClient, export: Export, start: int, cursor: str | None) -> Iterator[Batch]:
    def pages(params: Mapping[str, Any], start_at: str | None) -> Iterator[Batch]:
        return http.pages(
            export.path,
            params,
            items=export.items,
            next_cursor="after_cursor",
            end="end_of_stream",
            page_size=("per_page", export.size),
            start=start_at,
            prior=export.prior,
        )

    if cursor is None:
        # `start_time` goes with the first request only.
        first = next(pages({**export.params, "start_time": start}, None))
        ended = first.at("end_of_stream")
        if not isinstance(ended, bool) or (not ended and first.token is None):
            raise BadResponse(
                f"{export.path} doesn't say whether and where pages follow.", "Sync again later."
            )
        yield first
        if ended:
            return
        cursor = first.token
    yield from pages(export.params, cursor)


def time_export(http: HttpClient, export: Export, start: int) -> Iterator[Piece]:
    """Read a time-based export from an instant on, Unix seconds; tokens are instants too.

    The last second of a page comes again with the next one; rows that the page before had are left out.
    """
    last: Any = start
    before: dict[Any, Any] = {}
    pages = http.pages(
        export.path,
        export.params,
        items=export.items,
        next_cursor="end_time",
        cursor_param="start_time",
        end="end_of_stream",
        page_size=("per_page", export.size),
        start=start,
        prior=export.prior,
    )
    for batch in pages:
        keyed = [(_key(row), row) for row in batch.items]
        rows = [row for key, row in keyed if before.get(key, _NOTHING) != row]
        before = dict(keyed)
        moved = batch.token if batch.token != last else None
        last = batch.token
        yield Piece(rows, moved, batch.json)


_NOTHING = object()


def _key(row: Any) -> Any:
    key = row.get("id") if isinstance(row, dict) else None
    return key if isinstance(key, int | str) else None


def listing(
    http: HttpClient,
    path: str,
    items: str,
    params: Mapping[str, Any] | None = None,
    *,
    size: int = LIST_PAGE,
    prior: Prior | None = None,
) -> Iterator[Batch]:
    """Read a plain list by cursor pages, or by links where an endpoint has no cursors."""
    cursors = http.pages(
        path,
        params,
        items=items,
        next_cursor="meta.after_cursor",
        cursor_param="page[after]",
        page_size=("page[size]", size),
        prior=prior,
    )
    for batch in cursors:
        yield batch
        if batch.at("meta.has_more") is not True:
            link = batch.at("next_page") if batch.at("meta") is None else None
            if link is not None:
                yield from http.pages(path, params, items=items, next_url="next_page", start=link)
            return


def optional(what: str, pages: Iterable[Page]) -> Iterator[Page]:
    """Give the pages on; a 403 or 404 ends the stream as skipped, because the plan or the role lacks it."""
    try:
        yield from pages
    except SourceError as error:
        if error.data.get("status") not in LACKING:
            raise
        words = error.data.get("words")
        raise StreamSkipped(
            f"This account or role has no {what}{f' ({words})' if words else ''}.",
            "It takes another plan or role to read them; `skip` stops asking.",
            status=error.data["status"],
        ) from None


def position(cursor: object) -> str:
    """Return what a cursor of an export says, for people: its instant and the id after it."""
    try:
        text = base64.b64decode(str(cursor), validate=True).decode()
    except (binascii.Error, ValueError):
        return repr(cursor)
    found = _POSITION.fullmatch(text)
    return f"{from_epoch(seconds=int(found[1])).isoformat()} after {found[2]}" if found else repr(cursor)


def seconds_of(token: object) -> int | None:
    """Return the token of a time-based export; CursorRefused if it is none, so that the watermark serves."""
    if token is None or (isinstance(token, int) and not isinstance(token, bool)):
        return token
    raise CursorRefused(
        "The cursor of the last run is no Unix time.", "The stream is read from its watermark."
    )
