"""People: whom addresses and telephone numbers join, and whom they don't."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deskmetry.facts import Refreshed, pending
from deskmetry.privacy import with_stand_ins
from deskmetry.privacy.key import key_of
from deskmetry.privacy.pseudonyms import HASHED, Pseudonyms
from deskmetry.records import Agent, Customer
from deskmetry.settings import People
from deskmetry.telephone import telephone
from helpers_store import Store, instant, ticket

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


# --- what joins nobody ---------------------------------------------------------------------------------


def joined(store: Store, settings: People) -> list[list[str]]:
    """Return the persons of both sources under some settings; refreshed and rebuilt must be the same."""
    store.refresh(people=settings)
    found = store.facts()
    store.refresh(people=settings, rebuild=True)
    assert store.facts() == found
    return [[str(row["person"]) for row in store.table("ticket_facts", source_id=n)] for n in (1, 2)]


def test_an_ignored_address_joins_nobody(store: Store) -> None:
    customers(store, ("Info@x.example", None), ("info@y.example", None), ("anna@x.example", None))
    customers(store, ("info@x.example", None), ("INFO@y.example", None), ("anna@x.example", None), source=2)
    assert joined(store, People()) == [["info@x.example", "info@y.example", "anna@x.example"]] * 2
    assert joined(store, People(ignore=("INFO@x.example",))) == [
        ["1:c0", "info@y.example", "anna@x.example"],
        ["2:c0", "info@y.example", "anna@x.example"],
    ]
    assert joined(store, People(ignore=("*@X.example",))) == [
        ["1:c0", "info@y.example", "1:c2"],
        ["2:c0", "info@y.example", "2:c2"],
    ]
    assert joined(store, People()) == [["info@x.example", "info@y.example", "anna@x.example"]] * 2


def test_an_ignored_domain_is_that_domain_and_no_other(store: Store) -> None:
    customers(store, ("a@sub.x.example", None), ("a@notx.example", None))
    assert joined(store, People(ignore=("*@x.example",)))[0] == ["a@sub.x.example", "a@notx.example"]


def test_an_ignored_number_joins_nobody(store: Store) -> None:
    customers(store, ("a@x.example", "+49 30 123456"), ("b@x.example", "+49 30 777777"))
    customers(store, (None, "0049 30 123456"), (None, "0049 30 777777"), source=2)
    ignoring = People(ignore=("+49 (0)30 12 34 56",))
    assert joined(store, People()) == [["a@x.example", "b@x.example"]] * 2
    assert joined(store, ignoring) == [["a@x.example", "b@x.example"], ["2:c0", "b@x.example"]]


def test_who_has_an_ignored_address_is_still_joined_by_telephone(store: Store) -> None:
    customers(store, ("relay@market.example", "+49 30 123456"))
    customers(store, ("anna@x.example", "+49 30 123456"), source=2)
    assert joined(store, People(ignore=("*@market.example",))) == [["anna@x.example"], ["anna@x.example"]]


def test_how_many_may_share_an_identifier_is_a_setting(store: Store) -> None:
    customers(store, *[("info@x.example", None)] * 2, ("a@y.example", "+49 30 123456"))
    customers(store, ("b@y.example", "+49 30 123456"), source=2)
    assert joined(store, People()) == [
        ["info@x.example", "info@x.example", "a@y.example"],
        ["a@y.example"],
    ]
    assert joined(store, People(shared_by=1)) == [["1:c0", "1:c1", "a@y.example"], ["b@y.example"]]


def test_one_customer_in_each_source_is_no_crowd(tmp_path: Path) -> None:
    with Store.at(tmp_path) as store:
        for number in range(1, 7):
            store.source(f"s{number}")
            customers(store, ("anna@x.example", None), source=number)
        assert {key for number in range(1, 7) for key in persons(store, number)} == {"anna@x.example"}


def test_an_address_is_crowded_over_sources_too(store: Store) -> None:
    # One person may have an account in each; the two further customers of each source are others: five.
    customers(store, *[("info@x.example", None)] * 2)
    customers(store, *[("info@x.example", None)] * 2, source=2)
    assert set(persons(store)) == {"info@x.example"}  # 1 + 1 + 1
    customers(store, *[("info@x.example", None)] * 3)
    customers(store, *[("info@x.example", None)] * 3, source=2)
    assert persons(store) == ["1:c0", "1:c1", "1:c2"]  # 1 + 2 + 2


def test_a_number_is_crowded_over_sources_too(tmp_path: Path) -> None:
    with Store.at(tmp_path) as store:
        for number in range(1, 5):
            store.source(f"s{number}")
            customers(store, (f"c{number}@x.example", "+49 30 123456"), source=number)
        assert [persons(store, n) for n in range(1, 5)] == [[f"c{n}@x.example"] for n in range(1, 5)]


def test_a_number_that_each_source_knows_once_joins_however_many_they_are(tmp_path: Path) -> None:
    with Store.at(tmp_path) as store:
        for number in range(1, 7):
            store.source(f"s{number}")
            customers(store, (None, "+49 30 123456"), source=number)
        assert {key for number in range(1, 7) for key in persons(store, number)} == {"1:c0"}


def test_customers_without_an_address_count_where_one_with_an_address_has_the_number_too(
    store: Store,
) -> None:
    who: list[Who] = [("a@x.example", "+49 30 123456"), *[(None, "+49 30 123456")] * 3]
    customers(store, *who[:3])
    assert set(persons(store)) == {"a@x.example"}
    customers(store, *who)
    assert persons(store) == ["a@x.example", "1:c1", "1:c2", "1:c3"]


def test_national_numbers_join_once_their_country_is_set(store: Store) -> None:
    customers(store, ("anna@x.example", "030 123456"), ("bert@x.example", "123456789"))
    customers(store, (None, "+49 (30) 123456"), (None, "123456789"), source=2)
    assert joined(store, People())[1] == ["2:c0", "2:c1"]
    assert joined(store, People(calling_code="49"))[1] == ["anna@x.example", "2:c1"]
    assert joined(store, People(calling_code="45", trunk_prefix=""))[1] == ["2:c0", "bert@x.example"]


@pytest.mark.parametrize(
    ("text", "code", "prefix", "number"),
    [
        ("030 / 123456", "49", "0", "+4930123456"),
        ("0039 06 1234567", "49", "0", "+39061234567"),
        ("+1 212 5550100", "49", "0", "+12125550100"),
        ("06 1234567", "39", "", "+39061234567"),
        ("8 495 1234567", "7", "8", "+74951234567"),
        ("123456", "49", "0", None),  # no area code
        ("0", "49", "0", None),
    ],
)
def test_a_calling_code_takes_the_place_of_the_trunk_prefix(
    text: str, code: str, prefix: str, number: str | None
) -> None:
    assert telephone(text, code, prefix) == number


def test_an_agent_who_writes_as_a_customer_joins_nobody(store: Store) -> None:
    customers(store, ("tom@acme.example", "+49 30 123456"), ("anna@x.example", None))
    customers(store, ("Tom@acme.example", None), ("zoe@x.example", "+49 30 123456"), source=2)
    assert joined(store, People()) == [["tom@acme.example", "anna@x.example"], ["tom@acme.example"] * 2]
    store.write(Agent(id="a1", email=" TOM@acme.example"), source=2)
    assert joined(store, People()) == [["1:c0", "anna@x.example"], ["2:c0", "zoe@x.example"]]
    store.write(Agent(id="a1", email="anna@x.example", updated_at=instant("2026-01-01")), source=2)
    assert joined(store, People()) == [["tom@acme.example", "1:c1"], ["tom@acme.example"] * 2]


def test_a_former_agent_whose_role_is_a_customers_now_joins_nobody_either(store: Store) -> None:
    customers(store, ("tom@acme.example", None))
    customers(store, ("tom@acme.example", None), source=2)
    assert persons(store) == ["tom@acme.example"]
    store.write(ticket("note", "2025-03-02", assignee_id="c0"))  # only agents are assigned to tickets
    assert joined(store, People()) == [["None", "1:c0"], ["2:c0"]]


def test_one_human_with_an_account_in_two_sources_is_one_agent(store: Store) -> None:
    for source in (1, 2):
        store.write(Agent(id=f"a{source}", email="Tom@acme.example"), source=source)
        store.write(ticket("t", "2025-03-01", assignee_id=f"a{source}"), source=source)
    store.refresh()
    assert {row["agent"] for row in store.table("ticket_facts")} == {"tom@acme.example"}


def test_changed_settings_wait_for_a_refresh_and_an_equal_one_writes_nothing(store: Store) -> None:
    customers(store, ("info@x.example", None))
    store.refresh()
    ignoring = People(ignore=("info@x.example",))
    assert pending(store.connection, "UTC") == 0
    assert pending(store.connection, "UTC", ignoring) == 1
    assert store.refresh(people=ignoring) == Refreshed(tickets=1, rebuilt=False)
    assert pending(store.connection, "UTC", ignoring) == 0
    assert store.refresh(people=ignoring).tickets == 0


def test_no_ignored_address_is_written_into_the_database(store: Store) -> None:
    store.refresh(people=People(ignore=("secret@x.example", "+49 30 99887766")))
    told = [str(row["value"]) for row in store.table("facts_state")]
    assert not any("secret" in text or "99887766" in text for text in told)


def test_hashed_customers_are_ignored_by_their_stand_ins(store: Store) -> None:
    key = key_of(store.connection, make=True)
    assert key is not None
    hashed = Pseudonyms(key, HASHED)
    info, number = hashed.address("info@x.example"), hashed.number("4930123456")
    for source in (1, 2):
        customers(store, (info, None), (f"{source}@x.example", number), source=source)
    assert joined(store, People()) == [[info, "1@x.example"]] * 2
    ignoring = with_stand_ins(store.connection, People(ignore=("Info@x.example", "+49 30 123456")))
    assert joined(store, ignoring) == [["1:c0", "1@x.example"], ["2:c0", "2@x.example"]]
