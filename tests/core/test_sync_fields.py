"""Promise 13: a new field is kept and reported, a field of another type never becomes NULL in silence."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import PrivateAttr, ValidationError

from deskmetry.connector import Cursor, Page, stream
from deskmetry.errors import TryLater
from deskmetry.records import RECORDS, Record, Ticket, to_json
from deskmetry.records.kinds import TicketStatus
from deskmetry.store.columns import columns_of
from deskmetry.sync import SyncReport
from deskmetry.sync.fields import MAX_FIELDS, MAX_SAMPLE
from helpers_sync import Desk, at, contents, raising, rows, run


class Rows(Desk):
    """A desk that maps JSON rows, page by page, and leaves alone what it doesn't know."""

    name: ClassVar[str] = "rows"
    _pages: list[list[Any]] = PrivateAttr(default_factory=list)

    def of(self, *pages: list[Any]) -> Rows:
        self._pages = list(pages)
        return self

    @stream(Ticket)
    def tickets(self, since: Cursor | None) -> Iterator[Page]:
        for number, page in enumerate(self._pages):
            yield self.page(page, self.ticket, token=number)

    def ticket(self, row: Any) -> Ticket:
        return Ticket(id=row["id"], status=TicketStatus.OPEN, created_at=at(0))


def row(number: int, **more: Any) -> dict[str, Any]:
    return {"id": number, "subject": "x"} | more


def fresh(report: SyncReport) -> list[str]:
    return report.sources[0].streams[0].new_fields


def samples(folder: Path) -> dict[str, Any]:
    found = rows(folder, "SELECT raw FROM raw_records WHERE kind = 'new_field'")
    return {one["field"]: one for (text,) in found for one in [json.loads(text)]}


def test_promise_13_a_new_field_is_kept_raw_and_reported(tmp_path: Path) -> None:
    first = run(tmp_path, Rows().of([row(1), row(2, rare=1)]))
    assert fresh(first) == []
    later = Rows().of([row(3), row(4, mood={"score": [1, 2]}), row(5, mood={"score": []}, rare=2)])
    report = run(tmp_path, later)
    assert fresh(report) == ["mood"]
    (note,) = report.sources[0].streams[0].notes
    assert "mood" in note
    assert "raw_records" in note
    ((reason,),) = rows(tmp_path, "SELECT reason FROM sync_runs WHERE run = 2")
    assert "mood" in reason
    assert samples(tmp_path) == {"mood": {"field": "mood", "value": {"score": [1, 2]}, "item": "4"}}
    assert rows(tmp_path, "SELECT field FROM stream_fields WHERE new") == [("mood",)]


def test_promise_13_a_field_is_new_only_once(tmp_path: Path) -> None:
    run(tmp_path, Rows().of([row(1)]))
    assert fresh(run(tmp_path, Rows().of([row(2, mood=1)]))) == ["mood"]
    before = contents(tmp_path / "desk.db")["raw_records"]
    assert fresh(run(tmp_path, Rows().of([row(3, mood=2)]))) == []
    assert contents(tmp_path / "desk.db")["raw_records"] == before


def test_a_field_of_a_bad_record_is_noticed_too(tmp_path: Path) -> None:
    run(tmp_path, Rows().of([row(1)]))
    assert fresh(run(tmp_path, Rows().of([{"ident": 2}]))) == ["ident"]


def test_what_comes_before_a_stream_was_read_whole_once_is_not_new(tmp_path: Path) -> None:
    class Breaks(Rows):
        name: ClassVar[str] = "rows"

        @stream(Ticket)
        def tickets(self, since: Cursor | None) -> Iterator[Page]:
            yield from super().tickets(since)
            raise TryLater("busy", "later")

    run(tmp_path, Breaks().of([row(1)]))
    assert fresh(run(tmp_path, Rows().of([row(2, mood=1)]))) == []
    assert fresh(run(tmp_path, Rows().of([row(2, mood=1, size=1)]))) == ["size"]


