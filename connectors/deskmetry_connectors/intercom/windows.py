"""Windows: conversations that changed within closed spans of time, in whatever order a search gives them."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from deskmetry.errors import BadResponse

if TYPE_CHECKING:
    from deskmetry.http import Batch, HttpClient

log = logging.getLogger(__name__)
SEARCH = "/conversations/search"
ITEMS = "conversations"
DAY = 86_400
_SLACK = 2 * DAY  # a search that compares whole days of some zone leaves out nothing within it
_PASSES = 5
_WITNESSES = 3
_CURSOR = "pages.next.starting_after"


@dataclass(frozen=True, slots=True)
class Window:
    """Everything that changed from `first` to `last`, both included; Unix seconds."""

    first: int
    last: int
    rows: list[Any] = field(repr=False)


@dataclass(slots=True)
class WindowReader:
    """Reads windows of `updated_at`, each small enough for one answer, so that nothing moves meanwhile.

    Only a second in which more changed than fits is read by pages, again until nothing new comes. fine:
    whether the search compares seconds (not confirmed; the one of contacts compares days); None until rows
    have shown it. A search by days is asked for more on both sides, and what lies outside is left out here.
    """

    http: HttpClient
    page_size: int
    fine: bool | None = None
    basis: str = "updated_at"
    _ahead: set[tuple[str, int]] = field(default_factory=set)

    def windows(self, first: int, last: int) -> Iterator[Window]:
        """Yield windows from one second to another, oldest first, without gaps; halved until they fit.

        Each is given once the next one was read too: an answer that is given out twice shows only then.
        """
        width, held = last - first + 1, None
        while first <= last:
            end = min(first + width - 1, last)
            rows = self._rows(first, end)
            if rows is None:
                width = max((end - first + 1) // 2, 1)
                continue
            if held is not None:
                yield held
            self._ahead = {one for one in self._ahead if one[1] > end}
            held = Window(first, end, rows)
            first = end + 1
            width = width * 2 if len(rows) * 2 <= self.page_size else width
        if held is not None:
            yield held

    def _rows(self, first: int, last: int) -> list[Any] | None:
        """Return the rows of a window; None if it has to be split."""
        fine = self.fine
        batch = next(self._search(first, last))
        self._note(batch.items, first, last, fine=fine is True)
        if fine is None:
            self.fine = self._compares_seconds(batch.items)
        if batch.at(_CURSOR) is None:
            rows = batch.items
        elif last - first + 1 > (1 if self.fine else DAY):
            return None
        else:
            rows = self._stable(first, last)
        # What a search by days brought beside; rows that can't be read are kept, to be set aside.
        return [row for row in rows if fine or (at := self._at(row)) is None or first <= at <= last]

    def _stable(self, first: int, last: int) -> list[Any]:
        """Read all pages, again until a pass brings nothing new: rows move while they are read."""
        known: dict[Any, Any] = {}
        for number in range(_PASSES):
            seen: set[str] = set()
            new, totals = 0, set()
            for batch in self._search(first, last):
                totals.add(batch.at("total_count"))
                for row in batch.items:
                    key = _key(row)
                    seen.add(key)
                    new += key not in known
                    known[key] = row
            # A total that stayed the same and was reached: nothing moved. Else a pass must bring nothing new.
            if totals == {len(seen)} or (number and not new):
                return list(known.values())
        raise BadResponse(
            f"{SEARCH} brought other conversations each of {_PASSES} times.", "Sync again later."
        )

    def _search(self, first: int, last: int) -> Iterator[Batch]:
        slack = 0 if self.fine else _SLACK
        query = between(self.basis, first - slack, last + slack)
        return self.http.pages(
            SEARCH,
            {"query": query},
            items=ITEMS,
            next_cursor=_CURSOR,
            cursor_param="pagination.starting_after",
            page_size=("pagination.per_page", self.page_size),
            post=True,
        )

    def _compares_seconds(self, rows: list[Any]) -> bool | None:
        """Ask for the very second of a row that is known: a search by days finds nothing there.

        None if there is no row to ask for.
        """
        stamps = [at for row in rows if (at := self._at(row)) is not None]
        for at in stamps[:_WITNESSES]:
            asked = {"query": between(self.basis, at, at), "pagination": {"per_page": 1}}
            if self.http.post_json(SEARCH, asked, items=ITEMS).items:
                return True
        return False if stamps else None

    def _note(self, rows: list[Any], first: int, last: int, *, fine: bool) -> None:
        """Raise BadResponse for an answer to another question: a page that is given out again.

        No search by seconds brings what is from before, or again what another answer had from later. A row
        that is later and new may have changed while it was searched for; reading it now does no harm.
        """
        dated = [(_key(row), at) for row in rows if (at := self._at(row)) is not None]
        if fine and any(at < first - 1 or (at > last + 1 and (key, at) in self._ahead) for key, at in dated):
            raise BadResponse(
                f"{SEARCH} answered with conversations from outside the time that was asked for.",
                "Sync again later.",
            )
        self._ahead |= {one for one in dated if one[1] >= first}

    def _at(self, row: Any) -> int | None:
        found = row.get(self.basis) if isinstance(row, Mapping) else None
        return found if isinstance(found, int) and not isinstance(found, bool) else None


def between(name: str, first: int, last: int) -> dict[str, Any]:
    """Return the filter for a span of seconds, both included, whether or not `>` includes its value."""
    return {
        "operator": "AND",
        "value": [
            {"field": name, "operator": ">", "value": first - 1},
            {"field": name, "operator": "<", "value": last + 1},
        ],
    }


def _key(row: Any) -> str:
    found = row.get("id") if isinstance(row, Mapping) else None
    return repr(row) if found is None else str(found)
