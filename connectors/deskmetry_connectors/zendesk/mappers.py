"""Mappers: what maps the rows of each stream one by one, for rows that are tried again."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from deskmetry.connector import Mapper

from . import people, promises, sla, tickets
from .lookups import CUSTOM_STATUSES, REASONS, TICKET_FORMS

# Audits aren't among them: who was an agent at that time is known only while they are read in order.
_BY_STREAM: Mapping[str, tuple[str, Mapper]] = {
    "groups": ("people.team", people.team),
    "organizations": ("people.organization", people.organization),
    "brands": ("people.brand", people.brand),
    "ticket_fields": ("tickets.ticket_field", tickets.ticket_field),
    "ticket_forms": ("lookups.RawMapping.row", TICKET_FORMS.row),
    "custom_statuses": ("lookups.RawMapping.row", CUSTOM_STATUSES.row),
    "satisfaction_reasons": ("lookups.RawMapping.row", REASONS.row),
    "sla_events": ("sla.metric_event", sla.metric_event),
    "schedules": ("promises.schedule", promises.schedule),
    "holidays": ("promises.holiday", promises.holiday),
    "sla_policies": ("promises.sla_policy", promises.sla_policy),
}


_MADE: Mapping[str, str] = {
    "users": "people.PeopleMapping.user",
    "tickets": "tickets.TicketMapping.ticket",
    "satisfaction_ratings": "surveys.RatingMapping.rating",
    "survey_responses": "csat.CsatMapping.response",
    "calls": "calls.CallMapping.call",
    "chats": "chat_mapping.ChatMapping.chat",
    "transcripts": "transcripts.LogMapping.event",
}
"""Names of the mappers that need settings, or names out of the account."""


def mapper_of(stream: str, name: str, made: Mapping[str, Callable[[], Mapper]]) -> Mapper | None:
    """Return the mapper that a stream's rows were given to under a name; None if there is none any more.

    made: makes the mapper of a stream that needs more than rows.
    """
    if stream in made:
        return made[stream]() if _MADE.get(stream) == name else None
    known, mapper = _BY_STREAM.get(stream, ("", None))
    return mapper if known == name else None
