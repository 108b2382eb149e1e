"""Records: the rows of the common schema that one copy of a mail becomes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from deskmetry.errors import RecordError
from deskmetry.records import Agent, Customer, Message, MessageHeader, Record, Team, to_milliseconds
from deskmetry.records.kinds import ActorKind, AutomaticKind, FolderRole

from .agents import agent_of
from .automatic import automatic_kind
from .dates import believed
from .direction import Direction, direction
from .folders import gmail_labels, own_labels, role_of_labels
from .headers import Address, addresses, decode_words
from .own import Own
from .parse import ParsedMail, parse
from .raw import RawMail

_EARLIEST_WINS = 2**42
_LENGTH_BITS = 20
_STATUS = re.compile("[RODAFTNU]{1,8}")  # flags of mbox programs; other words in a Status field aren't flags
_DELIVERED_TO = ("delivered-to", "x-original-to", "envelope-to")


@dataclass(frozen=True, slots=True)
class MailMapping:
    """What the settings say about mails: own addresses, roles by folder, channels and teams by own address.

    The keys of channels and teams are lower case.
    """

    own: Own
    channels: Mapping[str, str] = field(default_factory=dict)
    teams: Mapping[str, str] = field(default_factory=dict)
    folders: Mapping[str, FolderRole] = field(default_factory=dict)
    agent_header: str | None = None
    start: date | None = None

    def records(self, raw: RawMail, now: datetime) -> list[Record]:
        """Return the records of one copy of a mail; none for a draft and for a mail from before `start`.

        Raises RecordError if it is no mail or no instant in it can be believed. now: an aware instant.
        """
        mail = self._readable(raw)
        copy = _Copy.of(raw, mail, self.folders)
        if copy.role is FolderRole.DRAFTS:
            return []
        way = direction(mail, self.own)
        sent_at = _instant(mail, raw, way, now)
        if self.start is not None and sent_at < datetime.combine(self.start, datetime.min.time(), UTC):
            return []
        channel = "web_form" if way.web_form else _setting(self.channels, mail, way)
        people, message = self._message(mail, way, sent_at, channel)
        header = self._header(mail, way, copy, message, channel)
        teams = [Team(id=header.team, name=header.team)] if header.team else []
        return [*people, *teams, message, header]

    def _readable(self, raw: RawMail) -> ParsedMail:
        if raw.problem:
            raise RecordError(raw.problem)
        mail = parse(raw.content)
        if not mail.is_mail:
            raise RecordError("not a mail: none of the headers that every mail has")
        if raw.partial and not mail.headers.ended and not (mail.message_id and mail.from_ and mail.date):
            # Half a header block has another identity than the whole one: both would become messages.
            raise RecordError("cut within its headers; read again when the file grows")
        return mail

    def _message(
        self, mail: ParsedMail, way: Direction, sent_at: datetime, channel: str | None
    ) -> tuple[list[Record], Message]:
        kind = automatic_kind(mail, way, self.own)
        people: list[Record] = []
        author: str | None = None
        actor = ActorKind.SYSTEM
        if way.customer is not None and kind is not AutomaticKind.BOUNCE:
            people.append(_customer(way, sent_at))
        if way.inbound and kind is not AutomaticKind.BOUNCE:
            actor, author = ActorKind.CUSTOMER, way.customer.address if way.customer else None
        elif way.author is not None and kind is None:
            agent: Agent = agent_of(mail, way.author, self.own, self.agent_header, sent_at)
            people.append(agent)
            actor, author = ActorKind.AGENT, agent.id
        message = Message(
            id=mail.id,
            version=version_of(sent_at, mail.length),
            sent_at=sent_at,
            author_kind=actor,
            author_id=author,
            public=not way.internal,
            automatic=kind is not None,
            automatic_kind=kind,
            channel=channel or "email",
            body=mail.text,
            length=mail.length,
        )
        return people, message

    def _header(
        self, mail: ParsedMail, way: Direction, copy: _Copy, message: Message, channel: str | None
    ) -> MessageHeader:
        bounced = message.automatic_kind is AutomaticKind.BOUNCE
        customer = None if bounced else way.customer
        author = next(iter((*mail.from_, *mail.sender)), None)
        return MessageHeader(
            id=f"{copy.folder}/{mail.id}",
            mail_id=mail.id,
            message_id=mail.message_id,
            in_reply_to=mail.in_reply_to,
            references=list(mail.references),
            subject=mail.subject,
            sent_at=message.sent_at,
            inbound=way.inbound,
            from_address=author.address if author else None,
            from_name=(author.name or None) if author else None,
            to_addresses=list(dict.fromkeys(found.address for found in (*mail.to, *mail.cc))),
            counterpart=customer.address if customer else None,
            counterpart_name=(customer.name or None) if customer else None,
            channel=channel,
            team=_setting(self.teams, mail, way),
            folder=copy.folder,
            folder_role=copy.role,
            answered=copy.answered,
            spam=copy.role is FolderRole.JUNK or copy.spam,
            tags=list(copy.tags),
            list_id=mail.list_id,
            thread_hint=copy.thread_hint,
        )


def version_of(sent_at: datetime, length: int) -> int:
    """Return what orders copies of one mail: the earliest arrival wins, and the longer text among equals."""
    return ((_EARLIEST_WINS - to_milliseconds(sent_at)) << _LENGTH_BITS) | min(
        length, (1 << _LENGTH_BITS) - 1
    )


def best(records: Iterable[Record]) -> list[Record]:
    """Return one copy of each record: that with the highest version, the later one among equals."""
    found: dict[tuple[str, str], Record] = {}
    for record in records:
        key = (record.table, record.id)
        known = found.get(key)
        if known is None or (record.version or 0) >= (known.version or 0):
            found[key] = record
    return list(found.values())


@dataclass(frozen=True, slots=True)
class _Copy:
    """What is true of one copy and not of the mail: its folder, its flags, its labels."""

    folder: str
    role: FolderRole
    answered: bool
    spam: bool
    tags: tuple[str, ...]
    thread_hint: str | None

    @classmethod
    def of(cls, raw: RawMail, mail: ParsedMail, overrides: Mapping[str, FolderRole]) -> _Copy:
        headers = mail.headers
        labels = gmail_labels(headers.first("x-gmail-labels"))
        role = role_of_labels(labels, overrides) if labels else raw.role
        if raw.draft:
            role = FolderRole.DRAFTS
        elif raw.trashed and role is not FolderRole.JUNK:
            role = FolderRole.TRASH
        flagged = headers.first("x-spam-flag").strip().lower() in ("yes", "true")
        tags = dict.fromkeys((*own_labels(labels), *raw.keywords, *_keywords(mail)))
        status = (headers.first("status"), headers.first("x-status"))
        marked = any("A" in value and _STATUS.fullmatch(value) for value in status)
        answered = raw.answered or marked or _mozilla_replied(headers.first("x-mozilla-status"))
        hint = raw.thread_hint or headers.first("x-gm-thrid") or None
        return cls(raw.folder, role, answered, flagged, tuple(tags), hint)


def _keywords(mail: ParsedMail) -> Iterator[str]:
    for value in mail.headers.all("keywords"):
        yield from (word.strip() for word in decode_words(value).split(",") if word.strip())
    for value in (*mail.headers.all("x-keywords"), *mail.headers.all("x-mozilla-keys")):
        words = decode_words(value).replace(",", " ").split()
        yield from (word for word in words if not word.startswith(("$", "\\")) and word.lower() != "nonjunk")


def _mozilla_replied(value: str) -> bool:
    try:
        return bool(int(value[:8] or "0", 16) & 2)
    except ValueError:
        return False


def _instant(mail: ParsedMail, raw: RawMail, way: Direction, now: datetime) -> datetime:
    """Return when a mail arrived (inbound) or was sent (outbound); a date that can't be is passed over."""
    arrived, written = mail.received, (mail.date,)
    candidates = (*arrived, *written, raw.delivered) if way.inbound else (*written, *arrived, raw.delivered)
    found = believed(candidates, now)
    if found is None:
        raise RecordError("no date in it can be believed (Received, Date, envelope)")
    return found


def _customer(way: Direction, sent_at: datetime) -> Customer:
    """Return the customer of a mail; the name that they last gave themselves wins over what we call them."""
    customer: Address = way.customer or Address("", "")
    name = None if customer.name.lower() in ("", customer.address) else customer.name
    version = 0 if name is None else to_milliseconds(sent_at) if way.inbound else 1
    return Customer(id=customer.address, email=customer.address, name=name, version=version)


def _ours(mail: ParsedMail, way: Direction) -> Iterator[str]:
    """Yield the addresses of ours that a mail went to or came from, the most telling first."""
    if not way.inbound:
        yield from (found.address for found in (*mail.from_, *mail.sender))
        return
    yield from (found.address for found in (*mail.to, *mail.cc))
    for name in _DELIVERED_TO:
        yield from (found.address for found in addresses(mail.headers.all(name)))


def _setting(settings: Mapping[str, str], mail: ParsedMail, way: Direction) -> str | None:
    if not settings:
        return None
    return next((settings[address] for address in _ours(mail, way) if address in settings), None)
