"""Reading the exports, and the emulator's: boundary seconds, full seconds, null cursors, recent starts."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from deskmetry.connector import Cursor
from deskmetry.errors import BadResponse, CursorRefused, StuckStream
from deskmetry.plugins import hookimpl
from deskmetry_connectors.zendesk import Zendesk
from deskmetry_connectors.zendesk.emulator import Company
from deskmetry_connectors.zendesk.emulator.exports import RefusedError, cursor_page, time_page
from deskmetry_connectors.zendesk.reading import EARLIEST, listing, position, seconds_of, start_time
from helpers_http import Visit, loopback
from helpers_zendesk import Json, attached, desk, patient, zendesk

NOW = 10_000
ROWS = [(10, 1, "a"), (20, 2, "b"), (30, 3, "c"), (30, 4, "d"), (30, 5, "e"), (40, 6, "f")]


def page(start: int, size: int) -> tuple[list[Any], Any, bool]:
    found, beside = time_page(ROWS, {"start_time": str(start), "per_page": str(size)}, NOW)
    return found, beside["end_time"], beside["end_of_stream"]


def test_a_page_of_several_seconds_ends_at_its_last_second_which_comes_again() -> None:
    assert page(0, 2) == (["a", "b"], 20, False)
    assert page(20, 2) == (["b", "c"], 30, False)


def test_a_page_within_one_second_holds_the_whole_second_beyond_its_size() -> None:
    assert page(30, 2) == (["c", "d", "e"], 31, False)
    assert page(31, 2) == (["f"], 40, True)
    assert page(41, 2) == ([], None, True)


def test_a_cursor_is_the_instant_and_id_of_the_last_row() -> None:
    found, beside = cursor_page(ROWS, {"start_time": "0", "per_page": "4"}, NOW, null_cursors=True)
    assert (found, beside["end_of_stream"]) == (["a", "b", "c", "d"], False)
    assert base64.b64decode(beside["after_cursor"]) == b"30.0||4|"
    rest, ended = cursor_page(ROWS, {"cursor": beside["after_cursor"]}, NOW, null_cursors=True)
    assert (rest, ended["end_of_stream"]) == (["e", "f"], True)
    nothing, empty = cursor_page(ROWS, {"cursor": ended["after_cursor"]}, NOW, null_cursors=True)
    assert (nothing, empty["after_cursor"], empty["end_of_stream"]) == ([], None, True)


def test_a_start_within_the_last_minute_is_refused() -> None:
    with pytest.raises(RefusedError, match="StartTimeTooRecent"):
        time_page(ROWS, {"start_time": str(NOW - 59)}, NOW)


def test_a_cursor_is_shown_to_people_as_its_instant() -> None:
    assert position("MTcwNzI3MTc0MS4wfHw0MDQ1fA==") == "2024-02-07T02:09:01+00:00 after 4045"
    assert position("opaque!") == "'opaque!'"


def test_a_start_is_never_within_the_last_minute() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert start_time(now, now) == int(now.timestamp()) - 61
    assert start_time(None, now) == EARLIEST
    assert start_time(datetime(2025, 1, 1, tzinfo=UTC), now) == 1_735_689_600


def test_a_token_that_is_no_instant_is_refused_so_that_the_watermark_serves() -> None:
    assert (seconds_of(None), seconds_of(5)) == (None, 5)
    for token in ("x", True, {"a": 1}):
        with pytest.raises(CursorRefused):
            seconds_of(token)


def test_the_same_company_comes_from_the_same_seed() -> None:
    one, other = (Company.make(tickets=30, seed=9) for _ in range(2))
    one.advance()
    other.advance()
    assert (one.tickets, one.audits, one.ratings) == (other.tickets, other.audits, other.ratings)
    assert Company.make(tickets=30, seed=8).tickets != one.tickets


def test_records_of_the_last_minute_are_left_out() -> None:
    company = Company.make(tickets=5, seed=1)
    with desk(company) as server:
        connector = attached(zendesk(server))
        company.open(next(iter(company.users.values())), company.now - 30, "Just now")
        got = {record.id for page in connector.tickets(None) for record in page.records}
        connector.close()
    assert len(got) == 5


# --- how the connector asks --------------------------------------------------------------------------------


def test_only_the_first_request_has_a_start_and_addresses_are_made_from_cursors() -> None:
    with desk() as server:
        connector = attached(zendesk(server, page_size=15))
        list(connector.tickets(None))
        connector.close()
    asked = [query for _, path, query in server.log if path.endswith("tickets/cursor.json")]
    assert len(asked) == 3
    assert ["start_time" in query for query in asked] == [True, False, False]
    assert ["cursor" in query for query in asked] == [False, True, True]
    for query in asked:
        assert (query["support_type_scope"], query["include"], query["per_page"]) == (
            "all",
            "metric_sets,users",
            "15",
        )


def test_events_are_asked_for_with_their_comments_five_hundred_at_once() -> None:
    with desk() as server:
        connector = attached(zendesk(server, sideloads=[]))
        list(connector.tickets(None))
        list(connector.ticket_events(None))
        connector.close()
    (tickets,) = [query for _, path, query in server.log if path.endswith("tickets/cursor.json")]
    assert "include" not in tickets
    query = next(query for _, path, query in server.log if path.endswith("ticket_events.json"))
    assert (query["include"], query["per_page"], query["support_type_scope"]) == (
        "comment_events",
        "500",
        "all",
    )


def test_an_old_desk_starts_where_the_settings_say_but_reads_all_people() -> None:
    start = Cursor(None, datetime(2026, 2, 1, tzinfo=UTC))
    with desk() as server:
        connector = attached(zendesk(server))
        for name in ("users", "organizations", "tickets", "ticket_events"):
            list(connector.read(name, start))
        connector.close()
    starts = {
        path.split("/")[4].removesuffix(".json"): int(query["start_time"])
        for _, path, query in server.log
        if "start_time" in query
    }
    assert starts == {
        "users": EARLIEST,
        "organizations": EARLIEST,
        "tickets": 1769904000,
        "ticket_events": 1769904000,
    }


def served(*pages: Json) -> Callable[[Visit], None]:
    """Return an answerer that gives these pages in turn, the last one again and again."""
    left = list(pages)

    def answer(visit: Visit) -> None:
        visit.json(left.pop(0) if len(left) > 1 else left[0])

    return answer


def row(key: int, at: int) -> Json:
    stamp = datetime.fromtimestamp(at, UTC).isoformat()
    return {"id": key, "name": f"Shop {key}", "created_at": stamp, "updated_at": stamp}


def test_a_short_page_isnt_the_last_one_and_a_null_link_isnt_the_end() -> None:
    pages = [
        {
            "organizations": [row(1, 10)],
            "end_time": 20,
            "end_of_stream": False,
            "next_page": None,
            "count": 1,
        },
        {"organizations": [row(1, 10), row(2, 30)], "end_time": 30, "end_of_stream": False, "count": 2},
        {"organizations": [row(2, 30)], "end_time": 30, "end_of_stream": True, "next_page": "x", "count": 1},
    ]
    with loopback(served(*pages)) as url:
        connector = attached(Zendesk(url=url, token="t0ken-of-acme"))
        found = list(connector.organizations(None))
        connector.close()
    assert [[record.id for record in page.records] for page in found] == [["1"], ["2"], []]
    assert [page.cursor.token if page.cursor else None for page in found] == [20, 30, None]


def test_an_empty_page_without_an_end_moves_no_cursor() -> None:
    with loopback(served({"organizations": [], "end_time": None, "end_of_stream": True, "count": 0})) as url:
        connector = attached(Zendesk(url=url, token="t0ken-of-acme"))
        (page,) = connector.organizations(Cursor(1_700_000_000))
        connector.close()
    assert page.cursor is None


def test_a_null_cursor_keeps_the_old_one() -> None:
    with loopback(served({"users": [], "after_cursor": None, "end_of_stream": True})) as url:
        connector = attached(Zendesk(url=url, token="t0ken-of-acme"))
        (page,) = connector.users(Cursor({"at": "abc", "agents": {"agent": [42]}}))
        connector.close()
    assert page.cursor is None


def test_an_export_that_stands_still_is_an_error() -> None:
    with loopback(served({"tickets": [], "after_cursor": "same", "end_of_stream": False})) as url:
        connector = attached(
            Zendesk(url=url, token="t0ken-of-acme", skip=["ticket_fields", "custom_statuses"])
        )
        with pytest.raises(StuckStream):
            list(connector.tickets(None))
        connector.close()


@pytest.mark.parametrize("broken", [{"after_cursor": "x"}, {"end_of_stream": False, "after_cursor": None}])
def test_an_answer_that_doesnt_say_whether_it_is_the_last_is_no_success(broken: Json) -> None:
    with loopback(served({"users": [], **broken})) as url:
        connector = Zendesk(url=url, token="t0ken-of-acme")
        patient(connector)
        with pytest.raises(BadResponse):
            list(connector.users(None))
        connector.close()


def test_a_list_without_cursors_is_read_by_its_links() -> None:
    def answer(visit: Visit) -> None:
        if "page" in visit.params:
            visit.json({"brands": [{"id": 2}], "next_page": None})
        else:
            visit.json({"brands": [{"id": 1}], "next_page": "/api/v2/brands.json?page=2"})

    with loopback(answer) as url:
        connector = attached(Zendesk(url=url, token="t0ken-of-acme"))
        found = [
            item["id"]
            for batch in listing(connector.http, "/api/v2/brands.json", "brands")
            for item in batch.items
        ]
        connector.close()
    assert found == [1, 2]


def test_one_bad_ticket_is_set_aside_alone() -> None:
    company = Company.make(tickets=5, seed=1)
    next(iter(company.tickets.values())).status = "parked"
    with desk(company) as server:
        connector = attached(zendesk(server))
        (page,) = connector.tickets(None)
        connector.close()
    assert len([one for one in page.records if one.table == "tickets"]) == 4
    assert "'parked'" in page.rejected[0].reason


def test_the_plugin_brings_the_connector_without_loading_it() -> None:
    import deskmetry_connectors.zendesk as plugin

    assert [one.name for one in plugin.register_connectors()] == ["zendesk"]
    assert hookimpl is not None
    assert Path(plugin.__file__ or "").parent.joinpath("zones.toml").is_file()
    assert json.loads(json.dumps(list(Zendesk.streams())))[:2] == ["users", "groups"]


def test_each_export_is_complete_up_to_the_minute_that_it_leaves_out() -> None:
    with desk() as server:
        connector = attached(zendesk(server))
        for name in ("users", "organizations", "tickets", "ticket_events", "satisfaction_ratings"):
            *_, last = connector.read(name, None)
            assert last.complete_until is not None
            assert last.complete_until.timestamp() == server.company.now - 60
        connector.close()


def test_ratings_are_read_again_from_an_overlap_before_the_latest_change() -> None:
    mark = datetime(2026, 2, 1, 12, tzinfo=UTC)
    with desk() as server:
        for overlap, hour in (("1h", 11), ("3h", 9)):
            connector = attached(zendesk(server, rating_overlap=overlap))
            list(connector.satisfaction_ratings(Cursor(None, mark)))
            connector.close()
            assert int(server.log[-1][2]["start_time"]) == int(mark.replace(hour=hour).timestamp())
