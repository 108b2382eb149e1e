"""Zendesk: tickets, messages and their history, by the incremental exports of Zendesk Support."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar

from pydantic import PrivateAttr

from deskmetry.connector import Capabilities, Context, Cursor, Inventory, Mapper, Page, stream
from deskmetry.errors import SourceError, StreamSkipped
from deskmetry.records import (
    Agent,
    Brand,
    Customer,
    Holiday,
    Message,
    Organization,
    RawRecord,
    Record,
    Schedule,
    ScheduleInterval,
    SlaPolicy,
    SlaTarget,
    SurveyAnswer,
    SurveyOffer,
    Team,
    Ticket,
    TicketEvent,
    TicketField,
    from_epoch,
)
from deskmetry.records.kinds import Provenance

from . import people, promises, surveys, tickets
from .events import EventMapping, Privacy
from .inventory import inventory_of
from .mappers import mapper_of
from .reading import (
    USERS,
    Export,
    Piece,
    cursor_export,
    listing,
    optional,
    seconds_of,
    start_time,
    time_export,
)
from .settings import Part, ZendeskSettings

EVENTS_PAGE = 500
"""Zendesk's advice for audits with their comments."""
_EXCLUDED = timedelta(seconds=60)  # exports leave the last minute out
_HOURS = "/api/v2/business_hours/schedules"
_HOLIDAYS_EVERY = 86_400  # seconds


