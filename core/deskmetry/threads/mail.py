"""Mail: what threading needs to know of one e-mail, and the thread that mails form."""

from __future__ import annotations

from dataclasses import dataclass

from ..records.kinds import AutomaticKind, FolderRole

MAX_CITED = 20
"""Ids that a mail may cite; of a longer list the first and the latest count: long threads stay linear."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One e-mail, however many folders hold a copy of it; `sent_at` is in milliseconds since 1970 UTC.

    `counterpart` is the customer's address, `thread_hint` the server's own thread id. `spam` means that every
    copy is in a junk folder or marked by a filter, `answered` that a mail client marked one as answered,
    `public` is false for what our own people write to each other.
    """

    mail_id: str
    sent_at: int
    inbound: bool
    message_id: str | None = None
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    subject: str | None = None
    public: bool = True
    automatic: bool = False
    automatic_kind: AutomaticKind | None = None
    author_id: str | None = None
    counterpart: str | None = None
    roles: frozenset[FolderRole] = frozenset()
    answered: bool = False
    spam: bool = False
    tags: tuple[str, ...] = ()
    list_id: str | None = None
    channel: str | None = None
    team: str | None = None
    thread_hint: str | None = None

    @property
    def order(self) -> tuple[int, str]:
        """Return what mails are sorted by: the instant, then the id."""
        return self.sent_at, self.mail_id

    @property
    def asks(self) -> bool:
        """Return whether a customer wrote it by hand."""
        return self.inbound and self.public and not self.automatic

    @property
    def replies(self) -> bool:
        """Return whether one of ours wrote it to the customer by hand."""
        return not self.inbound and self.public and not self.automatic

    @property
    def done(self) -> bool:
        """Return whether a copy was filed in a folder for what is done."""
        return FolderRole.DONE in self.roles

    def cited(self) -> tuple[str, ...]:
        """Return the ids that it answers, oldest first: References, then In-Reply-To; never its own."""
        ids = dict.fromkeys((*self.references, self.in_reply_to or ""))
        known = tuple(item for item in ids if item and item != self.message_id)
        return known if len(known) <= MAX_CITED else (known[0], *known[1 - MAX_CITED :])

    def has_headers(self) -> bool:
        """Return whether it carries References or In-Reply-To at all."""
        return bool(self.in_reply_to) or any(self.references)


@dataclass(frozen=True, slots=True)
class Thread:
    """Mails that are one conversation, sorted by instant and id; named after the oldest."""

    mails: tuple[Mail, ...]

    @property
    def id(self) -> str:
        """Return the id of the ticket that the thread becomes: that of its oldest mail."""
        return self.mails[0].mail_id
