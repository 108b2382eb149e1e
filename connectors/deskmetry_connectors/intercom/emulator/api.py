"""Api: the endpoints of an emulated workspace, its searches, its limits and its doors."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .company import DAY, WORKSPACE, Company
from .data import Json
from .faults import Faults
from .rows import admin_row, contact_row, item, whole

TOKEN = "emulated-token"  # noqa: S105 - opens nothing but the emulator
WINDOW = 10  # seconds of one portion of the limit
MOST = 150
_DEFAULT = {"conversations": 20, "contacts": 50}


@dataclass(slots=True)
class Reply:
    """An answer to be sent."""

    json: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class Api:
    """Answers requests out of a company, as far as its faults let it."""

    def __init__(self, company: Company, faults: Faults, token: str = TOKEN) -> None:
        self.company = company
        self.faults = faults
        self._door = f"Bearer {token}"
        self._left = faults.limit

    def answer(self, method: str, path: str, query: Mapping[str, str], door: str, body: bytes) -> Reply:
        """Answer one request."""
        if door != self._door:
            return _error(401, "unauthorized", "Access Token Invalid")
        if any(word in path for word in self.faults.forbidden):
            return _error(403, "api_plan_restricted", "Active subscription needed.")
        if any(word in path for word in self.faults.missing):
            return _error(404, "not_found", "Resource Not Found")
        if self.faults.throttle:
            self.faults.throttle -= 1
            return _error(429, "rate_limit_exceeded", "Exceeded rate limit", self._limits(0))
        if self._left == 0:
            self._left = self.faults.limit
            return _error(429, "rate_limit_exceeded", "Exceeded rate limit", self._limits(0))
        reply = self._endpoint(method, path, query, body)
        if self._left is not None:
            self._left -= 1
            reply.headers |= self._limits(self._left)
            self._left = self._left or self.faults.limit  # whoever waits finds a new window
        return reply

    def _endpoint(self, method: str, path: str, query: Mapping[str, str], body: bytes) -> Reply:
        company = self.company
        if method == "POST" and path in ("/conversations/search", "/contacts/search"):
            return self._search(path.split("/")[1], json.loads(body))
        if path == "/me":
            app = {"type": "app", "id_code": WORKSPACE, "name": "Acme", "timezone": "Europe/Dublin"}
            return Reply(
                {"type": "admin", "id": "1", "name": "Agent 0", "email": "a@acme.example", "app": app}
            )
        if path == "/admins":
            admins = [admin_row(key, one) for key, one in company.admins.items()]
            return Reply({"type": "admin.list", "admins": admins})
        if path == "/teams":
            return Reply({"type": "team.list", "teams": [{"type": "team"} | one for one in company.teams]})
        key = path.removeprefix("/conversations/")
        if key in company.conversations and key not in self.faults.vanish:
            plaintext = query.get("display_as") == "plaintext"
            return Reply(whole(company.conversations[key], company, plaintext, self.faults))
        return _error(404, "not_found", "Resource Not Found")

    def _search(self, what: str, asked: Json) -> Reply:
        """Answer a search: in no order that anybody was promised, and with cursors that are mere places."""
        paging = asked.get("pagination") or {}
        size, after = min(int(paging.get("per_page", _DEFAULT[what])), MOST), paging.get("starting_after")
        if after is not None and self.faults.refuse_cursors:
            return _error(400, "parameter_invalid", "starting_after is not valid")
        rows = self._rows(what)
        try:
            found = [row for row in rows if _matches(row, asked["query"], self._comparing(what))]
        except ValueError as error:
            return _error(400, "parameter_invalid", str(error))
        found.sort(key=lambda row: hashlib.sha256(str(row["id"]).encode()).hexdigest())
        begin = int(base64.b64decode(after)) if after is not None else 0
        page, end = found[begin : begin + size], begin + size
        pages: Json = {
            "type": "pages", "page": begin // size + 1, "per_page": size,
            "total_pages": -(-len(found) // size),
        }  # fmt: skip
        if end < len(found):
            pages["next"] = {"per_page": size, "starting_after": base64.b64encode(str(end).encode()).decode()}
        name, kind = (what, "conversation.list") if what == "conversations" else ("data", "list")
        return Reply({"type": kind, name: page, "total_count": len(found), "pages": pages})

    def _rows(self, what: str) -> list[Json]:
        now = self.company.now
        if what == "contacts":
            return [contact_row(one) for one in self.company.contacts.values() if not one.merged]
        return [item(one) for one in self.company.conversations.values() if one.shown <= now]

    def _comparing(self, what: str) -> Callable[[int, str, int], bool]:
        by_day = what == "contacts" or self.faults.by_day
        return _by_day if by_day else _by_second

    def _limits(self, left: int) -> dict[str, str]:
        limit = self.faults.limit or 1
        return {
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(left),
            "X-RateLimit-Reset": str(self.company.now + WINDOW),
        }


def _matches(row: Json, query: Json, compare: Callable[[int, str, int], bool]) -> bool:
    """Tell whether a row is found by a filter, or by filters joined with AND."""
    if "field" not in query:
        return all(_matches(row, one, compare) for one in query["value"])
    value = row.get(query["field"])
    if query["operator"] not in ("=", "<", ">"):
        raise ValueError(f"operator {query['operator']} is not supported on date fields")
    return isinstance(value, int) and compare(value, query["operator"], int(query["value"]))


def _by_second(value: int, operator: str, asked: int) -> bool:
    return {"=": value == asked, "<": value < asked, ">": value > asked}[operator]


def _by_day(value: int, operator: str, asked: int) -> bool:
    """Compare as the search of contacts does: `>` begins with the day after."""
    day = asked // DAY * DAY
    return {"=": day <= value < day + DAY, "<": value < day, ">": value >= day + DAY}[operator]


def _error(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> Reply:
    told = {"type": "error.list", "request_id": "r", "errors": [{"code": code, "message": message}]}
    return Reply(told, status, headers or {})
