"""LiveChat's rows as records: who wrote, how it ended, what came of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from deskmetry.records import (
    Agent,
    Customer,
    Goal,
    Message,
    Order,
    RawRecord,
    Session,
    SurveyAnswer,
    Ticket,
    TicketEvent,
)
from deskmetry_connectors.livechat.rows import WrongShape
from helpers_livechat import ANNA, BEN, ROBOT, T0, WHO, chat, mapped, notice, one, said, stamp

END = notice("manual_archived_agent", 300)


def order(total: Any, currency: str, **more: Any) -> dict[str, Any]:
    details = {"order": {"id": "gid://shop/Order/1", "currency": currency, "total_price": total}} | more
    return {"id": "s1", "type": "system", "source": "cdp", "subtype": "store_order_was_created", "version": 1,
            "created_at": stamp(100), "visibility": "all", "details": json.dumps(details)}  # fmt: skip


def test_a_thread_is_a_ticket_and_its_session_with_the_waits_of_the_queue() -> None:
    routing = {"start_url": "https://shop.example/cart", "referrer": "https://search.example/"}
    row = chat(said(WHO, 5), said(ANNA, 65), END, properties={"routing": routing}, queues_duration=42)
    found = one(Ticket, row, link="https://desk.example/{thread}")
    assert (found.id, found.medium, found.channel, found.status) == ("K600PKZON8", "chat", "chat", "closed")
    assert (found.vendor_status, found.status_how) == ("archived", "reported")
    assert (found.requester_id, found.assignee_id, found.team_id) == (WHO, ANNA, "19")
    assert (found.page, found.referrer) == ("https://shop.example/cart", "https://search.example/")
    assert (found.tags, found.resolved_by) == (["sales"], "human")
    assert found.link == "https://desk.example/K600PKZON8"
    assert found.vendor_metrics["queues_duration"] == 42
    assert found.vendor_metrics["previous_thread_id"] == "K600PKZOM8"
    assert found.vendor_metrics["last_pages"][0]["url"] == "https://shop.example/"
    session = one(Session, row)
    assert (session.ticket_id, session.kind, session.end) == ("K600PKZON8", "chat", "completed")
    assert (session.asked_at, session.accepted_at, session.queue_ms) == (T0, None, 42_000)
    assert ((session.ended_at - T0).total_seconds(), session.agent_id) == (300, ANNA)
    customer = one(Customer, row)
    assert (customer.email, customer.phone, customer.country) == ("t@mail.example", "+48123", "PL")


def test_an_assignment_and_a_welcome_are_no_answer() -> None:
    welcome = said(ANNA, 1, properties={"lc2": {"welcome_message": True}})
    row = chat(notice("routing.assigned", 0, agent="Anna"), welcome, said(WHO, 9), END)
    session, ticket = one(Session, row), one(Ticket, row)
    assert (session.end, session.agent_id, session.left_at) == ("missed", None, None)
    assert (ticket.resolved_by, ticket.assignee_id) == ("nobody", ANNA)
    first = next(record for record in mapped(row) if isinstance(record, Message))
    assert (first.author_kind, first.automatic, first.automatic_kind) == ("agent", True, "notification")


def test_a_note_among_agents_is_no_answer() -> None:
    row = chat(said(WHO, 5), said(ANNA, 9, visibility="agents"), END)
    assert one(Session, row).end == "missed"
    assert [one.public for one in mapped(row) if isinstance(one, Message)] == [True, False]


def test_a_bot_is_told_from_a_human_by_its_id() -> None:
    row = chat(said(WHO, 5), said(ROBOT, 6), said(ANNA, 60), END, user_ids=[WHO, ROBOT, ANNA])
    kinds = [(one.author_kind, one.role_seen) for one in mapped(row) if isinstance(one, Message)]
    assert kinds == [("customer", "customer"), ("bot", "bot"), ("agent", "agent")]
    (bot,) = [one for one in mapped(row) if isinstance(one, Agent)]
    assert (bot.id, bot.role, bot.email) == (ROBOT, "bot", None)


@pytest.mark.parametrize(("resolved", "end", "by"), [(True, "completed", "bot"), (False, "missed", "nobody")])
def test_a_bot_alone_counts_only_if_it_resolved(resolved: bool, end: str, by: str) -> None:
    row = chat(
        said(WHO, 5), said(ROBOT, 6), END, properties={"chats": {"resolved": resolved}}, user_ids=[WHO, ROBOT]
    )
    assert (one(Session, row).end, one(Ticket, row).resolved_by) == (end, by)


@pytest.mark.parametrize(
    ("how", "queued", "users", "end"),
    [
        ("archived_customer_disconnected", 90, [WHO], "abandoned"),
        ("archived_customer_disconnected", 90, [WHO, ANNA], "missed"),
        ("archived_customer_disconnected", None, [WHO], "missed"),
        ("routing.archived_offline", 90, [WHO], "missed"),
    ],
)
def test_only_who_leaves_the_queue_has_abandoned(
    how: str, queued: int | None, users: list[str], end: str
) -> None:
    session = one(Session, chat(said(WHO, 5), notice(how, 90), queues_duration=queued, user_ids=users))
    assert session.end == end
    # Whoever goes unanswered has left, from a queue or not; whom LiveChat sends away hasn't.
    assert (session.left_at == session.ended_at) == (how == "archived_customer_disconnected")


def test_an_end_that_no_message_tells_is_inferred_from_the_last_word() -> None:
    row = chat(said(WHO, 5), said(ANNA, 65), notice("rating.chat_rated", 900))
    opened, closed = (one for one in mapped(row) if isinstance(one, TicketEvent))
    assert (opened.at, opened.new, opened.how) == (T0, "open", "reported")
    assert ((closed.at - T0).total_seconds(), closed.new, closed.how) == (65, "closed", "inferred")
    assert one(Ticket, row).status_how == "inferred"


def test_a_rating_after_the_end_doesnt_move_the_end() -> None:
    session = one(Session, chat(said(WHO, 5), END, notice("rating.chat_rated", 900)))
    assert (session.ended_at - T0).total_seconds() == 300


def test_a_running_thread_is_open_and_has_no_end() -> None:
    row = chat(said(WHO, 5), active=True)
    assert (one(Ticket, row).status, one(Ticket, row).resolved_by) == ("open", None)
    assert (one(Session, row).end, one(Session, row).ended_at) == (None, None)
    assert [record.new for record in mapped(row) if isinstance(record, TicketEvent)] == ["open"]


@pytest.mark.parametrize(("score", "label"), [(1, "good"), (0, "bad"), ("1", "good")])
def test_a_rating_is_thumbs_up_or_down_with_its_comment(score: Any, label: str) -> None:
    rating = {"rating": {"score": score, "comment": "Fine"}}
    row = chat(said(WHO, 5), said(ANNA, 9), END, notice("rating.chat_rated", 400), properties=rating)
    found = one(SurveyAnswer, row)
    assert (found.kind, found.score, found.scale_min, found.scale_max) == ("csat", float(score), 0, 1)
    assert (found.label, found.comment, found.agent_id) == (label, "Fine", ANNA)
    assert ((found.answered_at - T0).total_seconds(), found.superseded_by) == (400, None)


@pytest.mark.parametrize(
    ("events", "resolved", "survey"),
    [
        ([said(ROBOT, 6)], True, "AI agent"),
        ([said(ROBOT, 6)], False, "AI agent"),
        ([said(ROBOT, 6), said(ANNA, 60)], False, "chat rating"),
        ([], False, "chat rating"),
    ],
    ids=["AI agent", "chatbot", "both", "nobody"],
)
def test_a_rating_of_a_bot_alone_is_a_survey_of_its_own(
    events: list[dict[str, Any]], resolved: bool, survey: str
) -> None:
    properties = {"rating": {"score": 0}, "chats": {"resolved": resolved}}
    users = [WHO, *(event["author_id"] for event in events)]
    row = chat(said(WHO, 5), *events, END, properties=properties, user_ids=users)
    assert (one(SurveyAnswer, row).survey, one(SurveyAnswer, row).kind) == (survey, "csat")


def test_a_rating_taken_back_is_superseded_and_one_given_again_counts() -> None:
    taken = [notice("rating.chat_rated", 400), notice("rating.chat_rating_canceled", 410)]
    gone = one(SurveyAnswer, chat(said(WHO, 5), END, *taken))
    assert (gone.id, gone.superseded_by) == ("K600PKZON8:rating", "K600PKZON8:rating:1")
    again = chat(END, *taken, notice("rating.chat_rated", 500), properties={"rating": {"score": 1}})
    first, second = (record for record in mapped(again) if isinstance(record, SurveyAnswer))
    assert (first.id, second.id, second.score) == (gone.id, gone.superseded_by, 1)
    assert second.superseded_by is None


def test_an_unknown_score_is_refused() -> None:
    with pytest.raises(WrongShape, match=r"rating\.score"):
        mapped(chat(END, properties={"rating": {"score": 5}}))


@pytest.mark.parametrize(
    ("total", "currency", "minor"),
    [
        (123.45, "USD", 12_345),
        (0.1, "EUR", 10),
        ("19.99", "EUR", 1_999),
        (500, "JPY", 500),
        (1.5, "KWD", 1_500),
    ],
)
def test_an_order_is_a_sale_in_minor_units_of_its_currency(total: Any, currency: str, minor: int) -> None:
    row = chat(said(WHO, 5), order(total, currency), END, properties={"ecommerce": {"has_sale": True}})
    goal = one(Goal, row)
    assert (goal.kind, goal.amount_minor, goal.currency) == ("sale", minor, currency)
    assert (goal.ticket_id, goal.session_id, goal.customer_id) == ("K600PKZON8", "K600PKZON8", WHO)
    assert (goal.order_id, (goal.at - T0).total_seconds()) == ("gid://shop/Order/1", 100)
    assert not [record for record in mapped(row) if isinstance(record, Order)]
    kept = one(Order, row, orders=True)
    assert (kept.id, kept.amount_minor, kept.customer_id) == ("gid://shop/Order/1", minor, WHO)


def test_a_sale_without_an_order_has_no_amount_and_one_after_the_chat_no_instant() -> None:
    goal = one(Goal, chat(said(WHO, 5), END, properties={"ecommerce": {"has_sale": True}}))
    assert (goal.id, goal.amount_minor, goal.at) == ("K600PKZON8:sale", None, T0)
    late = chat(said(WHO, 5), END, properties={"ecommerce": {"has_indirect_sale": True}})
    assert not [record for record in mapped(late) if isinstance(record, Goal)]
    assert one(Ticket, late).vendor_metrics["has_indirect_sale"] is True


def form(kind: str, field: str) -> dict[str, Any]:
    fields = [
        {"type": "email", "id": "1", "label": "Mail", "answer": "t@mail.example"},
        {"type": field, "id": "2", "label": "Say", "answer": "Where is it?"},
        {"type": "checkbox", "id": "3", "label": "About", "answers": [{"id": "0", "label": "size"}]},
        {"type": "radio", "id": "4", "label": "Why", "answer": {"id": "0", "label": "Support"}},
    ]
    return said(WHO, 1, type="filled_form", form_type=kind, fields=fields)


@pytest.mark.parametrize(
    ("kind", "field", "asks"),
    [("prechat", "textarea", True), ("prechat", "question", True), ("prechat", "name", False),
     ("postchat", "textarea", False), ("ticket", "textarea", True), ("prechat", "essay", False)],
)  # fmt: skip
def test_a_form_is_the_customers_message_only_where_it_says_something(
    kind: str, field: str, asks: bool
) -> None:
    found = one(Message, chat(form(kind, field), END))
    assert found.automatic is not asks
    assert found.body == "Mail: t@mail.example\nSay: Where is it?\nAbout: size\nWhy: Support"


def test_a_type_of_field_that_the_settings_name_holds_free_text() -> None:
    assert (
        one(Message, chat(form("prechat", "essay"), END), form_types=frozenset({"essay"})).automatic is False
    )


def test_files_cards_and_deleted_messages_are_messages() -> None:
    cards = said(ANNA, 7, type="rich_message", elements=[{"title": "Tour", "buttons": [{"text": "yes"}]}])
    file = said(WHO, 6, type="file", name="photo.jpg", url="https://cdn.example/1")
    gone = {"id": "d", "type": "message", "deleted": True, "author_id": ANNA, "created_at": stamp(8)}
    first, second, third = (
        record for record in mapped(chat(gone, cards, file, END)) if isinstance(record, Message)
    )
    assert (first.body, second.body) == ("photo.jpg", "Tour\nyes")
    assert (third.id, third.redacted, third.author_kind) == ("K600PKZON8:d", True, "agent")


def test_an_author_whom_nobody_knows_is_not_guessed() -> None:
    found = one(Message, chat(said("0000-unknown", 5), END))
    assert (found.author_kind, found.author_id, found.automatic) == ("system", None, True)
    assert one(Message, chat(said(BEN, 5), END)).author_kind == "agent"


def test_an_agent_whom_the_list_does_not_have_any_more_left() -> None:
    former = next(one for one in mapped(chat(said(ANNA, 5), END), humans=[BEN]) if isinstance(one, Agent))
    assert (former.id, former.name, former.active) == (ANNA, "Anna", False)


def test_a_thread_that_the_plan_withholds_is_not_taken_for_silence() -> None:
    row = chat(restricted_access="You can't access threads older than 60 days on starter plan")
    del row["thread"]["events"]
    (found,) = mapped(row)
    assert isinstance(found, RawRecord)
    assert (found.id, found.kind) == ("restricted_access:K600PKZON8", "restricted_access")


def test_a_thread_without_events_in_which_somebody_replied_is_withheld_too() -> None:
    (found,) = mapped(chat(properties={"routing": {"unreplied": False}}))
    assert isinstance(found, RawRecord)
    assert one(Session, chat(properties={"routing": {"unreplied": True}})).end == "missed"


def test_unknown_kinds_of_events_are_kept_raw_and_known_ones_without_a_place_are_not() -> None:
    strange = {"id": "x", "type": "hologram", "created_at": stamp(5)}
    cart = {"id": "y", "type": "system", "source": "cdp", "subtype": "store_product_added_to_cart",
            "created_at": stamp(6), "details": "{}"}  # fmt: skip
    found = [one for one in mapped(chat(strange, cart, END)) if isinstance(one, RawRecord)]
    assert [(one.id, one.kind) for one in found] == [("K600PKZON8:x", "hologram")]


@pytest.mark.parametrize(
    ("properties", "channels", "channel"),
    [
        ({"routing": {"offline_message": True}}, {}, "offline_message"),
        ({"routing": {"continuous": True}}, {}, "messaging"),
        ({"source": {"customer_client_id": "0805"}}, {"0805": "whatsapp"}, "whatsapp"),
    ],
)
def test_the_channel_is_what_the_thread_says_or_the_settings_name(
    properties: dict[str, Any], channels: dict[str, str], channel: str
) -> None:
    row = chat(said(WHO, 5), END, properties=properties)
    assert one(Ticket, row, channels=channels).channel == channel
    assert one(Message, row, channels=channels).channel == channel


def test_an_agent_opened_a_chat_only_if_applications_and_first_word_say_so() -> None:
    apart = {"source": {"client_id": "a", "customer_client_id": "b"}}
    assert one(Ticket, chat(said(ANNA, 5), END, properties=apart)).opened_by == "agent"
    assert one(Session, chat(said(ANNA, 5), END, properties=apart)).opened_by == "agent"
    assert one(Ticket, chat(said(WHO, 5), END, properties=apart)).opened_by == "customer"
    assert one(Ticket, chat(said(ANNA, 5), END)).opened_by == "customer"


def test_spam_is_a_tag_and_several_groups_are_no_team() -> None:
    row = chat(said(WHO, 5), END, tags=["spam"], access={"group_ids": [1, 2]})
    assert (one(Ticket, row).spam, one(Ticket, row).team_id) == (True, None)
    assert one(Ticket, row, spam_tag=None).spam is False
