from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest

from deskmetry.errors import BadValue, UnknownName, UsageError
from deskmetry.metric import (
    MESSAGES,
    SPANS,
    STATUSES,
    TAGS,
    TICKETS,
    Computed,
    Count,
    Duration,
    Estimate,
    Level,
    Ratio,
    Share,
    Sum,
)
from deskmetry.query import Point, Query, Result, answer, explain, tickets
from helpers_facts import DAY, HOUR, Desk, desk, ms


class Volume(Count):
    """Tickets created."""

    name, unit = "volume", "tickets"
    fact, at = TICKETS, "created_at"


class Wait(Duration):
    """First response."""

    name = "wait"
    fact, at, value = TICKETS, "created_at", "first_response_ms"
    whose = {"agent": "first_agent"}  # noqa: RUF012


class Open(Level):
    """Backlog."""

    name, unit = "open", "tickets"


class SolveRatio(Ratio):
    """Solves less reopenings in the bucket, by tickets created in it."""

    name, unit = "solve_ratio", "ratio"
    over, under = Sum(STATUSES, "at", value="solves - reopens"), Sum(TICKETS, "created_at")


class Within(Share):
    """Answered within a time."""

    name = "within"
    fact, at, counts = TICKETS, "created_at", "first_response_ms <= :within"
    maturity = "within"
    within: timedelta = timedelta(days=40)


class Longest(Computed):
    """Longest first response, with the number of channels."""

    name, unit = "longest", "ms"
    fact, at, columns = TICKETS, "created_at", ("first_response_ms", "channel")

    def compute(self, rows: Sequence[Sequence[Any]]) -> Estimate:
        return Estimate(max(row[0] for row in rows) + len({row[1] for row in rows}), len(rows))


@pytest.fixture
def d() -> Iterator[Desk]:
    with desk("Europe/Berlin") as made:
        made.source()
        yield made


def by(result: Result) -> dict[tuple[str, ...], float | int | None]:
    return {tuple(point.dimensions.values()): point.value for point in result.points}


def created(at: str, **more: object) -> dict[str, object]:
    return {"created_at": at, **more}


def test_the_default_period_is_the_last_three_complete_months(d: Desk) -> None:
    d.add(TICKETS, created("2026-01-01T12:00"), created("2025-12-31T12:00"), created("2026-03-31T12:00"))
    result = answer(d.connection, Query(Volume()))
    assert result.since is not None
    assert result.until is not None
    assert (result.since.isoformat(), result.until.isoformat()) == (
        "2026-01-01T00:00:00+01:00",
        "2026-04-01T00:00:00+02:00",
    )
    assert result.total.value == 2


def test_last_are_complete_days_before_the_as_of_day(d: Desk) -> None:
    # As of April 1st 02:00 in Berlin: the three days before are March 29th to 31st.
    d.add(TICKETS, created("2026-03-28T22:59"), created("2026-03-28T23:00"), created("2026-03-31T22:30"))
    result = answer(d.connection, Query(Volume(), last="3d", by=("day",)))
    assert by(result) == {("2026-03-29",): 1, ("2026-03-30",): 0, ("2026-03-31",): 0}


def test_the_day_that_clocks_change_has_23_hours(d: Desk) -> None:
    result = answer(d.connection, Query(Volume(), since="2026-03-29", until="2026-03-30", by=("hour",)))
    assert len(result.points) == 23
    assert result.points[2].dimensions["hour"] == "2026-03-29T03:00+02:00"


def test_another_zone_moves_tickets_between_days(d: Desk) -> None:
    d.add(TICKETS, created("2026-02-10T23:30"))
    days = {"since": "2026-02-09T00:00Z", "until": "2026-02-13T00:00Z"}
    berlin = answer(d.connection, Query(Volume(), by=("day",), **days))  # type: ignore[arg-type]
    assert by(berlin)[("2026-02-11",)] == 1
    other = answer(d.connection, Query(Volume(), by=("day",), timezone="America/New_York", **days))  # type: ignore[arg-type]
    assert by(other)[("2026-02-10",)] == 1
    assert other.timezone == "America/New_York"


def test_weekday_and_hour_are_local(d: Desk) -> None:
    d.add(TICKETS, created("2026-02-09T23:30"))  # Tuesday 00:30 in Berlin, Monday in UTC
    here = answer(d.connection, Query(Volume(), by=("weekday", "hour")))
    assert by(here) == {("Tue", "00"): 1}
    utc = answer(d.connection, Query(Volume(), by=("weekday", "hour_of_day"), timezone="UTC"))
    assert by(utc) == {("Mon", "23"): 1}
    assert answer(d.connection, Query(Volume(), where=("weekday=tuesday", "hour=0"))).total.value == 1
    assert answer(d.connection, Query(Volume(), where=("weekday!=Tue",))).total.value == 0


