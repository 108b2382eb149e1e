"""Statuses: the history of a thread, that no mailbox keeps, concluded from its mails by written rules."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple

from ..connector.mail_rules import MailRules
from ..records.kinds import ActorKind, EventKind, TicketStatus
from .mail import Mail, Thread

LATEST = 253_402_300_799_999
"""The last millisecond that a datetime holds; a rule never fires after it."""


class Change(NamedTuple):
    """One inferred change; `at` and `known_at`, when its rule fired, in milliseconds since 1970 UTC."""

    kind: EventKind
    at: int
    known_at: int
    old: str | None
    new: str
    actor_kind: ActorKind
    actor_id: str | None


class _Solve(NamedTuple):
    """A solve that is concluded once nobody wrote until `known_at`."""

    at: int
    known_at: int
    actor_id: str | None


def opened_by(thread: Thread) -> ActorKind:
    """Return who wrote the oldest mail that isn't automatic; system where all are."""
    first = next((mail for mail in thread.mails if not mail.automatic), None)
    if first is None:
        return ActorKind.SYSTEM
    return ActorKind.CUSTOMER if first.inbound else ActorKind.AGENT


def is_answered_elsewhere(thread: Thread) -> bool:
    """Return whether the last customer mail is marked as answered, but no reply of ours follows it here."""
    human = [mail for mail in thread.mails if mail.asks or mail.replies]
    return bool(human) and human[-1].inbound and human[-1].answered


def history(thread: Thread, rules: MailRules) -> list[Change]:
    """Return the changes of status and assignee of a thread, in the order in which they happened."""
    walk = _Walk(rules.solved_after // timedelta(milliseconds=1))
    filed = _filed(thread.mails)
    last_reply = max((index for index, mail in enumerate(thread.mails) if mail.replies), default=-1)
    walk.status(TicketStatus.NEW, thread.mails[0].sent_at, opened_by(thread), None)
    for index, mail in enumerate(thread.mails):
        if mail.asks:
            walk.customer(mail, answered=mail.answered and index > last_reply)
        elif mail.replies:
            walk.reply(mail)
        if index == filed:
            walk.file(mail.sent_at)
    walk.end()
    return walk.changes


def _filed(mails: tuple[Mail, ...]) -> int | None:
    """Return which mail was the last one when the thread was filed as done; None if it never was.

    That is the last mail of all, or, if the customer wrote again after what is filed, the last one before.
    """
    last = max((index for index, mail in enumerate(mails) if mail.done), default=None)
    if last is None:
        return None
    later = (index for index in range(last + 1, len(mails)) if mails[index].asks)
    return next(later, len(mails)) - 1


@dataclass(slots=True)
class _Walk:
    """The state of a thread while its mails pass in order of time."""

    solved_after: int
    changes: list[Change] = field(default_factory=list)
    now: str | None = None
    assignee: str | None = None
    solve: _Solve | None = None

    def customer(self, mail: Mail, *, answered: bool) -> None:
        """Take a mail that a customer wrote; `answered` if by a reply that isn't here."""
        self._settle(mail.sent_at)
        if self.now in (TicketStatus.PENDING, TicketStatus.SOLVED):
            self.status(TicketStatus.OPEN, mail.sent_at, ActorKind.CUSTOMER, mail.author_id)
        if answered:
            self._expect(mail.sent_at, None)

    def reply(self, mail: Mail) -> None:
        """Take a mail that one of ours wrote."""
        self._settle(mail.sent_at)
        if mail.author_id and mail.author_id != self.assignee:
            at, agent = mail.sent_at, ActorKind.AGENT
            change = Change(EventKind.ASSIGNEE, at, at, self.assignee, mail.author_id, agent, mail.author_id)
            self.changes.append(change)
            self.assignee = mail.author_id
        if self.now != TicketStatus.PENDING:
            self.status(TicketStatus.PENDING, mail.sent_at, ActorKind.AGENT, mail.author_id)
        self._expect(mail.sent_at, mail.author_id)

    def file(self, at: int) -> None:
        """Take that the thread was filed as done after the mail of that instant."""
        self._settle(at)
        if self.now != TicketStatus.SOLVED:
            self.status(TicketStatus.SOLVED, at, ActorKind.AGENT, None)

    def end(self) -> None:
        """Take that no more mail came."""
        self._settle(LATEST)

    def status(
        self, new: TicketStatus, at: int, actor: ActorKind, actor_id: str | None, known_at: int | None = None
    ) -> None:
        """Note a change of status, known at once unless said otherwise."""
        known_at = at if known_at is None else known_at
        self.changes.append(Change(EventKind.STATUS, at, known_at, self.now, new.value, actor, actor_id))
        self.now = new.value

    def _expect(self, at: int, actor_id: str | None) -> None:
        self.solve = _Solve(at, min(at + self.solved_after, LATEST), actor_id)

    def _settle(self, at: int) -> None:
        """Conclude the expected solve if the silence lasted until that instant, else drop it."""
        solve, self.solve = self.solve, None
        if solve and solve.known_at <= at:
            self.status(TicketStatus.SOLVED, solve.at, ActorKind.AGENT, solve.actor_id, solve.known_at)
