from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from deskmetry.calendar import zone
from deskmetry.errors import BadValue, UsageError
from deskmetry.query.period import Moment, read_moment, read_period

BERLIN = zone("Europe/Berlin")
AS_OF = datetime(2026, 5, 31, 10, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("since", "until", "last", "begin", "end"),
    [
        (None, None, None, "2026-02-01T00:00+01:00", "2026-05-01T00:00+02:00"),
        (None, None, "30d", "2026-05-01T00:00+02:00", "2026-05-31T00:00+02:00"),
        (None, None, "12w", "2026-03-08T00:00+01:00", "2026-05-31T00:00+02:00"),
        (None, None, "3m", "2026-02-28T00:00+01:00", "2026-05-31T00:00+02:00"),
        (None, None, "1y", "2025-05-31T00:00+02:00", "2026-05-31T00:00+02:00"),
        (None, "2026-03", "7d", "2026-02-22T00:00+01:00", "2026-03-01T00:00+01:00"),
        ("2026-01", "2026-02", None, "2026-01-01T00:00+01:00", "2026-02-01T00:00+01:00"),
        ("2026-03-29", "2026-03-30", None, "2026-03-29T00:00+01:00", "2026-03-30T00:00+02:00"),
        ("2026-05", None, None, "2026-05-01T00:00+02:00", "2026-05-31T12:30+02:00"),
        ("2026-05", "today", None, "2026-05-01T00:00+02:00", "2026-05-31T00:00+02:00"),
        (None, "2026-04", None, "2026-01-01T00:00+01:00", "2026-04-01T00:00+02:00"),
        (date(2026, 1, 2), "2026-01-02T06:00Z", None, "2026-01-02T00:00+01:00", "2026-01-02T07:00+01:00"),
    ],
)
def test_words_for_a_period(
    since: Moment | None, until: Moment | None, last: str | None, begin: str, end: str
) -> None:
    period = read_period(BERLIN, AS_OF, since, until, last)
    assert period.since == datetime.fromisoformat(begin)
    assert period.until == datetime.fromisoformat(end)


@pytest.mark.parametrize("text", ["2026-13", "2026-02-30", "yesterday", "2026-01-01T10:00", "", "2026"])
def test_a_date_that_cannot_be_read_or_has_no_zone_is_refused(text: str) -> None:
    with pytest.raises(BadValue):
        read_moment(text, BERLIN, AS_OF.date())


@pytest.mark.parametrize("last", ["0d", "30", "d", "-3d", "3 days", "9999y"])
def test_a_length_that_cannot_be_read_is_refused(last: str) -> None:
    with pytest.raises(BadValue):
        read_period(BERLIN, AS_OF, last=last)


def test_an_empty_period_is_refused() -> None:
    with pytest.raises(UsageError, match="empty"):
        read_period(BERLIN, AS_OF, "2026-02", "2026-01")
