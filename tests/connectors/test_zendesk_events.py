"""Audits of Zendesk as messages and changes, checked by hand from rows as they are documented."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from deskmetry.records import Message, RawRecord, Record, Ticket, TicketEvent
from deskmetry.records.kinds import ActorKind, EventKind
from helpers_zendesk import audit, comment, events

AT = datetime(2022, 3, 17, 16, 3, 7, tzinfo=UTC)


def message(found: list[Record]) -> Message:
    (one,) = [record for record in found if isinstance(record, Message)]
    return one


def changes(*children: dict[str, Any], **more: Any) -> list[tuple[str, str | None, str | None]]:
    found = events({42: "agent"}).audit(audit(*children, **more))
    return [(one.kind.value, one.old, one.new) for one in found if isinstance(one, TicketEvent)]


def change(**more: Any) -> dict[str, Any]:
    return {"id": 1, "via": "Web form", "via_reference_id": None, "event_type": "Change", **more}


def test_a_comment_is_a_message() -> None:
    found = message(events().audit(audit(comment())))
    assert (found.id, found.ticket_id, found.sent_at, found.author_id) == ("99999", "3", AT, "10")
    assert (found.author_kind, found.role_seen, found.public, found.automatic) == (
        ActorKind.CUSTOMER, "end-user", True, False,
    )  # fmt: skip
    assert (found.body, found.length, found.channel) == ("Where is it?", 12, "web_form")


def test_an_agents_comment_is_an_agents_with_the_role_seen() -> None:
    found = message(events({42: "admin"}).audit(audit(comment(author_id=42), updater_id=42)))
    assert (found.author_kind, found.role_seen) == (ActorKind.AGENT, "admin")


def test_whoever_had_a_ticket_assigned_is_an_agent_from_then_on() -> None:
    mapping = events()
    first, _, late = mapping.audit(
        audit(comment(author_id=77), change(assignee_id="77"), comment(id=2, author_id=77))
    )
    assert isinstance(first, Message)
    assert isinstance(late, Message)
    assert (first.author_kind, late.author_kind) == (ActorKind.CUSTOMER, ActorKind.AGENT)


@pytest.mark.parametrize("channel", ["web", "email", "api"])
def test_a_private_comment_alone_makes_no_agent_since_it_may_be_a_hidden_one_of_a_customer(
    channel: str,
) -> None:
    mapping = events()
    found = message(mapping.audit(audit(comment(author_id=43, public=False, via={"channel": channel}))))
    assert (found.author_kind, found.public) == (ActorKind.CUSTOMER, False)
    assert message(mapping.audit(audit(comment(author_id=43)))).author_kind is ActorKind.CUSTOMER


@pytest.mark.parametrize(
    "more",
    [
        {"via": {"channel": "rule", "source": {"rel": "trigger"}}},
        {"via": {"channel": "system", "source": {"rel": "automation"}}},
        {"via": "Trigger"},
        {"author_id": -1},
    ],
)
def test_what_a_trigger_or_an_automation_posts_is_no_human_reply(more: dict[str, Any]) -> None:
    found = message(events({42: "agent"}).audit(audit(comment(author_id=42) | more)))
    assert (found.author_kind, found.automatic, found.automatic_kind) == (
        ActorKind.SYSTEM,
        True,
        "notification",
    )


def test_an_audit_by_zendesk_itself_is_no_human_reply() -> None:
    found = message(events({42: "agent"}).audit(audit(comment(author_id=42), updater_id=-1)))
    assert found.author_kind is ActorKind.SYSTEM


def test_bots_are_told_by_setting_and_by_channel() -> None:
    bots = events({42: "agent"}, bots=frozenset({"42"}))
    assert message(bots.audit(audit(comment(author_id=42)))).author_kind is ActorKind.BOT
    found = events().audit(audit(comment(via={"channel": "answer_bot"})))
    assert message(found).author_kind is ActorKind.BOT


@pytest.mark.parametrize("via", ["-", "Mail", None, {"channel": None}, {}])
def test_a_comments_via_may_be_anything(via: object) -> None:
    assert message(events().audit(audit(comment(via=via)))).author_kind is ActorKind.CUSTOMER


def test_a_call_is_kept_as_a_message() -> None:
    found = message(
        events().audit(audit(comment(type="VoiceComment", event_type="VoiceComment", data={"from": "+1"})))
    )
    assert (found.channel, found.body) == ("voice", "Where is it?")
    assert message(events().audit(audit(comment(type="VoiceComment")))).channel == "voice"


def test_a_change_names_its_field_by_a_key_of_its_own() -> None:
    assert changes(change(status="solved", previous_value="open")) == [("status", "open", "solved")]
    assert changes(change(status="hold", previous_value="new")) == [("status", "new", "on_hold")]
    assert changes(change(assignee_id=42, previous_value=None)) == [("assignee", None, "42")]
    assert changes(change(group_id=7, previous_value="6")) == [("team", "6", "7")]
    assert changes(change(priority="high", previous_value="")) == [("priority", None, "high")]
    assert changes(change(subject="x", previous_value="y")) == []
    assert changes(change(custom_status_id=9, previous_value=8)) == []


def test_create_children_are_first_values() -> None:
    assert changes({"id": 5, "event_type": "Create", "status": "new"}) == [("status", None, "new")]


def test_the_tickets_type_stands_under_the_name_that_comments_use_for_theirs() -> None:
    assert changes(change(type="incident", previous_value="question")) == [("type", "question", "incident")]


def test_tags_are_one_event_each() -> None:
    told = change(tags=["a", "b"], added_tags=["b"], removed_tags=["c"], previous_value=["a", "c"])
    assert changes(told) == [("tag", None, "b"), ("tag", "c", None)]
    assert changes(change(tags="a b", previous_value="a c")) == [("tag", None, "b"), ("tag", "c", None)]
    found = events().audit(audit(told))
    assert [one.id for one in found] == ["1:+b", "1:-c"]


def test_custom_fields_are_unfolded_by_name() -> None:
    mapping = events(fields={360041597112: "Step"})
    told = change(custom_ticket_fields={"360041597112": "set_up_app"}, previous_value=None)
    (one,) = mapping.audit(audit(told))
    assert isinstance(one, TicketEvent)
    assert (one.id, one.kind, one.old, one.new) == (
        "1:360041597112",
        EventKind.FIELD,
        None,
        "Step=set_up_app",
    )


def test_a_deletion_is_no_change_of_status_and_its_undoing_says_the_status_anew() -> None:
    assert changes(change(status="deleted", previous_value="solved")) == [("deletion", "solved", "deleted")]
    assert changes(change(status="solved", previous_value="deleted")) == [
        ("deletion", "deleted", "solved"),
        ("status", None, "solved"),
    ]


def test_who_did_it_is_kept() -> None:
    def actor(updater: int, via: object = "Mail") -> tuple[ActorKind | None, str | None]:
        (one,) = events({42: "agent"}).audit(audit(change(status="open"), updater_id=updater, via=via))
        assert isinstance(one, TicketEvent)
        return one.actor_kind, one.actor_id

    assert actor(42) == (ActorKind.AGENT, "42")
    assert actor(10) == (ActorKind.CUSTOMER, "10")
    assert actor(-1) == (ActorKind.SYSTEM, None)
    assert actor(42, "Rule") == (ActorKind.SYSTEM, None)


@pytest.mark.parametrize("kind", ["CommentRedaction", "CommentRedactionEvent"])
def test_a_redaction_updates_the_message_and_adds_none(kind: str) -> None:
    event, found = events().audit(audit({"id": 8, "event_type": kind, "comment_id": 99999}))
    assert isinstance(event, TicketEvent)
    assert isinstance(found, Message)
    assert (event.kind, event.new) == (EventKind.REDACTION, "99999")
    assert (found.id, found.version, found.redacted, found.body) == ("99999", 0, True, None)


def test_a_redacted_attachment_leaves_the_text() -> None:
    found = events().audit(audit({"id": 8, "event_type": "AttachmentRedactionEvent", "comment_id": 99999}))
    assert [type(one) for one in found] == [TicketEvent]


def test_a_change_of_privacy_is_left_to_the_caller() -> None:
    mapping = events()
    assert (
        mapping.audit(
            audit({"id": 8, "event_type": "CommentPrivacyChange", "comment_id": 5, "public": False})
        )
        == []
    )
    assert [(one.ticket, one.comment, one.public, one.at) for one in mapping.privacy] == [(3, 5, False, AT)]


def test_a_merge_is_known_by_its_tag_and_told_by_its_comment() -> None:
    told = comment(
        author_id=42, public=False, body='This request was closed and merged into request #17 "Size?".'
    )
    tagged = change(
        tags=["closed_by_merge"], added_tags=["closed_by_merge"], removed_tags=[], previous_value=[]
    )
    found = events({42: "agent"}).audit(audit(told, tagged))
    (stub,) = [one for one in found if isinstance(one, Ticket)]
    assert (stub.id, stub.version, stub.merged_into) == ("3", 0, "17")
    assert ("merge", None, "17") in changes(told, tagged)
    assert not [one for one in events().audit(audit(told)) if isinstance(one, Ticket)]  # a customer's words


def test_unknown_kinds_are_kept_raw_and_notifications_are_left_out() -> None:
    strange = {"id": 9, "event_type": "TeleportEvent", "to": "Mars"}
    (raw,) = events().audit(audit(strange, {"id": 10, "event_type": "Notification", "body": "…"}))
    assert isinstance(raw, RawRecord)
    assert (raw.id, raw.kind, raw.raw["to"]) == ("9", "TeleportEvent", "Mars")


def test_an_old_change_without_id_and_kind_is_a_change_and_keeps_its_place() -> None:
    old = {"via": "Email", "via_reference_id": 2, "status": "solved"}
    (found,) = events().audit(audit(old))
    assert isinstance(found, TicketEvent)
    assert (found.id, found.kind, found.new) == ("999999/0", EventKind.STATUS, "solved")


def test_an_audit_without_created_at_has_its_timestamp() -> None:
    (one,) = events().audit(audit(change(status="open"), created_at=None))
    assert isinstance(one, TicketEvent)
    assert one.at == AT
