"""Promises 19 and 21, and what sources are: registered once, read side by side, known up to an instant."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

import pytest

from deskmetry.connector import Context, Cursor, Page, Rejected, stream
from deskmetry.errors import (
    AuthenticationFailed,
    ConfigurationError,
    CursorRefused,
    ExitCode,
    PermissionMissing,
    StreamSkipped,
    TryLater,
    Unreachable,
)
from deskmetry.records import Record, Team, Ticket
from deskmetry.store import Writer
from deskmetry.store.writer import Written
from deskmetry.sync import Options, Outcome, state, sync
from helpers_sync import T0, Desk, Two, at, complete, desk, ids, page, raises, raising, rows, run, ticket

# --- 19: one source failing never stops the others ----------------------------------------------------

ERRORS: list[BaseException] = [
    AuthenticationFailed("The key is refused."),
    TryLater("The server is tired."),
    Unreachable("No such host."),
    PermissionMissing("Only for admins."),
    KeyError("rows"),
    RecursionError(),
    MemoryError(),
    SystemExit(0),
    KeyboardInterrupt(),
    GeneratorExit(),
    StopIteration(),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_promise_19_a_failing_source_never_stops_the_others(tmp_path: Path, error: BaseException) -> None:
    report = run(
        tmp_path, raising(error, page(ticket("kept")), desk="bad"), desk(page(ticket("good")), desk="good")
    )
    assert [source.outcome for source in report.sources] == [Outcome.FAILED, Outcome.OK]
    assert report.exit_code is ExitCode.PARTIAL
    assert ids(tmp_path) == {"kept", "good"}
    assert complete(tmp_path, "s1") is None
    assert complete(tmp_path, "s2") is not None
    assert rows(tmp_path, "SELECT source FROM ticket_facts") == [("s2",)]
    assert rows(tmp_path, "SELECT outcome FROM sync_runs ORDER BY source_id") == [("failed",), ("ok",)]


class Broken(Desk):
    """A desk with one broken part."""

    name: ClassVar[str] = "broken"
    part: str = ""

    def _break(self, part: str) -> None:
        if part == self.part:
            raise ZeroDivisionError(part)

    def account(self) -> str:
        self._break("account")
        return super().account()

    def attach(self, context: Context) -> None:
        self._break("attach")
        super().attach(context)

    def now(self) -> datetime:
        self._break("now")
        return super().now()

    def close(self) -> None:
        self._break("close")
        super().close()

    def read(self, name: str, since: Cursor | None) -> Iterator[Page]:
        self._break("read")
        return super().read(name, since)


@pytest.mark.parametrize("part", ["account", "attach", "now", "read"])
def test_promise_19_no_part_of_a_connector_can_stop_the_others(tmp_path: Path, part: str) -> None:
    broken = Broken(part=part, desk="bad").says([page(ticket(1))])
    report = run(tmp_path, broken, desk(page(ticket("good")), desk="good"))
    assert [source.outcome for source in report.sources] == [Outcome.FAILED, Outcome.OK]
    assert f"ZeroDivisionError: {part}" in str(report.sources[0].error)
    assert report.exit_code is ExitCode.PARTIAL
    assert ids(tmp_path) == {"good"}


def test_promise_19_a_connector_that_fails_to_close_has_still_been_read(tmp_path: Path) -> None:
    report = run(tmp_path, Broken(part="close").says([page(ticket(1))]))
    assert report.exit_code is ExitCode.OK
    assert ids(tmp_path) == {"1"}


@pytest.mark.parametrize(
    "script",
    [
        lambda _since: [ticket(1)],
        lambda _since: [{"id": 1}],
        lambda _since: [Page([{"id": 1}])],  # type: ignore[list-item]
        lambda _since: [Page([Strange(id="1", status="open", created_at=T0)])],
        lambda _since: [Page(None)],  # type: ignore[arg-type]
        lambda _since: [None],
        lambda _since: None,
    ],
)
def test_promise_19_what_is_no_page_of_known_records_fails_its_source(
    tmp_path: Path, script: Callable[[Cursor | None], Iterable[Page]]
) -> None:
    report = run(tmp_path, Desk(desk="bad").says(script), desk(page(ticket("good")), desk="good"))
    assert [source.outcome for source in report.sources] == [Outcome.FAILED, Outcome.OK]
    assert ids(tmp_path) == {"good"}


class Strange(Ticket):
    """A ticket with a column that no table has."""

    colour: str = "red"


def test_promise_19_sources_failing_alike_give_their_code_and_differently_just_failure(
    tmp_path: Path,
) -> None:
    refused = raising(AuthenticationFailed("No."), desk="a"), raising(AuthenticationFailed("No."), desk="b")
    assert run(tmp_path, *refused).exit_code is ExitCode.AUTHENTICATION
    mixed = raising(AuthenticationFailed("No."), desk="a"), raising(TryLater("Later."), desk="b")
    assert run(tmp_path, *mixed).exit_code is ExitCode.FAILURE
    assert run(tmp_path, raising(TryLater("Later."), desk="a")).exit_code is ExitCode.TRY_LATER


@pytest.mark.parametrize(
    "error",
    [
        StreamSkipped("Not in this plan."),
        PermissionMissing("Not in this plan.", status=403),
        Unreachable("Not in this plan.", status=404),
    ],
)
def test_promise_10_an_optional_stream_ends_as_skipped_and_holds_nothing_back(
    tmp_path: Path, error: Exception
) -> None:
    report = run(tmp_path, Two().says(raises(error)))
    assert report.exit_code is ExitCode.OK
    first, second = report.sources[0].streams
    assert (first.outcome, first.reason, second.outcome) == (Outcome.SKIPPED, "Not in this plan.", Outcome.OK)
    assert complete(tmp_path) == at(30)
    assert rows(tmp_path, "SELECT outcome, reason FROM sync_runs WHERE stream = 'tickets'") == [
        ("skipped", "Not in this plan.")
    ]


@pytest.mark.parametrize(
    "error", [PermissionMissing("For admins.", status=403), Unreachable("Gone.", status=404)]
)
def test_promise_10_an_optional_stream_that_breaks_off_in_the_middle_has_failed(
    tmp_path: Path, error: Exception
) -> None:
    report = run(tmp_path, Two().says(raises(error, page(Team(id=1, name="Care"), token=1))))
    assert report.sources[0].streams[0].outcome is Outcome.FAILED
    assert complete(tmp_path) is None


@pytest.mark.parametrize("error", [Unreachable("No such host."), Unreachable("Gone.", status=410)])
def test_an_optional_stream_that_cannot_be_reached_has_failed(tmp_path: Path, error: Exception) -> None:
    assert run(tmp_path, Two().says(raises(error))).sources[0].outcome is Outcome.FAILED


def test_a_failing_stream_ends_its_source_and_the_log_says_which_never_ran(tmp_path: Path) -> None:
    report = run(tmp_path, Two().says(raises(TryLater("The server is tired."))))
    assert [one.outcome for one in report.sources[0].streams] == [Outcome.FAILED, Outcome.NOT_RUN]
    logged = rows(tmp_path, "SELECT stream, outcome, ended_at IS NULL FROM sync_runs ORDER BY stream")
    assert logged == [("rest", "not_run", 0), ("tickets", "failed", 0)]


# --- 21: the run log ----------------------------------------------------------------------------------


def test_promise_21_every_run_leaves_a_complete_row(tmp_path: Path) -> None:
    one = Desk(clock=at(600))

    def script(since: Cursor | None) -> Iterator[Page]:
        one.context.requests += 3
        one.context.retries += 1
        one.context.seconds_waited += 0.0015
        yield one.page([1, "bad"], _mapper, watermark="updated_at", token="a")
        yield one.page([2], _mapper, watermark="updated_at", token="b")

    one.says(script)
    before = datetime.now(UTC)
    run(tmp_path, one)
    run(tmp_path, one)
    names = "requests, retries, waited_ms, pages, rows_new, rows_changed, rows_same, quarantined, future"
    names += ", outcome, pid, host"
    first, second = rows(tmp_path, f"SELECT {names} FROM sync_runs ORDER BY run")
    own = (os.getpid(), socket.gethostname())
    assert first == (3, 1, 1, 2, 2, 0, 0, 1, 0, "ok", *own)
    assert second == (3, 1, 1, 2, 0, 0, 2, 1, 0, "ok", *own)
    cursors = rows(tmp_path, "SELECT cursor_before, cursor_after FROM sync_runs ORDER BY run")
    end = {"token": "b", "watermark": at(2).isoformat()}
    assert [[text and json.loads(text) for text in pair] for pair in cursors] == [[None, end], [end, end]]
    ((started, ended, versions),) = rows(
        tmp_path, "SELECT started_at, ended_at, versions FROM sync_runs WHERE run = 1"
    )
    assert before.timestamp() * 1000 - 1 <= started <= ended <= datetime.now(UTC).timestamp() * 1000
    assert set(json.loads(versions)) == {"deskmetry", "python", "sqlite"}


def test_promise_21_no_column_of_the_run_log_is_left_empty(tmp_path: Path) -> None:
    one = Desk(clock=at(600))

    def script(since: Cursor | None) -> Iterator[Page]:
        if since and since.token == "a":
            raise CursorRefused("Too old.")
        one.context.requests += 2
        one.context.retries += 1
        one.context.seconds_waited += 0.0025
        future = ticket(9, updated=datetime(2999, 1, 1, tzinfo=UTC), subject=f"run {len(one.asked)}")
        records = [ticket(len(one.asked)), future, ticket("same", 3)]
        yield Page(records, Cursor("a" if since is None else "b", at(2)), [Rejected("?", "bad")], future=1)

    run(tmp_path, one.says(script))
    run(tmp_path, one)
    columns = [name for _, name, *_ in rows(tmp_path, "PRAGMA table_info(sync_runs)")]
    (second,) = rows(tmp_path, "SELECT * FROM sync_runs WHERE run = 2")
    known = dict(zip(columns, second, strict=True))
    assert {name for name, value in known.items() if not value} <= {"next_try_at"}
    assert known["source_id"] == 1
    assert known["reason"].startswith("the old cursor was refused (Too old.)")


def _mapper(number: object) -> Ticket:
    if not isinstance(number, int):
        raise ValueError("not a number")
    return ticket(number, number)


class Costly(Desk):
    """A desk with two streams that cost different numbers of requests."""

    name: ClassVar[str] = "costly"

    @stream(Ticket)
    def tickets(self, since: Cursor | None) -> Iterator[Page]:
        self.context.requests += 5
        yield page(ticket(1))

    @stream(Ticket)
    def later(self, since: Cursor | None) -> Iterator[Page]:
        self.context.requests += 70
        yield page(ticket(2))


def test_promise_21_the_costs_of_a_stream_are_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = threading.Event()

    def write(self: Writer, records: Iterable[Record]) -> Written:
        slow.wait(0.1)  # the reader goes on to the second stream meanwhile
        return original(self, records)

    original = Writer.write
    monkeypatch.setattr(Writer, "write", write)
    report = run(tmp_path, Costly())
    assert [one.requests for one in report.sources[0].streams] == [5, 70]


def test_promise_21_a_failed_source_leaves_a_row_with_its_reason(tmp_path: Path) -> None:
    run(tmp_path, raising(TryLater("The server is tired.", "Try at noon."), page(ticket(1), token=1)))
    ((outcome, reason, pages, new, after),) = rows(
        tmp_path, "SELECT outcome, reason, pages, rows_new, cursor_after FROM sync_runs"
    )
    assert (outcome, reason, pages, new) == ("failed", "The server is tired. Try at noon.", 1, 1)
    assert json.loads(after)["token"] == 1


# --- sources ------------------------------------------------------------------------------------------


def test_promise_19_of_two_sources_on_one_account_only_the_second_is_refused(tmp_path: Path) -> None:
    one, twin, other = desk(page(ticket(1))), desk(page(ticket(2))), desk(page(ticket(3)), desk="other")
    report = run(tmp_path, one, twin, other)
    assert [source.outcome for source in report.sources] == [Outcome.OK, Outcome.FAILED, Outcome.OK]
    assert "Source 's2' reads the same desk account as 's1'" in str(report.sources[1].error)
    assert report.exit_code is ExitCode.PARTIAL
    assert twin.asked == []
    assert ids(tmp_path) == {"1", "3"}
    assert rows(tmp_path, "SELECT name FROM sources") == [("s1",), ("s3",)]


def test_promise_19_a_source_that_was_renamed_is_refused_as_a_twin(tmp_path: Path) -> None:
    run(tmp_path, desk(page(ticket(1))))
    twin = desk(page(ticket(2)))
    report = sync(tmp_path / "desk.db", {"other": twin}, Options())
    assert (twin.asked, report.exit_code) == ([], ExitCode.USAGE)
    assert isinstance(report.sources[0].error, ConfigurationError)
    assert rows(tmp_path, "SELECT name FROM sources") == [("s1",)]


def test_promise_19_a_source_on_another_account_is_refused_alone_and_logged(tmp_path: Path) -> None:
    run(tmp_path, desk(page(ticket(1)), desk="first"))
    report = run(tmp_path, desk(page(ticket(2)), desk="second"), desk(page(ticket(3)), desk="other"))
    assert "'s1' was desk on first and is now desk on second" in str(report.sources[0].error)
    assert report.exit_code is ExitCode.PARTIAL
    assert ids(tmp_path) == {"1", "3"}
    logged = rows(tmp_path, "SELECT outcome, reason FROM sync_runs WHERE run = 2 AND source_id = 1")
    assert logged == [("failed", str(report.sources[0].error))]


def test_promise_19_what_a_refused_source_had_begun_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_arguments: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(state, "load_cursor", broken)
    report = run(tmp_path, desk(page(ticket(1))))
    assert report.sources[0].outcome is Outcome.FAILED
    assert rows(tmp_path, "SELECT * FROM sources") == rows(tmp_path, "SELECT * FROM sync_runs") == []


def test_the_same_account_of_another_connector_is_another_source(tmp_path: Path) -> None:
    run(tmp_path, desk(page(ticket(1))), Broken().says([page(ticket(1))]))
    assert rows(tmp_path, "SELECT source_id, id FROM tickets ORDER BY 1") == [(1, "1"), (2, "1")]


def test_no_sources_at_all_is_a_run_too(tmp_path: Path) -> None:
    assert run(tmp_path).exit_code is ExitCode.OK