class Zendesk(ZendeskSettings):
    """Tickets of a Zendesk Support account: messages, status history, ratings, business hours."""

    name: ClassVar[str] = "zendesk"
    trial: ClassVar[str | None] = "deskmetry_connectors.zendesk.trial:trial"
    capabilities: ClassVar[Capabilities] = Capabilities(
        status_history=Provenance.REPORTED, deletes=True, tags=True, ratings=True, schedules=True, sla=True
    )
    _roles: people.Roles = PrivateAttr(default_factory=people.Roles)
    _fields: list[Any] | None = PrivateAttr(default=None)
    _statuses: list[Any] | None = PrivateAttr(default=None)
    _hours: list[Any] | SourceError | None = PrivateAttr(default=None)

    def attach(self, context: Context) -> None:
        """Lend the engine's context for a run, which begins knowing nothing."""
        super().attach(context)
        self._roles = people.Roles()
        self._fields = self._statuses = self._hours = None

    def mapper(self, stream: str, name: str) -> Mapper | None:
        """Return what maps the rows of a stream one by one; None for audits."""
        user = people.PeopleMapping(self._roles, self._bots).user
        return mapper_of(stream, name, user=user, ticket=self._ticket_mapper)

    def inventory(self, stream: str) -> Inventory | None:
        """Return what the account says about users and tickets."""
        whole = self.start is None
        return inventory_of(stream, self.http, self.page, self._ticket_mapper, everything=whole)

    # --- people --------------------------------------------------------------------------------------

    @stream(Customer, Agent)
    def users(self, since: Cursor | None) -> Iterator[Page]:
        """Read users; always all of them at first, since old customers write too."""
        cursor = self._recall(since)
        mapping = people.PeopleMapping(self._roles, self._bots)
        export = Export("/api/v2/incremental/users/cursor.json", "users", {}, self.page_size, USERS)
        begin = start_time(None, self.now())
        for piece, until in self._until(cursor_export(self.http, export, begin, cursor)):
            page = self.page(piece.rows, mapping.user)
            yield _at(page, self._place(piece), _latest(piece.rows), until)

    @stream(Team)
    def groups(self, _since: Cursor | None) -> Iterator[Page]:
        """Read groups, deleted ones too."""
        for batch in listing(self.http, "/api/v2/groups.json", "groups", {"exclude_deleted": "false"}):
            yield self.page(batch.items, people.team)

    @stream(Organization, optional=True)
    def organizations(self, since: Cursor | None) -> Iterator[Page]:
        """Read organizations; all of them at first."""
        self._wanted("organizations")
        export = Export("/api/v2/incremental/organizations.json", "organizations", {}, self.page_size)
        begin = self._begin(since.token if since else None, None)
        pieces = time_export(self.http, export, begin)
        yield from optional("organizations", self._organizations(pieces))

    @stream(Brand, optional=True)
    def brands(self, _since: Cursor | None) -> Iterator[Page]:
        """Read brands."""
        yield from self._list("brands", "/api/v2/brands.json", people.brand)

    # --- tickets -------------------------------------------------------------------------------------

    @stream(TicketField, optional=True)
    def ticket_fields(self, _since: Cursor | None) -> Iterator[Page]:
        """Read the fields of tickets, whose names custom fields are kept by."""
        self._wanted("ticket_fields")
        yield from optional("ticket fields", self._pages_of(self._field_rows, tickets.ticket_field))

    @stream(RawRecord, optional=True)
    def custom_statuses(self, _since: Cursor | None) -> Iterator[Page]:
        """Read custom statuses; tickets are mapped by their category."""
        self._wanted("custom_statuses")
        yield from optional("custom statuses", self._pages_of(self._status_rows, _custom_status))

    @stream(Ticket, Agent)
    def tickets(self, since: Cursor | None) -> Iterator[Page]:
        """Read tickets by the cursor export, in the order of `generated_timestamp`."""
        params = {"support_type_scope": "all", "include": ",".join(self.sideloads) or None}
        export = Export("/api/v2/incremental/tickets/cursor.json", "tickets", params, self.page_size)
        mapper = self._ticket_mapper()
        begin = start_time(since.watermark if since else None, self.now())
        for piece, until in self._until(cursor_export(self.http, export, begin, self._recall(since))):
            page = self.page(piece.rows, mapper)
            page = replace(page, records=[*page.records, *self._former_agents(piece)])
            marks = [
                at for row in _objects(piece.rows) if isinstance(at := row.get("generated_timestamp"), int)
            ]
            yield _at(page, self._place(piece), from_epoch(seconds=max(marks)) if marks else None, until)

    @stream(Message, TicketEvent, Ticket, RawRecord)
    def ticket_events(self, since: Cursor | None) -> Iterator[Page]:
        """Read audits: messages, and the changes of status, assignee, team, priority, type, tags, fields."""
        params = {"include": "comment_events", "support_type_scope": "all"}
        path = "/api/v2/incremental/ticket_events.json"
        export = Export(path, "ticket_events", params, min(self.page_size, EVENTS_PAGE))
        mapping = EventMapping(
            self._roles, self.merge_tag, re.compile(self.merge_comment), self._field_names(), self._bots
        )
        begin = self._begin(self._recall(since), since.watermark if since else None)
        for piece, until in self._until(time_export(self.http, export, begin)):
            mapping.privacy.clear()
            page = self.page(piece.rows, mapping.audit)
            page = replace(page, records=self._settled(page.records, mapping))
            mark = None if piece.token is None else from_epoch(seconds=piece.token)
            yield _at(page, self._place(piece), mark, until)

    # --- ratings, hours and promises -----------------------------------------------------------------

    @stream(SurveyOffer, SurveyAnswer, optional=True, sorted=False, gives="ratings")
    def satisfaction_ratings(self, since: Cursor | None) -> Iterator[Page]:
        """Read legacy ratings; in no order that is known."""
        self._wanted("satisfaction_ratings")
        yield from optional("satisfaction ratings", self._ratings(since.watermark if since else None))

    @stream(Schedule, ScheduleInterval, optional=True, gives="schedules", whole=(Schedule, ScheduleInterval))
    def schedules(self, _since: Cursor | None) -> Iterator[Page]:
        """Read business hours."""
        self._wanted("schedules")
        yield from optional("schedules", self._pages_of(self._schedule_rows, promises.schedule))

    @stream(Holiday, optional=True, idle_requests=0, whole=(Holiday,))
    def holidays(self, since: Cursor | None) -> Iterator[Page]:
        """Read holidays: a request for each schedule, so only when the schedules changed, and once a day."""
        self._wanted("schedules")
        yield from optional("schedules", self._holidays(since.token if since else None))

    @stream(SlaPolicy, SlaTarget, RawRecord, optional=True, gives="sla", whole=(SlaPolicy, SlaTarget))
    def sla_policies(self, _since: Cursor | None) -> Iterator[Page]:
        """Read SLA policies."""
        self._wanted("sla_policies")
        batches = self.http.pages("/api/v2/slas/policies.json", items="sla_policies", next_url="next_page")
        yield from optional(
            "SLA policies", (self.page(batch.items, promises.sla_policy) for batch in batches)
        )

    # --- how -----------------------------------------------------------------------------------------

    @property
    def _bots(self) -> frozenset[str]:
        return frozenset(str(user) for user in self.bots)

    def _begin(self, token: Any, mark: datetime | None) -> int:
        """Return where a time-based export goes on, or starts; Unix seconds."""
        known = seconds_of(token)
        return start_time(mark if known is None else from_epoch(seconds=known), self.now())

    def _wanted(self, part: Part) -> None:
        if part in self.skip:
            raise StreamSkipped(f"`skip` leaves out {part}.", "Take it out of `skip` to read it.")

    def _ticket_mapper(self) -> Mapper:
        mapping = tickets.TicketMapping(self.url, self.merge_tag, self._field_names(), self._status_names())
        return mapping.ticket

    def _recall(self, since: Cursor | None) -> Any:
        """Return where an export stopped, and know again who was an agent then; None if nothing is known."""
        token = since.token if since is not None else None
        if not isinstance(token, Mapping):
            return None
        self._roles.load(token.get("agents"))
        return token.get("at")

    def _place(self, piece: Piece) -> dict[str, Any] | None:
        """Return the token of a page: where to go on, and who was ever seen as an agent."""
        return None if piece.token is None else {"at": piece.token, "agents": self._roles.dump()}

    def _organizations(self, pieces: Iterable[Piece]) -> Iterator[Page]:
        for piece, until in self._until(pieces):
            mark = None if piece.token is None else from_epoch(seconds=piece.token)
            yield _at(self.page(piece.rows, people.organization), piece.token, mark, until)

    def _list(self, part: Part, path: str, mapper: Mapper) -> Iterator[Page]:
        self._wanted(part)
        yield from optional(
            part, (self.page(batch.items, mapper) for batch in listing(self.http, path, part))
        )

    def _pages_of(self, rows: Callable[[], list[Any]], mapper: Mapper) -> Iterator[Page]:
        yield self.page(rows(), mapper)

    def _until(self, pieces: Iterable[Piece]) -> Iterator[tuple[Piece, datetime]]:
        """Give each piece with the instant up to which the stream is known once all are read."""
        heard = self.http.server_time
        for piece in pieces:
            heard = heard or self.now()
            yield piece, heard - _EXCLUDED

    def _field_rows(self) -> list[Any]:
        if self._fields is None:
            batches = listing(self.http, "/api/v2/ticket_fields.json", "ticket_fields")
            self._fields = [row for batch in batches for row in batch.items]
        return self._fields

    def _status_rows(self) -> list[Any]:
        if self._statuses is None:
            answer = self.http.get_json("/api/v2/custom_statuses.json", items="custom_statuses")
            self._statuses = answer.items
        return self._statuses

    def _field_names(self) -> dict[Any, str]:
        if "ticket_fields" in self.skip:
            return {}
        self._fields = _tried(self._field_rows)
        return tickets.field_names(_objects(self._fields))

    def _status_names(self) -> dict[Any, tuple[str, str]]:
        if "custom_statuses" in self.skip:
            return {}
        self._statuses = _tried(self._status_rows)
        return {
            row["id"]: (row["status_category"], row["agent_label"])
            for row in _objects(self._statuses)
            if isinstance(row.get("id"), int) and {"status_category", "agent_label"} <= row.keys()
        }

    def _former_agents(self, piece: Piece) -> Iterator[Agent]:
        """Note who is assigned; give a row to assignees who are no agents any more."""
        assigned = {who for row in _objects(piece.rows) if isinstance(who := row.get("assignee_id"), int)}
        mapping = people.PeopleMapping(self._roles, self._bots)
        for user in _objects(piece.json.get("users") or ()):
            if user.get("id") in assigned and user.get("role") == people.END_USER:
                yield mapping.agent(user)
        for assignee in assigned:
            self._roles.assigned(assignee)

    def _settled(self, records: Iterable[Record], mapping: EventMapping) -> list[Record]:
        """Return the records with the comments that became internal or public as they are now.

        A message can't be changed without its other columns: one that isn't on this page is read again.
        """
        found = list(records)
        if not mapping.privacy:
            return found
        places = {record.id: place for place, record in enumerate(found) if isinstance(record, Message)}
        for change in mapping.privacy:
            place = places.get(str(change.comment))
            old = found[place] if place is not None else self._comment(change, mapping)
            if old is not None:
                version = int(change.at.timestamp())
                new = old.model_copy(update={"public": change.public, "version": version})
                found = [*found, new] if place is None else [*found[:place], new, *found[place + 1 :]]
        return found

    def _comment(self, change: Privacy, mapping: EventMapping) -> Message | None:
        path = f"/api/v2/tickets/{change.ticket}/comments.json"
        try:
            for batch in listing(self.http, path, "comments"):
                for row in _objects(batch.items):
                    if row.get("id") == change.comment:
                        return mapping.comment(row, change.ticket, change.at)
        except SourceError as error:
            if error.data.get("status") != 404:
                raise
        return None  # the ticket or the comment is deleted by now

    def _ratings(self, mark: datetime | None) -> Iterator[Page]:
        until = (self.http.server_time or self.now()) - _EXCLUDED
        begin = start_time(mark and mark - self.rating_overlap, self.now())
        newest: datetime | None = None
        path = "/api/v2/satisfaction_ratings.json"
        for batch in listing(self.http, path, "satisfaction_ratings", {"start_time": begin}):
            newest = max(filter(None, (newest, _latest(batch.items))), default=None)
            yield _at(self.page(batch.items, surveys.rating), None, newest, until)

    def _schedule_rows(self) -> list[Any]:
        """Return the schedules, asked for once a run, also where the plan has none."""
        if self._hours is None:
            try:
                self._hours = self.http.get_json(f"{_HOURS}.json", items="schedules").items
            except SourceError as error:
                self._hours = error
        if isinstance(self._hours, SourceError):
            raise self._hours
        return self._hours

    def _holidays(self, token: Any) -> Iterator[Page]:
        """Give all holidays as one page, since only all of them can tell which are gone."""
        schedules = {str(row["id"]): row.get("updated_at") for row in _objects(self._schedule_rows())}
        known = token if isinstance(token, Mapping) else {}
        now, read = self.now().timestamp(), known.get("read")
        if known.get("of") == schedules and isinstance(read, int) and now - read < _HOLIDAYS_EVERY:
            return
        found = [
            {**row, "schedule_id": key}
            for key in schedules
            for row in _objects(self.http.get_json(f"{_HOURS}/{key}/holidays.json", items="holidays").items)
        ]
        place = Cursor({"of": schedules, "read": int(now)})
        yield replace(self.page(found, promises.holiday), cursor=place)


def _tried(rows: Callable[[], list[Any]]) -> list[Any]:
    """Return the rows, none where the plan or the role has none: what they name is then kept by id."""
    try:
        return rows()
    except SourceError as error:
        if error.data.get("status") not in {403, 404}:
            raise
        return []


def _custom_status(row: Mapping[str, Any]) -> RawRecord:
    return RawRecord(
        id=f"custom_status:{row['id']}", stream="custom_statuses", kind="custom_status", raw=dict(row)
    )


def _at(page: Page, token: Any, mark: datetime | None, until: datetime) -> Page:
    cursor = Cursor(token, mark) if token is not None or mark is not None else None
    return replace(page, cursor=cursor, complete_until=until)


def _objects(rows: Iterable[Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the rows that are what a row must be; `page` sets the others aside."""
    return (row for row in rows if isinstance(row, Mapping))


def _latest(rows: Iterable[Any]) -> datetime | None:
    """Return the latest `updated_at` of some rows, as far as they can be read."""
    return max((at for row in _objects(rows) if (at := _instant(row.get("updated_at")))), default=None)


def _instant(stamp: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(stamp) if isinstance(stamp, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None
