"""Server: an emulated account behind HTTP on a loopback address, with its limits and its doors."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from deskmetry.testing import EmulatedServer, Reply, Request

from .company import Company, Json

TOKEN = "emulated-token"  # noqa: S105 - opens nothing but the emulator
_DAY, _MINUTE = 86_400, 60
_LIMIT = "X-Ratelimit-App-Global"


@dataclass(slots=True)
class Faults:
    """What goes wrong, and what the account lacks.

    a_day, a_minute: requests that the app may make, shown in the headers; the day ends at midnight UTC, the
    minute here when a client comes back. exclusive: `start_modified_at` leaves out its own second.
    bare_messages: the list of messages has only ids. forbidden: words in paths that the app may not read
    (403), and what is said then. unsorted: the order asked for is ignored, newest first.
    """

    a_day: int = 500_000
    a_minute: int = 120_000
    exclusive: bool = False
    bare_messages: bool = False
    forbidden: dict[str, str] = field(default_factory=dict)
    unsorted: bool = False


class _RefusedError(Exception):
    def __init__(
        self, status: int, number: str, name: str, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(name)
        self.status, self.headers = status, dict(headers or {})
        self.json = {"error": {"id": number, "name": name, "message": message, "http_status_code": status}}


class Emulator(EmulatedServer[tuple[str, dict[str, str]]]):
    """An account at `url`, while the `with` lasts. `log` holds every request, `counts` how many by path.

    port, cache: as for every emulated server. token: what bearers of it are let in with.
    """

    def __init__(
        self,
        company: Company,
        faults: Faults | None = None,
        *,
        token: str = TOKEN,
        port: int = 0,
        cache: bool = False,
    ) -> None:
        super().__init__(port=port, cache=cache)
        self.company = company
        self.faults = faults or Faults()
        self._token = token
        self._spent: dict[str, int] = {}

    def clock(self) -> float:
        """Return the account's own time, Unix seconds."""
        return self.company.now

    def entry(self, request: Request) -> tuple[str, dict[str, str]]:
        """Return path and query."""
        return request.path, request.query

    def place(self, entry: tuple[str, dict[str, str]]) -> str:
        """Return the path."""
        return entry[0]

    def reply(self, request: Request) -> Reply:
        """Answer one request."""
        headers: dict[str, str] = {}
        try:
            if request.header("Authorization").lower() != f"bearer {self._token}":
                raise _RefusedError(
                    401, "1011", "Authorization Error", "The authorization token was invalid."
                )
            headers |= self._limits()
            return Reply.of(self._found(request.path.removeprefix("/v3/"), request.query), headers=headers)
        except _RefusedError as error:
            return Reply.of(error.json, error.status, headers | error.headers)

    def _limits(self) -> dict[str, str]:
        """Take a request off day and minute, and say what is left; 429 where nothing was."""
        told: dict[str, str] = {}
        now = self.company.now
        for name, most, seconds in (
            ("Day", self.faults.a_day, _DAY),
            ("Minute", self.faults.a_minute, _MINUTE),
        ):
            window = f"{name} {now // seconds}"
            self._spent[window] = self._spent.get(window, 0) + 1
            told |= {
                f"{_LIMIT}-{name}-Limit": str(most),
                f"{_LIMIT}-{name}-Remaining": str(max(most - self._spent[window], 0)),
                f"{_LIMIT}-{name}-Reset": str(seconds - now % seconds),
            }
            if self._spent[window] > most:
                if name == "Minute":
                    del self._spent[window]
                words = "Too many requests were made, try again later."
                raise _RefusedError(429, "1040", "Rate limit reached", words, told)
        return told

    # --- what there is ----------------------------------------------------------------------------------

    def _found(self, path: str, query: dict[str, str]) -> Any:
        for word, message in self.faults.forbidden.items():
            if word in path:
                raise _RefusedError(403, "1014", "Permission Error", message)
        company = self.company
        match path.split("/"):
            case ["users", "me"]:
                return {"id": "1234", "username": "acme"}
            case ["surveys"]:
                return _cut((_without(one, "questions") for one in company.surveys.values()), query, 1000)
            case ["surveys", key, "details"] if key in company.surveys:
                survey = company.surveys[key]
                return _without(survey, "questions") | {
                    "pages": [{"id": "1", "questions": survey["questions"]}]
                }
            case ["surveys", key, "responses", "bulk"] if key in company.surveys:
                return _cut(self._responses(key, query), query, 100)
            case ["surveys", key, "collectors"] if key in company.surveys:
                mine = (one for one in company.collectors.values() if one["survey"] == key)
                return _cut((_without(one, "survey") for one in mine), query, 1000)
        return self._sent(path, query)

    def _sent(self, path: str, query: dict[str, str]) -> Any:
        company = self.company
        match path.split("/"):
            case ["collectors", key, "messages"]:
                rows = [company.message_row(one) for one in company.messages if one.collector == key]
                bare = [{"id": row["id"], "type": row["type"]} for row in rows]
                return _cut(bare if self.faults.bare_messages else rows, query, 1000)
            case ["collectors", _, "messages", key]:
                return next(company.message_row(one) for one in company.messages if str(one.id) == key)
            case ["collectors", _, "messages", key, "recipients"]:
                found = next(one for one in company.messages if str(one.id) == key)
                return _cut(found.recipients, query, 1000)
        raise _RefusedError(404, "1020", "Resource Not Found", "There was an error retrieving the resource.")

    def _responses(self, survey: str, query: dict[str, str]) -> list[Json]:
        rows = [one for one in self.company.responses.values() if one.survey == survey]
        if since := query.get("start_modified_at"):
            if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", since):
                raise _RefusedError(400, "1003", "Bad Request", "Invalid URL parameters.")
            at = int(datetime.fromisoformat(since).replace(tzinfo=UTC).timestamp())
            rows = [
                one for one in rows if one.modified > at or (one.modified == at and not self.faults.exclusive)
            ]
        asked = query.get("sort_by") == "date_modified" and query.get("sort_order") == "ASC"
        newest = self.faults.unsorted or not asked
        rows.sort(key=lambda one: (one.modified, one.id), reverse=newest)
        return [self.company.response_row(one) for one in rows]


def _without(row: Json, name: str) -> Json:
    return {key: value for key, value in row.items() if key != name}


def _cut(rows: Iterable[Any], query: dict[str, str], most: int) -> Json:
    """Return a page of a list by its number; more than the most a page is cut to it."""
    whole, page = list(rows), int(query.get("page", "1"))
    size = min(int(query.get("per_page", "50")), most)
    found = whole[(page - 1) * size : page * size]
    links = {"self": f"https://api.surveymonkey.com/v3/?page={page}"}
    return {"data": found, "page": page, "per_page": size, "total": len(whole), "links": links}
