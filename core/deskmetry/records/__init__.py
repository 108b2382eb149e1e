"""Records: one pydantic class for each table of the common schema that connectors fill."""

from ..instants import from_epoch, from_milliseconds, to_milliseconds
from .base import Derived, Record, Reference, Sticky, to_json
from .commerce import Cost, Goal, Order, SubscriptionChange, TimeEntry, Training
from .contacts import Agent, Brand, Customer, Organization, Team
from .money import major_units, minor_digits, minor_units
from .promises import Holiday, Schedule, ScheduleInterval, SlaPolicy, SlaTarget
from .raw import RawRecord
from .surveys import SurveyAnswer, SurveyOffer
from .tickets import Message, MessageHeader, Session, Ticket, TicketEvent, TicketField, TicketTag

RECORDS: tuple[type[Record], ...] = (
    Customer, Agent, Team, Brand, Organization,
    Ticket, Session, Message, MessageHeader, TicketEvent, TicketTag, TicketField,
    SurveyOffer, SurveyAnswer,
    Order, SubscriptionChange, Goal, Cost, TimeEntry, Training,
    Schedule, ScheduleInterval, Holiday, SlaPolicy, SlaTarget,
    RawRecord,
)  # fmt: skip
"""Every record class, in the order in which `docs/schema.md` shows the tables."""

__all__ = [
    "RECORDS", "Agent", "Brand", "Cost", "Customer", "Derived", "Goal", "Holiday", "Message", "MessageHeader",
    "Order", "Organization", "RawRecord", "Record", "Reference", "Schedule", "ScheduleInterval", "Session",
    "SlaPolicy", "SlaTarget", "Sticky", "SubscriptionChange", "SurveyAnswer", "SurveyOffer", "Team", "Ticket",
    "TicketEvent", "TicketField", "TicketTag", "TimeEntry", "Training", "from_epoch", "from_milliseconds",
    "major_units", "minor_digits", "minor_units", "to_json", "to_milliseconds",
]  # fmt: skip
