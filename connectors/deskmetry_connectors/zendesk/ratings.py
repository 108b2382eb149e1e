"""Ratings: what customers said about tickets, read from where the account keeps it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from deskmetry.connector import Cursor, Page
from deskmetry.errors import CursorRefused
from deskmetry.records import from_epoch

from . import csat, surveys
from .lookups import Lookups
from .pages import EXCLUDED, at, latest, objects
from .reading import EARLIEST, SURVEYS_PAGE, listing, start_time
from .settings import ZendeskSettings

_RESPONSES = "/api/v2/guide/survey_responses"
_DAY = timedelta(days=1)
_UNDATED = "{count} survey responses don't say when they were offered, and nobody answered them: left out"


def legacy(desk: ZendeskSettings, lookups: Lookups, mark: datetime | None) -> Iterator[Page]:
    """Read legacy ratings that changed since an instant, and over the overlap before it."""
    until = (desk.http.server_time or desk.now()) - EXCLUDED
    begin = start_time(mark and mark - desk.rating_overlap, desk.now())
    newest: datetime | None = None
    mapping = surveys.RatingMapping(lookups.reason_names)
    path = "/api/v2/satisfaction_ratings.json"
    for batch in listing(desk.http, path, "satisfaction_ratings", {"start_time": begin}):
        newest = max(filter(None, (newest, latest(batch.items))), default=None)
        yield at(desk.page(batch.items, mapping.rating), None, newest, until)


def responses(desk: ZendeskSettings, lookups: Lookups, since: Cursor | None) -> Iterator[Page]:
    """Read the responses to CSAT surveys, in the order in which they were offered.

    Nothing says which were answered late. So those that may still be answered are read again, each time if
    they fit on a page, else once a day.
    """
    now = desk.now()
    until = (desk.http.server_time or now) - EXCLUDED
    place = told = _Place.load(since)
    sweeps = place.swept is None or now - place.swept >= _DAY
    begin, in_order = place.begin(now, desk, sweeps=sweeps), True
    if begin is None and since is not None:
        begin = since.watermark
    mapping = csat.CsatMapping(lookups.choices.get)
    for pages, (rows, last) in enumerate(_response_rows(desk, begin), 1):
        seen = [begin] if begin is not None else []
        seen += [offered for row in objects(rows) if (offered := csat.born(row))]
        in_order = in_order and seen == sorted(seen)
        begin = max(seen, default=None)
        place = place.moved(begin, swept=now if last and sweeps and pages > 1 else None)
        # Out of order, an early page says nothing about what is still to come.
        moves = (last or in_order) and place != told
        told = place if moves else told
        desk.note(_UNDATED, sum(csat.born(row) is None for row in objects(rows)))
        page = desk.page(rows, mapping.response)
        yield at(page, place.dump(), place.newest, until) if moves else at(page, None, None, until)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the reading of responses stands: the newest one, and when all were read that may still change.

    swept is None before that was done, and where all of them fit on one page.
    """

    newest: datetime | None
    swept: datetime | None = None

    @classmethod
    def load(cls, since: Cursor | None) -> _Place:
        if since is None or since.token is None:
            return cls(None)
        try:
            newest, swept = since.token["newest"], since.token["swept"]
            return cls(newest and from_epoch(milliseconds=newest), swept and from_epoch(milliseconds=swept))
        except (TypeError, LookupError, ValueError):
            raise CursorRefused(
                "The cursor of the last run can't be read.", "The stream is read from its watermark."
            ) from None

    def dump(self) -> dict[str, int | None]:
        return {
            "newest": None if self.newest is None else _milliseconds(self.newest),
            "swept": None if self.swept is None else _milliseconds(self.swept),
        }

    def moved(self, newest: datetime | None, swept: datetime | None = None) -> _Place:
        """Return where it stands once these were read."""
        return _Place(max(filter(None, (self.newest, newest)), default=None), swept or self.swept)

    def begin(self, now: datetime, desk: ZendeskSettings, *, sweeps: bool) -> datetime | None:
        """Return from which offer on a run reads; None for all."""
        if self.newest is None:
            return None
        again = self.newest - desk.rating_overlap
        return min(again, now - desk.survey_overlap) if sweeps else again


def _response_rows(desk: ZendeskSettings, begin: datetime | None) -> Iterator[tuple[list[Any], bool]]:
    """Give the rows page by page, oldest first, however the account pages; and whether they are the last.

    Pages go on by cursors or links. A full page that says nothing of others is followed by those offered from
    its last one on.
    """
    start = EARLIEST * 1000 if begin is None else _milliseconds(begin)
    before: list[Any] | None = None
    while True:
        params = {"filter[created_at_start]": start, "sort": "id"}
        for batch in listing(desk.http, _RESPONSES, "survey_responses", params, size=SURVEYS_PAGE):
            if before is not None:
                yield before, False
            before = batch.items
            paged = isinstance(batch.at("meta"), Mapping) or batch.at("next_page") is not None
        born = [offered for row in objects(batch.items) if (offered := csat.born(row))]
        last = _milliseconds(max(born)) if born else start
        if paged or len(batch.items) < SURVEYS_PAGE or last <= start:
            yield batch.items, True
            return
        start = last


def _milliseconds(instant: datetime) -> int:
    return round(instant.timestamp() * 1000)
