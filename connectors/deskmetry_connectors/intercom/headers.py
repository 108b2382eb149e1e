"""Headers: the Message-ID and sender of what came as an e-mail, where Intercom tells them.

`email_message_metadata.message_id` is described for the unstable version of the API only, of parts and of
the source of a conversation; it is read from whatever version sends it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from deskmetry.records import Message, MessageHeader
from deskmetry.records.kinds import ActorKind

from .shapes import Row, objects

FOLDER = "conversations"
_LONGEST = 500  # characters of a Message-ID, as with mailboxes


def headers(row: Row, message: Message) -> Iterator[MessageHeader]:
    """Yield the header of the mail that a part, or the source of a conversation, came as, if it is told."""
    told = row.get("email_message_metadata")
    mail: Row = told if isinstance(told, dict) else {}
    key = mail.get("message_id")
    if not isinstance(key, str) or not 0 < len(key.strip("<> \t\r\n")) <= _LONGEST:
        return
    yield MessageHeader(
        id=f"{FOLDER}/{message.id}",
        version=message.version,
        mail_id=message.id,
        message_id=key,
        sent_at=message.sent_at,
        inbound=message.author_kind is ActorKind.CUSTOMER,
        from_address=_sender(mail.get("email_address_headers")),
        folder=FOLDER,
    )


def _sender(told: Any) -> str | None:
    for one in objects(told if isinstance(told, list) else []):
        address = one.get("email_address")
        if one.get("type") == "from" and isinstance(address, str):
            return address.strip().lower() or None
    return None
