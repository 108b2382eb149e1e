"""Buckets, midnights and offsets in zones whose clocks do what clocks do."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskmetry.calendar import (
    Bucket,
    Period,
    add_months,
    day_number,
    floor_day,
    from_day_number,
    midnight,
    next_day,
    utc_offsets,
    zone,
)
from deskmetry.errors import BadValue

BERLIN = ZoneInfo("Europe/Berlin")
SAO_PAULO = ZoneInfo("America/Sao_Paulo")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
APIA = ZoneInfo("Pacific/Apia")
HOUR = timedelta(hours=1)


def at(text: str, where: ZoneInfo) -> datetime:
    """Return a local wall time (no jump near it) as an instant."""
    return datetime.fromisoformat(text).replace(tzinfo=where).astimezone(UTC)


def instants(first: int, last: int) -> st.SearchStrategy[datetime]:
    """Return instants from the beginning of one year to the beginning of another."""
    low, high = (datetime(year, 1, 1, tzinfo=UTC).replace(tzinfo=None) for year in (first, last))
    return st.datetimes(low, high, timezones=st.just(UTC))


def buckets(since: str, until: str, where: ZoneInfo, size: Bucket) -> list[tuple[str, timedelta]]:
    """Return the local begin and the length of each bucket."""
    period = Period(at(since, where), at(until, where), where)
    return [
        (begin.astimezone(where).strftime("%Y-%m-%d %H:%M"), end.astimezone(UTC) - begin.astimezone(UTC))
        for begin, end in period.buckets(size)
    ]


def test_days_have_23_or_25_hours_when_clocks_change() -> None:
    assert buckets("2025-03-29", "2025-04-01", BERLIN, Bucket.DAY) == [
        ("2025-03-29 00:00", 24 * HOUR),
        ("2025-03-30 00:00", 23 * HOUR),
        ("2025-03-31 00:00", 24 * HOUR),
    ]
    assert buckets("2025-10-26", "2025-10-27", BERLIN, Bucket.DAY) == [("2025-10-26 00:00", 25 * HOUR)]


def test_a_day_begins_at_one_where_clocks_jump_at_midnight() -> None:
    assert buckets("2018-11-03", "2018-11-05", SAO_PAULO, Bucket.DAY) == [
        ("2018-11-03 00:00", 24 * HOUR),
        ("2018-11-04 01:00", 23 * HOUR),
    ]
    assert midnight(date(2018, 11, 4), SAO_PAULO) == datetime(2018, 11, 4, 3, tzinfo=UTC)
    assert buckets("2018-02-17", "2018-02-18", SAO_PAULO, Bucket.DAY) == [("2018-02-17 00:00", 25 * HOUR)]


def test_a_day_that_a_zone_skipped_has_no_bucket() -> None:
    assert [name for name, _ in buckets("2011-12-29", "2012-01-01", APIA, Bucket.DAY)] == [
        "2011-12-29 00:00",
        "2011-12-31 00:00",
    ]


def test_hours_follow_a_clock_change_of_half_an_hour() -> None:
    assert buckets("2024-10-06 00:30", "2024-10-06 04:00", LORD_HOWE, Bucket.HOUR) == [
        ("2024-10-06 00:30", HOUR / 2),
        ("2024-10-06 01:00", HOUR),
        ("2024-10-06 02:30", HOUR / 2),  # 02:00 to 02:30 never was
        ("2024-10-06 03:00", HOUR),
    ]
    assert buckets("2025-04-06 00:00", "2025-04-06 03:00", LORD_HOWE, Bucket.HOUR) == [
        ("2025-04-06 00:00", HOUR),
        ("2025-04-06 01:00", HOUR * 1.5),  # 01:30 to 02:00 was twice
        ("2025-04-06 02:00", HOUR),
    ]


def test_an_hour_that_clocks_repeat_is_two_buckets() -> None:
    assert buckets("2025-10-26 01:00", "2025-10-26 04:00", BERLIN, Bucket.HOUR) == [
        (f"2025-10-26 {hour}:00", HOUR) for hour in ("01", "02", "02", "03")
    ]


def test_weeks_begin_on_monday() -> None:
    assert [name for name, _ in buckets("2025-01-01", "2025-01-14", BERLIN, Bucket.WEEK)] == [
        "2025-01-01 00:00", "2025-01-06 00:00", "2025-01-13 00:00",
    ]  # fmt: skip
    assert floor_day(date(2025, 1, 1), Bucket.WEEK) == date(2024, 12, 30)


@pytest.mark.parametrize(
    ("size", "begins"),
    [
        (Bucket.MONTH, ["2024-11-15", "2024-12-01", "2025-01-01", "2025-02-01"]),
        (Bucket.QUARTER, ["2024-11-15", "2025-01-01"]),
        (Bucket.YEAR, ["2024-11-15", "2025-01-01"]),
    ],
)
def test_months_quarters_and_years_end_where_the_year_does(size: Bucket, begins: list[str]) -> None:
    found = buckets("2024-11-15", "2025-02-10", BERLIN, size)
    assert [name.removesuffix(" 00:00") for name, _ in found] == begins


@pytest.mark.parametrize(
    ("day", "size", "first", "following"),
    [
        (date(2024, 2, 29), Bucket.DAY, date(2024, 2, 29), date(2024, 3, 1)),
        (date(2024, 2, 29), Bucket.MONTH, date(2024, 2, 1), date(2024, 3, 1)),
        (date(2024, 12, 31), Bucket.MONTH, date(2024, 12, 1), date(2025, 1, 1)),
        (date(2024, 3, 31), Bucket.QUARTER, date(2024, 1, 1), date(2024, 4, 1)),
        (date(2024, 4, 1), Bucket.QUARTER, date(2024, 4, 1), date(2024, 7, 1)),
        (date(2024, 12, 31), Bucket.QUARTER, date(2024, 10, 1), date(2025, 1, 1)),
        (date(2024, 12, 31), Bucket.YEAR, date(2024, 1, 1), date(2025, 1, 1)),
        (date(2024, 12, 30), Bucket.WEEK, date(2024, 12, 30), date(2025, 1, 6)),
    ],
)
def test_days_fall_into_buckets(day: date, size: Bucket, first: date, following: date) -> None:
    assert floor_day(day, size) == first
    assert next_day(first, size) == following


def test_months_are_counted_over_years() -> None:
    assert add_months(date(2025, 1, 31), -1) == date(2024, 12, 1)
    assert add_months(date(2025, 1, 31), 13) == date(2026, 2, 1)


@given(
    since=instants(1995, 2040),
    hours=st.integers(0, 24 * 400),
    where=st.sampled_from(
        [BERLIN, SAO_PAULO, LORD_HOWE, APIA, ZoneInfo("America/St_Johns"), ZoneInfo("UTC")]
    ),
    size=st.sampled_from([size for size in Bucket if size is not Bucket.HOUR]),
)
def test_buckets_cover_the_period_without_gap_or_overlap(
    since: datetime, hours: int, where: ZoneInfo, size: Bucket
) -> None:
    period = Period(since, since + timedelta(hours=hours), where)
    found = list(period.buckets(size))
    assert all(begin < end for begin, end in found)
    assert all(one[1] == other[0] for one, other in pairwise(found))
    assert (found[0][0], found[-1][1]) == (period.since, period.until) if hours else found == []


@given(
    since=instants(1995, 2040),
    where=st.sampled_from([BERLIN, LORD_HOWE, ZoneInfo("Asia/Kathmandu")]),
)
def test_hours_cover_the_period_and_begin_on_the_local_hour(since: datetime, where: ZoneInfo) -> None:
    period = Period(since, since + timedelta(hours=30), where)
    found = list(period.buckets(Bucket.HOUR))
    assert all(one[1] == other[0] for one, other in pairwise(found))
    assert (found[0][0], found[-1][1]) == (period.since, period.until)
    assert all(begin.astimezone(where).minute in (0, 30) for begin, _ in found[1:])


@given(
    when=instants(1990, 2059),
    where=st.sampled_from(
        ["Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Africa/Casablanca", "UTC"]
    ),
)
def test_offsets_are_those_of_the_zone(when: datetime, where: str) -> None:
    begin = when.replace(month=1, day=1)
    rows = utc_offsets(ZoneInfo(where), begin, begin + timedelta(days=400))
    at_ms = (when - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    offset = next(offset for since, offset in reversed(rows) if since <= at_ms)
    assert timedelta(milliseconds=offset) == when.astimezone(ZoneInfo(where)).utcoffset()


def test_an_offset_holds_from_the_very_second() -> None:
    rows = utc_offsets(BERLIN, datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))
    spring, autumn = datetime(2025, 3, 30, 1, tzinfo=UTC), datetime(2025, 10, 26, 1, tzinfo=UTC)
    assert rows[1:] == [
        (int(spring.timestamp()) * 1000, 7_200_000),
        (int(autumn.timestamp()) * 1000, 3_600_000),
    ]
    assert rows[0][0] < -(10**15)


def test_day_numbers_count_from_1970() -> None:
    assert [day_number(day) for day in (date(1970, 1, 1), date(1969, 12, 31), date(2025, 3, 1))] == [
        0,
        -1,
        20148,
    ]
    assert from_day_number(20148) == date(2025, 3, 1)


@pytest.mark.parametrize(
    "name", ["Europe/Berln", "europe/Berlin", "Berlin/Europe", "", "../secret", "Europe", "a\0b"]
)
def test_an_unknown_zone_is_refused(name: str) -> None:
    with pytest.raises(BadValue, match="IANA name"):
        zone(name)


def test_the_nearest_zone_is_named() -> None:
    with pytest.raises(BadValue, match="Did you mean 'Europe/Berlin'"):
        zone("Europe/Berln")
    assert zone("Europe/Berlin").key == "Europe/Berlin"
