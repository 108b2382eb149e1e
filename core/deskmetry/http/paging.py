"""Paging: reads page after page until the vendor says that there are no more, and never stands still."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..errors import BadResponse, CursorRefused, SourceError, StuckStream
from .answer import MISSING, Answer, dig
from .call import Call
from .failure import LATER, TooMuch
from .limiter import family_of
from .policy import Prior
from .steps import Step, Steps

if TYPE_CHECKING:
    import httpx

    from .client import HttpClient

_EMPTY_PAGES = 1000  # in a row; some vendors filter after they have cut the pages, so that a few are normal
# How vendors answer a cursor that has expired or that they no longer understand.
_REFUSING = {400, 410, 422}


@dataclass(frozen=True, slots=True)
class Batch:
    """One page: its records, its whole JSON, and where to go on.

    `token` is the vendor's own: the next link or cursor, or at the end the one that this page was read with.
    None if there is none; numbered pages have none, because their numbers move.
    """

    items: list[Any] = field(repr=False)
    json: Any = field(repr=False)
    token: Any = None

    def at(self, path: str) -> Any:
        """Return the value at a dotted path of the JSON, None if it isn't there."""
        found = dig(self.json, path)
        return None if found is MISSING else found


@dataclass(slots=True)
class Pager:
    """One reading of a list, from its first page or from a token on."""

    client: HttpClient
    url: httpx.URL
    params: Mapping[str, Any]
    items: str
    steps: Steps
    more: str | None
    end: str | None
    page_size: tuple[str, int] | None
    post: bool
    prior: Prior | None = None
    size: int = 0

    def batches(self, start: Any) -> Iterator[Batch]:
        """Yield pages; raise StuckStream if one repeats, CursorRefused if the vendor doesn't take `start`."""
        if self.page_size is not None:
            self.size = min(self.page_size[1], self.client.sizes.get(self._family, self.page_size[1]))
        step = self.steps.make(self.client.origin, self.url, start)
        answer = self._first(step, start)
        empty = 0
        while True:
            empty = 0 if answer.items else empty + 1
            if empty > _EMPTY_PAGES:
                raise StuckStream(self.url.path, f"more than {_EMPTY_PAGES} empty pages came in a row")
            following = step.following(answer)
            token = following if step.resumable and following is not None else step.token
            yield Batch(answer.items, answer.json, token)
            if not self._goes_on(answer, following):
                return
            step.advance(following)
            last, answer = answer, self._read(step)
            if answer.items and answer.items == last.items:
                raise StuckStream(self.url.path, "a page came twice with the same content")

    @property
    def _family(self) -> str:
        return family_of(self.url.path)

    def _first(self, step: Step, start: Any) -> Answer:
        try:
            return self._read(step)
        except SourceError as error:
            if start is None or error.data.get("status") not in _REFUSING:
                raise
            raise CursorRefused(
                f"The vendor doesn't take the cursor of the last run any more: {error.message}",
                "The stream is read again from its watermark.",
                status=error.data["status"],
            ) from None

    def _goes_on(self, answer: Answer, following: Any) -> bool:
        """Tell whether pages follow; what the vendor was declared to say, it must say."""
        if self.end is not None:
            on = not self._flag(answer, self.end)
        elif self.more is not None:
            on = self._flag(answer, self.more)
        else:
            return following is not None
        if on and following is None:
            raise BadResponse(f"{self.url.path} says that pages follow, but not where they are.", LATER)
        return on

    def _flag(self, answer: Answer, path: str) -> bool:
        value = answer.at(path)
        if not isinstance(value, bool):
            raise BadResponse(f"{self.url.path} doesn't say at {path!r} whether pages follow.", LATER)
        return value

    def _read(self, step: Step) -> Answer:
        """Read the page that the step stands on; halve it as long as the server finds it too big."""
        while True:
            try:
                answer = self.client.read(self._call(step))
            except TooMuch:
                self.client.count_retry()
                self.size = step.resized(self.size, self.size // 2)
                continue
            if self.page_size is not None and self.size < self.page_size[1]:
                self.client.sizes[self._family] = self.size
            return answer

    def _call(self, step: Step) -> Call:
        size: dict[str, Any] = {self.page_size[0]: self.size} if self.page_size is not None else {}
        shrunk = self.page_size is not None and self.size < self.page_size[1]
        url, params = step.ask({**self.params, **size}, size if shrunk else {})
        shrinkable = self.page_size is not None and self.size > 1
        if self.post:
            return Call("POST", url, _nested(params), self.items, shrinkable, self.prior)
        address = url.copy_merge_params(params) if params else url
        return Call("GET", address, None, self.items, shrinkable, self.prior)


def _nested(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters as a JSON body, dotted names as objects within objects."""
    body: dict[str, Any] = {}
    for name, value in params.items():
        *outer, last = name.split(".")
        inner = body
        for part in outer:
            inner[part] = {**inner.get(part, {})}
            inner = inner[part]
        inner[last] = value
    return body
