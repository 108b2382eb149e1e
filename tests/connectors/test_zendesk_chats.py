"""Chats of Zendesk Chat as records, one row at a time."""

from __future__ import annotations

from typing import Any

import pytest

from deskmetry.records import (
    Customer,
    Goal,
    Message,
    RawRecord,
    Session,
    SurveyAnswer,
    SurveyOffer,
    Team,
    Ticket,
    TicketEvent,
)
from deskmetry.records.kinds import ActorKind, GoalKind, Medium, Resolver, SessionEnd, TicketStatus
from deskmetry_connectors.zendesk.alone import REMEMBERED
from deskmetry_connectors.zendesk.chat_mapping import ChatMapping
from helpers_zendesk_live import at, chat, kinds, line, mapped, served, stamp, words

KEY = "2511.1041.Tx"


def offline(**more: Any) -> dict[str, Any]:
    row = chat(type="offline_msg", message="Call me back.", update_timestamp=stamp(5))
    for name in ("history", "missed", "end_timestamp", "duration", "started_by", "rating"):
        del row[name]
    return row | more


def test_a_chat_without_a_ticket_is_one_of_its_own() -> None:
    records = mapped(served())
    (ticket,) = kinds(records, Ticket)
    assert (ticket.id, ticket.medium, ticket.channel, ticket.status) == (KEY, "chat", "chat", "closed")
    assert (ticket.team_id, ticket.assignee_id, ticket.requester_id) == ("11", "9", "ida@mail.example")
    assert (ticket.opened_by, ticket.resolved_by) == (ActorKind.CUSTOMER, Resolver.HUMAN)
    assert (ticket.created_at, ticket.updated_at, ticket.tags) == (at(0), at(130), ["parcel"])
    assert ticket.vendor_metrics is not None
    assert ticket.vendor_metrics["response_time"] == {"first": 40, "avg": 40, "max": 40}
    found = [(one.at, one.old, one.new) for one in kinds(records, TicketEvent)]
    assert found == [(at(0), None, "open"), (at(120), "open", "closed")]


def test_its_session_has_acceptance_and_end_and_who_took_it() -> None:
    (session,) = kinds(mapped(served()), Session)
    assert (session.id, session.ticket_id, session.kind) == (KEY, KEY, "chat")
    assert (session.asked_at, session.accepted_at, session.ended_at) == (at(0), at(30), at(120))
    assert (session.left_at, session.queue_ms, session.agent_id) == (None, None, "9")
    assert session.end is SessionEnd.COMPLETED


def test_its_messages_tell_customers_from_agents() -> None:
    first, second = kinds(mapped(served()), Message)
    assert (first.id, first.ticket_id, first.body) == (f"{KEY}:m0", KEY, "Where is it?")
    assert (first.author_kind, first.author_id) == (ActorKind.CUSTOMER, "ida@mail.example")
    assert (second.author_kind, second.author_id, second.sent_at) == (ActorKind.AGENT, "9", at(40))
    assert not first.automatic
    assert not second.automatic


def test_a_chat_that_zendesk_links_is_a_session_of_that_ticket() -> None:
    records = mapped(served(zendesk_ticket_id=83, rating="good"))
    assert kinds(records, Ticket) == []
    assert kinds(records, TicketEvent) == []
    assert [one.ticket_id for one in kinds(records, Session)] == ["83"]
    assert [one.ticket_id for one in kinds(records, Message)] == ["83", "83"]
    assert [(one.id, one.ticket_id) for one in kinds(records, SurveyAnswer)] == [("83", "83")]


def test_a_missed_chat_is_closed_by_nobody_and_was_left_when_the_visitor_went() -> None:
    row = chat(words(0, "visitor", "Hello?"), line("chat.memberleave", 45), missed=True, agent_ids=[])
    records = mapped(row | {"end_timestamp": stamp(50)})
    (ticket,), (session,) = kinds(records, Ticket), kinds(records, Session)
    assert (ticket.status, ticket.resolved_by, ticket.assignee_id) == (TicketStatus.CLOSED, "nobody", None)
    assert (session.end, session.left_at, session.ended_at) == (SessionEnd.MISSED, at(45), at(50))
    assert (session.accepted_at, session.agent_id) == (None, None)


def test_an_agent_who_only_joins_a_missed_chat_didnt_take_it() -> None:
    row = chat(words(0, "visitor", "Hello?"), line("chat.memberjoin", 100, "9"), missed=True)
    (session,) = kinds(mapped(row), Session)
    assert (session.end, session.accepted_at, session.agent_id) == (SessionEnd.MISSED, None, None)


def test_an_offline_message_is_a_missed_chat_with_what_was_left() -> None:
    records = mapped(offline())
    (ticket,), (session,), (message,) = (kinds(records, kind) for kind in (Ticket, Session, Message))
    assert isinstance(ticket, Ticket)
    assert isinstance(session, Session)
    assert isinstance(message, Message)
    assert (ticket.medium, ticket.channel, ticket.status) == (Medium.CHAT, "offline_message", "closed")
    assert (session.end, session.ended_at) == (SessionEnd.MISSED, at(0))
    assert (message.body, message.author_kind, message.sent_at) == ("Call me back.", "customer", at(0))


