"""Mails for tests: raw mails, mbox files and Maildirs, and what a connector makes of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deskmetry.connector import Connector, Cursor, Page
from deskmetry.records import Agent, Customer, Message, MessageHeader, Record
from deskmetry.records.kinds import FolderRole
from deskmetry_connectors.email.own import Own
from deskmetry_connectors.email.raw import RawMail
from deskmetry_connectors.email.records import MailMapping
from deskmetry_connectors.mailbox import Mailbox

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
SUPPORT = "support@acme.example"
OWN = Own.of([SUPPORT, "sales@acme.example", "@acme.example"])
DATE = "Mon, 02 Mar 2026 10:00:00 +0100"


def mail(body: str = "Where is my order?", /, **fields: str | None) -> bytes:
    """Return a raw mail from a customer to support; `None` leaves a header out, `_` stands for a hyphen."""
    headers: dict[str, str | None] = {
        "from": "Jane Doe <jane@customer.example>",
        "to": SUPPORT,
        "subject": "Order 17",
        "date": DATE,
        "message-id": "<one@customer.example>",
    }
    headers.update({name.lower().rstrip("_").replace("_", "-"): value for name, value in fields.items()})
    lines = [f"{name}: {value}" for name, value in headers.items() if value is not None]
    return ("\n".join(lines) + "\n\n" + body + "\n").encode("utf-8", "surrogateescape")


def records_of(
    raw: bytes,
    *,
    own: Own = OWN,
    folder: str = "INBOX",
    role: FolderRole = FolderRole.INBOX,
    delivered: datetime | None = None,
    now: datetime = NOW,
    channels: Mapping[str, str] | None = None,
    teams: Mapping[str, str] | None = None,
    folders: Mapping[str, FolderRole] | None = None,
    agent_header: str | None = None,
) -> list[Record]:
    """Return what one copy of a mail becomes."""
    mapping = MailMapping(own, channels or {}, teams or {}, folders or {}, agent_header)
    return mapping.records(RawMail(raw, folder, role, "test", delivered), now)


def message_of(records: Iterable[Record]) -> Message:
    """Return the only message among some records."""
    (found,) = [record for record in records if isinstance(record, Message)]
    return found


def header_of(records: Iterable[Record]) -> MessageHeader:
    """Return the only header row among some records."""
    (found,) = [record for record in records if isinstance(record, MessageHeader)]
    return found


def agents_of(records: Iterable[Record]) -> list[Agent]:
    """Return the agents among some records."""
    return [record for record in records if isinstance(record, Agent)]


def customers_of(records: Iterable[Record]) -> list[Customer]:
    """Return the customers among some records."""
    return [record for record in records if isinstance(record, Customer)]


def numbered(count: int, first: int = 0) -> list[bytes]:
    """Return mails of different customers, a minute apart."""
    return [
        mail(
            f"Question {number}",
            message_id=f"<{number}@customer.example>",
            from_=f"c{number}@customer.example",
            date=f"Mon, 02 Mar 2026 {10 + number // 60:02d}:{number % 60:02d}:00 +0000",
        )
        for number in range(first, first + count)
    ]


def mbox_bytes(mails: Sequence[bytes]) -> bytes:
    """Return mails as an mbox file (mboxrd: lines that begin with `From ` are quoted)."""
    out = []
    for raw in mails:
        quoted = [
            b">" + line if line.lstrip(b">").startswith(b"From ") else line for line in raw.split(b"\n")
        ]
        out.append(b"From sender@x.example Mon Mar  2 09:00:00 2026\n" + b"\n".join(quoted) + b"\n")
    return b"".join(out)


def write_mbox(path: Path, mails: Sequence[bytes]) -> Path:
    """Write an mbox file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(mbox_bytes(mails))
    return path


def write_maildir(path: Path, mails: Sequence[bytes], flags: str = "S", first: int = 0) -> Path:
    """Write mails into the folder `cur` of a Maildir."""
    for name in ("cur", "new", "tmp"):
        (path / name).mkdir(parents=True, exist_ok=True)
    for number, raw in enumerate(mails, start=first):
        (path / "cur" / f"{1772442000 + number}.M{number}.host:2,{flags}").write_bytes(raw)
    return path


def read_all(connector: Connector, since: Cursor | None = None) -> list[Page]:
    """Read the stream `mails` to its end."""
    return list(connector.read("mails", since))


def last_cursor(pages: Sequence[Page], since: Cursor | None = None) -> Cursor | None:
    """Return where the pages leave the cursor."""
    return next((page.cursor for page in reversed(pages) if page.cursor is not None), since)


def stored(
    pages: Iterable[Page], into: dict[tuple[str, str], Record] | None = None
) -> dict[tuple[str, str], Record]:
    """Return what a database would hold: the highest version of each row, the later among equals."""
    rows = {} if into is None else into
    for page in pages:
        for record in page.records:
            key = (record.table, record.id)
            if key not in rows or (record.version or 0) >= (rows[key].version or 0):
                rows[key] = record
    return rows


def ids(pages: Iterable[Page]) -> list[str]:
    """Return the Message-IDs of the messages in the pages, sorted, repeated as they come."""
    messages = (record for page in pages for record in page.records if isinstance(record, Message))
    return sorted(message.id.partition("~")[0] for message in messages)


def box(path: Path | list[Path], **settings: Any) -> Mailbox:
    """Return the connector on a path, for the address `support@acme.example`."""
    return Mailbox(path=path, addresses=[SUPPORT], **settings)


def store_cursor(cursor: Cursor | None) -> Cursor | None:
    """Return a cursor as it comes back from a database: its token through JSON."""
    return cursor and Cursor(json.loads(json.dumps(cursor.token)), cursor.watermark)
