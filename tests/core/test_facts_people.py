"""People: whom addresses and telephone numbers join, and whom they don't."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deskmetry.facts.people import telephone
from deskmetry.records import Customer
from helpers_store import Store, ticket

Who = tuple[str | None, str | None]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.at(tmp_path) as made:
        made.source("shop")
        made.source("phone")
        yield made


def customers(store: Store, *who: Who, source: int = 1) -> None:
    """Write customers c0, c1, … by e-mail and telephone, each with one ticket."""
    for number, (email, phone) in enumerate(who):
        store.write(Customer(id=f"c{number}", email=email, phone=phone), source=source)
        store.write(ticket(f"t{number}", "2025-03-01", requester_id=f"c{number}"), source=source)


def persons(store: Store, source: int = 1) -> list[str]:
    store.refresh()
    return [str(row["person"]) for row in store.table("ticket_facts", source_id=source)]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("+49 (0)30 / 123-456", "+4930123456"),
        (" 0049 30 123456 ", "+4930123456"),
        ("030 123456", None),  # in which country?
        ("+49 30 1", None),
        ("n/a", None),
        ("", None),
    ],
)
def test_international_numbers_are_told_apart_from_others(text: str, number: str | None) -> None:
    assert telephone(text) == number


def test_an_address_joins_over_sources(store: Store) -> None:
    customers(store, ("Anna@x.example ", None))
    customers(store, ("anna@x.example", None), source=2)
    assert persons(store) == persons(store, 2) == ["anna@x.example"]


def test_a_number_joins_over_sources_and_with_all_of_the_address(store: Store) -> None:
    customers(store, ("anna@x.example", "+49 30 123456"), ("anna@x.example", None), ("bert@x.example", None))
    customers(store, (None, "0049 (30) 123456"), ("zoe@x.example", "+4930123456"), source=2)
    assert persons(store) == ["anna@x.example", "anna@x.example", "bert@x.example"]
    assert persons(store, 2) == ["anna@x.example", "anna@x.example"]
    row = store.fact("ticket_facts", source_id=2, ticket_id="t0")
    assert row["customer"] == "returning"


def test_numbers_and_addresses_join_in_a_chain(store: Store) -> None:
    customers(store, ("b@x.example", "+4930111111"), ("c@x.example", "+4930222222"))
    customers(store, ("c@x.example", "+4930111111"), ("d@x.example", "+4930222222"), source=2)
    assert set(persons(store)) | set(persons(store, 2)) == {"b@x.example"}


def test_whoever_has_two_numbers_joins_both_their_groups(store: Store) -> None:
    customers(store, ("b@x.example", "+4930111111"), ("c@x.example", "+4930222222"))
    customers(store, ("d@x.example", "+4930111111"), ("d@x.example", "+4930222222"), source=2)
    assert set(persons(store)) | set(persons(store, 2)) == {"b@x.example"}


def test_without_an_address_the_source_and_id_stand_for_a_person(store: Store) -> None:
    customers(store, (None, "+4930123456"), (None, "+4930123456"), (None, None))
    assert persons(store) == ["1:c0", "1:c0", "1:c2"]


def test_a_number_that_more_than_a_few_share_joins_nobody(store: Store) -> None:
    shared = [(f"{name}@x.example", "+4930123456") for name in "abcd"]
    customers(store, *shared[:3])
    assert set(persons(store)) == {"a@x.example"}
    customers(store, *shared)
    assert persons(store) == ["a@x.example", "b@x.example", "c@x.example", "d@x.example"]


def test_an_address_that_more_than_a_few_of_a_source_share_joins_nobody(store: Store) -> None:
    customers(store, *[("info@x.example", None)] * 3)
    assert set(persons(store)) == {"info@x.example"}
    customers(store, *[("info@x.example", None)] * 4)
    customers(store, ("info@x.example", None), source=2)
    assert persons(store) == ["1:c0", "1:c1", "1:c2", "1:c3"]
    assert persons(store, 2) == ["2:c0"]


def test_another_number_parts_them_again(store: Store) -> None:
    customers(store, ("a@x.example", "+4930123456"))
    customers(store, ("b@x.example", "+4930123456"), source=2)
    assert persons(store, 2) == ["a@x.example"]
    store.write(Customer(id="c0", email="a@x.example", phone="+4930999999"))
    assert persons(store, 2) == ["b@x.example"]
    assert store.fact("ticket_facts", source_id=2)["customer"] == "new"
    assert store.table("people") == []
