"""Oracle of mailboxes: mails read by Python's own `mailbox`, threads put together by hand."""

from __future__ import annotations

import mailbox
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from email.header import decode_header, make_header
from email.message import Message as Raw
from email.utils import getaddresses, parsedate_to_datetime
from pathlib import Path
from typing import Any

from helpers_oracle import DAY, Message, Status, Ticket, World

SOLVED_AFTER, WINDOW = 7 * DAY, 30 * DAY
_ID = re.compile(r"<[^<>\s]+>")
_PREFIX = re.compile(r"(?:(?:re|aw|sv|antw)\s*:\s*)+", re.IGNORECASE)
_BULK = ("bulk", "list", "junk", "auto_reply")


@dataclass(slots=True)
class Mail:
    """One mail, wherever its copies lie; `other` is the address of the outside party."""

    id: str
    at: int
    kind: str
    who: str
    author: str
    other: str
    subject: str
    addresses: list[str]
    references: list[str]
    public: bool = True
    form: bool = False
    spam: bool = False
    answered: bool = False
    labels: set[str] = field(default_factory=set)

    @property
    def by_hand(self) -> bool:
        """Whether somebody wrote it to somebody of the other side."""
        return self.kind == "" and self.public


@dataclass(frozen=True, slots=True)
class Account:
    """A mail account as its settings say: our addresses, and what channel and team an address stands for."""

    source: str
    own: Sequence[str]
    channels: Mapping[str, str]
    teams: Mapping[str, str]

    def ours(self, address: str) -> bool:
        """Whether an address is ours; an entry that begins with @ is a whole domain."""
        return address in self.own or any(address.endswith(one) for one in self.own if one[0] == "@")


def mailbox_world(
    account: Account, files: Iterable[tuple[str, Path]], held: frozenset[str] = frozenset()
) -> World:
    """Return what the mails of an account tell; files are (role, mbox file or Maildir).

    held: Message-IDs that another source holds too.
    """
    mails: dict[object, Mail] = {}
    for role, path in files:
        box: Any = mailbox.Maildir(path) if path.is_dir() else mailbox.mbox(path)
        for raw in box:
            mail = _mail(account, raw, role)
            known = mails.setdefault((mail.id, mail.author, str(raw["Date"])), mail)
            known.at, known.answered = min(known.at, mail.at), known.answered or mail.answered
            known.labels |= mail.labels
        box.close()
    ordered = sorted(mails.values(), key=lambda one: one.at)
    world = World({account.source: ordered[-1].at + 1})  # known up to and with the newest mail
    for thread in _threads(ordered):
        ticket = _ticket(account, thread)
        first = next((one for one in thread if one.who == "customer" and one.by_hand), None)
        if first is not None and first.id in held:
            ticket.left_out = ticket.left_out or "held by another source too"
        world.tickets.append(ticket)
    return world


# --- one mail ----------------------------------------------------------------------------------------------


def _mail(account: Account, raw: Raw, role: str) -> Mail:
    sender, reply_to = (_addresses(raw, name) for name in ("From", "Reply-To"))
    to = _addresses(raw, "To") + _addresses(raw, "Cc")
    outside = [one for one in to if not account.ours(one)]
    form = account.ours(sender[0]) and bool(reply_to) and not account.ours(reply_to[0]) and not outside
    ours = account.ours(sender[0]) and not form
    agent = (_addresses(raw, "Sender") or sender)[0]
    return Mail(
        id=str(raw["Message-ID"]).strip(), at=_date(raw["Date"]) if ours else _arrived(raw),
        kind=_kind(raw), who="human" if ours else "customer", author=agent if ours else sender[0],
        other=(outside or to)[0] if ours else reply_to[0] if form else sender[0],
        subject=str(make_header(decode_header(str(raw["Subject"])))), addresses=[*to, *sender],
        references=_ID.findall(f"{raw['References'] or ''} {raw['In-Reply-To'] or ''}"),
        public=not ours or bool(outside), form=form,
        spam=role == "junk" or str(raw["X-Spam-Flag"]).strip() == "YES",
        answered="R" in raw.get_flags() if isinstance(raw, mailbox.MaildirMessage) else _marked(raw),
        labels=set(str(raw["X-Keywords"] or "").split()),
    )  # fmt: skip


def _marked(raw: Raw) -> bool:
    return "A" in str(raw["X-Status"] or "")


