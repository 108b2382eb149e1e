"""What is tried again, how often and how long: promises 9, 10 and 18."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest
import respx

from deskmetry.errors import (
    AuthenticationFailed,
    Interrupted,
    PermissionMissing,
    SourceError,
    TryLater,
    Unreachable,
)
from deskmetry.http import Policy
from helpers_http import BASE, PatientContext, client

GOOD = httpx.Response(200, json={"data": [{"id": 1}]})
URL = f"{BASE}/tickets"


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408])
def test_promise_09_a_failing_server_is_asked_again_with_growing_pauses(
    status: int, respx_mock: respx.MockRouter
) -> None:
    respx_mock.get(URL).side_effect = [httpx.Response(status)] * 3 + [GOOD]
    with client() as (http, context):
        assert http.get_json("/tickets", items="data").items == [{"id": 1}]
    assert (context.requests, context.retries) == (4, 3)
    for pause, least in zip(context.waits, (1, 2, 4), strict=True):
        assert least <= pause <= least + 1


def test_promise_09_pauses_are_jittered(respx_mock: respx.MockRouter) -> None:
    respx_mock.get(URL).respond(500)
    firsts = set()
    for _ in range(5):
        with client() as (http, context), pytest.raises(TryLater):
            http.get_json("/tickets")
        firsts.add(context.waits[0])
    assert len(firsts) > 1


def test_a_server_that_keeps_failing_means_try_later(respx_mock: respx.MockRouter) -> None:
    route = respx_mock.get(URL).respond(500, json={"error": {"title": "Oops", "message": "down"}})
    with (
        client() as (http, _context),
        pytest.raises(TryLater, match=r"answered 500 \(Oops; down\)") as caught,
    ):
        http.get_json("/tickets")
    assert route.call_count == Policy().tries
    assert caught.value.data["status"] == 500


@pytest.mark.parametrize(("tries", "sent"), [(2, 2), (1, 1), (99, Policy().tries), (None, Policy().tries)])
def test_where_somebody_looks_on_a_failing_request_is_tried_less_often(
    tries: int | None, sent: int, respx_mock: respx.MockRouter
) -> None:
    route = respx_mock.get(URL).respond(500)
    with client(context=PatientContext(tries=tries)) as (http, _context), pytest.raises(TryLater):
        http.get_json("/tickets")
    assert route.call_count == sent


def test_promise_09_the_budget_of_seconds_ends_the_tries_too(respx_mock: respx.MockRouter) -> None:
    route = respx_mock.get(URL).respond(500)
    with client(policy=Policy(tries=100, retry_seconds=20)) as (http, context), pytest.raises(TryLater):
        http.get_json("/tickets")
    assert sum(context.waits) <= 20
    assert 4 <= route.call_count <= 5


def test_no_pause_is_longer_than_the_patience(respx_mock: respx.MockRouter) -> None:
    respx_mock.get(URL).respond(500)
    with client(max_wait=timedelta(0)) as (http, context), pytest.raises(TryLater):
        http.get_json("/tickets")
    assert context.waits == []


def _certificate() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "failed")
    error.verify_message = "self-signed certificate"
    return error


NO_CONNECTION: dict[str, tuple[OSError, str]] = {
    "dns": (socket.gaierror(-2, "Name or service not known"), "DNS: the name localhost"),
    "refused": (ConnectionRefusedError(111, "refused"), "refused the connection"),
    "tls": (ssl.SSLError(1, "wrong version number"), "TLS: no secure connection"),
    "unroutable": (OSError(113, "No route to host"), "No connection"),
}


def _connecting_fails(error: OSError, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    tries: list[object] = []

    def connect(*args: object, **_options: object) -> None:
        tries.append(args)
        raise error

    monkeypatch.setattr(socket, "create_connection", connect)
    return tries


@pytest.mark.parametrize(("error", "words"), NO_CONNECTION.values(), ids=NO_CONNECTION.keys())
def test_no_connection_is_tried_again_and_then_unreachable(
    error: OSError, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = _connecting_fails(error, monkeypatch)
    with client() as (http, _context), pytest.raises(Unreachable, match=words):
        http.get_json("/tickets")
    assert len(tries) == Policy().tries


def test_a_bad_certificate_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    tries = _connecting_fails(_certificate(), monkeypatch)
    with client() as (http, _context), pytest.raises(Unreachable, match="self-signed certificate"):
        http.get_json("/tickets")
    assert len(tries) == 1


@pytest.mark.parametrize(
    "error",
    [httpx.ReadTimeout("t"), httpx.ConnectTimeout("t"), httpx.ReadError("reset"), httpx.WriteError("reset")],
)
def test_promise_09_timeouts_and_resets_are_tried_again_and_then_mean_try_later(
    error: Exception, respx_mock: respx.MockRouter
) -> None:
    route = respx_mock.get(URL)
    route.side_effect = [error, GOOD]
    with client() as (http, context):
        http.get_json("/tickets")
        assert context.retries == 1
        route.side_effect = error
        with pytest.raises(TryLater):
            http.get_json("/tickets")


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, AuthenticationFailed), (403, PermissionMissing), (404, Unreachable), (410, Unreachable)]
    + [(status, SourceError) for status in (304, 400, 409, 422)],
)
def test_refusals_are_final_and_say_where(
    status: int, error: type[SourceError], respx_mock: respx.MockRouter
) -> None:
    route = respx_mock.get(URL).respond(status, json={"error": "InvalidEndpoint", "description": "Not found"})
    with client() as (http, _context), pytest.raises(SourceError) as caught:
        http.get_json("/tickets", {"page": 2})
    assert type(caught.value) is error
    assert "GET /api/tickets?page=2 of localhost" in str(caught.value)
    assert caught.value.data == {"status": status, "words": "InvalidEndpoint; Not found"}
    assert route.call_count == 1


class _Tokens:
    """Credentials that can be renewed."""

    def __init__(self, works: bool = True) -> None:
        self.token = "old-token"
        self.calls = 0
        self.works = works

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def refresh(self) -> bool:
        self.calls += 1
        if self.works:
            self.token = "new-token"
        return self.works


def _only(token: str) -> Callable[[httpx.Request], httpx.Response]:
    def answer(request: httpx.Request) -> httpx.Response:
        return GOOD if request.headers["Authorization"] == f"Bearer {token}" else httpx.Response(401)

    return answer


def test_promise_10_a_401_refreshes_once_and_repeats_with_the_new_token(respx_mock: respx.MockRouter) -> None:
    route = respx_mock.get(URL).mock(side_effect=_only("new-token"))
    tokens = _Tokens()
    with client(headers=tokens.headers, refresh=tokens.refresh) as (http, context):
        assert http.get_json("/tickets", items="data").items == [{"id": 1}]
        http.get_json("/tickets")
    assert (tokens.calls, route.call_count, context.requests, context.retries) == (1, 3, 3, 1)


@pytest.mark.parametrize(("works", "requests"), [(True, 2), (False, 1)])
def test_promise_10_a_401_after_the_refresh_is_final(
    works: bool, requests: int, respx_mock: respx.MockRouter
) -> None:
    route = respx_mock.get(URL).respond(401)
    tokens = _Tokens(works)
    with (
        client(headers=tokens.headers, refresh=tokens.refresh) as (http, _context),
        pytest.raises(AuthenticationFailed),
    ):
        http.get_json("/tickets")
    assert (tokens.calls, route.call_count) == (1, requests)


def test_promise_10_a_token_that_another_thread_renewed_is_not_renewed_again(
    respx_mock: respx.MockRouter,
) -> None:
    tokens = _Tokens()

    def renewed_meanwhile(request: httpx.Request) -> httpx.Response:
        answer = _only("new-token")(request)
        tokens.token = "new-token"
        return answer

    respx_mock.get(URL).mock(side_effect=renewed_meanwhile)
    with client(headers=tokens.headers, refresh=tokens.refresh) as (http, _context):
        http.get_json("/tickets")
    assert tokens.calls == 0


def test_a_stop_in_the_middle_of_a_pause_interrupts(respx_mock: respx.MockRouter) -> None:
    route = respx_mock.get(URL).respond(500)
    with client() as (http, context):
        context.stop.set()
        with pytest.raises(Interrupted):
            http.get_json("/tickets")
    assert route.call_count == 1


def test_a_post_is_tried_again_with_the_same_body(respx_mock: respx.MockRouter) -> None:
    route = respx_mock.post(URL, json={"filters": {"from": "x"}})
    route.side_effect = [httpx.Response(502), GOOD]
    with client() as (http, _context):
        assert http.post_json("/tickets", {"filters": {"from": "x"}}, items="data").items == [{"id": 1}]
    assert route.call_count == 2
