"""Parts of Intercom conversations as messages: who wrote them, whether publicly, and what is none."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from deskmetry.records import Message, RawRecord
from deskmetry.records.kinds import ActorKind
from deskmetry_connectors.intercom.parts import first_message
from deskmetry_connectors.intercom.parts import part as map_part
from deskmetry_connectors.intercom.shapes import instant, kind_of, plain
from helpers_intercom import ADMIN, BEGIN, BOT, USER, Json, at, conversation, part

TEAM: Json = {"type": "team", "id": "7", "name": "Care"}
ABOUT = {"conversation": {"id": "515", "channel": "conversation"}}


def message(kind: str, author: Json = ADMIN, **more: object) -> Message:
    (found,) = map_part(part(9, kind, 60, author, **more) | ABOUT)
    assert isinstance(found, Message)
    return found


def test_a_comment_is_a_public_message() -> None:
    found = message("comment", body="On its way.")
    assert found.model_dump(exclude_none=True) == {
        "id": "9", "version": BEGIN + 60, "ticket_id": "515", "sent_at": at(60), "author_kind": "agent",
        "role_seen": "admin", "author_id": "274", "public": True, "automatic": False,
        "channel": "conversation", "length": 11, "redacted": False, "body": "On its way.",
    }  # fmt: skip


@pytest.mark.parametrize("kind", ["note", "note_and_reopen"])
def test_notes_are_internal(kind: str) -> None:
    assert message(kind, body="Angry.").public is False


@pytest.mark.parametrize("kind", ["close", "open", "assignment", "assign_and_reopen", "quick_reply"])
def test_what_is_said_while_closing_opening_or_assigning_is_public(kind: str) -> None:
    assert message(kind, body="Good bye.").public is True


@pytest.mark.parametrize("kind", ["close", "open", "assignment", "snoozed", "note"])
def test_a_part_without_words_is_no_message(kind: str) -> None:
    assert list(map_part(part(9, kind, 60) | ABOUT)) == []


def test_a_comment_with_nothing_but_a_file_is_a_message() -> None:
    assert message("comment", attachments=[{"type": "upload", "name": "a.png"}]).length == 0


@pytest.mark.parametrize(
    ("author", "kind"),
    [
        (USER, ActorKind.CUSTOMER),
        (USER | {"type": "lead"}, ActorKind.CUSTOMER),
        (ADMIN, ActorKind.AGENT),
        (BOT, ActorKind.BOT),
        (ADMIN | {"from_ai_agent": True}, ActorKind.BOT),
        (TEAM, ActorKind.SYSTEM),
        ({}, ActorKind.SYSTEM),
    ],
)
def test_bots_are_told_from_humans(author: Json, kind: ActorKind) -> None:
    assert kind_of(author) is kind
    assert message("comment", author, body="Hello").author_kind is kind


def test_a_bot_is_never_numbered_like_a_teammate() -> None:
    assert message("comment", BOT | {"id": "274"}, body="Hello").author_id == "bot:274"


def test_a_redacted_part_has_no_words_and_says_so() -> None:
    found = message("comment", redacted=True, body=None)
    assert (found.redacted, found.body) == (True, None)


def test_html_is_read_as_text_even_where_plain_text_was_asked_for() -> None:
    assert message("comment", body="<p>Hello<br>you &amp; me</p>").body == "Hello\nyou & me"
    assert plain("2 < 3") == "2 < 3"


def test_a_part_of_an_unknown_kind_is_kept_raw_and_not_counted_as_a_message() -> None:
    (found,) = map_part(part(9, "teleported", 60, body="Swoosh") | ABOUT)
    assert isinstance(found, RawRecord)
    assert (found.id, found.kind, found.raw["conversation_id"]) == ("part:9", "teleported", "515")
    assert "conversation" not in found.raw


def test_a_part_without_its_instant_is_set_aside() -> None:
    with pytest.raises(ValueError, match="sent_at"):
        message("comment", body="Hello", created_at=None)


def test_the_source_is_the_customers_first_message() -> None:
    found = first_message(conversation())
    assert found is not None
    assert (found.id, found.author_kind, found.author_id, found.sent_at, found.body) == (
        "515:source", ActorKind.CUSTOMER, "c1", at(0), "Where is it?",
    )  # fmt: skip


@pytest.mark.parametrize("delivered", ["automated", "campaigns_initiated"])
def test_a_campaign_in_the_name_of_a_teammate_is_automatic(delivered: str) -> None:
    found = first_message(conversation(source={"delivered_as": delivered, "author": ADMIN}))
    assert found is not None
    assert (found.author_kind, found.automatic) == (ActorKind.AGENT, True)


def test_a_blank_author_of_a_conversation_that_the_customer_began_is_the_customer() -> None:
    found = first_message(conversation(source={"author": {}, "type": "twitter"}))
    assert found is not None
    assert (found.author_kind, found.author_id) == (ActorKind.CUSTOMER, "c1")


def test_a_conversation_without_a_source_has_no_first_message() -> None:
    assert first_message(conversation() | {"source": None}) is None


def test_instants_are_unix_seconds_also_as_text() -> None:
    assert instant("1740000000") == instant(1_740_000_000) == datetime.fromtimestamp(BEGIN, UTC)
    assert instant(None) is None
    with pytest.raises(TypeError):
        instant({"raw": 1})
