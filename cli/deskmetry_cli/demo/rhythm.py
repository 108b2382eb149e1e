"""Rhythm: how many customers write on which day and at which hour, and how busy the desk is meanwhile."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Iterator
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from deskmetry.calendar import midnight

MINUTE, HOUR, DAY = 60, 3_600, 86_400  # seconds
_WEEKDAYS = (1.45, 1.2, 1.1, 1.05, 1.0, 0.45, 0.35)  # Monday first
_HOURS = (3, 2, 1, 1, 1, 2, 6, 16, 35, 55, 62, 58, 48, 45, 48, 46, 44, 38, 34, 33, 32, 26, 15, 7)
_AHEAD = 60  # days after `until` that the staff's diary goes on, so that late replies fall off its end


class Rhythm:
    """The calendar of the story: complete months from a year before `until` on.

    It has a bad week about ten weeks before its end, and goes better in its last two months.
    Instants are whole seconds since 1970 UTC; days are indexes from `since`.
    """

    def __init__(self, until: date, zone: ZoneInfo, tickets_per_year: int) -> None:
        self.zone = zone
        self.until = until
        self.since = date(until.year - 1, until.month, 1)
        self.days = (until - self.since).days
        self._midnights = [
            int(midnight(self.since + timedelta(days=n), zone).timestamp())
            for n in range(self.days + _AHEAD + 1)
        ]
        self.begins_at = self._midnights[0]
        self.ends_at = self._midnights[self.days]
        near = until - timedelta(days=70)
        self.bad_week = near - timedelta(days=near.weekday())
        self.better_from = until - timedelta(days=61)
        weights = [self._weight(self.local_date(n)) for n in range(self.days)]
        scale = tickets_per_year / 365 * self.days / sum(weights)
        self.expected = [weight * scale for weight in weights]

    @property
    def diary(self) -> int:
        """Number of days that the staff's diary covers."""
        return len(self._midnights) - 1

    def local_date(self, day: int) -> date:
        """Return the local date of a day index."""
        return self.since + timedelta(days=day)

    def midnight(self, day: int) -> int:
        """Return the first second of a day."""
        return self._midnights[day]

    def day(self, at: int) -> int:
        """Return the index of the local day that an instant falls on."""
        return bisect_right(self._midnights, at) - 1

    def in_bad_week(self, at: int) -> bool:
        """Tell whether the instant lies in the bad week."""
        return 0 <= (self.local_date(self.day(at)) - self.bad_week).days < 7

    def slowness(self, at: int) -> float:
        """Return the factor on response times: 3 in the bad week, under 1 in the last two months."""
        since_bad = (self.local_date(self.day(at)) - self.bad_week).days
        if 0 <= since_bad < 7:
            return 3.0
        if 7 <= since_bad < 12:
            return 1.6  # what was left lying
        return 0.45 if self.local_date(self.day(at)) >= self.better_from else 1.0

    def arrivals(self, rng: random.Random) -> Iterator[int]:
        """Yield the instants at which customers open threads, day by day, in order."""
        for day, expected in enumerate(self.expected):
            count = max(0, round(rng.gauss(expected, expected**0.5)))
            yield from sorted(self.moment(rng, day) for _ in range(count))

    def moment(self, rng: random.Random, day: int) -> int:
        """Return an instant of that day, mostly in the waking hours."""
        hour = rng.choices(range(24), _HOURS)[0]
        return min(self._midnights[day] + hour * 3600 + rng.randrange(3600), self._midnights[day + 1] - 1)

    def awake(self, rng: random.Random, at: int) -> int:
        """Return the instant itself, or a later one of the same morning if it falls into the night."""
        if (at - self._midnights[self.day(at)]) // 3600 < 6:
            return at + 6 * 3600 + rng.randrange(3 * 3600)
        return at

    def _weight(self, day: date) -> float:
        doubled = 2.0 if 0 <= (day - self.bad_week).days < 7 else 1.0
        return _WEEKDAYS[day.weekday()] * season(day) * doubled


def season(day: date) -> float:
    """Return the factor of the time of year: a rush before Christmas, returns after it, a busy spring."""
    key = day.month * 100 + day.day
    if 1115 <= key <= 1219:
        return 1.1 + 0.8 * (day - date(day.year, 11, 15)).days / 34
    if 1220 <= key <= 1224:
        return 1.3
    if 1225 <= key <= 1226:
        return 0.5
    if key >= 1227 or key <= 110:
        return 1.35
    if 401 <= key <= 630:
        return 1.15
    return 0.85 if day.month == 8 else 0.95
