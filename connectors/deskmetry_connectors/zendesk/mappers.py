"""Mappers: what maps the rows of each stream one by one, for rows that are tried again."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from deskmetry.connector import Mapper

from . import people, promises, surveys, tickets

# Audits aren't among them: who was an agent at that time is known only while they are read in order.
_BY_STREAM: Mapping[str, tuple[str, Mapper]] = {
    "groups": ("people.team", people.team),
    "organizations": ("people.organization", people.organization),
    "brands": ("people.brand", people.brand),
    "ticket_fields": ("tickets.ticket_field", tickets.ticket_field),
    "satisfaction_ratings": ("surveys.rating", surveys.rating),
    "schedules": ("promises.schedule", promises.schedule),
    "holidays": ("promises.holiday", promises.holiday),
    "sla_policies": ("promises.sla_policy", promises.sla_policy),
}


def mapper_of(
    stream: str,
    name: str,
    *,
    user: Mapper,
    ticket: Callable[[], Mapper],
) -> Mapper | None:
    """Return the mapper that a stream's rows were given to under a name; None if there is none any more.

    user maps users. ticket is called for the mapper of tickets, which asks the account for names of fields.
    """
    if (stream, name) == ("users", "people.PeopleMapping.user"):
        return user
    if (stream, name) == ("tickets", "tickets.TicketMapping.ticket"):
        return ticket()
    known, mapper = _BY_STREAM.get(stream, ("", None))
    return mapper if known == name else None
