"""Mail: writes the letters of the story as mbox files and a Maildir, with the headers of real programs."""

from __future__ import annotations

import os
import random
import re
from datetime import UTC, datetime, tzinfo
from email.utils import format_datetime
from pathlib import Path
from time import asctime, gmtime
from zoneinfo import ZoneInfo

from . import mime
from .company import WEBSITE, DemoCompany, Kind
from .envelope import OTHER, SENT, Copy, Envelope, sort_by_file

FOLDERS = {"inbox": "INBOX", "sent": "Sent", "junk": "Junk"}
"""What the folders are called in an IMAP account."""
DESK_ADDRESS = "help"
"""Local part of the helpdesk's own address."""
_FROM_LINE = re.compile(rb"^(>*From )", re.MULTILINE)
_AUTOMATIC = {
    Kind.ACKNOWLEDGEMENT: "Auto-Submitted: auto-replied\nX-Auto-Response-Suppress: All\n",
    Kind.AUTO_REPLY: "Auto-Submitted: auto-replied\nX-Autoreply: yes\nPrecedence: auto_reply\n",
    Kind.BOUNCE: "Auto-Submitted: auto-replied\n",
    Kind.NOTIFICATION: "Auto-Submitted: auto-generated\n",
    Kind.SPAM: "X-Spam-Flag: YES\nX-Spam-Score: 14.2\n",
}


def write_mbox(company: DemoCompany, account: str, folder: Path, seed: int) -> None:
    """Write `inbox.mbox`, `sent.mbox` and `junk.mbox` into the folder, each in order of arrival."""
    files = sort_by_file(company, account, random.Random(f"{seed} {account}"))  # noqa: S311
    writer = _Writer(company)
    for name, copies in files.items():
        with open(folder / f"{name}.mbox", "wb", opener=private) as file:
            file.writelines(map(writer.entry, copies))


def write_maildir(company: DemoCompany, account: str, folder: Path, seed: int) -> None:
    """Write a mirror of an IMAP account as OfflineIMAP and mbsync lay it down: a Maildir for each folder.

    A file is named by the second of its arrival, its UID and its flags; labels stand in X-Keywords, where
    OfflineIMAP writes those of the server. That is how the connector `mailbox` meets an IMAP account without
    a password; the connector `imap`, an extra with its own dependency, would need a mail server to talk to,
    and a demo has none.
    """
    files = sort_by_file(company, account, random.Random(f"{seed} {account}"))  # noqa: S311
    writer = _Writer(company)
    for name, copies in files.items():
        place = folder / FOLDERS[name]
        place.mkdir(mode=0o700, exist_ok=True)
        for part in ("cur", "new", "tmp"):
            (place / part).mkdir(mode=0o700, exist_ok=True)
        for uid, copy in enumerate(copies, start=1):
            flags = "RS" if copy.envelope.answered else "S"
            path = f"{place}/cur/{copy.at}.{uid}.{account},U={uid}:2,{flags}"
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            try:
                os.write(descriptor, writer.mail(copy))
            finally:
                os.close(descriptor)


def private(path: str, flags: int) -> int:
    """Open a file that only its owner may read; an `opener` for `open`."""
    return os.open(path, flags, 0o600)


