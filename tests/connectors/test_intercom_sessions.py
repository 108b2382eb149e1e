"""Sessions of Intercom, who solved a conversation, and what is left of one with more than 500 parts."""

from __future__ import annotations

from deskmetry.records import RawRecord, Session, Ticket, TicketEvent
from deskmetry.records.kinds import EventKind, Provenance, Resolver, SessionEnd
from deskmetry_connectors.intercom.conversations import ConversationMapping
from deskmetry_connectors.intercom.history import statuses as known_statuses
from helpers_intercom import ADMIN, BEGIN, BOT, USER, Json, at, conversation, mapped, one, part

ANSWERED = (
    part(1, "comment", 60, ADMIN),
    part(2, "comment", 90, USER),
    part(3, "close", 120, ADMIN, state="closed"),
)


def statuses(row: Json) -> list[str | None]:
    """Return what a conversation became, one after the other."""
    return [event.new for event in mapped(TicketEvent, row) if event.kind is EventKind.STATUS]


# --- more than 500 parts -------------------------------------------------------------------------------


def long() -> Json:
    parts = [part(600, "comment", 600, USER, state="closed"), part(601, "close", 700, state="closed")]
    return conversation(
        *parts,
        source={"author": BOT, "delivered_as": "operator_initiated"},
        first_contact_reply={"created_at": BEGIN + 30, "url": None},
        statistics={"first_close_at": BEGIN + 300, "first_admin_reply_at": BEGIN + 40},
        conversation_parts={"conversation_parts": parts, "total_count": 602},
    )


def test_withheld_parts_are_counted_by_name() -> None:
    found = one(RawRecord, long())
    assert (found.kind, found.raw) == (
        "withheld_parts",
        {"conversation_id": "515", "withheld": 600, "shown": 2},
    )


def test_what_was_before_the_first_part_shown_is_known_as_of_that_part() -> None:
    events = mapped(TicketEvent, long())
    assert [(e.id, e.at, e.new, e.how, e.version) for e in events] == [
        ("515:0:status", at(0), "open", Provenance.REPORTED, None),
        # The earliest of these stays, since a lower version never wins.
        ("515:known_from", at(600), "solved", Provenance.OBSERVED, -(BEGIN + 600)),
    ]


def test_a_session_with_withheld_parts_takes_its_instants_from_the_statistics() -> None:
    found = one(Session, long())
    assert (found.asked_at, found.ended_at, found.end) == (at(30), at(300), SessionEnd.COMPLETED)


# --- sessions ------------------------------------------------------------------------------------------


def test_a_chat_is_one_session_that_nobody_accepts() -> None:
    again = (part(4, "comment", 900, USER), part(5, "close", 990, state="closed"))
    found = one(Session, conversation(*ANSWERED, *again))
    assert found.model_dump(exclude_none=True) == {
        "id": "515", "ticket_id": "515", "kind": "chat", "opened_by": "customer", "asked_at": at(0),
        "ended_at": at(120), "agent_id": "274", "end": "completed",
    }  # fmt: skip


def test_a_chat_without_a_human_word_is_missed_unless_the_bot_solved_it() -> None:
    parts = (part(1, "comment", 5, BOT), part(2, "close", 60, BOT, state="closed"))
    assert one(Session, conversation(*parts)).end is SessionEnd.MISSED
    for state, end in (("assumed_resolution", SessionEnd.COMPLETED), ("routed_to_team", SessionEnd.MISSED)):
        row = conversation(*parts, ai_agent={"resolution_state": state})
        assert one(Session, row).end is end
        solved = Resolver.BOT if end is SessionEnd.COMPLETED else Resolver.NOBODY
        assert one(Ticket, row).resolved_by is solved


def test_a_chat_that_nobody_took_is_closed_by_nobody_until_a_human_writes() -> None:
    missed = (part(1, "close", 60, BOT, state="closed"),)
    row = conversation(*missed)
    assert (one(Ticket, row).status, one(Ticket, row).resolved_by) == ("closed", "nobody")
    assert statuses(row) == ["open", "closed"]
    again = (part(2, "comment", 90, USER), part(3, "comment", 99, ADMIN))
    open_again = one(Ticket, conversation(*missed, *again))
    assert (open_again.status, open_again.resolved_by) == ("open", None)
    row = conversation(*missed, *again, part(4, "close", 120, state="closed"))
    assert (one(Ticket, row).status, one(Ticket, row).resolved_by) == ("solved", "human")
    assert statuses(row) == ["open", "solved", "open", "solved"]
    assert one(Session, row).end is SessionEnd.MISSED  # what was asked first stayed unanswered


def test_a_mail_that_nobody_answered_is_solved_by_nobody() -> None:
    row = conversation(part(1, "close", 60, BOT, state="closed"), source={"type": "email"})
    assert (one(Ticket, row).status, one(Ticket, row).resolved_by) == ("solved", "nobody")


def test_who_solved_a_conversation_isnt_guessed_from_parts_that_werent_read() -> None:
    found = dict(conversation(*ANSWERED), deleted_at=BEGIN + 500)
    del found["conversation_parts"]
    gone = ConversationMapping(known_statuses("on_hold"), lambda key: None).deleted(found)
    assert (gone.status, gone.resolved_by, gone.deleted_at) == ("solved", None, at(500))


def test_a_human_whose_words_are_withheld_solved_it() -> None:
    assert one(Ticket, long()).resolved_by is Resolver.HUMAN


def test_an_assignment_or_a_note_is_no_answer() -> None:
    parts = (
        part(1, "assignment", 5, assigned_to={"type": "admin", "id": "274"}),
        part(2, "note", 6, body="Who takes it?"),
        part(3, "close", 60, state="closed"),
    )
    assert one(Session, conversation(*parts)).end is SessionEnd.MISSED


def test_a_chat_that_goes_on_has_no_end_yet() -> None:
    found = one(Session, conversation(part(1, "comment", 60)))
    assert (found.ended_at, found.end) == (None, None)


def test_mails_and_messages_that_nobody_answered_have_no_session() -> None:
    assert mapped(Session, conversation(*ANSWERED, source={"type": "email"})) == []
    assert mapped(Session, conversation(source={"delivered_as": "automated", "author": ADMIN})) == []


def test_a_session_of_an_outbound_message_begins_with_the_customers_first_word() -> None:
    row = conversation(*ANSWERED, source={"delivered_as": "automated", "author": ADMIN})
    assert one(Session, row).asked_at == at(90)


def test_a_close_before_the_customers_first_word_ends_no_session() -> None:
    row = conversation(
        part(1, "close", 10, state="closed"),
        part(2, "comment", 20, USER),
        part(3, "close", 30, state="closed"),
        source={"delivered_as": "admin_initiated", "author": ADMIN},
    )
    found = one(Session, row)
    assert (found.asked_at, found.ended_at, found.end) == (at(20), at(30), SessionEnd.MISSED)


def test_statistics_that_count_more_than_a_short_list_withhold_nothing() -> None:
    parts = {"conversation_parts": list(ANSWERED)}
    row = conversation(*ANSWERED, conversation_parts=parts, statistics={"count_conversation_parts": 9})
    assert mapped(RawRecord, row) == []
    full = {"conversation_parts": [part(n, "comment", n, USER) for n in range(1, 501)]}
    cut = conversation(conversation_parts=full, statistics={"count_conversation_parts": 509})
    assert one(RawRecord, cut).raw["withheld"] == 9