def test_an_offline_message_that_became_a_ticket_isnt_told_twice() -> None:
    records = mapped(offline(zendesk_ticket_id=83))
    assert kinds(records, Message) == []  # the ticket's first comment
    assert [one.ticket_id for one in kinds(records, Session)] == ["83"]


def test_what_a_trigger_says_is_automatic_and_a_bot_is_a_bot() -> None:
    row = chat(words(0, "trigger", "Can we help?"), words(5, "190", "Look here."), words(9, "visitor", "No."))
    found = [
        (one.author_kind, one.automatic, one.author_id)
        for one in kinds(mapped(row, bots=frozenset({"190"})), Message)
    ]
    assert found == [("system", True, None), ("bot", False, "190"), ("customer", False, "ida@mail.example")]


@pytest.mark.parametrize(
    ("nick", "kind", "author"),
    [
        ("visitor", "customer", "ida@mail.example"),
        ("agent:9", "agent", "9"),
        ("agent:trigger", "system", None),
        ("agent:answer_bot", "bot", None),
        ("somebody", "system", None),
    ],
)
def test_the_nickname_says_who_it_is_where_nothing_else_does(
    nick: str, kind: str, author: str | None
) -> None:
    said = {"type": "chat.msg", "timestamp": stamp(1), "nick": nick, "msg": "Hello", "msg_id": "a"}
    (message,) = kinds(mapped(chat(said)), Message)
    assert (message.author_kind, message.author_id) == (kind, author)


def test_a_bot_that_nobody_followed_solved_the_chat() -> None:
    row = chat(words(0, "visitor", "Size?"), words(5, "190", "54 cm."), agent_ids=["190"])
    records = mapped(row, bots=frozenset({"190"}))
    assert [one.resolved_by for one in kinds(records, Ticket)] == [Resolver.BOT]
    assert [(one.end, one.left_at) for one in kinds(records, Session)] == [(SessionEnd.COMPLETED, None)]


def test_a_chat_that_runs_is_open() -> None:
    records = mapped(served(end_timestamp=None, duration=40))
    assert [(one.status, one.resolved_by) for one in kinds(records, Ticket)] == [("open", None)]
    assert [(one.ended_at, one.end) for one in kinds(records, Session)] == [(None, None)]
    assert len(kinds(records, TicketEvent)) == 1


def test_where_the_end_isnt_told_the_duration_tells_it() -> None:
    row = served()
    del row["end_timestamp"]
    assert [one.ended_at for one in kinds(mapped(row), Session)] == [at(120)]
    missed = chat(words(0, "visitor", "Hello?"), words(33, "visitor", "Anybody?"), missed=True)
    for name in ("end_timestamp", "duration"):
        del missed[name]
    assert [one.ended_at for one in kinds(mapped(missed), Session)] == [at(33)]


def test_a_rating_is_an_answer_when_it_was_given_however_late() -> None:
    rated = line("chat.rating", 9000, rating=None, new_rating="bad")
    row = chat(
        words(40, "9", "Hi"), line("chat.request.rating", 110, "9"), rated, rating="bad", comment="Slow"
    )
    records = mapped(row | {"update_timestamp": stamp(9000)})
    (answer,), (offer,) = kinds(records, SurveyAnswer), kinds(records, SurveyOffer)
    assert (answer.survey, answer.score, answer.scale_min, answer.scale_max) == ("satisfaction", 0, 0, 1)
    assert (answer.label, answer.comment, answer.agent_id) == ("bad", "Slow", "9")
    assert (answer.offered_at, answer.answered_at, offer.offered_at) == (at(110), at(9000), at(110))


def test_a_rating_that_was_asked_for_and_not_given_is_an_offer() -> None:
    records = mapped(chat(words(40, "9", "Hi"), line("chat.request.rating", 110, "9")))
    assert len(kinds(records, SurveyOffer)) == 1
    assert kinds(records, SurveyAnswer) == []
    assert kinds(mapped(served()), SurveyOffer) == []


def test_a_rating_that_is_changed_was_offered_with_the_first_one() -> None:
    said = [line("chat.rating", 125, new_rating="bad"), line("chat.rating", 900, new_rating="good")]
    records = mapped(served(rating="good", history=said))
    assert [one.offered_at for one in kinds(records, SurveyOffer)] == [at(125)]
    assert [one.answered_at for one in kinds(records, SurveyAnswer)] == [at(900)]


def test_a_rating_of_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="neither good nor bad"):
        mapped(served(rating="meh"))


