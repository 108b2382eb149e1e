"""Guard: what every page of a stream must keep to before it is taken."""

from __future__ import annotations

import json
from datetime import datetime

from ..connector import Cursor, Page, StreamInfo
from ..errors import StuckStream, TooManyBadRecords

_BAD_AT_LEAST = 20  # so many bad records are always put up with
_BAD_SHARE = 0.1  # above that, this share of a run's records


class PageGuard:
    """Watch one stream through one run: it must move, stay usable, and never trust a future date."""

    def __init__(self, info: StreamInfo, since: Cursor | None) -> None:
        self._info = info
        self._cursor = since or Cursor()
        self._tokens: set[str] = set()
        self._contents: set[int] = set()
        self._seen = 0
        self._bad = 0

    def take(self, page: Page, now: datetime) -> Page:
        """Return the page with a cursor that is safe to store; raise StuckStream if the stream stands still.

        The watermark never passes `now` (the server's clock where it is known) and never goes back.
        """
        self._must_move(page)
        if page.cursor is None:
            return page
        mark = page.cursor.watermark
        if mark is not None:
            mark = min(mark, now)
        if self._cursor.watermark is not None:
            mark = max(mark, self._cursor.watermark) if mark is not None else self._cursor.watermark
        token = page.cursor.token if page.cursor.token is not None else self._cursor.token
        self._cursor = Cursor(token, mark)
        return Page(page.records, self._cursor, page.rejected, page.complete_until, page.future)

    def count(self, page: Page) -> None:
        """Raise TooManyBadRecords once more of the stream is unusable than a few odd records explain."""
        self._seen += len(page.records) + len(page.rejected)
        self._bad += len(page.rejected)
        if self._bad > max(_BAD_AT_LEAST, _BAD_SHARE * self._seen):
            reason = page.rejected[-1].reason if page.rejected else "see the quarantine"
            raise TooManyBadRecords(self._info.name, self._bad, self._seen, reason)

    def _must_move(self, page: Page) -> None:
        if page.cursor is not None and page.cursor.token is not None:
            token = json.dumps(page.cursor.token, sort_keys=True, default=str)
            if token in self._tokens:
                raise StuckStream(self._info.name, "a page repeated the cursor of an earlier one")
            self._tokens.add(token)
        if page.records:
            content = hash(
                tuple((r.table, r.id, r.version, getattr(r, "updated_at", None)) for r in page.records)
            )
            if content in self._contents:
                raise StuckStream(self._info.name, "a page repeated the records of an earlier one")
            self._contents.add(content)
