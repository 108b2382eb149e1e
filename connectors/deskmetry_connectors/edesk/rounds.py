"""Rounds: one run over the tickets, day by day, and then the re-scan for what no day shows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from deskmetry.connector import Cursor, Page
from deskmetry.errors import SourceError, TryLater

from .conversations import Conversations, Row, day_of
from .progress import Progress
from .reading import listing, single
from .tickets import UNSOLVED
from .values import instant
from .windows import Window, Windows

if TYPE_CHECKING:
    from .connector import Edesk

LAG = timedelta(hours=1)
"""How late a ticket may show in a list; a day is finished only after it."""
_PASSES = 5
_BY_ID = {"order_by": "id", "order_direction": "asc"}
_DROPPED_A_PAGE = 20


class Round:
    """Reads tickets from where the progress stands up to now. Pages carry their cursors."""

    def __init__(self, desk: Edesk, progress: Progress, since: date | None) -> None:
        self._desk = desk
        self._progress = progress
        self._first = not progress.whole
        self._clock = desk.now()
        self._overlap = timedelta(days=desk.zone_overlap)
        day = progress.day or since
        self._begin = day - self._overlap if day is not None else None
        horizon = None
        if progress.whole and self._begin is not None:
            horizon = datetime.combine(self._begin, time(), UTC)
        self._talks = Conversations(desk, progress, horizon)
        self._held: int | None = None  # tickets, as far as it was told
        self._seen: dict[str, int] = {}  # content by ticket, so that nothing is given twice in a run
        self._tokens = {hash(self._token())}

    def pages(self) -> Iterator[Page]:
        """Yield all pages of the run; the last one says up to when tickets are known."""
        begin = self._begin or self._oldest() or self._clock.date()
        if self._first:
            yield from self._talks.contacts.listed(self._expected(begin))
        windows = Windows(begin, self._clock.date(), self._desk.zone_overlap)
        for window in windows:
            rows = self._rows(window)
            windows.rows = len(rows)
            yield from self._cursored(self._talks.pages(rows))
            self._finish(window)
        if self._first:
            self._progress.scanned = self._clock.date()  # all of it was just read
        else:
            yield from self._rescan(window.begin)
        self._progress.whole = True
        assert self._progress.day is not None
        mark = datetime.combine(self._progress.day, time(), UTC)
        token = self._moved()
        yield Page((), Cursor(token, mark), complete_until=self._clock)

    def _finish(self, window: Window) -> None:
        if window.end is not None:
            self._progress.day = window.end + timedelta(days=1)
        else:
            self._progress.day = max((self._clock - LAG).date(), self._progress.day or date.min)
        self._progress.forget(self._progress.day - self._overlap - timedelta(days=1))

    def _expected(self, begin: date) -> int:
        """Return about how many tickets a first read has before it; 0 if nothing tells."""
        if self._held is None:
            asked = Window(begin, None).filters("last_updated_at")
            self._held = next(listing(self._desk.http, "tickets", asked, 1)).total
        return self._held or 0

    def _oldest(self) -> date | None:
        """Return the day before the oldest ticket's; None for an account without any."""
        asked = {"order_by": "created_at", "order_direction": "asc"}
        first = next(listing(self._desk.http, "tickets", asked, 1))
        self._held = first.total
        for row in first.rows:
            try:
                created = instant(row["created_at"])
            except (TypeError, LookupError, ValueError):
                continue
            if created is not None:
                return min(created, self._clock).date() - max(self._overlap, timedelta(days=1))
        return None

    # --- a window ------------------------------------------------------------------------------------

    def _rows(self, window: Window) -> list[Any]:
        """Return the tickets of a window: those with messages in it, and those without any made in it."""
        found = self._listed(window.filters("last_updated_at"), is_open=window.end is None)
        found |= self._created(window)
        return self._unseen(found)

    def _created(self, window: Window) -> dict[str, Any]:
        """Return the tickets made in a window. `last_updated_at` is null where there are no messages.

        The specification types this filter as an integer and shows a day; which of them is taken is learnt.
        """
        if self._progress.created != "epoch":
            try:
                found = self._listed(window.filters("created_at"), is_open=window.end is None)
            except SourceError as error:
                if self._progress.created is not None or error.data.get("status") not in {400, 422}:
                    raise
            else:
                self._progress.created = "date"
                return found
        end = None if window.end is None else _seconds(window.end + timedelta(days=1)) - 1
        asked = {"filter_created_at_gte": _seconds(window.begin), "filter_created_at_lte": end}
        found = self._listed(asked, is_open=window.end is None)
        self._progress.created = "epoch"
        return found

    def _listed(self, filters: Mapping[str, Any], *, is_open: bool) -> dict[str, Any]:
        """Return the rows of a list by id; rows that move while pages are numbered push others out of sight.

        So a list of several pages is read again until two passes give the same ids. An open window only ever
        grows at its end, and is read again by the next run: there, some passes are enough.
        """
        found: dict[str, Any] = {}
        before: set[str] | None = None
        for _ in range(_PASSES):
            ids: set[str] = set()
            pages = 0
            for batch in listing(self._desk.http, "tickets", {**filters, **_BY_ID}, self._desk.page_size):
                pages += 1
                rows = {_key(row): row for row in batch.rows}
                ids |= rows.keys()
                found |= rows
            if pages <= 1 or ids == before:
                return found
            before = ids
        if is_open:
            return found
        raise TryLater(
            "The tickets of some days long ago change faster than they can be read.",
            "What was committed stays; sync again at a quieter hour.",
        )

    def _unseen(self, found: Mapping[str, Any]) -> list[Any]:
        """Return the rows that weren't given as they are in this run."""
        fresh = []
        for key, row in found.items():
            content = hash(_content(row))
            if self._seen.get(key) != content:
                fresh.append(row)
                if not self._first:
                    self._seen[key] = content
        return fresh

    # --- the re-scan ---------------------------------------------------------------------------------

    def _rescan(self, begin: date) -> Iterator[Page]:
        """Find changes that no message tells: of unsolved tickets each time, of recent ones once a day."""

        def talks(row: Row) -> bool:
            day = day_of(row)
            return _key(row) in self._talks.strangers or (day is not None and day >= begin)

        current: dict[str, Any] = {}
        for word in UNSOLVED:
            asked = {"filter_status_equals": word, **_BY_ID}
            for batch in listing(self._desk.http, "tickets", asked, self._desk.page_size):
                current |= {_key(row): row for row in batch.rows}
        # Reopened in silence, or taken over from elsewhere with old dates: such a one is read whole.
        self._talks.strangers = current.keys() - self._progress.unsolved
        before = self._progress.unsolved - current.keys() - self._seen.keys()
        yield from self._cursored(self._talks.pages(self._unseen(current), talks))
        yield from self._dropped(sorted(before), talks)
        today = self._clock.date()
        if self._desk.rescan_days and self._progress.scanned != today:
            from_day = today - timedelta(days=self._desk.rescan_days) - self._overlap
            rows = self._listed(Window(from_day, begin).filters("last_updated_at"), is_open=True)
            yield from self._cursored(self._talks.pages(self._unseen(rows), talks))
            self._progress.scanned = today

    def _dropped(self, ids: list[str], talks: Any) -> Iterator[Page]:
        """Look at each ticket that left the unsolved ones without a message: it was solved, mostly."""
        for begin in range(0, len(ids), _DROPPED_A_PAGE):
            keys = ids[begin : begin + _DROPPED_A_PAGE]
            rows = [row for key in keys if (row := single(self._desk.http, f"tickets/{key}")) is not None]
            for key in keys:
                self._progress.see(key, unsolved=False)
            yield from self._cursored(
                self._talks.pages(self._unseen({_key(row): row for row in rows}), talks)
            )

    # --- cursors -------------------------------------------------------------------------------------

    def _cursored(self, pages: Iterator[Page]) -> Iterator[Page]:
        for page in pages:
            token = self._moved()
            yield page if token is None else replace(page, cursor=Cursor(token))

    def _moved(self) -> Any:
        """Return the token, None if it is one that was given before: a cursor must never stand still."""
        text = self._token()
        if (known := hash(text)) in self._tokens:
            return None
        self._tokens.add(known)
        return json.loads(text)

    def _token(self) -> str:
        return json.dumps(self._progress.dump(), sort_keys=True)


def _seconds(day: date) -> int:
    return int(datetime.combine(day, time(), UTC).timestamp())


def _key(row: Any) -> str:
    """Return what tells rows apart; a row without an id is told by its content."""
    key = row.get("id") if isinstance(row, Mapping) else None
    return str(key) if isinstance(key, int | str) else _content(row)


def _content(row: Any) -> str:
    """Return a row as text, without the countdown in it that changes with every look."""
    if isinstance(row, Mapping):
        row = {name: value for name, value in row.items() if name != "time_left_to_reply"}
    return json.dumps(row, sort_keys=True)
