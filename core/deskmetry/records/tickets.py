"""Tickets: the conversations, their messages, what changed on them and when."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from .base import (
    Derived,
    Id,
    Instant,
    Integer,
    Json,
    JsonList,
    MessageId,
    OptionalId,
    Record,
    Reference,
    Sticky,
    Text,
)
from .kinds import (
    ActorKind,
    AutomaticKind,
    EventKind,
    FolderRole,
    Medium,
    Nature,
    Provenance,
    Resolver,
    SessionEnd,
    SessionKind,
    TicketStatus,
)


class Ticket(Record):
    """One customer request in any channel: an e-mail thread, a helpdesk ticket, a chat, a call."""

    table: ClassVar[str] = "tickets"

    subject: Text | None = Field(None, description="Subject line")
    medium: Medium = Field(Medium.TICKET, description="ticket, email, chat or phone")
    channel: Text | None = Field(
        None, description="Channel as the source names it (email, web_form, whatsapp, …)"
    )
    brand_id: Annotated[OptionalId, Reference("brands")] = Field(None, description="Brand")
    team_id: Annotated[OptionalId, Reference("teams")] = Field(None, description="Team it is assigned to")
    assignee_id: Annotated[OptionalId, Reference("agents")] = Field(
        None, description="Agent it is assigned to"
    )
    requester_id: Annotated[OptionalId, Reference("customers")] = Field(None, description="Customer who asks")
    organization_id: Annotated[OptionalId, Reference("organizations")] = Field(
        None, description="Their company"
    )
    opened_by: ActorKind = Field(
        ActorKind.CUSTOMER, description="Who opened it: customer, agent, bot or system"
    )
    status: TicketStatus = Field(description="new, open, pending, on_hold, solved or closed")
    vendor_status: Text | None = Field(None, description="The vendor's own status word")
    status_how: Provenance = Field(Provenance.REPORTED, description="How the status is known")
    status_from_at: Instant | None = Field(
        None, description="Instant from which an inferred status holds; before it, the ticket is pending"
    )
    priority: Text | None = Field(None, description="Priority as the source names it")
    type: Text | None = Field(None, description="Ticket type as the source names it")
    language: Text | None = Field(None, description="Language of the conversation")
    created_at: Instant = Field(description="When it was created")
    updated_at: Instant | None = Field(None, description="Last change in the source")
    page: Text | None = Field(None, description="Web page the customer wrote from")
    referrer: Text | None = Field(None, description="Page or campaign they came from")
    spam: bool = Field(False, description="Marked as spam")
    nature: Nature = Field(Nature.REQUEST, description="request, newsletter, bounce or automatic")
    merged_into: Annotated[OptionalId, Sticky()] = Field(
        None, description="Ticket that it was merged into; sticky"
    )
    deleted_at: Annotated[Instant | None, Sticky()] = Field(None, description="Tombstone; sticky")
    resolved_by: Resolver | None = Field(None, description="human, bot or nobody, where the source says")
    link: Text | None = Field(None, description="Address of the ticket in the helpdesk")
    tags: JsonList | None = Field(
        None, description="Tags on it now, as a JSON list; null where the source has none"
    )
    custom_fields: Json | None = Field(None, description="Custom fields by name, as JSON")
    vendor_metrics: Json | None = Field(
        None, description="The vendor's own metrics, as JSON, never used in KPIs"
    )


class Session(Record):
    """One chat session or call, with its queue, its acceptance and its end."""

    table: ClassVar[str] = "sessions"

    ticket_id: Annotated[Id, Reference("tickets")] = Field(
        description="Ticket it belongs to: the one that the source links, else one that is made for it"
    )
    kind: SessionKind = Field(description="chat or call")
    opened_by: ActorKind | None = Field(
        None, description="Who began it: customer, or agent (outbound); null: as the ticket says"
    )
    asked_at: Instant = Field(description="When the customer asked")
    accepted_at: Instant | None = Field(None, description="When an agent accepted")
    ended_at: Instant | None = Field(None, description="When it ended")
    left_at: Instant | None = Field(None, description="When the customer left unanswered")
    queue_ms: Integer | None = Field(None, description="Time in the queue, milliseconds")
    talk_ms: Integer | None = Field(None, description="Time in conversation, milliseconds")
    wrap_up_ms: Integer | None = Field(None, description="Time after it, milliseconds")
    agent_id: Annotated[OptionalId, Reference("agents")] = Field(None, description="Agent who took it")
    end: SessionEnd | None = Field(
        None,
        description="completed, missed (neither a human nor a bot that solved it wrote or accepted) or "
        "abandoned (missed, because the customer left while queueing)",
    )


class Message(Record):
    """One message of a ticket, public or internal, by a human or not."""

    table: ClassVar[str] = "messages"
    blanked_by: ClassVar = {"redacted": ("body",)}

    ticket_id: Annotated[OptionalId, Reference("tickets"), Derived()] = Field(
        None, description="Ticket it belongs to; for e-mail filled by the threading stage"
    )
    sent_at: Instant = Field(description="When it was sent (outbound) or arrived (inbound)")
    author_kind: ActorKind = Field(description="customer, agent, bot or system, as seen when it was read")
    role_seen: Text | None = Field(None, description="The author's role in the vendor's words at that time")
    author_id: OptionalId = Field(None, description="Customer or agent who wrote it")
    public: bool = Field(True, description="False for an internal note")
    automatic: bool = Field(False, description="Out-of-office, acknowledgement, bounce, newsletter, trigger")
    automatic_kind: AutomaticKind | None = Field(None, description="Why it counts as automatic")
    channel: Text | None = Field(None, description="Channel it came through")
    length: Integer | None = Field(None, description="Characters of the full text, before any cut")
    redacted: Annotated[bool, Sticky()] = Field(False, description="The text was redacted; sticky")
    deleted_at: Annotated[Instant | None, Sticky()] = Field(None, description="Tombstone; sticky")
    # Last, because SQLite walks over all pages of a long text to read what stands behind it.
    body: Text | None = Field(None, description="Plain text")


class MessageHeader(Record):
    """The headers of one copy of a mail; its id is folder and mail, so that copies stand side by side."""

    table: ClassVar[str] = "message_headers"

    mail_id: Annotated[Id, Reference("messages")] = Field(description="Message this is a copy of")
    message_id: MessageId | None = Field(None, description="Message-ID without the angle brackets")
    in_reply_to: Text | None = Field(None, description="In-Reply-To, first id, without the angle brackets")
    references: JsonList = Field(default_factory=list, description="References, oldest first, as a JSON list")
    subject: Text | None = Field(None, description="Subject, decoded")
    sent_at: Instant = Field(description="As in the message")
    inbound: bool = Field(description="True if it came to the account, false if the account sent it")
    from_address: Text | None = Field(None, description="Sender's address, lower case")
    from_name: Text | None = Field(None, description="Sender's display name")
    to_addresses: JsonList = Field(default_factory=list, description="To and Cc addresses, lower case")
    counterpart: Text | None = Field(None, description="The customer's address, lower case")
    counterpart_name: Text | None = Field(None, description="The customer's display name")
    channel: Text | None = Field(None, description="Channel that the settings give this mail")
    team: Text | None = Field(None, description="Team that the settings give this mail")
    folder: Text = Field(description="Folder the copy is in")
    folder_role: FolderRole = Field(
        FolderRole.OTHER, description="inbox, sent, junk, trash, drafts, done, other"
    )
    answered: bool = Field(False, description="The mail client marked it as answered")
    spam: bool = Field(False, description="A spam filter marked it")
    tags: JsonList = Field(default_factory=list, description="Labels or keywords on the mail")
    list_id: Text | None = Field(None, description="List-Id, where it came through a mailing list")
    thread_hint: Text | None = Field(None, description="The server's own thread id, where it has one")


class TicketEvent(Record):
    """One change on a ticket."""

    table: ClassVar[str] = "ticket_events"

    ticket_id: Annotated[Id, Reference("tickets")] = Field(description="Ticket that changed")
    kind: EventKind = Field(description="status, assignee, team, priority, tag, …")
    at: Instant = Field(
        description="When it changed; for an observed change, when the new value was first seen"
    )
    not_before_at: Instant | None = Field(None, description="Observed: when the old value was last seen")
    known_at: Instant | None = Field(None, description="Inferred: instant at which the rule fired")
    how: Provenance = Field(Provenance.REPORTED, description="reported, observed or inferred")
    old: Text | None = Field(None, description="Value before (a status word, an id, a tag)")
    new: Text | None = Field(None, description="Value after")
    actor_kind: ActorKind | None = Field(None, description="Who did it")
    actor_id: OptionalId = Field(None, description="Customer or agent who did it")


class TicketTag(Record):
    """One tag with the instants at which it was added and removed, where the source tells."""

    table: ClassVar[str] = "ticket_tags"

    ticket_id: Annotated[Id, Reference("tickets")] = Field(description="Ticket")
    tag: Text = Field(description="Tag")
    added_at: Instant | None = Field(None, description="When it was added")
    removed_at: Instant | None = Field(None, description="When it was removed")


class TicketField(Record):
    """A custom field of tickets: its name and kind."""

    table: ClassVar[str] = "ticket_fields"

    name: Text = Field(description="Name as people see it")
    kind: Text | None = Field(None, description="Kind in the vendor's words")
    active: bool = Field(True, description="Still in use")
