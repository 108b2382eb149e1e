"""Conversations: a conversation as ticket, session, history and ratings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from deskmetry.records import RawRecord, Record, Session, SurveyAnswer, SurveyOffer, Ticket
from deskmetry.records.kinds import (
    ActorKind,
    Medium,
    Nature,
    Resolver,
    SessionEnd,
    SessionKind,
    SurveyKind,
    TicketStatus,
)

from . import people
from .headers import headers
from .history import CLOSED, Statuses, UnknownStateError, assignments, status_events, turns
from .parts import (
    AUTOMATED,
    CUSTOMER_INITIATED,
    Said,
    first_message,
    ordered,
    parts_of,
    requester_of,
    said,
    source_author,
    withheld,
)
from .shapes import BOT, Row, entries, instant, objects, plain, some, within

SURVEY, AI_SURVEY = "conversation_rating", "AI agent"
_MEDIA: Mapping[str, Medium] = {"email": Medium.TICKET, "phone_call": Medium.PHONE}
_OPENED_BY: Mapping[str, ActorKind] = {
    CUSTOMER_INITIATED: ActorKind.CUSTOMER,
    "admin_initiated": ActorKind.AGENT,
    "operator_initiated": ActorKind.BOT,
    "automated": ActorKind.SYSTEM,
    "campaigns_initiated": ActorKind.SYSTEM,
}
_RESOLVED = frozenset({"assumed_resolution", "confirmed_resolution"})
_POINTS = (1, 5)


@dataclass(slots=True)
class ConversationMapping:
    """Conversations with their parts as records; the messages of parts are mapped one by one, elsewhere.

    statuses: what each state counts as. link: makes the address of a conversation.
    """

    statuses: Statuses
    link: Any

    def conversation(self, row: Row) -> Iterator[Record]:
        """Map a conversation and its history."""
        session = _session(row)
        known = self._statuses(row, session)
        yield self._ticket(row, known)
        if (message := first_message(row)) is not None:
            yield message
            yield from headers(within(row.get("source")), message)
        yield from status_events(row, known)
        yield from assignments(row)
        if session is not None:
            yield session
        yield from _rating(row)
        yield from _ai_rating(row)
        authors = [within(row.get("source")).get("author")]
        yield from people.writers([*authors, *(part.get("author") for part in objects(parts_of(row)))])
        if missing := withheld(row):
            raw = {"conversation_id": str(row["id"]), "withheld": missing, "shown": len(parts_of(row))}
            yield RawRecord(
                id=f"withheld:{row['id']}", stream="conversations", kind="withheld_parts", raw=raw
            )

    def deleted(self, row: Row) -> Ticket:
        """Map a conversation that a search still named and that is gone; `deleted_at`: when that was seen."""
        return self._ticket(row, self.statuses, deleted_at=instant(row["deleted_at"]))

    def _statuses(self, row: Row, session: Session | None) -> Statuses:
        """Return what each state counts as: a chat that nobody took is closed, all others are solved."""
        lost = session is not None and _resolver(row) is Resolver.NOBODY
        return {**self.statuses, CLOSED: TicketStatus.CLOSED} if lost else self.statuses

    def _ticket(self, row: Row, known: Statuses, deleted_at: datetime | None = None) -> Ticket:
        source, updated = within(row.get("source")), instant(row["updated_at"])
        state, channel = row.get("state"), source.get("type")
        if not isinstance(state, str) or state not in known:
            raise UnknownStateError(state)
        page = source.get("url") or within(row.get("first_contact_reply")).get("url")
        assignee = some(row.get("admin_assignee_id"))
        return Ticket.model_validate(
            {
                "id": row["id"],
                "version": None if updated is None else int(updated.timestamp()),
                "subject": plain(row.get("title") or source.get("subject") or None),
                "medium": _MEDIA.get(str(channel), Medium.CHAT),
                "channel": channel,
                "team_id": some(row.get("team_assignee_id")),
                "assignee_id": f"{BOT}{assignee}" if assignee in _bots(row) else assignee,
                "requester_id": requester_of(row),
                "opened_by": _OPENED_BY.get(str(source.get("delivered_as"))) or source_author(row)[0],
                "status": known[state],
                "vendor_status": state,
                "priority": row.get("priority"),
                "created_at": instant(row["created_at"]),
                "updated_at": updated,
                "page": page or None,
                "nature": _nature(row),
                "deleted_at": deleted_at,
                "resolved_by": _resolver(row),
                "link": self.link(str(row["id"])),
                "tags": [str(tag["name"]) for tag in objects(entries(row.get("tags"), "tags"))],
                "custom_fields": dict(within(row.get("custom_attributes"))) or None,
                "vendor_metrics": _metrics(row),
            }
        )


def _metrics(row: Row) -> dict[str, Any] | None:
    """Return what Intercom counts itself: it subtracts office hours, so that no KPI may use it."""
    known = {name: row[name] for name in ("waiting_since", "snoozed_until", "sla_applied") if row.get(name)}
    numbers = {name: value for name, value in within(row.get("statistics")).items() if value is not None}
    ai = within(row.get("ai_agent"))
    agent = {
        name: ai[name] for name in ("resolution_state", "last_answer_type", "source_type") if ai.get(name)
    }
    known |= {"statistics": numbers} if numbers else {}
    return known | ({"ai_agent": agent} if agent else {}) or None


def _bots(row: Row) -> set[str]:
    """Return the ids of the bots that wrote in a conversation."""
    authors = [within(part.get("author")) for part in ordered(row)]
    return {str(one.get("id")) for one in authors if one.get("type") == "bot"}


def _human(one: Said) -> bool:
    return one.kind is ActorKind.AGENT and not one.automatic


def _solved_by_bot(row: Row) -> bool:
    """Tell whether Intercom says that its AI agent resolved it, and no human wrote."""
    resolved = within(row.get("ai_agent")).get("resolution_state") in _RESOLVED
    return resolved and not any(_human(one) for one in said(row))


def _nature(row: Row) -> Nature:
    """Return what it is: a campaign is a newsletter until its contact, or a teammate by hand, writes."""
    sent = within(row.get("source")).get("delivered_as") in AUTOMATED
    if not sent or "conversation_parts" not in row or withheld(row):
        return Nature.REQUEST
    answered = any(one.kind is ActorKind.CUSTOMER or _human(one) for one in said(row))
    return Nature.REQUEST if answered else Nature.NEWSLETTER


def _resolver(row: Row) -> Resolver | None:
    """Return who solved it; None while it is open, and where its parts weren't read."""
    if _solved_by_bot(row):
        return Resolver.BOT
    if row.get("state") != CLOSED or "conversation_parts" not in row:
        return None
    told = within(row.get("statistics")).get("first_admin_reply_at") is not None
    return Resolver.HUMAN if told or any(_human(one) for one in said(row)) else Resolver.NOBODY


