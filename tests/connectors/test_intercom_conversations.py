"""Conversations of Intercom as tickets, history, sessions and ratings, against rows written by hand."""

from __future__ import annotations

import pytest

from deskmetry.records import (
    Agent,
    Customer,
    Message,
    SurveyAnswer,
    SurveyOffer,
    Ticket,
    TicketEvent,
)
from deskmetry.records.kinds import ActorKind, EventKind, Medium, Provenance
from deskmetry_connectors.intercom.history import UnknownStateError
from helpers_intercom import ADMIN, BEGIN, BOT, USER, Json, at, conversation, mapped, one, part

ANSWERED = (
    part(1, "comment", 60, ADMIN),
    part(2, "comment", 90, USER),
    part(3, "close", 120, ADMIN, state="closed"),
)


def statuses(row: Json, snoozed: str = "on_hold") -> list[tuple[object, str | None, str | None]]:
    events = mapped(TicketEvent, row, snoozed)
    return [(event.at, event.old, event.new) for event in events if event.kind is EventKind.STATUS]


# --- tickets -------------------------------------------------------------------------------------------


def test_a_conversation_becomes_a_ticket() -> None:
    found = one(
        Ticket,
        conversation(
            *ANSWERED,
            title="Parcel",
            admin_assignee_id=274,
            team_assignee_id=7,
            tags={"type": "tag.list", "tags": [{"id": "1", "name": "vip"}]},
            custom_attributes={"Plan": "Pro"},
            waiting_since=BEGIN + 90,
            statistics={"time_to_admin_reply": 60, "median_time_to_reply": None},
            sla_applied={"sla_name": "Gold", "sla_status": "hit"},
        ),
    )
    assert found.model_dump(exclude_none=True) == {
        "id": "515", "version": BEGIN + 120, "subject": "Parcel", "medium": Medium.CHAT,
        "channel": "conversation", "team_id": "7", "assignee_id": "274", "requester_id": "c1",
        "opened_by": "customer", "status": "solved", "vendor_status": "closed", "status_how": "reported",
        "resolved_by": "human",
        "priority": "not_priority", "created_at": at(0), "updated_at": at(120),
        "page": "https://shop.example/cart", "spam": False, "nature": "request", "tags": ["vip"],
        "custom_fields": {"Plan": "Pro"},
        "vendor_metrics": {
            "waiting_since": BEGIN + 90, "sla_applied": {"sla_name": "Gold", "sla_status": "hit"},
            "statistics": {"time_to_admin_reply": 60},
        },
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "medium"),
    [
        ("conversation", Medium.CHAT),
        ("email", Medium.TICKET),  # a helpdesk's, whatever its channel
        ("whatsapp", Medium.CHAT),
        ("phone_call", Medium.PHONE),
        ("phone_switch", Medium.CHAT),
    ],
)
def test_the_type_of_the_source_decides_the_medium(kind: str, medium: Medium) -> None:
    found = one(Ticket, conversation(source={"type": kind}))
    assert (found.medium, found.channel) == (medium, kind)


@pytest.mark.parametrize(
    ("delivered", "opened"),
    [
        ("customer_initiated", ActorKind.CUSTOMER),
        ("admin_initiated", ActorKind.AGENT),
        ("operator_initiated", ActorKind.BOT),
        ("automated", ActorKind.SYSTEM),
        ("campaigns_initiated", ActorKind.SYSTEM),
    ],
)
def test_who_began_a_conversation_is_told_by_how_it_was_delivered(delivered: str, opened: ActorKind) -> None:
    assert one(Ticket, conversation(source={"delivered_as": delivered})).opened_by is opened


@pytest.mark.parametrize("delivered", ["automated", "campaigns_initiated"])
def test_a_campaign_is_a_newsletter_until_somebody_writes(delivered: str) -> None:
    source = {"delivered_as": delivered, "author": ADMIN}
    silent = (part(1, "note", 60, ADMIN, body="Nobody answers."), part(2, "comment", 70, BOT, body="Hello?"))
    assert one(Ticket, conversation(source=source)).nature == "newsletter"
    assert one(Ticket, conversation(*silent, source=source)).nature == "newsletter"
    for author in (USER, ADMIN):
        answered = conversation(*silent, part(3, "comment", 80, author, body="Yes?"), source=source)
        assert one(Ticket, answered).nature == "request"
    assert one(Ticket, conversation(source={"delivered_as": "admin_initiated"})).nature == "request"


