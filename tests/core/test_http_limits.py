"""How the vendor's limits are obeyed: promise 8."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import respx

from deskmetry.errors import Interrupted, TryLater
from deskmetry.http import HttpClient, Policy
from deskmetry.http.limiter import family_of, retry_after
from deskmetry.http.policy import Prior
from helpers_http import BASE, PatientContext, bearer, client

URL = f"{BASE}/tickets"


def _good(**headers: str) -> httpx.Response:
    return httpx.Response(
        200, json={}, headers={name.replace("_", "-"): text for name, text in headers.items()}
    )


def _busy(status: int = 429, **headers: str) -> httpx.Response:
    return httpx.Response(status, headers={name.replace("_", "-"): text for name, text in headers.items()})


@pytest.mark.parametrize("status", [429, 420, 503])
def test_promise_08_retry_after_in_seconds_is_obeyed(status: int, respx_mock: respx.MockRouter) -> None:
    seconds = "37" if status != 420 else "38"
    respx_mock.get(URL).side_effect = [_busy(status, Retry_After=seconds), _good()]
    with client() as (http, context):
        http.get_json("/tickets")
    assert context.waits == [float(seconds)]
    assert context.retries == 1


def test_promise_08_retry_after_as_a_date_is_measured_against_the_servers_clock(
    respx_mock: respx.MockRouter,
) -> None:
    busy = _busy(Date="Mon, 01 Jan 2001 00:00:00 GMT", Retry_After="Mon, 01 Jan 2001 00:01:30 GMT")
    respx_mock.get(URL).side_effect = [busy, _good()]
    with client() as (http, context):
        http.get_json("/tickets")
    assert context.waits == [90.0]


def test_promise_08_without_retry_after_a_429_waits_the_default(respx_mock: respx.MockRouter) -> None:
    respx_mock.get(URL).side_effect = [_busy(), _good(), _busy(Retry_After="soon"), _good()]
    with client() as (http, context):
        http.get_json("/tickets")
        http.get_json("/tickets")
    assert context.waits == [60.0, 60.0]
    respx_mock.get(URL).side_effect = [_busy(), _good()]
    with client(policy=Policy(default_retry_after=7)) as (http, context):
        http.get_json("/tickets")
    assert context.waits == [7.0]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 1.0),
        ("2.5", 2.5),
        ("Mon, 01 Jan 2001 00:00:00 GMT", 1.0),
        ("Fri, 31 Dec 1999 23:59:59 GMT", 1.0),
        *[(text, 60.0) for text in ("-5", "nan", "inf", "", None)],
    ],
)
def test_retry_after_is_never_less_than_a_second(text: str | None, seconds: float) -> None:
    assert retry_after(text, datetime(2001, 1, 1, tzinfo=UTC), 60.0) == seconds


def test_many_429s_are_no_faults_but_cost_patience(respx_mock: respx.MockRouter) -> None:
    respx_mock.get(URL).side_effect = [_busy(Retry_After="10")] * 20 + [_good()]
    with client() as (http, context):
        http.get_json("/tickets")
    assert context.waits == [10.0] * 20
    respx_mock.get(URL).side_effect = None
    respx_mock.get(URL).respond(429, headers={"Retry-After": "10"})
    with client(max_wait=timedelta(seconds=35)) as (http, context), pytest.raises(TryLater):
        http.get_json("/tickets")
    assert context.waits == [10.0] * 3


def test_promise_08_a_wait_beyond_the_patience_ends_at_once(respx_mock: respx.MockRouter) -> None:
    route = respx_mock.get(URL).respond(429, headers={"Retry-After": "3600"})
    with client() as (http, context), pytest.raises(TryLater, match=r"wait 3600 s .* the patience is 900 s"):
        http.get_json("/tickets")
    assert (context.waits, route.call_count) == ([], 1)


def test_promise_18_a_stop_while_waiting_for_the_limit_interrupts(respx_mock: respx.MockRouter) -> None:
    respx_mock.get(URL).respond(429, headers={"Retry-After": "5"})
    with client() as (http, context):
        context.stop.set()
        with pytest.raises(Interrupted):
            http.get_json("/tickets")


ZENDESK = "zendesk-ratelimit-incremental-exports"
EMPTY = {
    "draft": {"ratelimit-limit": "100", "ratelimit-remaining": "0", "ratelimit-reset": "12"},
    "x- and draft": {"x-rate-limit-remaining": "0", "ratelimit-remaining": "0", "ratelimit-reset": "12"},
    "old": {"rate-limit-remaining": "0", "rate-limit-reset": "12"},
    "joined": {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "12"},
    "epoch": {
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": "1893456012",
        "Date": "Tue, 01 Jan 2030 00:00:00 GMT",
    },
    "milliseconds": {
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": "1893456012000",
        "Date": "Tue, 01 Jan 2030 00:00:00 GMT",
    },
    "bucket": {ZENDESK: "total=10; remaining=0; resets=12"},
}


@pytest.mark.parametrize("headers", EMPTY.values(), ids=EMPTY.keys())
def test_promise_08_an_empty_limit_is_waited_out_before_it_answers_429(
    headers: dict[str, str], respx_mock: respx.MockRouter
) -> None:
    respx_mock.get(URL).side_effect = [httpx.Response(200, json={}, headers=headers), _good()]
    with client() as (http, context):
        http.get_json("/tickets")
        assert context.waits == []
        http.get_json("/tickets")
    assert context.waits == [12.0]
    assert context.retries == 0


def test_a_limit_that_has_reset_is_not_waited_for(respx_mock: respx.MockRouter) -> None:
    respx_mock.get(URL).side_effect = [_good(ratelimit_remaining="0", ratelimit_reset="12"), _good()]
    with client() as (http, context):
        http.get_json("/tickets")
        context.now += 12
        http.get_json("/tickets")
    assert context.waits == []


def test_a_named_bucket_and_a_retry_after_hold_back_their_family_only(respx_mock: respx.MockRouter) -> None:
    respx_mock.get(f"{BASE}/incremental/tickets").mock(
        return_value=_good(**{ZENDESK: "total=10; remaining=0; resets=40"})
    )
    respx_mock.get(f"{BASE}/users").mock(return_value=_good())
    with client() as (http, context):
        http.get_json("/incremental/tickets")
        http.get_json("/users")
        assert context.waits == []
        http.get_json("/incremental/tickets")
    assert context.waits == [40.0]


def test_a_named_bucket_is_shared_by_the_families_that_show_it(respx_mock: respx.MockRouter) -> None:
    tickets, events = (
        respx_mock.get(f"{BASE}/incremental/tickets"),
        respx_mock.get(f"{BASE}/incremental/events"),
    )
    events.mock(return_value=_good(**{ZENDESK: "total=10; remaining=5; resets=40"}))
    tickets.mock(return_value=_good(**{ZENDESK: "total=10; remaining=0; resets=40"}))
    with client() as (http, context):
        http.get_json("/incremental/events")
        http.get_json("/incremental/tickets")
        assert context.waits == []
        http.get_json("/incremental/events")
    assert context.waits == [40.0]


def test_the_accounts_limit_holds_for_every_family(respx_mock: respx.MockRouter) -> None:
    respx_mock.get(f"{BASE}/a").mock(return_value=_good(ratelimit_remaining="0", ratelimit_reset="9"))
    respx_mock.get(f"{BASE}/b").mock(return_value=_good())
    with client() as (http, context):
        http.get_json("/a")
        http.get_json("/b")
    assert context.waits == [9.0]


def test_ids_in_a_path_make_no_family_of_their_own() -> None:
    assert family_of("/v2/tickets/17/comments.json") == family_of("/v2/tickets/4711/comments.json")
    assert family_of("/v2/users/17") != family_of("/v2/tickets/17")
    assert family_of("/c/0f8fad5b-d9cb-469f-a165-70867728950e") == "/c/*"
    assert family_of("/v2/incremental/tickets/cursor.json") == "/v2/incremental/tickets/cursor.json"


def test_promise_08_threads_share_the_limiter_and_never_take_more_than_is_left(
    respx_mock: respx.MockRouter,
) -> None:
    context = PatientContext()
    started = threading.Barrier(4)

    def slow(request: httpx.Request) -> httpx.Response:
        if len(route.calls) > 0:
            started.wait(2)  # all four are under way before the first is answered
        return _good()

    route = respx_mock.get(URL).mock(return_value=_good(ratelimit_remaining="4", ratelimit_reset="30"))
    with client(context=context) as (http, _context):
        http.get_json("/tickets")
        route.side_effect = slow
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: http.get_json("/tickets"), range(4)))
        assert context.waits == []  # four were left
        route.side_effect = None
        http.get_json("/tickets")
    assert context.waits == [30.0]  # and none was left after them, though no answer said so


def test_server_time_is_the_last_date_header(respx_mock: respx.MockRouter) -> None:
    respx_mock.get(URL).side_effect = [
        _good(Date="Mon, 01 Jan 2001 00:00:07 GMT"),
        _good(),
        httpx.Response(404, headers={"Date": "Mon, 01 Jan 2001 00:00:09 GMT"}),
    ]
    with client() as (http, _context):
        assert http.server_time is None
        http.get_json("/tickets")
        http.get_json("/tickets")
        assert http.server_time == datetime(2001, 1, 1, 0, 0, 7, tzinfo=UTC)
        with pytest.raises(Exception, match="404"):
            http.get_json("/tickets")
        assert http.server_time == datetime(2001, 1, 1, 0, 0, 9, tzinfo=UTC)


def test_a_limit_that_was_waited_out_is_not_waited_for_again(respx_mock: respx.MockRouter) -> None:
    class Still(PatientContext):
        """Waits without moving the clock, as a suspended machine may."""

        def clock(self) -> float:
            return 0.0

    respx_mock.get(URL).side_effect = [_busy(Retry_After="30"), _good()]
    with client(context=Still()) as (http, context):
        http.get_json("/tickets")
    assert context.waits == [30.0]


# --- what is assumed before anything is said ---------------------------------------------------------------

TEN = Prior("exports", requests=10, seconds=60.0)


def asks(times: int, respx_mock: respx.MockRouter, *paths: str, **headers: str) -> list[float]:
    for path in paths:
        respx_mock.get(f"{BASE}{path}").respond(json={"data": []}, headers=headers)
    with client() as (http, context):
        for number in range(times):
            list(http.pages(paths[number % len(paths)], next_url="next", prior=TEN))
    return context.waits


def test_a_prior_lets_the_first_requests_go_and_paces_the_others(respx_mock: respx.MockRouter) -> None:
    assert asks(10, respx_mock, "/a") == []
    assert asks(21, respx_mock, "/a", "/b") == [60.0, 60.0]


def test_single_requests_keep_to_the_same_prior_as_lists(respx_mock: respx.MockRouter) -> None:
    respx_mock.get(f"{BASE}/a").respond(json={"data": []})
    with client() as (http, context):
        for _ in range(8):
            list(http.pages("/a", next_url="next", prior=TEN))
        for _ in range(8):
            http.get_json("/a", items="data", prior=TEN)
    assert context.waits == [60.0]


@pytest.mark.parametrize("header", ["x-rate-limit-remaining", "ratelimit-limit", "acme-ratelimit-exports"])
def test_a_prior_ends_with_the_first_header_about_limits(header: str, respx_mock: respx.MockRouter) -> None:
    headers = {header: "total=100; remaining=99; resets=1" if "acme" in header else "99"}
    assert asks(30, respx_mock, "/a", **headers) == []


def test_without_a_prior_nothing_is_assumed(respx_mock: respx.MockRouter) -> None:
    respx_mock.get(f"{BASE}/a").respond(json={})
    with client() as (http, context):
        for _ in range(30):
            http.get_json("/a")
    assert context.waits == []


@pytest.mark.parametrize("text", ["999999999999", "9" * 400, "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_promise_08_a_huge_retry_after_ends_the_stream_as_try_later(
    text: str, respx_mock: respx.MockRouter
) -> None:
    respx_mock.get(URL).respond(429, headers={"Retry-After": text})
    with client() as (http, context), pytest.raises(TryLater, match="the patience is 900 s") as caught:
        http.get_json("/tickets")
    seconds = caught.value.data["seconds"]
    assert isinstance(seconds, float)
    assert 900 < seconds < 1e10
    assert context.waits == []


@pytest.mark.parametrize("reset", ["9" * 400, "99999999999999999999"])
def test_a_limit_that_resets_in_ages_ends_the_stream_as_try_later(
    reset: str, respx_mock: respx.MockRouter
) -> None:
    respx_mock.get(URL).mock(return_value=_good(ratelimit_remaining="0", ratelimit_reset=reset))
    with client() as (http, _context):
        http.get_json("/tickets")
        with pytest.raises(TryLater):
            http.get_json("/tickets")


def _on(account: str, context: PatientContext) -> HttpClient:
    return HttpClient(BASE, bearer, context, account=account, clock=context.clock)


def test_promise_08_two_sources_on_one_account_share_its_limiter_and_another_account_has_its_own(
    respx_mock: respx.MockRouter,
) -> None:
    respx_mock.get(URL).side_effect = [_busy(Retry_After="30"), _good(), _good(), _good()]
    first = PatientContext(max_wait=timedelta(0))
    second, stranger = PatientContext(limits=first.limits), PatientContext(limits=first.limits)
    with closing(_on("acme", first)) as one, pytest.raises(TryLater):
        one.get_json("/tickets")
    with closing(_on("acme", second)) as twin, closing(_on("other", stranger)) as other:
        twin.get_json("/tickets")
        other.get_json("/tickets")
    assert (second.waits, stranger.waits) == ([30.0], [])
