"""Chats: one thread of the archive, or a running one, as ticket, session, messages and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from deskmetry.records import Message, RawRecord, Record, Session, Ticket, TicketEvent
from deskmetry.records.kinds import (
    ActorKind,
    EventKind,
    Medium,
    Provenance,
    Resolver,
    SessionKind,
    TicketStatus,
)

from . import people, sales
from .endings import Ending, ending_of, session_end
from .messages import WRITTEN, key_of, message
from .ratings import AI_SURVEY, SURVEY, ratings
from .rows import Row, WrongShape, flag, instant, items, number, objects, part, space, text

RESTRICTED = "restricted_access"
# Documented events that hold nothing the common schema has a place for.
_LEFT_OUT = frozenset({"form", "system_message"})
_KNOWN_ACTIVITIES = frozenset(
    {"store_product_added_to_cart", "store_product_removed_from_cart", "summary",
     "custom_skill_awaiting_feedback", "custom_skill_completed", "custom_skill_failed",
     "custom_skill_rejected", "custom_skill_started"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Taste:
    """What the settings say about mapping.

    channels: names of channels by the id of the customer's application. link: address of a thread, with
    `{thread}` in it. form_types: types of form fields with free text, besides the known ones.
    """

    channels: Mapping[str, str] = field(default_factory=dict)
    link: str | None = None
    spam_tag: str | None = "spam"
    form_types: frozenset[str] = frozenset()
    orders: bool = False


@dataclass(slots=True)
class ChatMapping:
    """Rows as records. `restricted` counts threads that the plan withholds, `words` is what it says."""

    directory: people.Directory
    taste: Taste
    restricted: int = 0
    words: str = ""

    def chat(self, row: Row) -> Iterator[Record]:
        """Map one row of `list_archives`, or an answer of `get_chat`: a chat with one of its threads."""
        if not isinstance(row["id"], str) or not row["id"]:
            raise WrongShape("id", "a text", row["id"])
        thread = part(row, "thread")
        if (words := _withheld(thread)) is not None:
            self.restricted += 1
            self.words = words
            # Without its events a thread looks as if nobody had said a word.
            yield RawRecord(
                id=f"{RESTRICTED}:{thread['id']}",
                stream="chats",
                kind=RESTRICTED,
                raw={"thread": dict(thread)},
            )
            return
        users = people.users(row)
        talk = Talk.of(row, thread, people.Cast(users, self.directory), self.taste)
        yield from self.directory.unlisted(users, talk.began)
        if talk.customer is not None:
            yield people.customer(talk.customer, part(thread, "customer_visit"), talk.began)
        yield talk.ticket()
        yield talk.session()
        yield from talk.history()
        yield from talk.messages
        yield from talk.outcome()


@dataclass(frozen=True)
class Talk:
    """One thread, read: what was written by whom, and how it ended."""

    row: Row
    thread: Row
    cast: people.Cast
    taste: Taste
    key: str
    began: datetime
    events: list[Row]
    messages: list[Message]
    ending: Ending | None

    @classmethod
    def of(cls, row: Row, thread: Row, cast: people.Cast, taste: Taste) -> Talk:
        """Read a thread, its events oldest first."""
        events = sorted(objects(thread, "events"), key=lambda event: instant(event, "created_at"))
        key, began = thread["id"], instant(thread, "created_at")
        channel = _channel(thread, taste)
        written = [
            message(event, key, cast, channel, taste.form_types)
            for event in events
            if event["type"] in WRITTEN
        ]
        active = flag(thread, "active")
        if active is None:
            raise WrongShape("active", "true or false", None)
        ending = None if active else ending_of(events, began)
        return cls(row, thread, cast, taste, key, began, events, written, ending)

    @property
    def customer(self) -> Row | None:
        """The customer of the chat."""
        return self.cast.customer

    @property
    def customer_id(self) -> str | None:
        """The customer's id."""
        return self.customer["id"] if self.customer is not None else None

    @cached_property
    def replies(self) -> list[Message]:
        """What human agents wrote to the customer, oldest first."""
        return [one for one in self._said if one.author_kind is ActorKind.AGENT]

    @property
    def agent(self) -> str | None:
        """Who took the chat: the last human who wrote; being assigned is no proof, so else nobody."""
        return self.replies[-1].author_id if self.replies else None

    @cached_property
    def by_bot(self) -> bool:
        """Whether LiveChat says that an AI agent resolved the thread, and no human wrote."""
        return not self.replies and flag(space(self.thread, "chats"), "resolved") is True

    def ticket(self) -> Ticket:
        """Return the thread as a ticket: one customer has one chat for ever, and each request is a thread."""
        thread, routing = self.thread, space(self.thread, "routing")
        tags = items(thread, "tags")
        groups = items(part(thread, "access") or part(self.row, "access"), "group_ids")
        visit = part(self.customer or {}, "visit")
        return Ticket(
            id=self.key,
            medium=Medium.CHAT,
            channel=_channel(thread, self.taste),
            team_id=groups[0] if len(groups) == 1 else None,
            assignee_id=self._assignee(),
            requester_id=self.customer_id,
            opened_by=self._opener(),
            status=TicketStatus.CLOSED if self.ending else TicketStatus.OPEN,
            vendor_status="archived" if self.ending else "active",
            status_how=self.ending.how if self.ending else Provenance.REPORTED,
            created_at=self.began,
            updated_at=max(self.began, self._latest),
            page=text(routing, "start_url"),
            referrer=text(routing, "referrer") or text(visit, "referrer"),
            spam=self.taste.spam_tag is not None and self.taste.spam_tag in tags,
            resolved_by=self._resolver(),
            link=self.taste.link.replace("{thread}", self.key) if self.taste.link else None,
            tags=tags,
            vendor_metrics=self._metrics(),
        )

    def session(self) -> Session:
        """Return the thread as a session; assignment is automatic, so nobody accepts it."""
        queued, end = number(self.thread, "queues_duration"), None
        if self.ending is not None:
            waited = queued is not None or part(self.thread, "queue") != {}
            served = bool(self.cast.agents(items(self.thread, "user_ids")))
            end = session_end(
                self.ending, answered=bool(self.replies) or self.by_bot, queued=waited, served=served
            )
        return Session(
            id=self.key,
            ticket_id=self.key,
            kind=SessionKind.CHAT,
            opened_by=self._opener(),
            asked_at=self.began,
            ended_at=self.ending.at if self.ending else None,
            left_at=self.ending.at if self.ending and self.ending.left and end != "completed" else None,
            queue_ms=None if queued is None else round(queued * 1000),
            agent_id=self.agent,
            end=end,
        )

    def history(self) -> Iterator[TicketEvent]:
        """Return the changes of status: open when it began, closed when it was archived."""
        yield TicketEvent(
            id=f"{self.key}:opened",
            ticket_id=self.key,
            kind=EventKind.STATUS,
            at=self.began,
            new=TicketStatus.OPEN,
            actor_kind=self._opener(),
        )
        if self.ending is not None:
            yield TicketEvent(
                id=f"{self.key}:archived",
                ticket_id=self.key,
                kind=EventKind.STATUS,
                at=self.ending.at,
                how=self.ending.how,
                old=TicketStatus.OPEN,
                new=TicketStatus.CLOSED,
                actor_kind=self.ending.by,
            )

    def outcome(self) -> Iterator[Record]:
        """Return ratings, sales, and events that the common schema has no place for."""
        notices = [event for event in self.events if event["type"] == "system_message"]
        yield from ratings(
            self.thread, notices, self.customer_id, self.agent, self._latest, survey=self._rated_in()
        )
        sold = False
        for event in self.events:
            kind = event["type"]
            if kind == "system" and event.get("subtype") == sales.ORDER:
                yield from sales.sale(event, self.key, self.customer_id, orders=self.taste.orders)
                sold = True
            elif kind not in WRITTEN | _LEFT_OUT and event.get("subtype") not in _KNOWN_ACTIVITIES:
                yield RawRecord(
                    id=key_of(self.key, event), stream="chats", kind=_kind(event), raw=dict(event)
                )
        if not sold and flag(space(self.thread, "ecommerce"), "has_sale") is True:
            yield sales.bare_sale(self.key, self.customer_id, self.began)

    # --- how ---------------------------------------------------------------------------------------------

    @cached_property
    def _latest(self) -> datetime:
        """The instant of the last event, as they come in order; without any, when the thread began."""
        return instant(self.events[-1], "created_at") if self.events else self.began

    @cached_property
    def _said(self) -> list[Message]:
        return [one for one in self.messages if one.public and not one.automatic]

    def _assignee(self) -> str | None:
        """Return the human who wrote last, else the only agent or bot in the thread."""
        present = self.cast.agents(items(self.thread, "user_ids"))
        return self.agent or (present[0] if len(present) == 1 else None)

    def _opener(self) -> ActorKind:
        """Return who began: an agent only if the applications say so and the first word is an agent's."""
        source = space(self.thread, "source")
        own, theirs = text(source, "client_id"), text(source, "customer_client_id")
        first = self._said[0].author_kind if self._said else ActorKind.CUSTOMER
        by_agent = own is not None and theirs is not None and own != theirs
        return ActorKind.AGENT if by_agent and first is ActorKind.AGENT else ActorKind.CUSTOMER

    def _rated_in(self) -> str:
        """Return whose survey a rating belongs to: an AI agent's or bot's, if only such ones answered."""
        by_bot = any(one.author_kind is ActorKind.BOT for one in self._said)
        return AI_SURVEY if not self.replies and (self.by_bot or by_bot) else SURVEY

    def _resolver(self) -> Resolver | None:
        if self.ending is None:
            return None
        if self.replies:
            return Resolver.HUMAN
        return Resolver.BOT if self.by_bot else Resolver.NOBODY

    def _metrics(self) -> dict[str, Any]:
        """Return what LiveChat says of the thread in its own words: greetings, pages, queue, sales."""
        thread, routing = self.thread, space(self.thread, "routing")
        own, shop, source = (space(thread, name) for name in ("lc2", "ecommerce", "source"))
        pages = objects(part(self.customer or {}, "visit"), "last_pages")
        found = {
            **{name: thread.get(name) for name in ("queues_duration", "previous_thread_id")},
            **{name: own.get(name) for name in ("greeting_id", "greeting_unique_id")},
            **{name: shop.get(name) for name in ("has_sale", "has_indirect_sale")},
            **{name: routing.get(name) for name in ("unreplied", "unassigned", "idle", "offline_message")},
            **{name: source.get(name) for name in ("client_id", "customer_client_id")},
            "resolved": space(thread, "chats").get("resolved"),
            "last_pages": [
                {name: page.get(name) for name in ("url", "title", "opened_at")} for page in pages
            ],
        }
        return {name: value for name, value in found.items() if value not in (None, [])}


def _withheld(thread: Row) -> str | None:
    """Return why a thread came without its events: LiveChat says so, or says that somebody replied in it."""
    replied = flag(space(thread, "routing"), "unreplied") is False
    return text(thread, RESTRICTED) or (
        "no reason is given" if replied and not items(thread, "events") else None
    )


def _channel(thread: Row, taste: Taste) -> str:
    """Return the channel: as the settings name the application, a left message, messaging mode, or a chat."""
    routing, source = space(thread, "routing"), space(thread, "source")
    named = taste.channels.get(text(source, "customer_client_id") or "")
    if named is not None:
        return named
    if flag(routing, "offline_message"):
        return "offline_message"
    return "messaging" if flag(routing, "continuous") else "chat"


def _kind(event: Row) -> str:
    return "/".join(str(event[name]) for name in ("type", "source", "subtype") if event.get(name)) or "?"
