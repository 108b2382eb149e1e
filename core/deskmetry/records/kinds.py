"""Kinds: the closed lists of words that columns of the common schema may hold."""

from __future__ import annotations

from enum import StrEnum


class TicketStatus(StrEnum):
    """Where a ticket stands; `solved` and `closed` are solved, all others unsolved."""

    NEW = "new"
    OPEN = "open"
    PENDING = "pending"
    ON_HOLD = "on_hold"
    SOLVED = "solved"
    CLOSED = "closed"


class Medium(StrEnum):
    """What kind of conversation a ticket is; chat and phone are live."""

    TICKET = "ticket"
    EMAIL = "email"
    CHAT = "chat"
    PHONE = "phone"


class Nature(StrEnum):
    """What a ticket is about: only requests count."""

    REQUEST = "request"
    NEWSLETTER = "newsletter"
    BOUNCE = "bounce"
    AUTOMATIC = "automatic"


class ActorKind(StrEnum):
    """Who wrote a message, opened a ticket or changed it."""

    CUSTOMER = "customer"
    AGENT = "agent"
    BOT = "bot"
    SYSTEM = "system"


class AgentRole(StrEnum):
    """What an agent may do in the source."""

    AGENT = "agent"
    ADMIN = "admin"
    LIGHT_AGENT = "light_agent"
    BOT = "bot"


class Provenance(StrEnum):
    """How a value is known: the vendor says so, we saw it change, or a written rule concludes it."""

    REPORTED = "reported"
    OBSERVED = "observed"
    INFERRED = "inferred"


class AutomaticKind(StrEnum):
    """Why a message counts as automatic."""

    AUTO_REPLY = "auto_reply"
    BOUNCE = "bounce"
    NEWSLETTER = "newsletter"
    NOTIFICATION = "notification"


class EventKind(StrEnum):
    """What a ticket event changed."""

    STATUS = "status"
    ASSIGNEE = "assignee"
    TEAM = "team"
    PRIORITY = "priority"
    TAG = "tag"
    TYPE = "type"
    SLA = "sla"
    ESCALATION = "escalation"
    MERGE = "merge"
    SPLIT = "split"
    REDACTION = "redaction"
    DELETION = "deletion"
    FIELD = "field"


class Resolver(StrEnum):
    """Who solved a ticket."""

    HUMAN = "human"
    BOT = "bot"
    NOBODY = "nobody"


class FolderRole(StrEnum):
    """What a mail folder is for."""

    INBOX = "inbox"
    SENT = "sent"
    JUNK = "junk"
    TRASH = "trash"
    DRAFTS = "drafts"
    DONE = "done"
    OTHER = "other"


class SessionKind(StrEnum):
    """A live conversation: in writing or by voice."""

    CHAT = "chat"
    CALL = "call"


class SessionEnd(StrEnum):
    """How a session ended."""

    COMPLETED = "completed"
    MISSED = "missed"
    ABANDONED = "abandoned"


class SurveyKind(StrEnum):
    """What a survey measures."""

    CSAT = "csat"
    NPS = "nps"
    CES = "ces"
    QUALITY = "quality"
    SELF_SERVICE = "self_service"
    RELATIONSHIP = "relationship"
    REVIEW = "review"


class CostKind(StrEnum):
    """What support costs are made of."""

    WAGES = "wages"
    OVERTIME = "overtime"
    BENEFITS = "benefits"
    TAXES = "taxes"
    TOOLS = "tools"
    TRAINING = "training"
    OTHER = "other"


class OrderStatus(StrEnum):
    """Where an order stands; revenue is paid orders less refunds."""

    PLACED = "placed"
    PAID = "paid"
    REFUNDED = "refunded"
    CANCELLED = "cancelled"


class GoalKind(StrEnum):
    """What a conversation led to."""

    SALE = "sale"
    LEAD = "lead"
    SUBSCRIPTION = "subscription"
    OTHER = "other"


class SlaMetric(StrEnum):
    """What a service level promises."""

    FIRST_RESPONSE = "first_response"
    NEXT_RESPONSE = "next_response"
    RESOLUTION = "resolution"
    LIVE_WAIT = "live_wait"
