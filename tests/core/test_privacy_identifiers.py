"""Addresses, telephone numbers and names are found in texts as people write them."""

from __future__ import annotations

import pytest

from deskmetry.privacy.identifiers import fold, number_of, swap_addresses, swap_names, swap_numbers
from deskmetry.privacy.proof import pattern


def swap_jane(text: str) -> str:
    return swap_addresses(text, lambda found: "X" if fold(found) == "jane.doe@customer.example" else None)


@pytest.mark.parametrize(
    ("text", "swapped"),
    [
        ("jane.doe@customer.example", "X"),
        ("Jane <Jane.Doe@Customer.Example>, bob@x.example", "Jane <X>, bob@x.example"),
        ("mailto:jane.doe@customer.example.", "mailto:X."),
        ("'jane.doe@customer.example'", "'X'"),
        ("https://x.example/?email=jane.doe%40customer.example&a=1", "https://x.example/?email=X&a=1"),
        ("jane.doe@customer.example~1a2b", "X~1a2b"),
        ("mary.jane.doe@customer.example", "mary.jane.doe@customer.example"),
        ("jane.doe@customer.example.org", "jane.doe@customer.example.org"),
        ("jane.doe@customer.examples", "jane.doe@customer.examples"),
        ("two: jane.doe@customer.example;jane.doe@customer.example", "two: X;X"),
        ("@ nobody @", "@ nobody @"),
    ],
)
def test_an_address_is_swapped_only_as_a_whole(text: str, swapped: str) -> None:
    assert swap_jane(text) == swapped


def test_a_long_text_without_blanks_takes_no_time_to_speak_of() -> None:
    text = "a" * 500_000 + "@" * 1000 + "b" * 500_000
    assert swap_jane(text) == text


@pytest.mark.parametrize(
    "text", ["+49 30 123 456 78", "0049-30-12345678", "+49 (0)30 12345678", "49.30.12345678"]
)
def test_a_number_is_known_in_every_writing_with_its_country(text: str) -> None:
    assert number_of(text) == "493012345678"
    assert swap_numbers(f"Call {text}!", {"493012345678": "N"}.get) == "Call N!"


def test_other_numbers_stay_and_short_ones_are_none() -> None:
    text = "2026-03-02 10:00, order 493012345678901, v1.49.30.12345678"
    assert swap_numbers(text, {"493012345678": "N"}.get) == text
    assert number_of("12 34") is None


def test_a_name_is_found_by_its_words() -> None:
    known = {"jäne doe": "N"}.get
    assert swap_names("Dear JÄNE  Doe, Jäne. Doe; jäne doering", {2}, known) == "Dear N, N; jäne doering"


@pytest.mark.parametrize(
    "content",
    [
        "JÄNE@x.example",
        "jäne@X.example",
        r"{\"a\":\"j\u00e4ne@x.example\"}",
        r"J\u00C4NE@x.example",
        "j%C3%A4ne%40x.example",
    ],
)
def test_the_search_finds_every_writing(content: str) -> None:
    assert pattern(["jäne@x.example"], "address").search(content.encode())


def test_the_search_finds_digits_with_signs_between_them() -> None:
    assert pattern(["493012345678"], "telephone").search(b"a+49 (30) 1234-5678b")
