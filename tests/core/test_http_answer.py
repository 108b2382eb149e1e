"""What counts as an answer: promise 7."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import respx

from deskmetry.errors import BadResponse
from deskmetry.http import Policy
from helpers_http import BASE, client

JSON = {"Content-Type": "application/json"}
GOOD = httpx.Response(200, json={"data": [{"id": 1}]})


def _bad(body: bytes, media: str = "application/json") -> httpx.Response:
    return httpx.Response(200, content=body, headers={"Content-Type": media})


BAD = {
    "html": _bad(b"<html>maintenance</html>", "text/html; charset=utf-8"),
    "html that says it is json": _bad(b"<html>maintenance</html>"),
    "json that says it is html": _bad(b'{"data": []}', "text/html"),
    "cut json": _bad(b'{"data": [{"id": 1}, {"i'),
    "empty body": _bad(b""),
    "blank body": _bad(b" \n"),
    "no records": _bad(b'{"error": "none"}'),
    "records are no list": _bad(b'{"data": {"id": 1}}'),
    "records are null": _bad(b'{"data": null}'),
    "a list on top": _bad(b"[]"),
    "no content type": httpx.Response(200, content=b'{"data": []}'),
    "no content": httpx.Response(204),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_promise_07_a_2xx_that_is_no_answer_is_tried_again(
    bad: httpx.Response, respx_mock: respx.MockRouter
) -> None:
    respx_mock.get(f"{BASE}/tickets").side_effect = [bad, GOOD]
    with client() as (http, context):
        answer = http.get_json("/tickets", items="data")
    assert answer.items == [{"id": 1}]
    assert (context.requests, context.retries, len(context.waits)) == (2, 1, 1)


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_promise_07_a_2xx_that_never_becomes_an_answer_is_a_bad_response(
    bad: httpx.Response, respx_mock: respx.MockRouter
) -> None:
    route = respx_mock.get(f"{BASE}/tickets").mock(return_value=bad)
    with client() as (http, _context), pytest.raises(BadResponse, match=r"GET /api/tickets of localhost"):
        http.get_json("/tickets", items="data")
    assert route.call_count == Policy().tries


@pytest.mark.parametrize(
    ("body", "items", "expected"),
    [
        (b'{"a": {"b": [1]}}', "a.b", [1]),
        (b"[1, 2]", "", [1, 2]),
        (b'{"data": []}', "data", []),
        (b'{"ok": true}', None, []),
        (b'\xef\xbb\xbf{"data": [1]}', "data", [1]),
    ],
)
def test_records_are_found_at_their_path(
    body: bytes, items: str | None, expected: list[Any], respx_mock: respx.MockRouter
) -> None:
    respx_mock.get(f"{BASE}/x").respond(content=body, headers={"Content-Type": "application/vnd.acme+json"})
    with client() as (http, _context):
        assert http.get_json("x", items=items).items == expected


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (rb'{"data": ["\ud800"]}', "\ud800"),
        (b'{"data": ["\xed\xa0\x80"]}', "\ud800"),
        (b'{"data": ["a\xffb"]}', "a\ufffdb"),
        (b'{"data": [18446744073709551616]}', 2**64),
        (b'{"data": [' + b"9" * 5000 + b"]}", "9" * 5000),
    ],
    ids=["escaped surrogate", "encoded surrogate", "bad byte", "big integer", "huge integer"],
)
def test_odd_values_do_not_cost_the_page(body: bytes, value: object, respx_mock: respx.MockRouter) -> None:
    respx_mock.get(f"{BASE}/x").respond(content=body, headers=JSON)
    with client() as (http, _context):
        assert http.get_json("/x", items="data").items == [value]


@pytest.mark.parametrize("levels", [202, 100_000])
def test_json_nested_too_deeply_is_refused_and_not_asked_for_again(
    levels: int, respx_mock: respx.MockRouter
) -> None:
    body = b"[" * levels + b"]" * levels
    route = respx_mock.get(f"{BASE}/x").respond(content=body, headers=JSON)
    with client() as (http, _context), pytest.raises(BadResponse, match="nested too deeply"):
        http.get_json("/x")
    assert route.call_count == 1


def test_json_nested_as_deeply_as_allowed_is_taken(respx_mock: respx.MockRouter) -> None:
    respx_mock.get(f"{BASE}/x").respond(content=b"[" * 201 + b"]" * 201, headers=JSON)
    with client() as (http, _context):
        assert http.get_json("/x").status == 200


def _lists(levels: int, inside: bytes) -> bytes:
    return b"[" * levels + inside + b"]" * levels


def _objects(levels: int, inside: bytes) -> bytes:
    return b'{"a":' * levels + (inside or b"{}") + b"}" * levels


@pytest.mark.parametrize(
    ("body", "cap", "taken"),
    [(_lists(cap + more, b"1"), cap, more == 0) for cap in (3, 200, 201, 250) for more in (0, 1)]
    + [(_lists(cap + more, b""), cap, more == 0) for cap in (3, 200, 201, 250) for more in (0, 1)]
    + [(_objects(cap - 1 + more, b""), cap, more == 0) for cap in (3, 200, 201, 250) for more in (0, 1)],
)
def test_the_cap_on_nesting_is_exact_for_every_reader(
    body: bytes, cap: int, taken: bool, respx_mock: respx.MockRouter
) -> None:
    respx_mock.get(f"{BASE}/x").respond(content=body, headers=JSON)
    with client(policy=Policy(max_depth=cap)) as (http, _context):
        if taken:
            assert http.get_json("/x").status == 200
        else:
            with pytest.raises(BadResponse, match="nested too deeply"):
                http.get_json("/x")


@pytest.mark.parametrize("body", [b"1, 2", b"1] [2", b"[1],", b", 1", b"[1]]"])
def test_values_side_by_side_are_no_json(body: bytes, respx_mock: respx.MockRouter) -> None:
    respx_mock.get(f"{BASE}/x").respond(content=body, headers=JSON)
    with client() as (http, _context), pytest.raises(BadResponse, match="cut or broken"):
        http.get_json("/x")
