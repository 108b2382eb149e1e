"""Faults over the wire: what a client really gets, from the fake helpdesk and from a proxy before it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from deskmetry.testing.canary import CANARY
from deskmetry.testing.faults import (
    BadRecord,
    ChangedType,
    CutJson,
    DeepNesting,
    EmptyBody,
    EmptyPages,
    FarFuture,
    Fault,
    Forbidden,
    ForeignLink,
    ForeignRedirect,
    HtmlPage,
    HugeInteger,
    HugeText,
    LinkToItself,
    LoneSurrogate,
    NewestFirst,
    NewField,
    NoRecords,
    NulText,
    RateLimited,
    RepeatedPage,
    Reset,
    ServerError,
    ShortBody,
    SlowDrip,
    TokenExpired,
    TooBig,
    WrongType,
)
from deskmetry.testing.helpdesk import FakeHelpdesk
from deskmetry.testing.paging import CursorToken, LinkHeader
from helpers_testing import AUTH, Json, Server, fetch, get, served, tickets


@pytest.fixture(params=["helpdesk", "proxy"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """The helpdesk itself, and a proxy before it that knows nothing of it: every fault works in both."""
    with served(request.param) as server:
        yield server


def faulty(server: Server, fault: Fault) -> httpx.Response:
    """Play a fault on the next request, see that it was counted, and return the answer."""
    order = server.faults.play(fault)
    answer = get(server)
    assert order.played == 1
    assert server.faults.played == [(type(fault).__name__, "/tickets")]
    return answer


def rows(answer: httpx.Response) -> Any:
    return json.loads(answer.text)["data"]


# --- answers that fail -------------------------------------------------------------------------------


def test_a_429_says_in_seconds_how_long_to_wait(server: Server) -> None:
    answer = faulty(server, RateLimited(7))
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")


def test_a_429_gives_a_date_by_the_servers_own_clock(server: Server) -> None:
    get(server)
    answer = faulty(server, RateLimited(60, "date"))
    now = httpx.Headers(answer.headers)["Date"]
    assert answer.status_code == 429
    assert now == "Mon, 02 Mar 2026 10:02:17 GMT"
    assert answer.headers["Retry-After"] == "Mon, 02 Mar 2026 10:03:17 GMT"


def test_a_429_may_say_nothing_or_ask_for_a_year(server: Server) -> None:
    assert "Retry-After" not in faulty(server, RateLimited(None)).headers
    server.faults.clear()
    assert faulty(server, RateLimited(31_536_000)).headers["Retry-After"] == "31536000"


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_failing_server_answers_a_page_of_html(server: Server, status: int) -> None:
    answer = faulty(server, ServerError(status))
    assert answer.status_code == status
    assert "html" in answer.headers["Content-Type"]


def test_large_pages_fail_each_time_and_small_ones_never(server: Server) -> None:
    server.faults.play(TooBig(above=2))
    limits = ["5", "5", "3", "2", "1", "5"]
    assert [get(server, f"/tickets?limit={limit}").status_code for limit in limits] == [
        504,
        504,
        504,
        200,
        200,
        504,
    ]


def test_a_connection_is_reset(server: Server) -> None:
    with pytest.raises(httpx.ReadError):
        faulty(server, Reset())
    assert get(server).status_code == 200


def test_a_body_is_shorter_than_announced(server: Server) -> None:
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        faulty(server, ShortBody())
    assert get(server).status_code == 200


def test_cut_json_comes_whole_by_its_length_and_with_200(server: Server) -> None:
    whole = get(server).content
    answer = faulty(server, CutJson())
    assert answer.status_code == 200
    assert "json" in answer.headers["Content-Type"]
    assert whole.startswith(answer.content)
    assert int(answer.headers["Content-Length"]) == len(answer.content) < len(whole)


def test_html_comes_with_200(server: Server) -> None:
    answer = faulty(server, HtmlPage())
    assert (answer.status_code, answer.text[:15]) == (200, "<!DOCTYPE html>")


def test_an_empty_body_comes_with_200_as_json(server: Server) -> None:
    answer = faulty(server, EmptyBody())
    assert (answer.status_code, answer.content) == (200, b"")
    assert "json" in answer.headers["Content-Type"]


def test_an_error_envelope_comes_with_200(server: Server) -> None:
    answer = faulty(server, NoRecords())
    assert answer.status_code == 200
    assert answer.json().keys() == {"error"}


def test_the_right_json_comes_as_a_text(server: Server) -> None:
    honest = get(server).json()
    answer = faulty(server, WrongType())
    assert answer.headers["Content-Type"] == "text/plain"
    assert answer.json() == honest


def test_an_answer_drips_and_comes_whole(server: Server) -> None:
    honest = get(server).json()
    server.faults.play(SlowDrip(pause=0.0001))
    with httpx.stream("GET", f"{server.url}/tickets", headers=AUTH, verify=False) as answer:
        pieces = list(answer.iter_raw())
    assert len(pieces) > 3
    assert json.loads(b"".join(pieces)) == honest


def test_a_token_ends_and_another_is_good(server: Server) -> None:
    server.faults.play(TokenExpired(), on=2)
    assert [get(server).status_code for _ in range(4)] == [200, 401, 401, 401]
    renewed = fetch(f"{server.url}/oauth/token", "POST", json={"refresh_token": CANARY}).json()[
        "access_token"
    ]
    assert get(server, Authorization=f"Bearer {renewed}").status_code == 200
    assert get(server).status_code == 401


def test_a_revoked_token_is_no_good_and_no_other_either(server: Server) -> None:
    server.faults.play(TokenExpired(forever=True))
    assert get(server).status_code == 401
    assert fetch(f"{server.url}/oauth/token", "POST", json={"refresh_token": CANARY}).status_code == 401


def test_a_path_is_forbidden_and_others_are_not(server: Server) -> None:
    server.faults.play(Forbidden(), path="/tick*")
    assert [get(server).status_code for _ in range(3)] == [403, 403, 403]
    assert get(server, "/nothing").status_code == 404


# --- links -------------------------------------------------------------------------------------------


def test_a_page_comes_again_in_the_place_of_the_next(server: Server) -> None:
    server.faults.play(RepeatedPage())
    first = get(server)
    second = get(server, first.json()["next"].removeprefix(server.url))
    assert second.content == first.content


def test_a_next_link_leads_to_the_page_itself(server: Server) -> None:
    link = get(server).json()["next"]
    assert link.startswith(server.url)
    target = link.removeprefix(server.url)
    server.faults.play(LinkToItself())
    assert get(server).json()["next"] == f"{server.url}/tickets"
    assert get(server, target).json()["next"] == link


def test_a_token_leads_to_the_page_itself() -> None:
    with FakeHelpdesk(tickets(paging=CursorToken())) as desk:
        desk.faults.play(LinkToItself())
        token = get(desk).json()["next_cursor"]
        assert get(desk, f"/tickets?cursor={token}").json()["next_cursor"] == token


def test_pages_are_empty_and_go_on_to_the_same_rows(server: Server) -> None:
    honest = get(server).json()
    server.faults.play(EmptyPages(), times=2)
    seen = [get(server).json()]
    while len(seen) < 3:
        seen.append(get(server, seen[-1]["next"].removeprefix(server.url)).json())
    assert [len(page["data"]) for page in seen] == [0, 0, 5]
    assert seen[2] == honest


def test_a_next_link_leads_to_another_host(server: Server) -> None:
    honest = get(server).json()
    answer = faulty(server, ForeignLink()).json()
    assert answer["data"] == honest["data"]
    assert urlsplit(answer["next"]).hostname == "localhost" != urlsplit(server.url).hostname
    assert urlsplit(answer["next"]).query == urlsplit(honest["next"]).query
    fetch(answer["next"], headers=AUTH)
    assert server.other.saw(CANARY)
    assert [request.path for request in server.other.requests] == ["/tickets"]


def test_links_in_headers_are_led_astray_too() -> None:
    with FakeHelpdesk(tickets(paging=LinkHeader(), items="")) as desk:
        desk.faults.play(ForeignLink())
        assert get(desk).links["next"]["url"].startswith(desk.other.url)
        desk.faults.play(LinkToItself())
        assert get(desk).links["next"]["url"] == f"{desk.url}/tickets"


def test_a_redirect_leads_to_another_host(server: Server) -> None:
    answer = faulty(server, ForeignRedirect())
    assert answer.status_code == 302
    assert answer.headers["Location"] == f"{server.other.url}/tickets"


# --- rows --------------------------------------------------------------------------------------------


def test_one_more_row_comes_that_is_a_text(server: Server) -> None:
    honest = get(server).json()["data"]
    spoilt = rows(faulty(server, BadRecord("a text")))
    assert [row for row in spoilt if row in honest] == honest
    assert [row for row in spoilt if row not in honest] == ["not a record"]


@pytest.mark.parametrize(
    ("how", "lost"), [("null id", {"id": None}), ("no date", {"created": None, "updated_at": None})]
)
def test_one_more_row_comes_that_lacks_what_it_needs(server: Server, how: Any, lost: Json) -> None:
    honest = get(server).json()["data"]
    (bad,) = [row for row in rows(faulty(server, BadRecord(how))) if row not in honest]
    assert bad == honest[0] | {"id": "bad-record"} | lost


def test_the_last_row_is_dated_2999(server: Server) -> None:
    honest = get(server).json()["data"]
    spoilt = rows(faulty(server, FarFuture()))
    assert spoilt[:-1] == honest[:-1]
    assert spoilt[-1] == honest[-1] | {"updated_at": "2999" + honest[-1]["updated_at"][4:]}


def test_a_page_comes_newest_first(server: Server) -> None:
    assert rows(faulty(server, NewestFirst())) == get_honest(server)[::-1]


def get_honest(server: Server) -> Any:
    server.faults.clear()
    return get(server).json()["data"]


def test_every_row_has_a_new_field(server: Server) -> None:
    assert all("added_by_the_vendor" in row for row in rows(faulty(server, NewField())))


def test_a_field_has_another_type(server: Server) -> None:
    honest = get(server).json()["data"]
    spoilt = rows(faulty(server, ChangedType()))
    assert spoilt == [honest[0] | {"title": {"raw": honest[0]["title"]}}, *honest[1:]]


def test_every_field_in_turn_has_another_type(server: Server) -> None:
    honest = get(server).json()["data"]
    spoilt = rows(faulty(server, ChangedType(every=True)))
    changed = [
        [name for name in row if row[name] != old[name]] for row, old in zip(spoilt, honest, strict=True)
    ]
    assert changed == [["id"], ["title"], ["state"], ["created"], ["updated_at"]]


@pytest.mark.parametrize(
    ("fault", "written", "read"),
    [
        (NulText(), rb"\u0000", lambda text: "\0" in text),
        (LoneSurrogate(), rb"\ud83d", lambda text: "\ud83d" in text),
        (HugeInteger(), b"9223372036854775808", lambda number: number == 2**63),
        (HugeText(length=300_000), b"x" * 300_000, lambda text: len(text) == 300_000),
        (DeepNesting(depth=60), b"[" * 60 + b"]" * 60, lambda value: str(value) == "[" * 60 + "]" * 60),
    ],
    ids=["nul", "surrogate", "integer", "text", "nesting"],
)
def test_a_text_is_hard_to_bear(
    server: Server, fault: Fault, written: bytes, read: Callable[[Any], bool]
) -> None:
    answer = faulty(server, fault)
    assert written in answer.content
    assert read(rows(answer)[0]["title"])
    assert rows(answer)[1:] == get_honest(server)[1:]


def test_nesting_can_go_where_no_parser_follows(server: Server) -> None:
    answer = faulty(server, DeepNesting(depth=50_000))
    assert b"[" * 50_000 in answer.content
    with pytest.raises(RecursionError):
        answer.json()
