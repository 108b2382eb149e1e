"""Records into their tables: the newer copy wins in any order, nothing is written twice, marks follow."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deskmetry.records import (
    Agent,
    Brand,
    Customer,
    Message,
    MessageHeader,
    Organization,
    RawRecord,
    Record,
    Session,
    SurveyAnswer,
    Team,
)
from deskmetry.store import Written
from deskmetry.store.observe import Observer
from helpers_store import Store, event, instant, message, ms, ticket


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.at(tmp_path) as store:
        store.source()
        yield store


def test_values_stand_in_the_table_as_the_schema_says(store: Store) -> None:
    store.write(
        ticket(
            "1",
            "2025-03-01T01:02:03.456+01:00",
            status="on_hold",
            tags=["b", "a"],
            custom_fields={"z": 1, "a": "ü"},
        )
    )
    row = store.fact("tickets")
    assert (row["source_id"], row["id"], row["created_at"]) == (1, "1", ms("2025-03-01T00:02:03.456"))
    assert (row["status"], row["spam"], row["tags"]) == ("on_hold", 0, '["b","a"]')
    assert row["custom_fields"] == '{"a":"ü","z":1}'
    assert {type(value) for value in row.values()} == {int, str, type(None)}


def test_a_copy_dated_in_the_future_yields_to_the_one_that_corrects_it(store: Store) -> None:
    store.write(ticket("1", updated_at=instant("2999-01-01"), subject="wrong date"))
    store.write(ticket("1", updated_at=instant("2025-03-02"), subject="corrected"))
    row = store.fact("tickets")
    assert (row["subject"], row["version"]) == ("corrected", ms("2025-03-02"))


def test_rows_are_counted_as_new_changed_or_same(store: Store) -> None:
    assert store.write(ticket("1"), ticket("2"), Team(id="t", name="T")) == Written(3, 0, 0)
    assert store.write(ticket("1"), ticket("2", priority="high"), ticket("3")) == Written(1, 1, 1)


def test_a_record_that_comes_twice_in_one_write_is_written_once(store: Store) -> None:
    assert store.write(ticket("1", priority="low"), ticket("1", priority="high")) == Written(1, 0, 1)
    assert store.fact("tickets")["priority"] == "high"


def test_a_change_and_its_undoing_in_one_write_change_nothing(store: Store) -> None:
    store.write(ticket("1"))
    store.execute("DELETE FROM dirty")
    assert store.write(ticket("1", priority="high"), ticket("1")) == Written(0, 0, 2)
    assert store.dirty() == set()


def test_the_same_records_again_change_nothing_and_mark_nothing(store: Store) -> None:
    records = (
        ticket("1"),
        message("m", "1", "2025-03-01"),
        event("e", "1", "2025-03-01", "new"),
        Agent(id="a"),
    )
    store.write(*records)
    store.execute("DELETE FROM dirty")
    before = store.connection.total_changes
    assert store.write(*records) == Written(0, 0, 4)
    assert store.connection.total_changes == before
    assert store.dirty() == set()


def test_sources_do_not_share_rows(store: Store) -> None:
    other = store.source("other")
    store.write(ticket("1", priority="low"))
    assert store.write(ticket("1", priority="high"), source=other) == Written(1, 0, 0)
    assert [row["priority"] for row in store.table("tickets")] == ["low", "high"]


def test_more_rows_than_one_look_up_takes_are_found(store: Store) -> None:
    records = [ticket(str(number)) for number in range(1203)]
    assert store.write(*records) == Written(1203, 0, 0)
    assert store.write(*records) == Written(0, 0, 1203)


def test_an_older_copy_does_not_overwrite_a_newer_one(store: Store) -> None:
    store.write(ticket("1", version=5, priority="new"))
    assert store.write(ticket("1", version=4, priority="old")) == Written(0, 0, 1)
    assert store.fact("tickets")["priority"] == "new"


def test_of_equal_versions_the_later_copy_wins(store: Store) -> None:
    store.write(ticket("1", version=5, priority="first"))
    store.write(ticket("1", version=5, priority="second"))
    assert store.fact("tickets")["priority"] == "second"


def test_without_a_version_the_update_orders_copies(store: Store) -> None:
    store.write(ticket("1", updated_at="2025-03-05", priority="new"))
    store.write(ticket("1", updated_at="2025-03-04", priority="old"))
    assert store.fact("tickets")["priority"] == "new"


def test_without_any_order_the_later_copy_wins(store: Store) -> None:
    store.write(Team(id="t", name="first"))
    store.write(Team(id="t", name="second"))
    assert store.fact("teams")["name"] == "second"


COPIES = st.lists(
    st.tuples(
        st.integers(0, 20),  # version
        st.sampled_from([None, "2025-03-05", "2025-03-06"]),  # deleted_at
        st.booleans(),  # redacted
        st.sampled_from(["a", "b"]),  # body
        st.sampled_from([None, "1"]),  # ticket
    ),
    min_size=1,
    max_size=5,
    unique_by=lambda copy: copy[0],
)


def copy(version: int, deleted: str | None, redacted: bool, body: str, ticket_id: str | None) -> Message:
    return message(
        "m",
        ticket_id,
        "2025-03-01",
        version=version,
        deleted_at=deleted,
        redacted=redacted,
        body=body,
        channel=body,
    )


@settings(max_examples=60, deadline=None)
@given(copies=COPIES, data=st.data())
def test_copies_in_any_order_with_any_repeats_end_as_the_same_row(
    copies: list[Any], data: st.DataObject
) -> None:
    repeated = copies + data.draw(st.lists(st.sampled_from(copies), max_size=3))
    shuffled = data.draw(st.permutations(repeated))
    with TemporaryDirectory() as folder, Store.at(Path(folder)) as store:
        one, all_at_once, other = store.source("one"), store.source("at-once"), store.source("other")
        for values in copies:
            store.write(copy(*values), source=one)
        store.write(*(copy(*values) for values in shuffled), source=all_at_once)
        for values in shuffled:
            store.write(copy(*values), source=other)
        rows = [{**row, "source_id": 0} for row in store.table("messages")]
        assert rows[0] == rows[1] == rows[2]
        newest = max(copies)
        redacted = any(values[2] for values in copies)
        assert rows[0]["version"] == newest[0]
        assert (rows[0]["redacted"], rows[0]["body"]) == (int(redacted), None if redacted else newest[3])
        assert (rows[0]["deleted_at"] is None) == all(values[1] is None for values in copies)


def test_a_tombstone_stays_when_a_newer_copy_has_none(store: Store) -> None:
    store.write(ticket("1", version=1, deleted_at="2025-03-05"))
    store.write(ticket("1", version=2, priority="high"))
    row = store.fact("tickets")
    assert (row["deleted_at"], row["priority"]) == (ms("2025-03-05"), "high")


LIVING: dict[str, Any] = {"version": 2, "updated_at": "2025-03-04"}
DELETED: dict[str, Any] = {"version": 3, "updated_at": "2025-03-05", "deleted_at": "2025-03-05"}
RESTORED: dict[str, Any] = {"version": 4, "updated_at": "2025-03-06"}
SCRUBBED: dict[str, Any] = {"version": 0, "updated_at": "2025-03-05", "deleted_at": "2025-03-05"}


@pytest.mark.parametrize(
    ("copies", "deleted"),
    [
        ([LIVING, DELETED], "2025-03-05"),
        ([LIVING, DELETED, RESTORED], None),
        ([LIVING, DELETED | {"updated_at": "2025-03-09"}, RESTORED | {"updated_at": "2025-03-09"}], None),
        ([LIVING, SCRUBBED], "2025-03-05"),
        ([LIVING, LIVING | {"version": 9}, SCRUBBED], "2025-03-05"),
        ([DELETED, DELETED | {"version": 9, "updated_at": "2025-03-08"}], "2025-03-05"),
        ([DELETED, LIVING | {"version": 9, "updated_at": None}], "2025-03-05"),
    ],
)
def test_a_tombstone_holds_until_a_newer_copy_lives_that_was_changed_after_it(
    store: Store, copies: list[dict[str, Any]], deleted: str | None
) -> None:
    for number, order in enumerate(permutations(copies)):
        for values in order:
            store.write(ticket(str(number), **values))
    found = {row["deleted_at"] for row in store.table("tickets")}
    assert found == {deleted and ms(deleted)}


def test_a_ticket_that_was_restored_can_be_deleted_again(store: Store) -> None:
    for values in (DELETED, RESTORED, DELETED | {"version": 5, "deleted_at": "2025-03-07"}):
        store.write(ticket("1", **values))
    assert store.fact("tickets")["deleted_at"] == ms("2025-03-07")


def test_a_restored_ticket_is_marked_for_its_facts(store: Store) -> None:
    store.write(ticket("1", **DELETED))
    store.execute("DELETE FROM dirty")
    assert store.write(ticket("1", **RESTORED)) == Written(0, 1, 0)
    assert store.dirty() == {("ticket", 1, "1")}


def test_a_tombstone_of_an_older_copy_counts_too(store: Store) -> None:
    store.write(ticket("1", version=2))
    assert store.write(ticket("1", version=1, merged_into="2")) == Written(0, 1, 0)
    assert store.fact("tickets")["merged_into"] == "2"


def test_a_redaction_blanks_the_text_for_good(store: Store) -> None:
    store.write(message("m", "1", "2025-03-01", body="secret", length=6, version=1))
    store.write(message("m", "1", "2025-03-01", redacted=True, version=2))
    store.write(message("m", "1", "2025-03-01", body="secret", version=3))
    row = store.fact("messages")
    assert (row["redacted"], row["body"], row["version"]) == (1, None, 3)


def test_what_a_later_stage_filled_in_is_not_blanked_by_the_next_copy(store: Store) -> None:
    store.write(message("m", None, "2025-03-01", version=1))
    store.execute("UPDATE messages SET ticket_id = 'thread'")
    store.write(message("m", None, "2025-03-01", body="x", version=2))
    assert (store.fact("messages")["ticket_id"], store.fact("messages")["body"]) == ("thread", "x")


HEADER: dict[str, Any] = {"sent_at": instant("2025-03-01"), "inbound": True, "folder": "INBOX"}


@pytest.mark.parametrize(
    ("record", "marks"),
    [
        (ticket("1"), {("ticket", "1")}),
        (message("m", "1", "2025-03-01"), {("ticket", "1"), ("mail", "m")}),
        (message("m", None, "2025-03-01"), {("mail", "m")}),
        (MessageHeader(id="INBOX/m", mail_id="m", **HEADER), {("mail", "m")}),
        (event("e", "1", "2025-03-01", "open"), {("ticket", "1")}),
        (Session(id="s", ticket_id="1", kind="chat", asked_at=instant("2025-03-01")), {("ticket", "1")}),
        (
            SurveyAnswer(id="s", ticket_id="1", kind="csat", answered_at=instant("2025-03-01")),
            {("survey", "ticket:1")},
        ),
        (Agent(id="a"), {("agent", "a")}),
        (Customer(id="c"), {("customer", "c")}),
        (Team(id="t", name="T"), {("team", "t")}),
        (Brand(id="b", name="B"), {("brand", "b")}),
        (Organization(id="o", name="O"), {("organization", "o")}),
        (RawRecord(id="r", stream="s", kind="k", raw={}), set()),
    ],
    ids=lambda value: value.table if isinstance(value, Record) else "",
)
def test_a_new_row_marks_what_it_makes_stale(
    store: Store, record: Record, marks: set[tuple[str, str]]
) -> None:
    store.write(record)
    assert store.dirty() == {(kind, 1, key) for kind, key in marks}


def test_a_message_that_moves_marks_both_tickets(store: Store) -> None:
    store.write(message("m", "1", "2025-03-01"))
    store.execute("DELETE FROM dirty")
    store.write(message("m", "2", "2025-03-01"))
    assert store.dirty() == {("ticket", 1, "1"), ("ticket", 1, "2"), ("mail", 1, "m")}


@pytest.mark.parametrize(
    ("before", "changes", "mark"),
    [
        (Agent(id="x"), {"email": "e", "role": "bot", "team_id": "t"}, "agent"),
        (Customer(id="x"), {"email": "e", "country": "DE", "language": "de", "segment": "s"}, "customer"),
        (Customer(id="x"), {"organization_id": "o"}, "customer"),
        (Team(id="x", name="n"), {"name": "N"}, "team"),
        (Brand(id="x", name="n"), {"name": "N"}, "brand"),
        (Organization(id="x", name="n"), {"name": "N", "segment": "s"}, "organization"),
    ],
    ids=lambda value: value.table if isinstance(value, Record) else "",
)  # fmt: skip
def test_a_change_of_what_facts_show_marks_the_row(
    store: Store, before: Record, changes: dict[str, Any], mark: str
) -> None:
    for name, value in changes.items():
        store.write(before)
        store.execute("DELETE FROM dirty")
        store.write(type(before)(**(before.model_dump() | {name: value})))
        assert store.dirty() == {(mark, 1, "x")}, name


def test_a_change_of_what_facts_do_not_show_builds_nothing_again(store: Store) -> None:
    store.write(Agent(id="a", name="Ada"), Customer(id="c", name="Anna"))
    store.execute("DELETE FROM dirty")
    changed = store.write(
        Agent(id="a", name="Ada L.", updated_at=instant("2025-03-01"), active=False),
        Customer(id="c", name="A"),
    )
    assert changed == Written(0, 2, 0)
    assert store.dirty() == set()


SEEN = Observer(seen_at=instant("2025-03-10"), last_seen_at=instant("2025-03-09"))


def observed(store: Store) -> list[tuple[str | None, str | None, int, int | None]]:
    return [
        (row["old"], row["new"], row["at"], row["not_before_at"])
        for row in sorted(store.table("ticket_events"), key=lambda row: row["at"])
    ]


def test_a_status_that_changed_between_two_syncs_becomes_an_event(store: Store) -> None:
    begun = Observer(instant("2025-03-09"), instant("2025-02-28"))
    store.write(ticket("1", "2025-03-01", status="open"), observer=begun)
    assert observed(store) == [(None, "open", ms("2025-03-01"), None)]
    store.write(ticket("1", "2025-03-01", status="solved", updated_at="2025-03-09 12:00"), observer=SEEN)
    assert observed(store)[1:] == [("open", "solved", ms("2025-03-09 12:00"), ms("2025-03-09"))]
    store.write(ticket("1", "2025-03-01", status="solved", updated_at="2025-03-09 12:00"), observer=SEEN)
    assert len(observed(store)) == 2
    assert {row["how"] for row in store.table("ticket_events")} == {"observed"}


def test_a_ticket_that_is_solved_when_first_seen_was_open_before(store: Store) -> None:
    store.write(ticket("1", "2025-03-09", status="solved", updated_at="2025-03-10"), observer=SEEN)
    assert observed(store) == [
        (None, "open", ms("2025-03-09"), None),
        ("open", "solved", ms("2025-03-10"), ms("2025-03-09")),
    ]


@pytest.mark.parametrize("looked", [None, "2025-03-02"])
def test_nothing_is_observed_of_the_beginning_of_a_ticket_older_than_the_last_look(
    store: Store, looked: str | None
) -> None:
    late = Observer(instant("2025-03-09"), instant(looked) if looked else None)
    store.write(ticket("1", "2025-03-01", status="pending"), observer=late)
    assert observed(store) == []
    store.write(ticket("1", "2025-03-01", status="solved", updated_at="2025-03-09 12:00"), observer=SEEN)
    assert observed(store) == [("pending", "solved", ms("2025-03-09 12:00"), ms("2025-03-09"))]


def test_an_update_dated_in_the_future_was_seen_when_the_run_began(store: Store) -> None:
    store.write(ticket("1", "2025-03-01", status="solved", updated_at="2026-01-01"), observer=SEEN)
    assert observed(store)[-1][2] == ms("2025-03-10")


def test_a_silent_change_is_dated_by_the_servers_clock_where_it_is_behind_ours(store: Store) -> None:
    store.write(ticket("1", "2025-03-01", status="open", updated_at="2025-03-02"), observer=SEEN)
    behind = Observer(instant("2025-03-12"), instant("2025-03-10"), lambda: instant("2025-03-11"))
    store.write(ticket("1", "2025-03-01", status="solved", updated_at="2025-03-02"), observer=behind)
    assert observed(store) == [("open", "solved", ms("2025-03-11"), ms("2025-03-10"))]


def test_an_older_copy_is_no_change_of_status(store: Store) -> None:
    store.write(ticket("1", status="solved", version=2), observer=SEEN)
    count = len(observed(store))
    store.write(ticket("1", status="open", version=1), observer=SEEN)
    assert len(observed(store)) == count