def test_weekdays_come_in_their_order(d: Desk) -> None:
    d.add(TICKETS, *(created(f"2026-02-{day:02d}T12:00") for day in range(2, 9)))
    result = answer(d.connection, Query(Volume(), by=("weekday",)))
    assert [p.dimensions["weekday"] for p in result.points] == [
        "Mon",
        "Tue",
        "Wed",
        "Thu",
        "Fri",
        "Sat",
        "Sun",
    ]


def test_a_dimension_that_the_fact_has_not_comes_from_the_ticket(d: Desk) -> None:
    class Mails(Count):
        """Messages."""

        name, unit = "mails", "messages"
        fact, at = MESSAGES, "sent_at"

    d.add(TICKETS, created("2026-01-05T00:00", ticket_id="t", country="DE", fields='{"Size":"XL"}'))
    d.add(MESSAGES, {"ticket_id": "t", "sent_at": "2026-01-05T00:00"})
    d.add(MESSAGES, {"ticket_id": "gone", "sent_at": "2026-01-05T00:00"})
    result = answer(d.connection, Query(Mails(), by=("country", "field:Size")))
    assert by(result) == {("DE", "XL"): 1, ("(none)", "(none)"): 1}


def test_what_is_not_possible_is_refused_by_name(d: Desk) -> None:
    with pytest.raises(UnknownName, match="Did you mean 'channel'"):
        answer(d.connection, Query(Volume(), by=("chanel",)))
    with pytest.raises(UnknownName, match="weekday"):
        answer(d.connection, Query(Open(), by=("weekday",)))
    with pytest.raises(UsageError, match="one time bucket"):
        answer(d.connection, Query(Volume(), by=("month", "day")))
    with pytest.raises(UsageError, match="no duration"):
        answer(d.connection, Query(Volume(), stat="p90"))
    with pytest.raises(UnknownName, match="p90"):
        answer(d.connection, Query(Wait(), stat="p91"))
    with pytest.raises(UnknownName, match="shop"):
        answer(d.connection, Query(Volume(), where=("source=shpo",)))
    with pytest.raises(UsageError, match="begin and a length"):
        answer(d.connection, Query(Volume(), since="2026-01", last="30d"))


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (("channel=email",), 2),
        (("channel!=email",), 2),  # no channel is not e-mail either
        (("channel=(none)",), 1),
        (("priority=high,urgent",), 2),
        (("priority=high", "channel=email"), 1),
        (("tag=refund",), 1),
        (("tag!=refund",), 3),
        (("tag=(none)",), 3),
        (("field:Size=XL",), 1),
        (('field:It\'s "odd"; --=a; DROP TABLE ticket_facts',), 1),
        (("channel=' OR 1=1 --",), 0),
        (("agent=ann",), 1),
        (("agent=ann@x.org",), 1),
    ],
)
def test_filters_choose_tickets(d: Desk, filters: tuple[str, ...], expected: int) -> None:
    odd = json.dumps({'It\'s "odd"; --': "a; DROP TABLE ticket_facts"})
    d.connection.execute("INSERT INTO agents VALUES (1, '1', 'Ann', 'Ann@x.org')")
    d.add(
        TICKETS,
        created("2026-01-05T00:00", ticket_id="1", priority="high", fields='{"Size":"XL"}'),
        created("2026-01-05T00:00", ticket_id="2", priority="low", agent="ann@x.org"),
        created("2026-01-05T00:00", ticket_id="3", priority="urgent", channel="chat", fields=odd),
        created("2026-01-05T00:00", ticket_id="4", channel=None),
    )
    d.add(TAGS, {"ticket_id": "1", "tag": "refund"}, {"ticket_id": "1", "tag": "late"})
    assert answer(d.connection, Query(Volume(), where=filters)).total.value == expected


@pytest.mark.parametrize(
    "text", ["channel", "=email", "channel=", "channel=a,,b", "weekday=Noday", "hour=24"]
)
def test_a_filter_that_cannot_be_read_is_refused(d: Desk, text: str) -> None:
    with pytest.raises((BadValue, UnknownName)):
        answer(d.connection, Query(Volume(), where=(text,)))


