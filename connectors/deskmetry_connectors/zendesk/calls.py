"""Calls: what Zendesk Talk knows of each call, as sessions of tickets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from deskmetry.connector import Cursor, Page
from deskmetry.errors import BadResponse, StuckStream
from deskmetry.http.policy import Prior
from deskmetry.records import Record, Session, Ticket, from_epoch
from deskmetry.records.kinds import (
    ActorKind,
    Medium,
    Resolver,
    SessionEnd,
    SessionKind,
    TicketStatus,
)

from .alone import Alone
from .own_history import own_history
from .pages import EXCLUDED, at
from .reading import seconds_of, start_time
from .settings import ZendeskSettings

if TYPE_CHECKING:
    from deskmetry.http import Batch

Row = Mapping[str, Any]
PATH = "/api/v2/channels/voice/stats/incremental/calls"
MANY = 1_000
"""Calls on a full page; the size can't be asked for."""
_PRIOR = Prior("talk exports", requests=10, seconds=60.0)
_GAVE_UP = frozenset({"abandoned_in_queue", "abandoned_in_ivr"})
_METRICS = (
    "direction", "completion_status", "time_to_answer", "wait_time", "talk_time", "hold_time", "wrap_up_time",
    "consultation_time", "duration", "voicemail", "customer_requested_voicemail", "exceeded_queue_wait_time",
    "outside_business_hours", "callback", "callback_source", "overflowed", "ivr_time_spent",
    "ivr_destination_group_name", "phone_number", "line", "call_channel",
)  # fmt: skip


def pages(desk: ZendeskSettings, since: Cursor | None) -> Iterator[Page]:
    """Yield calls that changed; the last second of the run before comes again.

    Every answer names a next page, also the last one: it ends where nothing after its beginning came.
    https://developer.zendesk.com/api-reference/voice/talk-api/incremental_exports/
    """
    token = since.token if since is not None else None
    saved = token if isinstance(token, Mapping) else {"at": token}  # a second by itself, as it once was
    reached, mapping = seconds_of(saved.get("at")), CallMapping()
    mapping.alone.load(saved.get("alone"))
    told: dict[str, Any] = {"at": reached, "alone": mapping.alone.dump()}
    mark = since.watermark if since is not None else None
    begin = start_time(mark if reached is None else from_epoch(seconds=reached), desk.now())
    heard: datetime | None = None
    before: dict[Any, Any] = {}
    while True:
        asked = {"start_time": begin}
        # Page by page: the link to the next one never ends, and its beginning is this one's end.
        batch = next(desk.http.pages(PATH, asked, items="calls", next_cursor="next_page", prior=_PRIOR))
        heard = heard or desk.now()
        end = _end(batch, begin)
        # The last second of a page comes with the next one again.
        page = desk.page([row for row in batch.items if before.get(_key(row)) != row], mapping.call)
        before = {_key(row): row for row in batch.items}
        reached = end if end > begin else reached
        # A late row of the last second moves nothing, but may be a call to remember.
        place = {"at": reached, "alone": mapping.alone.dump()}
        if reached is None or place == told:
            yield at(page, None, None, heard - EXCLUDED)
        else:
            yield at(page, place, from_epoch(seconds=reached), heard - EXCLUDED)
            told = place
        if end <= begin or not batch.items:
            if len(batch.items) >= MANY:
                raise StuckStream(PATH, f"{len(batch.items)} calls share one second, more than a page holds")
            return
        begin = end


def _key(row: Any) -> Any:
    key = row.get("id") if isinstance(row, Mapping) else None
    return key if isinstance(key, int | str) else None


def _end(batch: Batch, begin: int) -> int:
    """Return where a page ends; BadResponse if one with calls doesn't say, since more may follow."""
    end = batch.at("end_time")
    if isinstance(end, int | float) and not isinstance(end, bool):
        return int(end)
    if batch.items:
        raise BadResponse(f"{PATH} doesn't say where a page of calls ends.", "Sync again later.")
    return begin


