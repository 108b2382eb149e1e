"""Golden cases of what solving takes, from records to answers, by hand arithmetic."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from deskmetry.metric import Metric
from deskmetry.query import Query, answer
from deskmetry.records import Agent, Team
from deskmetry.records.kinds import EventKind
from deskmetry_metrics.effort import (
    BotResolutionRate,
    OneTouchRate,
    ReopenRate,
    RepliesPerResolution,
    TransferRate,
)
from deskmetry_metrics.speed import AgentWaitTime, FirstResolutionTime, OnHoldTime, RequesterWaitTime
from deskmetry_metrics.volume import TagShare
from helpers_store import Store, event, message, ticket

MINUTE = 60_000
HAS = '{"status_history":"reported","tags":true}'


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Make seven tickets of January, known until March."""
    with Store.at(tmp_path) as made:
        made.source("shop", complete_until="2026-03-01", capabilities=HAS)
        made.write(
            *(Team(id=name, name=name.upper()) for name in "ab"),
            *(Agent(id=name, email=f"{name}@x.example") for name in ("ann", "bob")),
            # 1: one reply, solved after half an hour of waiting for us and an hour for the customer.
            ticket("1", "2026-01-10 09:00", status="solved", team_id="a", tags=["refund"]),
            message("1a", "1", "2026-01-10 09:00"),
            message("1b", "1", "2026-01-10 09:30", by="agent", author_id="ann"),
            event("1e1", "1", "2026-01-10 09:00", "new"),
            event("1e2", "1", "2026-01-10 09:10", "open", "new"),
            event("1e3", "1", "2026-01-10 09:30", "pending", "open"),
            event("1e4", "1", "2026-01-10 10:30", "solved", "pending"),
            # 2: two agents, an hour each new, on hold and open; reopened and pending for another hour.
            ticket("2", "2026-01-12 09:00", status="closed", team_id="a", tags=["refund", "late"]),
            message("2a", "2", "2026-01-12 09:00"),
            message("2b", "2", "2026-01-12 10:00", by="agent", author_id="ann"),
            message("2c", "2", "2026-01-12 12:00", by="agent", author_id="bob"),
            event("2e1", "2", "2026-01-12 09:00", "new"),
            event("2e2", "2", "2026-01-12 10:00", "on_hold", "new"),
            event("2e3", "2", "2026-01-12 11:00", "open", "on_hold"),
            event("2e4", "2", "2026-01-12 12:00", "solved", "open"),
            event("2e5", "2", "2026-01-20 09:00", "pending", "solved"),
            event("2e6", "2", "2026-01-20 10:00", "solved", "pending"),
            event("2e7", "2", "2026-01-25 10:00", "closed", "solved"),
            # 3: a bot answers and it is solved five minutes later.
            ticket("3", "2026-01-13 09:00", status="solved"),
            message("3a", "3", "2026-01-13 09:00"),
            message("3b", "3", "2026-01-13 09:01", by="bot"),
            event("3e1", "3", "2026-01-13 09:05", "solved", "new"),
            # 4: two teams; solved, and reopened 36 days later.
            ticket("4", "2026-01-14 09:00", status="open", team_id="b"),
            message("4a", "4", "2026-01-14 09:00"),
            message("4b", "4", "2026-01-14 10:00", by="agent", author_id="ann"),
            event("4e1", "4", "2026-01-14 09:30", "b", "a", kind=EventKind.TEAM),
            event("4e2", "4", "2026-01-15 12:00", "solved", "open"),
            event("4e3", "4", "2026-02-20 12:00", "open", "solved"),
            # 5: a chat, and 6: solved without a word, nobody knows how it came about.
            ticket("5", "2026-01-16 09:00", status="solved", medium="chat"),
            message("5a", "5", "2026-01-16 09:00"),
            message("5b", "5", "2026-01-16 09:01", by="agent", author_id="bob"),
            event("5e1", "5", "2026-01-16 09:30", "solved", "new"),
            ticket("6", "2026-01-18 09:00", status="solved", updated_at="2026-01-19 09:00"),
            # 7: never counts.
            ticket("7", "2026-01-18 09:00", status="solved", spam=True, updated_at="2026-01-19 09:00"),
        )
        made.refresh()
        yield made


def january(metric: Metric, **more: Any) -> Query:
    return Query(metric, since="2026-01", until="2026-02", **more)


