"""Tickets: rows of the ticket export as records, tombstones and scrubbed ones included."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from deskmetry.errors import RecordError
from deskmetry.records import Ticket, TicketField
from deskmetry.records.kinds import ActorKind, Medium, TicketStatus

from .via import by_bot, channel_of, medium_of

Row = Mapping[str, Any]
STATUSES: Mapping[str, TicketStatus] = {
    "new": TicketStatus.NEW,
    "open": TicketStatus.OPEN,
    "pending": TicketStatus.PENDING,
    "hold": TicketStatus.ON_HOLD,
    "solved": TicketStatus.SOLVED,
    "closed": TicketStatus.CLOSED,
}
DELETED = "deleted"
SCRUBBED = "SCRUBBED"
FORM = "Ticket form"
"""Name under which a ticket's form stands beside its custom fields; a field of that name goes first."""
MERGED_SOMEWHERE = "unknown"
"""Stands for the ticket merged into until the merge comment names it: any number sorts before it."""
_NO_METRICS = frozenset({"id", "url", "ticket_id", "created_at", "updated_at"})


class UnknownStatusError(RecordError):
    """A ticket has a status that is neither one of Zendesk's six nor a custom one with a category."""

    def __init__(self, word: object) -> None:
        super().__init__(f"The status {word!r} is unknown.", "Report it to the connector's author.")


@dataclass(frozen=True, slots=True)
class TicketMapping:
    """Rows as tickets. fields, forms: names by id. statuses: category and label of custom ones by id."""

    url: str
    merge_tag: str
    fields: Mapping[Any, str] = field(default_factory=dict)
    statuses: Mapping[Any, tuple[str, str]] = field(default_factory=dict)
    forms: Mapping[Any, str] = field(default_factory=dict)

    def ticket(self, row: Row) -> Ticket:
        """Map a ticket; its version is `generated_timestamp`, which system updates raise too."""
        if row["status"] == DELETED and row.get("subject") == SCRUBBED:
            return self._scrubbed(row)
        channel = channel_of(row.get("via"))
        tags = row.get("tags") or []
        status, label = self._status(row)
        return Ticket(
            id=row["id"],
            version=row["generated_timestamp"],
            subject=row.get("subject"),
            medium=Medium.CHAT if row.get("from_messaging_channel") is True else medium_of(channel),
            channel=channel,
            brand_id=row.get("brand_id"),
            team_id=row.get("group_id"),
            assignee_id=row.get("assignee_id"),
            requester_id=row.get("requester_id"),
            organization_id=row.get("organization_id"),
            opened_by=_opener(row),
            status=status,
            vendor_status=label,
            priority=row.get("priority"),
            type=row.get("type"),
            created_at=row["created_at"],
            updated_at=row.get("updated_at"),
            merged_into=MERGED_SOMEWHERE if self.merge_tag in tags else None,
            deleted_at=row.get("updated_at") if row["status"] == DELETED else None,
            link=f"{self.url}/agent/tickets/{row['id']}",
            tags=tags,
            custom_fields=self._form(row) | self._custom_fields(row.get("custom_fields") or ()),
            vendor_metrics=_metrics(row),
        )

    def _scrubbed(self, row: Row) -> Ticket:
        """Map what is left of a ticket as the oldest copy there is: any other keeps all but the tombstone."""
        channel = channel_of(row.get("via"))
        return Ticket(
            id=row["id"],
            version=0,
            medium=Medium.CHAT if row.get("from_messaging_channel") is True else medium_of(channel),
            channel=channel,
            brand_id=row.get("brand_id"),
            status=TicketStatus.OPEN,
            vendor_status=DELETED,
            created_at=row["created_at"],
            updated_at=row.get("updated_at"),
            deleted_at=row.get("updated_at"),
        )

    def _status(self, row: Row) -> tuple[TicketStatus, str]:
        """Return the status and Zendesk's word for it. A deleted ticket says no more than that it is."""
        word = row["status"]
        if word == DELETED:
            return TicketStatus.OPEN, DELETED
        custom = row.get("custom_status_id")
        category, label = self.statuses.get(custom, (word, word)) if custom is not None else (word, word)
        known = STATUSES.get(word) or STATUSES.get(category)
        if known is None:
            raise UnknownStatusError(word)
        return known, label

    def _form(self, row: Row) -> dict[str, Any]:
        """Return the name of the form that a ticket was filled in by, if it has one with a name."""
        key = row.get("ticket_form_id")
        name = self.forms.get(key) if key is not None else None
        return {FORM: name} if name else {}

    def _custom_fields(self, rows: Iterable[Row]) -> dict[str, Any]:
        return {
            self.fields.get(row["id"], str(row["id"])): row.get("value")
            for row in rows
            if row.get("value") is not None
        }


def _opener(row: Row) -> ActorKind:
    """Return who opened a ticket: only agents can submit one for somebody else."""
    submitter = row.get("submitter_id")
    if by_bot(row.get("via")):
        return ActorKind.BOT
    if submitter is None or submitter == -1:
        return ActorKind.SYSTEM
    return ActorKind.CUSTOMER if submitter == row.get("requester_id") else ActorKind.AGENT


def _metrics(row: Row) -> dict[str, Any] | None:
    """Return Zendesk's own metrics of a ticket and its running SLA targets, as far as they came along."""
    metrics = {
        name: value for name, value in (row.get("metric_set") or {}).items() if name not in _NO_METRICS
    }
    targets = (row.get("slas") or {}).get("policy_metrics")
    return metrics | ({"slas": targets} if targets else {}) or None


def ticket_field(row: Row) -> TicketField:
    """Map a custom or system field."""
    return TicketField(
        id=row["id"], name=row["title"], kind=row.get("type"), active=bool(row.get("active", True))
    )


def field_names(rows: Iterable[Row]) -> dict[Any, str]:
    """Return the names of fields by id; of several with one title, each is told apart by its id."""
    rows = [row for row in rows if "id" in row]
    titles = Counter(str(row.get("title") or row["id"]) for row in rows)
    return {
        row["id"]: title if titles[title] == 1 else f"{title} ({row['id']})"
        for row in rows
        for title in [str(row.get("title") or row["id"])]
    }
