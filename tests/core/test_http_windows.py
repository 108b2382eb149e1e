"""Limits by window, a day and a minute say, hold for everything that asks of the account."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta

import pytest
import respx

from deskmetry.errors import TryLater
from deskmetry.http import HttpClient
from helpers_http import BASE, PatientContext, bearer, client


def windows(day: tuple[int, int] | None = None, minute: tuple[int, int] | None = None) -> dict[str, str]:
    """Return the headers that tell how many requests are left in each window, and for how many seconds."""
    told = {"Day": day, "Minute": minute}
    return {
        f"X-Ratelimit-App-Global-{name}-{what}": str(value)
        for name, left in told.items()
        if left is not None
        for what, value in zip(("Remaining", "Reset"), left, strict=True)
    }


def answers(router: respx.MockRouter, path: str, **left: tuple[int, int]) -> None:
    router.get(f"{BASE}{path}").respond(json={}, headers=windows(**left))


def on(account: str, context: PatientContext) -> HttpClient:
    return HttpClient(BASE, bearer, context, account=account, clock=context.clock)


def test_a_window_that_one_family_emptied_holds_back_every_family(respx_mock: respx.MockRouter) -> None:
    answers(respx_mock, "/surveys", minute=(0, 20))
    answers(respx_mock, "/responses")
    with client() as (http, context):
        http.get_json("/surveys")
        http.get_json("/responses")
    assert context.waits == [20.0]


def test_two_sources_on_one_account_take_from_the_same_window(respx_mock: respx.MockRouter) -> None:
    answers(respx_mock, "/surveys", minute=(2, 20))
    answers(respx_mock, "/responses")
    first = PatientContext()
    second, stranger = PatientContext(limits=first.limits), PatientContext(limits=first.limits)
    with closing(on("acme", first)) as one, closing(on("acme", second)) as twin:
        one.get_json("/surveys")
        one.get_json("/responses")  # one of two
        twin.get_json("/responses")  # the other, though no answer has told this source of any limit
        assert (first.waits, second.waits) == ([], [])
        twin.get_json("/responses")
    with closing(on("other", stranger)) as other:
        other.get_json("/responses")
    assert (first.waits, second.waits, stranger.waits) == ([], [20.0], [])


def test_of_two_windows_the_empty_one_is_waited_out(respx_mock: respx.MockRouter) -> None:
    answers(respx_mock, "/surveys", day=(400, 3600), minute=(0, 20))
    with client() as (http, context):
        http.get_json("/surveys")
        http.get_json("/surveys")
    assert context.waits == [20.0]


def test_of_two_empty_windows_the_later_one_is_waited_out(respx_mock: respx.MockRouter) -> None:
    answers(respx_mock, "/surveys", day=(0, 300), minute=(0, 20))
    with client() as (http, context):
        http.get_json("/surveys")
        answers(respx_mock, "/surveys")
        http.get_json("/surveys")
        http.get_json("/surveys")
    assert context.waits == [300.0]


def test_a_day_that_is_used_up_is_tried_later(respx_mock: respx.MockRouter) -> None:
    answers(respx_mock, "/surveys", day=(0, 40_000), minute=(100, 20))
    with client(max_wait=timedelta(minutes=15)) as (http, context):
        http.get_json("/surveys")
        with pytest.raises(TryLater) as caught:
            http.get_json("/responses")
    assert caught.value.data["seconds"] == pytest.approx(40_000)
    assert context.waits == []


def test_a_window_without_its_end_is_no_limit(respx_mock: respx.MockRouter) -> None:
    headers = {"X-Ratelimit-App-Global-Day-Remaining": "0"}
    respx_mock.get(f"{BASE}/surveys").respond(json={}, headers=headers)
    with client() as (http, context):
        http.get_json("/surveys")
        http.get_json("/surveys")
    assert context.waits == []
