"""Facts of sessions: who waited how long, who took it, how it ended, and what of it was known when."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deskmetry.facts import shadow, unshadow
from deskmetry.records import Agent, Brand, Session, SurveyAnswer, Team
from deskmetry.records.kinds import SurveyKind
from helpers_store import Row, Store, When, event, instant, message, ms, ticket

MINUTE = 60_000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.at(tmp_path) as made:
        made.source("shop", complete_until="2025-04-01")
        made.write(
            Team(id="g", name="Front"),
            Team(id="h", name="Back"),
            Brand(id="b", name="Toys"),
            Agent(id="ann", email="Ann@x.example", team_id="g"),
            Agent(id="bob", email="bob@x.example"),
            Agent(id="hal", email="hal@x.example", role="bot"),
            chat("1", "2025-03-01 10:00"),
        )
        yield made


def chat(id_: str, at: When, **fields: Any) -> Any:
    known: dict[str, Any] = {"medium": "chat", "channel": "web", "brand_id": "b", "team_id": "h"}
    return ticket(id_, at, **(known | fields))


def session(id_: str, at: When, ticket_id: str = "1", **fields: Any) -> Session:
    known: dict[str, Any] = {"id": id_, "ticket_id": ticket_id, "kind": "chat", "asked_at": instant(at)}
    times = {name: instant(v) if name.endswith("_at") and v is not None else v for name, v in fields.items()}
    return Session(**(known | times))


def rating(id_: str, at: When, label: str, ticket_id: str = "1", **fields: Any) -> SurveyAnswer:
    known: dict[str, Any] = {"id": id_, "ticket_id": ticket_id, "kind": SurveyKind.CSAT, "survey": "chat"}
    return SurveyAnswer(**(known | {"answered_at": instant(at), "label": label} | fields))


def built(store: Store, **where: object) -> Row:
    store.refresh("Europe/Berlin")
    return store.fact("session_facts", **where)


def test_every_column_of_a_session(store: Store) -> None:
    store.write(
        session(
            "s", "2025-03-01 23:30", accepted_at="2025-03-01 23:32", ended_at="2025-03-01 23:50",
            queue_ms=90_000, talk_ms=17 * MINUTE, wrap_up_ms=MINUTE, agent_id="ann", end="completed",
        ),
        message("m1", "1", "2025-03-01 23:30"),
        message("m2", "1", "2025-03-01 23:31", "bot"),
        message("m3", "1", "2025-03-01 23:33", "agent", author_id="bob"),
        message("m4", "1", "2025-03-01 23:50"),
        message("m5", "1", "2025-03-01 23:51", "agent", author_id="ann"),
        message("m6", "1", "2025-03-01 23:40", "agent", author_id="ann", public=False),
        message("m7", "1", "2025-03-01 23:29"),
    )  # fmt: skip
    found = built(store)
    first = store.fact("ticket_facts")
    names = ("source_id", "ticket_id", "source", "connector", "channel", "medium", "brand", "priority")
    about = {name: first[name] for name in (*names, "opened_by", "excluded")}
    assert (about["medium"], about["brand"]) == ("chat", "Toys")
    assert found == about | {
        "session_id": "s",
        "team": "Front",
        "agent": "ann@x.example",
        "kind": "chat",
        "end": "completed",
        "asked_at": ms("2025-03-01 23:30"),
        "asked_day": first["created_day"] + 1,
        "accepted_at": ms("2025-03-01 23:32"),
        "first_human_at": ms("2025-03-01 23:33"),
        "left_at": None,
        "ended_at": ms("2025-03-01 23:50"),
        "wait_ms": 2 * MINUTE,
        "queue_ms": 90_000,
        "talk_ms": 17 * MINUTE,
        "wrap_up_ms": MINUTE,
        "duration_ms": 18 * MINUTE,
        "handle_ms": 18 * MINUTE,
        "left_after_ms": None,
        "customer_messages": 2,
        "human_messages": 1,
        "bot_messages": 1,
        "accepted": 1,
        "missed": 0,
        "rated_bad": 0,
    }
    assert (first["sessions"], first["accepted_sessions"]) == (1, 1)


def test_without_acceptance_the_wait_ends_with_the_first_human_message(store: Store) -> None:
    store.write(
        session("s", "2025-03-01 10:00", ended_at="2025-03-01 10:20"),
        message("m1", "1", "2025-03-01 10:00"),
        message("m2", "1", "2025-03-01 10:05", "agent", author_id="bob"),
        message("m3", "1", "2025-03-01 10:06", "agent", author_id="ann"),
    )
    found = built(store)
    assert (found["wait_ms"], found["duration_ms"], found["end"]) == (5 * MINUTE, 15 * MINUTE, "completed")
    assert (found["agent"], found["team"]) == ("bob@x.example", "Back")  # bob has no team: the ticket's
    assert (found["accepted_at"], found["accepted"]) == (None, 1)


def test_what_an_agent_writes_after_its_end_answers_no_session(store: Store) -> None:
    store.write(
        session("s", "2025-03-01 10:00", ended_at="2025-03-01 10:02", left_at="2025-03-01 10:01"),
        message("m1", "1", "2025-03-01 10:00"),
        message("m2", "1", "2025-03-02 09:00", "agent", author_id="ann"),
    )
    found = built(store)
    assert (found["missed"], found["accepted"], found["end"]) == (1, 0, "abandoned")
    assert (found["wait_ms"], found["duration_ms"], found["handle_ms"]) == (None, None, None)
    assert found["left_after_ms"] == MINUTE
    assert (found["agent"], found["team"], found["human_messages"]) == (None, "Back", 0)
    assert store.fact("ticket_facts")["human_replies"] == 1


def test_messages_belong_to_the_session_that_runs(store: Store) -> None:
    store.write(
        session("a", "2025-03-01 10:00"),
        session("b", "2025-03-01 12:00"),
        message("m1", "1", "2025-03-01 10:00"),
        message("m2", "1", "2025-03-01 10:05", "agent", author_id="ann"),
        message("m3", "1", "2025-03-01 12:00"),
        message("m4", "1", "2025-03-01 12:10"),
    )
    store.refresh()
    rows = [store.fact("session_facts", session_id=name) for name in "ab"]
    assert [(row["customer_messages"], row["human_messages"]) for row in rows] == [(1, 1), (2, 0)]
    first = store.fact("ticket_facts")
    assert (first["sessions"], first["accepted_sessions"]) == (2, 1)


@pytest.mark.parametrize(
    ("fields", "accepted", "missed", "wait"),
    [
        ({"accepted_at": "2025-03-01 10:01", "end": "completed"}, 1, 0, MINUTE),
        ({"end": "completed", "talk_ms": 5 * MINUTE}, 1, 0, None),
        ({"end": "missed"}, 0, 1, None),
        ({"accepted_at": "2025-03-01 10:01", "end": "missed"}, 0, 1, None),
        ({"accepted_at": "2025-03-01 10:01", "agent_id": "hal", "end": "completed"}, 0, 0, None),
        ({"ended_at": "2025-03-01 10:01"}, 0, 1, None),
        ({}, 0, None, None),
    ],
    ids=["accepted", "talked", "missed", "rang only", "by a bot", "ended", "runs"],
)
def test_a_call_is_taken_without_messages(
    store: Store, fields: dict[str, Any], accepted: int, missed: int | None, wait: int | None
) -> None:
    store.write(
        chat("1", "2025-03-01 10:00", medium="phone"), session("s", "2025-03-01 10:00", kind="call", **fields)
    )
    found = built(store)
    assert (found["accepted"], found["missed"], found["wait_ms"]) == (accepted, missed, wait)
    assert store.fact("ticket_facts")["accepted_sessions"] == accepted


def test_nobody_missed_a_customer_whom_an_agent_called_in_vain(store: Store) -> None:
    def call(name: str, **fields: Any) -> Session:
        return session(name, "2025-03-01 10:00", kind="call", ended_at="2025-03-01 10:05", **fields)

    taken = {"end": "completed", "accepted_at": "2025-03-01 10:01", "talk_ms": 4 * MINUTE}
    store.write(
        call("vain", opened_by="agent", agent_id="ann"),
        call("talked", opened_by="agent", agent_id="ann", **taken),
        call("missed", opened_by="customer"),
        call("as the ticket says"),
    )
    store.refresh()
    names = ("end", "missed", "wait_ms", "accepted", "duration_ms", "opened_by")
    found = {row["session_id"]: tuple(row[name] for name in names) for row in store.table("session_facts")}
    assert found == {
        "vain": (None, None, None, 0, None, "agent"),
        "talked": ("completed", None, None, 1, 4 * MINUTE, "agent"),
        "missed": ("missed", 1, None, 0, None, "customer"),
        "as the ticket says": ("missed", 1, None, 0, None, "customer"),
    }
    store.write(chat("1", "2025-03-01 10:00", opened_by="agent"))
    store.refresh()
    rows = {row["session_id"]: row["missed"] for row in store.table("session_facts")}
    assert (rows["as the ticket says"], rows["missed"]) == (None, 1)


def test_a_call_about_an_e_mail_is_held_by_phone(store: Store) -> None:
    store.write(
        chat("2", "2025-03-01 10:00", medium="ticket", channel="email"),
        session("c", "2025-03-01 11:00", "2", kind="call"),
        session("w", "2025-03-01 12:00", "2", kind="chat"),
    )
    store.refresh()
    found = {row["session_id"]: (row["medium"], row["channel"]) for row in store.table("session_facts")}
    assert found == {"c": ("phone", "email"), "w": ("chat", "email")}


def test_a_call_is_handled_for_talk_and_wrap_up(store: Store) -> None:
    call = {
        "kind": "call",
        "accepted_at": "2025-03-01 10:01",
        "ended_at": "2025-03-01 10:11",
        "end": "completed",
    }
    store.write(
        session("talk", "2025-03-01 10:00", **call, talk_ms=8 * MINUTE, wrap_up_ms=3 * MINUTE),
        session("ends", "2025-03-01 10:00", **call, wrap_up_ms=3 * MINUTE),
    )
    store.refresh()
    rows = [store.fact("session_facts", session_id=name) for name in ("talk", "ends")]
    assert [(row["duration_ms"], row["handle_ms"]) for row in rows] == [
        (8 * MINUTE, 11 * MINUTE),
        (10 * MINUTE, 13 * MINUTE),
    ]


def test_a_chat_that_a_bot_solved_is_not_missed(store: Store) -> None:
    store.write(
        chat("1", "2025-03-01 10:00", status="solved", resolved_by="bot"),
        event("e1", "1", "2025-03-01 10:00", "open"),
        event("e2", "1", "2025-03-01 10:10", "solved", "open"),
        session("s", "2025-03-01 10:00", ended_at="2025-03-01 10:10"),
        message("m1", "1", "2025-03-01 10:00"),
        message("m2", "1", "2025-03-01 10:01", "bot"),
    )
    found = built(store)
    assert (found["end"], found["missed"], found["accepted"], found["wait_ms"]) == ("completed", 0, 0, None)


def test_the_word_of_the_source_stands_where_messages_are_withheld(store: Store) -> None:
    ended = {"ended_at": "2025-03-01 10:10", "agent_id": "ann"}
    store.write(
        session("s", "2025-03-01 10:00", **ended, end="completed"), message("m1", "1", "2025-03-01 10:00")
    )
    found = built(store)
    assert (found["missed"], found["accepted"], found["agent"]) == (0, 1, "ann@x.example")


def test_a_ticket_without_messages_is_solved_by_whoever_took_the_call(store: Store) -> None:
    def call(id_: str, end: str) -> list[Any]:
        return [
            chat(id_, "2025-03-01 10:00", medium="phone", status="closed"),
            event(f"{id_}e", id_, "2025-03-01 10:05", "closed", "open"),
            session(f"{id_}s", "2025-03-01 10:00", id_, kind="call", end=end, ended_at="2025-03-01 10:05"),
        ]

    store.write(*call("taken", "completed"), *call("lost", "missed"))
    store.refresh()
    found = {row["ticket_id"]: row["resolved_by"] for row in store.table("ticket_facts")}
    assert (found["taken"], found["lost"]) == ("human", "nobody")


def test_an_answer_rates_the_session_before_it(store: Store) -> None:
    store.write(
        session("a", "2025-03-01 10:00", ended_at="2025-03-01 10:20", end="completed"),
        session("b", "2025-03-02 10:00", ended_at="2025-03-02 10:20", end="completed"),
        rating("r1", "2025-03-01 11:00", "bad"),
        rating("r2", "2025-03-02 11:00", "good", survey="later"),
    )
    store.refresh()
    assert {row["session_id"]: row["rated_bad"] for row in store.table("session_facts")} == {"a": 1, "b": 0}


def test_an_answer_of_another_source_rates_it_too(store: Store) -> None:
    store.write(session("a", "2025-03-01 10:00", ended_at="2025-03-01 10:20", end="completed"))
    surveys = store.source("surveys", complete_until="2025-04-01")
    store.execute("UPDATE sources SET tickets_source_id = 1 WHERE id = ?", surveys)
    store.write(rating("r1", "2025-03-02 11:00", "bad"), source=surveys)
    assert built(store)["rated_bad"] == 1
    store.execute("UPDATE sources SET tickets_source_id = NULL WHERE id = ?", surveys)
    assert built(store)["rated_bad"] == 0
    store.execute("UPDATE sources SET tickets_source_id = 1 WHERE id = ?", surveys)
    assert built(store)["rated_bad"] == 1
    store.write(rating("r1", "2025-03-02 11:00", "bad", deleted_at=instant("2025-03-03")), source=surveys)
    assert built(store)["rated_bad"] == 0


def test_a_rating_that_was_changed_counts_as_it_stands(store: Store) -> None:
    store.write(
        session("a", "2025-03-01 10:00", ended_at="2025-03-01 10:20", end="completed"),
        rating("r1", "2025-03-01 11:00", "bad"),
        rating("r2", "2025-03-01 12:00", "good"),
    )
    assert built(store)["rated_bad"] == 0
    store.write(rating("r3", "2025-03-01 13:00", "bad"))
    assert built(store)["rated_bad"] == 1


def test_sessions_of_a_ticket_that_never_counts_dont_either(store: Store) -> None:
    store.write(chat("1", "2025-03-01 10:00", spam=True), session("s", "2025-03-01 10:00"))
    assert built(store)["excluded"] == "spam"


def test_a_session_has_facts_once_its_ticket_is_there(store: Store) -> None:
    store.write(session("s", "2025-03-01 10:00", "2"))
    store.refresh()
    assert store.table("session_facts") == []
    store.write(chat("2", "2025-03-01 10:00"))
    assert built(store)["ticket_id"] == "2"


def test_a_session_that_moves_takes_its_facts_along(store: Store) -> None:
    store.write(chat("2", "2025-03-01 10:00"), session("s", "2025-03-01 10:00", "1", version=1))
    assert built(store)["ticket_id"] == "1"
    store.write(session("s", "2025-03-01 10:00", "2", version=2))
    assert built(store)["ticket_id"] == "2"
    assert store.fact("ticket_facts", ticket_id="1")["sessions"] == 0


def test_who_took_a_session_is_renamed_with_their_team(store: Store) -> None:
    store.write(session("s", "2025-03-01 10:00", agent_id="ann", accepted_at="2025-03-01 10:01"))
    assert built(store)["team"] == "Front"
    store.write(Team(id="g", name="First line"))
    assert built(store)["team"] == "First line"
    store.write(Agent(id="ann", email="ann@new.example", team_id="g"))
    assert built(store)["agent"] == "ann@new.example"


def test_whoever_took_a_session_is_an_agent_for_good(store: Store) -> None:
    store.write(message("m1", "1", "2025-03-01 10:00", author_id="eve"))
    store.refresh()
    assert store.fact("ticket_facts")["human_replies"] == 0
    store.write(session("s", "2025-03-01 09:59", agent_id="eve"))
    store.refresh()
    assert store.fact("ticket_facts")["human_replies"] == 1


def test_what_came_later_wasnt_known_before(store: Store) -> None:
    store.write(
        event("e1", "1", "2025-03-01 10:00", "open"),
        session(
            "s", "2025-03-01 10:00", accepted_at="2025-03-01 10:10", ended_at="2025-03-01 10:30",
            queue_ms=5 * MINUTE, talk_ms=20 * MINUTE, agent_id="ann", end="completed",
        ),
        rating("r", "2025-03-01 10:40", "bad"),
    )  # fmt: skip
    store.refresh("Europe/Berlin")
    names = ("queue_ms", "accepted_at", "wait_ms", "talk_ms", "end", "missed", "rated_bad")
    seen: dict[str, tuple[object, ...] | None] = {}
    for at in ("09:59", "10:01", "10:06", "10:11", "10:31", "10:41"):
        shadow(store.connection, ms(f"2025-03-01 {at}"))
        rows = store.table("session_facts")
        seen[at] = tuple(rows[0][name] for name in names) if rows else None
        unshadow(store.connection)
    accepted = ms("2025-03-01 10:10")
    whole = (5 * MINUTE, accepted, 10 * MINUTE, 20 * MINUTE, "completed", 0)
    assert seen == {
        "09:59": None,
        "10:01": (None, None, None, None, None, None, 0),
        "10:06": (5 * MINUTE, None, None, None, None, None, 0),
        "10:11": (5 * MINUTE, accepted, 10 * MINUTE, None, None, None, 0),
        "10:31": (*whole, 0),
        "10:41": (*whole, 1),
    }


def test_an_end_of_the_future_is_known_once_its_time_has_come(store: Store) -> None:
    store.complete("2025-03-01 10:20")
    store.write(session("s", "2025-03-01 10:00", ended_at="2025-03-01 10:30", end="missed"))
    assert built(store)["missed"] is None
    store.complete("2025-03-02")
    assert built(store)["missed"] == 1


def test_without_any_end_a_written_result_is_known_at_once(store: Store) -> None:
    store.write(
        session("s", "2025-03-01 10:00", accepted_at="2025-03-01 10:01", agent_id="ann", end="completed"),
        message("m1", "1", "2025-03-01 10:00"),
        message("m2", "1", "2025-03-01 10:30", "agent", author_id="ann"),
    )
    found = built(store)
    assert (found["missed"], found["human_messages"], found["duration_ms"]) == (0, 1, None)