def test_samples_are_bounded_and_storable(tmp_path: Path) -> None:
    run(tmp_path, Rows().of([row(1)]))
    deep: Any = 1
    for _ in range(300):
        deep = [deep]
    hostile = {"long": "x" * 10_000, "deep": deep, "nul\x00\ud800": "\ud800", "big": 2**80, "n" * 500: 1}
    assert len(fresh(run(tmp_path, Rows().of([row(2, **hostile)])))) == 5
    found = samples(tmp_path)
    assert len(found["long"]["beginning"]) == MAX_SAMPLE
    assert "nested deeper" in found["deep"]["unreadable"]
    assert found["nul\ufffd\ufffd"]["value"] == "\ufffd"
    assert found["big"]["value"] == str(2**80)
    assert found["n" * 200]["value"] == 1


def test_items_keyed_by_ids_dont_fill_the_database(tmp_path: Path) -> None:
    run(tmp_path, Rows().of([row(1)]))
    run(tmp_path, Rows().of([row(n, **{f"key {n}.{m}": 1 for m in range(20)}) for n in range(200)]))
    assert rows(tmp_path, "SELECT count(*) FROM stream_fields") == [(MAX_FIELDS,)]


def test_a_page_keeps_one_item_for_each_set_of_names() -> None:
    page = Rows().page([row(n, **({"a": 1} if n % 2 else {})) for n in range(100)], Rows().ticket)
    assert set(page.shapes) == {("id", "subject"), ("id", "subject", "a")}


# --- a field of another type ---------------------------------------------------------------------------

ALIEN: tuple[Any, ...] = (True, 7, 2.5, "word", "", b"bytes", [1], ["a"], {"a": 1}, {}, [], object())
FIELDS = [
    (record, column.name) for record in RECORDS for column in columns_of(record) if column.name != "version"
]


@pytest.mark.parametrize(("record", "name"), FIELDS, ids=lambda one: getattr(one, "__name__", one))
def test_promise_13_a_value_of_another_type_is_refused_or_coerced_and_never_null(
    record: type[Record], name: str
) -> None:
    validator = record.__pydantic_validator__
    column = next(one for one in columns_of(record) if one.name == name)
    for alien in ALIEN:
        try:
            made = validator.validate_assignment(record.model_construct(id="1"), name, alien)
        except ValidationError:
            continue  # quarantined
        value = made.__dict__[name]
        if alien == "" and (name == "id" or name.endswith(("_id", "_into", "_by"))):
            continue  # the one rule by which a blank reference is none: docs/schema.md
        assert value is not None, alien
        assert column.convert is None or column.convert(value) is not None
        if isinstance(alien, str) and column.python is str and alien:
            assert value == alien


def test_promise_13_a_field_that_changes_its_type_is_quarantined(tmp_path: Path) -> None:
    class Typed(Rows):
        def ticket(self, row: Any) -> Ticket:
            subject = row["subject"]
            return Ticket(id=row["id"], status=TicketStatus.OPEN, created_at=at(0), subject=subject)

    run(tmp_path, Typed().of([row(1)]))
    report = run(tmp_path, Typed().of([row(1, subject={"en": "x"}), row(2, subject=5), row(3)]))
    assert report.sources[0].streams[0].quarantined == 2
    assert rows(tmp_path, "SELECT id, subject FROM tickets ORDER BY id") == [("1", "x"), ("3", "x")]
    assert {key for (key,) in rows(tmp_path, "SELECT key FROM quarantine")} == {"1", "2"}


# --- when a source that asked to wait may be asked again -----------------------------------------------


def test_the_log_says_when_a_source_may_be_asked_again(tmp_path: Path) -> None:
    report = run(tmp_path, raising(TryLater("asks to wait", "later", seconds=3600)))
    next_try = report.sources[0].streams[0].next_try_at
    assert next_try is not None
    assert report.started_at + timedelta(seconds=3600) <= next_try
    ((stored, started),) = rows(tmp_path, "SELECT next_try_at, started_at FROM sync_runs")
    assert stored >= started + 3_600_000
    run(tmp_path, raising(TryLater("busy", "later")))
    assert rows(tmp_path, "SELECT next_try_at FROM sync_runs WHERE run = 2") == [(None,)]


def test_names_are_learnt_by_a_database_that_had_none(tmp_path: Path) -> None:
    run(tmp_path, Rows().of([row(1)]))
    with closing(sqlite3.connect(tmp_path / "desk.db")) as connection:
        connection.execute("DELETE FROM stream_fields")
        connection.commit()
    assert fresh(run(tmp_path, Rows().of([row(2, mood=1)]))) == []
    assert fresh(run(tmp_path, Rows().of([row(2, mood=1, size=to_json(1))]))) == ["size"]
