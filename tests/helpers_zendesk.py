"""Helpers for tests of `zendesk`: rows as Zendesk documents them, and syncs from an emulator in a line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from deskmetry.connector import Connector, Context
from deskmetry.sync import Options, SyncReport, sync
from deskmetry_connectors.zendesk import Zendesk
from deskmetry_connectors.zendesk.emulator import TOKEN, Company, Emulator, Faults
from deskmetry_connectors.zendesk.emulator.data import Comment, Ticket
from deskmetry_connectors.zendesk.events import EventMapping
from deskmetry_connectors.zendesk.people import Roles
from helpers_http import PatientContext

Json = dict[str, Any]
MERGED = re.compile(r"merged into request #(\d+)")


@contextmanager
def desk(company: Company | None = None, faults: Faults | None = None) -> Iterator[Emulator]:
    """Serve a company, a small one if none is given."""
    with Emulator(company or Company.make(tickets=40, seed=5), faults) as server:
        yield server


def zendesk(server: Emulator, **settings: Any) -> Zendesk:
    """Return a connector for an emulator; with the bearer token unless told otherwise."""
    ways = {"token", "client_id", "email"} & settings.keys()
    return Zendesk.model_validate({"url": server.url} | ({} if ways else {"token": TOKEN}) | settings)


def run(database: Path, connector: Connector, **options: Any) -> SyncReport:
    """Sync one connector as source `zd`."""
    return sync(database, {"zd": connector}, Options(**options))


def patient(connector: Zendesk, max_wait: timedelta = timedelta(minutes=15)) -> PatientContext:
    """Give a connector a context whose waits end at once, and return it."""
    context = PatientContext(max_wait=max_wait)
    connector.attach(context)
    return context


def attached(connector: Zendesk) -> Zendesk:
    """Return the connector ready to be called by hand."""
    connector.attach(Context())
    return connector


def events(roles: dict[int, str] | None = None, **more: Any) -> EventMapping:
    """Return a mapping of audits in which some users are known as agents."""
    known = Roles()
    for user, role in (roles or {}).items():
        known.see(user, role)
    return EventMapping(known, "closed_by_merge", MERGED, **more)


def audit(*children: Json, **more: Any) -> Json:
    """Return an audit as the documentation shows one, with these children."""
    return {
        "id": 999999, "ticket_id": 3, "timestamp": 1647532987, "created_at": "2022-03-17T16:03:07Z",
        "updater_id": 10, "via": "Web form", "via_reference_id": None, "event_type": "Audit",
        "system": {"client": "...", "ip_address": "..."}, "metadata": {}, "child_events": list(children),
    } | more  # fmt: skip


def comment(**more: Any) -> Json:
    """Return a comment of an audit as the documentation shows one."""
    return {
        "id": 99999, "type": "Comment", "event_type": "Comment", "author_id": 10, "public": True,
        "body": "Where is it?", "html_body": "<div>…</div>", "plain_body": "Where is it?",
        "via": {"channel": "web", "source": {"from": {}, "to": {}, "rel": None}}, "via_reference_id": None,
        "attachments": [], "audit_id": 123456, "created_at": "2022-03-17T16:03:07Z",
    } | more  # fmt: skip


def ticket(**more: Any) -> Json:
    """Return a row of the ticket export."""
    return {
        "id": 4034, "subject": "Size?", "description": "…", "status": "open", "priority": "high",
        "type": "question", "requester_id": 10, "submitter_id": 10, "assignee_id": 42, "group_id": 7,
        "brand_id": 1, "organization_id": 5, "tags": ["a"], "custom_fields": [{"id": 36, "value": "XL"}],
        "via": {"channel": "email", "source": {"from": {}, "to": {}, "rel": None}},
        "created_at": "2023-10-20T08:00:00Z", "updated_at": "2023-10-24T09:00:00Z",
        "generated_timestamp": 1698138000, "metric_set": {"id": 1, "ticket_id": 4034, "reopens": 2},
    } | more  # fmt: skip


def kind(company: Company, comment: Comment) -> str:
    """Say what a comment is, from the company alone: rules, notes, agents by their name, customers."""
    if comment.via is not None:
        return "automatic"
    if not comment.public:
        return "note"
    return "reply" if company.users[comment.author].name.startswith("Agent") else "customer"


def comments(company: Company) -> list[Comment]:
    return [one for audit in company.audits for one in audit.comments]


def status_changes(company: Company, ticket: Ticket) -> list[tuple[int, str]]:
    """Return instants and statuses of a ticket, deletion left out."""
    found = [
        (audit.at, str(event["status"]))
        for audit in company.audits
        if audit.ticket == ticket.id
        for event in audit.events
        if "status" in event and event["status"] != "deleted"
    ]
    return sorted(found, key=lambda change: change[0])


def counted(company: Company) -> list[Ticket]:
    """Return the tickets that count: neither merged nor deleted before they were solved."""
    return [
        one
        for one in company.tickets.values()
        if "closed_by_merge" not in one.tags
        and (one.status != "deleted" or "solved" in {word for _, word in status_changes(company, one)})
    ]
