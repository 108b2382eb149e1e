"""Api: the methods of an emulated account, with what they refuse."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from deskmetry.testing.values import Request

from .company import Company, Thread
from .faults import Faults
from .rows import chat_row, summary_row

Json = dict[str, Any]
ACCOUNT = "d24fa41e-bc16-41b8-a15b-9ca45ff7e0cf"
PAT = "emulated:personal-access-token"
TOKEN = "emulated-token"  # noqa: S105 - opens nothing but the emulator
_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)")
_PATH = re.compile(r"/v3\.\d+/(agent|configuration)/action/\w+")
_MONTH = timedelta(days=30)
_BESIDE = frozenset({"filters", "limit", "sort_order"})


class RefusedError(Exception):
    """A request is refused: status, type and words as LiveChat gives them."""

    def __init__(
        self,
        status: int,
        kind: str,
        words: str,
        data: Json | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(words)
        self.status, self.type, self.data, self.headers = status, kind, data, headers or {}


def _invalid(words: str) -> RefusedError:
    return RefusedError(400, "validation", words)


class Api:
    """Answers requests out of a company."""

    def __init__(self, company: Company, faults: Faults, token: str = TOKEN) -> None:
        self._company = company
        self._token = token
        self._faults = faults

    def answer(self, request: Request, name: str, body: Any) -> Any:
        """Answer one request; RefusedError for those that are refused."""
        if request.method != "POST" or not _PATH.fullmatch(request.path):
            raise RefusedError(404, "not_found", "Not found")
        self._doors(request, name)
        if not isinstance(body, dict):
            raise _invalid("Wrong format of request")
        company = self._company
        match name:
            case "list_archives":
                return self._archives(body)
            case "list_chats":
                return self._running(body)
            case "get_chat":
                return self._chat(body)
            case "list_agents":
                return company.agents
            case "list_bots":
                return company.bots if body.get("all") is True else []
            case "list_groups":
                return company.groups
            case "list_tags":
                wanted = body.get("filters", {}).get("group_ids")
                if not isinstance(wanted, list):
                    raise _invalid("`filters.group_ids` is required")
                return [tag for tag in company.tags if set(tag["group_ids"]) & set(wanted)]
        raise RefusedError(404, "not_found", "Not found")

    def _doors(self, request: Request, name: str) -> None:
        pair = base64.b64encode(f"{ACCOUNT}:{PAT}".encode()).decode()
        if request.header("Authorization") not in (f"Basic {pair}", f"Bearer {self._token}"):
            raise RefusedError(401, "authentication", "Authentication error")
        region = self._faults.region
        if region is not None and request.header("X-Region") != region:
            raise RefusedError(421, "misdirected_request", "Wrong region", {"region": region})
        if any(word in name for word in self._faults.forbidden):
            raise RefusedError(403, "authorization", "Authorization error")
        if self._limited():
            again = self._faults.retry_after
            headers = {} if again is None else {"Retry-After": again}
            raise RefusedError(429, "too_many_requests", "Too many requests", headers=headers)

    def _limited(self) -> bool:
        faults = self._faults
        if faults.throttle:
            faults.throttle -= 1
            return True
        if faults.allowance:
            faults.allowance -= 1
            return False
        return faults.allowance is not None

    # --- lists -------------------------------------------------------------------------------------------

    def _archives(self, body: Json) -> Json:
        filters, order, begin, limit = self._place(body)
        shown = [one for one in self._company.threads.values() if self._shown(one)]
        if "thread_ids" in filters:
            ids = filters["thread_ids"]
            if len(filters) > 1 or len(ids) > 20 or body.keys() - {"filters"}:
                raise _invalid("`thread_ids`: at most 20, without other filters or pagination")
            rows = [one for one in shown if one.id in ids]
        else:
            rows = [one for one in shown if self._within(one, filters)]
        rows.sort(key=lambda one: (one.began, one.id), reverse=order == "desc")
        page = self._page(rows, filters, order, begin, limit)
        cut = rows[begin : begin + limit]
        return {"chats": [chat_row(self._company, one) for one in cut], "found_chats": len(rows)} | page

    def _running(self, body: Json) -> Json:
        filters, order, begin, limit = self._place(body)
        threads = list(self._company.threads.values())
        if filters.get("active") is not None:
            threads = [one for one in threads if one.active is filters["active"]]
        threads.sort(key=lambda one: (one.began, one.id), reverse=order == "desc")
        page = self._page(threads, filters, order, begin, limit)
        cut = threads[begin : begin + limit]
        rows = [summary_row(self._company, one) for one in cut]
        return {"chats_summary": rows, "found_chats": len(threads)} | page

    def _chat(self, body: Json) -> Json:
        found = [
            one
            for one in self._company.threads.values()
            if one.chat == body.get("chat_id") and body.get("thread_id") in (None, one.id)
        ]
        if not found:
            raise RefusedError(404, "not_found", "Not found")
        return chat_row(self._company, max(found, key=lambda one: one.began))

    def _shown(self, thread: Thread) -> bool:
        late = timedelta(seconds=self._faults.archived_late)
        return thread.ended is not None and thread.ended + late <= self._company.now

    def _within(self, thread: Thread, filters: Json) -> bool:
        at = thread.ended if self._faults.compares == "ended" else thread.began
        begin, end = (_instant(filters.get(name)) for name in ("from", "to"))
        return at is not None and (begin is None or at >= begin) and (end is None or at <= end)

    def _place(self, body: Json) -> tuple[Json, str, int, int]:
        """Return filters, order, offset and limit: those of the request, or those that its page_id holds."""
        if body.get("page_id") is not None:
            if beside := _BESIDE & body.keys():
                raise _invalid(f"`page_id` can't be used with {', '.join(sorted(beside))}")
            return self._resumed(body["page_id"])
        limit, order = body.get("limit", 10), body.get("sort_order", "desc")
        if not isinstance(limit, int) or not 1 <= limit <= 100 or order not in ("asc", "desc"):
            raise _invalid("`limit` must be 1 to 100, `sort_order` asc or desc")
        return body.get("filters") or {}, order, 0, limit

    def _resumed(self, page: Any) -> tuple[Json, str, int, int]:
        try:
            kept = json.loads(base64.b64decode(page, validate=True))
            issued = datetime.fromisoformat(kept["issued"])
        except (ValueError, TypeError, KeyError):
            raise _invalid("Invalid page_id") from None
        if self._company.now - issued > _MONTH:
            raise _invalid("Invalid page_id")
        return kept["filters"], kept["order"], kept["begin"], kept["limit"]

    def _page(self, rows: Iterable[Any], filters: Json, order: str, begin: int, limit: int) -> Json:
        places = {"next_page_id": begin + limit, "previous_page_id": begin - limit}
        count = len(list(rows))
        return {
            name: base64.b64encode(
                json.dumps(
                    {"filters": filters, "order": order, "begin": place, "limit": limit,
                     "issued": self._company.now.isoformat()}
                ).encode()
            ).decode()
            for name, place in places.items()
            if 0 <= place < count
        }  # fmt: skip


def _instant(value: Any) -> datetime | None:
    if value is None:
        return None
    if not isinstance(value, str) or not _STAMP.fullmatch(value):
        raise _invalid("from and to: YYYY-MM-DDTHH:MM:SS.ssssss+HH:MM")
    return datetime.fromisoformat(value)
