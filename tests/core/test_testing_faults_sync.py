"""Every fault, met by a small correct connector through the real engine: right data, or the right stop."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deskmetry.errors import (
    AuthenticationFailed,
    BadResponse,
    PermissionMissing,
    SourceError,
    StuckStream,
    TryLater,
)
from deskmetry.http import Policy, paging
from deskmetry.sync import Outcome, SourceReport
from deskmetry.testing.faults import (
    FAULTS,
    BadRecord,
    Case,
    CutJson,
    DeepNesting,
    EmptyBody,
    EmptyPages,
    FarFuture,
    Fault,
    Forbidden,
    ForeignLink,
    ForeignRedirect,
    HtmlPage,
    HugeInteger,
    LinkToItself,
    LoneSurrogate,
    NoRecords,
    NulText,
    RateLimited,
    RepeatedPage,
    Reset,
    ServerError,
    ShortBody,
    SlowDrip,
    TokenExpired,
    TooBig,
)
from deskmetry.testing.helpdesk import FakeHelpdesk
from deskmetry.testing.paging import CursorToken, LinkHeader, NextLink, PageNumber
from helpers_testing import ids, mended, run, shown, stored, teams, tickets


@pytest.fixture
def desk() -> Iterator[FakeHelpdesk]:
    with FakeHelpdesk(tickets(), teams()) as desk:
        yield desk


def reasons(folder: Path) -> list[Any]:
    return [reason for (reason,) in stored(folder, "SELECT reason FROM quarantine")]


# --- the list of faults, as it is promised -----------------------------------------------------------

SMALLER: dict[str, Any] = {"how": {"next_url": "next", "page_size": ("limit", 5)}}


@pytest.mark.parametrize("case", FAULTS, ids=lambda case: case.name)
def test_a_sync_ends_as_the_list_of_faults_says(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert paging._EMPTY_PAGES == 1000  # as the list says; so many would take a while
    monkeypatch.setattr(paging, "_EMPTY_PAGES", 20)
    with FakeHelpdesk(tickets(size="limit")) as desk:
        times = 200 if case.fault.lasting else 1  # an end, should nothing here stop it
        order = desk.faults.play(case.fault, on=case.on, times=times)
        source = run(tmp_path, desk, renews=True, **SMALLER)
        assert order.played
        assert source.outcome is (Outcome.FAILED if case.ends == "stops" else Outcome.OK)
        assert (source.error is None) == (case.ends != "stops")
        if case.ends == "recovers":
            assert stored(tmp_path) == shown(desk)
        if case.ends in ("stores", "sets aside"):
            missing = desk.truth()["tickets"] - ids(tmp_path)
            assert len(missing) <= (case.ends == "sets aside")
            assert len(reasons(tmp_path)) == (case.ends == "sets aside")
        desk.bulk_edit()  # so that rows that came spoilt come again
        mended(tmp_path, desk, token=desk.token, **SMALLER)
        assert desk.other.requests == []


# --- an answer that is none --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault", [CutJson(), HtmlPage(), EmptyBody(), NoRecords()], ids=lambda fault: type(fault).__name__
)
@pytest.mark.parametrize("on", [1, 2, 4])
def test_an_answer_that_is_none_is_never_taken_for_the_end(
    fault: Fault, on: int, desk: FakeHelpdesk, tmp_path: Path
) -> None:
    desk.faults.play(fault, on=on, times=None, path="/tickets")
    source = run(tmp_path, desk)
    assert isinstance(source.error, BadResponse)
    assert len(ids(tmp_path)) == {1: 0, 2: 5, 4: 14}[on]
    mended(tmp_path, desk)


@pytest.mark.parametrize(
    "fault", [Reset(), ShortBody(), ServerError(502)], ids=lambda fault: type(fault).__name__
)
def test_a_fault_on_every_other_request_costs_nothing_but_requests(
    fault: Fault, desk: FakeHelpdesk, tmp_path: Path
) -> None:
    order = desk.faults.play(fault, every=2, times=None)
    assert run(tmp_path, desk).outcome is Outcome.OK
    assert order.played == 4
    assert stored(tmp_path) == shown(desk)


def test_a_server_that_stays_down_is_given_up_on_and_nothing_is_lost(
    desk: FakeHelpdesk, tmp_path: Path
) -> None:
    order = desk.faults.play(ServerError(503), on=2, times=None)
    assert isinstance(run(tmp_path, desk).error, TryLater)
    assert order.played == Policy().tries
    mended(tmp_path, desk)


def test_a_drip_without_end_is_cut_off_by_the_deadline(
    desk: FakeHelpdesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deskmetry.http.client.Policy", lambda: Policy(deadline=0.1, tries=2))
    order = desk.faults.play(SlowDrip(pause=0.02), on=2, times=None)
    error = run(tmp_path, desk).error
    assert isinstance(error, TryLater)
    assert "took too long" in error.message
    assert order.played == 2
    monkeypatch.undo()
    mended(tmp_path, desk)


# --- limits ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "seconds"), [(RateLimited(300), 300), (RateLimited(600, "date"), 600), (RateLimited(None), 60)]
)
def test_a_limit_is_waited_out_and_never_shortened(
    fault: Fault, seconds: float, desk: FakeHelpdesk, tmp_path: Path
) -> None:
    desk.faults.play(fault, on=2)
    (report, _teams) = run(tmp_path, desk).streams
    assert report.seconds_waited > 0.9 * seconds  # less the time that a slow machine took between
    assert stored(tmp_path) == shown(desk)


def test_a_limit_of_a_year_ends_the_run_as_try_later(desk: FakeHelpdesk, tmp_path: Path) -> None:
    desk.faults.play(RateLimited(31_536_000), on=3)
    error = run(tmp_path, desk).error
    assert isinstance(error, TryLater)
    assert "--max-wait" in str(error)
    assert len(ids(tmp_path)) == 9
    mended(tmp_path, desk)


def test_a_page_too_big_is_halved_without_losing_a_row_and_without_help_it_stops(tmp_path: Path) -> None:
    with FakeHelpdesk(tickets(size="limit")) as desk:
        desk.faults.play(TooBig(above=2))
        assert isinstance(run(tmp_path, desk).error, TryLater)
        assert ids(tmp_path) == set()
        assert run(tmp_path, desk, **SMALLER).outcome is Outcome.OK
        assert stored(tmp_path) == shown(desk)


# --- links -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("there", "how"),
    [
        ({}, {"next_url": "next"}),
        ({"paging": CursorToken()}, {"next_cursor": "next_cursor"}),
        ({"paging": LinkHeader()}, {"next_header": True}),
        ({"paging": PageNumber()}, {"page_param": "page"}),
    ],
    ids=["link", "token", "header", "number"],
)
@pytest.mark.parametrize("fault", [LinkToItself(), RepeatedPage()], ids=lambda fault: type(fault).__name__)
def test_a_circle_ends_at_once(there: Any, how: Any, fault: Fault, tmp_path: Path) -> None:
    if isinstance(fault, LinkToItself) and "page_param" in how:
        return  # numbers have no links
    with FakeHelpdesk(tickets(**there)) as desk:
        desk.faults.play(fault, times=200)
        error = run(tmp_path, desk, how=how).error
        assert isinstance(error, StuckStream)
        assert desk.requests() <= 3
        mended(tmp_path, desk, how=how)


@pytest.mark.parametrize("fault", [ForeignLink(), ForeignRedirect()], ids=lambda fault: type(fault).__name__)
@pytest.mark.parametrize("on", [1, 2])
@pytest.mark.parametrize("way", ["body", "header"])
def test_nothing_ever_reaches_another_host(fault: Fault, on: int, way: str, tmp_path: Path) -> None:
    here: Any = {"how": {"next_header": True}} if way == "header" else {}
    with FakeHelpdesk(tickets(paging=LinkHeader() if way == "header" else NextLink())) as desk:
        order = desk.faults.play(fault, on=on)
        error = run(tmp_path, desk, **here).error
        assert order.played == 1
        assert type(error) is SourceError
        assert "http://localhost" in str(error)
        assert desk.other.requests == []
        mended(tmp_path, desk, **here)


def test_empty_pages_are_no_end_and_an_endless_row_of_them_is_one(
    desk: FakeHelpdesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = desk.faults.play(EmptyPages(), on=2, times=7)
    assert run(tmp_path, desk).outcome is Outcome.OK
    assert few.played == 7
    assert stored(tmp_path) == shown(desk)

    desk.bulk_edit()
    monkeypatch.setattr(paging, "_EMPTY_PAGES", 20)
    desk.faults.play(EmptyPages(), on=2, times=200)
    before = desk.requests()
    assert isinstance(run(tmp_path, desk).error, StuckStream)
    assert desk.requests() == before + 22
    mended(tmp_path, desk)


# --- credentials -------------------------------------------------------------------------------------


def test_a_token_that_ends_is_renewed_once_and_the_page_read_again(
    desk: FakeHelpdesk, tmp_path: Path
) -> None:
    desk.faults.play(TokenExpired(), on=2)
    assert run(tmp_path, desk, renews=True, teams_too=True).outcome is Outcome.OK
    assert stored(tmp_path) == shown(desk)
    assert [request.path for request in desk.log].count("/oauth/token") == 1


def test_a_token_that_ends_and_cannot_be_renewed_stops(desk: FakeHelpdesk, tmp_path: Path) -> None:
    desk.faults.play(TokenExpired(), on=2)
    assert isinstance(run(tmp_path, desk).error, AuthenticationFailed)
    assert len(ids(tmp_path)) == 5
    mended(tmp_path, desk)


def test_a_401_to_the_renewal_itself_stops_instead_of_hanging(desk: FakeHelpdesk, tmp_path: Path) -> None:
    desk.faults.play(TokenExpired(forever=True), on=2)
    found: list[SourceReport] = []
    syncing = threading.Thread(target=lambda: found.append(run(tmp_path, desk, renews=True)), daemon=True)
    syncing.start()
    syncing.join(30)  # it hung for ever once
    assert [type(source.error) for source in found] == [AuthenticationFailed]
    mended(tmp_path, desk)


def test_an_optional_list_that_is_forbidden_is_skipped_and_said(desk: FakeHelpdesk, tmp_path: Path) -> None:
    desk.faults.play(Forbidden(), path="/teams")
    source = run(tmp_path, desk, teams_too=True)
    assert [stream.outcome for stream in source.streams] == [Outcome.OK, Outcome.SKIPPED]
    assert "this needs a higher plan" in source.streams[1].reason
    assert stored(tmp_path) == shown(desk)
    desk.faults.clear()
    run(tmp_path, desk, teams_too=True)
    assert ids(tmp_path, "teams") == desk.truth()["teams"] if "teams" in desk.truth() else True


def test_another_list_that_is_forbidden_stops(desk: FakeHelpdesk, tmp_path: Path) -> None:
    desk.faults.play(Forbidden(), path="/tickets")
    assert isinstance(run(tmp_path, desk).error, PermissionMissing)
    mended(tmp_path, desk)


# --- rows --------------------------------------------------------------------------------------------


def test_one_bad_record_of_each_kind_costs_nothing_else(desk: FakeHelpdesk, tmp_path: Path) -> None:
    for how in ("a text", "null id", "no date"):
        desk.faults.play(BadRecord(how))
    assert run(tmp_path, desk).outcome is Outcome.OK
    assert stored(tmp_path) == shown(desk)
    assert len(reasons(tmp_path)) == 3


def test_a_row_dated_2999_is_stored_and_the_source_is_read_on_and_the_row_corrected(
    desk: FakeHelpdesk, tmp_path: Path
) -> None:
    desk.faults.play(FarFuture(), on=4)  # the newest row of all
    source = run(tmp_path, desk)
    assert source.outcome is Outcome.OK
    assert source.streams[0].future == 1
    assert stored(tmp_path) == shown(desk)
    desk.faults.clear()
    for happens in (desk.grow, desk.edit, desk.late):
        happens()
        assert run(tmp_path, desk).outcome is Outcome.OK
        assert stored(tmp_path) == shown(desk)
    desk.bulk_edit()
    run(tmp_path, desk)
    sql = "SELECT max(updated_at) FROM tickets"
    assert stored(tmp_path, sql) == [(int(desk.now.timestamp() - 1) * 1000,)]


@pytest.mark.parametrize("fault", [NulText(), LoneSurrogate()], ids=lambda fault: type(fault).__name__)
def test_a_text_that_cannot_be_stored_as_it_is_is_stored_with_a_mark(
    fault: Fault, desk: FakeHelpdesk, tmp_path: Path
) -> None:
    desk.faults.play(fault)
    assert run(tmp_path, desk).outcome is Outcome.OK
    assert ids(tmp_path) == desk.truth()["tickets"]
    ((subject,),) = stored(tmp_path, "SELECT subject FROM tickets WHERE id = '1'")
    assert "\ufffd" in subject


def test_an_integer_of_2_to_the_63rd_blocks_no_later_run(desk: FakeHelpdesk, tmp_path: Path) -> None:
    desk.faults.play(HugeInteger(), times=None)
    for happens in (desk.grow, desk.edit, desk.grow):
        assert run(tmp_path, desk).outcome is Outcome.OK
        happens()
    desk.bulk_edit()
    mended(tmp_path, desk)


def test_a_value_that_no_parser_reads_stops_before_its_page_and_names_it(
    desk: FakeHelpdesk, tmp_path: Path
) -> None:
    desk.faults.play(DeepNesting(depth=50_000), on=2, times=None)
    error = run(tmp_path, desk).error
    assert isinstance(error, BadResponse)
    assert "nested too deeply" in str(error)
    assert len(ids(tmp_path)) == 5
    mended(tmp_path, desk)
