"""Packed records: fields that go to another process and come back as the records they were."""

from __future__ import annotations

import pickle
from datetime import date, timedelta
from enum import Enum
from typing import Any

import pytest
from pydantic import AwareDatetime

from deskmetry.records import RECORDS, Customer, Message, Record, Team, Ticket
from deskmetry.store.columns import RecordColumn, columns_of
from deskmetry.store.packed import Packed
from deskmetry.store.table import table_of
from helpers_sync import T0, at, ticket

LATEST = int(at(60).timestamp() * 1000)
"""The last instant, an hour after the beginning, that may order copies."""
_FIXED = {"currency": "EUR", "timezone": "Europe/Berlin", "tag": "vip", "redacted": False}


def _value(column: RecordColumn, number: int) -> Any:
    """Return a value for a column, another one for each number where its type has as many."""
    if column.name in _FIXED:
        return _FIXED[column.name]
    if issubclass(column.python, Enum):
        members = list(column.python)
        return members[number % len(members)]
    values: dict[Any, Any] = {
        str: f"{column.name} ñ {number}",
        int: 1000 + number,
        float: number + 0.25,
        bool: number % 2 == 0,
        AwareDatetime: T0 + timedelta(seconds=number, milliseconds=123),
        date: date(2026, 3, 1 + number),
        list: ["ü", number, None, {"b": 1, "a": [2.5]}],
        dict: {"z": "ß", "a": [number, True, None], "m": {}},
    }
    return values[column.python]


def _made(kind: type[Record], number: int, *, whole: bool) -> Record:
    """Return a record with all fields filled, or only those that must be."""
    required = {name for name, field in kind.model_fields.items() if field.is_required()}
    columns = [column for column in columns_of(kind) if whole or column.name in required]
    return kind(**{column.name: _value(column, number) for column in columns} | {"id": f"{number:03d}"})


def _sent(records: list[Record]) -> Packed:
    """Return records as another process gets them."""
    got = pickle.loads(pickle.dumps(Packed.of(records)))
    assert isinstance(got, Packed)
    return got


def _rows(packed: Packed) -> dict[type[Record], list[tuple[object, ...]]]:
    return {kind: [*table_of(kind).rows(values, LATEST)] for kind, values in packed.values.items()}


def _dumped(records: list[Record]) -> list[dict[str, Any]]:
    return [record.model_dump() for record in records]


# --- there and back ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("whole", [True, False], ids=["filled", "required"])
@pytest.mark.parametrize("kind", RECORDS)
def test_records_come_back_as_they_were_and_become_the_same_rows(kind: type[Record], whole: bool) -> None:
    records = [_made(kind, number, whole=whole) for number in range(5)]
    if whole:
        blank = {name for record in records for name, value in record.model_dump().items() if value is None}
        assert not blank, "every column is tried"
    packed = Packed.of(records)
    sent = _sent(records)
    assert sent.values == packed.values
    assert _rows(Packed.of(list(sent))) == _rows(packed)
    assert [type(record) for record in sent] == [kind] * 5
    assert _dumped(list(sent)) == _dumped(records)


@pytest.mark.parametrize("kind", RECORDS)
def test_rows_are_made_of_each_field_by_itself(kind: type[Record]) -> None:
    records = [_made(kind, number, whole=number % 2 == 0) for number in range(5)]
    table = table_of(kind)
    assert table.rows(table.values(records), LATEST) == [_row(record) for record in records]
    assert [table_of(kind).row(record, LATEST) for record in records] == [_row(record) for record in records]


def _row(record: Record) -> tuple[object, ...]:
    """Return the row of a record, worked out field by field; none of its fields orders it."""
    values = []
    for column in columns_of(type(record)):
        value = getattr(record, column.name)
        values.append(value if column.convert is None or value is None else column.convert(value))
    return tuple(values)


def test_a_mixed_page_keeps_the_order_of_each_kind() -> None:
    records: list[Record] = [
        ticket(2), Team(id=1, name="Care"), ticket(1), Customer(id=9), Team(id=0, name="Sales"), ticket(3),
    ]  # fmt: skip
    sent = _sent(records)
    assert len(sent) == 6
    assert [(type(one), one.id) for one in sent] == [
        (Ticket, "2"), (Ticket, "1"), (Ticket, "3"), (Team, "1"), (Team, "0"), (Customer, "9"),
    ]  # fmt: skip
    assert list(sent.values) == [Ticket, Team, Customer]


def test_packed_records_are_a_sequence() -> None:
    sent = _sent([ticket(number) for number in range(5)])
    assert sent[0].id == "0"
    assert sent[-1].id == "4"
    assert [one.id for one in sent[1:3]] == ["1", "2"]
    assert [one.id for one in reversed(sent)] == ["4", "3", "2", "1", "0"]
    with pytest.raises(IndexError):
        sent[5]


def test_no_records_are_packed_as_none() -> None:
    sent = _sent([])
    assert len(sent) == 0
    assert list(sent) == []
    assert not sent


def test_what_is_packed_already_stays_so() -> None:
    packed = Packed.of([ticket(1)])
    assert Packed.of(packed) is packed


# --- rules ------------------------------------------------------------------------------------------------


def _version(packed: Packed) -> object:
    (row,) = _rows(packed)[Ticket]
    return row[table_of(Ticket).position["version"]]


def test_a_copy_without_a_version_is_ordered_by_its_update_also_after_its_way() -> None:
    sent = _sent([ticket(1, 30)])
    assert _version(sent) == int(at(30).timestamp() * 1000)
    assert _version(Packed.of(list(sent))) == _version(sent)


def test_an_update_after_the_latest_instant_orders_nothing_also_after_its_way() -> None:
    sent = _sent([ticket(1, 61)])
    assert _version(sent) is None
    assert _version(Packed.of(list(sent))) is None


def test_a_version_of_the_source_goes_before_the_update() -> None:
    sent = _sent([ticket(1, 30, version=7)])
    assert _version(sent) == 7
    assert _version(Packed.of(list(sent))) == 7


def test_instants_come_back_exactly() -> None:
    exact = T0.replace(microsecond=123_456)
    (made,) = _sent([ticket(1, updated=exact)])
    assert made.model_dump()["updated_at"] == exact


def test_the_text_of_a_redacted_message_is_in_no_row() -> None:
    known: dict[str, Any] = {"ticket_id": 1, "sent_at": T0, "author_kind": "customer"}
    sent = _sent([Message(id=1, body="secret", redacted=True, **known), Message(id=2, body="stays", **known)])
    place = table_of(Message).position["body"]
    assert [row[place] for row in _rows(sent)[Message]] == [None, "stays"]
