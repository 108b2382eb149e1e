"""Calendar: local days, and the buckets of time that answers are grouped by, in any IANA zone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo, available_timezones

from .errors import BadValue, nearest

DAY_MS = 86_400_000
_EPOCH_DAY = date(1970, 1, 1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Bucket(StrEnum):
    """Sizes of time buckets; weeks begin on Monday, all follow local midnights."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Period:
    """A half-open span `[since, until)` of aware instants, read in a time zone."""

    since: datetime
    until: datetime
    zone: ZoneInfo

    def buckets(self, size: Bucket) -> Iterator[tuple[datetime, datetime]]:
        """Yield begin and end of each bucket that touches the period, cut to the period."""
        if size is Bucket.HOUR:
            yield from self._hours()
            return
        first = floor_day(self.since.astimezone(self.zone).date(), size)
        while (begin := midnight(first, self.zone)) < self.until:
            first = next_day(first, size)
            low, high = max(begin, self.since), min(midnight(first, self.zone), self.until)
            if low < high:  # a day that the zone skipped is empty
                yield low, high

    def _hours(self) -> Iterator[tuple[datetime, datetime]]:
        begin = self.since.astimezone(UTC)
        while begin < self.until:
            hour, end = begin.astimezone(self.zone).hour, self._next_hour(begin)
            local = end.astimezone(self.zone)
            if local.minute and local.hour == hour:  # clocks were put back by half an hour within it
                end = self._next_hour(end)
            yield begin, min(end, self.until)
            begin = end

    def _next_hour(self, at: datetime) -> datetime:
        local = at.astimezone(self.zone)
        past = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        return at - past + timedelta(hours=1)


def zone(name: str) -> ZoneInfo:
    """Return the IANA zone of that name; BadValue with the nearest name if there is none."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise BadValue(
            "time zone", name, "an IANA name as Europe/Berlin or UTC." + nearest(name, available_timezones())
        ) from None


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return the first instant of a local day, in UTC (01:00 local, where clocks jump at midnight)."""
    begin = datetime(day.year, day.month, day.day, tzinfo=zone)
    # A wall time that doesn't exist is read with the offset before the jump: in UTC that is right after it.
    return begin.astimezone(UTC)


def floor_day(day: date, size: Bucket) -> date:
    """Return the first day of the bucket that holds the day."""
    match size:
        case Bucket.WEEK:
            return day - timedelta(days=day.weekday())
        case Bucket.MONTH:
            return day.replace(day=1)
        case Bucket.QUARTER:
            return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
        case Bucket.YEAR:
            return day.replace(month=1, day=1)
        case _:
            return day


def next_day(day: date, size: Bucket) -> date:
    """Return the first day of the bucket after the one that begins at this day."""
    match size:
        case Bucket.WEEK:
            return day + timedelta(days=7)
        case Bucket.MONTH:
            return add_months(day, 1)
        case Bucket.QUARTER:
            return add_months(day, 3)
        case Bucket.YEAR:
            return day.replace(year=day.year + 1)
        case _:
            return day + timedelta(days=1)


def add_months(day: date, months: int) -> date:
    """Return the first day of the month so many months away from the day's own."""
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def day_number(day: date) -> int:
    """Return days since 1970-01-01."""
    return (day - _EPOCH_DAY).days


def from_day_number(number: int) -> date:
    """Return the date that lies so many days after 1970-01-01."""
    return _EPOCH_DAY + timedelta(days=number)


def utc_offsets(zone: ZoneInfo, since: datetime, until: datetime) -> list[tuple[int, int]]:
    """Return the UTC offsets of a zone as (valid from, offset), both in milliseconds, covering the span.

    Transitions are found by bisection between days, to the second. The first row holds for everything before.
    """

    def offset(at: datetime) -> timedelta:
        return at.astimezone(zone).utcoffset() or timedelta(0)

    at = since.astimezone(UTC).replace(microsecond=0)
    rows = [(-(2**62), offset(at))]
    while at < until:
        step = at + timedelta(days=1)
        if offset(step) != rows[-1][1]:
            low, high = at, step
            while high - low > timedelta(seconds=1):
                middle = low + (high - low) // 2
                middle = middle.replace(microsecond=0)
                if offset(middle) == rows[-1][1]:
                    low = middle
                else:
                    high = middle
            rows.append((_milliseconds(high - _EPOCH), offset(high)))
        at = step
    return [(begin, _milliseconds(value)) for begin, value in rows]


def _milliseconds(delta: timedelta) -> int:
    return (delta.days * 86_400 + delta.seconds) * 1000 + delta.microseconds // 1000
