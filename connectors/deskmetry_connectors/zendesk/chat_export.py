"""Chat export: chats in the order in which they changed, page after page, and where their reading stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from deskmetry.connector import Cursor, Page
from deskmetry.errors import AuthenticationFailed, BadResponse, CursorRefused, StreamSkipped
from deskmetry.http.policy import Prior
from deskmetry.records import from_epoch

from .chat_mapping import ChatMapping
from .pages import EXCLUDED, at, objects

if TYPE_CHECKING:
    from deskmetry.http import Batch, HttpClient

    from .settings import ZendeskSettings

PATH = "/api/v2/chat/incremental/chats"
LAG = timedelta(minutes=5)
"""The export leaves the last five minutes out, and refuses a start in them."""
_PRIOR = Prior("chat export", requests=200, seconds=60.0)
_START = 0
Place = tuple[int, str]
"""Where a page ends: the Unix second of the last change on it, and the id of that chat."""


class ChatExport:
    """One reading of the chat export. mapping keeps what a run must know of the ones before it."""

    def __init__(self, desk: ZendeskSettings, mapping: ChatMapping, since: Cursor | None) -> None:
        self._desk = desk
        self._mapping = mapping
        token = since.token if since is not None else None
        self._known = _place(token)
        self._mark = since.watermark if since is not None else None
        mapping.alone.load(token.get("alone") if isinstance(token, Mapping) else None)

    def pages(self) -> Iterator[Page]:
        """Yield chats; ones that were read before come again over `chat_overlap`, and change nothing."""
        with client_of(self._desk) as http:
            place = self._begin(http)
            before: dict[str, Any] = {}
            heard: datetime | None = None
            while True:
                batch = self._read(http, place)
                heard = heard or http.server_time or self._desk.now()
                if not batch.items:
                    # Where nobody ever chatted, nothing holds the other streams back.
                    none = self._known is None and not before
                    yield replace(Page(()), complete_until=heard - (EXCLUDED if none else LAG))
                    return
                end = _end(batch)
                rows = [row for row in batch.items if before.get(_key(row)) != row]
                before = {_key(row): row for row in objects(batch.items)}
                yield self._page(rows, end, heard - LAG)
                if end == place:  # the last chat comes with every page
                    return
                place = end

    def _begin(self, http: HttpClient) -> Place:
        """Return where the reading begins; not within the last five minutes, whatever the token says."""
        latest = int(((http.server_time or self._desk.now()) - LAG).timestamp()) - 1
        if self._known is not None:
            second = min(self._known[0] - int(self._desk.chat_overlap.total_seconds()), latest)
            return self._known if second == self._known[0] else (max(second, _START), "")
        begin = _START if self._mark is None else int(self._mark.timestamp())
        return max(min(begin, latest), _START), ""

    def _read(self, http: HttpClient, place: Place) -> Batch:
        start, key = place
        params = {"fields": "chats(*)", "start_time": start, "start_id": key or None}
        size = ("limit", self._desk.page_size)
        # Where to go on is two values, so each page is asked for by itself.
        pages = http.pages(PATH, params, items="chats", next_cursor="end_id", page_size=size, prior=_PRIOR)
        return next(pages)

    def _page(self, rows: list[Any], end: Place, until: datetime) -> Page:
        page = self._desk.page(rows, self._mapping.chat)
        if self._known is not None and end <= self._known:
            return replace(page, complete_until=until)
        self._known = end
        token = {"at": list(end), "alone": self._mapping.alone.dump()}
        return at(page, token, from_epoch(seconds=end[0]), until)


@contextmanager
def client_of(desk: ZendeskSettings) -> Iterator[HttpClient]:
    """Lend the client that Zendesk Chat is asked with: it may want a token of its own."""
    if desk.chat_token is None:
        try:
            yield desk.http
        except AuthenticationFailed as error:
            raise StreamSkipped(
                "Zendesk Chat doesn't take the credentials of Support.",
                "Give it a token of its own: `chat_token`. Where there is no Chat, `skip` stops asking.",
                **error.data,
            ) from None
        return
    from deskmetry.http import HttpClient

    header = {"Authorization": f"Bearer {desk.chat_token.get_secret_value()}"}
    account = f"chat of {desk.account()}"
    http = HttpClient(desk.url, lambda: header, desk.context, account=account, clock=desk.context.clock)
    try:
        yield http
    except AuthenticationFailed:
        raise AuthenticationFailed(
            f"{desk.url} refuses `chat_token`.",
            "Make a new one for Zendesk Chat (Settings > Account > API & SDKs), with the scopes `read chat`.",
        ) from None
    finally:
        http.close()


def _place(token: Any) -> Place | None:
    if token is None:
        return None
    found = token.get("at") if isinstance(token, Mapping) else None
    match found:
        case [int(second), str(key)]:
            return second, key
    raise CursorRefused(
        "The cursor of the last run is no place in the chat export.",
        "The stream is read from its watermark.",
    )


def _end(batch: Batch) -> Place:
    """Return where a page ends; BadResponse if it doesn't say, since nobody knows then what follows."""
    second, key = batch.at("end_time"), batch.at("end_id")
    if isinstance(second, bool) or not isinstance(second, int | float) or not isinstance(key, str | int):
        raise BadResponse(f"{PATH} doesn't say where a page of chats ends.", "Sync again later.")
    return int(second), str(key)


def _key(row: Any) -> str:
    return str(row.get("id")) if isinstance(row, Mapping) else ""
