"""No secret in a message, a repr or a log."""

from __future__ import annotations

import base64
import logging
import traceback
from collections.abc import Callable, Mapping
from urllib.parse import quote

import httpx
import pytest
import respx

from deskmetry.errors import ConfigurationError, DeskmetryError
from deskmetry.http import Policy
from deskmetry.http.redaction import LogFilter, shown
from helpers_http import BASE, TOKEN, Visit, bearer, client, loopback

QUERY = "qUeRy-sEcReT"
ENCODED = base64.b64encode(TOKEN.encode()).decode()
BASIC = base64.b64encode(f"agent@acme.example/token:{TOKEN}".encode()).decode()
FORMS = (TOKEN, quote(TOKEN, safe=""), ENCODED, BASIC, QUERY)


def _told(error: BaseException) -> str:
    """Return everything that an error could show anybody, its causes included."""
    texts = []
    seen: BaseException | None = error
    while seen is not None:
        texts += [str(seen), repr(seen), repr(seen.args), repr(vars(seen))]
        seen = seen.__cause__ or seen.__context__
    return "\n".join([*texts, *traceback.format_exception(error)])


def _basic() -> dict[str, str]:
    return {"Authorization": f"Basic {BASIC}", "X-Api-Key": TOKEN}


ECHO = f"bad token {TOKEN}, {ENCODED}, {quote(TOKEN, safe='')}"
ANSWERS = {
    "401 that echoes the token": httpx.Response(401, json={"error": ECHO}),
    "400 that echoes the token": httpx.Response(400, text=ECHO),
    "500 that echoes the token": httpx.Response(500, json={"errors": [{"detail": ECHO}]}),
    "content type that echoes the token": httpx.Response(200, content=b"{", headers={"Content-Type": TOKEN}),
    "html": httpx.Response(200, html=ECHO),
    "cut json": httpx.Response(200, content=b'{"a', headers={"Content-Type": "application/json"}),
    "redirect elsewhere": httpx.Response(302, headers={"Location": f"https://evil.example/?t={TOKEN}"}),
    "redirect in a circle": httpx.Response(302, headers={"Location": f"/api/tickets?access_token={QUERY}"}),
    "429": httpx.Response(429, json={"error": ECHO}, headers={"Retry-After": "99999"}),
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
@pytest.mark.parametrize("headers", [bearer, _basic])
def test_no_error_shows_a_secret(
    headers: Callable[[], Mapping[str, str]],
    answer: httpx.Response,
    respx_mock: respx.MockRouter,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    respx_mock.get(url__startswith=f"{BASE}/tickets").mock(return_value=answer)
    with client(headers=headers, policy=Policy(tries=2)) as (http, _context):
        with pytest.raises(DeskmetryError) as caught:
            http.get_json("/tickets", {"access_token": QUERY, "page": 2})
        told = _told(caught.value) + caplog.text + repr(http)
    assert [form for form in FORMS if form in told] == []


def test_a_basic_header_that_is_echoed_is_masked(respx_mock: respx.MockRouter) -> None:
    respx_mock.get(f"{BASE}/x").respond(400, json={"error": f"not a header: Basic {BASIC}"})
    with client(headers=_basic) as (http, _context), pytest.raises(DeskmetryError) as caught:
        http.get_json("/x")
    assert caught.value.data["words"] == "not a header: ***"


def test_headers_that_authenticate_nobody_mask_nothing(respx_mock: respx.MockRouter) -> None:
    def headers() -> dict[str, str]:
        return {"Accept": "application/json", "Acme-Version": "2026-03-01", "X-Api-Key": TOKEN}

    said = f"no version 2026-03-01 for {TOKEN}"
    respx_mock.get(f"{BASE}/a").respond(json={"data": [1]})
    respx_mock.get(f"{BASE}/b").respond(400, json={"error": said})
    with client(headers=headers) as (http, _context):
        assert http.get_json("/a").items == []
        with pytest.raises(DeskmetryError, match=r"no version 2026-03-01 for \*\*\*"):
            http.get_json("/b")


def test_a_message_shows_the_other_parameters(respx_mock: respx.MockRouter) -> None:
    respx_mock.get(url__startswith=f"{BASE}/tickets").respond(400)
    with client() as (http, _context), pytest.raises(DeskmetryError, match=r"\?api_key=\*\*\*&page=2 of"):
        http.get_json("/tickets", {"api_key": QUERY, "page": 2})


def test_the_logs_of_the_http_libraries_hold_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    def answer(visit: Visit) -> None:
        visit.json({"data": []}, Set_Cookie=f"session={TOKEN}", Location=f"/?token={QUERY}")

    with loopback(answer) as url, client(url) as (http, _context):
        http.get_json("/tickets", {"token": QUERY, "page": 2})
    assert "/tickets?token=***&page=2" in caplog.text
    assert "receive_response_headers.complete" in caplog.text
    assert [form for form in FORMS if form in caplog.text] == []


def test_many_clients_filter_the_logs_once(respx_mock: respx.MockRouter) -> None:
    respx_mock.get(f"{BASE}/x").respond(json={})
    for _ in range(3):
        with client() as (http, _context):
            http.get_json("/x")
    assert logging.getLogger("httpx").filters.count(LogFilter()) == 1


def test_an_answer_does_not_show_its_content(respx_mock: respx.MockRouter) -> None:
    respx_mock.get(f"{BASE}/x").respond(json={"data": ["private"]}, headers={"Set-Cookie": TOKEN})
    with client() as (http, _context):
        assert repr(http.get_json("/x", items="data")) == "Answer(status=200)"


@pytest.mark.parametrize("bad", [f"{TOKEN}\n", f"{TOKEN} ", f"{TOKEN}é", f"{TOKEN}\x00", ""])
def test_a_secret_that_cannot_be_sent_is_refused_without_showing_it(bad: str) -> None:
    with (
        client(headers=lambda: {"Authorization": f"Bearer {bad}"}) as (http, context),
        pytest.raises(ConfigurationError, match="Authorization") as caught,
    ):
        http.get_json("/x")
    assert TOKEN not in _told(caught.value)
    assert context.requests == 0


def test_a_strangers_words_are_one_short_line(respx_mock: respx.MockRouter) -> None:
    respx_mock.get(f"{BASE}/x").respond(400, text="a\x1b[31mred\r\nb" + "x" * 1000)
    with client() as (http, _context), pytest.raises(DeskmetryError) as caught:
        http.get_json("/x")
    words = str(caught.value.data["words"])
    assert words.startswith("a [31mred b")
    assert len(words) <= 201


@pytest.mark.parametrize(
    "name", ["token", "access_token", "api_key", "APIKEY", "client_secret", "password", "sig"]
)
def test_parameters_with_secret_names_are_masked(name: str) -> None:
    assert shown(httpx.URL(f"{BASE}/x", params={name: "v"})) == f"/api/x?{name}=***"
