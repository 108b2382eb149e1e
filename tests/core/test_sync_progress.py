"""What a source is known up to, and how its pages run from the reader to the writer."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

import pytest

from deskmetry import facts
from deskmetry.connector import Cursor, Page, StreamInfo, stream
from deskmetry.errors import (
    ExitCode,
    TryLater,
)
from deskmetry.records import Record, Team, Ticket
from deskmetry.store import Writer
from deskmetry.store.writer import Written
from deskmetry.sync import Outcome, Silence, engine
from deskmetry.sync.reader import PAGES_AHEAD
from helpers_sync import Desk, Two, at, complete, desk, ids, page, raising, rows, run, ticket

# --- complete until -----------------------------------------------------------------------------------


def test_complete_until_is_when_the_reading_began(tmp_path: Path) -> None:
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    during: list[datetime] = []

    def script(since: Cursor | None) -> Iterator[Page]:
        during.append(datetime.now(UTC))
        yield page(ticket(1))

    report = run(tmp_path, Desk().says(script))
    known = complete(tmp_path)
    assert known is not None
    assert before <= known <= during[0]
    assert report.sources[0].complete_until == known


@pytest.mark.parametrize(("says", "known"), [(at(5), at(5)), (datetime(2999, 1, 1, tzinfo=UTC), None)])
def test_complete_until_of_the_last_page_wins_when_it_is_older(
    tmp_path: Path, says: datetime, known: datetime | None
) -> None:
    run(
        tmp_path,
        desk(page(ticket(1), complete_until=at(1)), page(ticket(2), complete_until=says), page(ticket(3))),
    )
    found = complete(tmp_path)
    assert found is not None
    assert found == known or (known is None and found <= datetime.now(UTC))


class Heard(Desk):
    """A desk whose server told its clock with the first answer."""

    def heard(self) -> datetime | None:
        return self.clock if self.asked else None


def test_complete_until_is_the_servers_clock_where_it_is_behind_ours(tmp_path: Path) -> None:
    run(tmp_path, Heard(clock=at(7)).says([page(ticket(1))]))
    assert complete(tmp_path) == at(7)


def test_a_servers_clock_ahead_of_ours_moves_complete_until_nowhere(tmp_path: Path) -> None:
    run(tmp_path, Heard(clock=datetime(2999, 1, 1, tzinfo=UTC)).says([page(ticket(1))]))
    known = complete(tmp_path)
    assert known is not None
    assert known <= datetime.now(UTC)


def test_complete_until_is_that_of_the_stream_that_lags_most(tmp_path: Path) -> None:
    run(tmp_path, Two().says([page(Team(id=1, name="Care"), complete_until=at(9))]))
    assert complete(tmp_path) == at(9)


def test_a_failed_or_interrupted_run_doesnt_move_complete_until(tmp_path: Path) -> None:
    run(tmp_path, desk(page(ticket(1), complete_until=at(5))))
    run(tmp_path, raising(TryLater("Later."), page(ticket(2), complete_until=at(50))))
    assert complete(tmp_path) == at(5)
    stop = threading.Event()

    def stops(since: Cursor | None) -> Iterator[Page]:
        stop.set()
        yield page(ticket(3), complete_until=at(50))

    run(tmp_path, Desk().says(stops), stop=stop)
    assert ids(tmp_path) == {"1", "2", "3"}
    assert complete(tmp_path) == at(5)
    milliseconds = int(at(5).timestamp() * 1000)
    assert rows(tmp_path, "SELECT complete_until_at FROM sync_state") == [(milliseconds,)]


class Ahead(Desk):
    """A desk whose second stream was known further than the first, before it failed."""

    name: ClassVar[str] = "ahead"
    run: int = 1

    @stream(Ticket)
    def tickets(self, since: Cursor | None) -> Iterator[Page]:
        yield page(ticket(self.run), complete_until=at(5 if self.run == 1 else 50))

    @stream(Ticket)
    def later(self, since: Cursor | None) -> Iterator[Page]:
        if self.run == 2:
            raise TryLater("Later.")
        yield page(ticket(9), complete_until=at(30))


def test_a_source_that_failed_in_part_stays_where_it_was_known(tmp_path: Path) -> None:
    run(tmp_path, Ahead())
    assert complete(tmp_path) == at(5)
    run(tmp_path, Ahead(run=2))
    assert complete(tmp_path) == at(5)
    run(tmp_path, Ahead(run=3))
    assert complete(tmp_path) == at(30)


def test_complete_until_never_goes_back(tmp_path: Path) -> None:
    run(tmp_path, desk(page(ticket(1), complete_until=at(50))))
    run(tmp_path, desk(page(ticket(1), complete_until=at(5))))
    assert complete(tmp_path) == at(50)


def test_facts_and_complete_until_move_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(facts, "refresh", broken)
        with pytest.raises(ZeroDivisionError):
            run(tmp_path, desk(page(ticket(1))))
    assert ids(tmp_path) == {"1"}
    assert complete(tmp_path) is None


# --- threads and memory -------------------------------------------------------------------------------


def test_sources_are_read_side_by_side(tmp_path: Path) -> None:
    together = threading.Barrier(3, timeout=30)

    def script(since: Cursor | None) -> Iterator[Page]:
        together.wait()
        yield page(ticket(1))

    report = run(tmp_path, *(Desk(desk=name).says(script) for name in "abc"))
    assert report.exit_code is ExitCode.OK


def test_the_next_page_is_fetched_while_the_last_one_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetching = threading.Event()
    fetched_meanwhile: list[bool] = []

    def script(since: Cursor | None) -> Iterator[Page]:
        yield page(ticket(1), token=1)
        fetching.set()
        yield page(ticket(2), token=2)

    def write(self: Writer, records: Iterable[Record]) -> Written:
        fetched_meanwhile.append(fetching.wait(30))
        return original(self, records)

    original = Writer.write
    monkeypatch.setattr(Writer, "write", write)
    monkeypatch.setattr(engine, "PAGES_A_COMMIT", 1)
    run(tmp_path, Desk().says(script))
    assert fetched_meanwhile[0]


def test_a_fast_reader_runs_only_a_few_pages_ahead_of_the_writer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gathered = 4
    bound = gathered + PAGES_AHEAD + 1  # being gathered or written, waiting, and the one in hand
    too_far = threading.Event()
    read, written = 0, 0

    def script(since: Cursor | None) -> Iterator[Page]:
        nonlocal read
        for number in range(60):
            read += 1
            if read - written > bound:
                too_far.set()
            yield page(ticket(number), token=number)

    class Slow(Silence):
        def page(self, source: str, stream: str, rows: int) -> None:
            nonlocal written
            if written < 5 * gathered:
                too_far.wait(0.1)
            written += rows

    monkeypatch.setattr(engine, "PAGES_A_COMMIT", gathered)
    run(tmp_path, Desk().says(script), listener=Slow())
    assert (read, written) == (60, 60)
    assert not too_far.is_set()


def test_small_pages_are_gathered_into_one_commit_and_a_waiting_source_holds_none_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commits: list[int] = []
    committed = threading.Event()

    class Told(Silence):
        def page(self, source: str, stream: str, rows: int) -> None:
            commits.append(rows)
            committed.set()

    def script(since: Cursor | None) -> Iterator[Page]:
        for number in range(6):
            yield page(ticket(number), token=number)
        assert committed.wait(30), "what was read waits for a page that may never come"
        yield page(ticket(6), token=6)

    monkeypatch.setattr(engine, "SECONDS_A_COMMIT", 0.1)
    report = run(tmp_path, Desk().says(script), listener=Told())
    assert report.exit_code is ExitCode.OK, report.sources[0].error
    assert sum(commits) == 7
    assert len(commits) < 7


def test_the_listener_hears_of_pages_ends_and_stages(tmp_path: Path) -> None:
    heard: list[tuple[str, ...]] = []

    class Hears(Silence):
        def page(self, source: str, stream: str, rows: int) -> None:
            heard.append((source, stream, str(rows)))

        def ended(self, source: str, stream: str, outcome: Outcome, reason: str) -> None:
            heard.append((source, stream, outcome))

        def stage(self, name: str) -> None:
            heard.append((name,))

    run(tmp_path, desk(page(ticket(1), ticket(2))), listener=Hears())
    assert heard == [("s1", "tickets", "2"), ("s1", "tickets", "ok"), ("threads",), ("facts",)]


def test_a_listener_that_fails_stops_nothing(tmp_path: Path) -> None:
    class Gone(Silence):
        def page(self, source: str, stream: str, rows: int) -> None:
            raise BrokenPipeError

        def ended(self, source: str, stream: str, outcome: Outcome, reason: str) -> None:
            raise ZeroDivisionError

        def stage(self, name: str) -> None:
            raise ValueError(name)

        def waiting(self, source: str, until: datetime, reason: str) -> None:
            raise BrokenPipeError

    one = Desk()

    def script(since: Cursor | None) -> Iterator[Page]:
        one.context.wait(0.001, "the limit")
        yield page(ticket(1))

    assert run(tmp_path, one.says(script), listener=Gone()).exit_code is ExitCode.OK
    assert rows(tmp_path, "SELECT ticket_id FROM ticket_facts") == [("1",)]


def test_a_connector_without_streams_is_known_up_to_nothing(tmp_path: Path) -> None:
    class Mute(Desk):
        name: ClassVar[str] = "mute"

        @classmethod
        def streams(cls) -> dict[str, StreamInfo]:
            return {}

    assert run(tmp_path, Mute()).exit_code is ExitCode.OK
    assert complete(tmp_path) is None
