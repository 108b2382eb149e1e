"""Period: the words with which people name spans of time, in a zone and relative to the as-of instant."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from ..calendar import Bucket, Period, add_months, floor_day, midnight
from ..errors import BadValue, UsageError

Moment = str | date | datetime
_LAST = re.compile(r"\s*(\d{1,4})\s*([dwmy])\s*")
_MONTH = re.compile(r"\d{4}-\d{2}")
_EXPECTED = "a month (2026-01), a day (2026-01-31), an instant with its zone, or today"


def read_moment(value: Moment, zone: ZoneInfo, today: date | None) -> datetime:
    """Return the aware instant that a word names; a day or month is its local midnight. Else BadValue."""
    if isinstance(value, datetime):
        return _aware(value, value.isoformat())
    if isinstance(value, date):
        return midnight(value, zone)
    text = value.strip()
    if text == "today" and today is not None:
        return midnight(today, zone)
    try:
        if _MONTH.fullmatch(text):
            return midnight(date.fromisoformat(f"{text}-01"), zone)
        if len(text) == len("2026-01-31"):
            return midnight(date.fromisoformat(text), zone)
        return _aware(datetime.fromisoformat(text), text)
    except ValueError:
        raise BadValue("date", value, f"{_EXPECTED}.") from None


def _aware(value: datetime, text: str) -> datetime:
    if value.tzinfo is None:
        raise BadValue("date", text, f"a zone with the time, as 2026-01-31T09:00+01:00, or {_EXPECTED}.")
    return value


def read_period(
    zone: ZoneInfo,
    as_of: datetime,
    since: Moment | None = None,
    until: Moment | None = None,
    last: str | None = None,
) -> Period:
    """Return the half-open period asked for; by default the last three complete months before as of.

    `last` are complete days before the as-of day (before `until` if that is given).
    """
    today = as_of.astimezone(zone).date()
    if since is not None and last is not None:
        raise UsageError("Both a begin and a length of the period were given.", "Give --since or --last.")
    if last is not None:
        end = read_moment(until, zone, today) if until is not None else midnight(today, zone)
        begin = midnight(_before(end.astimezone(zone).date(), last), zone)
    elif since is not None:
        begin = read_moment(since, zone, today)
        end = read_moment(until, zone, today) if until is not None else as_of
    else:
        end = read_moment(until if until is not None else floor_day(today, Bucket.MONTH), zone, today)
        begin = midnight(add_months(end.astimezone(zone).date(), -3), zone)
    if begin >= end:
        raise UsageError(
            f"The period is empty: it begins at {_words(begin, zone)} and ends before {_words(end, zone)}.",
            "Choose an earlier --since or a later --until; data end at the as-of instant.",
        )
    return Period(begin, end, zone)


def _words(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"


def _before(day: date, last: str) -> date:
    match = _LAST.fullmatch(last)
    if match is None or int(match[1]) == 0:
        raise BadValue(
            "length of time", last, "a number of days, weeks, months or years, as 30d, 12w, 6m or 1y."
        )
    number, unit = int(match[1]), match[2]
    try:
        if unit in "dw":
            return day - timedelta(days=number * (7 if unit == "w" else 1))
        month = add_months(day, -number * (12 if unit == "y" else 1))
    except (OverflowError, ValueError):
        raise BadValue("length of time", last, "a span within the calendar.") from None
    return month.replace(day=min(day.day, monthrange(month.year, month.month)[1]))
