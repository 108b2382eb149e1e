"""Guard: what every page of a stream must keep to before it is taken."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from datetime import datetime, timedelta

from ..connector import Cursor, Page, StreamInfo
from ..connector.page import too_many_bad
from ..errors import SourceError, StuckStream, TooManyBadRecords
from ..records import RECORDS, Record

MARGIN = timedelta(seconds=5)
"""How far a watermark stays behind the server's clock: its machines disagree by a little, and rows that one
of them dates a moment ago may still be on their way."""
# What the writer raises because of the records that it is given, not because of the file.
UNSTORABLE = (
    sqlite3.IntegrityError,
    sqlite3.ProgrammingError,
    sqlite3.InterfaceError,
    sqlite3.DataError,
    TypeError,
    ValueError,
    AttributeError,
    LookupError,
    OverflowError,
    RecursionError,
)
_KNOWN = frozenset(RECORDS)


class PageGuard:
    """Watch one stream through one run: it must move, stay usable, and never trust a future date.

    `cursor` is where the stream stands. For an unsorted stream the watermark in it holds only once the last
    page was taken, so the pages are given on without it.
    """

    def __init__(self, info: StreamInfo, since: Cursor | None) -> None:
        self.cursor = since or Cursor()
        self._info = info
        self._known = self.cursor.watermark
        self._tokens: set[int] = set()  # hashes, since tokens can be long and pages many
        self._contents: set[int] = set()
        self._seen = 0
        self._bad = 0

    def take(self, page: Page, now: datetime) -> Page:
        """Return the page with a cursor that is safe to store; raise StuckStream if the stream stands still.

        The watermark stays `MARGIN` behind `now` (the server's clock where it is known) and never goes back.
        Raises SourceError for what isn't a page of records of the common schema.
        """
        records = self._records(page)
        self._must_move(page.cursor, records)
        if page.cursor is None:
            return replace(page, records=records)
        mark, before = page.cursor.watermark, self.cursor.watermark
        if mark is not None:
            mark = min(mark, now - MARGIN)
        if before is not None:
            mark = before if mark is None else max(mark, before)
        token = page.cursor.token if page.cursor.token is not None else self.cursor.token
        self.cursor = Cursor(token, mark)
        safe = self.cursor if self._info.sorted else Cursor(token, self._known)
        given = None if safe == Cursor() else safe
        return replace(page, records=records, cursor=given)

    def count(self, page: Page) -> None:
        """Raise TooManyBadRecords once more of the stream is unusable than a few odd records explain."""
        self._seen += len(page.records) + len(page.rejected)
        self._bad += len(page.rejected)
        if too_many_bad(self._bad, self._seen):
            reason = page.rejected[-1].reason if page.rejected else "see the quarantine"
            raise TooManyBadRecords(self._info.name, self._bad, self._seen, reason)

    def _records(self, page: object) -> tuple[Record, ...]:
        if not isinstance(page, Page):
            raise self._fault(f"yielded {type(page).__name__} instead of a Page")
        records = tuple(page.records)
        for record in records:
            if type(record) not in _KNOWN:
                raise self._fault(f"yielded {type(record).__name__}, which isn't in the common schema")
        return records

    def _fault(self, what: str) -> SourceError:
        return SourceError(
            f"Stream {self._info.name!r} {what}.", "Use `self.page(items, mapper)` in the connector."
        )

    def _must_move(self, cursor: Cursor | None, records: tuple[Record, ...]) -> None:
        if cursor is not None and cursor.token is not None:
            token = hash(json.dumps(cursor.token, sort_keys=True))
            if token in self._tokens:
                raise StuckStream(self._info.name, "a page repeated the cursor of an earlier one")
            self._tokens.add(token)
        if records:
            content = hash(tuple((r.table, r.id, r.version, r.__dict__.get("updated_at")) for r in records))
            if content in self._contents:
                raise StuckStream(self._info.name, "a page repeated the records of an earlier one")
            self._contents.add(content)
