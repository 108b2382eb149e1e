"""Golden cases of what customers say, from records to answers, by hand arithmetic."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deskmetry.metric import Metric
from deskmetry.query import Query, answer, tickets
from deskmetry.query.statistics import Z, wilson
from deskmetry.records import Agent, SurveyAnswer, SurveyOffer
from deskmetry_metrics.satisfaction import Csat, CsatResponseRate, Nps
from helpers_store import Store, When, instant, ticket


def offer(ticket_id: str, at: When, kind: str = "csat", **fields: Any) -> SurveyOffer:
    known: dict[str, Any] = {"id": f"{kind}{ticket_id}", "ticket_id": ticket_id, "kind": kind}
    return SurveyOffer(**(known | {"offered_at": instant(at)} | fields))


def reply(id_: str, ticket_id: str, at: When, kind: str = "csat", **fields: Any) -> SurveyAnswer:
    known: dict[str, Any] = {"id": id_, "ticket_id": ticket_id, "kind": kind}
    return SurveyAnswer(**(known | {"answered_at": instant(at)} | fields))


def points(score: float, maximum: float = 5, minimum: float = 1) -> dict[str, Any]:
    return {"score": score, "scale_min": minimum, "scale_max": maximum}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Make a source, known until March 1st, in which nobody was asked yet."""
    with Store.at(tmp_path) as made:
        made.source("shop", complete_until="2026-03-01", capabilities='{"ratings":true}')
        made.write(
            *(Agent(id=name, name=name.capitalize(), email=f"{name}@x.example") for name in ("ann", "bob")),
            *(ticket(str(number), "2026-01-05", assignee_id="bob") for number in range(20)),
            ticket("spam", "2026-01-05", spam=True),
        )
        yield made


def asked(store: Store, metric: Metric, **more: Any) -> Any:
    store.refresh()
    return answer(store.connection, Query(metric, since="2026-01", until="2026-03", **more))


def rate(store: Store) -> None:
    store.write(
        reply("a1", "1", "2026-01-10", label="good", agent_id="ann"),
        reply("a2", "2", "2026-01-10", label="bad"),
        reply("a2 again", "2", "2026-02-03", label="good"),
        reply("a3", "3", "2026-01-11", **points(3), agent_id="ann"),
        reply("a4", "4", "2026-01-12", **points(4)),
        reply("a5", "5", "2026-01-13", label="fine"),
        reply("a6", "spam", "2026-01-13", label="good"),
        reply("a7", "7", "2026-01-13", "nps", **points(10, 10, 0)),
        reply("a8", "8", "2026-03-01", label="bad"),  # not known as of March 1st
    )


def test_csat_counts_the_satisfied_among_the_latest_answers(store: Store) -> None:
    rate(store)
    total = asked(store, Csat()).total
    # Good: 1, and 2 in the end; four of five: 4. Three of five: 3.
    assert (total.value, total.n) == (3 / 4, 4)
    assert total.left_out == {"on no known scale": 1, "spam": 1}
    assert (total.interval.low, total.interval.high) == wilson(3, 4)


def test_csat_is_of_the_month_of_the_answer_and_as_of_its_time(store: Store) -> None:
    rate(store)
    months = asked(store, Csat(), by=("month",)).points
    assert [(p.value, p.n) for p in months] == [(2 / 3, 3), (1, 1)]  # 1 and 4 of 1, 3, 4; then 2
    before = asked(store, Csat(), as_of="2026-02-01").total
    assert (before.value, before.n) == (2 / 4, 4)  # 2 was bad still


def test_csat_by_agent_is_of_whom_it_rates(store: Store) -> None:
    rate(store)
    found = {p.dimensions["agent"]: (p.value, p.n) for p in asked(store, Csat(), by=("agent",)).points}
    # Ann: 1 and 3. Bob: 2 and 4, which name nobody, so they are about the ticket's. Nobody: the spam.
    assert found == {"Ann": (1 / 2, 2), "Bob": (1, 2), "(none)": (None, 0)}
    behind = tickets(store.connection, Query(Csat(), since="2026-01", until="2026-03"))
    assert [(row.ticket, row.value) for row in behind] == [("2", 1), ("4", 1), ("3", 0), ("1", 1)]


