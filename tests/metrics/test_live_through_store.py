"""Golden cases of chats and calls, from records to answers by hand arithmetic; KPIs over their facts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest

from deskmetry.metric import SESSIONS, Count, Direction, Duration, Metric, Ratio, Share, Sum, check_metric
from deskmetry.query import Point, Query, answer
from deskmetry.records import Agent, Record, Session, SurveyAnswer
from deskmetry_metrics.effort import BotResolutionRate, OneTouchRate
from deskmetry_metrics.speed import FirstResponseTime, UnansweredRate
from deskmetry_metrics.volume import TicketVolume
from helpers_store import Store, event, instant, message, ticket

SECOND, MINUTE = 1_000, 60_000


def live(id_: str, medium: str, status: str = "closed", **fields: Any) -> list[Record]:
    """Return a ticket of January 10th, 10:00, closed at 10:30."""
    return [
        ticket(id_, "2026-01-10 10:00", medium=medium, channel=medium, status=status, **fields),
        event(f"{id_}e", id_, "2026-01-10 10:30", status, "open"),
    ]


def session(ticket_id: str, name: str = "s", at: str = "10:00:00", **fields: Any) -> Session:
    """Return a session; instants are times of January 10th."""
    times = {name: _at(value) if name.endswith("_at") else value for name, value in fields.items()}
    kind = "call" if ticket_id.startswith("call") else "chat"
    return Session(id=f"{ticket_id}{name}", ticket_id=ticket_id, kind=kind, asked_at=_at(at), **times)


def said(ticket_id: str, at: str, by: str = "customer") -> Record:
    return message(
        f"{ticket_id}{by}{at}", ticket_id, f"2026-01-10 {at}", by, author_id="ann" if by == "agent" else None
    )


def _at(time: str) -> Any:
    return instant(f"2026-01-10 {time}")


def chats() -> list[Record]:
    return [
        # Two questions and two answers; rated good.
        *live("chat-talk", "chat"),
        session("chat-talk", ended_at="10:20:00", end="completed"),
        said("chat-talk", "10:00:00"), said("chat-talk", "10:01:00", "agent"),
        said("chat-talk", "10:02:00"), said("chat-talk", "10:20:00", "agent"),
        SurveyAnswer(id="r1", ticket_id="chat-talk", kind="csat", answered_at=_at("10:25:00"), label="good"),
        # Taken twice; rated bad.
        *live("chat-twice", "chat"),
        session("chat-twice", "a", ended_at="10:05:00", end="completed"),
        said("chat-twice", "10:00:00"), said("chat-twice", "10:03:00", "agent"),
        session("chat-twice", "b", "10:10:00", ended_at="10:20:00", end="completed"),
        said("chat-twice", "10:10:00"), said("chat-twice", "10:11:00", "agent"),
        SurveyAnswer(id="r2", ticket_id="chat-twice", kind="csat", answered_at=_at("10:25:00"), label="bad"),
        # Left after 90 seconds in which only a bot had answered, and one after 20.
        *live("chat-missed", "chat", resolved_by="nobody"),
        session("chat-missed", ended_at="10:01:30", left_at="10:01:30", end="missed"),
        said("chat-missed", "10:00:00"), said("chat-missed", "10:00:05", "bot"),
        *live("chat-brief", "chat", resolved_by="nobody"),
        session("chat-brief", ended_at="10:00:20", left_at="10:00:20", end="abandoned"),
        # Solved by a bot.
        *live("chat-bot", "chat", resolved_by="bot"),
        session("chat-bot", ended_at="10:04:00", end="completed"),
        said("chat-bot", "10:00:00"), said("chat-bot", "10:00:10", "bot"),
    ]  # fmt: skip


def calls() -> list[Record]:
    return [
        *live("call-taken", "phone"),
        session("call-taken", accepted_at="10:00:40", ended_at="10:06:40", talk_ms=6 * MINUTE,
                wrap_up_ms=MINUTE, agent_id="ann", end="completed"),
        *live("call-lost", "phone", resolved_by="nobody"),
        session("call-lost", left_at="10:02:00", ended_at="10:02:00", end="abandoned"),
        # Nobody told of its session.
        *live("call-bare", "phone"),
        said("call-bare", "10:10:00", "agent"),
    ]  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    has = '{"status_history":"reported","ratings":true,"wait_times":true}'
    with Store.at(tmp_path) as made:
        made.source("shop", complete_until="2026-02-15", capabilities=has)
        made.write(Agent(id="ann", email="ann@shop.example"), *chats(), *calls())
        made.refresh()
        yield made


def january(store: Store, metric: Metric, stat: str | None = None) -> dict[str, Point]:
    query = Query(metric, since="2026-01", until="2026-02", stat=stat, by=("medium",))
    return {str(point.dimensions["medium"]): point for point in answer(store.connection, query).points}


def test_one_touch_of_chats_and_calls_is_one_accepted_session(store: Store) -> None:
    found = january(store, OneTouchRate())
    # Of the chats that a human took, talk once and twice twice; the others were taken by nobody.
    assert (found["chat"].value, found["chat"].n) == (1 / 2, 2)
    # Of the calls one was taken, once; of another one nothing is known but a reply.
    assert (found["phone"].value, found["phone"].n) == (1.0, 1)
    assert found["phone"].left_out == {"a chat or call of which no session is known": 1}


def test_calls_have_no_first_reply_and_are_not_unanswered(store: Store) -> None:
    speed = january(store, FirstResponseTime(), "median")
    assert (speed["chat"].value, speed["chat"].n) == (2 * MINUTE, 2)  # one and three minutes
    assert speed["chat"].left_out == {"no customer message": 1, "not answered as of now": 2}
    assert (speed["phone"].value, speed["phone"].n) == (None, 0)
    assert speed["phone"].left_out == {"no customer message": 3}
    rate = january(store, UnansweredRate())
    assert (rate["chat"].value, rate["chat"].n) == (1 / 3, 3)  # talk, twice, missed; brief never asked
    assert rate["chat"].left_out == {"no customer message": 1, "solved by a bot": 1}
    assert rate["phone"].left_out == {"no customer message": 3}


def test_only_what_a_bot_answered_is_solved_by_a_bot(store: Store) -> None:
    found = january(store, BotResolutionRate())
    assert (found["chat"].value, found["chat"].n) == (1 / 5, 5)
    assert (found["phone"].value, found["phone"].n) == (0.0, 3)


def test_missed_ones_count_in_the_volume(store: Store) -> None:
    assert {name: point.value for name, point in january(store, TicketVolume()).items()} == {
        "chat": 5,
        "phone": 3,
    }


class LiveVolume(Count):
    """Chats and calls."""

    name, unit, direction = "live_volume", "sessions", Direction.NEITHER
    fact, at = SESSIONS, "asked_at"


class MissedRate(Share):
    """Missed ones, without those who left at once."""

    name, direction = "missed_rate", Direction.LOWER
    fact, at, of, counts = SESSIONS, "asked_at", "missed IS NOT NULL", "missed = 1"
    leave_out: ClassVar = {"left at once": "missed = 1 AND left_after_ms <= :grace"}
    grace: timedelta = timedelta(seconds=60)


class AbandonmentRate(Share):
    """Those who left the queue."""

    name, direction = "abandonment", Direction.LOWER
    fact, at, of, counts = SESSIONS, "asked_at", "missed IS NOT NULL", "end = 'abandoned'"
    leave_out: ClassVar = {"left at once": "missed = 1 AND left_after_ms <= 60000"}


class SuccessRate(Share):
    """Ended, with a message on each side, and not rated bad."""

    name, direction = "success", Direction.HIGHER
    fact, at, of = SESSIONS, "asked_at", "missed IS NOT NULL"
    counts = "customer_messages > 0 AND human_messages > 0 AND rated_bad = 0"


class WaitTime(Duration):
    """Until somebody was there."""

    name, direction = "wait", Direction.LOWER
    fact, at, of, value = SESSIONS, "asked_at", "wait_ms IS NOT NULL", "wait_ms"


class TalkTime(Duration):
    """From then to the end."""

    name, direction = "talk", Direction.NEITHER
    fact, at, of, value = SESSIONS, "asked_at", "duration_ms IS NOT NULL", "duration_ms"


class HandleTime(Duration):
    """With the time after it."""

    name, direction = "handle", Direction.NEITHER
    fact, at, of, value = SESSIONS, "asked_at", "handle_ms IS NOT NULL", "handle_ms"


class MessagesPerChat(Ratio):
    """Messages of both sides in answered ones."""

    name, unit, direction = "per_chat", "messages", Direction.NEITHER
    over = Sum(SESSIONS, "asked_at", "accepted = 1", "customer_messages + human_messages")
    under = Sum(SESSIONS, "asked_at", "accepted = 1")


@pytest.mark.parametrize(
    ("metric", "stat", "chat", "phone"),
    [
        (LiveVolume(), None, (6, 6), (2, 2)),
        (MissedRate(), None, (1 / 5, 5), (1 / 2, 2)),  # brief is a short abandon
        (AbandonmentRate(), None, (0.0, 5), (1 / 2, 2)),
        (SuccessRate(), None, (2 / 6, 6), (0.0, 2)),  # talk, and the first of twice
        (WaitTime(), "max", (3 * MINUTE, 3), (40 * SECOND, 1)),  # 1, 3 and 1 minutes
        (WaitTime(), "mean", (5 * MINUTE / 3, 3), (40 * SECOND, 1)),
        (TalkTime(), "mean", (10 * MINUTE, 3), (6 * MINUTE, 1)),  # 19, 2 and 9 minutes
        (HandleTime(), "max", (19 * MINUTE, 3), (7 * MINUTE, 1)),
        (MessagesPerChat(), None, (8 / 3, 3), (0.0, 1)),  # 4 + 2 + 2
    ],
    ids=lambda value: value.name if isinstance(value, Metric) else "",
)
def test_kpis_over_sessions(
    store: Store, metric: Metric, stat: str | None, chat: tuple[float, int], phone: tuple[float, int]
) -> None:
    check_metric(type(metric), "here")
    found = january(store, metric, stat)
    assert [found["chat"].value, found["phone"].value] == pytest.approx([chat[0], phone[0]])
    assert (found["chat"].n, found["phone"].n) == (chat[1], phone[1])


def test_sessions_are_told_apart_by_who_took_them(store: Store) -> None:
    query = Query(LiveVolume(), since="2026-01", until="2026-02", by=("agent",))
    points = answer(store.connection, query).points
    # talk, twice two times and one call; missed, brief, the bot's and the lost call were nobody's.
    assert sorted(point.value or 0 for point in points) == [4, 4]
