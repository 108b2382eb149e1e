"""What a value of a record may be, each by its written rule; what passes can be stored."""

from __future__ import annotations

import json
import math
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from deskmetry.instants import from_epoch, from_milliseconds, to_milliseconds
from deskmetry.records import (
    RECORDS,
    Cost,
    Customer,
    MessageHeader,
    Order,
    RawRecord,
    Record,
    Team,
    Ticket,
    to_json,
)
from deskmetry.records.base import MAX_DEPTH, MAX_INTEGER, MAX_TEXT
from deskmetry.store.columns import columns_of
from helpers_store import Store, message, ticket

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)
EARLY, LATE = (datetime(year, 1, 1, tzinfo=UTC).replace(tzinfo=None) for year in (2, 9998))


def created(value: Any) -> datetime:
    return Ticket(id="1", status="open", created_at=value).created_at


@pytest.mark.parametrize(
    "value",
    [
        NOON,
        "2025-03-01T12:00:00Z",
        "2025-03-01T13:00:00+01:00",
        NOON.astimezone(timezone(timedelta(hours=9))),
    ],
)
def test_instants_are_brought_to_utc(value: object) -> None:
    assert created(value) == NOON
    assert created(value).tzinfo is UTC


@pytest.mark.parametrize(
    "value",
    [
        NOON.replace(tzinfo=None), "2025-03-01T12:00:00", "2025-03-01", date(2025, 3, 1),
        1740830400, 1740830400.5, "1740830400", " 1740830400 ", "1740830400.5", "-5", "+5", "1e9", True,
        Decimal(1740830400), b"1740830400", "", None, "yesterday",
        "9999-12-31T23:59:59-05:00", "0001-01-01T00:00:00+05:00",
    ],
    ids=repr,
)  # fmt: skip
def test_what_is_no_aware_instant_is_refused(value: object) -> None:
    with pytest.raises(ValidationError):
        created(value)


@pytest.mark.parametrize("value", [1740830400, "1740830400", 20000.0, True])
def test_a_number_is_no_day(value: object) -> None:
    known: dict[str, Any] = {"id": "1", "kind": "tools", "amount_minor": 1, "currency": "EUR"}
    assert Cost(**known, from_day="2025-03-01", until_day=date(2025, 4, 1)).from_day == date(2025, 3, 1)
    with pytest.raises(ValidationError, match="not a number"):
        Cost(**known, from_day=value, until_day=date(2025, 4, 1))


@given(st.datetimes(timezones=st.timezones(), min_value=EARLY, max_value=LATE))
def test_instants_are_kept_to_the_millisecond(value: datetime) -> None:
    whole = value.replace(microsecond=value.microsecond // 1000 * 1000)
    assert from_milliseconds(to_milliseconds(created(whole))) == whole.astimezone(UTC)


def test_epochs_say_their_unit() -> None:
    assert from_epoch(seconds=1740830400) == from_epoch(milliseconds=1740830400000) == NOON
    with pytest.raises(ValueError, match="seconds or milliseconds"):
        from_epoch()
    with pytest.raises(ValueError, match="seconds or milliseconds"):
        from_epoch(seconds=1, milliseconds=1)


@pytest.mark.parametrize("value", [1e20, -1e20, math.inf, math.nan])
def test_an_epoch_out_of_range_is_a_value_error(value: float) -> None:
    with pytest.raises(ValueError, match=r"."):
        from_epoch(seconds=value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [("a", "a"), (" a ", "a"), (7, "7"), (10**30, str(10**30)), ("a\x00", "a\ufffd"), (0, "0")],
)
def test_ids_are_text(value: object, expected: str) -> None:
    assert Team(id=value, name="T").id == expected


@pytest.mark.parametrize("value", [None, "", "  ", True, 1.5, [], b"a"], ids=repr)
def test_what_is_no_id_is_refused(value: object) -> None:
    with pytest.raises(ValidationError, match="non-empty text or an integer"):
        Team(id=value, name="T")


@pytest.mark.parametrize(
    ("value", "expected"), [(None, None), ("", None), (" ", None), (7, "7"), (" a", "a")]
)
def test_an_empty_reference_is_none(value: object, expected: str | None) -> None:
    assert Ticket(id="1", status="open", created_at=NOON, team_id=value).team_id == expected


def test_texts_lose_what_sqlite_cannot_hold_and_are_cut() -> None:
    assert Team(id="1", name="a\x00b\ud800c").name == "a\ufffdb\ufffdc"
    body = message("1", None, NOON, body="ä" * (MAX_TEXT + 5)).body
    assert body == "ä" * MAX_TEXT


@pytest.mark.parametrize("value", [MAX_INTEGER + 1, -MAX_INTEGER - 2, 1.5, "x"])
def test_integers_over_64_bits_are_refused(value: object) -> None:
    with pytest.raises(ValidationError):
        Order(id="1", placed_at=NOON, amount_minor=value, currency="EUR", status="paid")


@pytest.mark.parametrize("value", [math.nan, math.inf, "nan", 10**400])
def test_numbers_are_finite(value: object) -> None:
    known: dict[str, Any] = {"id": "1", "kind": "tools", "amount_minor": 1, "currency": "EUR"}
    with pytest.raises(ValidationError):
        Cost(**known, from_day=date(2025, 3, 1), until_day=date(2025, 4, 1), hours=value)


def nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(depth):
        value = {"a": value}
    return value


def raw(value: Any) -> dict[str, Any]:
    return RawRecord(id="1", stream="s", kind="k", raw=value).raw


def test_json_values_follow_the_same_rules_at_every_depth() -> None:
    assert raw({"a\x00": ["\ud800", math.nan, math.inf, 2**63, -(2**63), True, None, 1.5]}) == {
        "a\ufffd": ["\ufffd", None, None, str(2**63), -(2**63), True, None, 1.5]
    }
    assert raw({1: (1, 2)}) == {"1": [1, 2]}


def test_json_nests_up_to_a_depth() -> None:
    assert raw(nested(MAX_DEPTH)) == nested(MAX_DEPTH)
    for depth in (MAX_DEPTH + 1, 100_000):
        with pytest.raises(ValidationError, match="nested deeper"):
            raw(nested(depth))


@pytest.mark.parametrize("value", [{1, 2}, NOON, b"x", object()], ids=["set", "datetime", "bytes", "object"])
def test_what_is_no_json_is_refused(value: object) -> None:
    with pytest.raises(ValidationError, match="isn't a JSON value"):
        raw({"a": value})


def test_equal_json_values_are_equal_texts() -> None:
    assert to_json({"b": 1, "a": ["ü"]}) == to_json({"a": ["ü"], "b": 1}) == '{"a":["ü"],"b":1}'


def test_a_field_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValidationError, match="colour"):
        Team(id="1", name="T", colour="red")  # type: ignore[call-arg]