def test_a_filter_that_nothing_passes_is_pointed_out(d: Desk) -> None:
    d.add(TICKETS, created("2026-01-05T00:00"))
    result = answer(d.connection, Query(Volume(), where=("channel=emial",)))
    assert any("'emial'" in warning and "'email'" in warning for warning in result.warnings)


def test_agents_by_whose_work_it_was(d: Desk) -> None:
    d.connection.execute("INSERT INTO agents VALUES (1, '1', 'Ann', 'ann@x.org')")
    d.add(
        TICKETS, created("2026-01-05T00:00", agent="bo@x.org", first_agent="ann@x.org", first_response_ms=5)
    )
    assert by(answer(d.connection, Query(Wait(), by=("agent",)))) == {("Ann",): 5}


def test_sources_never_read_completely_are_left_out_and_named(d: Desk) -> None:
    d.source("new", None, id_=2)
    d.add(TICKETS, created("2026-01-05T00:00"), created("2026-01-05T00:00", source_id=2, source="new"))
    result = answer(d.connection, Query(Volume(), by=("source",)))
    assert by(result) == {("shop",): 1}
    assert result.total.value == 1
    assert "new is left out: it was never synced completely." in result.warnings
    alone = answer(d.connection, Query(Volume(), where=("source=new",), by=("month",)))
    assert (alone.points, alone.total.value, alone.as_of) == ((), None, None)
    assert "ever synced" in str(alone.total.reason)


def test_what_lies_outside_the_history_is_null_with_the_reason() -> None:
    with desk() as d:
        d.source(known_from="2026-02-10T00:00", complete_until="2026-03-15T00:00")
        d.add(TICKETS, *(created(f"2026-{month}T00:00") for month in ("01-20", "02-05", "02-20", "03-10")))
        result = answer(d.connection, Query(Volume(), since="2026-01", until="2026-05", by=("month",)))
        january, february, march, april = result.points
        assert (january.value, january.reason) == (None, "before the history begins (2026-02-10)")
        # The ticket of February 5th is known by chance only: it was changed later.
        assert (february.value, february.left_out) == (1, {"before the history of the source begins": 1})
        assert (february.complete, february.mature) == (False, True)
        assert (march.value, march.complete, march.mature) == (1, False, False)
        assert (april.value, april.reason) == (None, "after the as-of instant")
        assert result.total.value == 2
        assert any("known only from 2026-02-10" in warning for warning in result.warnings)


def test_as_of_is_the_oldest_of_the_sources_and_never_later(d: Desk) -> None:
    d.source("mail", "2026-03-20T00:00", id_=2, capabilities={"status_history": "inferred", "tags": False})
    early = answer(d.connection, Query(Volume(), where=("source=mail",), as_of="2026-12-01"))
    assert early.as_of is not None
    assert ms(early.as_of.isoformat()) == ms("2026-03-20T00:00")
    assert any("only known until" in warning for warning in early.warnings)
    tagged = answer(d.connection, Query(Volume(), where=("source=mail",), by=("tag",)))
    assert "mail (zendesk) can't give tags." in tagged.warnings


def test_an_inferred_status_is_named_where_a_metric_rests_on_it() -> None:
    class Solved(Volume):
        """Solved."""

        name, needs = "solved", ("status_history",)

    with desk() as d:
        d.source(capabilities={"status_history": "inferred"})
        result = answer(d.connection, Query(Solved()))
        assert result.warnings == ("shop: the status history is inferred by rules, not reported.",)


def test_a_bucket_is_mature_once_its_items_had_their_time(d: Desk) -> None:
    result = answer(d.connection, Query(Within(), by=("month",)))
    # As of April 1st, forty days after the end of: January (February 1st + 40 d = March 13th) only.
    assert [point.mature for point in result.points] == [True, False, False]
    assert result.parameters == {"within": "40d"}


def test_a_share_has_wilsons_interval_and_says_when_it_is_thin(d: Desk) -> None:
    d.add(TICKETS, *(created("2026-01-05T00:00", first_response_ms=1) for _ in range(8)))
    d.add(TICKETS, *(created("2026-01-05T00:00") for _ in range(2)))
    point = answer(d.connection, Query(Within())).total
    assert (point.value, point.n, point.thin) == (0.8, 10, True)
    assert point.interval is not None
    assert point.interval.low == pytest.approx(0.4901625, abs=1e-6)
    assert not answer(d.connection, Query(Within()), thin=10).total.thin


