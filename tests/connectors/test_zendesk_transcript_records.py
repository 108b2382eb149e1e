"""Transcripts of messaging as records: messages, sessions, and who wrote."""

from __future__ import annotations

from typing import Any

import pytest

from deskmetry.records import Message, RawRecord
from deskmetry.records.kinds import ActorKind, SessionEnd
from deskmetry_connectors.zendesk.transcripts import LogMapping, body_of, session_of
from deskmetry_connectors.zendesk.transcripts_due import Talk
from helpers_zendesk import audit, comment, events
from helpers_zendesk_live import T0, at, event, kinds


def test_messages_are_by_customers_agents_and_bots() -> None:
    mapping = LogMapping(frozenset({"190"}))
    found = [
        record
        for row in (
            event("a", 0, "user", 7, "Hello"),
            event("b", 5, "bot", -1, "Have you looked here?"),
            event("c", 9, "agent", 190, "I am a program."),
            event("d", 20, "agent", 42, "Let me see."),
            event("e", 30, "business", 0, "Somebody else"),
        )
        for record in mapping.event(row)
    ]
    assert [
        (one.id, one.author_kind, one.author_id, one.automatic, one.ticket_id)
        for one in kinds(found, Message)
    ] == [
        ("a", ActorKind.CUSTOMER, "7", False, "40"),
        ("b", ActorKind.BOT, None, False, "40"),
        ("c", ActorKind.BOT, "190", False, "40"),
        ("d", ActorKind.AGENT, "42", False, "40"),
        ("e", ActorKind.SYSTEM, None, True, "40"),
    ]


def test_comments_of_the_log_are_left_to_the_ticket_events() -> None:
    assert list(LogMapping().event(event("a", 0, "agent", 42, "", type="Comment"))) == []


def test_other_kinds_of_events_are_kept_as_they_came() -> None:
    (raw,) = LogMapping().event(event("a", 0, "user", 7, "", type="Messaging::Reaction"))
    assert isinstance(raw, RawRecord)
    assert (raw.id, raw.kind) == ("log:a", "Messaging::Reaction")


@pytest.mark.parametrize(
    ("row", "body"),
    [
        ({"content": {"type": "text", "text": "a < b"}}, "a < b"),
        ({"content": {"type": "html", "body": "<p>Hi <b>you</b> &amp; me</p>"}}, "Hi you & me"),
        ({"content": {"type": "form", "fields": [{"name": "mail", "email": "i@d.example"}]}}, "i@d.example"),
        (
            {"content": {"type": "text", "actions": [{"reply": {"text": "Talk to a human"}}]}},
            "Talk to a human",
        ),
        ({"content": {"type": "carousel", "items": [{"title": "One"}, {"title": "Two"}]}}, "One\nTwo"),
        ({"content": {"type": "image"}, "attachments": [{"file_name": "a.png"}]}, "a.png"),
        ({"content": None}, ""),
    ],
)
def test_the_body_of_a_message_is_whatever_it_shows(row: dict[str, Any], body: str) -> None:
    assert body_of(row) == body


def messages(*rows: dict[str, Any]) -> list[Message]:
    return kinds([record for row in rows for record in LogMapping().event(row)], Message)


def test_a_conversation_is_a_session_that_ends_when_its_ticket_is_solved() -> None:
    said = messages(
        event("g", -9, "bot", -1, "Hey!"),
        event("a", 0, "user", 7, "Hello"),
        event("d", 20, "agent", 42, "Hi"),
        event("f", 60, "user", 7, "Thanks"),
    )
    open_one, solved = (
        session_of(Talk(T0, 40, solved=False), said),
        session_of(Talk(T0, 40, solved=True), said),
    )
    assert open_one is not None
    assert solved is not None
    assert (open_one.id, open_one.ticket_id, open_one.kind) == ("messaging:40", "40", "chat")
    assert (open_one.asked_at, open_one.accepted_at, open_one.ended_at, open_one.end) == (
        at(0),
        None,
        None,
        None,
    )
    assert (solved.ended_at, solved.end, solved.agent_id) == (at(60), SessionEnd.COMPLETED, "42")


def test_a_solved_conversation_that_nobody_answered_was_missed_and_a_silent_one_is_none() -> None:
    alone = session_of(Talk(T0, 40, solved=True), messages(event("a", 0, "user", 7, "Hello")))
    assert alone is not None
    assert alone.end is SessionEnd.MISSED
    assert session_of(Talk(T0, 40, solved=True), []) is None


def test_the_notice_of_a_conversation_is_the_systems_and_makes_no_agent_of_the_customer() -> None:
    mapping = events({42: "agent"})
    notice = comment(
        public=False, author_id=10, body="Conversation with Ida", via={"channel": "native_messaging"}
    )
    social = comment(id=5, public=False, author_id=11, via={"channel": "whatsapp"})
    note = comment(id=6, public=False, author_id=42, via={"channel": "web"})
    found = [one.author_kind for one in kinds(mapping.audit(audit(notice, social, note)), Message)]
    assert found == [ActorKind.SYSTEM, ActorKind.CUSTOMER, ActorKind.AGENT]
    assert [user in mapping.roles for user in (10, 11, 42)] == [False, False, True]
