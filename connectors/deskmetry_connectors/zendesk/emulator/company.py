"""Company: an emulated account and everything that can happen in it."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .data import Audit, Comment, Json, Rating, Ticket, User

if TYPE_CHECKING:
    from .chat import Chat
    from .csat import Response
    from .talk import Call
    from .transcripts import Said

NOW = 1_772_452_800  # 2026-03-02 12:00 UTC
DAY = 86_400
SYSTEM = -1
RULE = {"channel": "rule", "source": {"rel": "trigger", "from": {"id": 7, "title": "Acknowledge"}, "to": {}}}
_SHOWN = {"email": "Mail", "web": "Web form", "voice": "Phone", "chat": "Chat", "api": "Web service"}
_NAMES = {"assignee": "assignee_id", "group": "group_id"}


@dataclass
class Company:
    """An account. Its clock is `now`, moved by hand; every change raises `revision`."""

    now: int = NOW
    seed: int = 0
    users: dict[int, User] = field(default_factory=dict)
    tickets: dict[int, Ticket] = field(default_factory=dict)
    audits: list[Audit] = field(default_factory=list)
    ratings: dict[int, Rating] = field(default_factory=dict)
    groups: list[Json] = field(default_factory=list)
    brands: list[Json] = field(default_factory=list)
    organizations: list[Json] = field(default_factory=list)
    ticket_fields: list[Json] = field(default_factory=list)
    custom_statuses: list[Json] = field(default_factory=list)
    schedules: list[Json] = field(default_factory=list)
    holidays: dict[int, list[Json]] = field(default_factory=dict)
    sla_policies: list[Json] = field(default_factory=list)
    ticket_forms: list[Json] = field(default_factory=list)
    reasons: list[Json] = field(default_factory=list)
    responses: dict[str, Response] = field(default_factory=dict)
    csat: bool = False
    chats: dict[str, Chat] = field(default_factory=dict)
    calls: dict[int, Call] = field(default_factory=dict)
    said: list[Said] = field(default_factory=list)
    revision: int = 0

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)  # noqa: S311 - a made-up company, not a secret
        self._next = 0

    @classmethod
    def make(
        cls,
        tickets: int = 200,
        seed: int = 1,
        users: int | None = None,
        *,
        chats: int = 0,
        calls: int = 0,
        conversations: int = 0,
        csat: bool = False,
    ) -> Company:
        """Make up a company; the same numbers and seed make the same one.

        chats, calls, conversations: of Zendesk Chat, of Talk, of messaging; they bring tickets of their own.
        csat: it has the new CSAT survey, and so no legacy ratings.
        """
        from .live_story import tell_live
        from .story import tell

        company = cls(seed=seed, csat=csat)
        tell(company, tickets, max(users if users is not None else tickets // 10, 12))
        tell_live(company, chats=chats, calls=calls, conversations=conversations)
        return company

    def advance(self, hours: int = 6) -> None:
        """Let some hours pass in which customers write, agents answer and tickets come and go."""
        from .live_story import go_on_live
        from .story import go_on

        begin = self.now
        go_on(self, hours)
        go_on_live(self, begin)

    def new_id(self) -> int:
        """Return an id that nothing else has, greater than all before; and note that something changed."""
        self.revision += 1
        self._next += 1
        return 1_000 + self._next

    # --- what happens ---------------------------------------------------------------------------------

    def join(
        self, name: str, role: str = "end-user", at: int | None = None, organization: int | None = None
    ) -> User:
        """Add a user."""
        when = self.now - 400 * DAY if at is None else at
        key = self.new_id()
        email = f"{name.lower().replace(' ', '.')}@{'acme' if role != 'end-user' else 'customer'}.example"
        user = User(key, name, email, when, when, role, organization)
        self.users[key] = user
        return user

    def leave(self, user: User, at: int) -> None:
        """Deactivate an agent: the role flips to end user, also for what was written long ago."""
        user.role, user.active, user.updated = "end-user", False, at
        self.revision += 1

    def open(self, requester: User, at: int, body: str, channel: str = "email", **known: Any) -> Ticket:
        """Create a ticket with its first comment."""
        key = self.new_id()
        ticket = Ticket(key, requester.id, at, at, at, f"Question {key}", requester.id, channel, **known)
        ticket.organization = requester.organization
        self.tickets[key] = ticket
        audit = self.audit(ticket, at, ticket.submitter)
        self._comment(audit, requester.id, body)
        audit.events.append({"id": self.new_id(), "event_type": "Create", "status": "new"})
        if ticket.priority:
            audit.events.append({"id": self.new_id(), "event_type": "Create", "priority": ticket.priority})
        return ticket

    def say(self, ticket: Ticket, author: int, at: int, body: str, **more: Any) -> Comment:
        """Add a comment and nothing else. more: public, via, kind."""
        return self._comment(self.audit(ticket, at, author), author, body, **more)

    def change(self, ticket: Ticket, by: int, at: int, **values: Any) -> Audit:
        """Change fields of a ticket (status, assignee, group, priority, tags, fields) in one audit."""
        audit = self.audit(ticket, at, by)
        for name, value in values.items():
            old = getattr(ticket, name)
            if name == "fields":
                self._custom(audit, ticket, value)
                continue
            setattr(ticket, name, value)
            event = {
                "id": self.new_id(),
                "event_type": "Change",
                _NAMES.get(name, name): value,
                "previous_value": old,
            }
            if name == "tags":
                event |= {
                    "added_tags": [t for t in value if t not in old],
                    "removed_tags": [t for t in old if t not in value],
                }
            audit.events.append(event)
        return audit

    def delete(self, ticket: Ticket, by: int, at: int) -> None:
        """Delete a ticket; it stays in the exports as a tombstone."""
        self.change(ticket, by, at, status="deleted")

    def restore(self, ticket: Ticket, by: int, at: int, status: str = "open") -> None:
        """Bring a deleted ticket back."""
        self.change(ticket, by, at, status=status)

    def scrub(self, ticket: Ticket, at: int) -> None:
        """Scrub a deleted ticket, a month later: `updated_at` stays what it was."""
        ticket.scrubbed, ticket.generated = True, at
        for audit in self.audits:
            if audit.ticket == ticket.id:
                for comment in audit.comments:
                    comment.body = "X"
        self.revision += 1

    def touch(self, ticket: Ticket, at: int) -> None:
        """Make a system update: only `generated_timestamp` moves."""
        ticket.generated = at
        self.revision += 1

    def merge(self, ticket: Ticket, into: Ticket, by: int, at: int) -> None:
        """Merge a ticket into another one."""
        audit = self.change(ticket, by, at, tags=[*ticket.tags, "closed_by_merge"], status="closed")
        self._comment(
            audit,
            by,
            f'This request was closed and merged into request #{into.id} "{into.subject}".',
            public=False,
        )

    def redact(self, comment: Comment, by: int, at: int) -> None:
        """Redact a comment's text."""
        comment.body = "▇▇▇▇"
        audit = self.audit(self.tickets[comment.ticket], at, by)
        audit.events.append(
            {"id": self.new_id(), "event_type": "CommentRedactionEvent", "comment_id": comment.id}
        )

    def hide(self, comment: Comment, by: int, at: int) -> None:
        """Make a public comment internal."""
        comment.public = False
        audit = self.audit(self.tickets[comment.ticket], at, by)
        audit.events.append(
            {
                "id": self.new_id(),
                "event_type": "CommentPrivacyChange",
                "comment_id": comment.id,
                "public": False,
            }
        )

    def offer(self, ticket: Ticket, at: int) -> Rating:
        """Ask for a satisfaction rating."""
        key = self.new_id()
        self.ratings[key] = Rating(key, ticket.id, ticket.requester, ticket.assignee, at, at)
        return self.ratings[key]

    def rate(self, rating: Rating, score: str, at: int, comment: str | None = None) -> None:
        """Rate, or change a rating."""
        rating.score, rating.updated, rating.comment = score, at, comment
        self.revision += 1

    def comment(self, key: int) -> Comment:
        """Return a comment by its id."""
        return next(one for audit in self.audits for one in audit.comments if one.id == key)

    def audit(self, ticket: Ticket, at: int, by: int, via: Any = None) -> Audit:
        """Begin an audit, which updates the ticket."""
        ticket.updated = ticket.generated = max(at, ticket.updated)
        shown = via if via is not None else _SHOWN.get(ticket.channel, "-")
        self.audits.append(Audit(self.new_id(), ticket.id, at, by, shown))
        return self.audits[-1]

    def _comment(self, audit: Audit, author: int, body: str, **more: Any) -> Comment:
        comment = Comment(self.new_id(), audit.ticket, author, audit.at, body, **more)
        user = self.users.get(author)
        if user and user.role == "end-user" and self.tickets[audit.ticket].channel == "email" and not more:
            comment.message_id = f"{comment.id}.{audit.at}@mail.customer.example"
            comment.sender = {"address": user.email, "name": user.name}
        audit.comments.append(comment)
        return comment

    def _custom(self, audit: Audit, ticket: Ticket, values: dict[int, Any]) -> None:
        for key, value in values.items():
            event = {"id": self.new_id(), "event_type": "Change", "custom_ticket_fields": {str(key): value}}
            audit.events.append(event | {"previous_value": ticket.fields.get(key)})
            ticket.fields[key] = value