def test_a_ratio_takes_each_side_at_its_own_basis(d: Desk) -> None:
    d.add(TICKETS, *(created("2026-01-05T00:00", ticket_id=id_) for id_ in "abcd"))
    solved = {"new": "solved", "solves": 1, "reopens": 0}
    d.add(STATUSES, *({"ticket_id": id_, "at": "2026-01-06T00:00", **solved} for id_ in "abc"))
    d.add(STATUSES, {"ticket_id": "a", "number": 1, "at": "2026-01-07T00:00", "solves": 0, "reopens": 1})
    d.add(STATUSES, {"ticket_id": "z", "at": "2026-02-07T00:00", **solved})
    result = answer(d.connection, Query(SolveRatio(), by=("month",)))
    # January: 3 - 1 solves by 4 tickets; February: one solve, no ticket.
    assert [(p.value, p.n) for p in result.points] == [(0.5, 4), (None, 0), (None, 0)]
    assert result.points[1].reason == "nothing to divide by"
    assert (result.total.value, result.total.n) == (3 / 4, 4)


def test_a_computed_metric_sees_the_rows_of_each_group(d: Desk) -> None:
    for channel, wait in (("email", 10), ("email", 30), ("chat", 20)):
        d.add(TICKETS, created("2026-01-05T00:00", channel=channel, first_response_ms=wait))
    result = answer(d.connection, Query(Longest(), by=("channel",)))
    assert by(result) == {("chat",): 21, ("email",): 31}
    assert (result.total.value, result.total.n) == (32, 3)


def test_a_result_is_json_with_a_schema_version(d: Desk) -> None:
    d.add(TICKETS, created("2026-01-05T00:00", first_response_ms=HOUR))
    data = answer(d.connection, Query(Wait(), by=("month", "channel"))).to_dict()
    assert json.loads(json.dumps(data)) == data
    assert data["schema_version"] == 1
    assert data["definition"] == "First response."
    assert data["points"][0]["dimensions"] == {"month": "2026-01", "channel": "email"}
    assert data["points"][0]["value"] == HOUR


def test_an_explanation_accounts_for_every_row(d: Desk) -> None:
    d.connection.execute("INSERT INTO tickets VALUES (1, 'a', 'Where is it?', 'https://x.example/a')")
    d.add(TICKETS, created("2026-01-05T00:00", ticket_id="a", first_response_ms=DAY))
    d.add(TICKETS, created("2026-01-06T00:00", excluded="spam"), created("2026-01-06T00:00"))
    explanation = explain(d.connection, Query(Wait(), where=("channel=email",)))
    assert (explanation.counted, dict(explanation.left_out)) == (1, {"spam": 1, "without a value": 1})
    assert "first_response_ms" in explanation.sql[0]
    assert explanation.bound["_w0_0"] == "email"
    listed = tickets(d.connection, Query(Wait()))
    assert [row.ticket for row in listed if row.value is not None] == ["a"]
    row = next(row for row in listed if row.ticket == "a")
    assert (row.subject, row.value, row.source) == ("Where is it?", DAY, "shop")
    assert row.instants["created_at"].isoformat() == "2026-01-05T01:00:00+01:00"
    assert json.dumps(explanation.to_dict())


def test_the_tickets_behind_a_level_are_those_open_at_the_end(d: Desk) -> None:
    d.add(
        SPANS,
        {"ticket_id": "a", "from_at": "2026-01-05T00:00"},
        {"ticket_id": "b", "from_at": "2026-01-05T00:00", "until_at": "2026-02-01T00:00"},
    )
    assert [row.ticket for row in tickets(d.connection, Query(Open()))] == ["a"]
    assert len(explain(d.connection, Query(Open())).sql) == 2


def test_an_answer_with_too_many_numbers_is_refused(d: Desk) -> None:
    with pytest.raises(UsageError, match="numbers"):
        answer(d.connection, Query(Volume(), since="1990-01", until="2020-01", by=("hour",)))


def test_empty_buckets_of_a_count_are_0_and_of_a_duration_null(d: Desk) -> None:
    points: tuple[Point, ...] = answer(d.connection, Query(Volume(), by=("month",))).points
    assert [(p.value, p.reason) for p in points] == [(0, None)] * 3
    points = answer(d.connection, Query(Wait(), by=("month",))).points
    assert [(p.value, p.reason) for p in points] == [(None, "nothing to measure")] * 3


def test_what_is_dated_at_or_after_the_as_of_instant_never_counts(d: Desk) -> None:
    # As of April 1st 00:00 UTC; a clock of the vendor's ran ahead.
    d.add(TICKETS, *(created(f"2026-{at}") for at in ("03-31T23:59", "04-01T00:00", "04-20T00:00")))
    assert answer(d.connection, Query(Volume(), since="2026-03", until="2026-05")).total.value == 1
