"""Headers: the Message-ID and sender of what came as an e-mail, where Intercom tells them.

`email_message_metadata.message_id` is described for the unstable version of the API only, of parts and of
the source of a conversation; it is read from whatever version sends it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from deskmetry.records import Message, MessageHeader

from ..email.told import told_header, told_id, told_sender
from .shapes import Row, objects

FOLDER = "conversations"


def headers(row: Row, message: Message) -> Iterator[MessageHeader]:
    """Yield the header of the mail that a part, or the source of a conversation, came as, if it is told."""
    told = row.get("email_message_metadata")
    mail: Row = told if isinstance(told, dict) else {}
    key = told_id(mail.get("message_id"))
    if key is not None:
        yield told_header(message, FOLDER, key, _sender(mail.get("email_address_headers")))


def _sender(told: Any) -> str | None:
    named = objects(told if isinstance(told, list) else [])
    addresses = (one.get("email_address") for one in named if one.get("type") == "from")
    return next((told_sender(address) for address in addresses if isinstance(address, str)), None)
