from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from deskmetry.connector import MailRules
from deskmetry.records import Ticket, TicketEvent, to_milliseconds
from deskmetry.records.kinds import (
    ActorKind,
    AutomaticKind,
    EventKind,
    FolderRole,
    Medium,
    Nature,
    Provenance,
    Resolver,
    TicketStatus,
)
from deskmetry.threads import Mail, Thread, ticket_of
from helpers_threads import ANNA, BEGIN, BERT, RULES, mail, reply, statuses

DONE = frozenset({FolderRole.DONE})
OOO: dict[str, Any] = {"automatic": True, "automatic_kind": AutomaticKind.AUTO_REPLY}
NEWS: dict[str, Any] = {"automatic": True, "automatic_kind": AutomaticKind.NEWSLETTER}


def become(*mails: Mail, rules: MailRules = RULES) -> tuple[Ticket, list[TicketEvent]]:
    return ticket_of(Thread(tuple(sorted(mails, key=lambda one: one.order))), rules)


def ticket(*mails: Mail) -> Ticket:
    return become(*mails)[0]


def test_a_thread_is_named_after_its_oldest_mail_and_says_what_it_says() -> None:
    made = ticket(
        mail("b", 1, subject="Re: Lamp", tags=("late", "vip"), team="Returns", channel="form"),
        mail("a", 0, subject="AW: Lamp", tags=("vip",), team="Support"),
        reply("c", 2),
    )
    assert (made.id, made.subject, made.medium, made.channel) == ("a", "Lamp", Medium.EMAIL, "form")
    assert (made.team_id, made.requester_id, made.assignee_id) == ("Support", ANNA, "agent-1")
    assert made.tags == ["late", "vip"]
    assert made.updated_at is not None
    assert to_milliseconds(made.created_at) == BEGIN
    assert (made.updated_at - made.created_at) == timedelta(days=2)
    assert made.status_how is Provenance.INFERRED


def test_the_channel_is_email_unless_the_settings_say_otherwise() -> None:
    assert ticket(mail("a")).channel == "email"


def test_the_version_never_grows_so_that_what_is_recomputed_always_stands() -> None:
    assert ticket(mail("a", 5)).version == ticket(mail("a", 5), reply("b", 6)).version == 0


def test_a_customer_mail_alone_is_new() -> None:
    assert statuses([mail("a"), mail("b", 30)]) == [("new", 0, 0)]


def test_a_reply_makes_it_pending_and_a_week_of_silence_solves_it_at_the_reply() -> None:
    mails = [mail("a"), reply("b", 1)]
    assert statuses(mails) == [("new", 0, 0), ("pending", 1, 1), ("solved", 1, 8)]
    made = ticket(*mails)
    assert made.status is TicketStatus.SOLVED
    assert made.status_from_at is not None
    assert to_milliseconds(made.status_from_at) == BEGIN + 8 * 86_400_000
    assert made.resolved_by is Resolver.HUMAN


def test_a_customer_mail_within_the_week_opens_it_without_a_solve() -> None:
    mails = [mail("a"), reply("b", 1), mail("c", 7.999)]
    assert statuses(mails) == [("new", 0, 0), ("pending", 1, 1), ("open", 7.999, 7.999)]
    made = ticket(*mails)
    assert (made.status, made.status_from_at, made.resolved_by) == (TicketStatus.OPEN, None, None)


def test_a_customer_mail_after_the_week_reopens_a_solved_thread() -> None:
    mails = [mail("a"), reply("b", 1), mail("c", 8)]
    assert statuses(mails) == [("new", 0, 0), ("pending", 1, 1), ("solved", 1, 8), ("open", 8, 8)]


def test_an_automatic_mail_neither_reopens_nor_answers_nor_stops_the_week() -> None:
    mails = [
        mail("a"),
        reply("ack", 0.1, **OOO),
        reply("b", 1),
        mail("ooo", 2, **OOO),
        mail("late", 20, **OOO),
    ]
    assert statuses(mails) == [("new", 0, 0), ("pending", 1, 1), ("solved", 1, 8)]


def test_a_second_reply_within_the_week_starts_the_week_anew() -> None:
    mails = [mail("a"), reply("b", 1), reply("c", 5)]
    assert statuses(mails) == [("new", 0, 0), ("pending", 1, 1), ("solved", 5, 12)]


def test_a_reply_after_the_week_takes_the_solve_up_again() -> None:
    mails = [mail("a"), reply("b", 1), reply("c", 20)]
    expected = [("new", 0, 0), ("pending", 1, 1), ("solved", 1, 8), ("pending", 20, 20), ("solved", 20, 27)]
    assert statuses(mails) == expected


def test_how_long_the_silence_must_last_is_a_setting() -> None:
    rules = MailRules(solved_after=timedelta(days=2))
    assert statuses([mail("a"), reply("b", 1), mail("c", 4)], rules)[2:] == [("solved", 1, 3), ("open", 4, 4)]


def test_a_thread_filed_as_done_is_solved_at_its_last_mail_at_once() -> None:
    assert statuses([mail("a", roles=DONE), reply("b", 1)]) == [
        ("new", 0, 0),
        ("pending", 1, 1),
        ("solved", 1, 1),
    ]
    unanswered = [mail("a", roles=DONE)]
    assert statuses(unanswered) == [("new", 0, 0), ("solved", 0, 0)]
    assert ticket(*unanswered).resolved_by is Resolver.NOBODY


