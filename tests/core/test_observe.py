"""Observer: a status that changed in silence is dated between the looks that saw the old and the new one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest

from deskmetry.connector import Capabilities
from deskmetry.records import to_milliseconds
from deskmetry.records.kinds import Provenance, TicketStatus
from deskmetry.store.observe import Observer
from helpers_store import Row, Store, instant, ms, ticket
from helpers_sync import T0, Desk, at, page, rows, run
from helpers_sync import ticket as row_of

LAST_LOOK, THIS_LOOK = "2025-03-09 06:00", "2025-03-10 06:00"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Make a source that was looked at daily, with a ticket that nobody touched since March 1st."""
    with Store.at(tmp_path) as made:
        made.source(complete_until="2025-03-20")
        made.write(seen("open"), observer=look("2025-03-08 06:00", LAST_LOOK))
        yield made


def seen(status: str, **fields: Any) -> Any:
    return ticket("1", "2025-03-01", status=status, updated_at="2025-03-01 08:00", **fields)


def look(last: str, this: str) -> Observer:
    return Observer(seen_at=instant(this), last_seen_at=instant(last))


def changes(store: Store) -> list[Row]:
    return [row for row in store.table("ticket_events") if row["old"] is not None]


def test_a_silent_change_is_first_seen_by_the_look_that_found_it(store: Store) -> None:
    store.write(seen("closed"), observer=look(LAST_LOOK, THIS_LOOK))
    (found,) = changes(store)
    assert (found["old"], found["new"], found["how"]) == ("open", "closed", "observed")
    assert (found["not_before_at"], found["at"]) == (ms(LAST_LOOK), ms(THIS_LOOK))


def test_each_silent_change_is_an_event_of_its_own(store: Store) -> None:
    store.write(seen("pending"), observer=look(LAST_LOOK, THIS_LOOK))
    store.write(seen("open"), observer=look(THIS_LOOK, "2025-03-11 06:00"))
    store.write(seen("pending"), observer=look("2025-03-11 06:00", "2025-03-12 06:00"))
    found = sorted((row["not_before_at"], row["at"], row["new"]) for row in changes(store))
    assert found == [
        (ms(LAST_LOOK), ms(THIS_LOOK), "pending"),
        (ms(THIS_LOOK), ms("2025-03-11 06:00"), "open"),
        (ms("2025-03-11 06:00"), ms("2025-03-12 06:00"), "pending"),
    ]


def test_a_look_that_finds_nothing_new_observes_nothing(store: Store) -> None:
    store.write(seen("open", subject="Renamed"), observer=look(LAST_LOOK, THIS_LOOK))
    assert changes(store) == []


def test_facts_count_a_silent_solve_from_when_it_was_first_seen(store: Store) -> None:
    store.write(seen("closed"), observer=look(LAST_LOOK, THIS_LOOK))
    store.refresh()
    found = store.fact("ticket_facts")
    assert (found["solved_at"], found["status_how"]) == (ms(THIS_LOOK), "observed")


class Silent(Desk):
    """A desk whose tickets change their status and say nothing about it."""

    capabilities: ClassVar[Capabilities] = Capabilities(status_history=Provenance.OBSERVED)


def test_two_syncs_date_a_silent_change_between_them(tmp_path: Path) -> None:
    old, new = row_of(1, status=TicketStatus.OPEN), row_of(1, status=TicketStatus.CLOSED)
    run(tmp_path, Silent().says([page(old, mark=60, complete_until=at(60))]))
    begun = datetime.now(UTC)
    run(tmp_path, Silent().says([page(new, mark=120, complete_until=at(120))]))
    query = "SELECT old, new, how, not_before_at, at FROM ticket_events WHERE old IS NOT NULL"
    (found,) = rows(tmp_path, query)
    assert found[:4] == ("open", "closed", "observed", to_milliseconds(at(60)))
    assert to_milliseconds(T0) < to_milliseconds(begun) <= found[4] <= to_milliseconds(datetime.now(UTC))