def test_a_way_of_delivery_that_is_new_leaves_it_to_the_author() -> None:
    row = conversation(source={"delivered_as": "by_pigeon", "author": BOT})
    assert one(Ticket, row).opened_by is ActorKind.BOT


def test_zero_as_assignee_means_nobody() -> None:
    assert one(Ticket, conversation(admin_assignee_id=0)).assignee_id is None


def test_the_page_of_the_first_reply_stands_in_for_that_of_the_source() -> None:
    row = conversation(source={"url": None}, first_contact_reply={"url": "https://shop.example/"})
    assert one(Ticket, row).page == "https://shop.example/"


def test_a_state_that_is_new_is_set_aside_and_never_guessed() -> None:
    with pytest.raises(UnknownStateError, match="frozen"):
        mapped(Ticket, conversation(state="frozen"))


# --- history -------------------------------------------------------------------------------------------


def test_the_state_of_each_part_tells_the_history() -> None:
    row = conversation(
        part(1, "comment", 60),
        part(2, "snoozed", 70, state="snoozed"),
        part(3, "timer_unsnooze", 80, BOT),
        part(4, "close", 90, state="closed"),
        part(5, "note", 95, state="closed"),
        part(6, "comment", 100, USER),
    )
    assert statuses(row) == [
        (at(0), None, "open"),
        (at(70), "open", "on_hold"),
        (at(80), "on_hold", "open"),
        (at(90), "open", "solved"),
        (at(100), "solved", "open"),
    ]
    assert {event.how for event in mapped(TicketEvent, row)} == {Provenance.REPORTED}


def test_the_history_is_the_same_if_parts_carry_the_state_from_before_them() -> None:
    after = conversation(part(1, "comment", 60), part(2, "snoozed", 70, state="snoozed"), *ANSWERED[2:])
    before = conversation(
        part(1, "comment", 60), part(2, "snoozed", 70), part(3, "close", 120, state="snoozed"), state="closed"
    )
    assert statuses(before) == statuses(after)


def test_snoozed_can_count_as_pending() -> None:
    row = conversation(part(2, "snoozed", 70, state="snoozed"))
    assert one(Ticket, row).status == "on_hold"
    assert statuses(row, "pending")[-1] == (at(70), "open", "pending")


def test_a_close_that_no_part_tells_of_is_dated_by_the_statistics() -> None:
    row = conversation(
        part(1, "comment", 60),
        state="closed",
        updated_at=BEGIN + 99,
        statistics={"last_close_at": BEGIN + 80},
    )
    assert statuses(row)[-1] == (at(80), "open", "solved")
    assert mapped(TicketEvent, row)[-1].how is Provenance.REPORTED


def test_a_change_that_nothing_tells_of_is_observed() -> None:
    row = conversation(part(1, "comment", 60), state="closed", updated_at=BEGIN + 99)
    event = mapped(TicketEvent, row)[-1]
    assert (event.at, event.not_before_at, event.new) == (at(99), at(60), "solved")
    assert event.how is Provenance.OBSERVED


def test_parts_of_one_second_are_put_in_order_by_their_numbers() -> None:
    row = conversation(part(10, "comment", 60, USER), part(9, "close", 60, state="closed"), state="open")
    assert statuses(row)[1:] == [(at(60), "open", "solved"), (at(60), "solved", "open")]


def test_a_close_in_the_second_of_the_beginning_comes_after_it() -> None:
    # Ids of parts may be shorter than those of conversations, and of one instant the shorter id comes first.
    row = conversation(part(7, "close", 0, BOT, state="closed"), part(12, "open", 0), id="215470876841234")
    found = sorted(mapped(TicketEvent, row), key=lambda event: (event.at, len(event.id), event.id))
    assert [event.new for event in found] == ["open", "solved", "open"]


