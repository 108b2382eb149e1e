"""What a list doesn't name any more is deleted by the page that says that the list is whole, and guarded."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Any, ClassVar

import pytest

from deskmetry.connector import Cursor, Page, Rejected, Whole, stream
from deskmetry.records import Team, TimeEntry
from deskmetry.sync import Options, Outcome, Silence, sync
from helpers_sync import Desk

AT = datetime(2026, 3, 2, tzinfo=UTC)
BOTH = Whole((TimeEntry, Team))


class Listing(Desk):
    """A desk whose last page says that it named all there is."""

    name: ClassVar[str] = "listing"

    @stream(TimeEntry, Team, sorted=False, listed=(TimeEntry, Team))
    def tickets(self, since: Cursor | None) -> Iterator[Page]:
        yield from self.play(since)


def entries(*keys: int) -> list[TimeEntry]:
    return [TimeEntry(id=key, at=AT, duration_ms=1, ticket_id=f"t{key}") for key in keys]


def teams(*keys: int) -> list[Team]:
    return [Team(id=key, name="x") for key in keys]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "desk.db"


def run(database: Path, *pages: Page) -> Any:
    return sync(database, {"shop": Listing().says(list(pages))}, Options()).sources[0]


def value(database: Path, sql: str) -> list[Any]:
    with closing(sqlite3.connect(database)) as connection:
        return [row[0] for row in connection.execute(sql)]


def last(token: str, whole: Whole | None = BOTH) -> Page:
    return Page([], Cursor(token), whole=whole)


@pytest.fixture
def twenty(database: Path) -> Path:
    report = run(database, Page(entries(*range(20))), Page(teams(*range(20))), last("one"))
    assert report.outcome is Outcome.OK
    return database


def test_rows_that_no_page_names_go_or_get_a_tombstone(twenty: Path) -> None:
    report = run(twenty, Page(entries(*range(1, 20))), Page(teams(*range(19))), last("two"))
    assert report.outcome is Outcome.OK
    assert report.written.changed == 2
    assert value(twenty, "SELECT count(*) FROM time_entries") == [19]
    assert value(twenty, "SELECT id FROM teams WHERE deleted_at IS NOT NULL") == ["19"]
    run(twenty, Page(entries(*range(20))), Page(teams(*range(20))), last("three"))
    assert value(twenty, "SELECT count(*) FROM teams WHERE deleted_at IS NULL") == [20]


@pytest.mark.parametrize("whole", [BOTH, Whole((TimeEntry, Team), hint="Look at the file.")])
def test_too_many_gone_change_nothing_and_leave_the_cursor_where_it_was(twenty: Path, whole: Whole) -> None:
    report = run(twenty, Page(entries(*range(17))), Page(teams(*range(19))), last("two", whole))
    assert report.outcome is Outcome.FAILED
    assert report.streams[0].outcome is Outcome.FAILED
    assert "3 of 20 time_entries would count as deleted at once" in str(report.error)
    assert (whole.hint or "--force") in str(report.error)
    assert value(twenty, "SELECT count(*) FROM time_entries") == [20]
    assert value(twenty, "SELECT count(*) FROM teams WHERE deleted_at IS NULL") == [20]
    assert value(twenty, "SELECT token FROM sync_state") == ['"one"']
    assert value(twenty, "SELECT outcome FROM sync_runs ORDER BY run DESC LIMIT 1") == ["failed"]


def test_any_number_may_go_where_the_page_allows_it(twenty: Path) -> None:
    assert run(twenty, Page(entries(3)), last("two", Whole((TimeEntry,), share=1))).outcome is Outcome.OK
    assert value(twenty, "SELECT id FROM time_entries") == ["3"]
    assert value(twenty, "SELECT count(*) FROM teams WHERE deleted_at IS NULL") == [20]


@pytest.mark.parametrize(
    "pages",
    [
        [Page(entries(1)), last("two", None)],
        [Page(entries(1), rejected=[Rejected({}, "no id")]), last("two")],
        [Page(entries(1))],
    ],
    ids=["no page says so", "a record set aside", "stopped before"],
)
def test_a_list_that_isnt_whole_deletes_nothing(twenty: Path, pages: list[Page]) -> None:
    assert run(twenty, *pages).outcome is Outcome.OK
    assert value(twenty, "SELECT count(*) FROM time_entries") == [20]


def test_a_row_that_goes_marks_its_ticket_as_stale(twenty: Path) -> None:
    """Looked at before the facts are built: a listener stops the run there."""
    stop = Event()

    class Stopping(Silence):
        def stage(self, name: str) -> None:
            stop.set()

    pages = [Page(entries(*range(19))), Page(teams(*range(20))), last("two")]
    sync(twenty, {"shop": Listing().says(pages)}, Options(), listener=Stopping(), stop=stop)
    assert "t19" in value(twenty, "SELECT key FROM dirty WHERE kind = 'ticket'")