@pytest.mark.parametrize(
    ("metric", "stat", "value", "n", "left_out"),
    [
        # 1 of 1 and 2; 4 isn't solved
        (OneTouchRate(), None, 1 / 2, 2, {"a chat or call of which no session is known": 1}),
        (RepliesPerResolution(), None, 4 / 5, 5, {"spam": 1}),  # 1 + 2 + 0 + 1 + 0
        (BotResolutionRate(), None, 1 / 5, 5, {"spam": 1}),  # 3
        (TransferRate(), None, 2 / 6, 6, {"spam": 1}),  # 2 by agents, 4 by teams
        (ReopenRate(), None, 1 / 6, 6, {"spam": 1}),  # 2; 4 came back after 36 days
        (ReopenRate(window=timedelta(days=36)), None, 2 / 6, 6, {"spam": 1}),  # just within
        (ReopenRate(window=timedelta(days=36, milliseconds=-1)), None, 1 / 6, 6, {"spam": 1}),
        # 45 days before March 1st is January 15th: 4, 5 and 6 were solved after it.
        (
            ReopenRate(window=timedelta(days=45)),
            None,
            1 / 3,
            3,
            {"solved less than the window ago": 3, "spam": 1},
        ),
        # 30, 180, 5 and 30 minutes
        (RequesterWaitTime(), None, 30 * MINUTE, 4, {"no history of its status": 1, "spam": 1}),
        (RequesterWaitTime(), "mean", 61.25 * MINUTE, 4, {"no history of its status": 1, "spam": 1}),
        # 60, 60, 0 and 0 minutes
        (AgentWaitTime(), "mean", 30 * MINUTE, 4, {"no history of its status": 1, "spam": 1}),
        # 0, 60, 0 and 0 minutes
        (OnHoldTime(), "mean", 15 * MINUTE, 4, {"no history of its status": 1, "spam": 1}),
        (OnHoldTime(), None, 0, 4, {"no history of its status": 1, "spam": 1}),
    ],
    ids=lambda value: value.name if isinstance(value, Metric) else "",
)
def test_every_kpi_from_records(
    store: Store, metric: Metric, stat: str | None, value: float, n: int, left_out: dict[str, int]
) -> None:
    total = answer(store.connection, january(metric, stat=stat)).total
    assert (total.value, total.n, total.left_out) == (value, n, left_out)


def test_the_share_of_each_tag_is_one_of_all_tickets(store: Store) -> None:
    points = answer(store.connection, january(TagShare())).points
    assert {p.dimensions["tag"]: (p.value, p.n) for p in points} == {
        "refund": (2 / 6, 6),
        "late": (1 / 6, 6),
        "(none)": (4 / 6, 6),
    }
    late = answer(store.connection, january(TagShare(), where=("tag=late",))).total
    assert (late.value, late.n) == (1 / 6, 6)


def test_reopening_is_the_team_of_the_first_solve(store: Store) -> None:
    # 4 was handed to b before its first solve, and isn't solved now.
    points = answer(store.connection, january(ReopenRate(window=timedelta(days=36)), by=("team",))).points
    assert {p.dimensions["team"]: (p.value, p.n) for p in points} == {
        "A": (1 / 2, 2),
        "B": (1, 1),
        "(none)": (0, 3),
    }
    first = answer(store.connection, january(FirstResolutionTime(), by=("team",), stat="max")).points
    assert {p.dimensions["team"]: p.value for p in first}["B"] == 27 * 60 * MINUTE


def test_an_earlier_as_of_knows_the_first_solve_only(store: Store) -> None:
    # On January 15th, 1, 2 and 3 were solved: 2 wasn't pending yet.
    then = answer(store.connection, january(AgentWaitTime(), stat="mean", as_of="2026-01-15"))
    assert (then.total.value, then.total.n) == (20 * MINUTE, 3)
    now = answer(store.connection, january(AgentWaitTime(), stat="mean"))
    assert (now.total.value, now.total.n) == (30 * MINUTE, 4)


def test_a_bucket_whose_tickets_could_still_be_reopened_is_not_mature(store: Store) -> None:
    points = answer(
        store.connection, Query(ReopenRate(), since="2026-01", until="2026-03", by=("month",))
    ).points
    assert [p.mature for p in points] == [False, False]  # January ends 29 days before March 1st
    early = answer(store.connection, january(ReopenRate(window=timedelta(days=28))))
    assert early.total.mature


@pytest.mark.parametrize(
    "metric",
    [
        *(OneTouchRate(), RepliesPerResolution(), BotResolutionRate(), TransferRate(), ReopenRate()),
        *(RequesterWaitTime(), AgentWaitTime(), OnHoldTime(), TagShare()),
    ],
    ids=lambda metric: metric.name,
)
def test_every_kpi_answers_by_source(store: Store, metric: Metric) -> None:
    points = answer(store.connection, january(metric, by=("source",))).points
    assert {p.dimensions["source"] for p in points} == {"shop"}
