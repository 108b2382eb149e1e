"""Lookups: the lists that other streams need too, asked for once a run, and only where they are needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from deskmetry.connector import Cursor, Mapper, Page
from deskmetry.errors import SourceError
from deskmetry.records import RawRecord

from . import csat, promises, surveys, tickets
from .pages import objects
from .reading import LACKING, SURVEYS_PAGE, listing
from .settings import Part, ZendeskSettings

V = TypeVar("V")
_HOURS = "/api/v2/business_hours/schedules"
_DAY = 86_400  # seconds


class Names(Mapping[Any, V], Generic[V]):
    """Names by id that are asked for when the first of them is needed."""

    def __init__(self, ask: Callable[[], Mapping[Any, V]]) -> None:
        self._ask = ask
        self._known: Mapping[Any, V] | None = None

    @property
    def known(self) -> Mapping[Any, V]:
        """All of them."""
        if self._known is None:
            self._known = self._ask()
        return self._known

    def __getitem__(self, key: Any) -> V:
        return self.known[key]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.known)

    def __len__(self) -> int:
        return len(self.known)


class Lookups:
    """Lists of an account; each is asked for once, also where the plan has none."""

    def __init__(self, desk: ZendeskSettings) -> None:
        self._desk = desk
        self._asked: dict[str, list[Any] | SourceError] = {}
        self.field_names = Names(lambda: tickets.field_names(self._named("ticket_fields", self.fields)))
        self.status_names = Names(lambda: _categories(self._named("custom_statuses", self.statuses)))
        self.form_names = Names(lambda: _titles(self._named("ticket_forms", self.forms)))
        self.reason_names = Names(
            lambda: surveys.reason_names(self._named("satisfaction_reasons", self.reasons))
        )
        self.choices = Names(lambda: csat.choices(_tried(self._surveys)))

    # --- rows ----------------------------------------------------------------------------------------

    def fields(self) -> list[Any]:
        """Return the rows of ticket fields."""
        return self._listed("ticket_fields")

    def forms(self) -> list[Any]:
        """Return the rows of ticket forms."""
        return self._listed("ticket_forms")

    def reasons(self) -> list[Any]:
        """Return the rows of reasons for bad ratings."""
        return self._answered("/api/v2/satisfaction_reasons.json", "reasons")

    def statuses(self) -> list[Any]:
        """Return the rows of custom statuses."""
        return self._answered("/api/v2/custom_statuses.json", "custom_statuses")

    def schedules(self) -> list[Any]:
        """Return the rows of schedules."""
        return self._answered(f"{_HOURS}.json", "schedules")

    def policies(self) -> list[Any]:
        """Return the rows of SLA policies."""

        def ask() -> list[Any]:
            batches = self._desk.http.pages(
                "/api/v2/slas/policies.json", items="sla_policies", next_url="next_page"
            )
            return [row for batch in batches for row in batch.items]

        return self._once("sla_policies", ask)

    # --- pages of lists that rarely change ------------------------------------------------------------

    def daily(self, since: Cursor | None, rows: Callable[[], list[Any]], mapper: Mapper) -> Iterator[Page]:
        """Give a list as one page; nothing if the last run that read it is less than a day ago."""
        now, token = int(self._desk.now().timestamp()), since.token if since is not None else None
        read = token.get("read") if isinstance(token, Mapping) else None
        if not isinstance(read, int) or not 0 <= now - read < _DAY:
            yield replace(self._desk.page(rows(), mapper), cursor=Cursor({"read": now}))

    def brands(self) -> list[Any]:
        """Return the rows of brands."""
        return self._listed("brands")

    def holidays(self, token: Any) -> Iterator[Page]:
        """Give all holidays as one page, since only all of them can tell which are gone."""
        desk = self._desk
        schedules = {str(row["id"]): row.get("updated_at") for row in objects(self.schedules())}
        known = token if isinstance(token, Mapping) else {}
        now, read = desk.now().timestamp(), known.get("read")
        if known.get("of") == schedules and isinstance(read, int) and now - read < _DAY:
            return
        found = [
            {**row, "schedule_id": key}
            for key in schedules
            for row in objects(desk.http.get_json(f"{_HOURS}/{key}/holidays.json", items="holidays").items)
        ]
        place = Cursor({"of": schedules, "read": int(now)})
        yield replace(desk.page(found, promises.holiday), cursor=place)

    # --- how -----------------------------------------------------------------------------------------

    def _listed(self, name: str) -> list[Any]:
        def ask() -> list[Any]:
            batches = listing(self._desk.http, f"/api/v2/{name}.json", name)
            return [row for batch in batches for row in batch.items]

        return self._once(name, ask)

    def _answered(self, path: str, items: str) -> list[Any]:
        return self._once(items, lambda: self._desk.http.get_json(path, items=items).items)

    def _surveys(self) -> list[Any]:
        def ask() -> list[Any]:
            path = f"/api/v2/guide/{self._desk.locale}/surveys"
            batches = listing(self._desk.http, path, "surveys", size=SURVEYS_PAGE)
            return [row for batch in batches for row in batch.items]

        return self._once("surveys", ask)

    def _once(self, name: str, ask: Callable[[], list[Any]]) -> list[Any]:
        if name not in self._asked:
            try:
                self._asked[name] = ask()
            except SourceError as error:
                if error.data.get("status") not in LACKING:
                    raise
                self._asked[name] = error
        found = self._asked[name]
        if isinstance(found, SourceError):
            raise found
        return found

    def _named(self, part: Part, rows: Callable[[], list[Any]]) -> list[Mapping[str, Any]]:
        """Return the rows that give names; none if the settings leave them out, so that ids stand there."""
        return [] if part in self._desk.skip else list(objects(_tried(rows)))


@dataclass(frozen=True, slots=True)
class RawMapping:
    """Rows of a list as they came: the common schema has no place for them."""

    stream: str
    kind: str

    def row(self, row: Mapping[str, Any]) -> RawRecord:
        """Keep a row."""
        return RawRecord(id=f"{self.kind}:{row['id']}", stream=self.stream, kind=self.kind, raw=dict(row))


CUSTOM_STATUSES = RawMapping("custom_statuses", "custom_status")
TICKET_FORMS = RawMapping("ticket_forms", "ticket_form")
REASONS = RawMapping("satisfaction_reasons", "satisfaction_reason")


def _categories(rows: list[Mapping[str, Any]]) -> dict[Any, tuple[str, str]]:
    """Return category and label of custom statuses by id."""
    return {
        row["id"]: (row["status_category"], row["agent_label"])
        for row in rows
        if isinstance(row.get("id"), int) and {"status_category", "agent_label"} <= row.keys()
    }


def _titles(rows: list[Mapping[str, Any]]) -> dict[Any, str]:
    return {row["id"]: str(row["name"]) for row in rows if isinstance(row.get("id"), int) and row.get("name")}


def _tried(rows: Callable[[], list[Any]]) -> list[Any]:
    """Return the rows, none where the plan or the role has none: what they name is then kept by id."""
    try:
        return rows()
    except SourceError as error:
        if error.data.get("status") not in LACKING:
            raise
        return []
