"""Company: a year of a made-up bicycle shop's support, as customers, agents, letters and tickets."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from itertools import pairwise

from .desk import Desk, Json
from .people import Customer
from .shop import Order, PlanChange
from .staff import Agent
from .texts import COMPANY, DOMAIN

ZONE = "Europe/Berlin"
SOLVED_AFTER = 7 * 86_400  # seconds of a customer's silence after which a thread counts as solved


class Kind(StrEnum):
    """What a letter is, and by its first letter what a thread is."""

    CUSTOMER = "customer"
    FORM = "form"
    REPLY = "reply"
    ACKNOWLEDGEMENT = "acknowledgement"
    AUTO_REPLY = "auto_reply"
    BOUNCE = "bounce"
    NEWSLETTER = "newsletter"
    NOTIFICATION = "notification"
    SPAM = "spam"


ASKING = (Kind.CUSTOMER, Kind.FORM)
AUTOMATIC = (Kind.ACKNOWLEDGEMENT, Kind.AUTO_REPLY, Kind.BOUNCE)


@dataclass(slots=True)
class Letter:
    """One mail of a thread: `at` in seconds since 1970 UTC, `address` that of the outside party."""

    at: int
    kind: Kind
    text: str
    address: str
    agent: Agent | None = None
    without_headers: bool = False  # the customer's program dropped In-Reply-To and References
    twice: bool = False  # a second copy of the mail lies in the inbox
    elsewhere: bool = False  # answered by phone: marked as answered, with no reply in the files
    message_id: str = ""  # known before it is written: the helpdesk got the same mail

    @property
    def mistyped(self) -> bool:
        """The address was mistyped in the contact form: as `name@www.domain`, which takes no mail."""
        return "@www." in self.address


@dataclass(slots=True)
class Thread:
    """One conversation, its letters in order of time; `mailbox` is the local part of our shared address."""

    subject: str
    mailbox: str
    letters: list[Letter]
    customer: Customer | None = None
    topic: str | None = None
    tags: tuple[str, ...] = ()
    in_junk: bool = False
    list_id: str = ""
    mirrored: bool = False  # sent to the helpdesk as well, and answered there

    @property
    def kind(self) -> Kind:
        """Kind of the first letter."""
        return self.letters[0].kind


@dataclass(slots=True)
class Truth:
    """What the mailboxes hold, counted from the story: mails are distinct ones unless it says copies."""

    mails: int = 0
    copies: int = 0  # more copies of mails already counted
    customer_threads: int = 0  # opened by customers, by mail or by the contact form
    outbound_threads: int = 0  # opened by agents
    form_threads: int = 0
    answered_threads: int = 0  # of the customer threads: with a human reply
    unanswered_threads: int = 0
    elsewhere_threads: int = 0  # of those: marked as answered all the same
    reopened_threads: int = 0  # a customer mail more than seven days after our last reply, none in between
    customer_mails: int = 0  # by humans, the contact form included
    human_replies: int = 0  # by agents, those that open a thread included
    acknowledgements: int = 0
    auto_replies: int = 0  # customers' out-of-office mails
    bounces: int = 0
    mirrored: int = 0  # customers' mails that the helpdesk got as well: its tickets, and none of the mailbox
    newsletters: int = 0
    notifications: int = 0
    spam: int = 0
    spam_in_inbox: int = 0
    without_headers: int = 0
    two_address_threads: int = 0
    topics: dict[str, int] = field(default_factory=dict)  # customer threads
    channels: dict[str, int] = field(default_factory=dict)  # customer threads, as the settings name them
    teams: dict[str, int] = field(default_factory=dict)  # customer threads
    replies_by_agent: dict[str, int] = field(default_factory=dict)
    bad_week: date = date.min  # its Monday
    better_from: date = date.min


@dataclass(slots=True)
class DemoCompany:
    """The whole story; it begins with the month of `since` and ends before the local midnight of `until`.

    customers: those who wrote a mail or a ticket. desk, chats, markets, voices: helpdesk, chat window,
    marketplaces and surveys, as their emulators are told them. token: what opens each of them.
    """

    since: date
    until: date
    token: str
    agents: tuple[Agent, ...]
    customers: list[Customer]
    threads: list[Thread]
    desk: Desk
    chats: Json
    markets: Json
    voices: Json
    orders: list[Order]
    plans: list[PlanChange]
    truth: Truth
    name: str = COMPANY
    domain: str = DOMAIN
    zone: str = ZONE

    @property
    def stories(self) -> dict[str, Json]:
        """What each emulated account is told, by the name of its source."""
        return {
            DESK: self.desk.plain(self.name, self.token),
            MARKETS: self.markets,
            CHATS: self.chats,
            VOICES: self.voices,
        }

    def address(self, mailbox: str) -> str:
        """Return the shared address of a mailbox."""
        return f"{mailbox}@{self.domain}"


DESK, MARKETS, CHATS, VOICES = "webshop", "markets", "chat", "voice"
"""Names of the sources that an emulator serves."""
MAILBOXES = ("support", "orders", "returns")
ACCOUNTS = {"support": ("support", "returns"), "orders": ("orders",)}
"""Local parts of the addresses of each mail account; an account is a source of its own."""
CHANNELS = {"support": "email", "orders": "orders", "returns": "returns"}
TEAMS = {"support": "Support", "orders": "Orders", "returns": "Returns"}
WEBSITE = "website"
"""Local part from which the contact form sends."""


def count(threads: list[Thread]) -> Truth:
    """Count what the threads hold."""
    truth = Truth()
    singular = {
        Kind.ACKNOWLEDGEMENT: "acknowledgements",
        Kind.AUTO_REPLY: "auto_replies",
        Kind.BOUNCE: "bounces",
        Kind.NEWSLETTER: "newsletters",
        Kind.NOTIFICATION: "notifications",
        Kind.SPAM: "spam",
        Kind.REPLY: "human_replies",
        Kind.CUSTOMER: "customer_mails",
        Kind.FORM: "customer_mails",
    }
    for thread in threads:
        truth.mails += len(thread.letters)
        if thread.mirrored:
            truth.mirrored += len(thread.letters)
            continue
        for letter in thread.letters:
            truth.copies += letter.twice
            truth.without_headers += letter.without_headers
            name = singular[letter.kind]
            setattr(truth, name, getattr(truth, name) + 1)
            if letter.agent is not None:
                _add(truth.replies_by_agent, letter.agent.name)
        truth.spam_in_inbox += thread.kind is Kind.SPAM and not thread.in_junk
        truth.outbound_threads += thread.kind is Kind.REPLY
        if thread.kind in ASKING:
            _count_request(truth, thread)
    return truth


def _count_request(truth: Truth, thread: Thread) -> None:
    truth.customer_threads += 1
    truth.form_threads += thread.kind is Kind.FORM
    answered = any(letter.kind is Kind.REPLY for letter in thread.letters)
    truth.answered_threads += answered
    truth.unanswered_threads += not answered
    truth.reopened_threads += _reopened(thread)
    truth.two_address_threads += (
        len({letter.address for letter in thread.letters if letter.kind in ASKING}) > 1
    )
    _add(truth.topics, thread.topic or "")
    truth.elsewhere_threads += thread.letters[0].elsewhere
    _add(truth.channels, "web_form" if thread.kind is Kind.FORM else CHANNELS[thread.mailbox])
    _add(truth.teams, TEAMS[thread.mailbox])


def _reopened(thread: Thread) -> bool:
    human = [letter for letter in thread.letters if letter.kind not in AUTOMATIC]
    return any(
        before.kind is Kind.REPLY and after.kind is Kind.CUSTOMER and after.at - before.at > SOLVED_AFTER
        for before, after in pairwise(human)
    )


def _add(counts: dict[str, int], name: str) -> None:
    counts[name] = counts.get(name, 0) + 1