def test_response_rate_is_of_the_surveys_offered_more_than_a_week_ago(store: Store) -> None:
    store.write(
        offer("1", "2026-01-10"),
        offer("2", "2026-01-10"),
        offer("3", "2026-01-10"),
        offer("4", "2026-02-21 23:59:59"),  # a second more than a week
        offer("5", "2026-02-22"),  # a week, not more
        offer("6", "2026-02-23"),
        offer("7", "2026-01-10", "nps"),
        offer("spam", "2026-01-10"),
        reply("a1", "1", "2026-01-11", label="good"),
        reply("a2", "2", "2026-01-31", label="bad"),
        reply("a2 again", "2", "2026-02-01", label="good"),  # one offer, answered once
        reply("a6", "6", "2026-02-23", label="good"),
        reply("a9", "9", "2026-02-01", label="good"),  # nobody asked
    )
    total = asked(store, CsatResponseRate()).total
    assert (total.value, total.n) == (2 / 4, 4)  # 1 and 2 of 1 to 4
    assert total.left_out == {"younger than the grace": 2, "spam": 1}
    then = asked(store, CsatResponseRate(), as_of="2026-01-20").total
    assert (then.value, then.n) == (1 / 3, 3)  # 2 hadn't answered yet
    months = asked(store, CsatResponseRate(), by=("month",)).points
    assert [p.mature for p in months] == [True, False]


def test_nps_is_promoters_less_detractors_in_points(store: Store) -> None:
    scores = [10, 10, 9, 9, 9, 8, 7, 7, 6, 0]
    store.write(
        *(
            reply(f"a{n}", str(n), "2026-01-10", "nps", **points(score, 10, 0))
            for n, score in enumerate(scores)
        ),
        reply("five", "15", "2026-01-10", "nps", **points(5)),
        reply("csat", "16", "2026-01-10", **points(5)),
        reply("spam", "spam", "2026-01-10", "nps", **points(0, 10, 0)),
    )
    total = asked(store, Nps()).total
    assert (total.value, total.unit, total.n) == (30, "points", 10)  # 5 less 2 of 10
    assert total.left_out == {"on another scale than 0 to 10": 1, "spam": 1}
    # Of 13: 5.75 and 2.75. Score 3 / 13, variance 8.5 / 13 - 9 / 169 = 101.5 / 169.
    half = 100 * Z * math.sqrt(101.5 / 169 / 13)
    assert (total.interval.low, total.interval.high) == pytest.approx((300 / 13 - half, 300 / 13 + half))
    assert (total.interval.low, total.interval.high) == pytest.approx((-19.05, 65.20), abs=0.01)


@pytest.mark.parametrize(("score", "value"), [(10, 100), (8, 0), (0, -100)])
def test_nps_of_one_answer_lies_in_its_interval(store: Store, score: float, value: float) -> None:
    store.write(reply("a", "1", "2026-01-10", "nps", **points(score, 10, 0)))
    total = asked(store, Nps()).total
    assert (total.value, total.n) == (value, 1)
    assert -100 <= total.interval.low <= value <= total.interval.high <= 100


@pytest.mark.parametrize("metric", [Csat(), CsatResponseRate(), Nps()], ids=lambda metric: metric.name)
def test_nobody_asked_is_no_number(store: Store, metric: Metric) -> None:
    total = asked(store, metric, by=("source",)).total
    assert (total.value, total.n, total.reason) == (None, 0, "nothing to measure")


def test_a_source_without_ratings_is_named(store: Store) -> None:
    store.source("mail", complete_until="2026-03-01", capabilities='{"ratings":false}')
    rate(store)
    found = asked(store, Csat(), by=("source",))
    assert {p.dimensions["source"]: p.value for p in found.points} == {"shop": 3 / 4}
    assert any("mail" in warning and "ratings" in warning for warning in found.warnings)
