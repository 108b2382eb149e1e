"""Facts of surveys: which offers were answered, which answers count, and what they say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deskmetry.facts import shadow
from deskmetry.records import Agent, SurveyAnswer, SurveyOffer, Team
from deskmetry.records.kinds import SurveyKind
from helpers_store import Store, When, instant, ms, ticket


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.at(tmp_path) as made:
        made.source("shop", complete_until="2025-04-01")
        made.write(
            Team(id="g", name="Front"),
            Agent(id="ann", email="Ann@x.example", team_id="g"),
            Agent(id="bob", email="bob@x.example"),
            ticket("1", "2025-03-01", channel="email", assignee_id="bob", team_id="other"),
        )
        yield made


def offer(id_: str, at: When, ticket_id: str | None = "1", **fields: Any) -> SurveyOffer:
    known: dict[str, Any] = {"id": id_, "ticket_id": ticket_id, "kind": SurveyKind.CSAT, "survey": "after"}
    return SurveyOffer(**(known | {"offered_at": instant(at)} | fields))


def reply(id_: str, at: When, ticket_id: str | None = "1", **fields: Any) -> SurveyAnswer:
    known: dict[str, Any] = {"id": id_, "ticket_id": ticket_id, "kind": SurveyKind.CSAT, "survey": "after"}
    return SurveyAnswer(**(known | {"answered_at": instant(at)} | fields))


def counted(store: Store) -> list[str]:
    return [row["answer_id"] for row in store.table("answer_facts")]


def answered(store: Store) -> dict[str, int | None]:
    return {row["offer_id"]: row["answered_at"] for row in store.table("offer_facts")}


def test_every_column_of_an_answer_and_its_offer(store: Store) -> None:
    store.write(
        offer("o", "2025-03-02 23:30", agent_id="ann"),
        reply("a", "2025-03-03 23:30", agent_id="ann", score=4, scale_min=1, scale_max=5, label="4"),
    )
    store.refresh("Europe/Berlin")
    first = store.fact("ticket_facts")
    about = {name: first[name] for name in ("source_id", "ticket_id", "source", "connector", "channel")}
    about |= {name: first[name] for name in ("medium", "brand", "priority", "opened_by", "excluded")}
    about |= {"team": "Front", "agent": "ann@x.example", "kind": "csat", "survey": "after"}
    about |= {name: first[name] for name in ("organization", "language", "segment", "country")}
    about |= {"subject": "ticket:1", "ticket_source_id": 1}
    day = first["created_day"]
    assert store.fact("offer_facts") == about | {
        "offer_id": "o",
        "offered_at": ms("2025-03-02 23:30"),
        "offered_day": day + 2,
        "answered_at": ms("2025-03-03 23:30"),
    }
    assert store.fact("answer_facts") == about | {
        "answer_id": "a",
        "aspect": None,
        "label": "4",
        "score": 0.75,
        "offered_at": None,
        "answered_at": ms("2025-03-03 23:30"),
        "answered_day": day + 3,
        "satisfied": 1,
        "promoter": None,
        "detractor": None,
    }


def test_without_a_rated_agent_they_are_the_tickets(store: Store) -> None:
    store.write(offer("o", "2025-03-02"), reply("a", "2025-03-03"))
    store.refresh()
    for name in ("offer_facts", "answer_facts"):
        row = store.fact(name)
        assert (row["agent"], row["team"]) == ("bob@x.example", "other")


@pytest.mark.parametrize(
    ("kind", "fields", "satisfied", "promoter", "detractor"),
    [
        ("csat", {"label": "Good "}, 1, None, None),
        ("csat", {"label": "bad", "score": 5, "scale_min": 1, "scale_max": 5}, 0, None, None),
        ("csat", {"score": 4, "scale_min": 1, "scale_max": 5}, 1, None, None),  # top two of five
        ("csat", {"score": 3, "scale_min": 1, "scale_max": 5}, 0, None, None),
        ("csat", {"score": 1, "scale_min": 0, "scale_max": 1}, 1, None, None),  # the one top of two
        ("csat", {"score": 0, "scale_min": 0, "scale_max": 1}, 0, None, None),
        ("csat", {"score": 2, "scale_min": 1, "scale_max": 3}, 0, None, None),  # floor(1.2): one of three
        ("csat", {"score": 3, "scale_min": 1, "scale_max": 4}, 0, None, None),  # floor(1.6): one of four
        ("csat", {"score": 6, "scale_min": 1, "scale_max": 7}, 1, None, None),  # floor(2.8): two of seven
        ("csat", {"score": 5, "scale_min": 1, "scale_max": 7}, 0, None, None),
        ("csat", {"score": 7, "scale_min": 1, "scale_max": 10}, 1, None, None),  # four of ten
        ("csat", {"score": 6, "scale_min": 1, "scale_max": 10}, 0, None, None),
        ("csat", {"score": 5}, None, None, None),  # of how many?
        ("csat", {"score": 6, "scale_min": 1, "scale_max": 5}, None, None, None),
        ("csat", {"score": 1, "scale_min": 1, "scale_max": 1}, None, None, None),
        ("csat", {"label": "fine"}, None, None, None),
        ("nps", {"score": 9, "scale_min": 0, "scale_max": 10}, None, 1, 0),
        ("nps", {"score": 8, "scale_min": 0, "scale_max": 10}, None, 0, 0),
        ("nps", {"score": 7}, None, 0, 0),  # 0 to 10 is what the score is defined on
        ("nps", {"score": 6, "scale_min": 0, "scale_max": 10}, None, 0, 1),
        ("nps", {"score": 5, "scale_min": 1, "scale_max": 5}, None, None, None),
        ("nps", {"score": 11}, None, None, None),
        ("nps", {}, None, None, None),
        ("ces", {"score": 7, "scale_min": 1, "scale_max": 7}, None, None, None),
    ],
)
def test_what_an_answer_says(
    store: Store,
    kind: str,
    fields: dict[str, Any],
    satisfied: int | None,
    promoter: int | None,
    detractor: int | None,
) -> None:
    store.write(reply("a", "2025-03-03", kind=kind, **fields))
    store.refresh()
    row = store.fact("answer_facts")
    assert (row["satisfied"], row["promoter"], row["detractor"]) == (satisfied, promoter, detractor)


def test_of_each_ticket_survey_and_aspect_the_latest_answer_counts(store: Store) -> None:
    store.write(
        ticket("2", "2025-03-01"),
        reply("a1", "2025-03-03"),
        reply("a2", "2025-03-05"),
        reply("a3", "2025-03-04"),
        reply("other ticket", "2025-03-02", "2"),
        reply("other survey", "2025-03-02", survey="spring"),
        reply("no survey", "2025-03-02", survey=None),
        reply("no survey, later", "2025-03-03", survey=None),
        reply("other kind", "2025-03-02", kind="nps"),
        reply("tone", "2025-03-02", kind="quality", aspect="tone"),
        reply("speed", "2025-03-02", kind="quality", aspect="speed"),
    )
    store.refresh()
    assert set(counted(store)) == {
        *("a2", "other ticket", "other survey", "no survey, later", "other kind", "tone", "speed")
    }


def test_of_answers_at_one_instant_the_longer_id_is_later(store: Store) -> None:
    store.write(reply("9", "2025-03-03"), reply("10", "2025-03-03"))
    store.refresh()
    assert counted(store) == ["10"]


def test_a_superseded_answer_does_not_count(store: Store) -> None:
    store.write(
        reply("a", "2025-03-05", superseded_by="b"),  # its instant is later, but the vendor knows better
        reply("b", "2025-03-04"),
        reply("c", "2025-03-05", survey="spring", superseded_by="gone"),
    )
    store.refresh()
    assert counted(store) == ["b"]


def test_before_the_answer_that_supersedes_it_an_answer_counted(store: Store) -> None:
    store.write(reply("a", "2025-03-05", superseded_by="b"), reply("b", "2025-03-10", survey="spring"))
    store.refresh()
    assert counted(store) == ["b"]
    shadow(store.connection, ms("2025-03-10"))
    assert counted(store) == ["a"]
    shadow(store.connection, ms("2025-03-05"))
    assert counted(store) == []


def test_an_answer_belongs_to_the_last_offer_before_it(store: Store) -> None:
    store.write(
        offer("1", "2025-03-02"),
        offer("2", "2025-03-04"),
        offer("3", "2025-03-06"),
        offer("other survey", "2025-03-02", survey=None),
        offer("other kind", "2025-03-02", kind="nps"),
        reply("early", "2025-03-01 12:00"),
        reply("a", "2025-03-05"),
        reply("b", "2025-03-05 12:00"),
    )
    store.refresh()
    assert answered(store) == {
        "1": None,
        "2": ms("2025-03-05"),
        "3": None,
        "other survey": None,
        "other kind": None,
    }


def test_an_answer_at_the_instant_of_the_offer_is_one(store: Store) -> None:
    store.write(offer("1", "2025-03-02"), reply("a", "2025-03-02"))
    store.refresh()
    assert answered(store) == {"1": ms("2025-03-02")}


def test_an_offer_was_unanswered_before_its_answer(store: Store) -> None:
    store.write(offer("1", "2025-03-02"), reply("a", "2025-03-05"))
    store.refresh()
    shadow(store.connection, ms("2025-03-05"))
    assert answered(store) == {"1": None}
    shadow(store.connection, ms("2025-03-02"))
    assert answered(store) == {}


def test_a_deleted_answer_never_counts_again(store: Store) -> None:
    store.write(
        offer("o", "2025-03-02"),
        reply("a1", "2025-03-03"),
        reply("a2", "2025-03-04", deleted_at=instant("2025-03-10")),
    )
    store.refresh()
    assert counted(store) == ["a1"]
    store.write(reply("a2", "2025-03-04"), reply("a1", "2025-03-03", deleted_at=instant("2025-03-11")))
    store.refresh()
    assert (counted(store), answered(store)) == ([], {"o": None})
    shadow(store.connection, ms("2025-03-11"))
    assert (counted(store), answered(store)) == (["a1"], {"o": ms("2025-03-03")})
    shadow(store.connection, ms("2025-03-10"))
    assert (counted(store), answered(store)) == (["a2"], {"o": ms("2025-03-03")})


def test_an_answer_that_will_be_deleted_counts_until_then(store: Store) -> None:
    store.write(reply("a", "2025-03-03", deleted_at=instant("2025-04-02")))
    store.refresh()
    assert counted(store) == ["a"]
    store.complete("2025-04-03")
    assert store.refresh().surveys == 0
    assert counted(store) == []


def test_answers_about_excluded_tickets_say_why(store: Store) -> None:
    store.write(
        ticket("spam", "2025-03-01", spam=True), offer("o", "2025-03-02", "spam"), reply("a", 0, "spam")
    )
    store.refresh()
    assert store.fact("offer_facts")["excluded"] == store.fact("answer_facts")["excluded"] == "spam"


def test_a_survey_of_the_future_counts_once_its_time_has_come(store: Store) -> None:
    store.write(offer("o", "2025-04-02"), reply("a", "2025-04-04"))
    store.refresh()
    assert (counted(store), answered(store)) == ([], {})
    store.complete("2025-04-03")
    assert store.refresh().surveys == 1
    assert (counted(store), answered(store)) == ([], {"o": None})
    store.complete("2025-04-05")
    assert store.refresh().surveys == 2
    assert (counted(store), answered(store)) == (["a"], {"o": ms("2025-04-04")})


def test_a_rated_agents_new_address_and_team_reach_the_facts(store: Store) -> None:
    store.write(offer("o", "2025-03-02", agent_id="ann"), reply("a", "2025-03-03", agent_id="ann"))
    store.refresh()
    store.write(Team(id="g", name="Back"))
    assert store.refresh().surveys == 2
    assert store.fact("answer_facts")["team"] == store.fact("offer_facts")["team"] == "Back"
    store.write(Agent(id="ann", email="ann@new.example", team_id="g"))
    assert store.refresh().surveys == 2
    assert store.fact("answer_facts")["agent"] == store.fact("offer_facts")["agent"] == "ann@new.example"
