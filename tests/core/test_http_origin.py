"""Credentials stay at one origin: redirects, links and addresses."""

from __future__ import annotations

import httpx
import pytest
import respx

from deskmetry.connector import Context
from deskmetry.errors import BadResponse, ConfigurationError, SourceError, Unreachable
from deskmetry.http import HttpClient
from helpers_http import BASE, TOKEN, bearer, client

GOOD = httpx.Response(200, json={"data": []})
OTHERS = [
    "https://evil.example/api/tickets",
    "http://localhost:8080/api/tickets",
    "https://localhost/api/tickets",
    "//evil.example/api/tickets",
    "http://localhost@evil.example/",
    "http://user:word@localhost/api/tickets",
    "http://localhost.evil.example/",
    "http://169.254.169.254/latest/meta-data",
    "http://127.0.0.1/api",
    "http://10.0.0.1/",
    "http://[::1]/",
    "file:///etc/passwd",
    "ftp://localhost/",
]


@pytest.mark.parametrize(
    "url",
    [
        "http://acme.example",
        "http://10.0.0.1",
        "http://localhost.evil.example",
        "ftp://acme.example",
        "acme.example",
        "https://",
        "",
        "https://user:word@acme.example",
        "https://acme.example/?token=x",
        "https://acme.example:port",
        "https://[acme",
    ],
)
def test_an_address_that_is_not_https_is_a_configuration_error(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        HttpClient(url, bearer, Context())
    assert "word" not in str(caught.value).replace("password", "")


@pytest.mark.parametrize(
    "url",
    [
        "https://acme.example",
        "HTTPS://acme.example/v1/",
        "http://localhost:8000",
        "http://127.0.0.9",
        "http://[::1]:80",
    ],
)
def test_https_is_taken_and_http_to_this_machine(url: str) -> None:
    assert repr(HttpClient(url, bearer, Context())).startswith("HttpClient('http")


@pytest.mark.parametrize(
    ("base", "path", "whole"),
    [
        ("http://localhost", "/tickets", "http://localhost/tickets"),
        ("http://localhost/", "tickets", "http://localhost/tickets"),
        ("http://localhost/v1", "/tickets", "http://localhost/v1/tickets"),
        ("http://localhost/v1/", "tickets?a=b", "http://localhost/v1/tickets?a=b"),
        ("http://localhost/v1", "", "http://localhost/v1"),
        ("http://localhost/v1", "//evil.example/x", "http://localhost/v1/evil.example/x"),
        ("http://localhost/v1", "@evil.example/x", "http://localhost/v1/@evil.example/x"),
        ("http://localhost/v1", "http://localhost:80/v2/x", "http://localhost/v2/x"),
    ],
)
def test_paths_are_joined_to_the_base_and_its_path(
    base: str, path: str, whole: str, respx_mock: respx.MockRouter
) -> None:
    route = respx_mock.get(whole).mock(return_value=GOOD)
    with client(base) as (http, _context):
        http.get_json(path)
    assert route.called


@pytest.mark.parametrize("other", [url for url in OTHERS if url.startswith("http")])
def test_an_address_of_another_origin_is_refused_before_it_is_asked(
    other: str, respx_mock: respx.MockRouter
) -> None:
    with client() as (http, context), pytest.raises(SourceError, match="refused"):
        http.get_json(other)
    assert context.requests == 0


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("other", OTHERS)
def test_a_redirect_to_another_origin_is_refused(
    other: str, status: int, respx_mock: respx.MockRouter
) -> None:
    respx_mock.get(f"{BASE}/tickets").respond(status, headers={"Location": other})
    with client() as (http, context), pytest.raises(SourceError, match="A redirect points at") as caught:
        http.get_json("/tickets")
    assert context.requests == 1
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", ["/api/new", "new", f"{BASE}/new", "//localhost/api/new"])
def test_a_redirect_within_the_origin_is_followed(
    location: str, status: int, respx_mock: respx.MockRouter
) -> None:
    respx_mock.get(f"{BASE}/tickets").respond(status, headers={"Location": location})
    new = respx_mock.get(f"{BASE}/new").mock(return_value=GOOD)
    with client() as (http, context):
        http.get_json("/tickets", items="data")
    assert context.requests == 2
    assert new.calls.last.request.headers["Authorization"] == f"Bearer {TOKEN}"


def test_redirects_in_a_circle_end_after_five(respx_mock: respx.MockRouter) -> None:
    route = respx_mock.get(f"{BASE}/tickets").respond(302, headers={"Location": "/api/tickets"})
    with client() as (http, _context), pytest.raises(SourceError, match="redirected too often"):
        http.get_json("/tickets")
    assert route.call_count == 6


def test_a_redirect_that_would_turn_a_post_into_a_get_is_refused(respx_mock: respx.MockRouter) -> None:
    respx_mock.post(f"{BASE}/search").respond(302, headers={"Location": "/api/new"})
    with client() as (http, _context), pytest.raises(SourceError, match="redirected"):
        http.post_json("/search", {})
    respx_mock.post(f"{BASE}/search").respond(307, headers={"Location": "/api/new"})
    new = respx_mock.post(f"{BASE}/new", json={"a": 1}).mock(return_value=GOOD)
    with client() as (http, _context):
        http.post_json("/search", {"a": 1})
    assert new.called


@pytest.mark.parametrize("location", ["", "http://[", "https:"])
def test_a_redirect_to_nowhere_ends(location: str, respx_mock: respx.MockRouter) -> None:
    respx_mock.get(f"{BASE}/tickets").respond(302, headers={"Location": location})
    with client() as (http, context), pytest.raises(SourceError, match="A redirect"):
        http.get_json("/tickets")
    assert context.requests == 1


@pytest.mark.parametrize("other", OTHERS)
def test_a_next_link_to_another_origin_is_refused(other: str, respx_mock: respx.MockRouter) -> None:
    respx_mock.get(f"{BASE}/tickets").respond(json={"data": [1], "next": other})
    with client() as (http, context), pytest.raises(SourceError, match="A next link points at"):
        list(http.pages("/tickets", next_url="next"))
    assert context.requests == 1


def test_a_next_link_that_is_no_address_is_a_bad_response(respx_mock: respx.MockRouter) -> None:
    respx_mock.get(f"{BASE}/tickets").respond(json={"data": [1], "next": "http://localhost:x/"})
    with client() as (http, _context), pytest.raises(BadResponse):
        list(http.pages("/tickets", next_url="next"))


def test_a_missing_path_is_named(respx_mock: respx.MockRouter) -> None:
    respx_mock.get(f"{BASE}/tickets").respond(404, html="<html><title>Not here</title></html>")
    with client() as (http, _context), pytest.raises(Unreachable, match=r"/api/tickets .* 404 \(Not here\)"):
        http.get_json("/tickets")
