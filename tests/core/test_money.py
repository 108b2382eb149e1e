"""Amounts in minor units, with the digits that ISO 4217 gives each currency."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

import deskmetry
from deskmetry.records import major_units, minor_digits, minor_units


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("12.50", "EUR", 1250),
        (12.5, "EUR", 1250),
        (500, "JPY", 500),
        ("1.234", "KWD", 1234),
        ("1.5", "CLF", 15_000),
        (Decimal("19.99"), "USD", 1999),
        (" 3 ", "CHF", 300),
        (0, "EUR", 0),
    ],
)
def test_an_amount_has_the_digits_of_its_currency(amount: object, currency: str, minor: int) -> None:
    assert minor_units(amount, currency) == minor


def test_a_currency_that_nobody_listed_has_hundredths() -> None:
    assert minor_units("1.23", "ZZZ") == 123
    assert minor_units("1.23", "") == 123
    assert minor_digits("ZZZ") == 2


def test_a_currency_counts_in_any_case() -> None:
    assert [minor_digits(name) for name in ("jpy", "Kwd", "eur")] == [0, 3, 2]


def test_what_is_less_than_a_minor_unit_is_rounded_half_to_even() -> None:
    assert [minor_units(text, "EUR") for text in ("0.004", "0.005", "0.015", "0.025", "16.8067")] == [
        0, 0, 2, 2, 1681,
    ]  # fmt: skip
    assert [minor_units(text, "JPY") for text in ("0.5", "1.5", "2.5")] == [0, 2, 2]


def test_a_negative_amount_is_rounded_as_its_positive_one() -> None:
    for text in ("0.005", "0.015", "12.5", "16.8067"):
        assert minor_units(f"-{text}", "EUR") == -minor_units(text, "EUR")
    assert minor_units(-3, "CHF") == -300


def test_the_noise_of_floats_changes_no_cent() -> None:
    assert minor_units(0.1 + 0.2, "EUR") == 30
    assert minor_units(1.1 * 3, "EUR") == 330
    assert minor_units(19.99, "EUR") == 1999
    assert minor_units(1.015, "EUR") == 102  # as a sum of powers of two it lies below the half
    assert minor_units("90071992547409.93", "EUR") == 9_007_199_254_740_993


@pytest.mark.parametrize(
    "amount",
    [None, True, {"raw": 1}, [1], b"1", "", "NaN", "Infinity", float("nan"), float("inf"), "12,50", "EUR 5",
     "1e30", "1e999999999", 10**40],
)  # fmt: skip
def test_what_is_no_amount_is_refused(amount: object) -> None:
    with pytest.raises(ValueError, match="no amount"):
        minor_units(amount, "EUR")


@given(st.integers(-(2**62), 2**62), st.sampled_from(("EUR", "JPY", "KWD", "CLF", "ZZZ")))
def test_minor_units_come_back_from_major_ones(minor: int, currency: str) -> None:
    assert minor_units(major_units(minor, currency), currency) == minor


def test_authors_of_plugins_get_it_from_the_front_door() -> None:
    assert deskmetry.minor_units(12.5, "EUR") == 1250