@dataclass(slots=True)
class CallMapping:
    """Calls as records. alone: those that had no ticket when they were read."""

    alone: Alone = field(default_factory=Alone)

    def call(self, row: Row) -> Iterator[Record]:
        """Map a call: a session of the ticket that Zendesk links, else of a ticket of its own."""
        told = Call.of(row)
        if told.linked is None or told.key in self.alone:
            yield told.ticket()
            yield from own_history(told.key, told.began, told.ended)
        yield told.session()
        self.alone.remember(told.key, told.updated, told.linked)


@dataclass(frozen=True, slots=True)
class Call:
    """One call, read. talked: an agent and the customer spoke. ended is None while it runs."""

    row: Row
    key: str
    linked: str | None
    began: datetime
    updated: datetime
    ended: datetime | None
    inbound: bool
    talked: bool

    @classmethod
    def of(cls, row: Row) -> Call:
        """Read a call."""
        began = datetime.fromisoformat(row["created_at"])
        updated = datetime.fromisoformat(row.get("updated_at") or row["created_at"])
        linked, status, duration = row.get("ticket_id"), row.get("completion_status"), _span(row, "duration")
        return cls(
            row=row,
            key=f"call:{row['id']}",
            linked=None if linked is None else str(linked),
            began=began,
            updated=updated,
            ended=began + (duration or timedelta()) if status else None,
            inbound=row.get("direction") != "outbound",
            talked=row.get("voicemail") is not True and bool(_span(row, "talk_time")),
        )

    @property
    def about(self) -> str:
        """The ticket that the call belongs to: Zendesk's, else its own."""
        return self.linked or self.key

    def session(self) -> Session:
        """Return the call as a session. An outbound one waits for nobody: it has no acceptance."""
        row, waited = self.row, _span(self.row, "time_to_answer")
        end = self._end()
        return Session(
            id=self.key,
            version=int(self.updated.timestamp()),
            ticket_id=self.about,
            kind=SessionKind.CALL,
            opened_by=ActorKind.CUSTOMER if self.inbound else ActorKind.AGENT,
            asked_at=self.began,
            accepted_at=self.began + waited if self.inbound and self.talked and waited is not None else None,
            ended_at=self.ended,
            left_at=self.ended if end is SessionEnd.ABANDONED else None,
            queue_ms=_ms(row, "wait_time") if self.inbound else None,
            talk_ms=_ms(row, "talk_time"),
            wrap_up_ms=_ms(row, "wrap_up_time"),
            agent_id=_who(row, "agent_id"),
            end=end,
        )

    def ticket(self) -> Ticket:
        """Return a call without a ticket as one; if it was given one later, as merged into that."""
        row, agent = self.row, _who(self.row, "agent_id")
        return Ticket(
            id=self.key,
            version=int(self.updated.timestamp()),
            medium=Medium.PHONE,
            channel="voice",
            team_id=_who(row, "call_group_id"),
            assignee_id=agent,
            requester_id=_who(row, "customer_id"),
            opened_by=ActorKind.CUSTOMER if self.inbound else ActorKind.AGENT,
            status=TicketStatus.CLOSED if self.ended else TicketStatus.OPEN,
            vendor_status=row.get("completion_status"),
            created_at=self.began,
            updated_at=self.updated,
            merged_into=self.linked,
            resolved_by=None if not self.ended else Resolver.HUMAN if self.talked else Resolver.NOBODY,
            vendor_metrics={name: row[name] for name in _METRICS if row.get(name) is not None},
        )

    def _end(self) -> SessionEnd | None:
        """Return how it ended; nobody missed an outbound call that a customer didn't take."""
        if self.ended is None:
            return None
        if self.talked:
            return SessionEnd.COMPLETED
        if not self.inbound:
            return None
        gave_up = self.row.get("completion_status") in _GAVE_UP
        return SessionEnd.ABANDONED if gave_up else SessionEnd.MISSED


def _span(row: Row, name: str) -> timedelta | None:
    """Return a span that is told in seconds."""
    value = row.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} is no number of seconds")
    return timedelta(seconds=value)


def _ms(row: Row, name: str) -> int | None:
    span = _span(row, name)
    return None if span is None else round(span.total_seconds() * 1000)


def _who(row: Row, name: str) -> str | None:
    """Return an id; 0 stands for nobody."""
    value = row.get(name)
    return None if value in (None, 0, "") else str(value)
