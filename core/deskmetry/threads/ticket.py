"""Ticket: what a thread becomes in the common schema, the ticket and its inferred events."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..connector.mail_rules import MailRules
from ..records import Ticket, TicketEvent, from_milliseconds
from ..records.kinds import AutomaticKind, EventKind, Medium, Nature, Provenance, Resolver, TicketStatus
from .mail import Mail, Thread
from .statuses import Change, history, is_answered_elsewhere, opened_by
from .subject import parse_subject

ANSWERED = "answered"
"""`tickets.vendor_status` where the last customer mail is marked as answered but the reply isn't here."""

# The stage is the only writer of these tickets, and what it recomputes always stands, also when `updated_at`
# became smaller; equal versions let the later copy win.
_VERSION = 0
_NATURES = {AutomaticKind.NEWSLETTER: Nature.NEWSLETTER, AutomaticKind.BOUNCE: Nature.BOUNCE}


def ticket_of(thread: Thread, rules: MailRules) -> tuple[Ticket, list[TicketEvent]]:
    """Return the ticket that a thread is, and its status and assignee events in the order of their ids."""
    changes = history(thread, rules)
    statuses = [change for change in changes if change.kind is EventKind.STATUS]
    assignees = [change for change in changes if change.kind is EventKind.ASSIGNEE]
    solved = statuses[-1] if statuses[-1].new == TicketStatus.SOLVED else None
    mails, answered = thread.mails, is_answered_elsewhere(thread)
    replied = answered or any(mail.replies for mail in mails)
    ticket = Ticket(
        id=thread.id,
        version=_VERSION,
        subject=_first(parse_subject(mail.subject).title for mail in mails),
        medium=Medium.EMAIL,
        channel=_first(mail.channel for mail in mails) or "email",
        team_id=_first(mail.team for mail in mails),
        assignee_id=assignees[-1].new if assignees else None,
        requester_id=_requester(mails),
        opened_by=opened_by(thread),
        status=TicketStatus(statuses[-1].new),
        vendor_status=ANSWERED if answered else None,
        status_how=Provenance.INFERRED,
        status_from_at=from_milliseconds(solved.known_at) if solved else None,
        created_at=from_milliseconds(mails[0].sent_at),
        updated_at=from_milliseconds(mails[-1].sent_at),
        spam=_is_spam(mails),
        nature=_nature(mails),
        resolved_by=(Resolver.HUMAN if replied else Resolver.NOBODY) if solved else None,
        tags=sorted({tag for mail in mails for tag in mail.tags}),
    )
    return ticket, [_event(thread.id, number, change) for number, change in enumerate(changes)]


def _event(ticket_id: str, number: int, change: Change) -> TicketEvent:
    # Not validated again: every value comes from records that were, and there are five events a ticket.
    return TicketEvent.model_construct(
        version=None,
        not_before_at=None,
        id=f"{ticket_id}:{number:06d}",  # of one length, so that ids tell events of one instant apart
        ticket_id=ticket_id,
        kind=change.kind,
        at=from_milliseconds(change.at),
        known_at=from_milliseconds(change.known_at),
        how=Provenance.INFERRED,
        old=change.old,
        new=change.new,
        actor_kind=change.actor_kind,
        actor_id=change.actor_id,
    )


def _first(values: Iterable[str | None]) -> str | None:
    return next((value for value in values if value), None)


def _requester(mails: Sequence[Mail]) -> str | None:
    """Return the customer of the first mail they wrote, else of the first that was written to them."""
    ranked = sorted(mails, key=lambda mail: (mail.automatic, not mail.inbound))  # stable: oldest first within
    return _first(mail.counterpart for mail in ranked)


def _is_spam(mails: Sequence[Mail]) -> bool:
    inbound = [mail for mail in mails if mail.inbound]
    return bool(inbound) and all(mail.spam for mail in inbound) and not any(mail.replies for mail in mails)


def _nature(mails: Sequence[Mail]) -> Nature:
    """Return the kind of the first mail where no human wrote any; a newsletter we answered is a request."""
    if any(mail.asks or mail.replies for mail in mails):
        return Nature.REQUEST
    kind = mails[0].automatic_kind
    return _NATURES.get(kind, Nature.AUTOMATIC) if kind else Nature.AUTOMATIC
