"""Api: the endpoints of an emulated account, its limits, its plan and its doors."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from . import csat, sla
from .company import Company
from .data import Json
from .doors import TOKEN, Doors
from .exports import Index, RefusedError, cursor_page, start_of, time_page
from .faults import Faults
from .live import chat_user, live_page
from .plain import count_of, many
from .rows import audit_row, comment_row, rating_row, ticket_row, user_row, users_of

MINUTE = 60
_LISTS = ("groups", "brands", "ticket_fields", "ticket_forms")
_PLAIN = {
    "custom_statuses": ("custom_statuses", "custom_statuses"),
    "satisfaction_reasons": ("reasons", "reasons"),
    "business_hours/schedules": ("schedules", "schedules"),
}
_BUCKET = "zendesk-ratelimit-incremental-exports"


@dataclass(slots=True)
class Reply:
    """An answer to be sent: JSON, or a text as it is."""

    json: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    text: str | None = None


class Api:
    """Answers requests out of a company, as far as its faults let it."""

    def __init__(self, company: Company, faults: Faults, token: str = TOKEN) -> None:
        self.company = company
        self.faults = faults
        self._index = Index(company)
        self._left = faults.limit
        self.doors = Doors(company, faults, token)

    def answer(self, method: str, path: str, query: dict[str, str], door: str, body: bytes) -> Reply:
        """Answer one request; RefusedError for those that are refused."""
        if method == "POST" and path == "/oauth/tokens":
            return Reply(*self.doors.exchange(json.loads(body)))
        name = path.removeprefix("/api/v2/").removesuffix(".json")
        apart = name.startswith("chat/") and self.faults.chat_token is not None
        who = chat_user(self.faults, door) if apart else self.doors.who(door)
        if name == "users/me":
            return Reply({"user": who or {"id": None, "name": "Anonymous user", "role": "end-user"}})
        if who is None:
            return Reply({"error": "Couldn't authenticate you"}, 401)
        self._plan(name, who)
        for word in list(self.faults.once):
            if word in name and self.faults.after:
                self.faults.after -= 1
            elif word in name:
                return Reply({"error": "Broken"}, self.faults.once.pop(word))
        if name.startswith("incremental/"):
            return self._export(name.removeprefix("incremental/"), query)
        found = live_page(self.company, self.faults, name, query)
        return Reply(self._list(name, query) if found is None else found)

    # --- the plan -------------------------------------------------------------------------------------

    def _plan(self, name: str, who: Json) -> None:
        if any(word in name for word in self.faults.missing):
            raise RefusedError(404, "InvalidEndpoint", "Not found")
        if any(word in name for word in self.faults.forbidden) or (
            name.startswith("incremental/") and who["role"] != "admin"
        ):
            raise RefusedError(403, "Forbidden", "You do not have access to this page")

    # --- exports --------------------------------------------------------------------------------------

    def _export(self, name: str, query: dict[str, str]) -> Reply:
        headers = self._limit()
        if headers.get("Retry-After") is not None or "429" in headers:
            headers.pop("429", None)
            words = "Number of allowed incremental export API requests per minute exceeded"
            return Reply({"error": "APIRateLimitExceeded", "description": words}, 429, headers)
        size = int(query.get("per_page") or query.get("page[size]", "1000"))
        if self.faults.too_big is not None and size > self.faults.too_big:
            return Reply(None, 504, headers | {"Content-Type": "text/plain"}, "upstream request timeout")
        if self.faults.refuse_cursors and "cursor" in query:
            raise RefusedError(400, "InvalidCursor", "The cursor has expired")
        if name == "ticket_metric_events":
            begin = start_of(query, self.company.now)
            return Reply(sla.page(self._index.rows(name), query, begin), headers=headers)
        kind = name.removesuffix("/cursor")
        rows = self._index.rows(kind)
        if kind == "tickets" and query.get("support_type_scope") != "all":
            rows = [row for row in rows if not row[2].ai_agent]
        if name.endswith("/cursor"):
            found, beside = cursor_page(rows, query, self.company.now, null_cursors=self.faults.null_cursors)
        else:
            found, beside = time_page(rows, query, self.company.now)
        return Reply(self._rows(kind, found, query) | beside, headers=headers)

    def _rows(self, kind: str, found: list[Any], query: dict[str, str]) -> Json:
        wanted = set(query.get("include", "").split(","))
        if kind == "users":
            return {"users": [user_row(one) for one in found]}
        if kind == "ticket_events":
            return {kind: [audit_row(one, comments="comment_events" in wanted) for one in found]}
        if kind == "tickets":
            rows: Json = {"tickets": [ticket_row(one, wanted) for one in found]}
            return rows | ({"users": users_of(self.company, found)} if "users" in wanted else {})
        return {kind: found}

    def _limit(self) -> dict[str, str]:
        """Take a request off the bucket; headers say what is left, or that nothing was."""
        if self.faults.throttle:
            self.faults.throttle -= 1
            again = {} if self.faults.retry_after is None else {"Retry-After": self.faults.retry_after}
            return {"429": "", **again}
        if self.faults.limit is None:
            return {"x-rate-limit": "700", "x-rate-limit-remaining": "699"}
        if not self._left:
            self._left = self.faults.limit
        self._left -= 1
        return {_BUCKET: f"total={self.faults.limit}; remaining={self._left}; resets=1"}

    # --- lists ----------------------------------------------------------------------------------------

    def _list(self, name: str, query: dict[str, str]) -> Json:
        company = self.company
        if name in _LISTS:
            rows: list[Json] = getattr(company, name)
            if name == "groups" and query.get("exclude_deleted") != "false":
                rows = [row for row in rows if not row["deleted"]]
            return _cut(name, rows, query)
        if name == "satisfaction_ratings":
            since = int(query.get("start_time", "0"))
            page = _cut(name, [one for one in company.ratings.values() if one.updated >= since], query)
            return page | {name: [rating_row(one) for one in page[name]]}
        if name == "guide/survey_responses":
            return csat.page(company, query, bare=self.faults.bare_surveys)
        if name in _PLAIN:
            kind, attribute = _PLAIN[name]
            return {kind: getattr(company, attribute)}
        if name == "guide/en-us/surveys":
            return csat.surveys()
        if name == "slas/policies":
            return {"sla_policies": company.sla_policies, "next_page": None, "previous_page": None}
        match name.split("/"):
            case [("tickets" | "users") as kind, "count"]:
                return count_of(company, kind)
            case ["tickets", "show_many"]:
                return many(company, query.get("ids", ""))
            case ["business_hours", "schedules", key, "holidays"]:
                return {"holidays": company.holidays.get(int(key), [])}
            case ["tickets", key, "comments"] if self._lives(int(key)):
                audits = [one for one in company.audits if one.ticket == int(key)]
                return _cut(
                    "comments", [comment_row(one) for audit in audits for one in audit.comments], query
                )
        raise RefusedError(404, "RecordNotFound", "Not found")

    def _lives(self, key: int) -> bool:
        return key in self.company.tickets and self.company.tickets[key].status != "deleted"


def _cut(name: str, rows: Sequence[Any], query: dict[str, str]) -> Json:
    """Return a page of a list by cursor; the last one has a cursor too, and says that nothing follows."""
    begin, size = int(query.get("page[after]", "0")), int(query.get("page[size]", "100"))
    found = rows[begin : begin + size]
    more = begin + size < len(rows)
    return {
        name: list(found),
        "meta": {"has_more": more, "after_cursor": str(begin + size), "before_cursor": None},
    }
