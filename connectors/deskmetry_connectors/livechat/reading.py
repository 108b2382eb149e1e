"""Reading: requests to LiveChat, which are all POSTs with a JSON body."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deskmetry.http import Batch, HttpClient

THREADS_A_REQUEST = 10
"""`thread_ids` takes 20, but can't be paged, and a page is 10 unless told otherwise."""


def stamp(at: datetime) -> str:
    """Return an instant as LiveChat wants it: RFC 3339 with six digits of microseconds."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


class Api:
    """The methods of one version of the Agent Chat and Configuration APIs."""

    def __init__(self, http: HttpClient, version: str) -> None:
        self._http = http
        self._agent = f"/{version}/agent/action"
        self._configuration = f"/{version}/configuration/action"

    def archives(self, begin: datetime | None, end: datetime | None, limit: int) -> Iterator[Batch]:
        """Read the threads of a span, oldest first; open where None."""
        params = {
            "filters.from": stamp(begin) if begin else None,
            "filters.to": stamp(end) if end else None,
            "sort_order": "asc",
            "limit": limit,
        }
        return self._pages("list_archives", params, "chats")

    def threads(self, ids: Sequence[str]) -> list[Any]:
        """Read some threads, at most `THREADS_A_REQUEST`; those that aren't archived are missing."""
        body = {"filters": {"thread_ids": list(ids)}}
        return self._http.post_json(f"{self._agent}/list_archives", body, items="chats").items

    def running(self, limit: int) -> Iterator[Batch]:
        """Read summaries of the chats that run now."""
        params = {"filters.active": True, "filters.include_chats_without_threads": False, "limit": limit}
        return self._pages("list_chats", params, "chats_summary")

    def chat(self, chat: str, thread: str) -> Any:
        """Read one chat with one of its threads."""
        return self._http.post_json(f"{self._agent}/get_chat", {"chat_id": chat, "thread_id": thread}).json

    def configured(self, method: str, body: Any = None) -> list[Any]:
        """Read a list of the configuration, which comes whole."""
        return self._http.post_json(f"{self._configuration}/{method}", body or {}, items="").items

    def _pages(self, method: str, params: dict[str, Any], items: str) -> Iterator[Batch]:
        # `page_id` alone: with filters, limit or order beside it the request is refused.
        return self._http.pages(
            f"{self._agent}/{method}",
            params,
            items=items,
            next_cursor="next_page_id",
            cursor_param="page_id",
            cursor_alone=True,
            post=True,
        )
