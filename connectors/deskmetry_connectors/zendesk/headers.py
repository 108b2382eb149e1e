"""Headers: the Message-ID and sender of a comment that came as an e-mail, where Zendesk tells them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from deskmetry.records import Message, MessageHeader
from deskmetry.records.kinds import ActorKind

FOLDER = "comments"
_LONGEST = 500  # characters of a Message-ID, as with mailboxes


def headers(
    comment: Mapping[str, Any], audit: Mapping[str, Any], message: Message
) -> Iterator[MessageHeader]:
    """Yield the header of the mail that a comment came as, if there was one.

    Zendesk's list of comments has it under `metadata.system.message_id`; the export's audits, whose place for
    it isn't documented, under `system` or `metadata.system`, of the comment or of its audit.
    """
    key = _message_id(comment) or _message_id(audit)
    if key is None:
        return
    yield MessageHeader(
        id=f"{FOLDER}/{message.id}",
        version=message.version,
        mail_id=message.id,
        message_id=key,
        sent_at=message.sent_at,
        inbound=message.author_kind is ActorKind.CUSTOMER,
        from_address=_sender(comment) or _sender(audit),
        folder=FOLDER,
    )


def _message_id(row: Mapping[str, Any]) -> str | None:
    """Return a Message-ID as it was written; None for an empty one and for what is none."""
    for holder in (row, row.get("metadata")):
        place = holder.get("system") if isinstance(holder, dict) else None
        text = place.get("message_id") if isinstance(place, dict) else None
        if isinstance(text, str) and 0 < len(text.strip("<> \t\r\n")) <= _LONGEST:
            return text
    return None


def _sender(row: Mapping[str, Any]) -> str | None:
    address = _in(_in(_in(row, "via"), "source"), "from").get("address")
    return address.strip().lower() or None if isinstance(address, str) else None


def _in(row: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = row.get(name)
    return value if isinstance(value, dict) else {}  # all JSON is; asking for any mapping is slow
