from __future__ import annotations

from collections import Counter
from datetime import datetime
from random import Random
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deskmetry.instants import from_milliseconds, to_milliseconds
from deskmetry.metric import SPANS, TICKETS, Count, Duration, Level
from deskmetry.query import Query, answer
from helpers_facts import DAY, desk, ms

BEGIN, END = ms("2026-01-01T00:00"), ms("2026-04-01T00:00")
ZONES = ["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe"]
QUICK = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])

instants = st.integers(BEGIN - 5 * DAY, END + 5 * DAY)
lengths = st.one_of(st.none(), st.just(0), st.integers(0, 60 * DAY))
sizes = st.sampled_from(["day", "week", "month", "quarter", "year"])


class Volume(Count):
    """Tickets created."""

    name, unit = "volume", "tickets"
    fact, at = TICKETS, "created_at"


class Wait(Duration):
    """First response."""

    name = "wait"
    fact, at, value = TICKETS, "created_at", "first_response_ms"


class Open(Level):
    """Backlog."""

    name, unit = "open", "tickets"


@QUICK
@given(st.lists(st.tuples(instants, lengths), max_size=30), st.integers(BEGIN, END), sizes)
def test_a_level_agrees_with_its_naive_definition(
    spans: list[tuple[int, int | None]], as_of: int, size: str
) -> None:
    rows = [(begin, None if length is None else begin + length) for begin, length in spans]
    with desk("Europe/Berlin") as d:
        d.source()
        d.connection.execute("UPDATE sources SET complete_until_at = ?", (as_of,))
        d.add_all(SPANS, ({"from_at": begin, "until_at": end} for begin, end in rows))
        result = answer(d.connection, Query(Open(), since="2025-12-20", until="2026-04", by=(size,)))
    for point in result.points:
        assert point.since is not None
        assert point.until is not None
        if to_milliseconds(point.since) > as_of:
            assert point.value is None
            continue
        at = min(to_milliseconds(point.until), as_of)
        naive = sum(begin < at and (end is None or end > at) for begin, end in rows)
        assert point.value == naive


@QUICK
@given(
    st.lists(st.tuples(instants, st.sampled_from(["email", "chat", None])), max_size=40),
    st.sampled_from(ZONES),
    st.sampled_from(ZONES),
    sizes,
)
def test_buckets_and_channels_add_up_in_every_zone(
    rows: list[tuple[int, str | None]], stored: str, asked: str, size: str
) -> None:
    with desk(stored) as d:
        d.source(complete_until="2026-05-01T00:00")
        d.add_all(TICKETS, ({"created_at": at, "channel": channel} for at, channel in rows))
        period = (datetime.fromisoformat("2026-01-01T00:00Z"), datetime.fromisoformat("2026-04-01T00:00Z"))
        result = answer(
            d.connection,
            Query(Volume(), since=period[0], until=period[1], by=(size, "channel"), timezone=asked),
        )
        expected = Counter(channel or "(none)" for at, channel in rows if BEGIN <= at < END)
        found: Counter[str] = Counter()
        for point in result.points:
            assert point.value is not None
            found[point.dimensions["channel"]] += int(point.value)
        assert +found == expected
        assert result.total.value == sum(expected.values())
        # Each bucket holds what its own borders say, whichever way its rows were found.
        for point in result.points:
            assert point.since is not None
            assert point.until is not None
            begin, end = to_milliseconds(point.since), to_milliseconds(point.until)
            channel = point.dimensions["channel"]
            assert point.value == sum(
                begin <= at < end and (name or "(none)") == channel for at, name in rows
            )


@QUICK
@given(st.lists(st.tuples(instants, lengths), min_size=1, max_size=40), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(rows: list[tuple[int, int | None]], random: Random) -> None:
    facts = [
        {"ticket_id": str(i), "created_at": at, "first_response_ms": ms_} for i, (at, ms_) in enumerate(rows)
    ]
    shuffled = list(facts)
    random.shuffle(shuffled)
    answers = []
    for order in (facts, shuffled):
        with desk("Europe/Berlin") as d:
            d.source(complete_until="2026-05-01T00:00")
            d.add_all(TICKETS, order)
            query = Query(Wait(), since="2025-12", until="2026-05", by=("week", "weekday"), stat="p90")
            answers.append(answer(d.connection, query).to_dict())
    assert answers[0] == answers[1]


@QUICK
@given(st.lists(st.tuples(instants, st.integers(0, DAY)), max_size=40), st.sampled_from(ZONES))
def test_the_zone_never_changes_the_value_of_a_span_of_instants(
    rows: list[tuple[int, int]], asked: str
) -> None:
    with desk("Europe/Berlin") as d:
        d.source(complete_until="2026-05-01T00:00")
        d.add_all(TICKETS, ({"created_at": at, "first_response_ms": wait} for at, wait in rows))
        span = {"since": "2026-01-01T00:00Z", "until": "2026-04-01T00:00Z"}
        here = answer(d.connection, Query(Wait(), **span, stat="mean")).total  # type: ignore[arg-type]
        there = answer(d.connection, Query(Wait(), **span, stat="mean", timezone=asked)).total  # type: ignore[arg-type]
        assert (here.value, here.n, here.interval) == (there.value, there.n, there.interval)


@QUICK
@given(st.lists(instants, max_size=40), st.sampled_from(ZONES), st.sampled_from(ZONES))
def test_hours_and_weekdays_are_those_of_the_wall_clock(rows: list[int], stored: str, asked: str) -> None:
    with desk(stored) as d:
        d.source(complete_until="2026-05-01T00:00")
        d.add_all(TICKETS, ({"created_at": at} for at in rows))
        query = Query(Volume(), since="2025-12", until="2026-05", by=("weekday", "hour"), timezone=asked)
        found = {
            (p.dimensions["weekday"], p.dimensions["hour"]): p.value
            for p in answer(d.connection, query).points
        }
        local = [from_milliseconds(at).astimezone(ZoneInfo(asked)) for at in rows]
        assert found == Counter((at.strftime("%a"), at.strftime("%H")) for at in local)


@QUICK
@given(st.lists(st.integers(0, 3 * DAY - 1), max_size=20), st.sampled_from(ZONES), st.sampled_from(ZONES))
def test_every_ticket_lies_in_the_hour_that_its_label_says(rows: list[int], stored: str, asked: str) -> None:
    begin = ms("2026-03-28T00:00")  # clocks change in Europe on the 29th
    with desk(stored) as d:
        d.source(complete_until="2026-05-01T00:00")
        d.add_all(TICKETS, ({"created_at": begin + at} for at in rows))
        span = {"since": "2026-03-28T00:00Z", "until": "2026-03-31T00:00Z"}
        points = answer(d.connection, Query(Volume(), by=("hour",), timezone=asked, **span)).points  # type: ignore[arg-type]
    found = {p.dimensions["hour"]: p.value for p in points if p.value}
    local = [from_milliseconds(begin + at).astimezone(ZoneInfo(asked)) for at in rows]
    assert found == Counter(at.replace(minute=0).isoformat(timespec="minutes") for at in local)
