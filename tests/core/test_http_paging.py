"""How pages are read one after the other: promises 2, 5 and 9."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import httpx
import pytest
import respx

from deskmetry.errors import BadResponse, CursorRefused, SourceError, StuckStream, TryLater
from helpers_http import BASE, PatientContext, client

URL = f"{BASE}/tickets"
Page = dict[str, Any]


def _serve(router: respx.MockRouter, answers: Sequence[Page | int]) -> Callable[[], list[dict[str, str]]]:
    """Answer in this order; returns a function that tells the parameters of each request."""
    route = router.get(url__regex=rf"{URL}(\?.*)?$")
    route.side_effect = [
        httpx.Response(answer) if isinstance(answer, int) else httpx.Response(200, json=answer)
        for answer in answers
    ]
    return lambda: [dict(call.request.url.params) for call in route.calls]


def _link(**params: Any) -> str:
    return str(httpx.URL(URL, params=params))


def test_next_links_are_followed_until_there_is_none(respx_mock: respx.MockRouter) -> None:
    asked = _serve(
        respx_mock,
        [
            {"data": [1], "links": {"next": _link(p=2)}},
            {"data": [2], "links": {"next": "/api/tickets?p=3"}},
            {"data": [3], "links": {"next": None}},
        ],
    )
    with client() as (http, _context):
        batches = list(http.pages("/tickets", {"since": 7, "none": None}, next_url="links.next"))
    assert [batch.items for batch in batches] == [[1], [2], [3]]
    assert asked() == [{"since": "7"}, {"p": "2"}, {"p": "3"}]
    assert [batch.token for batch in batches] == [_link(p=2), _link(p=3), _link(p=3)]
    assert batches[0].at("links.next") == _link(p=2)


@pytest.mark.parametrize("last", [{"data": []}, {"data": [], "next": ""}, {"data": [], "next": None}])
def test_a_first_page_without_a_next_link_is_the_only_one(last: Page, respx_mock: respx.MockRouter) -> None:
    _serve(respx_mock, [last])
    with client() as (http, _context):
        (batch,) = http.pages("/tickets", next_url="next")
    assert (batch.items, batch.token) == ([], None)


def test_the_link_header_is_followed_and_to_no_other_host(respx_mock: respx.MockRouter) -> None:
    pages = [
        httpx.Response(
            200, json=[1], headers={"Link": f'<{_link(p=0)}>; rel="prev", <{_link(p=2)}>; rel=next'}
        ),
        httpx.Response(200, json=[2], headers={"Link": '</api/tickets?p=3>; title="a, b"; rel="next"'}),
        httpx.Response(200, json=[3], headers={"Link": '<https://else.example/tickets>; rel="next"'}),
    ]
    respx_mock.get(url__regex=rf"{URL}(\?.*)?$").side_effect = pages
    with client() as (http, _context):
        batches = http.pages("/tickets", {"since": 7}, items="", next_header=True)
        assert [next(batches).items, next(batches).items] == [[1], [2]]
        with pytest.raises(SourceError, match=r"else\.example"):
            next(batches)
        with pytest.raises(TypeError, match="next_header"):
            http.pages("/tickets", next_header=True, next_url="next")


def test_cursors_go_into_their_parameter(respx_mock: respx.MockRouter) -> None:
    asked = _serve(
        respx_mock, [{"data": [1], "after": "a"}, {"data": [2], "after": 7}, {"data": [], "after": None}]
    )
    with client() as (http, _context):
        batches = list(http.pages("/tickets", {"per": 5}, next_cursor="after", cursor_param="from"))
    assert asked() == [{"per": "5"}, {"per": "5", "from": "a"}, {"per": "5", "from": "7"}]
    assert [batch.token for batch in batches] == ["a", 7, 7]  # a cursor never goes back to nothing


def test_a_cursor_can_stand_alone(respx_mock: respx.MockRouter) -> None:
    asked = _serve(respx_mock, [{"data": [1], "after": "a"}, {"data": []}])
    with client() as (http, _context):
        list(http.pages("/tickets", {"per": 5}, next_cursor="after", cursor_alone=True))
    assert asked() == [{"per": "5"}, {"cursor": "a"}]


def test_an_end_that_is_declared_is_believed_and_must_be_said(respx_mock: respx.MockRouter) -> None:
    _serve(respx_mock, [{"data": [1], "c": "a", "end": False}, {"data": [2], "c": "b", "end": True}])
    with client() as (http, _context):
        batches = list(http.pages("/tickets", next_cursor="c", end="end"))
    assert [batch.token for batch in batches] == ["a", "b"]  # the last cursor is where the next run begins


@pytest.mark.parametrize("page", [{"data": [], "c": "a"}, {"data": [], "c": "a", "end": "true"}])
def test_an_end_that_is_not_said_is_a_bad_response(page: Page, respx_mock: respx.MockRouter) -> None:
    _serve(respx_mock, [page])
    with client() as (http, _context), pytest.raises(BadResponse, match="whether pages follow"):
        list(http.pages("/tickets", next_cursor="c", end="end"))


def test_more_pages_without_a_way_to_them_are_a_bad_response(respx_mock: respx.MockRouter) -> None:
    _serve(respx_mock, [{"data": [1], "meta": {"has_more": True}, "next": None}])
    with client() as (http, _context), pytest.raises(BadResponse, match="not where they are"):
        list(http.pages("/tickets", next_url="next", more="meta.has_more"))


def test_no_more_pages_end_the_list_in_spite_of_a_link(respx_mock: respx.MockRouter) -> None:
    _serve(respx_mock, [{"data": [1], "more": False, "next": _link(p=2)}])
    with client() as (http, _context):
        assert len(list(http.pages("/tickets", next_url="next", more="more"))) == 1


def test_an_idle_export_that_repeats_its_cursor_at_the_end_is_not_stuck(respx_mock: respx.MockRouter) -> None:
    _serve(respx_mock, [{"data": [], "c": "a", "end": True}])
    with client() as (http, context):
        (batch,) = http.pages("/tickets", next_cursor="c", end="end", start="a")
    assert (batch.token, context.requests) == ("a", 1)


STUCK: dict[str, tuple[Mapping[str, Any], list[Page | int]]] = {
    "a link to itself": ({"next_url": "next"}, [{"data": [1], "next": _link()}]),
    "a link back": (
        {"next_url": "next"},
        [
            {"data": [1], "next": _link(p=2)},
            {"data": [2], "next": _link(p=3)},
            {"data": [3], "next": _link(p=2)},
        ],
    ),
    "a cursor twice": ({"next_cursor": "next"}, [{"data": [1], "next": "a"}, {"data": [2], "next": "a"}]),
    "a cursor back": (
        {"next_cursor": "next"},
        [{"data": [1], "next": "a"}, {"data": [2], "next": "b"}, {"data": [3], "next": "a"}],
    ),
    "content twice": ({"next_cursor": "next"}, [{"data": [1], "next": "a"}, {"data": [1], "next": "b"}]),
    "an ignored page number": ({"page_param": "page"}, [{"data": [1]}, {"data": [1]}]),
}


@pytest.mark.parametrize(("way", "answers"), STUCK.values(), ids=STUCK.keys())
def test_promise_05_a_list_that_stands_still_is_stuck(
    way: Mapping[str, Any], answers: list[Page | int], respx_mock: respx.MockRouter
) -> None:
    asked = _serve(respx_mock, answers)
    with client() as (http, _context), pytest.raises(StuckStream, match="/api/tickets"):
        list(http.pages("/tickets", **way))
    assert len(asked()) == len(answers)


def test_pages_are_numbered_until_an_empty_one(respx_mock: respx.MockRouter) -> None:
    asked = _serve(respx_mock, [{"data": [1, 2]}, {"data": [3]}, {"data": []}])
    with client() as (http, _context):
        batches = list(http.pages("/tickets", page_param="page", first_page=0))
    assert [batch.items for batch in batches] == [[1, 2], [3], []]
    assert asked() == [{"page": "0"}, {"page": "1"}, {"page": "2"}]
    assert {batch.token for batch in batches} == {None}


def test_numbered_pages_end_at_a_declared_total(respx_mock: respx.MockRouter) -> None:
    asked = _serve(respx_mock, [{"data": [1, 2], "n": {"all": 3}}, {"data": [3], "n": {"all": 3}}])
    with client() as (http, _context):
        list(http.pages("/tickets", offset_param="offset", total="n.all"))
    assert asked() == [{"offset": "0"}, {"offset": "2"}]


def test_a_start_goes_on_at_the_token(respx_mock: respx.MockRouter) -> None:
    asked = _serve(respx_mock, [{"data": [5]}, {"data": [6]}])
    with client() as (http, _context):
        list(http.pages("/tickets", {"since": 1}, next_url="next", start=_link(p=9)))
        list(http.pages("/tickets", {"per": 1}, next_cursor="next", start="z"))
    assert asked() == [{"p": "9"}, {"per": "1", "cursor": "z"}]


@pytest.mark.parametrize("status", [400, 410, 422])
def test_a_start_that_the_vendor_refuses_is_a_refused_cursor(
    status: int, respx_mock: respx.MockRouter
) -> None:
    _serve(respx_mock, [status, status])
    with client() as (http, _context):
        with pytest.raises(CursorRefused, match=str(status)):
            list(http.pages("/tickets", next_cursor="next", start="old"))
        with pytest.raises(SourceError) as caught:
            list(http.pages("/tickets", next_cursor="next"))
        assert not isinstance(caught.value, CursorRefused)


@pytest.mark.parametrize("start", ["https://other.example/api/tickets?p=2", 7, {"a": 1}])
def test_a_start_that_is_no_link_of_this_origin_is_a_refused_cursor(start: object) -> None:
    with client() as (http, context), pytest.raises(CursorRefused):
        list(http.pages("/tickets", next_url="next", start=start))
    with client() as (http, context), pytest.raises(CursorRefused):
        list(http.pages("/tickets", page_param="page", start=start))
    assert context.requests == 0


def test_a_start_of_another_kind_is_a_refused_cursor() -> None:
    with client() as (http, _context), pytest.raises(CursorRefused):
        list(http.pages("/tickets", next_cursor="next", start={"a": 1}))


def test_a_failed_page_is_tried_again_where_it_failed(respx_mock: respx.MockRouter) -> None:
    asked = _serve(respx_mock, [{"data": [1], "next": "a"}, 502, {"data": [2], "next": None}])
    with client() as (http, context):
        assert [batch.items for batch in http.pages("/tickets", next_cursor="next")] == [[1], [2]]
    assert asked() == [{}, {"cursor": "a"}, {"cursor": "a"}]
    assert context.retries == 1


def test_promise_09_a_page_too_big_is_halved_and_the_size_that_worked_is_kept(
    respx_mock: respx.MockRouter,
) -> None:
    asked = _serve(
        respx_mock,
        [504, 504, {"data": [1], "next": "a"}, {"data": [2], "next": None}, {"data": [3], "next": None}],
    )
    with client() as (http, context):
        list(http.pages("/tickets", next_cursor="next", page_size=("per_page", 1000)))
        list(http.pages("/tickets", next_cursor="next", page_size=("per_page", 1000)))
    assert [params["per_page"] for params in asked()] == ["1000", "500", "250", "250", "250"]
    assert (context.waits, context.retries) == ([], 2)


def test_a_link_to_a_page_too_big_is_halved_too(respx_mock: respx.MockRouter) -> None:
    asked = _serve(
        respx_mock,
        [
            {"data": [1], "next": _link(after="x", per_page=100)},
            504,
            {"data": [2], "next": _link(after="y", per_page=100)},
            {"data": [3]},
        ],
    )
    with client() as (http, _context):
        list(http.pages("/tickets", next_url="next", page_size=("per_page", 100)))
    assert asked() == [
        {"per_page": "100"},
        {"after": "x", "per_page": "100"},
        {"after": "x", "per_page": "50"},
        {"after": "y", "per_page": "50"},
    ]


@pytest.mark.parametrize(("size", "failing"), [(8, 3), (9, 3), (7, 2), (100, 5)])
def test_halving_numbered_pages_leaves_no_record_out(
    size: int, failing: int, respx_mock: respx.MockRouter
) -> None:
    everything = list(range(size * 4 + 3))
    requests = 0

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal requests
        requests += 1
        if requests == failing:
            return httpx.Response(504)
        page, per = int(request.url.params["page"]), int(request.url.params["per"])
        return httpx.Response(200, json={"data": everything[(page - 1) * per : page * per]})

    respx_mock.get(url__regex=rf"{URL}\?.*").mock(side_effect=answer)
    with client() as (http, _context):
        batches = list(http.pages("/tickets", page_param="page", page_size=("per", size)))
    assert [item for batch in batches for item in batch.items] == everything


def test_a_page_of_one_that_is_still_too_big_means_try_later(respx_mock: respx.MockRouter) -> None:
    route = respx_mock.get(url__regex=rf"{URL}\?.*").respond(504, text="upstream request timeout")
    with client() as (http, _context), pytest.raises(TryLater, match="upstream request timeout"):
        list(http.pages("/tickets", next_cursor="next", page_size=("per_page", 4)))
    assert [call.request.url.params["per_page"] for call in route.calls] == [
        "4",
        "2",
        "1",
        "1",
        "1",
        "1",
        "1",
    ]


def test_a_search_is_paged_in_its_body(respx_mock: respx.MockRouter) -> None:
    route = respx_mock.post(URL)
    route.side_effect = [
        httpx.Response(200, json={"data": [n], "next": n if n < 3 else None}) for n in (1, 2, 3)
    ]
    with client() as (http, _context):
        found = http.pages(
            "/tickets",
            {"query": {"from": datetime(2024, 1, 2, tzinfo=UTC)}, "pagination.per_page": 5, "none": None},
            next_cursor="next",
            cursor_param="pagination.starting_after",
            post=True,
        )
        assert [batch.items for batch in found] == [[1], [2], [3]]
    bodies = [json.loads(call.request.content) for call in route.calls]
    query = {"from": "2024-01-02T00:00:00Z"}
    assert bodies == [
        {"query": query, "pagination": {"per_page": 5}},
        {"query": query, "pagination": {"per_page": 5, "starting_after": 1}},
        {"query": query, "pagination": {"per_page": 5, "starting_after": 2}},
    ]


def test_parameters_are_sent_as_vendors_read_them(respx_mock: respx.MockRouter) -> None:
    asked = _serve(respx_mock, [{"data": []}])
    berlin = timezone(timedelta(hours=1))
    params = {
        "since": datetime(2024, 1, 2, 1, 0, tzinfo=berlin),
        "exact": datetime(2024, 1, 2, 0, 0, 0, 5, tzinfo=UTC),
        "day": date(2024, 1, 2),
        "flag": True,
        "none": None,
    }
    with client() as (http, _context):
        http.get_json("/tickets", params)
        with pytest.raises(ValueError, match="aware"):
            http.get_json("/tickets", {"since": datetime(2024, 1, 2)})  # noqa: DTZ001 - the case in question
    assert asked() == [
        {
            "since": "2024-01-02T00:00:00Z",
            "exact": "2024-01-02T00:00:00.000005Z",
            "day": "2024-01-02",
            "flag": "true",
        }
    ]


@pytest.mark.parametrize(
    "way", [{}, {"next_url": "next", "next_cursor": "next"}, {"next_url": "next", "post": True}]
)
def test_an_unclear_way_to_the_next_page_is_the_authors_mistake(way: Mapping[str, Any]) -> None:
    with client() as (http, _context), pytest.raises(TypeError):
        http.pages("/tickets", **way)


def test_promise_09_the_size_that_worked_in_one_run_is_where_the_next_one_begins(
    respx_mock: respx.MockRouter,
) -> None:
    asked = _serve(respx_mock, [504, {"data": [1], "next": None}, {"data": [2], "next": None}])
    first = PatientContext()
    with client(context=first) as (http, _context):
        list(http.pages("/tickets", next_cursor="next", page_size=("per_page", 1000)))
    with client(context=PatientContext(sizes=dict(first.sizes))) as (http, _context):
        list(http.pages("/tickets", next_cursor="next", page_size=("per_page", 1000)))
    assert [params["per_page"] for params in asked()] == ["1000", "500", "500"]
