"""Envelope: what makes a letter a mail: its id, its place in the thread, the files that its copies lie in."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from .company import ACCOUNTS, AUTOMATIC, DemoCompany, Kind, Letter, Thread
from .people import CLIENTS, Client

FILES = ("inbox", "sent", "junk")
SENT = (Kind.REPLY, Kind.ACKNOWLEDGEMENT)
OTHER = {"support": "returns", "returns": "support"}
"""The address of the same account that some customers write to as well."""
ORDINARY = CLIENTS[1]


@dataclass(slots=True)
class Envelope:
    """One mail; `token` is 32 hexadecimal digits that its id, boundaries and queue numbers are made of."""

    letter: Letter
    thread: Thread
    token: str
    message_id: str
    references: tuple[str, ...] = ()
    subject: str = ""
    answers: Letter | None = None
    answered: bool = False
    oddity: str = ""  # charset, date or cut

    @property
    def client(self) -> Client:
        """The program that the outside party writes with."""
        return self.thread.customer.client if self.thread.customer else ORDINARY


@dataclass(slots=True)
class Copy:
    """One entry of a mail folder: a mail, when it arrived there and at which of our addresses."""

    at: int
    envelope: Envelope
    mailbox: str


def sort_by_file(company: DemoCompany, account: str, rng: random.Random) -> dict[str, list[Copy]]:
    """Return the entries of each folder of an account in order of arrival; a mail may have two."""
    files: dict[str, list[Copy]] = {name: [] for name in FILES}
    for thread in company.threads:
        if thread.mailbox not in ACCOUNTS[account]:
            continue
        for envelope in seal(thread, company.domain, rng):
            at, mailbox = envelope.letter.at, thread.mailbox
            sent = envelope.letter.kind in SENT
            home = "sent" if sent else "junk" if thread.in_junk else "inbox"
            files[home].append(Copy(at, envelope, mailbox))
            if envelope.letter.twice:
                files["inbox"].append(Copy(at + 2, envelope, mailbox if sent else OTHER[mailbox]))
    for copies in files.values():
        copies.sort(key=lambda copy: (copy.at, copy.envelope.token, copy.mailbox))
    if account == next(iter(ACCOUNTS)):
        _make_odd(files["inbox"])
    return files


def seal(thread: Thread, domain: str, rng: random.Random) -> Iterator[Envelope]:
    """Yield the thread's mails with ids, references and subjects as mail programs set them."""
    incoming: Envelope | None = None
    outgoing: Envelope | None = None
    first: Envelope | None = None
    replied_at = max((letter.at for letter in thread.letters if letter.kind is Kind.REPLY), default=0)
    for letter in thread.letters:
        token = f"{rng.getrandbits(128):032x}"
        key = letter.message_id or _message_id(letter, thread, token, domain)
        envelope = Envelope(letter, thread, token, key)
        parent = (incoming or first) if letter.kind in SENT else (outgoing or first)
        if parent is not None:
            envelope.answers = parent.letter
            # Half of the servers name the failed mail in a bounce's headers, the others only within it.
            if not letter.without_headers and (letter.kind is not Kind.BOUNCE or token[0] < "8"):
                envelope.references = (*_shortened(parent.references), parent.message_id)
        envelope.subject = _prefix(envelope) + thread.subject
        asks = letter.kind not in SENT and letter.kind not in AUTOMATIC
        envelope.answered = letter.elsewhere or (asks and letter.at < replied_at)
        first = first or envelope
        if letter.kind in SENT:
            outgoing = envelope
        elif letter.kind not in AUTOMATIC:
            incoming = envelope
        yield envelope


def _shortened(references: tuple[str, ...]) -> tuple[str, ...]:
    """Keep the first and the last few of a long chain, as RFC 5537 advises and programs do."""
    return references if len(references) < 9 else (references[0], *references[-7:])


def _prefix(envelope: Envelope) -> str:
    kind = envelope.letter.kind
    if kind is Kind.BOUNCE:
        return "Undelivered Mail Returned to Sender: "
    if kind is Kind.AUTO_REPLY:
        return "Automatic reply: "
    if envelope.answers is None:
        return ""
    return "Re: " if kind in SENT else envelope.client.prefix


def _message_id(letter: Letter, thread: Thread, token: str, domain: str) -> str:
    if letter.kind in SENT or letter.kind in (Kind.FORM, Kind.BOUNCE):
        return f"{token[:24]}@{domain}"
    host = letter.address.partition("@")[2]
    client = thread.customer.client if thread.customer else ORDINARY
    if "Outlook" in client.header:
        return f"AM0PR05MB{token[:20].upper()}@AM0PR05MB{token[0]}.mail.{host}"
    if "Apple" in client.header:
        return f"{token[:8]}-{token[8:12]}-{token[12:16]}-{token[16:20]}-{token[20:]}@{host}".upper()
    return f"CA+{token[:26]}@mail.{host}"


def _make_odd(inbox: list[Copy]) -> None:
    """Pick the mails with an odd charset, and the one with a broken date and the one that breaks off."""
    ordinary = [copy.envelope for copy in inbox if copy.envelope.letter.kind is Kind.CUSTOMER]
    ordinary = [envelope for envelope in ordinary if not envelope.letter.twice and envelope.thread.topic]
    for envelope in ordinary[150::300]:
        envelope.oddity = "charset"
    if len(ordinary) > 2:
        ordinary[len(ordinary) // 3].oddity = "date"
        ordinary[len(ordinary) // 2].oddity = "cut"
