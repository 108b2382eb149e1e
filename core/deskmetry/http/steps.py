"""Steps: the five ways in which vendors say which page is next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from ..errors import BadResponse, CursorRefused, SourceError, StuckStream
from .answer import Answer
from .failure import LATER
from .origin import Origin

if TYPE_CHECKING:
    import httpx

Params = dict[str, Any]
_FALL_BACK = "The stream is read again from its watermark."


class Step(Protocol):
    """Where a reading stands."""

    token: Any
    resumable: bool

    def ask(self, params: Params, always: Params, /) -> tuple[httpx.URL, Params]:
        """Return address and parameters of the page; `always` are those that even a link must be given."""

    def following(self, answer: Answer) -> Any:
        """Return the token of the next page, None if there is none; BadResponse if it can't be one."""

    def advance(self, following: Any, /) -> None:
        """Go to the next page; StuckStream if this reading has been there."""

    def resized(self, size: int, wanted: int, /) -> int:
        """Return the page size to go on with, at most the wanted one, so that no record is left out."""


@dataclass(frozen=True, slots=True)
class Steps:
    """Which of the ways a list goes, and under what names."""

    next_url: str | None
    next_cursor: str | None
    cursor_param: str
    cursor_alone: bool
    page_param: str | None
    first_page: int
    offset_param: str | None
    total: str | None
    next_header: bool = False

    def __post_init__(self) -> None:
        ways = (self.next_url, self.next_cursor, self.page_param, self.offset_param, self.next_header or None)
        if sum(way is not None for way in ways) != 1:
            raise TypeError(
                "give exactly one of next_url, next_header, next_cursor, page_param and offset_param"
            )

    def make(self, origin: Origin, url: httpx.URL, start: Any) -> Step:
        """Return the first step: the list's beginning, or the page that an earlier token names."""
        if self.next_url is not None or self.next_header:
            return LinkStep(origin, url, self.next_url, start)
        if self.next_cursor is not None:
            return CursorStep(url, self.next_cursor, self.cursor_param, self.cursor_alone, start)
        if start is not None:
            raise CursorRefused("Numbered pages can't be taken up again.", _FALL_BACK)
        return NumberStep(url, self.page_param, self.first_page, self.offset_param, self.total)


class LinkStep:
    """Each answer holds the address of the next page, at a path or (without one) in its `Link` header."""

    resumable = True

    def __init__(self, origin: Origin, url: httpx.URL, path: str | None, start: Any) -> None:
        self._origin = origin
        self._path = path
        self._url = url if start is None else self._resumed(url, start)
        self.token = start
        self._seen = {str(self._url)}

    def _resumed(self, url: httpx.URL, start: Any) -> httpx.URL:
        try:
            return self._origin.follow(
                url, start if isinstance(start, str) else "", "The link of the last run"
            )
        except SourceError as error:
            raise CursorRefused(error.message, _FALL_BACK) from None

    def ask(self, params: Params, always: Params) -> tuple[httpx.URL, Params]:
        """Links carry their own parameters."""
        asked = params if self.token is None else always
        if self.token is None:
            self._seen.add(str(self._url.copy_merge_params(params)))
        return self._url, asked

    def following(self, answer: Answer) -> Any:
        """Return the next link, whole."""
        link = _header_link(answer) if self._path is None else answer.at(self._path)
        if link is None or link == "":
            return None
        if not isinstance(link, str):
            raise BadResponse(f"The next link at {self._path!r} isn't a text.", LATER)
        return str(self._origin.follow(answer.url, link, "A next link"))

    def advance(self, following: Any) -> None:
        """Follow the link."""
        if following in self._seen:
            raise StuckStream(self._url.path, "a next link leads to a page that was read already")
        self._seen.add(following)
        self._url, self.token = self._url.join(following), following

    def resized(self, _size: int, wanted: int) -> int:
        """Links know their place whatever the size."""
        return wanted


class CursorStep:
    """Each answer holds a value that asks for the next page."""

    resumable = True

    def __init__(self, url: httpx.URL, path: str, param: str, alone: bool, start: Any) -> None:
        self._url = url
        self._path = path
        self._param = param
        self._alone = alone
        if start is not None and not _is_cursor(start):
            raise CursorRefused("The cursor of the last run is neither a text nor a number.", _FALL_BACK)
        self.token = start
        self._seen = {start}

    def ask(self, params: Params, _always: Params) -> tuple[httpx.URL, Params]:
        """Return the parameters with the cursor among them."""
        if self.token is None:
            return self._url, params
        return self._url, {**({} if self._alone else params), self._param: self.token}

    def following(self, answer: Answer) -> Any:
        """Return the next cursor."""
        cursor = answer.at(self._path)
        if cursor is None or cursor == "":
            return None
        if not _is_cursor(cursor):
            raise BadResponse(f"The cursor at {self._path!r} is neither a text nor a number.", LATER)
        return cursor

    def advance(self, following: Any) -> None:
        """Take the cursor."""
        if following in self._seen:
            raise StuckStream(self._url.path, "a cursor came twice")
        self._seen.add(following)
        self.token = following

    def resized(self, _size: int, wanted: int) -> int:
        """Cursors know their place whatever the size."""
        return wanted


class NumberStep:
    """Pages or items are numbered; the list ends with an empty page, or at its declared total."""

    token: Any = None
    resumable = False

    def __init__(
        self, url: httpx.URL, page: str | None, first: int, offset: str | None, total: str | None
    ) -> None:
        self._url = url
        self._page = page
        self._first = first
        self._offset = offset
        self._total = total
        self._pages = 0
        self._items = 0
        self._next_items = 0

    def ask(self, params: Params, _always: Params) -> tuple[httpx.URL, Params]:
        """Return the parameters with the number among them."""
        if self._offset is not None:
            return self._url, {**params, self._offset: self._items}
        return self._url, {**params, str(self._page): self._first + self._pages}

    def following(self, answer: Answer) -> Any:
        """Return how many items were read if more may follow."""
        self._next_items = self._items + len(answer.items)
        total = None if self._total is None else answer.at(self._total)
        if self._total is not None and (not isinstance(total, int) or isinstance(total, bool)):
            raise BadResponse(f"The count at {self._total!r} isn't a number.", LATER)
        done = not answer.items or (total is not None and self._next_items >= total)
        return None if done else self._next_items

    def advance(self, _following: Any) -> None:
        """Go to the next number."""
        self._items = self._next_items
        self._pages += 1

    def resized(self, size: int, wanted: int) -> int:
        """Return a size that divides what was read, so that the next page begins where the last one ended."""
        if self._offset is None:
            read = self._pages * size
            wanted = next(number for number in range(wanted, 0, -1) if read % number == 0)
            self._pages = read // wanted
        return wanted


def _header_link(answer: Answer) -> str | None:
    """Return the address of `Link: <…>; rel="next"` (RFC 8288), None if the answer has none."""
    from httpx import Response

    return Response(answer.status, headers=dict(answer.headers)).links.get("next", {}).get("url")


def _is_cursor(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)
