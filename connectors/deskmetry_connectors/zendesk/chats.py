"""Chats: one chat or offline message of Zendesk Chat, as session, messages, survey, and ticket of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from deskmetry.records import (
    Customer,
    Message,
    RawRecord,
    Record,
    Session,
    SurveyAnswer,
    SurveyOffer,
    Ticket,
)
from deskmetry.records.kinds import (
    ActorKind,
    Medium,
    Resolver,
    SessionEnd,
    SessionKind,
    SurveyKind,
    TicketStatus,
)

from .chat_lines import JOINED, KNOWN, LEFT, RATED, RATING_ASKED, WRITTEN, Line, lines_of, moment

Row = Mapping[str, Any]
OFFLINE = "offline_msg"
SURVEY = "satisfaction"
"""The survey of legacy ratings: Zendesk copies a chat's rating to its ticket, and it is one answer."""
_SCORES: Mapping[str, float] = {"good": 1.0, "bad": 0.0}
_OPENERS: Mapping[str, ActorKind] = {"agent": ActorKind.AGENT, "trigger": ActorKind.SYSTEM}
_METRICS = (
    "duration", "response_time", "count", "triggered", "triggered_response", "missed", "started_by",
    "department_name", "referrer_search_engine", "referrer_search_terms",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Chat:
    """One chat, read. linked: the ticket that Zendesk made of it. visitor: the customer's id."""

    row: Row
    key: str
    linked: str | None
    asked: datetime
    updated: datetime
    ended: datetime | None
    visitor: str
    team: str | None
    lines: list[Line]
    offline: bool

    @classmethod
    def of(cls, row: Row, bots: frozenset[str]) -> Chat:
        """Read a chat, its history oldest first."""
        asked, linked = moment(row["timestamp"]), row.get("zendesk_ticket_id")
        offline = row.get("type") == OFFLINE
        lines = [] if offline else lines_of(row.get("history") or (), bots)
        ended = asked if offline else _ended(row, asked, lines)
        last = max([asked, *(line.at for line in lines), *([ended] if ended else [])])
        stamp = row.get("update_timestamp")
        team = row.get("department_id")
        return cls(
            row=row,
            key=str(row["id"]),
            linked=None if linked is None else str(linked),
            asked=asked,
            updated=moment(stamp) if stamp else last,
            ended=ended,
            visitor=visitor_of(row.get("visitor") or {}),
            team=None if team is None else str(team),
            lines=lines,
            offline=offline,
        )

    @property
    def about(self) -> str:
        """The ticket that the chat belongs to: Zendesk's, else its own."""
        return self.linked or self.key

    @property
    def replies(self) -> list[Line]:
        """What human agents wrote to the customer, oldest first."""
        return [line for line in self.lines if line.kind in WRITTEN and line.who is ActorKind.AGENT]

    @property
    def answered(self) -> bool:
        """Whether anybody took the chat: a human wrote, or joined one that Zendesk doesn't call missed."""
        return bool(self.replies) or (self.row.get("missed") is False and self.accepted is not None)

    @property
    def accepted(self) -> datetime | None:
        """When the first human agent joined."""
        joined = (line.at for line in self.lines if line.kind == JOINED and line.who is ActorKind.AGENT)
        return next(joined, None)

    @property
    def agent(self) -> str | None:
        """Who took it: the human who wrote last, else the one who joined first."""
        if self.replies:
            return self.replies[-1].author
        joined = (line.author for line in self.lines if line.kind == JOINED and line.who is ActorKind.AGENT)
        return next(joined, None)

    @property
    def by_bot(self) -> bool:
        """Whether a bot wrote, no human did, and Zendesk doesn't call the chat missed."""
        bots = any(line.kind in WRITTEN and line.who is ActorKind.BOT for line in self.lines)
        return bots and not self.answered and self.row.get("missed") is not True

    # --- records -----------------------------------------------------------------------------------------

    def customer(self) -> Customer:
        """Return the visitor, as the latest chat shows them."""
        visitor, place = self.row.get("visitor") or {}, self.row.get("session") or {}
        return Customer(
            id=self.visitor,
            version=int(self.updated.timestamp()),
            name=visitor.get("name") or None,
            email=visitor.get("email") or None,
            phone=visitor.get("phone") or None,
            country=place.get("country_code") or None,
        )

    def ticket(self) -> Ticket:
        """Return the chat as a ticket of its own; one that was given a ticket later is merged into that."""
        row = self.row
        pages = [page for page in row.get("webpath") or () if isinstance(page, Mapping)]
        return Ticket(
            id=self.key,
            version=int(self.updated.timestamp()),
            medium=Medium.CHAT,
            channel="offline_message" if self.offline else "chat",
            team_id=self.team,
            assignee_id=self.agent,
            requester_id=self.visitor,
            opened_by=_OPENERS.get(str(row.get("started_by")), ActorKind.CUSTOMER),
            status=TicketStatus.CLOSED if self.ended else TicketStatus.OPEN,
            vendor_status=str(row.get("type") or "chat"),
            created_at=self.asked,
            updated_at=self.updated,
            page=_page(pages, self.asked),
            referrer=next((page.get("from") for page in pages), None) or row.get("referrer_search_engine"),
            merged_into=self.linked,
            deleted_at=self.updated if row.get("deleted") is True else None,
            resolved_by=self._resolver(),
            tags=row.get("tags") or [],
            vendor_metrics={name: row[name] for name in _METRICS if row.get(name) is not None},
        )

    def session(self) -> Session:
        """Return the chat as a session; Zendesk tells no queue, a wait ends when an agent joins."""
        taken = self.answered
        gone = (line.at for line in self.lines if line.kind == LEFT and line.who is ActorKind.CUSTOMER)
        return Session(
            id=self.key,
            version=int(self.updated.timestamp()),
            ticket_id=self.about,
            kind=SessionKind.CHAT,
            opened_by=_OPENERS.get(str(self.row.get("started_by")), ActorKind.CUSTOMER),
            asked_at=self.asked,
            accepted_at=self.accepted if taken else None,
            ended_at=self.ended,
            left_at=None if taken or self.by_bot or self.ended is None else next(gone, None),
            agent_id=self.agent if taken else None,
            end=self._end(),
        )

    def messages(self) -> Iterator[Record]:
        """Return what was written, and lines of kinds that nobody documents as they came.

        An offline message that became a ticket is that ticket's first comment already.
        """
        gone = self.updated if self.row.get("deleted") is True else None
        if self.offline and self.linked is None:
            body = str(self.row.get("message") or "")
            yield Message(
                id=f"{self.key}:message", ticket_id=self.key, sent_at=self.asked, role_seen="visitor",
                author_kind=ActorKind.CUSTOMER, author_id=self.visitor, channel="offline_message",
                length=len(body), body=body, deleted_at=gone,
            )  # fmt: skip
        for line in self.lines:
            if line.kind in WRITTEN:
                yield line.message(self.key, self.about, self.visitor, gone)
            elif line.kind not in KNOWN:
                raw = dict(line.row)
                yield RawRecord(id=f"{self.key}:{line.key}", stream="chats", kind=line.kind or "?", raw=raw)

    def ratings(self, *, late: bool) -> Iterator[Record]:
        """Return the survey that was offered, and its answer; late: both had the chat's own id before."""
        score = self.row.get("rating")
        asked = next((line.at for line in self.lines if line.kind == RATING_ASKED), None)
        rated = [line.at for line in self.lines if line.kind == RATED]
        if score is not None and score not in _SCORES:
            raise ValueError(f"the rating {score!r} is neither good nor bad")
        at = rated[-1] if rated else self.ended or self.updated
        about: dict[str, Any] = {
            "id": self.about, "kind": SurveyKind.CSAT, "survey": SURVEY, "ticket_id": self.about,
            "customer_id": self.visitor, "agent_id": self.agent,
            "offered_at": asked or (rated[0] if rated else at),  # a rating that is changed was offered once
        }  # fmt: skip
        if asked is None and score is None:
            return
        # A second behind the ticket's own copies, which stand where both are told.
        yield SurveyOffer.model_validate(about | {"version": -int(about["offered_at"].timestamp()) - 1})
        if score is None:
            return
        told = {"label": score, "score": _SCORES[score], "scale_min": 0.0, "scale_max": 1.0}
        seen = {"version": int(at.timestamp()) - 1, "answered_at": at, "comment": self.row.get("comment")}
        answer = SurveyAnswer.model_validate(about | told | seen)
        yield answer
        if late:
            yield answer.model_copy(update={"id": self.key, "superseded_by": self.about})

    # --- how ---------------------------------------------------------------------------------------------

    def _end(self) -> SessionEnd | None:
        if self.ended is None:
            return None
        return SessionEnd.COMPLETED if self.answered or self.by_bot else SessionEnd.MISSED

    def _resolver(self) -> Resolver | None:
        if self.ended is None:
            return None
        if self.answered:
            return Resolver.HUMAN
        return Resolver.BOT if self.by_bot else Resolver.NOBODY


def visitor_of(visitor: Row) -> str:
    """Return a customer's id: the e-mail address, since each device is another visitor; else the visitor."""
    email = str(visitor.get("email") or "").strip().lower()
    return email or f"visitor:{visitor.get('id') or 'unknown'}"


def _ended(row: Row, asked: datetime, lines: list[Line]) -> datetime | None:
    """Return when a chat ended; None while it runs.

    The end as such isn't in all answers: else it is the beginning and `duration`, and of a missed chat the
    last that happened in it.
    """
    if row.get("end_timestamp"):
        return moment(row["end_timestamp"])
    if "end_timestamp" not in row and isinstance(row.get("duration"), int | float):
        return asked + timedelta(seconds=row["duration"])
    if row.get("missed") is True:
        return max([asked, *(line.at for line in lines)])
    return None


def _page(pages: list[Row], asked: datetime) -> str | None:
    """Return the page on which the chat began: the last one that was opened before it, else the first."""
    opened = [page for page in pages if page.get("timestamp") and moment(page["timestamp"]) <= asked]
    found = opened[-1:] or pages[:1]
    return found[0].get("to") if found else None
