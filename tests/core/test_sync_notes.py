"""What a connector tells: notes in report and run log, errors in its own words; checks that try little."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from pydantic import SecretStr

from deskmetry.connector import Context, Cursor, Page, Rejected, stream
from deskmetry.connector.notes import Notes
from deskmetry.errors import PermissionMissing, SourceError, StreamSkipped, Unreachable
from deskmetry.records import Team, Ticket
from deskmetry.sync import Outcome
from deskmetry.sync.cleanser import checked
from helpers_sync import Desk, page, raises, rows, run, ticket

SECRET = "s3cret-of-the-desk"


def _without_teams() -> Iterator[Page]:
    raise StreamSkipped("There are no teams.", "")


class Talker(Desk):
    """A desk with two streams that note things; the second one is optional."""

    name: ClassVar[str] = "talker"
    key: SecretStr = SecretStr(SECRET)

    @stream(Ticket)
    def tickets(self, since: Cursor | None) -> Iterator[Page]:
        for one in self.play(since):
            self.note("answers on no known scale: {count}", len(one.records))
            yield one
        self.note("nothing worth a word", 0)
        self.note(f"the plan of {self.key.get_secret_value()} ends soon")

    @stream(Team, optional=True)
    def teams(self, _since: Cursor | None) -> Iterator[Page]:
        self.note("a note before the end")
        yield from _without_teams()

    def explain(self, error: SourceError) -> SourceError:
        if isinstance(error, PermissionMissing):
            return PermissionMissing("The desk is locked.", "Ask for the key.")
        return error


PAGES = (page(ticket(1, 1), ticket(2, 1), mark=1), page(ticket(3, 2), mark=2))


def test_a_note_comes_once_with_its_counts_added_up(tmp_path: Path) -> None:
    report = run(tmp_path, Talker().says(PAGES))
    tickets, teams = report.sources[0].streams
    assert tickets.notes == ["answers on no known scale: 3", "the plan of *** ends soon"]
    assert (teams.outcome, teams.notes) == (Outcome.SKIPPED, ["a note before the end"])


def test_notes_stand_in_the_run_log_and_hide_secrets(tmp_path: Path) -> None:
    run(tmp_path, Talker().says(PAGES))
    logged = dict(rows(tmp_path, "SELECT stream, reason FROM sync_runs"))
    assert logged["tickets"] == "answers on no known scale: 3; the plan of *** ends soon"
    assert logged["teams"] == "There are no teams.; a note before the end"
    assert SECRET.encode() not in (tmp_path / "desk.db").read_bytes()


def test_notes_of_a_run_are_not_told_again_in_the_next_one(tmp_path: Path) -> None:
    desk = Talker().says(PAGES)
    run(tmp_path, desk)
    again = run(tmp_path, desk.says([page(ticket(4, 3), mark=3)]))
    assert again.sources[0].streams[0].notes[0] == "answers on no known scale: 1"


def test_what_was_noted_before_a_failure_is_told_too(tmp_path: Path) -> None:
    report = run(tmp_path, Talker().says(raises(Unreachable("It is gone.", "Wait."), *PAGES)))
    failed = report.sources[0].streams[0]
    assert (failed.outcome, failed.notes) == (Outcome.FAILED, ["answers on no known scale: 3"])


def test_more_than_twenty_notes_are_counted() -> None:
    notes = Notes()
    for number in range(23):
        notes.add(f"item {number} is odd")
    told = notes.take()
    assert (len(told), told[-1]) == (21, "and 3 notes more")
    assert notes.take() == ()


def test_a_count_is_written_with_its_thousands() -> None:
    notes = Notes()
    notes.add("{count} of {these}", 1234)
    assert notes.take() == ("1,234 of {these}",)


# --- a connector's own words ------------------------------------------------------------------------------


def test_an_error_that_stops_a_stream_is_told_in_the_connectors_own_words(tmp_path: Path) -> None:
    report = run(tmp_path, Talker().says(raises(PermissionMissing("403 Forbidden", ""), *PAGES)))
    assert str(report.sources[0].error) == "The desk is locked. Ask for the key."


def test_other_errors_and_skipped_streams_stay_as_they_are(tmp_path: Path) -> None:
    error = Unreachable("It is gone.", "Wait.")
    report = run(tmp_path, Talker().says(raises(error)))
    assert report.sources[0].error is error
    with pytest.raises(StreamSkipped, match="no teams"):
        list(Talker().read("teams", None))


# --- a check tries little ---------------------------------------------------------------------------------


class Checking(Desk):
    """A desk that tells how often its requests may be tried while it is checked."""

    name: ClassVar[str] = "checking"

    def check(self) -> str:
        return f"{self.context.tries} tries"


def test_a_check_tries_little_and_leaves_the_context_as_it_was() -> None:
    desk = Checking()
    desk.attach(Context())
    assert checked(desk) == "2 tries"
    assert desk.context.tries is None


# --- pages together ---------------------------------------------------------------------------------------


def test_pages_joined_hold_everything_but_a_cursor() -> None:
    bad = Rejected({"id": 9}, "odd")
    whole = Page.joined(
        [
            Page([ticket(1)], Cursor("a"), future=1, shapes={("id",): {"id": 1}}),
            Page([ticket(2)], Cursor("b"), rejected=[bad], future=2, shapes={("id", "x"): {"id": 2, "x": 3}}),
        ]
    )
    assert [one.id for one in whole.records if isinstance(one, Ticket)] == ["1", "2"]
    assert (list(whole.rejected), whole.future, whole.cursor) == ([bad], 3, None)
    assert set(whole.shapes) == {("id",), ("id", "x")}