def test_a_chat_that_gets_a_ticket_later_is_merged_into_it_with_all_it_has() -> None:
    mapping = ChatMapping()
    list(mapping.chat(served(rating="good")))
    records = list(mapping.chat(served(rating="good", zendesk_ticket_id=83, update_timestamp=stamp(500))))
    assert [(one.id, one.merged_into) for one in kinds(records, Ticket)] == [(KEY, "83")]
    assert {one.ticket_id for one in kinds(records, Message)} == {"83"}
    answers = [(one.id, one.superseded_by) for one in kinds(records, SurveyAnswer)]
    assert answers == [("83", None), (KEY, "83")]
    assert mapping.alone.known == {}
    assert kinds(mapping.chat(served(zendesk_ticket_id=83)), Ticket) == []


def test_only_the_latest_chats_without_a_ticket_are_remembered() -> None:
    mapping = ChatMapping()
    for number in range(REMEMBERED + 50):
        list(mapping.chat(served(id=f"c{number:05}", update_timestamp=stamp(number))))
    assert len(mapping.alone.dump()) == REMEMBERED
    assert "c00049" not in mapping.alone
    assert "c00050" in mapping.alone


def test_conversions_are_goals_of_the_kind_that_the_settings_give_their_names() -> None:
    won = [
        {"id": "v1", "goal_id": 3, "goal_name": "Checkout", "timestamp": stamp(3600), "attribution": {}},
        {"id": "v2", "goal_id": 4, "goal_name": "Newsletter", "timestamp": stamp(3700), "attribution": None},
    ]
    goals = kinds(mapped(served(conversions=won), goals={"Checkout": GoalKind.SALE}), Goal)
    assert [(one.id, one.kind, one.at) for one in goals] == [
        ("v1", "sale", at(3600)),
        ("v2", "other", at(3700)),
    ]
    assert {(one.ticket_id, one.session_id, one.customer_id) for one in goals} == {
        (KEY, KEY, "ida@mail.example")
    }


def test_a_department_is_the_group_of_its_id_else_a_team_of_its_own() -> None:
    known = mapped(served(), teams=frozenset({"11"}))
    assert (kinds(known, Team), kinds(known, Ticket)[0].team_id) == ([], "11")
    other = mapped(served(), teams=frozenset({"12"}))
    assert [(one.id, one.name) for one in kinds(other, Team)] == [("department:11", "Care")]
    assert kinds(other, Ticket)[0].team_id == "department:11"


def test_the_page_is_the_last_one_opened_before_the_chat_and_the_referrer_the_first_ones() -> None:
    path = [
        {"from": "https://search.example/", "to": "https://shop.example/", "timestamp": stamp(-90)},
        {"from": "https://shop.example/", "to": "https://shop.example/cart", "timestamp": stamp(-5)},
        {"from": "https://shop.example/cart", "to": "https://shop.example/pay", "timestamp": stamp(60)},
    ]
    (ticket,) = kinds(mapped(served(webpath=path)), Ticket)
    assert (ticket.page, ticket.referrer) == ("https://shop.example/cart", "https://search.example/")


def test_visitors_are_known_by_their_address_and_else_by_their_device() -> None:
    (customer,) = kinds(mapped(served()), Customer)
    assert (customer.id, customer.name, customer.phone) == ("ida@mail.example", "Ida Dahl", "+4915112345678")
    assert customer.country == "DE"
    nobody = {"id": "2.5", "name": "Visitor 5", "email": "", "phone": "", "notes": ""}
    (stranger,) = kinds(mapped(served(visitor=nobody)), Customer)
    assert (stranger.id, stranger.email, stranger.phone) == ("visitor:2.5", None, None)


def test_lines_of_unknown_kinds_are_kept_as_they_came_and_known_ones_dropped() -> None:
    row = chat(line("chat.hologram", 5, shape="round"), line("chat.tags", 6, new_tags=["x"]))
    (raw,) = kinds(mapped(row), RawRecord)
    assert (raw.kind, raw.raw["shape"], raw.id) == ("chat.hologram", "round", f"{KEY}:#0")


def test_a_deleted_chat_leaves_a_tombstone() -> None:
    records = mapped(served(deleted=True))
    assert [one.deleted_at for one in kinds(records, Ticket)] == [at(130)]
    assert {one.deleted_at for one in kinds(records, Message)} == {at(130)}


def test_a_chat_that_a_trigger_or_an_agent_began_says_so() -> None:
    openers = [kinds(mapped(served(started_by=who)), Ticket)[0].opened_by for who in ("trigger", "agent")]
    assert openers == [ActorKind.SYSTEM, ActorKind.AGENT]


def test_a_file_is_a_message_with_its_name() -> None:
    sent = line("chat.file", 3, attachment={"name": "bill.pdf", "url": "https://x.example/1", "size": 9})
    assert [one.body for one in kinds(mapped(chat(sent)), Message)] == ["bill.pdf"]


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no instant with a zone"):
        mapped(served(timestamp="2026-02-02T10:00:00"))
