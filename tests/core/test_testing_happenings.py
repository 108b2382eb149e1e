"""What happens at a helpdesk, met by a small correct connector through the real engine: nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deskmetry.sync import Outcome
from deskmetry.testing.canary import CANARY
from deskmetry.testing.faults import FAULTS, CutJson
from deskmetry.testing.helpdesk import FakeHelpdesk
from deskmetry.testing.paging import CursorToken
from helpers_testing import ids, mended, run, shown, stored, teams, tickets


@pytest.fixture
def desk() -> Iterator[FakeHelpdesk]:
    with FakeHelpdesk(tickets(), teams()) as desk:
        yield desk


def test_nothing_new_costs_the_one_request_that_is_declared(desk: FakeHelpdesk, tmp_path: Path) -> None:
    run(tmp_path, desk)
    before = desk.requests()
    assert run(tmp_path, desk).written.changed == 0
    assert desk.requests() == before + 1


def test_a_second_edit_within_the_same_second_is_not_lost(desk: FakeHelpdesk, tmp_path: Path) -> None:
    run(tmp_path, desk)
    for _ in range(3):
        desk.edit()
        run(tmp_path, desk)
        assert stored(tmp_path) == shown(desk)
    assert any(subject.endswith("(edited 3)") for _, subject in stored(tmp_path))


def test_a_tie_at_the_cursor_a_late_row_and_a_tie_of_many_pages_are_not_lost(
    desk: FakeHelpdesk, tmp_path: Path
) -> None:
    run(tmp_path, desk)
    for happens in (desk.grow, desk.late, desk.bulk_edit, desk.grow):
        happens()
        run(tmp_path, desk)
        assert stored(tmp_path) == shown(desk)


def test_a_tie_of_many_pages_that_breaks_off_in_the_middle_is_not_lost(
    desk: FakeHelpdesk, tmp_path: Path
) -> None:
    desk.bulk_edit()
    desk.faults.play(CutJson(), on=3, times=None)
    assert run(tmp_path, desk).outcome is Outcome.FAILED
    mended(tmp_path, desk)


def test_what_was_deleted_there_is_not_lost_here_and_disturbs_nothing(
    desk: FakeHelpdesk, tmp_path: Path
) -> None:
    run(tmp_path, desk)
    desk.delete()
    desk.grow()
    assert run(tmp_path, desk).outcome is Outcome.OK
    assert ids(tmp_path) == desk.truth()["tickets"] > {str(row["id"]) for row in desk.rows("/tickets")}


def test_a_source_that_was_wiped_takes_nothing_with_it(desk: FakeHelpdesk, tmp_path: Path) -> None:
    run(tmp_path, desk)
    before = stored(tmp_path)
    desk.wipe()
    for _ in range(2):
        assert run(tmp_path, desk).outcome is Outcome.OK
        assert stored(tmp_path) == before
    desk.grow()
    run(tmp_path, desk)
    assert len(stored(tmp_path)) == len(before) + 8


def test_the_secret_of_the_trial_stands_in_no_file(desk: FakeHelpdesk, tmp_path: Path) -> None:
    for number, case in enumerate(FAULTS[::4]):
        desk.faults.play(case.fault, on=number + 1)
    run(tmp_path, desk)
    assert all(CANARY.encode() not in file.read_bytes() for file in tmp_path.iterdir())


@pytest.mark.parametrize(
    ("there", "here"),
    [
        ({}, {}),
        ({"paging": CursorToken()}, {"how": {"next_cursor": "next_cursor"}}),
        (
            {"paging": CursorToken(more="more"), "since": None},
            {"how": {"next_cursor": "next_cursor", "more": "more"}, "since": None},
        ),
    ],
    ids=["link", "token", "history"],
)
@pytest.mark.parametrize("happens", ["grow", "edit", "bulk_edit", "late", "delete"])
def test_what_happens_while_a_list_is_read_loses_nothing(
    there: Any, here: Any, happens: str, tmp_path: Path
) -> None:
    with FakeHelpdesk(tickets(**there)) as desk:
        desk.meanwhile(getattr(desk, happens), on=3)
        assert run(tmp_path, desk, **here).outcome is Outcome.OK
        assert run(tmp_path, desk, **here).outcome is Outcome.OK
        assert set(shown(desk)) <= set(stored(tmp_path))
        assert ids(tmp_path) == desk.truth()["tickets"]
