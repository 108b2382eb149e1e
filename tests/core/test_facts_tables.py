"""Every column of every fact of a few small tickets, computed by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from deskmetry.calendar import day_number
from deskmetry.records import Agent, Brand, Customer, Organization, Team
from helpers_store import Row, Store, event, message, ms, ticket

HOUR = 3_600_000
DAY = day_number(date(2025, 3, 1))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.at(tmp_path) as store:
        store.source("shop", connector="desk", complete_until="2025-04-01")
        yield store


def at(hour: float, day: int = 1) -> int:
    """Return an hour of a day in March 2025, UTC, in milliseconds."""
    return ms(f"2025-03-{day:02}") + round(hour * HOUR)


def people(store: Store) -> None:
    store.write(
        Customer(
            id="c1", email=" Anna@X.example ", country="DE", language="de", segment=None, organization_id="o1"
        ),
        Organization(id="o1", name="Firm", segment="gold"),
        Brand(id="b1", name="Shoes"),
        Team(id="t1", name="Front"),
        Team(id="t2", name="Back"),
        Agent(id="a1", email="Ada@Us.example", team_id="t2"),
        Agent(id="a2"),
    )


def full(store: Store) -> None:
    """Write one ticket with everything: asked, noted, answered by two agents, solved, reopened, solved."""
    people(store)
    store.write(
        ticket(
            "1", at(8), requester_id="c1", brand_id="b1", team_id="t1", assignee_id="a1", channel="web",
            priority="high", type="question", status="solved", tags=["red", "blue"],
            custom_fields={"b": 1, "a": 2},
        ),
        message("m1", "1", at(8), author_id="c1"),
        message("m2", "1", at(9), author_id="c1"),
        message("m3", "1", at(9.5), "agent", author_id="a1", public=False),
        message("m4", "1", at(11), "agent", author_id="a1"),
        message("m5", "1", at(12), "system"),
        message("m6", "1", at(2, 2), author_id="c1"),
        message("m7", "1", at(3, 2), "bot"),
        message("m8", "1", at(4, 2), author_id="c1", automatic=True),
        message("m9", "1", at(6, 2), "agent", author_id="a2"),
        event("e1", "1", at(8), "new"),
        event("e2", "1", at(10), "a2", None, kind="assignee"),
        event("e3", "1", at(12), "solved", "new"),
        event("e4", "1", at(2, 2), "open", "solved"),
        event("e5", "1", at(5, 2), "a1", "a2", kind="assignee"),
        event("e6", "1", at(6, 2), "solved", "open"),
    )  # fmt: skip
    store.refresh()


COMMON: Row = {
    "source_id": 1, "ticket_id": "1", "source": "shop", "connector": "desk", "channel": "web",
    "medium": "ticket",
    "brand": "Shoes", "team": "Front", "agent": "ada@us.example", "priority": "high", "opened_by": "customer",
    "excluded": None,
}  # fmt: skip


def test_every_column_of_a_ticket(store: Store) -> None:
    full(store)
    assert store.fact("ticket_facts") == COMMON | {
        "organization": "Firm", "type": "question", "language": "de", "segment": "gold", "country": "DE",
        "customer": "new", "person": "anna@x.example", "fields": '{"a":2,"b":1}', "status": "solved",
        "status_how": "reported", "resolved_by": "human", "first_agent": "ada@us.example",
        "first_team": "Back",
        "first_solved_agent": "1:a2", "first_solved_team": "Front",
            "solved_agent": "ada@us.example", "solved_team": "Front",
        "created_at": at(8), "created_day": DAY, "first_customer_at": at(8),
        "first_replied_at": at(11), "first_replied_day": DAY, "first_solved_at": at(12),
        "first_solved_day": DAY,
        "solved_at": at(6, 2), "solved_day": DAY + 1, "assumed_at": None, "assumed_from_at": None,
        "reopened_at": at(2, 2), "waiting_since_at": None, "last_customer_at": at(2, 2),
        "last_message_at": at(6, 2), "deleted_at": None, "held_source": None,
        "held_ticket": None, "held_at": None, "previous_contact_at": None, "next_contact_at": None,
        "changed_at": at(6, 2), "first_response_ms": 3 * HOUR, "first_resolution_ms": 4 * HOUR,
        "resolution_ms": 22 * HOUR, "reopened_after_ms": 14 * HOUR,
            "requester_wait_ms": 8 * HOUR, "agent_wait_ms": 0, "on_hold_ms": 0, "customer_messages": 3,
        "human_replies": 2,
        "bot_replies": 1, "sessions": 0, "accepted_sessions": 0, "notes": 1, "repliers": 2, "teams": 1,
        "solves": 2, "reopenings": 1,
        "reply_elsewhere": 0,
    }  # fmt: skip


def test_every_column_of_its_messages(store: Store) -> None:
    full(store)
    expected = [
        ("m1", "customer", at(8), "Front", "ada@us.example"),
        ("m2", "customer", at(9), "Front", "ada@us.example"),
        ("m3", "note", at(9.5), "Back", "ada@us.example"),
        ("m4", "reply", at(11), "Back", "ada@us.example"),
        ("m5", "system", at(12), "Front", "ada@us.example"),
        ("m6", "customer", at(2, 2), "Front", "ada@us.example"),
        ("m7", "bot", at(3, 2), "Front", "ada@us.example"),
        ("m8", "automatic", at(4, 2), "Front", "ada@us.example"),
        ("m9", "reply", at(6, 2), "Front", "1:a2"),
    ]
    assert store.table("message_facts") == [
        COMMON | {
            "message_id": name, "kind": kind, "sent_at": sent, "sent_day": DAY + (sent >= at(24)),
            "team": team,
            "agent": agent,
        }
        for name, kind, sent, team, agent in expected
    ]  # fmt: skip


def test_every_column_of_its_turns(store: Store) -> None:
    full(store)
    assert store.table("reply_facts") == [
        COMMON | {
            "turn": 0, "team": "Back", "agent": "ada@us.example", "message_id": "m4", "asked_at": at(8),
            "asked_day": DAY, "replied_at": at(11), "replied_day": DAY, "response_ms": 3 * HOUR,
        },
        COMMON | {
            "turn": 1, "team": "Front", "agent": "1:a2", "message_id": "m9", "asked_at": at(2, 2),
            "asked_day": DAY + 1, "replied_at": at(6, 2), "replied_day": DAY + 1, "response_ms": 4 * HOUR,
        },
    ]  # fmt: skip


def test_every_column_of_its_unsolved_spans(store: Store) -> None:
    full(store)
    spans: list[tuple[str | None, int, int]] = [
        (None, at(8), at(10)),
        ("1:a2", at(10), at(12)),
        ("1:a2", at(2, 2), at(5, 2)),
        ("ada@us.example", at(5, 2), at(6, 2)),
    ]
    assert store.table("unsolved_spans") == [
        COMMON | {"number": number, "agent": agent, "created_at": at(8), "from_at": begin, "until_at": end}
        for number, (agent, begin, end) in enumerate(spans)
    ]


def test_every_column_of_its_changes_of_status(store: Store) -> None:
    full(store)
    changes: list[tuple[str | None, str, int, int, int]] = [
        (None, "new", at(8), 0, 0),
        ("new", "solved", at(12), 1, 0),
        ("solved", "open", at(2, 2), 0, 1),
        ("open", "solved", at(6, 2), 1, 0),
    ]
    assert store.table("status_facts") == [
        COMMON | {
            "number": number, "old": old, "new": new, "how": "reported", "at": when, "known_at": when,
            "day": DAY + (when >= at(24)), "solves": solves, "reopens": reopens,
        }
        for number, (old, new, when, solves, reopens) in enumerate(changes)
    ]  # fmt: skip


def test_its_tags(store: Store) -> None:
    full(store)
    assert [row["tag"] for row in store.table("tag_facts")] == ["blue", "red"]


def test_activity_is_every_message_and_every_change_of_status(store: Store) -> None:
    full(store)
    assert len(store.table("activity_facts")) == 9 + 4


def one(store: Store, **fields: Any) -> Row:
    """Write a ticket of the first of March without anything else, and return its facts."""
    store.write(ticket("1", at(0), **fields))
    store.refresh()
    return store.fact("ticket_facts")


def test_an_empty_ticket_has_zeroes_and_nulls(store: Store) -> None:
    row = one(store)
    assert {name: row[name] for name in ("customer_messages", "human_replies", "repliers", "teams")} == {
        "customer_messages": 0, "human_replies": 0, "repliers": 0, "teams": 0,
    }  # fmt: skip
    for name in (
        "person",
        "customer",
        "first_replied_at",
        "first_response_ms",
        "resolved_by",
        "waiting_since_at",
    ):
        assert row[name] is None, name


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, None),
        ({"spam": True}, "spam"),
        ({"nature": "newsletter"}, "newsletter"),
        ({"nature": "bounce"}, "bounce"),
        ({"nature": "automatic"}, "automatic"),
        ({"merged_into": "2"}, "merged"),
        ({"deleted_at": "2025-03-05"}, "deleted"),
        ({"merged_into": "2", "spam": True, "deleted_at": "2025-03-05"}, "merged"),
        ({"spam": True, "nature": "bounce"}, "spam"),
        ({"deleted_at": "2025-05-05"}, None),
    ],
)
def test_why_a_ticket_never_counts(store: Store, fields: dict[str, Any], reason: str | None) -> None:
    assert one(store, **fields)["excluded"] == reason


@pytest.mark.parametrize(("solved", "reason"), [("2025-03-04", None), ("2025-03-06", "deleted")])
def test_a_deleted_ticket_counts_if_it_was_solved_before(
    store: Store, solved: str, reason: str | None
) -> None:
    store.write(event("e1", "1", solved, "solved", "open"))
    assert one(store, deleted_at="2025-03-05")["excluded"] == reason


@pytest.mark.parametrize(
    ("fields", "by"),
    [({"public": False}, "agent"), ({"automatic": True}, "agent"), ({}, "bot"), ({}, "system")],
)
def test_what_no_human_wrote_to_the_customer_answers_nothing(
    store: Store, fields: dict[str, Any], by: str
) -> None:
    store.write(message("m1", "1", at(1)), message("m2", "1", at(2), by, **fields))
    row = one(store)
    assert (row["first_replied_at"], row["waiting_since_at"]) == (None, at(1))
    assert store.fact("reply_facts")["replied_at"] is None


def test_an_automatic_message_of_a_customer_asks_nothing(store: Store) -> None:
    store.write(message("m1", "1", at(1), automatic=True))
    assert (one(store)["first_customer_at"], store.table("reply_facts")) == (None, [])


def test_a_reply_in_the_instant_of_the_question_answers_it(store: Store) -> None:
    store.write(message("b", "1", at(1)), message("a", "1", at(1), "agent"))
    row = one(store)
    assert (row["first_response_ms"], row["waiting_since_at"]) == (0, None)
    (turn,) = store.table("reply_facts")
    assert (turn["turn"], turn["message_id"], turn["response_ms"]) == (0, "a", 0)


def test_a_message_of_ours_before_the_first_question_is_no_answer(store: Store) -> None:
    store.write(
        message("m1", "1", at(1), "agent"), message("m2", "1", at(2)), message("m3", "1", at(5), "agent")
    )
    row = one(store)
    assert (row["first_replied_at"], row["first_response_ms"], row["human_replies"]) == (at(5), 3 * HOUR, 2)
    assert [(turn["turn"], turn["message_id"]) for turn in store.table("reply_facts")] == [(1, "m3")]


def test_of_two_replies_the_first_answers_and_the_second_follows_up(store: Store) -> None:
    store.write(
        message("m1", "1", at(1)), message("m2", "1", at(2), "agent"), message("m3", "1", at(3), "agent")
    )
    one(store)
    assert [(turn["turn"], turn["message_id"]) for turn in store.table("reply_facts")] == [(0, "m2")]


def test_the_customer_waits_since_the_earliest_unanswered_message(store: Store) -> None:
    store.write(
        message("m1", "1", at(1)),
        message("m2", "1", at(2), "agent"),
        message("m3", "1", at(3)),
        message("m4", "1", at(4)),
    )
    assert one(store)["waiting_since_at"] == at(3)
    store.write(event("e1", "1", at(5), "solved", "open"))
    store.refresh()
    assert store.fact("ticket_facts")["waiting_since_at"] is None


def test_a_deleted_message_never_was_and_one_that_will_be_deleted_is(store: Store) -> None:
    store.write(
        message("m1", "1", at(1), deleted_at="2025-03-02"), message("m2", "1", at(2), deleted_at="2025-05-01")
    )
    row = one(store)
    assert (row["customer_messages"], row["first_customer_at"], row["changed_at"]) == (
        1,
        at(2),
        ms("2025-03-02"),
    )
    assert [m["message_id"] for m in store.table("message_facts")] == ["m2"]


@pytest.mark.parametrize(
    ("by", "said", "resolver"),
    [("agent", None, "human"), ("bot", None, "bot"), ("system", None, "nobody"), ("agent", "bot", "bot")],
)
def test_who_resolved_a_ticket(store: Store, by: str, said: str | None, resolver: str) -> None:
    store.write(message("m1", "1", at(1), by), event("e1", "1", at(2), "solved", "open"))
    assert one(store, resolved_by=said)["resolved_by"] == resolver
    store.write(event("e2", "1", at(3), "open", "solved"))
    store.refresh()
    assert store.fact("ticket_facts")["resolved_by"] is None


def test_an_answer_that_is_elsewhere_is_counted_without_an_instant(store: Store) -> None:
    assert one(store, medium="email", vendor_status="answered")["reply_elsewhere"] == 1


def test_a_solve_before_the_creation_takes_no_time(store: Store) -> None:
    store.write(event("e1", "1", "2025-02-28", "solved"))
    row = one(store)
    assert (row["first_resolution_ms"], row["resolution_ms"]) == (0, 0)


def test_a_person_is_one_over_all_sources_by_e_mail(store: Store) -> None:
    other = store.source("other", complete_until="2025-04-01")
    store.write(Customer(id="x", email="anna@x.example"), ticket("1", at(0, 1), requester_id="x"))
    store.write(
        Customer(id="x", email="ANNA@x.example"), Customer(id="y"),
        ticket("1", at(0, 3), requester_id="x"), ticket("2", at(0, 2), requester_id="x", spam=True),
        ticket("3", at(0, 4), requester_id="y"), ticket("4", at(0, 5)),
        source=other,
    )  # fmt: skip
    store.refresh()
    names = ("source_id", "ticket_id", "person", "customer", "previous_contact_at", "next_contact_at")
    rows = [tuple(row[name] for name in names) for row in store.table("ticket_facts")]
    anna = "anna@x.example"
    assert rows == [
        (1, "1", anna, "new", None, at(0, 3)),
        (2, "1", anna, "returning", at(0, 1), None),
        (2, "2", anna, "returning", at(0, 1), at(0, 3)),  # excluded itself, and no contact for the others
        (2, "3", "2:y", "new", None, None),
        (2, "4", None, None, None, None),
    ]


def test_tickets_of_one_instant_follow_each_other_by_source_and_id(store: Store) -> None:
    store.write(
        Customer(id="x", email="a@x"),
        ticket("1", at(0), requester_id="x"),
        ticket("2", at(0), requester_id="x"),
    )
    store.refresh()
    assert [row["customer"] for row in store.table("ticket_facts")] == ["new", "returning"]


def test_people_and_teams_that_the_source_has_not_told_yet_keep_their_ids(store: Store) -> None:
    row = one(store, team_id="t9", assignee_id="a9", requester_id="c9")
    assert (row["team"], row["agent"], row["person"]) == ("t9", "1:a9", "1:c9")


def test_a_tag_is_text_once_and_never_null(store: Store) -> None:
    one(store, tags=["a", "a", None, 5, ""])
    assert [row["tag"] for row in store.table("tag_facts")] == ["", "5", "a"]
