"""Promise 18: SIGINT and SIGTERM finish the page in hand and end the run by their own exit codes."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from deskmetry.connector import Cursor, Page, stream
from deskmetry.errors import ExitCode, Interrupted
from deskmetry.records import Ticket
from deskmetry.sync import Outcome, Silence, Stop, engine, stop_on_signals
from helpers_http import Visit, loopback
from helpers_sync import Desk, Shop, contents, desk, ids, page, raises, rows, run, ticket
from helpers_sync_process import in_process, signalled, signalled_twice

CODES = [(signal.SIGINT, 130), (signal.SIGTERM, 143)]


@pytest.mark.parametrize(("number", "code"), CODES)
def test_promise_18_a_signal_commits_the_page_in_hand_and_exits_by_its_code(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    assert in_process(signalled, tmp_path / "desk.db", "page", number) == code
    found = {int(key) for key in ids(tmp_path)}
    assert found >= set(range(5)), "the pages before the signal"
    assert rows(tmp_path, "SELECT token FROM sync_state") == [(str(max(found)),)]
    assert rows(tmp_path, "SELECT outcome, pages FROM sync_runs") == [(Outcome.INTERRUPTED, len(found))]
    assert rows(tmp_path, "SELECT complete_until_at FROM sources") == [(None,)]


@pytest.mark.parametrize(("number", "code"), CODES)
def test_promise_18_a_signal_ends_a_wait_at_once(tmp_path: Path, number: signal.Signals, code: int) -> None:
    assert in_process(signalled, tmp_path / "desk.db", "wait", number) == code
    assert ids(tmp_path) == {"0"}


@pytest.mark.parametrize("stage", ["threads", "facts"])
def test_promise_18_a_signal_ends_the_last_stages_too(tmp_path: Path, stage: str) -> None:
    assert in_process(signalled, tmp_path / "desk.db", stage, signal.SIGTERM) == 143
    assert ids(tmp_path) == {"0"}
    assert rows(tmp_path, "SELECT complete_until_at FROM sources") == [(None,)]
    assert rows(tmp_path, "SELECT kind, key FROM dirty") == [("ticket", "0")]
    run(tmp_path, desk())
    assert rows(tmp_path, "SELECT ticket_id FROM ticket_facts") == [("0",)]
    assert rows(tmp_path, "SELECT * FROM dirty") == []


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [
        (signal.SIGINT, signal.SIGINT, 130),
        (signal.SIGTERM, signal.SIGTERM, 143),
        (signal.SIGINT, signal.SIGTERM, 143),
    ],
)
def test_promise_18_a_second_signal_ends_a_run_that_hangs(
    tmp_path: Path, first: signal.Signals, second: signal.Signals, code: int
) -> None:
    assert in_process(signalled_twice, tmp_path / "desk.db", first, second) == code


class Hanging(Desk):
    """A desk whose server takes the request and never answers it whole."""

    name: ClassVar[str] = "hanging"
    url: str

    @stream(Ticket)
    def tickets(self, since: Cursor | None) -> Iterator[Page]:
        yield page(ticket(1), token=1)
        self.http.get_json("/tickets")


@pytest.mark.parametrize("begun", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n["])
def test_promise_18_a_request_that_hangs_is_broken_off(tmp_path: Path, begun: bytes) -> None:
    stop, over = threading.Event(), threading.Event()

    def hangs(visit: Visit) -> None:
        visit.handler.wfile.write(begun)
        visit.handler.wfile.flush()
        stop.set()
        over.wait(60)

    with loopback(hangs) as url:
        try:
            report = run(tmp_path, Hanging(url=url), stop=stop)
        finally:
            over.set()  # had it waited for the answer, this would come a minute later, and with it a failure
    assert report.sources[0].outcome is Outcome.INTERRUPTED
    assert report.exit_code is ExitCode.INTERRUPTED
    assert ids(tmp_path) == {"1"}


def test_promise_18_connecting_that_hangs_is_broken_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop, over, closed = threading.Event(), threading.Event(), threading.Event()

    class Socket(socket.socket):
        def close(self) -> None:
            super().close()
            closed.set()

    def connect(*_arguments: object, **_options: object) -> socket.socket:
        stop.set()
        over.wait(60)
        return Socket()

    monkeypatch.setattr(socket, "create_connection", connect)
    report = run(tmp_path, Hanging(url="https://acme.example"), stop=stop)
    assert report.sources[0].outcome is Outcome.INTERRUPTED
    over.set()
    assert closed.wait(30), "a connection that comes too late is closed"


def test_promise_18_a_stopped_run_and_the_next_give_the_database_of_one(tmp_path: Path) -> None:
    once, twice = tmp_path / "once", tmp_path / "twice"
    once.mkdir()
    twice.mkdir()
    run(once, Shop())
    stop = threading.Event()

    class Stops(Silence):
        def page(self, source: str, stream: str, rows: int) -> None:
            stop.set()

    report = run(twice, Shop(), listener=Stops(), stop=stop)
    assert report.interrupted
    assert report.exit_code is ExitCode.INTERRUPTED
    run(twice, Shop())
    assert contents(twice / "desk.db") == contents(once / "desk.db")


def test_promise_18_the_page_in_hand_is_committed_though_the_queue_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop, closed = threading.Event(), threading.Event()
    given: list[int] = []

    class Closing(Desk):
        def close(self) -> None:
            closed.set()

    def script(since: Cursor | None) -> Iterator[Page]:
        for number in range(100):
            given.append(number)
            yield page(ticket(number), token=number)

    class Slow(Silence):
        def page(self, source: str, stream: str, rows: int) -> None:
            stop.set()
            closed.wait(30)  # the reader has to end without the writer making room

    monkeypatch.setattr(engine, "PAGES_A_COMMIT", 1)
    run(tmp_path, Closing().says(script), listener=Slow(), stop=stop)
    assert ids(tmp_path) == {str(number) for number in given}


def test_a_wish_to_stop_before_the_beginning_reads_nothing(tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    one = desk(page(ticket(1)))
    report = run(tmp_path, one, stop=stop)
    assert one.asked == []
    assert report.exit_code is ExitCode.INTERRUPTED


def test_a_connector_that_says_interrupted_of_itself_has_failed(tmp_path: Path) -> None:
    script = raises(Interrupted("I don't feel like it."))

    report = run(tmp_path, Desk().says(script))
    assert report.sources[0].outcome is Outcome.FAILED
    assert report.exit_code is not ExitCode.OK


def test_the_handlers_of_before_stand_again_afterwards() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with stop_on_signals(Stop()) as stop:
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.wait(10)
        assert stop.signal is signal.SIGTERM
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