class _Writer:
    def __init__(self, company: DemoCompany) -> None:
        self._name = company.name
        self._domain = company.domain
        self._zone = ZoneInfo(company.zone)

    def entry(self, copy: Copy) -> bytes:
        """Return an entry of an mbox file: From_ line, headers, body with quoted From_ lines, empty line."""
        envelope = copy.envelope
        kind = envelope.letter.kind
        sender = f"{copy.mailbox}@{self._domain}" if kind in SENT else envelope.letter.address
        sender = "MAILER-DAEMON" if kind is Kind.BOUNCE else sender
        head, body = self._parts(copy, _status(envelope))
        if b"From " in body:
            body = _FROM_LINE.sub(rb">\1", body)
        line = f"From {sender} {asctime(gmtime(copy.at))}\n".encode()
        return b"".join((line, head, body, b"\n" if body.endswith(b"\n") else b"\n\n"))

    def mail(self, copy: Copy) -> bytes:
        """Return a mail as a file of its own, whose flags stand in its name."""
        return b"".join(self._parts(copy, ""))

    def _parts(self, copy: Copy, status: str) -> tuple[bytes, bytes]:
        lines, body = self._body(copy.envelope)
        return f"{self._headers(copy)}{status}MIME-Version: 1.0\n{lines}\n".encode(), body

    # --- headers ------------------------------------------------------------------------------------

    def _headers(self, copy: Copy) -> str:
        envelope = copy.envelope
        kind = envelope.letter.kind
        return "".join(
            (
                "" if kind in SENT and copy.at == envelope.letter.at else self._trace(copy),
                self._date(envelope),
                self._parties(copy),
                f"Subject: {mime.encode_header(envelope.subject)}\n",
                f"Message-ID: <{envelope.message_id}>\n",
                _references(envelope),
                _AUTOMATIC.get(kind, ""),
                self._program(envelope),
                _labels(envelope),
            )
        )

    def _trace(self, copy: Copy) -> str:
        """Return what the receiving server adds."""
        envelope = copy.envelope
        address = envelope.letter.address
        host = f"mx.{address.partition('@')[2]}"
        to = f"{copy.mailbox}@{self._domain}"
        if envelope.letter.kind in (*SENT, Kind.FORM, Kind.BOUNCE):
            host, address = f"www.{self._domain}", f"{WEBSITE}@{self._domain}"
        path = "" if envelope.letter.kind in (Kind.BOUNCE, Kind.AUTO_REPLY) else address
        return (
            f"Return-Path: <{path}>\nDelivered-To: {to}\n"
            f"Received: from {host} ({host} [192.0.2.{int(envelope.token[:2], 16)}])\n"
            f"\tby mx.{self._domain} with ESMTPS id {envelope.token[-10:].upper()}\n"
            f"\tfor <{to}>; {_date(copy.at, self._zone)}\n"
        )

    def _date(self, envelope: Envelope) -> str:
        if envelope.oddity == "date":
            return "Date: Thu, 32 Foo 2099 25:61:00 +9999\n"
        kind, at = envelope.letter.kind, envelope.letter.at
        if kind in SENT:
            return f"Date: {_date(at, self._zone)}\n"
        # A customer's mail is on its way for some seconds; phones write UTC.
        zone = UTC if envelope.client.header.startswith("X-Mailer: Phone") else self._zone
        return f"Date: {_date(at - int(envelope.token[1], 16) % 4, zone)}\n"

    def _parties(self, copy: Copy) -> str:
        envelope = copy.envelope
        letter, thread = envelope.letter, envelope.thread
        ours = f"{thread.mailbox}@{self._domain}"
        customer = mime.mailbox(thread.customer.name, letter.address) if thread.customer else letter.address
        if letter.kind is Kind.BOUNCE:
            return f"From: Mail Delivery System <mailer-daemon@mx.{self._domain}>\nTo: {ours}\n"
        if letter.kind in SENT:
            name = letter.agent.name if letter.agent else self._name
            cc = f"Cc: {ours}\n" if letter.twice else ""
            # From is the address that they share; Sender says who of them it was.
            sender = f"Sender: {letter.agent.address(self._domain)}\n" if letter.agent else ""
            return f"From: {mime.mailbox(name, ours)}\n{sender}To: {customer}\n{cc}"
        if letter.kind is Kind.FORM:
            form = mime.mailbox(f"{self._name} website", f"{WEBSITE}@{self._domain}")
            return f"From: {form}\nReply-To: {customer}\nTo: {ours}\n"
        cc = f"Cc: {OTHER[thread.mailbox]}@{self._domain}\n" if letter.twice else ""
        also = f", {DESK_ADDRESS}@{self._domain}" if thread.mirrored else ""
        return f"From: {customer}\nTo: {mime.mailbox(self._name, ours)}{also}\n{cc}"

    def _program(self, envelope: Envelope) -> str:
        kind, thread = envelope.letter.kind, envelope.thread
        if thread.list_id:
            leave = f"<https://{thread.list_id}/leave>"
            return f"List-Id: <{thread.list_id}>\nList-Unsubscribe: {leave}\nPrecedence: bulk\n"
        if kind is Kind.REPLY:
            return "User-Agent: Mozilla Thunderbird\n"
        return f"{envelope.client.header}\n" if kind is Kind.CUSTOMER else ""

    # --- bodies -------------------------------------------------------------------------------------

    def _body(self, envelope: Envelope) -> mime.Body:
        letter, token = envelope.letter, envelope.token
        if letter.kind is Kind.BOUNCE:
            returned = f"To: <{letter.address}>\nSubject: {mime.encode_header(envelope.thread.subject)}\n"
            if envelope.answers is not None:
                returned += f"Date: {_date(envelope.answers.at, self._zone)}\n"
            return mime.bounce(letter.address, returned, f"mx.{self._domain}", token)
        text = self._text(envelope)
        if envelope.oddity == "charset":
            return mime.odd(text, int(token[:4], 16))
        if envelope.oddity == "cut":
            return mime.cut(text, "utf-8", token)
        if letter.kind is not Kind.CUSTOMER:
            return mime.plain(text, "utf-8", token)
        if "picture" in letter.text and envelope.answers is not None:
            return mime.with_picture(text, "utf-8", token)
        return mime.written_by(envelope.client, text, token)

    def _text(self, envelope: Envelope) -> str:
        letter, customer = envelope.letter, envelope.thread.customer
        if customer is None:
            return f"{letter.text}\n"
        if letter.kind is Kind.FORM:
            return f"Name: {customer.name}\nE-mail: {letter.address}\n\n{letter.text}\n"
        if letter.kind in SENT:
            signature = f"Kind regards\n{letter.agent.name}\n{self._name}" if letter.agent else self._name
            return f"Hi {customer.first_name},\n\n{letter.text}\n\n{signature}\n{self._quote(envelope)}"
        if letter.kind is Kind.AUTO_REPLY:
            return f"{letter.text}\n\n{customer.name}\n"
        return f"Hello,\n\n{letter.text}\n\nBest wishes\n{customer.name}\n{self._quote(envelope)}"

    def _quote(self, envelope: Envelope) -> str:
        before = envelope.answers
        if before is None:
            return ""
        who = before.agent.name if before.agent else before.address
        when = datetime.fromtimestamp(before.at, self._zone)
        quoted = before.text.replace("\n", "\n> ")
        return f"\nOn {when:%d/%m/%Y} at {when:%H:%M}, {who} wrote:\n> {quoted}\n"


def _references(envelope: Envelope) -> str:
    if not envelope.references:
        return ""
    chain = "\n\t".join(f"<{name}>" for name in envelope.references)
    return f"In-Reply-To: <{envelope.references[-1]}>\nReferences: {chain}\n"


def _status(envelope: Envelope) -> str:
    """Return what a mail program notes in an mbox file: read, answered."""
    return "Status: RO\nX-Status: A\n" if envelope.answered else "Status: RO\n"


def _labels(envelope: Envelope) -> str:
    """Return the labels, which stand on a thread's first mail."""
    tags = envelope.thread.tags if envelope.answers is None else ()
    return f"X-Keywords: {' '.join(tags)}\n" if tags else ""


def _date(at: int, zone: tzinfo) -> str:
    return format_datetime(datetime.fromtimestamp(at, zone))
