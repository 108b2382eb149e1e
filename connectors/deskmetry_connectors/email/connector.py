"""MailConnector: the settings and the mapping that all connectors for mailboxes share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from deskmetry.connector import Connector, MailRules, Page, Rejected
from deskmetry.records import Message, Record
from deskmetry.records.kinds import FolderRole

from .duration import Duration
from .own import Own
from .raw import RawMail
from .records import MailMapping, best

MAX_MAIL = 50 * 1024 * 1024
"""Bytes of one mail that are read; the rest, attachments for certain, is cut."""
_SHOWN = 2_000  # bytes of a rejected mail that quarantine keeps


def _check_address(value: str) -> str:
    text = value.strip().lower()
    if text.count("@") != 1 or text.endswith("@") or any(mark in text for mark in " <>,;"):
        raise ValueError('expected an address ("support@acme.example") or a whole domain ("@acme.example")')
    return text


def _check_duration(value: timedelta) -> timedelta:
    if value <= timedelta(0):
        raise ValueError("must be longer than nothing")
    return value


OwnAddress = Annotated[str, AfterValidator(_check_address)]
Span = Annotated[Duration, AfterValidator(_check_duration)]


class MailConnector(Connector):
    """What every connector for mailboxes has: whose mail it is, and how mails become records."""

    addresses: list[OwnAddress] = Field(
        min_length=1,
        description="Your own addresses: shared ones in full (support@acme.example), people by domain "
        "(@acme.example). What is sent from them is an answer, all else comes from customers",
    )
    folders: dict[str, FolderRole] = Field(
        default_factory=dict,
        description="What a folder or Gmail label is for, where its name doesn't tell: inbox, sent, junk, "
        "trash, drafts (never read), done (its threads are solved), other",
    )
    channels: dict[str, str] = Field(
        default_factory=dict, description="Channel by your own address that a mail went to or came from"
    )
    teams: dict[str, str] = Field(
        default_factory=dict, description="Team by your own address that a mail went to or came from"
    )
    agent_header: str | None = Field(
        None, description="Header that names the agent (X-Agent), where several people send from one address"
    )
    own_lists: list[str] = Field(
        default_factory=list,
        description="List-Ids through which customers write, besides those under your domains",
    )
    solved_after: Span = Field(
        timedelta(days=7),
        description="A thread whose last mail is yours counts as solved at that mail once the customer has "
        'been silent for so long: "7d", "36h", "90m" or ISO 8601',
    )
    subject_window: Span = Field(
        timedelta(days=30),
        description="A reply without references joins a thread with the same subject and customer whose last "
        "mail is at most so old",
    )

    def mail_rules(self) -> MailRules:
        """Return the threading rules of this mailbox."""
        return MailRules(
            solved_after=self.solved_after,
            subject_window=self.subject_window,
            own_lists=tuple(self.own_lists),
        )

    def mapping(self) -> MailMapping:
        """Return how mails become records under these settings."""
        return MailMapping(
            own=Own.of(self.addresses, self.own_lists),
            channels={key.strip().lower(): value for key, value in self.channels.items()},
            teams={key.strip().lower(): value for key, value in self.teams.items()},
            folders=self.folders,
            agent_header=self.agent_header,
            start=self.start,
        )

    def mail_page(self, mails: Iterable[RawMail], token: Any = None) -> Page:
        """Map mails into a page with one copy of each record; what can't be mapped is set aside."""
        mapping, now = self.mapping(), self.now()

        def records(mail: RawMail) -> list[Record]:
            return mapping.records(mail, now)

        page = self.page(mails, records, token=token)
        rejected = [Rejected(_shown(item.raw), item.reason, item.raw.place) for item in page.rejected]
        return replace(page, records=best(page.records), rejected=rejected)

    def newest(self, page: Page, known: datetime | None) -> datetime | None:
        """Return the instant of the newest mail of a page, or the known one if later; never after now."""
        now = self.now()
        found = [record.sent_at for record in page.records if isinstance(record, Message)]
        return max((min(at, now) for at in (*found, *([known] if known else []))), default=None)


def _shown(mail: RawMail) -> dict[str, str]:
    return {
        "folder": mail.folder,
        "place": mail.place,
        "beginning": mail.content[:_SHOWN].decode("utf-8", "replace"),
    }
