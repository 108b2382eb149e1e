"""Exports: the incremental exports of people, organizations, tickets and their history, as pages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from deskmetry.connector import Cursor, Mapper, Page
from deskmetry.records import Agent, from_epoch

from . import people, tickets
from .events import EventMapping
from .lookups import Lookups
from .pages import EXCLUDED, at, latest, objects
from .privacy import settled
from .reading import USERS, Export, Piece, cursor_export, seconds_of, start_time, time_export
from .settings import ZendeskSettings
from .transcripts_due import Due

EVENTS_PAGE = 500
"""Zendesk's advice for audits with their comments."""


@dataclass(frozen=True, slots=True)
class Exports:
    """The exports of an account. roles: who was ever seen as an agent, which each of them adds to.

    due: takes note of the messaging tickets that come by.
    """

    desk: ZendeskSettings
    roles: people.Roles
    lookups: Lookups
    due: Due

    @property
    def people(self) -> people.PeopleMapping:
        """What maps users."""
        return people.PeopleMapping(self.roles, self.desk.bot_ids)

    def ticket_mapper(self) -> Mapper:
        """Return what maps tickets; it asks for names once it needs some."""
        lists = self.lookups
        names = lists.field_names, lists.status_names, lists.form_names
        return tickets.TicketMapping(self.desk.url, self.desk.merge_tag, *names).ticket

    def users(self, since: Cursor | None) -> Iterator[Page]:
        """Read users; always all of them at first, since old customers write too."""
        cursor = self._recall(since)
        mapping = self.people
        export = Export("/api/v2/incremental/users/cursor.json", "users", {}, self.desk.page_size, USERS)
        begin = start_time(None, self.desk.now())
        for piece, until in self._until(cursor_export(self.desk.http, export, begin, cursor)):
            page = self.desk.page(piece.rows, mapping.user)
            yield at(page, self._place(piece), latest(piece.rows), until)

    def organizations(self, since: Cursor | None) -> Iterator[Page]:
        """Read organizations; all of them at first."""
        export = Export("/api/v2/incremental/organizations.json", "organizations", {}, self.desk.page_size)
        begin = self._begin(since.token if since else None, None)
        for piece, until in self._until(time_export(self.desk.http, export, begin)):
            mark = None if piece.token is None else from_epoch(seconds=piece.token)
            yield at(self.desk.page(piece.rows, people.organization), piece.token, mark, until)

    def tickets(self, since: Cursor | None) -> Iterator[Page]:
        """Read tickets by the cursor export, in the order of `generated_timestamp`."""
        desk = self.desk
        params = {"support_type_scope": "all", "include": ",".join(desk.sideloads) or None}
        export = Export("/api/v2/incremental/tickets/cursor.json", "tickets", params, desk.page_size)
        mapper = self.ticket_mapper()
        begin, cursor = start_time(since.watermark if since else None, desk.now()), self._recall(since)
        self.due.begin(since, cursor, desk.start)
        for piece, until in self._until(cursor_export(desk.http, export, begin, cursor)):
            self.due.see(piece.rows, piece.token)
            page = desk.page(piece.rows, mapper)
            page = replace(page, records=[*page.records, *self._former_agents(piece)])
            marks = [
                mark for row in objects(piece.rows) if isinstance(mark := row.get("generated_timestamp"), int)
            ]
            place = self._place(piece)
            token = None if place is None else place | self.due.dump()
            yield at(page, token, from_epoch(seconds=max(marks)) if marks else None, until)

    def events(self, since: Cursor | None) -> Iterator[Page]:
        """Read audits with their comments."""
        desk = self.desk
        params = {"include": "comment_events", "support_type_scope": "all"}
        path = "/api/v2/incremental/ticket_events.json"
        export = Export(path, "ticket_events", params, min(desk.page_size, EVENTS_PAGE))
        mapping = EventMapping(
            self.roles,
            desk.merge_tag,
            re.compile(desk.merge_comment),
            self.lookups.field_names,
            desk.bot_ids,
        )
        begin = self._begin(self._recall(since), since.watermark if since else None)
        for piece, until in self._until(time_export(desk.http, export, begin)):
            mapping.privacy.clear()
            page = desk.page(piece.rows, mapping.audit)
            page = replace(page, records=settled(desk.http, page.records, mapping))
            mark = None if piece.token is None else from_epoch(seconds=piece.token)
            yield at(page, self._place(piece), mark, until)

    # --- how -----------------------------------------------------------------------------------------

    def _begin(self, token: Any, mark: datetime | None) -> int:
        """Return where a time-based export goes on, or starts; Unix seconds."""
        known = seconds_of(token)
        return start_time(mark if known is None else from_epoch(seconds=known), self.desk.now())

    def _recall(self, since: Cursor | None) -> Any:
        """Return where an export stopped, and know again who was an agent then; None if nothing is known."""
        token = since.token if since is not None else None
        if not isinstance(token, Mapping):
            return None
        self.roles.load(token.get("agents"))
        return token.get("at")

    def _place(self, piece: Piece) -> dict[str, Any] | None:
        """Return the token of a page: where to go on, and who was ever seen as an agent."""
        return None if piece.token is None else {"at": piece.token, "agents": self.roles.dump()}

    def _until(self, pieces: Iterable[Piece]) -> Iterator[tuple[Piece, datetime]]:
        """Give each piece with the instant up to which the stream is known once all are read."""
        heard = self.desk.http.server_time
        for piece in pieces:
            heard = heard or self.desk.now()
            yield piece, heard - EXCLUDED

    def _former_agents(self, piece: Piece) -> Iterator[Agent]:
        """Note who is assigned; give a row to assignees who are no agents any more."""
        assigned = {who for row in objects(piece.rows) if isinstance(who := row.get("assignee_id"), int)}
        mapping = self.people
        for user in objects(piece.json.get("users") or ()):
            if user.get("id") in assigned and user.get("role") == people.END_USER:
                yield mapping.agent(user)
        for assignee in assigned:
            self.roles.assigned(assignee)
