"""Faults: when one is played, that none is forgotten, and the proxy that plays them before any server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from deskmetry.testing import faults
from deskmetry.testing.canary import CANARY
from deskmetry.testing.collection import Collection
from deskmetry.testing.faults import FAULTS, BadRecord, Fault, Faults, Reset, ServerError
from deskmetry.testing.helpdesk import FakeHelpdesk
from deskmetry.testing.paging import LinkHeader, Offset
from deskmetry.testing.proxy import FaultProxy
from helpers_testing import AUTH, Server, fetch, get, ids, served, synced, ticket_row, tickets


@pytest.fixture(params=["helpdesk", "proxy"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with served(request.param) as server:
        yield server


# --- when a fault is played --------------------------------------------------------------------------


def statuses(server: Server, requests: int) -> list[int]:
    return [get(server).status_code for _ in range(requests)]


def test_a_fault_is_played_when_it_was_ordered_for(server: Server) -> None:
    there = server.faults
    there.play(ServerError(500), on=3)
    assert statuses(server, 4) == [200, 200, 500, 200]
    there.clear()
    there.play(ServerError(500), on=2, times=2)
    assert statuses(server, 4) == [200, 500, 500, 200]
    there.clear()
    there.play(ServerError(500), every=3, times=None)
    assert statuses(server, 5) == [500, 200, 200, 500, 200]
    there.clear()
    assert there.played == []
    assert statuses(server, 1) == [200]


def test_two_faults_are_counted_each_by_itself(server: Server) -> None:
    server.faults.play(ServerError(500), on=2)
    server.faults.play(ServerError(502), path="/tickets", on=3)
    server.faults.play(ServerError(503), path="/nothing")
    assert statuses(server, 4) == [200, 500, 502, 200]


def test_a_fault_without_an_occasion_waits_for_one(server: Server) -> None:
    order = server.faults.play(BadRecord())
    newer = get(server, "/tickets?updated_since=2027-01-01T00:00:00Z").json()
    assert (newer["data"], order.played) == ([], 0)
    assert "not a record" in get(server).json()["data"]
    assert order.played == 1


@pytest.mark.parametrize("wrong", [{"on": 0}, {"times": 0}, {"every": 0}])
def test_an_order_that_means_nothing_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match="count from 1"):
        Faults().play(Reset(), **wrong)


def test_every_fault_is_listed_and_says_what_happens_in_the_field() -> None:
    kinds = {
        value
        for name in faults.__all__
        if isinstance(value := getattr(faults, name), type) and hasattr(value, "lasting")
    }
    listed = {type(case.fault) for case in FAULTS}
    assert listed == kinds - {Fault}
    assert len({case.name for case in FAULTS}) == len(FAULTS) >= 30
    assert all(len((kind.__doc__ or "").split()) > 8 for kind in listed)


# --- the proxy ---------------------------------------------------------------------------------------


def test_a_proxy_passes_status_headers_bodies_and_addresses_below_a_path() -> None:
    with (
        FakeHelpdesk(tickets(), tickets_below("/api/v2")) as desk,
        FaultProxy(f"{desk.url}/api/v2/") as proxy,
    ):
        assert proxy.url.endswith("/api/v2")
        found, url = [], f"{proxy.url}/tickets"
        while url:
            assert url.startswith(proxy.url)
            answer = fetch(url, headers={"X-Api-Key": CANARY})
            assert answer.headers["Date"].startswith("Mon, 02 Mar 2026")
            found += answer.json()["data"]
            url = answer.json()["next"]
        assert found == desk.rows("/api/v2/tickets")
        assert proxy.requests() == desk.requests() == 4
        assert fetch(f"{proxy.url}/none", headers=AUTH).status_code == 404


def tickets_below(folder: str) -> Any:
    return Collection(f"{folder}/tickets", row=ticket_row)


def test_a_proxy_rewrites_the_addresses_in_headers() -> None:
    with FakeHelpdesk(tickets(paging=LinkHeader(), items="")) as desk, FaultProxy(desk.url) as proxy:
        assert get(proxy).links["next"]["url"].startswith(f"{proxy.url}/tickets?")


def test_a_proxy_takes_rows_from_where_it_is_told() -> None:
    with FakeHelpdesk(tickets(items="result.rows")) as desk:
        with FaultProxy(desk.url, {"/tick*": "result.rows"}) as proxy:
            proxy.faults.play(BadRecord())
            assert "not a record" in get(proxy).json()["result"]["rows"]
        with FaultProxy(desk.url, {"/tickets": "elsewhere"}) as proxy:
            assert proxy.faults.play(BadRecord()).played == 0
            assert "not a record" not in get(proxy).json()["result"]["rows"]


def test_a_proxy_says_what_it_can_stand_before() -> None:
    with pytest.raises(ValueError, match=r"stands before an address such as http://127.0.0.1:8123"):
        FaultProxy("https://acme.example")


def test_a_bad_record_shifts_no_row_of_a_list_that_is_read_by_counting(tmp_path: Path) -> None:
    with FakeHelpdesk(tickets(paging=Offset())) as desk:
        order = desk.faults.play(BadRecord())
        report = synced(tmp_path, desk.url, how={"offset_param": "offset"})
        assert order.played == 1
        assert report.sources[0].streams[0].quarantined == 1
        assert ids(tmp_path) == desk.truth()["tickets"]


def test_every_renewal_gives_another_secret() -> None:
    with FakeHelpdesk(tickets()) as desk:
        seen = {desk.token}
        for _ in range(12):
            desk.expire()
            seen.add(desk.token)
        assert len(seen) == 13


def test_an_edit_may_lie_deeper_in_a_row() -> None:
    def row(number: int, at: datetime) -> dict[str, Any]:
        return {**ticket_row(number, at), "content": {"plain": "Hello"}}

    with FakeHelpdesk(tickets(row=row, edits="content.plain")) as desk:
        desk.edit()
        texts = [one["content"]["plain"] for one in desk.rows("/tickets")]
        assert texts.count("Hello (edited 1)") == 1
