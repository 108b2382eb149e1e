"""Facts refreshed in part are the same rows as facts built from nothing, after every kind of change."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deskmetry.calendar import from_day_number
from deskmetry.connector import MailRules
from deskmetry.facts import Refreshed, pending, refresh
from helpers_histories import ZONES, change, fill
from helpers_store import Row, Store, event, message, ms, ticket


def rebuilt(store: Store, timezone: str) -> dict[str, list[Row]]:
    """Return what a rebuild would make of the records, without keeping it."""
    store.connection.execute("BEGIN")
    try:
        refresh(store.connection, timezone, rebuild=True)
        return store.facts()
    finally:
        store.connection.execute("ROLLBACK")


def assert_same(store: Store, timezone: str = "UTC") -> None:
    expected, found = rebuilt(store, timezone), store.facts()
    for name, rows in expected.items():
        assert found[name] == rows, name


@pytest.mark.parametrize("seed", range(12))
def test_after_every_change_a_refresh_gives_the_rows_of_a_rebuild(tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    with Store.at(tmp_path) as store:
        fill(store, random)
        store.refresh()
        for _ in range(20):
            change(store, random)
            store.refresh()
            assert_same(store)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32), changes=st.lists(st.lists(st.integers(0, 2**32), max_size=5), max_size=4))
def test_any_changes_in_any_groups_give_the_rows_of_a_rebuild(seed: int, changes: list[list[int]]) -> None:
    with TemporaryDirectory() as folder, Store.at(Path(folder)) as store:
        fill(store, Random(seed))
        store.refresh()
        for group in changes:
            for one in group:
                change(store, Random(one))
            zone = ZONES[len(group) % len(ZONES)]
            store.refresh(zone)
            assert_same(store, zone)


def test_without_anything_dirty_nothing_is_written(tmp_path: Path) -> None:
    with Store.at(tmp_path) as store, closing(sqlite3.connect(store.path)) as other:
        fill(store, Random(3))
        store.refresh()
        assert store.dirty() == set()
        before = other.execute("PRAGMA data_version").fetchone()
        assert store.refresh().tickets == 0
        assert other.execute("PRAGMA data_version").fetchone() == before
        store.refresh(rebuild=True)
        assert other.execute("PRAGMA data_version").fetchone() != before


def test_what_waits_for_a_refresh_is_counted(tmp_path: Path) -> None:
    with Store.at(tmp_path) as store:
        store.source()
        assert pending(store.connection, "UTC") == -1
        store.write(ticket("1"))
        store.refresh()
        assert pending(store.connection, "UTC") == 0
        assert pending(store.connection, "Europe/Berlin") == -1
        store.write(message("m1", "1", "2025-03-01"))
        assert pending(store.connection, "UTC") == 2  # its ticket and, for the threading stage, itself


def test_only_what_changed_is_built(tmp_path: Path) -> None:
    with Store.at(tmp_path) as store:
        store.source()
        store.write(*(ticket(str(number)) for number in range(9)))
        assert store.refresh() == Refreshed(9, rebuilt=True)
        store.write(message("m1", "1", "2025-03-01"))
        assert store.refresh() == Refreshed(1, rebuilt=False)


def test_another_time_zone_builds_everything_anew(tmp_path: Path) -> None:
    with Store.at(tmp_path) as store:
        store.source()
        store.write(ticket("1", "2025-03-01 23:30"))
        store.refresh("UTC")
        day = store.fact("ticket_facts")["created_day"]
        assert store.refresh("Europe/Berlin") == Refreshed(1, rebuilt=True)
        assert store.fact("ticket_facts")["created_day"] == day + 1


def test_local_days_follow_the_clock_changes_of_the_zone(tmp_path: Path) -> None:
    with Store.at(tmp_path) as store:
        store.source()
        store.write(ticket("summer", "2025-07-01 22:30"), ticket("winter", "2025-01-01 22:30"))
        store.refresh("Europe/Berlin")
        days = {row["ticket_id"]: from_day_number(row["created_day"]) for row in store.table("ticket_facts")}
        assert days == {"summer": date(2025, 7, 2), "winter": date(2025, 1, 1)}


def test_a_source_that_was_never_read_completely_has_no_facts(tmp_path: Path) -> None:
    with Store.at(tmp_path) as store:
        store.source(complete_until=None)
        store.write(ticket("1"))
        assert store.refresh().tickets == 0
        store.complete("2025-03-02")
        assert store.refresh().tickets == 1


def test_a_message_of_the_future_counts_once_its_time_has_come(tmp_path: Path) -> None:
    with Store.at(tmp_path) as store:
        store.source(complete_until="2025-03-02")
        store.write(ticket("1"), message("m1", "1", "2025-03-04"))
        store.refresh()
        assert store.fact("ticket_facts")["customer_messages"] == 0
        store.complete("2025-03-04")
        assert store.refresh().tickets == 0
        store.complete("2025-03-05")
        assert store.refresh().tickets == 1
        assert store.fact("ticket_facts")["customer_messages"] == 1


def test_a_ticket_of_the_future_appears_once_its_time_has_come(tmp_path: Path) -> None:
    with Store.at(tmp_path) as store:
        store.source(complete_until="2025-03-02")
        store.write(ticket("1", "2025-03-04"))
        store.refresh()
        assert store.table("ticket_facts") == []
        store.complete("2025-03-05")
        store.refresh()
        assert store.fact("ticket_facts")["created_at"] == ms("2025-03-04")


def test_an_assumed_solve_becomes_one_when_its_rule_fires(tmp_path: Path) -> None:
    with Store.at(tmp_path) as store:
        store.source(complete_until="2025-03-03")
        store.write(
            ticket("1"),
            event("e1", "1", "2025-03-01", "new"),
            event("e2", "1", "2025-03-02", "solved", "new", known_at="2025-03-09", how="inferred"),
        )
        store.refresh()
        row = store.fact("ticket_facts")
        assert (row["solved_at"], row["assumed_at"], row["assumed_from_at"]) == (
            None, ms("2025-03-02"), ms("2025-03-09"),
        )  # fmt: skip
        store.complete("2025-03-10")
        store.refresh()
        row = store.fact("ticket_facts")
        assert (row["solved_at"], row["assumed_at"], row["status_how"]) == (
            ms("2025-03-02"),
            None,
            "inferred",
        )


def test_marks_of_mails_are_left_to_the_threading_stage(tmp_path: Path) -> None:
    with Store.at(tmp_path) as store:
        mailbox = store.source("mailbox", mail_rules=MailRules())
        store.write(message("m1", None, "2025-03-01"), source=mailbox)
        store.refresh()
        assert store.dirty() == {("mail", mailbox, "m1")}