def test_teammates_and_teams_are_assigned_apart() -> None:
    def to(kind: str, key: str) -> Json:
        return {"assigned_to": {"type": kind, "id": key}}

    row = conversation(
        part(1, "assignment", 10, BOT, **to("team", "7")),
        part(2, "assignment", 20, **to("admin", "274")),
        part(3, "assignment", 30, **to("nobody_admin", "0")),
        part(4, "assignment", 40, **to("team", "7")),
    )
    found = [
        (e.kind, e.at, e.old, e.new, e.actor_kind) for e in mapped(TicketEvent, row) if e.kind != "status"
    ]
    assert found == [
        (EventKind.TEAM, at(10), None, "7", ActorKind.BOT),
        (EventKind.ASSIGNEE, at(20), None, "274", ActorKind.AGENT),
        (EventKind.ASSIGNEE, at(30), "274", None, ActorKind.AGENT),
    ]


# --- ratings -------------------------------------------------------------------------------------------


def rating(**more: object) -> Json:
    return {
        "rating": 5, "remark": "", "created_at": BEGIN + 200, "updated_at": BEGIN + 300,
        "contact": {"type": "contact", "id": "c2"}, "teammate": {"type": "admin", "id": "274"},
    } | more  # fmt: skip


def test_a_rating_is_an_offer_and_an_answer_of_five_points() -> None:
    row = conversation(*ANSWERED, conversation_rating=rating(remark="Quick"))
    assert one(SurveyOffer, row).offered_at == at(200)
    assert one(SurveyAnswer, row).model_dump(exclude_none=True) == {
        "id": "515:conversation_rating", "version": BEGIN + 300, "kind": "csat",
        "survey": "conversation_rating", "ticket_id": "515", "customer_id": "c2", "agent_id": "274",
        "offered_at": at(200), "answered_at": at(300), "score": 5.0, "scale_min": 1.0, "scale_max": 5.0,
        "label": "5", "comment": "Quick",
    }  # fmt: skip


def test_a_rating_without_a_number_is_an_offer_alone() -> None:
    row = conversation(conversation_rating=rating(rating=None))
    assert (len(mapped(SurveyOffer, row)), mapped(SurveyAnswer, row)) == (1, [])


@pytest.mark.parametrize("score", [0, 6, "5", True])
def test_a_rating_outside_its_scale_is_set_aside(score: object) -> None:
    with pytest.raises(ValueError, match="1 to 5"):
        mapped(SurveyAnswer, conversation(conversation_rating=rating(rating=score)))


def test_the_ai_agents_rating_is_a_survey_of_its_own() -> None:
    row = conversation(ai_agent={"rating": 4, "rating_remark": "Fine", "created_at": BEGIN + 50})
    found = one(SurveyAnswer, row)
    assert (found.survey, found.score, found.agent_id, found.answered_at) == (
        "AI agent", 4.0, None, at(50),
    )  # fmt: skip
    assert found.id == "515:ai_agent_rating"
    assert mapped(SurveyOffer, row) == []


# --- who wrote -----------------------------------------------------------------------------------------


def test_everybody_who_wrote_is_known_and_bots_are_numbered_apart() -> None:
    row = conversation(part(1, "comment", 60), part(2, "comment", 70, BOT | {"id": "274"}))
    assert [(a.id, a.role, a.active, a.version) for a in mapped(Agent, row)] == [
        ("274", "agent", False, 0),
        ("bot:274", "bot", True, 0),
    ]
    customer = one(Customer, row)
    assert (customer.id, customer.email, customer.version) == ("c1", "joe@customer.example", 0)


def test_a_conversation_assigned_to_a_bot_makes_no_agent_of_it() -> None:
    row = conversation(part(1, "comment", 60, BOT), admin_assignee_id=278)
    assert one(Ticket, row).assignee_id == "bot:278"


def test_the_first_message_is_numbered_by_its_conversation() -> None:
    campaign = {"id": "777", "delivered_as": "automated", "author": ADMIN}
    ids = {one(Message, conversation(id=key, source=campaign)).id for key in ("1", "2")}
    assert ids == {"1:source", "2:source"}
