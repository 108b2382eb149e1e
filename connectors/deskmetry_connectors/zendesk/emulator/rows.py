"""Rows: what an emulated account holds, as the JSON that Zendesk sends."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from .company import Company
from .data import Audit, Comment, Json, Rating, Ticket, User


def iso(at: int) -> str:
    """Return Unix seconds as Zendesk writes instants."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def user_row(user: User) -> Json:
    """Return a user."""
    return {
        "id": user.id, "name": user.name, "email": user.email, "role": user.role, "role_type": None,
        "active": user.active, "suspended": False, "phone": None, "locale": "en-US", "time_zone": "UTC",
        "organization_id": user.organization, "default_group_id": 11 if user.role != "end-user" else None,
        "tags": [], "created_at": iso(user.created), "updated_at": iso(user.updated),
    }  # fmt: skip


def ticket_row(ticket: Ticket, sideloads: set[str]) -> Json:
    """Return a ticket; a scrubbed one has lost its words, a deleted one its metrics."""
    gone = ticket.status == "deleted"
    row: Json = {
        "id": ticket.id, "url": f"/api/v2/tickets/{ticket.id}.json", "external_id": None,
        "subject": "SCRUBBED" if ticket.scrubbed else ticket.subject,
        "description": "X" if ticket.scrubbed else "…", "status": ticket.status, "priority": ticket.priority,
        "type": ticket.type, "requester_id": ticket.requester, "submitter_id": ticket.submitter,
        "assignee_id": ticket.assignee, "group_id": ticket.group, "brand_id": ticket.brand,
        "organization_id": ticket.organization, "tags": [] if ticket.scrubbed else ticket.tags,
        "via": {"channel": ticket.channel, "source": {"from": {}, "to": {}, "rel": None}},
        "ticket_form_id": ticket.form, "custom_status_id": ticket.custom_status,
        "custom_fields": [{"id": key, "value": value} for key, value in ticket.fields.items()],
        "from_messaging_channel": ticket.messaging, "is_public": True, "has_incidents": False, "due_at": None,
        "created_at": iso(ticket.created), "updated_at": iso(ticket.updated),
        "generated_timestamp": ticket.generated,
    }  # fmt: skip
    if "metric_sets" in sideloads:
        row["metric_set"] = None if gone else _metrics(ticket)
    return row


def _metrics(ticket: Ticket) -> Json:
    none = {"calendar": None, "business": None}
    return {
        "id": ticket.id, "ticket_id": ticket.id, "reopens": 0, "replies": 2, "assignee_stations": 1,
        "group_stations": 1, "reply_time_in_minutes": {"calendar": 30, "business": 12},
        "first_resolution_time_in_minutes": none, "full_resolution_time_in_minutes": none,
        "requester_wait_time_in_minutes": none, "agent_wait_time_in_minutes": none,
        "on_hold_time_in_minutes": none, "created_at": iso(ticket.created), "updated_at": iso(ticket.updated),
    }  # fmt: skip


def comment_row(comment: Comment) -> Json:
    """Return a comment, as in an audit or in the list of a ticket's comments."""
    sender = comment.sender or {}
    via = comment.via or {"channel": "email", "source": {"from": sender, "to": {}, "rel": None}}
    row: Json = {
        "id": comment.id, "type": comment.kind, "event_type": "Comment", "author_id": comment.author,
        "public": comment.public, "body": comment.body, "plain_body": comment.body,
        "html_body": f'<div class="zd-comment" dir="auto">{comment.body}</div>', "via": via,
        "via_reference_id": None, "attachments": [], "created_at": iso(comment.at),
    }  # fmt: skip
    call = {"data": {"from": "+49 30 1234"} | (comment.call or {})}
    return row | (call if comment.kind == "VoiceComment" else {})


def audit_row(audit: Audit, *, comments: bool) -> Json:
    """Return an audit with its events; without `include=comment_events` only flags tell of comments."""
    shown = [comment_row(one) | {"audit_id": audit.id} for one in audit.comments] if comments else [
        {"id": one.id, "event_type": "Comment", "comment_present": True, "comment_public": one.public}
        for one in audit.comments
    ]  # fmt: skip
    events = [{"via": audit.via, "via_reference_id": None} | event for event in audit.events]
    return {
        "id": audit.id, "ticket_id": audit.ticket, "timestamp": audit.at, "created_at": iso(audit.at),
        "updater_id": audit.updater, "via": audit.via, "via_reference_id": None, "event_type": "Audit",
        "system": {"client": "Mozilla/5.0", "ip_address": "192.0.2.1", "location": "Berlin"}, "metadata": {},
        "child_events": shown + events,
    } | _mail(audit)  # fmt: skip


def _mail(audit: Audit) -> Json:
    """Return what an audit tells of the mail that it came as: in either of the places that are known of."""
    key = next((comment.message_id for comment in audit.comments if comment.message_id), None)
    if key is None:
        return {}
    mail = {"message_id": f"<{key}>", "raw_email_identifier": f"1/{audit.id}.eml", "ip_address": "192.0.2.1"}
    return {"system": mail} if audit.id % 2 else {"metadata": {"system": mail, "custom": {}}}


def rating_row(rating: Rating) -> Json:
    """Return a legacy rating."""
    return {
        "id": rating.id, "ticket_id": rating.ticket, "requester_id": rating.requester,
        "assignee_id": rating.assignee, "group_id": 11, "score": rating.score, "comment": rating.comment,
        "reason": None, "reason_id": rating.reason, "created_at": iso(rating.created),
        "updated_at": iso(rating.updated),
    }  # fmt: skip


def users_of(company: Company, tickets: list[Ticket]) -> list[Any]:
    """Return the users that some tickets name."""
    ids = {user for one in tickets for user in (one.requester, one.submitter, one.assignee) if user}
    return [user_row(company.users[key]) for key in sorted(ids) if key in company.users]
