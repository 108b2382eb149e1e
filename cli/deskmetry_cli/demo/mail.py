"""Mail: writes the letters of the story as mbox files, with the headers that real mail programs set."""

from __future__ import annotations

import os
import random
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, tzinfo
from email.utils import format_datetime
from pathlib import Path
from time import asctime, gmtime
from zoneinfo import ZoneInfo

from . import mime
from .company import WEBSITE, DemoCompany, Kind
from .envelope import SENT, Copy, Envelope, sort_by_file

_FROM_LINE = re.compile(rb"^(>*From )", re.MULTILINE)
_AUTOMATIC = {
    Kind.ACKNOWLEDGEMENT: "Auto-Submitted: auto-replied\nX-Auto-Response-Suppress: All\n",
    Kind.AUTO_REPLY: "Auto-Submitted: auto-replied\nX-Autoreply: yes\nPrecedence: auto_reply\n",
    Kind.BOUNCE: "Auto-Submitted: auto-replied\n",
    Kind.NOTIFICATION: "Auto-Submitted: auto-generated\n",
    Kind.SPAM: "X-Spam-Flag: YES\nX-Spam-Score: 14.2\n",
}


def write_mailbox(company: DemoCompany, folder: Path, seed: int) -> None:
    """Write `inbox.mbox`, `sent.mbox` and `junk.mbox` into the folder, each in order of arrival."""
    files = sort_by_file(company, random.Random(seed))  # noqa: S311
    writer = _Writer(company)
    for name, copies in files.items():
        with open(folder / f"{name}.mbox", "wb", opener=private) as file:
            file.writelines(writer.entries(copies))


def private(path: str, flags: int) -> int:
    """Open a file that only its owner may read; an `opener` for `open`."""
    return os.open(path, flags, 0o600)


class _Writer:
    def __init__(self, company: DemoCompany) -> None:
        self._name = company.name
        self._domain = company.domain
        self._zone = ZoneInfo(company.zone)

    def entries(self, copies: Iterable[Copy]) -> Iterator[bytes]:
        """Yield the bytes of each entry: From_ line, headers, body with quoted From_ lines, empty line."""
        for copy in copies:
            envelope = copy.envelope
            kind = envelope.letter.kind
            sender = f"{copy.mailbox}@{self._domain}" if kind in SENT else envelope.letter.address
            sender = "MAILER-DAEMON" if kind is Kind.BOUNCE else sender
            lines, body = self._body(envelope)
            if b"From " in body:
                body = _FROM_LINE.sub(rb">\1", body)
            head = (
                f"From {sender} {asctime(gmtime(copy.at))}\n{self._headers(copy)}MIME-Version: 1.0\n{lines}\n"
            )
            yield head.encode() + body + (b"\n" if body.endswith(b"\n") else b"\n\n")

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
        also = "orders" if thread.mailbox == "support" else "support"
        cc = f"Cc: {also}@{self._domain}\n" if letter.twice else ""
        return f"From: {customer}\nTo: {mime.mailbox(self._name, ours)}\n{cc}"

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


def _labels(envelope: Envelope) -> str:
    """Return what the mail program notes in the file: read, answered, and labels on a thread's first mail."""
    flags = "X-Status: A\n" if envelope.answered else ""
    tags = envelope.thread.tags if envelope.answers is None else ()
    keywords = f"X-Keywords: {' '.join(tags)}\n" if tags else ""
    return f"Status: RO\n{flags}{keywords}"


def _date(at: int, zone: tzinfo) -> str:
    return format_datetime(datetime.fromtimestamp(at, zone))
