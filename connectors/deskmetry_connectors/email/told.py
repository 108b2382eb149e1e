"""Told: the header of a mail of which a helpdesk's API tells no more than Message-ID and sender."""

from __future__ import annotations

from deskmetry.records import Message, MessageHeader
from deskmetry.records.kinds import ActorKind

from .headers import MAX_ID


def told_id(told: object) -> str | None:
    """Return a Message-ID as it was written; None for an empty or endless one, and for what is none."""
    return told if isinstance(told, str) and 0 < len(told.strip("<> \t\r\n")) <= MAX_ID else None


def told_sender(told: object) -> str | None:
    """Return an address in lower case; None for an empty one, and for what is none."""
    return told.strip().lower() or None if isinstance(told, str) else None


def told_header(message: Message, folder: str, message_id: str, sender: str | None) -> MessageHeader:
    """Return the header of the mail that a message came as, in a folder of that name."""
    return MessageHeader(
        id=f"{folder}/{message.id}",
        version=message.version,
        mail_id=message.id,
        message_id=message_id,
        sent_at=message.sent_at,
        inbound=message.author_kind is ActorKind.CUSTOMER,
        from_address=sender,
        folder=folder,
    )
