"""Headers: the Message-ID and sender of a comment that came as an e-mail, where Zendesk tells them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from deskmetry.records import Message, MessageHeader

from ..email.told import told_header, told_id, told_sender

FOLDER = "comments"


def headers(
    comment: Mapping[str, Any], audit: Mapping[str, Any], message: Message
) -> Iterator[MessageHeader]:
    """Yield the header of the mail that a comment came as, if there was one.

    Zendesk's list of comments has it under `metadata.system.message_id`; the export's audits, whose place for
    it isn't documented, under `system` or `metadata.system`, of the comment or of its audit.
    """
    key = _message_id(comment) or _message_id(audit)
    if key is not None:
        yield told_header(message, FOLDER, key, _sender(comment) or _sender(audit))


def _message_id(row: Mapping[str, Any]) -> str | None:
    for holder in (row, row.get("metadata")):
        place = holder.get("system") if isinstance(holder, dict) else None
        found = told_id(place.get("message_id")) if isinstance(place, dict) else None
        if found is not None:
            return found
    return None


def _sender(row: Mapping[str, Any]) -> str | None:
    return told_sender(_in(_in(_in(row, "via"), "source"), "from").get("address"))


def _in(row: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = row.get(name)
    return value if isinstance(value, dict) else {}  # all JSON is; asking for any mapping is slow
