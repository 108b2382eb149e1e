"""Cells of files as numbers, amounts, durations, days and instants: exact, or refused with a reason."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from deskmetry_connectors.table.errors import BadRow
from deskmetry_connectors.table.money import whole_units
from deskmetry_connectors.table.values import (
    to_boolean,
    to_day,
    to_duration,
    to_instant,
    to_number,
    to_text,
)

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("written", "decimal", "number"),
    [
        ("12", ".", "12"),
        ("12.50", ".", "12.50"),
        ("1,234.50", ".", "1234.50"),
        ("1.234,50", ",", "1234.50"),
        ("1.234.567", ",", "1234567"),
        ("1 234,50 €", ",", "1234.50"),
        ("1\u202f234,50", ",", "1234.50"),
        ("1'234.50", ".", "1234.50"),
        ("$12.50", ".", "12.50"),
        ("EUR 12.50", ".", "12.50"),
        ("-3.10", ".", "-3.10"),
        ("(3.10)", ".", "-3.10"),
        ("3.10-", ".", "-3.10"),
        (".5", ".", "0.5"),
        (1999, ".", "1999"),
        (19.99, ",", "19.99"),
        (Decimal("0.10"), ",", "0.10"),
    ],
)
def test_a_number_is_read_as_it_is_written(written: object, decimal: str, number: str) -> None:
    assert to_number(written, decimal) == Decimal(number)


@pytest.mark.parametrize(
    ("written", "decimal"),
    [("19,99", "."), ("1.2", ","), ("12.34.56", ","), ("1,23,456", "."), ("abc", "."), ("-", "."),
     ("1e5", "."), ("12 apples", "."), (True, "."), (float("nan"), ".")],
)  # fmt: skip
def test_what_may_mean_another_number_is_refused(written: object, decimal: str) -> None:
    with pytest.raises(BadRow):
        to_number(written, decimal)


def test_a_comma_for_a_point_is_asked_about() -> None:
    with pytest.raises(BadRow, match="is decimal = ',' meant"):
        to_number("19,99", ".")


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [("19.99", "EUR", 1999), ("0.1", "USD", 10), ("1500", "JPY", 1500), ("1.234", "KWD", 1234),
     ("-3", "CHF", -300), ("90071992547409.93", "EUR", 9007199254740993)],
)  # fmt: skip
def test_an_amount_has_the_digits_of_its_currency(amount: str, currency: str, minor: int) -> None:
    assert whole_units(Decimal(amount), currency) == minor


def test_a_fraction_of_a_cent_is_refused_unless_it_may_be_rounded() -> None:
    with pytest.raises(BadRow, match="round = true"):
        whole_units(Decimal("0.005"), "EUR")
    with pytest.raises(BadRow):
        whole_units(Decimal("0.5"), "JPY")
    assert [whole_units(Decimal(text), "EUR", rounded=True) for text in ("0.005", "0.015", "16.8067")] == [
        0, 2, 1681,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("written", "unit", "seconds"),
    [("90", "seconds", 90), ("1.5", "minutes", 90), ("0:01:30", "seconds", 90), ("1:30", "m:ss", 90),
     ("1:30", "h:mm", 5400), ("2:00:01", "h:mm:ss", 7201), (1500, "milliseconds", 1.5),
     (".25", "hours", 900)],
)  # fmt: skip
def test_a_duration_has_a_unit(written: object, unit: str, seconds: float) -> None:
    assert to_duration(written, unit, ".") == timedelta(seconds=seconds)


def test_a_clock_of_the_wrong_kind_is_refused() -> None:
    with pytest.raises(BadRow, match="h:mm"):
        to_duration("1:30:00", "h:mm", ".")


@pytest.mark.parametrize(
    ("written", "format_", "instant"),
    [
        ("2026-03-02T09:15:00Z", "iso", "2026-03-02T09:15:00"),
        ("2026-03-02 09:15", "iso", "2026-03-02T08:15:00"),
        ("2026-07-02 09:15+05:00", "iso", "2026-07-02T04:15:00"),
        ("02.03.2026 09:15", "day-first", "2026-03-02T08:15:00"),
        ("2/3/26, 9:15:07", "day-first", "2026-03-02T08:15:07"),
        ("03/02/2026 9:15 PM", "month-first", "2026-03-02T20:15:00"),
        ("03/02/2026 12:05 AM", "month-first", "2026-03-01T23:05:00"),
        ("2026/3/2", "year-first", "2026-03-01T23:00:00"),
        ("1772442000", "epoch", "2026-03-02T09:00:00"),
        (1772442000500, "epoch-ms", "2026-03-02T09:00:00.500"),
        ("02-Mar-2026 09:15", "%d-%b-%Y %H:%M", "2026-03-02T08:15:00"),
        ("2026-03-29 02:30", "iso", "2026-03-29T01:30:00"),  # skipped: the time before the change
        ("2026-10-25 02:30", "iso", "2026-10-25T00:30:00"),  # doubled: the first
    ],
)
def test_an_instant_is_read_by_its_format_in_its_zone(written: object, format_: str, instant: str) -> None:
    found = to_instant(written, (format_,), BERLIN)
    assert found == datetime.fromisoformat(instant).replace(tzinfo=UTC)


@pytest.mark.parametrize("written", ["03/04/2026", "12.5.2026", "1772442000", "31.02.2026", "soon"])
def test_a_date_that_may_be_another_is_refused(written: str) -> None:
    with pytest.raises(BadRow, match="isn't a date as iso"):
        to_instant(written, ("iso",), BERLIN)
    with pytest.raises(BadRow):
        to_instant("31.02.2026", ("day-first",), BERLIN)


def test_a_local_time_without_a_zone_is_refused() -> None:
    with pytest.raises(BadRow, match="set `timezone`"):
        to_instant("2026-03-02 09:15", ("iso",), None)


def test_formats_are_tried_in_order_and_a_day_is_a_local_one() -> None:
    formats = ("day-first", "iso")
    assert to_day("02.03.2026", formats, None) == date(2026, 3, 2)
    assert to_day("2026-03-02", formats, None) == date(2026, 3, 2)
    assert to_day("2026-03-01T23:30:00Z", formats, BERLIN) == date(2026, 3, 2)


def test_texts_are_the_same_from_every_kind_of_file() -> None:
    assert [to_text(cell) for cell in (" 7 ", 7, 7.0, Decimal("7.0"), 0.5, True)] == [
        "7", "7", "7", "7", "0.5", "true",
    ]  # fmt: skip
    assert [to_boolean(cell) for cell in ("Yes", "0", 1, False)] == [True, False, True, False]
    with pytest.raises(BadRow):
        to_boolean("maybe")
