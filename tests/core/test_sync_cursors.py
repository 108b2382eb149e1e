"""Promises 2 to 5: where a sync goes on, what a watermark is made of, and that a stream must move."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest

from deskmetry.connector import Cursor, Page, stream
from deskmetry.errors import CursorRefused, StuckStream, TryLater
from deskmetry.records import Ticket, TicketEvent
from deskmetry.records.kinds import EventKind
from deskmetry.sync import Outcome
from deskmetry.sync.guard import MARGIN
from helpers_http import Visit, loopback
from helpers_sync import (
    T0,
    Desk,
    Lapped,
    Rows,
    Unsorted,
    at,
    desk,
    ids,
    mark,
    page,
    raises,
    rows,
    run,
    ticket,
)

FUTURE = datetime(2999, 1, 1, tzinfo=UTC)


# --- 2: it resumes at the last committed page --------------------------------------------------------


def test_promise_02_it_resumes_at_the_last_committed_page(tmp_path: Path) -> None:
    def fails_at_third(since: Cursor | None) -> Iterator[Page]:
        yield page(ticket(1), mark=1, token="one")
        yield page(ticket(2), mark=2, token="two")
        raise TryLater("The server is tired.")

    report = run(tmp_path, Desk().says(fails_at_third))
    assert report.sources[0].outcome is Outcome.FAILED
    second = desk(page(ticket(3), mark=3, token="three"))
    run(tmp_path, second)
    assert second.asked == [Cursor("two", at(2))]
    assert ids(tmp_path) == {"1", "2", "3"}


def test_promise_02_a_refused_token_falls_back_to_the_watermark_and_says_so(tmp_path: Path) -> None:
    def refuses(since: Cursor | None) -> Iterator[Page]:
        if since and since.token:
            raise CursorRefused("Cursor expired.")
        yield page(ticket(2, 2), mark=2, token="new")

    run(tmp_path, Lapped().says([page(ticket(1), mark=1, token="old")]))
    one = Lapped().says(refuses)
    report = run(tmp_path, one)
    assert one.asked == [Cursor("old", at(-9)), Cursor(None, at(-9))]
    (told,) = report.sources[0].streams
    assert told.outcome is Outcome.OK
    assert "Cursor expired." in told.notes[0]
    assert at(1).isoformat() in told.notes[0]
    ((reason,),) = rows(tmp_path, "SELECT reason FROM sync_runs WHERE run = 2")
    assert reason == told.notes[0]
    assert rows(tmp_path, "SELECT token FROM sync_state") == [('"new"',)]


def test_promise_02_a_refused_token_without_a_watermark_reads_from_the_start(tmp_path: Path) -> None:
    def refuses(since: Cursor | None) -> Iterator[Page]:
        if since and since.token:
            raise CursorRefused("Cursor expired.")
        yield page(ticket(1), token="new")

    run(tmp_path, desk(page(ticket(1), token="old")))
    one = Desk(start=date(2026, 1, 1)).says(refuses)
    report = run(tmp_path, one)
    assert one.asked[1] == Cursor(None, datetime(2026, 1, 1, tzinfo=UTC))
    assert "the beginning" in report.sources[0].streams[0].notes[0]


def test_a_token_refused_on_a_first_read_fails_the_stream(tmp_path: Path) -> None:
    refuses = raises(CursorRefused("What cursor?"))

    one = Desk().says(refuses)
    report = run(tmp_path, one)
    assert report.sources[0].outcome is Outcome.FAILED
    assert one.asked == [None]


# --- 3: watermarks are inclusive, and lap over -------------------------------------------------------


def test_promise_03_ties_across_a_cut_between_pages_are_not_lost(tmp_path: Path) -> None:
    server = Rows([ticket(n, 5) for n in range(7)], size=3)

    def cut(since: Cursor | None) -> Iterator[Page]:
        yield next(server(since))
        raise TryLater("The server is tired.")

    run(tmp_path, Desk().says(cut))
    assert len(ids(tmp_path)) == 3
    run(tmp_path, Desk().says(server))
    assert ids(tmp_path) == set("0123456")


def test_promise_03_a_second_edit_within_the_same_second_is_not_lost(tmp_path: Path) -> None:
    server = Rows([ticket(1, 5, subject="first")])
    run(tmp_path, Desk().says(server))
    server.put(ticket(1, 5, subject="second"))
    report = run(tmp_path, Desk().says(server))
    assert rows(tmp_path, "SELECT subject FROM tickets") == [("second",)]
    assert report.sources[0].written.changed == 1


def test_promise_03_a_row_that_appears_late_is_read_within_the_overlap(tmp_path: Path) -> None:
    server = Rows([ticket(1, 60)])
    run(tmp_path, Lapped().says(server))
    server.put(ticket(2, 51))
    one = Lapped().says(server)
    run(tmp_path, one)
    assert one.asked == [Cursor(None, at(50))]
    assert ids(tmp_path) == {"1", "2"}


def test_promise_03_the_overlap_is_not_subtracted_twice(tmp_path: Path) -> None:
    run(tmp_path, Lapped().says([page(ticket(1), mark=60)]))
    for _ in range(3):
        one = Lapped().says([page(ticket(1), mark=30)])
        run(tmp_path, one)
        assert one.asked == [Cursor(None, at(50))]
        assert mark(tmp_path) == at(60)


# --- 4: no clock of ours in a watermark, and no future ------------------------------------------------


def test_promise_04_a_row_dated_2999_is_stored_and_flagged_and_never_the_watermark(tmp_path: Path) -> None:
    one = Desk(clock=at(600))
    one.says(
        lambda _since: [
            one.page([ticket(1, 5), ticket(2, updated=FUTURE)], lambda row: row, watermark="updated_at")
        ]
    )
    report = run(tmp_path, one)
    assert ids(tmp_path) == {"1", "2"}
    assert mark(tmp_path) == at(5)
    assert report.sources[0].streams[0].future == 1
    assert rows(tmp_path, "SELECT future FROM sync_runs") == [(1,)]


def test_promise_04_a_page_of_only_future_rows_moves_nothing(tmp_path: Path) -> None:
    one = Desk(clock=at(600))
    one.says(lambda _since: [one.page([ticket(2, updated=FUTURE)], lambda row: row, watermark="updated_at")])
    run(tmp_path, one)
    assert ids(tmp_path) == {"2"}
    assert rows(tmp_path, "SELECT * FROM sync_state WHERE watermark_at IS NOT NULL") == []


def test_promise_04_a_watermark_is_clamped_to_the_clock_of_the_server(tmp_path: Path) -> None:
    for written_by_hand in (Cursor(None, FUTURE), Cursor("token", FUTURE)):
        run(tmp_path, Desk(clock=at(30)).says([Page([ticket(1)], written_by_hand)]), full=True)
        assert mark(tmp_path) == at(30) - MARGIN


def test_promise_04_the_clock_of_the_server_counts_and_not_ours(tmp_path: Path) -> None:
    def answer(visit: Visit) -> None:
        rows = [{"id": 1, "updated": at(-5).isoformat()}, {"id": 2, "updated": at(5).isoformat()}]
        head = f"HTTP/1.1 200 OK\r\nDate: {format_datetime(at(0), usegmt=True)}\r\nConnection: close\r\n"
        body = json.dumps({"data": rows, "next": None})
        visit.handler.wfile.write(f"{head}Content-Type: application/json\r\n\r\n{body}".encode())

    with loopback(answer) as url:
        run(tmp_path, Linked(url=url))
    assert ids(tmp_path) == {"1", "2"}
    assert mark(tmp_path) == at(-5), "at(5) is the past for us, and the future for the server"
    assert rows(tmp_path, "SELECT future FROM sync_runs") == [(1,)]


# --- 5: a cursor never goes back to nothing, a stream never stands still ------------------------------


def test_promise_05_a_cursor_never_goes_back_to_nothing(tmp_path: Path) -> None:
    run(tmp_path, desk(page(ticket(1), mark=1, token="one")))
    run(tmp_path, desk(page(ticket(2))))
    run(tmp_path, desk(page(ticket(3), mark=2)))
    run(tmp_path, desk(Page([ticket(4)], Cursor("two"))))
    run(tmp_path, desk(Page([], Cursor())))
    assert rows(tmp_path, "SELECT token FROM sync_state") == [('"two"',)]
    assert mark(tmp_path) == at(2)
    run(tmp_path, desk(page(ticket(5), mark=1)), full=True)
    assert rows(tmp_path, "SELECT token FROM sync_state") == [('"two"',)]
    run(tmp_path, desk(Page([ticket(6)], Cursor("three"))), full=True)
    assert rows(tmp_path, "SELECT token FROM sync_state") == [('"three"',)]
    assert mark(tmp_path) == at(1)


def test_promise_05_a_watermark_never_goes_back(tmp_path: Path) -> None:
    run(tmp_path, desk(page(ticket(1), mark=10)))
    run(tmp_path, desk(page(ticket(2), mark=3)))
    assert mark(tmp_path) == at(10)


def _endless(*pages: Page) -> Desk:
    def script(since: Cursor | None) -> Iterator[Page]:
        for number in range(100_000):
            yield pages[min(number, len(pages) - 1)]

    return Desk().says(script)


@pytest.mark.parametrize(
    ("pages", "taken"),
    [
        pytest.param([page(ticket(1), token={"a": 1, "b": 2}), page(token={"b": 2, "a": 1})], 1, id="token"),
        pytest.param([page(ticket(1), mark=1), page(ticket(2), mark=2)], 2, id="content"),
        pytest.param([page(ticket(1), token=1), page(ticket(2), token=2)], 2, id="both"),
    ],
)
def test_promise_05_a_page_that_repeats_another_stops_the_stream(
    tmp_path: Path, pages: list[Page], taken: int
) -> None:
    report = run(tmp_path, _endless(*pages))
    assert isinstance(report.sources[0].error, StuckStream)
    assert report.sources[0].streams[0].pages == taken
    assert "1" in ids(tmp_path), "what came before stays"


class Linked(Desk):
    """A desk read over HTTP by next links."""

    name: ClassVar[str] = "linked"
    url: str

    @stream(Ticket)
    def tickets(self, since: Cursor | None) -> Iterator[Page]:
        for batch in self.http.pages("/tickets", next_url="next", start=since and since.token):
            yield self.page(batch.items, _linked, watermark="updated_at", token=batch.token)


def _linked(row: dict[str, Any]) -> Ticket:
    return ticket(row["id"], updated=datetime.fromisoformat(row["updated"]))


@pytest.mark.parametrize("link", ["/tickets", "/tickets?page=2", "tickets?page=2#again"])
def test_promise_05_a_next_link_to_itself_stops_the_stream(tmp_path: Path, link: str) -> None:
    visits: list[str] = []

    def answer(visit: Visit) -> None:
        visits.append(visit.path)
        visit.json({"data": [{"id": len(visits), "updated": at(0).isoformat()}], "next": link})

    with loopback(answer) as url:
        report = run(tmp_path, Linked(url=url))
    assert isinstance(report.sources[0].error, StuckStream)
    assert len(visits) <= 3
    assert "1" in ids(tmp_path), "what came before stays"


def test_a_token_may_come_again_in_the_next_run(tmp_path: Path) -> None:
    for _ in range(3):
        assert run(tmp_path, desk(page(ticket(1), token="end"))).sources[0].outcome is Outcome.OK


def test_pages_that_differ_only_in_kind_or_version_are_no_repetition(tmp_path: Path) -> None:
    event = TicketEvent(id=1, ticket_id=1, kind=EventKind.STATUS, at=T0)
    report = run(
        tmp_path, desk(page(ticket(1)), page(event), page(ticket(1, 1)), page(ticket(1, 1, version=9)))
    )
    assert report.sources[0].outcome is Outcome.OK


@pytest.mark.parametrize("token", [{1, 2}, T0, b"x", {"a": object()}])
def test_a_token_that_is_no_json_fails_its_source_alone(tmp_path: Path, token: object) -> None:
    report = run(tmp_path, desk(page(ticket(1), token=token)), desk(page(ticket(2)), desk="other"))
    assert [source.outcome for source in report.sources] == [Outcome.FAILED, Outcome.OK]
    assert rows(tmp_path, "SELECT * FROM sync_state WHERE token IS NOT NULL") == []


@pytest.mark.parametrize(
    "token", ["\ud800", "\x00", 2**80, 1e300, math.inf, [None, {"a": "ü"}], "", 0, False]
)
def test_a_token_of_any_json_comes_back_as_it_was(tmp_path: Path, token: object) -> None:
    run(tmp_path, desk(page(ticket(1), token=token)))
    second = desk()
    run(tmp_path, second)
    assert second.asked == [Cursor(token, None)]


# --- streams that aren't sorted, and the start --------------------------------------------------------


def test_an_unsorted_stream_moves_its_watermark_only_with_its_last_page(tmp_path: Path) -> None:
    def cut(since: Cursor | None) -> Iterator[Page]:
        yield page(ticket(1, 9), mark=9)
        yield page(ticket(2, 2), mark=2, token="page-2")
        raise TryLater("The server is tired.")

    run(tmp_path, Unsorted().says(cut))
    assert mark(tmp_path) is None
    rest = Unsorted().says([page(ticket(3, 3), mark=3), page(ticket(4, 1))])
    run(tmp_path, rest)
    assert rest.asked == [Cursor("page-2")]
    assert mark(tmp_path) == at(3)


def test_an_unsorted_stream_ends_at_its_highest_watermark(tmp_path: Path) -> None:
    run(tmp_path, Unsorted().says([page(ticket(1), mark=9), page(ticket(2), mark=2), page(ticket(3))]))
    assert mark(tmp_path) == at(9)


def test_the_start_of_a_source_is_what_its_first_read_is_asked_for(tmp_path: Path) -> None:
    one = Lapped(start=date(2026, 2, 1)).says([page(ticket(1), mark=1)])
    run(tmp_path, one)
    run(tmp_path, one)
    assert one.asked == [
        Cursor(None, datetime(2026, 2, 1, tzinfo=UTC)),
        Cursor(None, at(1) - timedelta(minutes=10)),
    ]
    ((known,),) = rows(tmp_path, "SELECT known_from_at FROM sources")
    assert datetime.fromtimestamp(known / 1000, UTC) == datetime(2026, 2, 1, tzinfo=UTC)


def test_without_a_start_everything_is_read_and_known_from_the_oldest_ticket(tmp_path: Path) -> None:
    one = desk(page(ticket(1)))
    run(tmp_path, one)
    assert one.asked == [None]
    ((known,),) = rows(tmp_path, "SELECT known_from_at FROM sources")
    assert datetime.fromtimestamp(known / 1000, UTC) == T0


def test_a_full_sync_forgets_the_cursors(tmp_path: Path) -> None:
    one = desk(page(ticket(1), mark=9, token="end"))
    run(tmp_path, one)
    run(tmp_path, one, full=True)
    assert one.asked == [None, None]


def test_a_full_sync_that_was_cut_goes_on_where_it_was_cut(tmp_path: Path) -> None:
    def cut(since: Cursor | None) -> Iterator[Page]:
        yield page(ticket(1), mark=1, token="first")
        raise TryLater("The server is tired.")

    run(tmp_path, desk(page(ticket(1), mark=9, token="end")))
    run(tmp_path, Desk().says(cut), full=True)
    second = desk()
    run(tmp_path, second)
    assert second.asked == [Cursor("first", at(1))]
