"""Zendesk: tickets, messages and their history, by the incremental exports of Zendesk Support."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from pydantic import PrivateAttr

from deskmetry.connector import Capabilities, Context, Cursor, Inventory, Mapper, Page, stream
from deskmetry.errors import StreamSkipped
from deskmetry.records import (
    Agent,
    Brand,
    Customer,
    Goal,
    Holiday,
    Message,
    MessageHeader,
    Organization,
    RawRecord,
    Schedule,
    ScheduleInterval,
    Session,
    SlaPolicy,
    SlaTarget,
    SurveyAnswer,
    SurveyOffer,
    Team,
    Ticket,
    TicketEvent,
    TicketField,
)
from deskmetry.records.kinds import Provenance

from . import calls, people, promises, ratings, sla, tickets
from .chat_export import ChatExport
from .chat_mapping import ChatMapping
from .csat import CsatMapping
from .exports import Exports
from .inventory import inventory_of
from .lookups import CUSTOM_STATUSES, REASONS, TICKET_FORMS, Lookups
from .mappers import mapper_of
from .reading import listing, optional
from .settings import Part, ZendeskSettings
from .surveys import RatingMapping
from .transcripts import LogMapping, Transcripts
from .transcripts_due import Due


class Zendesk(ZendeskSettings):
    """Tickets of a Zendesk account: messages, status history, ratings, business hours, chats and calls."""

    name: ClassVar[str] = "zendesk"
    trial: ClassVar[str | None] = "deskmetry_connectors.zendesk.trial:trial"
    capabilities: ClassVar[Capabilities] = Capabilities(
        status_history=Provenance.REPORTED,
        deletes=True,
        tags=True,
        ratings=True,
        schedules=True,
        sla=True,
        wait_times=True,
        survey_offers=True,
    )
    _roles: people.Roles = PrivateAttr(default_factory=people.Roles)
    _teams: set[str] | None = PrivateAttr(default=None)
    _due: Due = PrivateAttr(default_factory=Due)
    _lists: Lookups | None = PrivateAttr(default=None)

    def attach(self, context: Context) -> None:
        """Lend the engine's context for a run, which begins knowing nothing."""
        super().attach(context)
        self._roles, self._due = people.Roles(), Due()
        self._lists = self._teams = None

    def mapper(self, stream: str, name: str) -> Mapper | None:
        """Return what maps the rows of a stream one by one; None for audits."""
        exports, lists = self._exports, self._lookups
        made: dict[str, Callable[[], Mapper]] = {
            "users": lambda: exports.people.user,
            "tickets": exports.ticket_mapper,
            "satisfaction_ratings": lambda: RatingMapping(lists.reason_names).rating,
            "survey_responses": lambda: CsatMapping(lists.choices.get).response,
            "chats": lambda: self._chats.chat,
            "calls": lambda: calls.CallMapping().call,
            "transcripts": lambda: LogMapping(self.bot_ids).event,
        }
        return mapper_of(stream, name, made)

    def inventory(self, stream: str) -> Inventory | None:
        """Return what the account says about users and tickets."""
        whole = self.start is None
        return inventory_of(stream, self.http, self.page, self._exports.ticket_mapper, everything=whole)

    # --- people --------------------------------------------------------------------------------------

    @stream(Customer, Agent)
    def users(self, since: Cursor | None) -> Iterator[Page]:
        """Read users; always all of them at first, since old customers write too."""
        yield from self._exports.users(since)

    @stream(Team)
    def groups(self, _since: Cursor | None) -> Iterator[Page]:
        """Read groups, deleted ones too."""
        for batch in listing(self.http, "/api/v2/groups.json", "groups", {"exclude_deleted": "false"}):
            page = self.page(batch.items, people.team)
            self._teams = (self._teams or set()) | {record.id for record in page.records}
            yield page

    @stream(Organization, optional=True)
    def organizations(self, since: Cursor | None) -> Iterator[Page]:
        """Read organizations; all of them at first."""
        self._wanted("organizations")
        yield from optional("organizations", self._exports.organizations(since))

    @stream(Brand, optional=True, idle_requests=0)
    def brands(self, since: Cursor | None) -> Iterator[Page]:
        """Read brands, once a day."""
        self._wanted("brands")
        yield from optional("brands", self._lookups.daily(since, self._lookups.brands, people.brand))

    # --- tickets -------------------------------------------------------------------------------------

    @stream(TicketField, optional=True, idle_requests=0)
    def ticket_fields(self, since: Cursor | None) -> Iterator[Page]:
        """Read the fields of tickets, whose names custom fields are kept by; once a day."""
        self._wanted("ticket_fields")
        lists = self._lookups
        yield from optional("ticket fields", lists.daily(since, lists.fields, tickets.ticket_field))

    @stream(RawRecord, optional=True, idle_requests=0)
    def ticket_forms(self, since: Cursor | None) -> Iterator[Page]:
        """Read the forms that tickets are filled in by, which tickets name; once a day."""
        self._wanted("ticket_forms")
        lists = self._lookups
        yield from optional("ticket forms", lists.daily(since, lists.forms, TICKET_FORMS.row))

    @stream(RawRecord, optional=True, idle_requests=0)
    def custom_statuses(self, since: Cursor | None) -> Iterator[Page]:
        """Read custom statuses, once a day; tickets are mapped by their category."""
        self._wanted("custom_statuses")
        lists = self._lookups
        yield from optional("custom statuses", lists.daily(since, lists.statuses, CUSTOM_STATUSES.row))

    @stream(Ticket, Agent)
    def tickets(self, since: Cursor | None) -> Iterator[Page]:
        """Read tickets by the cursor export, in the order of `generated_timestamp`."""
        yield from self._exports.tickets(since)

    @stream(Message, MessageHeader, TicketEvent, Ticket, RawRecord)
    def ticket_events(self, since: Cursor | None) -> Iterator[Page]:
        """Read audits: messages, and the changes of status, assignee, team, priority, type, tags, fields."""
        yield from self._exports.events(since)

    # --- ratings, hours and promises -----------------------------------------------------------------

    @stream(SurveyOffer, SurveyAnswer, optional=True, sorted=False, gives="ratings")
    def satisfaction_ratings(self, since: Cursor | None) -> Iterator[Page]:
        """Read legacy ratings; in no order that is known."""
        self._wanted("satisfaction_ratings")
        mark = since.watermark if since else None
        yield from optional("satisfaction ratings", ratings.legacy(self, self._lookups, mark))

    @stream(RawRecord, optional=True, idle_requests=0)
    def satisfaction_reasons(self, since: Cursor | None) -> Iterator[Page]:
        """Read the reasons that customers may give for a bad legacy rating, once a day."""
        self._wanted("satisfaction_reasons")
        lists = self._lookups
        yield from optional("satisfaction reasons", lists.daily(since, lists.reasons, REASONS.row))

    @stream(SurveyOffer, SurveyAnswer, RawRecord, optional=True, gives="ratings")
    def survey_responses(self, since: Cursor | None) -> Iterator[Page]:
        """Read the responses to CSAT surveys, which an account has instead of legacy ratings."""
        self._wanted("survey_responses")
        yield from optional("CSAT surveys", ratings.responses(self, self._lookups, since))

    @stream(Schedule, ScheduleInterval, optional=True, gives="schedules", whole=(Schedule, ScheduleInterval))
    def schedules(self, _since: Cursor | None) -> Iterator[Page]:
        """Read business hours."""
        self._wanted("schedules")
        yield from optional("schedules", self._pages_of(self._lookups.schedules, promises.schedule))

    @stream(Holiday, optional=True, idle_requests=0, whole=(Holiday,))
    def holidays(self, since: Cursor | None) -> Iterator[Page]:
        """Read holidays: a request for each schedule, so only when the schedules changed, and once a day."""
        self._wanted("schedules")
        yield from optional("schedules", self._lookups.holidays(since.token if since else None))

    @stream(SlaPolicy, SlaTarget, RawRecord, optional=True, gives="sla", whole=(SlaPolicy, SlaTarget))
    def sla_policies(self, _since: Cursor | None) -> Iterator[Page]:
        """Read SLA policies."""
        self._wanted("sla_policies")
        yield from optional("SLA policies", self._pages_of(self._lookups.policies, promises.sla_policy))

    @stream(TicketEvent, optional=True)
    def sla_events(self, since: Cursor | None) -> Iterator[Page]:
        """Read how the clocks of service levels ran: started, paused, met, missed, and by which policy."""
        self._wanted("sla_policies")
        self._wanted("sla_events")
        yield from optional("SLA policies", sla.events(self, self._lookups, since))

    # --- live ----------------------------------------------------------------------------------------

    @stream(
        Ticket, TicketEvent, Session, Message, Customer, Team, SurveyOffer, SurveyAnswer, Goal, RawRecord,
        optional=True, gives="wait_times",
    )  # fmt: skip
    def chats(self, since: Cursor | None) -> Iterator[Page]:
        """Read Zendesk Chat in the order of changes: sessions of tickets, or tickets where there is none."""
        self._wanted("chats")
        yield from optional("Zendesk Chat", ChatExport(self, self._chats, since).pages())

    @stream(Ticket, TicketEvent, Session, optional=True, gives="wait_times")
    def calls(self, since: Cursor | None) -> Iterator[Page]:
        """Read the calls of Zendesk Talk: sessions of tickets, or tickets where there is none."""
        self._wanted("calls")
        yield from optional("Zendesk Talk", calls.pages(self, since))

    @stream(Message, Session, RawRecord, optional=True, idle_requests=0)
    def transcripts(self, since: Cursor | None) -> Iterator[Page]:
        """Read the conversations of messaging tickets that changed: requests for each, on a budget."""
        self._wanted("transcripts")
        yield from optional("conversation logs", Transcripts(self, self._due, since).pages())

    # --- how -----------------------------------------------------------------------------------------

    @property
    def _lookups(self) -> Lookups:
        if self._lists is None:
            self._lists = Lookups(self)
        return self._lists

    @property
    def _exports(self) -> Exports:
        return Exports(self, self._roles, self._lookups, self._due)

    @property
    def _chats(self) -> ChatMapping:
        teams = None if self._teams is None else frozenset(self._teams)
        return ChatMapping(self.bot_ids, self.goals, teams)

    def _wanted(self, part: Part) -> None:
        if part in self.skip:
            raise StreamSkipped(f"`skip` leaves out {part}.", "Take it out of `skip` to read it.")

    def _pages_of(self, rows: Callable[[], list[Any]], mapper: Mapper) -> Iterator[Page]:
        yield self.page(rows(), mapper)