def _kind(raw: Raw) -> str:
    """Say what sort of automatic mail it is; nothing if somebody wrote it."""
    bounced = str(raw["Return-Path"]).strip() == "<>" and "mailer-daemon" in str(raw["From"]).lower()
    if raw.get_content_type() == "multipart/report" or bounced:
        return "bounces"
    if raw["List-Id"] or raw["List-Unsubscribe"]:
        return "newsletters"
    said = str(raw["Auto-Submitted"] or "no").strip().lower() != "no"
    bulk = str(raw["Precedence"] or "").strip().lower() in _BULK
    return "automatic messages" if said or bulk or raw["X-Autoreply"] or raw["X-Autorespond"] else ""


def _addresses(raw: Raw, name: str) -> list[str]:
    values = [str(one) for one in raw.get_all(name, [])]
    return [address.lower() for _, address in getaddresses(values) if address]


def _arrived(raw: Raw) -> int:
    for trace in raw.get_all("Received", []):
        return _date(str(trace).rpartition(";")[2])
    return _date(raw["Date"])


def _date(text: Any) -> int:
    found = parsedate_to_datetime(str(text).strip())
    return round((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1000)


# --- threads -----------------------------------------------------------------------------------------------


def _threads(mails: Sequence[Mail]) -> Iterator[list[Mail]]:
    """Yield the conversations, in order of time: joined by headers, bare replies by their subject."""
    root: dict[str, str] = {}

    def top(key: str) -> str:
        while root.setdefault(key, key) != key:
            key = root[key]
        return key

    for mail in mails:
        for cited in mail.references:
            root[top(cited)] = top(mail.id)
    for mail in (one for one in mails if not one.references and _PREFIX.match(one.subject)):
        if mail is not min((one for one in mails if top(one.id) == top(mail.id)), key=lambda one: one.at):
            continue
        before = [one for one in mails if one.at < mail.at and _about(one) == _about(mail)]
        if before:
            last = max(one.at for one in mails if one.at < mail.at and top(one.id) == top(before[-1].id))
            if mail.at - last <= WINDOW:
                root[top(mail.id)] = top(before[-1].id)
    grouped: dict[str, list[Mail]] = defaultdict(list)
    for mail in mails:
        grouped[top(mail.id)].append(mail)
    yield from grouped.values()


def _about(mail: Mail) -> tuple[str, str]:
    return mail.other, _PREFIX.sub("", mail.subject, count=1).strip().casefold()


# --- tickets -----------------------------------------------------------------------------------------------


def _ticket(account: Account, thread: Sequence[Mail]) -> Ticket:
    first, by_hand = thread[0], [one for one in thread if one.by_hand]
    known = next((found for one in thread if (found := _known(account, one))), {})
    statuses, elsewhere = _statuses(first.at, by_hand)
    came_in = [one for one in thread if one.who == "customer"]
    replied = any(one.who == "human" for one in by_hand)
    spam = bool(came_in) and all(one.spam for one in came_in) and not replied
    opener = by_hand[0].who if by_hand else "system"
    return Ticket(
        account.source, first.id, "email", known.get("channel", "email"), first.at,
        opened_by="agent" if opener == "human" else opener,
        messages=[Message(one.at, one.who, one.author, one.public, one.kind != "") for one in thread],
        statuses=statuses, teams={known["team"]} if "team" in known else set(),
        tags=set().union(*(one.labels for one in thread)),
        left_out="spam" if spam else None if by_hand else first.kind, elsewhere=elsewhere,
    )  # fmt: skip


def _known(account: Account, mail: Mail) -> dict[str, str]:
    """Return what the settings say of a mail's addresses."""
    for address in mail.addresses:
        if address in account.channels:
            channel = "web_form" if mail.form else account.channels[address]
            return {"channel": channel, "team": account.teams[address]}
    return {}


def _statuses(created: int, by_hand: Sequence[Mail]) -> tuple[list[Status], bool]:
    """Return the statuses that follow from who wrote when, and whether it was answered elsewhere."""
    found, elsewhere = [Status(created, "new")], False
    for place, mail in enumerate(by_hand):
        following = by_hand[place + 1].at if place + 1 < len(by_hand) else None
        silent = following is None or following - mail.at > SOLVED_AFTER
        solved = Status(mail.at, "solved", mail.at + SOLVED_AFTER)
        if mail.who == "human":
            found.append(Status(mail.at, "pending"))
            found += [solved] if silent else []
        else:
            found += [Status(mail.at, "open")] if place else []
            if mail.answered and following is None:
                found.append(solved)
                elsewhere = True
    return found, elsewhere
