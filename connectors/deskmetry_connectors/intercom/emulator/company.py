"""Company: an emulated workspace and everything that can happen in it."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from .data import Contact, Conversation, Json, Part

NOW = 1_772_452_800  # 2026-03-02 12:00 UTC
DAY = 86_400
WORKSPACE = "emul8ed"
OPERATOR: Json = {"type": "bot", "id": "900", "name": "Operator", "email": "operator+emul8ed@intercom.io"}
FIN: Json = OPERATOR | {"id": "901", "name": "Fin", "from_ai_agent": True, "is_ai_answer": True}


@dataclass
class Company:
    """A workspace. Its clock is `now`, moved by hand."""

    now: int = NOW
    seed: int = 0
    admins: dict[int, Json] = field(default_factory=dict)
    teams: list[Json] = field(default_factory=list)
    contacts: dict[str, Contact] = field(default_factory=dict)
    conversations: dict[str, Conversation] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)  # noqa: S311 - a made-up company, not a secret
        self._next = 0

    @classmethod
    def make(cls, tickets: int = 200, seed: int = 1, users: int | None = None) -> Company:
        """Make up a workspace with so many conversations; the same numbers and seed make the same one."""
        from .story import tell

        company = cls(seed=seed)
        tell(company, tickets, max(users if users is not None else tickets // 3, 6))
        return company

    def advance(self, hours: int = 6) -> None:
        """Let some hours pass in which customers write and teammates answer."""
        from .story import go_on

        go_on(self, hours)

    def new_id(self) -> int:
        """Return a number that nothing else has, greater than all before."""
        self._next += 1
        return 1_000 + self._next

    # --- who there is --------------------------------------------------------------------------------

    def hire(self, name: str) -> Json:
        """Add a teammate; returns how they are named as an author."""
        key = self.new_id()
        self.admins[key] = {"name": name, "email": f"{name.lower().replace(' ', '.')}@acme.example"}
        return self.author(key)

    def author(self, admin: int) -> Json:
        """Return how a teammate is named as an author."""
        return {"type": "admin", "id": str(admin)} | self.admins[admin]

    def meet(self, name: str, at: int | None = None, role: str = "user") -> Contact:
        """Add a contact."""
        key = f"{self.new_id():024x}"
        when = self.now - 200 * DAY if at is None else at
        email = f"{name.lower().replace(' ', '.')}@customer.example"
        self.contacts[key] = Contact(key, name, email, when, when, role)
        return self.contacts[key]

    def merge(self, contact: Contact, into: Contact, at: int) -> None:
        """Merge a contact into another one: it is found no more, and its conversations change hands."""
        contact.merged, into.updated = True, at
        for one in self.conversations.values():
            if one.contact == contact.id:
                one.contact = into.id
                self._touch(one, at)

    # --- what happens --------------------------------------------------------------------------------

    def open(
        self,
        contact: Contact,
        at: int,
        body: str,
        channel: str = "conversation",
        delivered_as: str = "customer_initiated",
        author: Json | None = None,
        **more: Any,
    ) -> Conversation:
        """Begin a conversation; by the contact unless another author is given."""
        key = str(self.new_id())
        # Outbound messages go to many with the one id.
        source_id = "777" if author is not None else str(self.new_id())
        source = {
            "type": channel, "id": source_id, "delivered_as": delivered_as, "subject": "", "body": body,
            "author": author or contact.author, "attachments": [], "redacted": False,
            "url": "https://shop.example/cart" if channel == "conversation" else None,
        }  # fmt: skip
        found = Conversation(key, contact.id, at, at, source, **more)
        self.conversations[key] = found
        return found

    def add(
        self, one: Conversation, kind: str, author: Json, at: int, body: str | None = None, **more: Any
    ) -> Part:
        """Add a part of any kind. more: state (after it), assigned_to."""
        before, after = one.state, more.pop("state", one.state)
        part = Part(str(self.new_id()), kind, at, author, after, before, body, at, **more)
        one.parts.append(part)
        one.state = after
        self._touch(one, at)
        return part

    def ask(self, one: Conversation, at: int, body: str) -> Part:
        """Have the customer write, which reopens a conversation."""
        return self.add(one, "comment", self.contacts[one.contact].author, at, body, state="open")

    def reply(self, one: Conversation, author: Json, at: int, body: str) -> Part:
        """Have a teammate or a bot answer."""
        return self.add(one, "comment", author, at, body)

    def note(self, one: Conversation, author: Json, at: int, body: str) -> Part:
        """Have a teammate leave an internal note."""
        return self.add(one, "note", author, at, body)

    def assign(self, one: Conversation, author: Json, at: int, to: int, kind: str = "admin") -> Part:
        """Assign a conversation to a teammate or a team; 0 for nobody."""
        if kind == "team":
            one.team = to or None
        else:
            one.admin = to or None
        target = {"type": kind if to else f"nobody_{kind}", "id": str(to)}
        return self.add(one, "assignment", author, at, assigned_to=target)

    def close(self, one: Conversation, author: Json, at: int) -> Part:
        """Close a conversation."""
        return self.add(one, "close", author, at, state="closed")

    def snooze(self, one: Conversation, author: Json, at: int) -> Part:
        """Snooze a conversation."""
        return self.add(one, "snoozed", author, at, state="snoozed")

    def wake(self, one: Conversation, at: int) -> Part:
        """Let a snooze end."""
        return self.add(one, "timer_unsnooze", OPERATOR, at, state="open")

    def offer(self, one: Conversation, at: int, teammate: int) -> None:
        """Ask for a rating."""
        one.rating = {
            "rating": None, "remark": None, "created_at": at, "updated_at": at,
            "contact": {"type": "contact", "id": one.contact},
            "teammate": {"type": "admin", "id": str(teammate)},
        }  # fmt: skip
        self._touch(one, at)

    def rate(self, one: Conversation, score: int, at: int, remark: str | None = None) -> None:
        """Rate, or change a rating; it was asked for before."""
        one.rating = (one.rating or {}) | {"rating": score, "remark": remark, "updated_at": at}
        self._touch(one, at)

    def tag(self, one: Conversation, name: str, at: int) -> None:
        """Tag a conversation."""
        one.tags = [*one.tags, {"type": "tag", "id": str(sum(map(ord, name))), "name": name}]
        self._touch(one, at)

    def redact(self, one: Conversation, part: Part, at: int) -> None:
        """Redact a part's text."""
        part.body, part.redacted, part.updated = None, True, at
        self._touch(one, at)

    def delete(self, one: Conversation) -> None:
        """Delete a conversation: it is simply gone."""
        del self.conversations[one.id]

    def _touch(self, one: Conversation, at: int) -> None:
        one.updated = max(one.updated, at)
        one.changes += 1
