"""Rows of eDesk as records: types that differ from the specification, kinds of items, amounts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from deskmetry.errors import RecordError
from deskmetry.records import Agent, Message, RawRecord, SurveyAnswer
from deskmetry.records.kinds import ActorKind, AutomaticKind, Medium, OrderStatus, TicketStatus
from deskmetry_connectors.edesk.orders import order
from deskmetry_connectors.edesk.people import agent
from deskmetry_connectors.edesk.tickets import TicketMapping
from deskmetry_connectors.edesk.values import flag, instant
from helpers_edesk import Json, item, mapped

AT = datetime(2025, 3, 7, 8, 40, 44, tzinfo=UTC)
USER = {"id": 51, "name": "Ben", "email": "ben@shop.example", "active": 1, "role": "agent"}


def ticket(**more: Any) -> Json:
    return {
        "id": 4, "subject": "Size?", "type": "OrderQuery", "channel_id": 1, "status": "Open",
        "created_at": "2025-03-07 08:40:44", "last_updated_at": None, "owner_user_id": 0,
        "custom_fields": [{"id": 1, "name": "Size", "value": "M"}, {"id": 2, "name": "Old", "value": None}],
        "time_left_to_reply": False, "tags_ids": [11, 99], "contact_id": 9, "messages_ids": [],
        "uri": "https://dashboard.edesk.com/mailbox/ticket/4", "replies": 2, "ai_classification": None,
    } | more  # fmt: skip


MAPPING = TicketMapping({"1": {"type": "Amazon"}, "3": {"type": "Email"}}, {"11": "refund"})


@pytest.mark.parametrize(
    "value",
    ["2025-03-07 08:40:44", "2025-03-07T08:40:44Z", "2025-03-07T10:40:44+02:00", 1741336844, "1741336844",
     1741336844000, 1741336844.0],
)  # fmt: skip
def test_instants_come_as_text_in_utc_as_seconds_and_as_milliseconds(value: object) -> None:
    assert instant(value) == AT


@pytest.mark.parametrize("value", [None, False, "", "0000-00-00 00:00:00"])
def test_nothing_is_no_instant(value: object) -> None:
    assert instant(value) is None


@pytest.mark.parametrize("value", [{"raw": 1}, ["x"], True, "yesterday"])
def test_what_is_no_instant_is_an_error(value: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        instant(value)


@pytest.mark.parametrize(
    ("value", "meant"), [(0, False), (1, True), ("0", False), ("true", True), (True, True)]
)
def test_flags_come_as_numbers_and_texts_too(value: object, meant: bool) -> None:
    assert flag(value, default=not meant) is meant
    with pytest.raises(ValueError, match="neither"):
        flag("perhaps", default=True)


def test_a_ticket_has_its_channel_tags_and_fields_by_name() -> None:
    found = MAPPING.ticket(ticket())
    assert (found.status, found.vendor_status, found.medium) == (TicketStatus.OPEN, "Open", Medium.TICKET)
    assert (found.channel, found.brand_id, found.requester_id) == ("amazon", "1", "9")
    assert (found.tags, found.custom_fields) == (["refund", "99"], {"Size": "M"})
    assert (found.created_at, found.updated_at, found.assignee_id) == (AT, None, None)
    assert found.link == "https://dashboard.edesk.com/mailbox/ticket/4"


@pytest.mark.parametrize(
    ("changes", "medium"),
    [({"channel_id": 3}, Medium.TICKET), ({"type": "Chat"}, Medium.CHAT), ({"type": "Chatbot"}, Medium.CHAT)],
)
def test_chats_are_told_by_type_and_mails_by_their_channel(changes: Json, medium: Medium) -> None:
    found = MAPPING.ticket(ticket(**changes))
    assert (found.medium, found.channel) == (medium, "email" if "channel_id" in changes else "amazon")


def test_time_left_to_reply_changes_nothing_in_any_form() -> None:
    forms: list[object] = [False, -20, 3600, None]
    assert len({MAPPING.ticket(ticket(time_left_to_reply=form)).model_dump_json() for form in forms}) == 1


@pytest.mark.parametrize(
    ("word", "status"),
    [("Pending", TicketStatus.PENDING), ("Scheduled", TicketStatus.ON_HOLD), ("Closed", TicketStatus.CLOSED)],
)
def test_statuses_are_mapped(word: str, status: TicketStatus) -> None:
    assert MAPPING.ticket(ticket(status=word)).status is status


def test_an_unknown_status_is_set_aside() -> None:
    with pytest.raises(RecordError, match="Parked"):
        MAPPING.ticket(ticket(status="Parked"))


def test_archived_tickets_count_unless_they_are_said_to_be_deleted() -> None:
    assert MAPPING.ticket(ticket(status="Archived")).deleted_at is None
    assert TicketMapping(deleted=True).ticket(ticket(status="Archived")).deleted_at == AT
    assert TicketMapping(deleted=True).ticket(ticket(status="Closed")).deleted_at is None
    assert MAPPING.ticket(ticket(status="Spam")).spam


def test_a_channel_that_no_list_names_keeps_its_number() -> None:
    assert MAPPING.ticket(ticket(channel_id=8)).channel == "8"


# --- items -----------------------------------------------------------------------------------------------


def one(row: Json, **more: Any) -> Message:
    (found,) = mapped(row, **more)
    assert isinstance(found, Message)
    return found


def test_an_incoming_message_is_the_customers() -> None:
    found = one(item())
    assert (found.id, found.ticket_id) == ("4:Message:7", "4")
    assert (found.author_kind, found.author_id, found.public) == (ActorKind.CUSTOMER, "9001", True)


@pytest.mark.parametrize("kind", ["Message", "ExternalMessage"])
def test_an_outgoing_message_is_an_agents_reply(kind: str) -> None:
    found = one(item(type=kind, direction="Outgoing", from_user=USER))
    assert (found.author_kind, found.author_id, found.automatic) == (ActorKind.AGENT, "51", False)


def test_canned_replies_are_a_bots_and_automatic_whoever_is_named() -> None:
    found = one(item(type="AutoReply", direction="Outgoing", from_user=USER))
    assert (found.author_kind, found.automatic_kind) == (ActorKind.BOT, AutomaticKind.AUTO_REPLY)


def test_what_an_ai_answers_by_itself_is_a_bots_reply_and_not_automatic() -> None:
    found = one(item(type="AiAutoReplyHandsFree", direction="Outgoing", from_user=USER))
    assert (found.author_kind, found.public) == (ActorKind.BOT, True)
    assert (found.automatic, found.automatic_kind) == (False, None)


def test_what_is_named_as_automatic_is_even_if_an_ai_answers_by_it() -> None:
    kinds = frozenset({"AiAutoReplyHandsFree"})
    assert one(item(type="AiAutoReplyHandsFree", direction="Outgoing"), automatic=kinds).automatic


def test_a_note_is_internal() -> None:
    found = one(item(type="Note", direction="Other", from_user=USER))
    assert (found.author_kind, found.public) == (ActorKind.AGENT, False)


def test_a_message_neither_to_nor_from_the_customer_is_no_reply() -> None:
    assert not one(item(direction="Other", from_user=USER)).public
    assert one(item(direction="Other")).author_kind is ActorKind.SYSTEM


def test_what_a_program_with_a_user_writes_is_a_bots() -> None:
    assert (
        one(item(direction="Outgoing", from_user=USER), bots=frozenset({"51"})).author_kind is ActorKind.BOT
    )


def test_an_author_who_left_the_list_of_users_becomes_an_agent() -> None:
    found = mapped(item(direction="Outgoing", from_user=USER | {"id": 77, "active": 0}))
    assert [(type(record), record.id) for record in found] == [(Agent, "77"), (Message, "4:Message:7")]
    assert not agent(USER | {"active": 0}, frozenset()).active


def test_items_of_other_kinds_are_kept_as_they_came() -> None:
    (found,) = mapped(item(type="Status", direction="Other", body='{"to": 3}'))
    assert isinstance(found, RawRecord)
    assert (found.id, found.kind, found.raw["body"]) == ("item:4:Status:7", "item:Status", '{"to": 3}')
    assert "asked_ticket_id" not in found.raw


def test_ids_are_unique_only_with_ticket_and_kind() -> None:
    kinds = ("Message", "Note", "AutoReply")
    assert len({mapped(item(type=kind, direction="Other"))[0].id for kind in kinds}) == 3


def test_an_item_of_another_ticket_is_set_aside() -> None:
    with pytest.raises(RecordError, match="ticket 4 came as one of ticket 5"):
        mapped(item(ticket_id=5))


def test_an_unknown_direction_is_set_aside() -> None:
    with pytest.raises(ValueError, match="Sideways"):
        mapped(item(direction="Sideways"))


@pytest.mark.parametrize(
    ("body", "scale", "score"),
    [("4/5", None, (4, 5)), ("9 out of 10", None, (9, 10)), ("4", 5, (4, 5)), ("4", None, None),
     ("Great", 5, None), ("7/5", None, None), ("Thanks 4/5", None, None), ("9", 5, None)],
)  # fmt: skip
def test_a_rating_is_read_only_where_it_means_one_thing(
    body: str, scale: int | None, score: tuple[int, int] | None
) -> None:
    raw, *answers = mapped(item(type="Rating", body=body), scale=scale)
    assert isinstance(raw, RawRecord)
    found = [(a.score, a.scale_max) for a in answers if isinstance(a, SurveyAnswer)]
    assert found == ([score] if score else [])


def test_html_becomes_text_and_text_stays_as_it_is() -> None:
    assert one(item(body="<p>Hello <b>you</b></p>")).body == "Hello you"
    assert one(item(body="1 < 2 and 3 > 2")).body == "1 < 2 and 3 > 2"


# --- orders ----------------------------------------------------------------------------------------------


def sale(**more: Any) -> Json:
    return {
        "id": 5, "channel_id": 1, "status": "Delivered", "total_amount": "12.50", "contact_id": 9,
        "order_items": [{"product": {"currency": "GBP"}}], "created_at": "2025-03-07 08:40:44",
    } | more  # fmt: skip


def test_an_order_has_minor_units_in_the_currency_of_its_products() -> None:
    found = order(sale(), {"1": "EUR"})
    assert (found.amount_minor, found.currency, found.status) == (1250, "GBP", OrderStatus.PAID)
    assert (found.placed_at, found.customer_id) == (AT, "9")


def test_without_a_product_the_channels_currency_counts() -> None:
    assert order(sale(order_items=[]), {"1": "EUR"}).currency == "EUR"
    with pytest.raises(RecordError, match="no currency"):
        order(sale(order_items=[]), {})


def test_two_currencies_are_set_aside() -> None:
    items = [{"product": {"currency": "GBP"}}, {"product": {"currency": "EUR"}}]
    with pytest.raises(RecordError, match="EUR, GBP"):
        order(sale(order_items=items), {})


@pytest.mark.parametrize(("currency", "minor"), [("EUR", 1250), ("JPY", 12), ("KWD", 12500)])
def test_minor_units_follow_the_currency(currency: str, minor: int) -> None:
    assert order(sale(order_items=[], total_amount=12.5), {"1": currency}).amount_minor == minor


@pytest.mark.parametrize("amount", [None, True, "NaN", {"raw": 1}])
def test_what_is_no_amount_is_an_error(amount: object) -> None:
    with pytest.raises(ValueError, match="no amount"):
        order(sale(total_amount=amount), {})


def test_a_returned_order_counts_as_refunded() -> None:
    found = order(sale(status="Returned"), {})
    assert (found.status, found.refunded_minor) == (OrderStatus.REFUNDED, 1250)
