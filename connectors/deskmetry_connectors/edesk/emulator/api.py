"""Api: the endpoints of an emulated account: numbered lists with filters by day, and single objects."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from . import rows
from .company import Company
from .data import Item, Json, Ticket
from .faults import Faults

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOST = 100  # rows a page
_USUAL = 20


class RefusedError(Exception):
    """A request that isn't answered as it was meant: status, message and details."""

    def __init__(self, status: int, message: str, details: str) -> None:
        super().__init__(details)
        self.status = status
        self.message = message
        self.details = details


class Api:
    """Answers requests about a company."""

    def __init__(self, company: Company, faults: Faults) -> None:
        self._company = company
        self._faults = faults

    def answer(self, path: str, query: Mapping[str, str]) -> Json:
        """Answer a path below the version; RefusedError for what isn't there or may not be read."""
        name, _, key = path.partition("/")
        if name in self._faults.forbidden:
            raise RefusedError(403, "Forbidden", "The token has no access to this")
        if name == "whoami":
            number, user = next(iter(self._company.users.items()))
            return {"data": {"id": number, "name": user["name"], "email": user["email"]}}
        if key:
            return {"data": self._one(name, key)}
        found: dict[str, Callable[[Mapping[str, str]], list[Json]]] = {
            "tickets": self._tickets,
            "sales-orders": self._orders,
            "users": lambda _query: [{"id": key} | row for key, row in self._company.users.items()],
            "channels": lambda _query: [{"id": key} | row for key, row in self._company.channels.items()],
            "contacts": lambda _query: [{"id": key} | row for key, row in self._company.contacts.items()],
            "tags": lambda _query: self._tags(),
        }
        if name not in found:
            raise RefusedError(404, "Not Found", f"No such resource {name}")
        return self._paged(found[name](query), query, first=name == "tickets")

    # --- single objects ------------------------------------------------------------------------------

    def _one(self, name: str, key: str) -> Json:
        number, company = int(key) if key.isdecimal() else -1, self._company
        if name == "tickets" and number in company.tickets:
            return self._ticket(company.tickets[number])
        if name == "contacts" and number in company.contacts:
            return {"id": number} | company.contacts[number]
        if name == "messages" and (found := self._item(number)) is not None:
            return rows.item(company, found)
        raise RefusedError(404, "Not Found", f"No {name} {key}")

    def _item(self, number: int) -> Item | None:
        """Return the first item with an id; one of another kind with the same is out of reach."""
        return next(
            (item for one in self._company.tickets.values() for item in one.items if item.id == number), None
        )

    # --- lists ---------------------------------------------------------------------------------------

    def _paged(self, found: list[Json], query: Mapping[str, str], *, first: bool) -> Json:
        """Cut a page. `per_page` and `limit` are ignored in silence, as everything that isn't known."""
        if self._faults.bare:
            return {"data": found}
        page, size = int(query.get("page", "1")), min(int(query.get("itemsPerPage", _USUAL)), _MOST)
        begin = (page - 1) * size
        if first and page == 1 and len(found) > size:
            self._move()
        paginator = {"currentPage": page, "itemsPerPage": size, "totalItemsCount": len(found)}
        return {"data": found[begin : begin + size], "paginator": paginator}

    def _move(self) -> None:
        """Give the oldest tickets a message now, so that the pages that follow move up."""
        for ticket in list(self._company.tickets.values())[: self._faults.moving]:
            self._company.ask(ticket, self._company.now, "Still nothing.")
        self._faults.moving = 0

    def _tickets(self, query: Mapping[str, str]) -> list[Json]:
        created = self._created_span(query)
        updated = self._days(query, "last_updated_at")
        found = [
            one
            for one in self._company.tickets.values()
            if query.get("filter_status_equals", one.status) == one.status
            and _within(one.created, created)
            and (updated is None or (one.updated is not None and _within(one.updated, updated)))
        ]
        keys: dict[str, Callable[[Ticket], Any]] = {
            "id": lambda one: one.id,
            "created_at": lambda one: (one.created, one.id),
            "last_updated_at": lambda one: (one.updated or 0, one.id),
        }
        by = query.get("order_by", "id")
        if by not in keys:
            raise RefusedError(400, "Validation failed", f"4003: order_by {by}")
        found.sort(key=keys[by], reverse=query.get("order_direction", "desc") == "desc")
        return [self._ticket(one) for one in found]

    def _ticket(self, one: Ticket) -> Json:
        return rows.ticket(self._company, one, descending=self._faults.descending)

    def _orders(self, query: Mapping[str, str]) -> list[Json]:
        span = self._days(query, "last_updated_at", status=500)
        return [
            rows.order(one) for one in self._company.orders.values() if _within(one.changed or one.at, span)
        ]

    def _tags(self) -> list[Json]:
        known: list[Json] = [
            {"id": key, "name": name, "active": 1, "tag_group_id": None}
            for key, name in self._company.tags.items()
        ]
        return known + [{"id": 1_000 + n, "name": "applied", "active": 1} for n in range(self._faults.flood)]

    # --- filters -------------------------------------------------------------------------------------

    def _created_span(self, query: Mapping[str, str]) -> tuple[float, float] | None:
        if not self._faults.epochs:
            return self._days(query, "created_at")
        begin, end = (query.get(f"filter_created_at_{side}") for side in ("gte", "lte"))
        if begin is None and end is None:
            return None
        if not all(value is None or value.isdecimal() for value in (begin, end)):
            raise RefusedError(400, "Validation failed", "4001: filter_created_at must be an integer")
        return float(begin or 0), float(end or "inf")

    def _days(self, query: Mapping[str, str], name: str, status: int = 400) -> tuple[float, float] | None:
        """Return the span of the days of the account's zone that a filter names, both counted in."""
        begin, end = (query.get(f"filter_{name}_{side}") for side in ("gte", "lte"))
        if begin is None and end is None:
            return None
        return (self._begin(begin, status) if begin else 0.0), (
            self._begin(end, status) + 86_399 if end else float("inf")
        )

    def _begin(self, day: str, status: int) -> float:
        if not _DAY.fullmatch(day):
            raise RefusedError(status, "Internal error", f"Failed to parse time string ({day})")
        midnight = datetime.fromisoformat(day).replace(tzinfo=UTC) - timedelta(hours=self._company.zone)
        return midnight.timestamp()


def _within(at: float, span: tuple[float, float] | None) -> bool:
    return span is None or span[0] <= at <= span[1]
