"""Marks: what a changed row makes stale, for the threading stage and for the facts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from .columns import Value

Mark = tuple[str, Value]
Change = tuple[tuple[Value, ...] | None, tuple[Value, ...]]
"""The values of a row before (None for a new one) and after."""

# Rows that carry the id of the ticket whose facts they go into.
_OF_A_TICKET = frozenset({"sessions", "ticket_events", "ticket_tags", "time_entries"})
SURVEYS = frozenset({"survey_answers", "survey_offers"})
"""Tables of rows that go into the facts of surveys, under what they are about."""
# Rows whose columns stand in the facts of many tickets, and which: a change of others (an agent's last
# update, say) must not build all of those again.
_NAMED = {
    "agents": ("agent", ("email", "role", "team_id")),
    "customers": ("customer", ("email", "phone", "country", "language", "segment", "organization_id")),
    "teams": ("team", ("name",)),
    "brands": ("brand", ("name",)),
    "organizations": ("organization", ("name", "segment")),
}


def marks_of(table: str, position: Mapping[str, int], changes: Iterable[Change]) -> Collection[Mark]:
    """Return (kind, key) of everything that these changes of a table's rows make stale, each once."""
    if table == "tickets":
        return {("ticket", new[0]) for _, new in changes}
    if table == "messages":
        return _tickets(position, changes) | {("mail", new[0]) for _, new in changes}
    if table == "message_headers":
        mail = position["mail_id"]
        return {("mail", new[mail]) for _, new in changes}
    if table in _OF_A_TICKET:
        return _tickets(position, changes)
    if table in SURVEYS:
        return _subjects(table, position, changes)
    if table in _NAMED:
        kind, names = _NAMED[table]
        columns = [position[name] for name in names]
        return {
            (kind, new[0])
            for old, new in changes
            if old is None or any(old[column] != new[column] for column in columns)
        }
    return ()


def _subjects(table: str, position: Mapping[str, int], changes: Iterable[Change]) -> set[Mark]:
    columns = {name: position[name] for name in ("id", "ticket_id", "customer_id", "offered_at")}
    rows = (row for change in changes for row in change if row is not None)
    named = ({name: row[at] for name, at in columns.items()} for row in rows)
    return {("survey", subject) for row in named for subject in subjects_of(table, row)}


def subjects_of(table: str, row: Mapping[str, Value]) -> set[str]:
    """Return what an offer or answer of a survey is about, whose facts it goes into.

    That is its ticket, else its customer; without either an answer belongs to the offers of its instant. An
    answer about a ticket may also answer an offer that only named the customer.
    """
    ticket, customer, offered = row["ticket_id"], row["customer_id"], row["offered_at"]
    if ticket is not None:
        beside = customer is not None and table == "survey_answers"
        return {f"ticket:{ticket}"} | ({f"customer:{customer}"} if beside else set())
    if customer is not None:
        return {f"customer:{customer}"}
    return {f"answer:{row['id']}" if offered is None else f"offered:{offered}"}


def _tickets(position: Mapping[str, int], changes: Iterable[Change]) -> set[Mark]:
    at = position["ticket_id"]
    keys = {new[at] for _, new in changes} | {old[at] for old, _ in changes if old is not None}
    return {("ticket", str(key)) for key in keys if key is not None}
