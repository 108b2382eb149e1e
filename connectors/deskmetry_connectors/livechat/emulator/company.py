"""Company: an emulated account and everything that can happen in it."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from .rows import stamp

Json = dict[str, Any]
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
BOT, AI = "2c1b8da190222160e8f9e077af4c625b", "7d30ab4a5a1c4fd8a55e0f7c9a0f6a11"
HUMANS = ("anna@shop.example", "ben@shop.example", "cleo@shop.example")
FORMER = "dora@shop.example"
_KINDS = (
    "answered", "rated", "missed", "abandoned", "bot", "rated_bad", "answered", "handed_over", "former",
    "offline", "sold", "greeted", "silent_end", "noted", "cancelled",
)  # fmt: skip


@dataclass(slots=True, eq=False)
class Thread:
    """One thread of a chat; `kind` is what the story made of it, for tests."""

    id: str
    chat: str
    customer: Json
    began: datetime
    group: int = 0
    kind: str = ""
    agents: list[str] = field(default_factory=list)
    events: list[Json] = field(default_factory=list)
    properties: Json = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    ended: datetime | None = None
    queued: int | None = None
    restricted: str | None = None

    @property
    def active(self) -> bool:
        """Whether it runs."""
        return self.ended is None

    def put(self, space: str, name: str, value: Any) -> None:
        """Set a property."""
        self.properties.setdefault(space, {})[name] = value


@dataclass(slots=True)
class Company:
    """An emulated account. `now` is its clock."""

    now: datetime = NOW
    threads: dict[str, Thread] = field(default_factory=dict)
    customers: list[Json] = field(default_factory=list)
    agents: list[Json] = field(default_factory=list)
    bots: list[Json] = field(default_factory=list)
    groups: list[Json] = field(default_factory=list)
    tags: list[Json] = field(default_factory=list)
    _count: int = 0

    @classmethod
    def make(cls, tickets: int = 30, users: int = 12, seed: int = 1, days: int = 60) -> Company:
        """Make up an account with so many threads in the days before its now, and customers who come back."""
        company, draw = cls(), random.Random(seed)  # noqa: S311 - a story, no secret
        company._staff()
        company.customers = [_customer(number) for number in range(users)]
        step = timedelta(days=days) / max(tickets, 1)
        for number in range(tickets):
            at = company.now - step * (tickets - number - 0.5) + timedelta(seconds=draw.randrange(3600))
            company.happen(_KINDS[number % len(_KINDS)], company.customers[number % users], at, draw)
        return company

    def advance(self, seconds: float = 86_400, threads: int = 3) -> list[Thread]:
        """Let time pass and so many more threads happen; return them."""
        began, draw = self.now, random.Random(len(self.threads))  # noqa: S311
        self.now += timedelta(seconds=seconds)
        place = len(self.threads)
        return [
            self.happen(
                _KINDS[(place + number) % len(_KINDS)],
                self.customers[(place + number) % len(self.customers)],
                began + timedelta(seconds=number),
                draw,
            )
            for number in range(threads)
        ]

    # --- what can happen ---------------------------------------------------------------------------------

    def open(self, customer: Json, at: datetime, group: int = 0, kind: str = "") -> Thread:
        """Begin a thread; a customer has one chat for ever."""
        self._count += 1
        thread = Thread(f"T{self._count:06d}", f"C-{customer['id'][:8]}", customer, at, group, kind)
        thread.put("routing", "start_url", "https://shop.example/cart")
        thread.put("routing", "referrer", "https://search.example/")
        self.threads[thread.id] = thread
        return thread

    def event(self, thread: Thread, kind: str, at: datetime, **more: Any) -> Json:
        """Add an event of any type."""
        event = {"id": f"{thread.id}_{len(thread.events) + 1}", "type": kind, "created_at": stamp(at),
                 "visibility": "all", **more}  # fmt: skip
        thread.events.append(event)
        return event

    def say(self, thread: Thread, author: str, at: datetime, text: str, **more: Any) -> Json:
        """Have somebody write."""
        return self.event(thread, "message", at, author_id=author, text=text, **more)

    def assign(self, thread: Thread, agent: str, at: datetime) -> None:
        """Assign somebody, as routing does by itself."""
        if agent not in thread.agents:
            thread.agents.append(agent)
        self.notice(thread, "routing.assigned", at, agent=agent)

    def notice(self, thread: Thread, kind: str, at: datetime, **words: str) -> Json:
        """Add a system message."""
        return self.event(thread, "system_message", at, system_message_type=kind, text=kind, text_vars=words)

    def end(self, thread: Thread, at: datetime, how: str | None = "manual_archived_agent") -> None:
        """Archive a thread, with a message that says so if `how` is given."""
        if how is not None:
            self.notice(thread, how, at)
        thread.ended = at

    def rate(self, thread: Thread, score: int, at: datetime, comment: str | None = None) -> None:
        """Have the customer rate."""
        thread.put("rating", "score", score)
        self.notice(thread, "rating.chat_rated", at, score="good" if score else "bad")
        if comment is not None:
            thread.put("rating", "comment", comment)
            self.notice(thread, "rating.chat_commented", at, comment=comment)

    def unrate(self, thread: Thread, at: datetime) -> None:
        """Have the customer take the rating back."""
        thread.properties.pop("rating", None)
        self.notice(thread, "rating.chat_rating_canceled", at)

    def sell(
        self,
        thread: Thread,
        at: datetime,
        total: float = 123.45,
        currency: str = "USD",
        key: str | None = None,
    ) -> None:
        """Have a shop report an order."""
        order = {"id": key or f"gid://shop/Order/{thread.id}", "order_number": "#1", "currency": currency,
                 "total_price": total, "line_items": []}  # fmt: skip
        details = json.dumps({"store": {"id": "s", "platform": "shopify", "uuid": "u"}, "order": order})
        self.event(
            thread, "system", at, source="cdp", subtype="store_order_was_created", version=2, details=details
        )
        thread.put("ecommerce", "has_sale", value=True)

    def happen(self, kind: str, customer: Json, at: datetime, draw: random.Random) -> Thread:
        """Let a whole thread happen, of one of the kinds of the story."""
        from .story import STORY

        thread = self.open(customer, at, draw.choice((0, 19)), kind)
        STORY[kind](self, thread, draw)
        return thread

    def _staff(self) -> None:
        roles = ("owner", "administrator", "normal")
        self.agents = [
            {"id": key, "account_id": f"a-{key}", "name": key.partition("@")[0].title(), "role": role,
             "suspended": False, "groups": [{"id": 0, "priority": "normal"}]}
            for key, role in zip(HUMANS, roles, strict=True)
        ]  # fmt: skip
        self.bots = [{"id": BOT, "name": "Robby"}]
        self.groups = [
            {"id": 0, "name": "General", "language_code": "en", "routing_status": "offline"},
            {"id": 19, "name": "Sport shoes", "language_code": "en", "routing_status": "offline"},
        ]
        self.tags = [
            {
                "name": name,
                "group_ids": [0, 19],
                "author_id": HUMANS[0],
                "created_at": "2019-12-09T12:01:18.909000Z",
            }
            for name in ("size", "delivery", "spam")
        ]


def _customer(number: int) -> Json:
    return {
        "id": f"{number:08x}-f8df-4364-8059-649c35c9ed0c",
        "name": f"Customer {number}",
        "email": f"customer{number}@mail.example",
        "phone_number": f"+4930{number:06d}",
        "created_at": "2025-10-11T15:19:21.010200Z",
        "visit": {
            "referrer": "https://search.example/",
            "last_pages": [
                {"url": "https://shop.example/cart", "title": "Cart", "opened_at": "2026-01-01T00:00:00Z"}
            ],
        },
    }
