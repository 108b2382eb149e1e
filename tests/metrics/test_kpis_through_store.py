"""Golden cases from records through the writer and the facts to the answers, by hand arithmetic."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deskmetry.metric import Metric
from deskmetry.query import Query, answer, tickets
from deskmetry.records import Agent
from deskmetry.store import open_reader
from deskmetry_metrics.effort import RepliesPerTicket
from deskmetry_metrics.speed import (
    FirstResolutionTime,
    FirstResponseTime,
    ResolutionTime,
    ResponseTime,
    UnansweredRate,
)
from deskmetry_metrics.volume import (
    ActiveTickets,
    ChannelShare,
    InboundMessages,
    OutboundMessages,
    ResolutionRate,
    TicketBacklog,
    TicketsSolved,
    TicketVolume,
)
from helpers_store import Store, event, message, ticket

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Make a month in which four tickets came in: solved, reopened, unanswered, spam."""
    with Store.at(tmp_path) as made:
        made.source("shop", complete_until="2026-02-15", capabilities='{"status_history":"reported"}')
        made.write(
            Agent(id="ann", name="Ann", email="ann@shop.example"),
            ticket("1", "2026-01-10 09:00", channel="email", assignee_id="ann", status="solved"),
            message("1a", "1", "2026-01-10 09:00"),
            message("1b", "1", "2026-01-10 09:30", by="agent", author_id="ann"),
            message("1c", "1", "2026-01-10 10:00"),
            message("1d", "1", "2026-01-10 10:10"),
            message("1e", "1", "2026-01-10 12:00", by="agent", author_id="ann"),
            event("e1", "1", "2026-01-11 09:00", "solved", "open"),
            ticket("2", "2026-01-12 09:00", channel="chat", status="open"),
            message("2a", "2", "2026-01-12 09:00"),
            message("2b", "2", "2026-01-12 10:30", by="agent", author_id="ann"),
            event("e2", "2", "2026-01-13 09:00", "solved", "open"),
            event("e3", "2", "2026-02-10 09:00", "open", "solved"),
            ticket("3", "2026-01-20 09:00", channel="email", status="new"),
            message("3a", "3", "2026-01-20 09:00"),
            ticket("4", "2026-01-21 09:00", channel="email", status="open", spam=True),
            message("4a", "4", "2026-01-21 09:00"),
        )
        made.refresh("Europe/Berlin")
        yield made


def january(metric: Metric, stat: str | None = None, as_of: str | None = None) -> Query:
    return Query(metric, since="2026-01", until="2026-02", stat=stat, as_of=as_of)


@pytest.mark.parametrize(
    ("metric", "stat", "value", "n"),
    [
        (TicketVolume(), None, 3, 3),
        (ActiveTickets(), None, 3, 3),
        (InboundMessages(), None, 5, 5),  # 1a 1c 1d 2a 3a
        (OutboundMessages(), None, 3, 3),  # 1b 1e 2b
        (TicketsSolved(), None, 1, 1),  # ticket 1; ticket 2 is open again
        (TicketBacklog(), None, 1, 1),  # end of January: ticket 3
        (ResolutionRate(days=10), None, 2 / 3, 3),  # 1 and 2 of 1, 2, 3
        (FirstResponseTime(), None, 60 * MINUTE, 2),  # 30 and 90 minutes
        (ResponseTime(), "mean", 80 * MINUTE, 3),  # 30, 120 (from 10:00, not 10:10) and 90 minutes
        (FirstResolutionTime(), "max", DAY, 2),
        (ResolutionTime(), None, DAY, 1),
        (UnansweredRate(), None, 1 / 3, 3),
        (RepliesPerTicket(), None, 1.0, 3),  # (2 + 1 + 0) / 3
    ],
    ids=lambda value: value.name if isinstance(value, Metric) else "",
)
def test_every_kpi_from_records(store: Store, metric: Metric, stat: str | None, value: float, n: int) -> None:
    total = answer(store.connection, january(metric, stat)).total
    assert (total.value, total.n) == (value, n)
    assert sum(total.left_out.values()) >= (1 if metric.name == "ticket_volume" else 0)


def test_the_share_of_each_channel_from_records(store: Store) -> None:
    points = answer(store.connection, january(ChannelShare())).points
    assert {p.dimensions["channel"]: (p.value, p.n) for p in points} == {
        "email": (2 / 3, 3),
        "chat": (1 / 3, 3),
    }


def test_an_earlier_as_of_sees_what_was_known_then(store: Store) -> None:
    # On February 1st ticket 2 was still solved: reopened only on the 10th.
    then = answer(store.connection, january(TicketsSolved(), as_of="2026-02-01"))
    assert then.total.value == 2
    # On January 12th at 10:00 in Berlin ticket 2 waited for an hour, and ticket 3 wasn't there.
    early = answer(store.connection, january(FirstResponseTime(), as_of="2026-01-12T10:00+00:00"))
    assert (early.total.value, early.total.left_out) == (30 * MINUTE, {"not answered as of now": 1})
    # And afterwards the newest state is back.
    assert answer(store.connection, january(TicketsSolved())).total.value == 1


def test_a_reader_gives_the_same_answers(store: Store) -> None:
    reader = open_reader(store.path)
    try:
        assert answer(reader, january(TicketsSolved(), as_of="2026-02-01")).total.value == 2
        assert answer(reader, january(TicketsSolved())).total.value == 1
        rows = tickets(reader, january(TicketsSolved()))
        assert [(row.source, row.ticket) for row in rows] == [("shop", "1")]
    finally:
        reader.close()


def test_two_sources_are_answered_as_of_the_older_one(store: Store) -> None:
    other = store.source("mail", complete_until="2026-02-01")
    store.write(ticket("1", "2026-01-30"), source=other)
    store.refresh("Europe/Berlin")
    both = answer(store.connection, january(TicketsSolved()))
    assert both.total.value == 2  # as of February 1st ticket 2 was solved
    assert both.as_of is not None
    assert both.as_of.isoformat() == "2026-02-01T01:00:00+01:00"
    assert answer(store.connection, january(TicketVolume())).total.value == 4