def test_a_customer_mail_outside_the_done_folder_reopens_what_was_filed_before_it() -> None:
    mails = [mail("a", roles=DONE), reply("b", 1), mail("c", 2)]
    assert statuses(mails) == [("new", 0, 0), ("pending", 1, 1), ("solved", 1, 1), ("open", 2, 2)]


def test_filing_the_whole_conversation_at_the_end_is_one_solve() -> None:
    mails = [mail("a", roles=DONE), reply("b", 1), mail("c", 2, roles=DONE), reply("d", 3)]
    assert statuses(mails) == [
        ("new", 0, 0),
        ("pending", 1, 1),
        ("open", 2, 2),
        ("pending", 3, 3),
        ("solved", 3, 3),
    ]


def test_a_mail_marked_as_answered_without_a_reply_here_is_solved_elsewhere() -> None:
    mails = [mail("a", answered=True)]
    assert statuses(mails) == [("new", 0, 0), ("solved", 0, 7)]
    made, events = become(*mails)
    assert (made.vendor_status, made.resolved_by) == ("answered", Resolver.HUMAN)
    assert events[-1].actor_kind is ActorKind.AGENT


def test_a_mail_marked_as_answered_by_a_reply_that_is_here_says_nothing_more() -> None:
    made = ticket(mail("a", answered=True), reply("b", 1), mail("c", 2))
    assert (made.vendor_status, made.status) == (None, TicketStatus.OPEN)


def test_a_mail_marked_as_answered_whose_reply_came_after_another_mail_was_not_solved_before() -> None:
    mails = [mail("a", answered=True), mail("b", 10), reply("c", 11)]
    assert statuses(mails) == [("new", 0, 0), ("pending", 11, 11), ("solved", 11, 18)]


def test_a_mail_of_ours_marked_as_answered_says_nothing() -> None:
    assert ticket(mail("a"), reply("b", 1, answered=True)).vendor_status is None


def test_only_the_last_customer_mail_can_be_answered_elsewhere() -> None:
    mails = [mail("a", answered=True), mail("b", 20)]
    assert statuses(mails) == [("new", 0, 0), ("solved", 0, 7), ("open", 20, 20)]
    assert ticket(*mails).vendor_status is None


@pytest.mark.parametrize(
    ("mails", "opener"),
    [
        ([mail("a"), reply("b", 1)], ActorKind.CUSTOMER),
        ([reply("a"), mail("b", 1)], ActorKind.AGENT),
        ([reply("a", **NEWS), mail("b", 1)], ActorKind.CUSTOMER),
        ([mail("a", **NEWS)], ActorKind.SYSTEM),
    ],
)
def test_who_opened_it_is_who_wrote_the_oldest_human_mail(mails: list[Mail], opener: ActorKind) -> None:
    assert ticket(*mails).opened_by is opener


def test_the_requester_is_the_customer_of_the_first_human_mail_from_outside() -> None:
    assert ticket(reply("a"), mail("b", 1, counterpart=BERT)).requester_id == BERT
    assert ticket(reply("a", counterpart=BERT)).requester_id == BERT
    bounce = mail(
        "b", 1, counterpart="mailer-daemon@x.example", automatic=True, automatic_kind=AutomaticKind.BOUNCE
    )
    assert ticket(reply("a"), bounce).requester_id == ANNA


def test_the_assignee_is_who_replied_last_and_each_change_is_an_event() -> None:
    made, events = become(
        mail("a"), reply("b", 1), reply("c", 2), reply("d", 3, by="agent-2"), reply("e", 4, **OOO)
    )
    assert made.assignee_id == "agent-2"
    changes = [(event.old, event.new, event.actor_id) for event in events if event.kind is EventKind.ASSIGNEE]
    assert changes == [(None, "agent-1", "agent-1"), ("agent-1", "agent-2", "agent-2")]


@pytest.mark.parametrize(
    ("mails", "nature"),
    [
        ([mail("a", **NEWS)], Nature.NEWSLETTER),
        ([mail("a", automatic=True, automatic_kind=AutomaticKind.BOUNCE)], Nature.BOUNCE),
        ([mail("a", **OOO), mail("b", 1, **NEWS)], Nature.AUTOMATIC),
        ([mail("a", automatic=True)], Nature.AUTOMATIC),
        ([reply("a", public=False)], Nature.AUTOMATIC),
        ([mail("a", **NEWS), reply("b", 1)], Nature.REQUEST),
        ([mail("a", **OOO), mail("b", 1)], Nature.REQUEST),
    ],
)
def test_a_thread_that_no_human_wrote_in_is_what_its_first_mail_is(mails: list[Mail], nature: Nature) -> None:
    assert ticket(*mails).nature is nature


def test_spam_is_what_only_spam_came_in_for_and_nobody_replied_to() -> None:
    assert ticket(mail("a", spam=True), mail("b", 1, spam=True)).spam
    assert not ticket(mail("a", spam=True), mail("b", 1)).spam
    assert not ticket(mail("a", spam=True), reply("b", 1)).spam
    assert not ticket(reply("a")).spam


def test_event_ids_sort_as_the_events_happened() -> None:
    _, events = become(mail("a"), *(reply(f"r{n}", n, by=f"agent-{n}") for n in range(1, 15)))
    ids = [event.id for event in events]
    assert ids == sorted(ids)
    assert len(set(map(len, ids))) == 1


def test_a_mail_at_the_end_of_time_is_no_error() -> None:
    last = Mail(mail_id="a", sent_at=253_402_300_799_000, inbound=False, counterpart=ANNA)
    assert become(last)[1][-1].new == "solved"
