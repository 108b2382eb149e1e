"""Message-IDs of the mails behind parts and conversations, where Intercom tells them."""

from __future__ import annotations

from typing import Any

import pytest

from deskmetry.records import MessageHeader
from deskmetry_connectors.intercom import parts
from deskmetry_connectors.intercom.conversations import ConversationMapping
from deskmetry_connectors.intercom.history import statuses

AT = 1_772_452_800
MAIL = {
    "message_id": "<A.b@x.example>",
    "subject": "Hello",
    "email_address_headers": [
        {"type": "to", "email_address": "support@acme.example"},
        {"type": "from", "email_address": "Anna@X.example", "name": "Anna"},
    ],
}
AUTHOR = {"type": "user", "id": "c1"}


def part(mail: Any) -> list[MessageHeader]:
    row = {"id": 9, "part_type": "comment", "body": "Hello", "created_at": AT, "author": AUTHOR}
    row |= {"email_message_metadata": mail, "conversation": {"id": "7", "channel": "email"}}
    return [record for record in parts.part(row) if isinstance(record, MessageHeader)]


def test_a_part_that_came_by_mail_has_its_message_id_and_sender() -> None:
    (found,) = part(MAIL)
    assert (found.mail_id, found.message_id, found.from_address) == ("9", "A.b@x.example", "anna@x.example")
    assert found.inbound


@pytest.mark.parametrize(
    "mail",
    [None, "x", {}, {"message_id": ""}, {"message_id": None}, {"message_id": f"<{'x' * 501}>"}],
)
def test_a_part_without_one_has_no_header(mail: Any) -> None:
    assert part(mail) == []


@pytest.mark.parametrize(
    "told", [None, "x", [], ["x"], [{"type": "from"}], [{"type": "from", "email_address": " "}]]
)
def test_a_sender_that_is_not_told_is_not_made_up(told: Any) -> None:
    (found,) = part(MAIL | {"email_address_headers": told})
    assert found.from_address is None


def test_the_mail_that_began_a_conversation_has_one_too() -> None:
    source = {"type": "email", "delivered_as": "customer_initiated", "body": "Hello", "author": AUTHOR}
    row = {
        "id": "7",
        "created_at": AT,
        "updated_at": AT,
        "state": "open",
        "source": source | {"email_message_metadata": MAIL},
    }
    found = ConversationMapping(statuses("pending"), lambda _: None).conversation(row)
    (header,) = (record for record in found if isinstance(record, MessageHeader))
    assert (header.mail_id, header.message_id) == ("7:source", "A.b@x.example")
