"""The fake helpdesk: things happen there as they do in the field, and it is read in every paging style."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from deskmetry.sync import Outcome
from deskmetry.testing.canary import CANARY
from deskmetry.testing.collection import Collection
from deskmetry.testing.helpdesk import BEGINNING, FakeHelpdesk
from deskmetry.testing.paging import CursorToken, LinkHeader, NextLink, Offset, PageNumber
from deskmetry.testing.world import World
from helpers_testing import Json, fetch, ids, shown, stored, synced, team_row, ticket_row, tickets

AUTH = {"Authorization": f"Bearer {CANARY}"}


@pytest.fixture
def desk() -> Iterator[FakeHelpdesk]:
    with FakeHelpdesk(tickets()) as desk:
        yield desk


def get(desk: FakeHelpdesk, target: str = "/tickets", **query: Any) -> httpx.Response:
    return fetch(f"{desk.url}{target}", params=query or None, headers=AUTH)


def instants(rows: list[Json]) -> list[str]:
    return [row["updated_at"] for row in rows]


# --- what happens there ------------------------------------------------------------------------------


def test_it_is_a_world_as_the_contract_wants_it(desk: FakeHelpdesk) -> None:
    assert isinstance(desk, World)


def test_it_begins_with_more_than_two_pages_and_a_tie_over_a_page_border(desk: FakeHelpdesk) -> None:
    times = instants(desk.rows("/tickets"))
    assert len(times) > 10
    assert times == sorted(times)
    assert times[4] == times[5]


def test_what_is_new_begins_in_the_second_of_what_was_newest(desk: FakeHelpdesk) -> None:
    before = desk.rows("/tickets")
    desk.grow()
    after = desk.rows("/tickets")
    assert len(after) == len(before) + 8
    new = [row for row in after if row not in before]
    assert new[0]["updated_at"] == before[-1]["updated_at"]
    assert len(set(instants(new))) < len(new) - 2


def test_an_edit_changes_the_text_and_not_the_second(desk: FakeHelpdesk) -> None:
    before = desk.rows("/tickets")[-1]
    desk.edit()
    desk.edit()
    assert desk.rows("/tickets")[-1] == before | {"title": f"{before['title']} (edited 2)"}


def test_a_bulk_edit_is_a_tie_of_more_than_a_page(desk: FakeHelpdesk) -> None:
    desk.bulk_edit()
    assert len(set(instants(desk.rows("/tickets")))) == 1
    assert all("(edited 1)" in row["title"] for row in desk.rows("/tickets"))


def test_a_late_thing_lies_before_the_newest_and_within_a_minute_of_it(desk: FakeHelpdesk) -> None:
    before = desk.rows("/tickets")
    assert desk.late()
    (late,) = [row for row in desk.rows("/tickets") if row not in before]
    lag = datetime.fromisoformat(before[-1]["updated_at"]) - datetime.fromisoformat(late["updated_at"])
    assert timedelta() < lag < timedelta(minutes=1)


def test_only_what_was_read_is_deleted_and_stays_in_the_truth(desk: FakeHelpdesk) -> None:
    assert not desk.delete()
    all_ids = desk.truth()["tickets"]
    get(desk)
    assert desk.delete()
    assert desk.gone() == {"tickets": {"1"}}
    assert "1" not in {str(row["id"]) for row in desk.rows("/tickets")}
    assert desk.truth() == {"tickets": all_ids}


def test_a_deleted_thing_stays_with_a_flag_where_the_helpdesk_does_that() -> None:
    with FakeHelpdesk(tickets(deleted="gone")) as desk:
        get(desk)
        desk.delete()
        rows = get(desk, updated_since=f"{desk.now:%Y-%m-%dT%H:%M:%SZ}").json()["data"]
        assert [(row["id"], row["gone"]) for row in rows] == [(1, True)]


def test_a_wiped_helpdesk_answers_with_an_empty_list_and_never_gives_a_number_twice(
    desk: FakeHelpdesk,
) -> None:
    highest = max(row["id"] for row in desk.rows("/tickets"))
    assert desk.wipe()
    assert get(desk).json() == {"data": [], "next": None}
    desk.grow()
    assert min(row["id"] for row in desk.rows("/tickets")) > highest


def test_its_clock_stands_but_for_advance_and_every_answer_shows_it(desk: FakeHelpdesk) -> None:
    begin = desk.now
    assert BEGINNING < begin < BEGINNING + timedelta(hours=2)
    assert get(desk).headers["Date"] == f"{begin:%a, %d %b %Y %H:%M:%S} GMT"
    desk.advance(3600)
    assert desk.now == begin + timedelta(hours=1)
    assert get(desk, "/nothing").headers["Date"] == f"{desk.now:%a, %d %b %Y %H:%M:%S} GMT"


# --- what it answers ---------------------------------------------------------------------------------


def test_a_request_without_the_secret_is_answered_401(desk: FakeHelpdesk) -> None:
    assert fetch(f"{desk.url}/tickets").status_code == 401
    assert fetch(f"{desk.url}/tickets", headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert fetch(f"{desk.url}/tickets", headers={"X-Api-Key": CANARY}).status_code == 200
    assert fetch(f"{desk.url}/tickets", auth=("me", CANARY)).status_code == 200


def test_a_renewed_secret_ends_the_old_one(desk: FakeHelpdesk) -> None:
    renewed = fetch(f"{desk.url}/oauth/token", "POST", data={"refresh_token": CANARY}).json()["access_token"]
    assert CANARY in renewed
    assert get(desk).status_code == 401
    assert fetch(f"{desk.url}/tickets", headers={"Authorization": f"Bearer {renewed}"}).status_code == 200


def test_things_happen_while_a_list_is_read(desk: FakeHelpdesk) -> None:
    desk.meanwhile(desk.grow, on=2)
    sizes = []
    for _ in range(3):
        get(desk)
        sizes.append(len(desk.rows("/tickets")))
    assert sizes == [17, 25, 25]


@pytest.mark.parametrize("form", ["iso", "seconds", "milliseconds"])
def test_changes_are_asked_for_from_an_instant_on_itself_included(desk: FakeHelpdesk, form: str) -> None:
    newest = desk.rows("/tickets")[-1]
    instant = datetime.fromisoformat(newest["updated_at"])
    asked = {"iso": newest["updated_at"], "seconds": int(instant.timestamp())}
    asked["milliseconds"] = int(instant.timestamp() * 1000)
    assert get(desk, updated_since=asked[form]).json()["data"] == [newest]


def test_the_second_page_of_a_full_read_is_short_though_more_follow(desk: FakeHelpdesk) -> None:
    second = get(desk, get(desk).json()["next"].removeprefix(desk.url)).json()
    assert len(second["data"]) == 4
    assert second["next"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"updated_after": "2026-01-01"}, "has no parameter updated_after.*ignores="),
        ({"updated_since": "yesterday"}, "updated_since=yesterday is no instant"),
        ({"after": "x"}, "no place that this helpdesk gave out"),
    ],
)
def test_a_request_that_makes_no_sense_is_told_why(desk: FakeHelpdesk, query: Json, words: str) -> None:
    answer = get(desk, **query)
    assert answer.status_code == 400
    assert re.search(words, answer.json()["error"])


def test_an_unknown_path_is_told_what_there_is(desk: FakeHelpdesk) -> None:
    answer = get(desk, "/ticket")
    assert answer.status_code == 404
    assert answer.json()["error"] == "this fake helpdesk has no GET /ticket; it has GET /tickets"


# --- every paging style, through the engine ----------------------------------------------------------

HISTORY = CursorToken("cursor", "meta.after", end="end_of_stream")
STYLES: dict[str, tuple[Json, Json]] = {
    "next link": ({"paging": NextLink("links.next")}, {"how": {"next_url": "links.next"}}),
    "cursor": ({"paging": CursorToken()}, {"how": {"next_cursor": "next_cursor"}}),
    "cursor with a flag": (
        {"paging": CursorToken("page[after]", "meta.after", more="meta.has_more")},
        {"how": {"next_cursor": "meta.after", "cursor_param": "page[after]", "more": "meta.has_more"}},
    ),
    "history": (
        {"paging": HISTORY, "since": None},
        {"how": {"next_cursor": "meta.after", "end": "end_of_stream"}, "since": None},
    ),
    "link header": ({"paging": LinkHeader(), "items": ""}, {"how": {"next_header": True}, "items": ""}),
    "page number": ({"paging": PageNumber()}, {"how": {"page_param": "page"}}),
    "page number and total": (
        {"paging": PageNumber("p", 0, total="count")},
        {"how": {"page_param": "p", "first_page": 0, "total": "count"}},
    ),
    "offset": ({"paging": Offset()}, {"how": {"offset_param": "offset"}}),
    "offset and total": (
        {"paging": Offset("skip", "meta.total")},
        {"how": {"offset_param": "skip", "total": "meta.total"}},
    ),
    "bare list": ({"paging": PageNumber(), "items": ""}, {"how": {"page_param": "page"}, "items": ""}),
    "post": (
        {"paging": CursorToken(), "method": "POST"},
        {"how": {"next_cursor": "next_cursor", "post": True}},
    ),
    "by id": ({"order": "id"}, {}),
    "smaller pages": ({"size": "limit"}, {"how": {"next_url": "next", "page_size": ("limit", 3)}}),
}


@pytest.mark.parametrize("style", STYLES)
def test_a_story_is_read_without_loss_in_every_style(style: str, tmp_path: Path) -> None:
    there, here = STYLES[style]
    with FakeHelpdesk(tickets(**there)) as desk:
        for happens in (desk.grow, desk.edit, desk.late, desk.grow, desk.bulk_edit, desk.edit):
            assert synced(tmp_path, desk.url, **here).sources[0].outcome is Outcome.OK
            assert stored(tmp_path) == shown(desk)
            happens()
        synced(tmp_path, desk.url, **here)
        assert stored(tmp_path) == shown(desk)
        assert ids(tmp_path) == desk.truth()["tickets"]


def test_link_headers_lead_through_all_pages() -> None:
    with FakeHelpdesk(tickets(paging=LinkHeader(), items="")) as desk:
        answer = get(desk)
        found = answer.json()
        while "next" in answer.links:
            answer = fetch(answer.links["next"]["url"], headers=AUTH)
            found += answer.json()
        assert found == desk.rows("/tickets")


def test_a_list_newest_first_begins_with_the_newest() -> None:
    with FakeHelpdesk(tickets(order="newest")) as desk:
        assert get(desk).json()["data"] == desk.rows("/tickets")[:-6:-1]


# --- a description that can't be right says what to mend ---------------------------------------------


def _wrong_id(number: int, at: datetime) -> Json:
    return ticket_row(number, at) | {"id": 1}


def _local_clock(number: int, at: datetime) -> Json:
    return ticket_row(number, at) | {"updated_at": "2026-01-01T00:00:00Z"}


def _no_json(number: int, at: datetime) -> Json:
    return ticket_row(number, at) | {"updated_at": at}


@pytest.mark.parametrize(
    ("described", "words"),
    [
        (lambda: tickets(id="key"), "have no 'key', only .*'title'.*; name the field: id="),
        (lambda: tickets(changed="modified"), "name the field: changed="),
        (lambda: Collection("/teams", row=team_row, since=None), "have no 'updated_at'.*: changed="),
        (lambda: tickets(row=_wrong_id), "'id' is 1 in two rows.*from the number"),
        (lambda: tickets(row=_local_clock), "'updated_at' is .* in two rows.*from the instant"),
        (lambda: tickets(row=_no_json), "what JSON can hold.*at.isoformat"),
        (lambda: tickets(row=lambda number, at: [number]), "must return a dict, not list"),
        (lambda: tickets(edits="id"), "which text does an edit change.*edits="),
        (lambda: tickets(items=""), "NextLink has no place in it; use LinkHeader"),
        (lambda: Collection("tickets", row=ticket_row), "must begin with a slash"),
        (lambda: tickets(page_size=1), "shows no ties"),
    ],
)
def test_a_wrong_description_says_what_to_mend(described: Any, words: str) -> None:
    with pytest.raises((TypeError, ValueError), match=words):
        FakeHelpdesk(described())


def test_a_helpdesk_of_nothing_says_what_it_needs() -> None:
    with pytest.raises(ValueError, match=r"FakeHelpdesk\(Collection\('/tickets', row=…\)\)"):
        FakeHelpdesk()


def test_instants_of_rows_are_aware_and_in_whole_seconds() -> None:
    seen: list[datetime] = []

    def row(number: int, at: datetime) -> Json:
        seen.append(at)
        return ticket_row(number, at)

    with FakeHelpdesk(tickets(row=row)) as desk:
        desk.advance(0.5)
        desk.grow()
        desk.rows("/tickets")
    assert all(at.tzinfo is UTC and at.microsecond == 0 for at in seen)