def test_what_came_does_not_stand_in_the_error() -> None:
    with pytest.raises(ValidationError) as caught:
        Customer(id="1", email="anna@x.example", created_at="secret")
    assert "secret" not in str(caught.value)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters()), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=50, deadline=None)
@given(text=st.text(st.characters()), value=st.dictionaries(st.text(st.characters()), ANYTHING, max_size=3))
def test_whatever_is_taken_can_be_stored_and_read_back(
    tmp_path_factory: pytest.TempPathFactory, text: str, value: dict[str, Any]
) -> None:
    with Store.at(tmp_path_factory.mktemp("db")) as store:
        store.source()
        one = ticket("1", subject=text, custom_fields=value, tags=[text])
        kept = RawRecord(id="1", stream="s", kind=text, raw=value)
        store.write(one, kept)
        row = store.fact("tickets")
        assert row["subject"] == one.subject
        assert json.loads(row["custom_fields"]) == one.custom_fields
        assert store.rows("SELECT value FROM tickets, json_each(tags)") == [{"value": one.subject}]
        assert json.loads(store.fact("raw_records")["raw"]) == kept.raw


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: str(record.table))
def test_every_field_is_described_and_has_a_column(record: type[Record]) -> None:
    columns = columns_of(record)
    assert {column.name for column in columns} == set(record.model_fields)
    assert columns[0].name == "id"
    assert all(column.doc and not column.doc.endswith(".") for column in columns)
    for column in columns:
        assert column.sql in ("TEXT", "INTEGER", "REAL")
        assert column.references in {None, *(other.table for other in RECORDS)}


def test_every_table_belongs_to_one_record() -> None:
    assert len({record.table for record in RECORDS}) == len(RECORDS)


def test_a_huge_text_costs_no_failed_sync(tmp_path: Path) -> None:
    with Store.at(tmp_path) as store:
        store.source()
        store.write(message("1", None, NOON, body="\x00" * (MAX_TEXT * 2), length=MAX_TEXT * 2))
        assert store.fact("messages")["body"] == "\ufffd" * MAX_TEXT


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("a.B@x.example", "a.B@x.example"),
        (" <a.B@x.example>\r\n", "a.B@x.example"),
        ("<a.B@\n x.example>", "a.B@x.example"),
        ("é@x.example", "é@x.example"),
        ("<>", ""),
        (None, None),
    ],
)
def test_a_message_id_is_kept_without_its_brackets(written: str | None, kept: str | None) -> None:
    at = datetime(2026, 3, 2, tzinfo=UTC)
    header = MessageHeader(id="1", mail_id="1", sent_at=at, inbound=True, folder="x", message_id=written)
    assert header.message_id == kept
