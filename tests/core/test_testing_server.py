"""The loopback server of the fault kit: replies leave it as they are told to, and it goes without a trace."""

from __future__ import annotations

import base64
import json
import socket
import threading
from urllib.parse import quote, urlsplit

import httpx
import pytest

from deskmetry.testing.canary import CANARY
from deskmetry.testing.server import LoopbackServer, OtherHost
from deskmetry.testing.values import Ending, Reply, Request
from helpers_testing import fetch


def raw(url: str, path: str = "/") -> bytes:
    """Send a request by hand, and return every byte that comes."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=5) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        found = b""
        while piece := connection.recv(65536):
            found += piece
    return found


def body(answer: bytes) -> bytes:
    return answer.partition(b"\r\n\r\n")[2]


def test_a_whole_reply_arrives_byte_by_byte_as_it_was_given() -> None:
    with LoopbackServer(lambda _request: Reply(201, {"X-One": "1"}, b'{"a": 1}')) as server:
        answer = raw(server.url)
    assert answer.startswith(b"HTTP/1.1 201 Created\r\n")
    assert b"\r\nX-One: 1\r\n" in answer
    assert b"\r\nContent-Length: 8\r\n" in answer
    assert body(answer) == b'{"a": 1}'


def test_a_short_reply_announces_the_whole_and_sends_half() -> None:
    with LoopbackServer(lambda _request: Reply(body=b"12345678", ending=Ending.SHORT)) as server:
        answer = raw(server.url)
        with pytest.raises(httpx.RemoteProtocolError, match="received 4 bytes, expected 8"):
            fetch(server.url)
    assert b"Content-Length: 8" in answer
    assert body(answer) == b"1234"


def test_a_reset_reply_is_a_tcp_reset_and_no_byte() -> None:
    with LoopbackServer(lambda _request: Reply(body=b"12", ending=Ending.RESET)) as server:
        with pytest.raises(ConnectionResetError):
            raw(server.url)
        with pytest.raises(httpx.ReadError):
            fetch(server.url)


def test_a_dripping_reply_comes_in_many_pieces_and_whole() -> None:
    drip = Reply(body=b"drip" * 4, ending=Ending.DRIP, pause=0.002)
    with (
        LoopbackServer(lambda _request: drip) as server,
        httpx.stream("GET", server.url, verify=False) as response,
    ):
        pieces = list(response.iter_raw())
    assert len(pieces) > 4
    assert b"".join(pieces) == b"drip" * 4


def test_closing_ends_a_drip_that_would_take_for_ever() -> None:
    with LoopbackServer(
        lambda _request: Reply(body=b"x" * 10_000_000, ending=Ending.DRIP, pause=0.01)
    ) as server:
        parts = urlsplit(server.url)
        connection = socket.create_connection((parts.hostname or "", parts.port or 0), timeout=5)
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.recv(10)
    connection.close()


def test_connections_are_kept_open_between_requests_and_ended_with_the_server() -> None:
    came: list[Request] = []

    def answer(request: Request) -> Reply:
        came.append(request)
        return Reply.of(len(came))

    before = threading.active_count()
    with httpx.Client(verify=False) as client, LoopbackServer(answer) as server:
        assert [client.post(server.url, content=b"body").json() for _ in range(3)] == [1, 2, 3]
        assert threading.active_count() == before + 2  # the server's, and one for the one connection
    assert [request.body for request in came] == [b"body"] * 3
    assert threading.active_count() == before


def test_many_servers_start_and_stop_side_by_side() -> None:
    before = threading.active_count()
    servers = [LoopbackServer(lambda _request, n=n: Reply.of(n)).__enter__() for n in range(30)]  # type: ignore[misc]
    try:
        assert [fetch(server.url).json() for server in servers] == list(range(30))
    finally:
        for server in servers:
            server.close()
    assert threading.active_count() == before


def test_a_mistake_of_the_author_is_answered_500_and_raised_at_the_end() -> None:
    def wrong(_request: Request) -> Reply:
        raise KeyError("subject")

    server = LoopbackServer(wrong)
    with pytest.raises(KeyError, match="subject"), server:
        assert fetch(server.url).status_code == 500


def test_a_server_that_was_never_entered_says_so() -> None:
    server = LoopbackServer(lambda _request: Reply())
    with pytest.raises(RuntimeError, match="use it in a `with`"):
        _ = server.url
    assert server.close() == []


@pytest.mark.parametrize(
    "request_",
    [
        Request("GET", "/", {"Authorization": f"Bearer {CANARY}"}),
        Request("GET", "/", {"Authorization": "Basic " + base64.b64encode(f"me:{CANARY}".encode()).decode()}),
        Request("GET", f"/?key={quote(CANARY, safe='')}", {}),
        Request("POST", "/", {}, json.dumps({"refresh_token": CANARY}).encode()),
        Request("POST", "/", {}, f"refresh_token={quote(CANARY, safe='')}".encode()),
    ],
    ids=["bearer", "basic", "query", "json", "form"],
)
def test_a_request_is_seen_to_carry_a_secret_in_any_form(request_: Request) -> None:
    assert request_.carries(CANARY)
    assert not request_.carries("another secret")


def test_the_other_host_has_another_name_and_keeps_what_reaches_it() -> None:
    with OtherHost() as other:
        assert urlsplit(other.url).hostname == "localhost"
        assert fetch(f"{other.url}/tickets?page=2", headers={"X-Api-Key": CANARY}).json() == {}
    (came,) = other.requests
    assert came.path == "/tickets"
    assert came.query == {"page": "2"}
    assert came.header("x-api-key") == CANARY
    assert other.saw(CANARY)
    assert not other.saw("another secret")
