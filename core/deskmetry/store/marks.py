"""Marks: what a changed row makes stale, for the threading stage and for the facts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from .columns import Value

Mark = tuple[str, str]

# Rows that carry the id of the ticket whose facts they go into.
_OF_A_TICKET = frozenset(
    {"sessions", "ticket_events", "ticket_tags", "survey_answers", "survey_offers", "time_entries"}
)
# Rows whose columns stand in the facts of many tickets, and which: a change of others (an agent's last
# update, say) must not build all of those again.
_NAMED = {
    "agents": ("agent", ("email", "role", "team_id")),
    "customers": ("customer", ("email", "phone", "country", "language", "segment", "organization_id")),
    "teams": ("team", ("name",)),
    "brands": ("brand", ("name",)),
    "organizations": ("organization", ("name", "segment")),
}


def marks_of(
    table: str, position: Mapping[str, int], old: Sequence[Value] | None, new: Sequence[Value]
) -> Iterator[Mark]:
    """Yield (kind, key) of everything that a change from `old` (None for a new row) to `new` makes stale."""
    if table == "tickets":
        yield "ticket", str(new[0])
    elif table == "messages":
        yield from _tickets(position, old, new)
        yield "mail", str(new[0])
    elif table == "message_headers":
        yield "mail", str(new[position["mail_id"]])
    elif table in _OF_A_TICKET:
        yield from _tickets(position, old, new)
    elif table in _NAMED:
        kind, columns = _NAMED[table]
        if old is None or any(old[position[name]] != new[position[name]] for name in columns):
            yield kind, str(new[0])


def _tickets(
    position: Mapping[str, int], old: Sequence[Value] | None, new: Sequence[Value]
) -> Iterator[Mark]:
    at = position["ticket_id"]
    for row in (old, new):
        if row is not None and row[at] is not None:
            yield "ticket", str(row[at])
