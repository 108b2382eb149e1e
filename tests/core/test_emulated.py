"""What emulators share: the log, the counts, the date, the cache, and a server that tells its mistakes."""

from __future__ import annotations

import subprocess
import sys

import httpx
import pytest

from deskmetry.testing import EmulatedServer, Reply, Request


class Counting(EmulatedServer[str]):
    """Answers with the number of replies made so far; its clock is `now`."""

    def __init__(self, *, cache: bool = False) -> None:
        super().__init__(cache=cache)
        self.now = 1_772_452_800
        self.made = 0

    def clock(self) -> float:
        return self.now

    def entry(self, request: Request) -> str:
        return request.path

    def reply(self, request: Request) -> Reply:
        if request.path == "/broken":
            raise ZeroDivisionError("a mistake of the emulator")
        self.made += 1
        if request.path == "/refused":
            return Reply.of({"error": "no"}, 403, {"X-Made": str(self.made)})
        return Reply.of(
            {"made": self.made, "body": request.body.decode()}, headers={"X-Made": str(self.made)}
        )


def made(reply: httpx.Response) -> int:
    return int(reply.headers["X-Made"])


def test_every_request_is_logged_and_counted_by_place() -> None:
    with Counting() as server, httpx.Client(base_url=server.url) as client:
        for path in ("/a", "/b?page=2", "/a"):
            client.get(path)
    assert server.log == ["/a", "/b", "/a"]
    assert server.counts == {"/a": 2, "/b": 1}


def test_the_date_is_the_accounts_own_clock() -> None:
    with Counting() as server, httpx.Client(base_url=server.url) as client:
        assert client.get("/a").headers["Date"] == "Mon, 02 Mar 2026 12:00:00 GMT"
        server.now += 61
        assert client.get("/a").headers["Date"] == "Mon, 02 Mar 2026 12:01:01 GMT"


def test_without_a_cache_every_reply_is_made_anew() -> None:
    with Counting() as server, httpx.Client(base_url=server.url) as client:
        assert [made(client.get("/a")), made(client.get("/a"))] == [1, 2]


def test_a_cache_keeps_good_replies_by_method_address_and_body_and_still_logs() -> None:
    with Counting(cache=True) as server, httpx.Client(base_url=server.url) as client:
        assert [made(client.get("/a")), made(client.get("/a")), made(client.get("/a?page=2"))] == [1, 1, 2]
        assert [made(client.post("/a", content=b"x")), made(client.post("/a", content=b"y"))] == [3, 4]
        assert client.post("/a", content=b"x").json() == {"made": 3, "body": "x"}
        assert [made(client.get("/refused")), made(client.get("/refused"))] == [5, 6]
    assert len(server.log) == 8


def test_a_cache_serves_nothing_from_before_the_clock_went_on_and_the_date_stays_true() -> None:
    with Counting(cache=True) as server, httpx.Client(base_url=server.url) as client:
        client.get("/a")
        server.now += 60
        again = client.get("/a")
    assert (made(again), again.headers["Date"]) == (2, "Mon, 02 Mar 2026 12:01:00 GMT")


def test_a_mistake_in_an_emulator_is_answered_500_and_raised_at_the_end() -> None:
    with pytest.raises(ZeroDivisionError), Counting() as server:
        assert httpx.get(f"{server.url}/broken").status_code == 500


def test_a_sync_needs_none_of_the_fault_kit() -> None:
    """The emulators import it, and the connectors name their emulators only as text."""
    code = (
        "import sys, deskmetry.sync\n"
        "from deskmetry_connectors import edesk, intercom, livechat, surveymonkey, zendesk\n"
        "for package in (edesk, intercom, livechat, surveymonkey, zendesk):\n"
        "    list(package.register_connectors())\n"
        "print([name for name in sys.modules if name.startswith('deskmetry.testing')"
        " or name.endswith('.emulator')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