def _session(row: Row) -> Session | None:
    """Map a chat as one session: from the customer's first message to the first close after it.

    There is no queue and nobody accepts: the wait ends with the first human message. A chat that is reopened
    stays one session. None where the customer never wrote, and for e-mails and calls.
    """
    source = within(row.get("source"))
    if _MEDIA.get(str(source.get("type")), Medium.CHAT) is not Medium.CHAT:
        return None
    words, cut = list(said(row)), withheld(row) > 0
    asked = _asked(row, words, cut)
    if asked is None:
        return None
    first = next((one for one in words if _human(one) and one.at >= asked), None)
    ended, answered = _ended(row, asked, words, cut)
    served = answered or _solved_by_bot(row)
    end = (SessionEnd.COMPLETED if served else SessionEnd.MISSED) if ended is not None else None
    return Session(
        id=row["id"],
        ticket_id=row["id"],
        kind=SessionKind.CHAT,
        opened_by=ActorKind.CUSTOMER,
        asked_at=asked,
        ended_at=ended,
        agent_id=None if first is None else first.author,
        end=end,
    )


def _asked(row: Row, words: list[Said], cut: bool) -> datetime | None:
    """Return when the customer wrote first; where parts are withheld, as Intercom says."""
    if cut and (not words or words[0].kind is not ActorKind.CUSTOMER):
        told = instant(within(row.get("first_contact_reply")).get("created_at"))
        if told is not None:
            return told
    return next((one.at for one in words if one.kind is ActorKind.CUSTOMER), None)


def _ended(row: Row, asked: datetime, words: list[Said], cut: bool) -> tuple[datetime | None, bool]:
    """Return when the session ended, None if it hasn't, and whether a human had written by then."""
    if cut:  # what the parts don't show any more is in the statistics alone
        numbers = within(row.get("statistics"))
        return instant(numbers.get("first_close_at")), numbers.get("first_admin_reply_at") is not None
    ended = next((one.at for one in turns(row) if one.new == CLOSED and one.at >= asked), None)
    until = ended or asked
    return ended, any(_human(one) and asked <= one.at <= until for one in words)


def _rating(row: Row) -> Iterator[Record]:
    """Map the rating of a conversation: an object is an offer, a number in it an answer."""
    found = within(row.get("conversation_rating"))
    asked = instant(found.get("created_at"))
    if not found or asked is None:
        return
    contact = within(found.get("contact")).get("id") or requester_of(row)
    teammate = within(found.get("teammate"))
    about = {
        "id": f"{row['id']}:{SURVEY}",
        "kind": SurveyKind.CSAT,
        "survey": SURVEY,
        "ticket_id": row["id"],
        "customer_id": contact,
        "agent_id": some(teammate.get("id")),
        "offered_at": asked,
    }
    yield SurveyOffer.model_validate(about)
    if found.get("rating") is not None:
        at = instant(found.get("updated_at")) or asked
        yield SurveyAnswer.model_validate(about | _answer(found["rating"], found.get("remark"), at))


def _ai_rating(row: Row) -> Iterator[Record]:
    """Map the rating that the AI agent got, a survey of its own; when it was offered isn't told."""
    found = within(row.get("ai_agent"))
    at = instant(found.get("updated_at")) or instant(found.get("created_at"))
    if found.get("rating") is None or at is None:
        return
    about = {
        "id": f"{row['id']}:ai_agent_rating",
        "kind": SurveyKind.CSAT,
        "survey": AI_SURVEY,
        "ticket_id": row["id"],
        "customer_id": requester_of(row),
    }
    yield SurveyAnswer.model_validate(about | _answer(found["rating"], found.get("rating_remark"), at))


def _answer(score: Any, remark: Any, at: datetime) -> dict[str, Any]:
    low, high = _POINTS
    if isinstance(score, bool) or not isinstance(score, int) or not low <= score <= high:
        raise ValueError(f"the rating {score!r} is not 1 to 5")
    return {
        "version": int(at.timestamp()),
        "answered_at": at,
        "score": float(score),
        "scale_min": float(low),
        "scale_max": float(high),
        "label": str(score),
        "comment": remark or None,
    }
