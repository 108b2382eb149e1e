"""Golden cases: small data, and answers worked out by hand beside them."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest

from deskmetry.metric import REPLIES, TICKETS, Metric
from deskmetry.query import Point, Query, answer
from deskmetry.query.statistics import t_quantile
from deskmetry_metrics.speed import (
    FirstResolutionTime,
    FirstResponseTime,
    ResolutionTime,
    ResponseTime,
    UnansweredRate,
)
from helpers_facts import DAY, HOUR, MINUTE, Desk, desk


@pytest.fixture
def d() -> Iterator[Desk]:
    with desk() as made:
        made.source()
        yield made


def ask(d: Desk, metric: Metric, stat: str | None = None) -> Point:
    return answer(d.connection, Query(metric, since="2026-01", until="2026-04", stat=stat)).total


def answered(minutes: int, **more: object) -> dict[str, object]:
    row: dict[str, object] = {"created_at": "2026-01-05T00:00", "first_customer_at": "2026-01-05T00:00"}
    return row | {"first_response_ms": minutes * MINUTE, "first_replied_at": 0, "human_replies": 1} | more


def test_first_response_time_leaves_out_what_is_no_response_to_a_customer(d: Desk) -> None:
    d.add(TICKETS, *(answered(minutes) for minutes in (10, 20, 40, 100)))
    d.add(
        TICKETS,
        answered(1, opened_by="agent"),
        answered(1, excluded="spam"),
        {"created_at": "2026-01-05T00:00"},
        {"created_at": "2026-01-05T00:00", "reply_elsewhere": 1},
        {"created_at": "2026-01-05T00:00", "customer_messages": 0},
        answered(1, created_at="2026-04-01T00:00"),  # after the period
    )
    point = ask(d, FirstResponseTime())
    # Median of 10, 20, 40, 100 minutes: halfway between 20 and 40.
    assert (point.value, point.n, point.interval, point.thin) == (30 * MINUTE, 4, None, True)
    assert point.left_out == {
        "spam": 1,
        "opened by an agent": 1,
        "no customer message": 1,
        "answered outside the source": 1,
        "not answered as of now": 1,
    }
    # p90: rank 0.9 * 3 = 2.7, so 40 + 0.7 * (100 - 40) = 82. Mean: 170 / 4 = 42.5.
    assert ask(d, FirstResponseTime(), "p90").value == 82 * MINUTE
    assert ask(d, FirstResponseTime(), "max").value == 100 * MINUTE
    mean = ask(d, FirstResponseTime(), "mean")
    assert mean.value == 42.5 * MINUTE
    # Squares of -32.5, -22.5, -2.5, 57.5: 1056.25 + 506.25 + 6.25 + 3306.25 = 4875; s = sqrt(4875 / 3).
    half = t_quantile(0.975, 3) * math.sqrt(4875 / 3 / 4)
    assert half > 42.5  # so it is cut at 0
    assert mean.interval is not None
    assert mean.interval.low == 0
    assert mean.interval.high == pytest.approx((42.5 + half) * MINUTE, abs=1)


def test_the_median_of_six_has_an_interval_from_the_first_to_the_last(d: Desk) -> None:
    d.add(TICKETS, *(answered(minutes) for minutes in (1, 2, 3, 4, 5, 60)))
    point = ask(d, FirstResponseTime())
    assert point.value == 3.5 * MINUTE
    assert point.interval is not None
    assert (point.interval.low, point.interval.high) == (1 * MINUTE, 60 * MINUTE)


def test_response_time_is_by_reply_and_its_mean_is_clustered_by_ticket(d: Desk) -> None:
    turns = [("a", 0, 10), ("a", 1, 20), ("a", 2, 30), ("b", 0, 60), ("c", 0, 20)]
    d.add(
        REPLIES,
        *(
            {
                "ticket_id": ticket,
                "turn": turn,
                "asked_at": "2026-01-05T00:00",
                "replied_at": "2026-01-05T02:00",
                "response_ms": minutes * MINUTE,
            }
            for ticket, turn, minutes in turns
        ),
        {"ticket_id": "d", "asked_at": "2026-01-05T00:00"},  # unanswered: no response yet
        {"ticket_id": "e", "replied_at": "2026-01-05T02:00", "response_ms": 1, "opened_by": "agent"},
    )
    point = ask(d, ResponseTime(), "mean")
    # (10 + 20 + 30 + 60 + 20) / 5 = 28
    assert (point.value, point.n, point.left_out) == (28 * MINUTE, 5, {"opened by an agent": 1})
    # Totals 60, 60, 20 of 3, 1, 1 replies: 60 - 84 = -24, 60 - 28 = 32, 20 - 28 = -8.
    half = t_quantile(0.975, 2) * math.sqrt((24**2 + 32**2 + 8**2) * 3 / 2) / 5
    assert point.interval is not None
    assert point.interval.high == pytest.approx((28 + half) * MINUTE, abs=1)
    assert ask(d, ResponseTime()).value == 20 * MINUTE


def test_resolution_times_differ_after_a_reopening(d: Desk) -> None:
    d.add(
        TICKETS,
        {
            "created_at": "2026-01-01T00:00",
            "first_solved_at": "2026-01-02T00:00",
            "first_resolution_ms": DAY,
            "solved_at": "2026-01-11T00:00",
            "resolution_ms": 10 * DAY,
        },
        {  # reopened and not solved again: it had a first solve, it has no last one
            "created_at": "2026-01-01T00:00",
            "first_solved_at": "2026-01-04T00:00",
            "first_resolution_ms": 3 * DAY,
        },
    )
    first, last = ask(d, FirstResolutionTime(), "mean"), ask(d, ResolutionTime(), "mean")
    assert (first.value, first.n) == (2 * DAY, 2)  # (1 + 3) / 2
    assert (last.value, last.n) == (10 * DAY, 1)


def test_unanswered_rate_gives_every_ticket_its_grace(d: Desk) -> None:
    created = {"created_at": "2026-01-05T00:00"}
    d.add(TICKETS, *(created | {"human_replies": replies} for replies in (0, 1, 2, 1)))
    d.add(
        TICKETS,
        created | {"resolved_by": "bot"},
        created | {"opened_by": "agent"},
        created | {"customer_messages": 0},
        created | {"reply_elsewhere": 1},
        {"created_at": "2026-03-31T00:00"},  # a day old as of April 1st, just enough
        {"created_at": "2026-03-31T00:01"},
        {"created_at": "2026-03-31T12:00", "human_replies": 1},  # answered, but as young
    )
    point = ask(d, UnansweredRate())
    assert (point.value, point.n) == (2 / 5, 5)
    assert point.left_out == {
        "opened by an agent": 1,
        "no customer message": 1,
        "answered outside the source": 1,
        "solved by a bot": 1,
        "younger than the grace": 2,
    }
    assert not point.mature
    # With half a day's grace the one from 00:01 counts, and the one from noon, twelve hours old.
    assert ask(d, UnansweredRate.model_validate({"grace": "12h"})).value == 3 / 7
    assert UnansweredRate().bound() == {"grace": 24 * HOUR}
