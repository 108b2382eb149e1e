"""Items: what stands in a ticket, messages as records, all other kinds raw, and ratings that are plain."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from deskmetry.errors import RecordError
from deskmetry.records import Message, RawRecord, Record, SurveyAnswer
from deskmetry.records.kinds import ActorKind, AutomaticKind, SurveyKind

from . import people
from .values import reference, required

Row = Mapping[str, Any]
ASKED, CONTACT = "asked_ticket_id", "asked_contact_id"
"""Our own marks on an item: the ticket that it was read for, and who asks in that ticket."""
NOTE = "Note"
RATING = "Rating"
_SHARE = re.compile(r"\s*(\d{1,3})\s*(?:/|out of)\s*(5|10|100)\s*", re.IGNORECASE)
_BARE = re.compile(r"\s*(\d{1,3})\s*")
_HTML = re.compile(r"</?(?:p|div|br|span|table|html|body|a|b|strong|ul|li)\b[^>]*>", re.IGNORECASE)


class OtherTicketError(RecordError):
    """eDesk gave an item of another ticket than the one that names its id; ids aren't unique there."""

    def __init__(self, key: object, asked: object, came: object) -> None:
        super().__init__(
            f"Item {key} of ticket {asked} came as one of ticket {came}.",
            "Ids of items aren't unique at eDesk, and the API gives one of them only: nothing helps here.",
        )


@dataclass(frozen=True, slots=True)
class ItemMapping:
    """Items as records. replies, automatic, answering: kinds of items. users: ids of the known ones.

    scale: the highest score of a rating that is only a number; None if that isn't known. ratings: how many
    ratings were `read`, and how many are only `kept`.
    """

    replies: frozenset[str]
    automatic: frozenset[str]
    answering: frozenset[str] = frozenset()
    bots: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()
    scale: int | None = None
    ratings: Counter[str] = field(default_factory=Counter)

    def item(self, row: Row) -> Iterator[Record]:
        """Map an item; its key is ticket, kind and id together, since the id alone isn't unique."""
        ticket, kind = row.get("ticket_id") or row[ASKED], row["type"]
        if str(ticket) != str(row.get(ASKED, ticket)):
            raise OtherTicketError(row["id"], row[ASKED], ticket)
        if row["id"] is None or not isinstance(kind, str):
            raise ValueError("an item has no id or no type")
        key = f"{ticket}:{kind}:{row['id']}"
        if kind in self.replies | self.automatic | self.answering or kind == NOTE:
            yield from self._message(key, str(ticket), kind, row)
            return
        raw = {name: value for name, value in row.items() if name not in (ASKED, CONTACT)}
        yield RawRecord(id=f"item:{key}", stream="tickets", kind=f"item:{kind}", raw=raw)
        if kind == RATING:
            yield from self._rating(key, str(ticket), row)

    def _message(self, key: str, ticket: str, kind: str, row: Row) -> Iterator[Record]:
        user = row.get("from_user")
        user = user if isinstance(user, Mapping) and reference(user.get("id")) is not None else None
        if user is not None and str(user["id"]) not in self.users:
            yield people.agent(user, self.bots)  # somebody who isn't in the list any more
        author, public = self._author(kind, row.get("direction"), user)
        text = plain(row.get("body"))
        automatic = kind in self.automatic
        human = author is ActorKind.AGENT or user is not None
        yield Message(
            id=key,
            ticket_id=ticket,
            sent_at=required(row["created_at"], "created_at"),
            author_kind=author,
            role_seen=f"{kind} {row.get('direction') or ''}".strip(),
            author_id=user["id"] if human and user else _contact(row) if author is _CUSTOMER else None,
            public=public,
            automatic=automatic or author is ActorKind.SYSTEM,
            automatic_kind=AutomaticKind.AUTO_REPLY
            if automatic
            else AutomaticKind.NOTIFICATION
            if author is ActorKind.SYSTEM
            else None,
            channel=kind,
            length=len(text) if text is not None else None,
            body=text,
        )

    def _author(self, kind: str, direction: object, user: Row | None) -> tuple[ActorKind, bool]:
        """Return who wrote an item, and whether the customer sees it."""
        by_user = ActorKind.BOT if user is not None and str(user["id"]) in self.bots else ActorKind.AGENT
        if kind in self.automatic | self.answering:
            return ActorKind.BOT, True
        if kind == NOTE:
            return by_user, False
        match str(direction).lower():
            case "incoming":
                return _CUSTOMER, True
            case "outgoing":
                return by_user, True
            case "other":  # neither to nor from the customer
                return (by_user, False) if user is not None else (ActorKind.SYSTEM, False)
        raise ValueError(f"the direction {direction!r} is none of Incoming, Outgoing, Other")

    def _rating(self, key: str, ticket: str, row: Row) -> Iterator[Record]:
        """Read a rating if it can mean one thing only: `4/5`, `4 out of 5`, or a number of a scale given."""
        body = plain(row.get("body")) or ""
        score, scale = None, None
        if found := _SHARE.fullmatch(body):
            score, scale = int(found[1]), int(found[2])
        elif self.scale is not None and (found := _BARE.fullmatch(body)):
            score, scale = int(found[1]), self.scale
        if score is None or scale is None or not 1 <= score <= scale:
            self.ratings["kept"] += 1
            return
        self.ratings["read"] += 1
        at = required(row["created_at"], "created_at")
        yield SurveyAnswer(
            id=key,
            kind=SurveyKind.CSAT,
            survey="rating",
            ticket_id=ticket,
            customer_id=_contact(row),
            offered_at=at,
            answered_at=at,
            score=score,
            scale_min=1,
            scale_max=scale,
            label=body.strip(),
        )


_CUSTOMER = ActorKind.CUSTOMER


def _contact(row: Row) -> Any:
    return reference(row.get(CONTACT))


def plain(body: object) -> str | None:
    """Return a body as plain text, from HTML too; None for none. ValueError if it is no text."""
    if body is None:
        return None
    if not isinstance(body, str):
        raise ValueError("the body is no text")
    if not _HTML.search(body):
        return body
    from ..email.text import strip_html

    return strip_html(body)
