"""Company: an emulated account and what can happen in it."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime
from typing import Any

from .data import Item, Json, SalesOrder, Ticket

NOW = int(datetime(2026, 2, 10, 15, 0, tzinfo=UTC).timestamp())
_TABLES = {
    "Message": 1_000_000, "ExternalMessage": 3_000_000, "Note": 4_000_000, "Status": 6_000_000,
    "AutoReply": 7_000_000, "AiAutoReplyHandsFree": 7_500_000, "Rating": 8_000_000,
}  # fmt: skip
_OTHERS = 9_000_000


class Company:
    """An account: its people, channels, tags, tickets and orders. `now` is its clock, Unix seconds.

    zone: hours by which the account's days are ahead of UTC; the API doesn't tell it.
    """

    def __init__(self, now: int = NOW, zone: int = 2, seed: int = 0) -> None:
        self.now = now
        self.zone = zone
        self.random = random.Random(seed)  # noqa: S311 - a story, not a secret
        self.users: dict[int, Json] = {}
        self.channels: dict[int, Json] = {}
        self.contacts: dict[int, Json] = {}
        self.tags: dict[int, str] = {}
        self.tickets: dict[int, Ticket] = {}
        self.orders: dict[int, SalesOrder] = {}
        self._ids: Counter[str] = Counter()

    @classmethod
    def make(cls, tickets: int = 40, seed: int = 0, *, now: int = NOW, zone: int = 2) -> Company:
        """Make up an account with a story of sixty days."""
        from .story import tell

        company = cls(now, zone, seed)
        tell(company, tickets)
        return company

    def advance(self, hours: int = 6) -> None:
        """Let hours pass in which things happen."""
        from .story import go_on

        go_on(self, hours)

    # --- what can happen -----------------------------------------------------------------------------

    def new_id(self, table: str, base: int = 0) -> int:
        """Return the next id of a table; each kind of item has a table of its own."""
        self._ids[table] += 1
        return base + self._ids[table]

    def join(self, name: str, role: str = "agent") -> int:
        """Have a user join."""
        key = self.new_id("user", 50)
        slug = name.lower().replace(" ", ".")
        self.users[key] = {"name": name, "email": f"{slug}@shop.example", "role": role, "active": 1}
        return key

    def meet(self, name: str, channel: int) -> int:
        """Have somebody become a contact."""
        key = self.new_id("contact", 9_000)
        slug = name.lower().replace(" ", ".")
        self.contacts[key] = {
            "channel_id": channel, "client_id": 1, "full_name": name, "email": f"{slug}@example.org",
            "phone_number": f"+4930{key}",
        }  # fmt: skip
        return key

    def open(self, contact: int, at: int, words: str | None, channel: int = 1, **more: Any) -> Ticket:
        """Have a contact open a ticket; without words it has no item, and `last_updated_at` stays null."""
        key = self.new_id("ticket", 100)
        ticket = Ticket(key, contact, at, more.pop("subject", (words or "")[:40]), channel, **more)
        self.tickets[key] = ticket
        if words is not None:
            self.ask(ticket, at, words)
        return ticket

    def item(self, ticket: Ticket, kind: str, at: int, direction: str, body: str, **more: Any) -> Item:
        """Put an item into a ticket."""
        item = Item(
            self.new_id(kind, _TABLES.get(kind, _OTHERS)), ticket.id, kind, at, direction, body, **more
        )
        ticket.items.append(item)
        return item

    def ask(self, ticket: Ticket, at: int, words: str) -> Item:
        """Have the contact write; that opens the ticket again."""
        ticket.status = "Open"
        return self.item(ticket, "Message", at, "Incoming", words, contact=ticket.contact)

    def reply(self, ticket: Ticket, user: int, at: int, words: str, kind: str = "Message") -> Item:
        """Have a user write to the contact."""
        return self.item(ticket, kind, at, "Outgoing", words, user=user)

    def note(self, ticket: Ticket, user: int, at: int, words: str) -> Item:
        """Have a user write a note."""
        return self.item(ticket, "Note", at, "Other", words, user=user)

    def auto(self, ticket: Ticket, at: int, kind: str = "AutoReply") -> Item:
        """Have a program answer."""
        return self.item(ticket, kind, at, "Outgoing", "We have got your message.")

    def change(self, ticket: Ticket, **values: Any) -> None:
        """Change status, owner or tags: nothing else shows it, no instant moves."""
        for name, value in values.items():
            setattr(ticket, name, value)

    def buy(self, contact: int, at: int, total: float, currency: str = "EUR", channel: int = 1) -> SalesOrder:
        """Have a contact buy something."""
        key = self.new_id("order", 300)
        self.orders[key] = SalesOrder(key, contact, channel, at, total, currency)
        return self.orders[key]
