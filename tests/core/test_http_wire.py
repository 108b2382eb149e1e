"""What goes wrong on the way, against a server on this machine: promises 7 and 9, and the caps."""

from __future__ import annotations

import gzip
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import pytest

from deskmetry.errors import BadResponse, SourceError, TryLater, Unreachable
from deskmetry.http import Policy
from helpers_http import Visit, client, loopback

GOOD = {"data": [{"id": 1}]}
JSON = {"Content-Type": "application/json"}
Answer = Callable[[Visit], None]


def _first(bad: Answer) -> tuple[Answer, list[str]]:
    """Answer badly once, then well."""
    visits: list[str] = []

    def answer(visit: Visit) -> None:
        visits.append(visit.path)
        if len(visits) == 1:
            bad(visit)
        else:
            visit.json(GOOD)

    return answer, visits


def _short(visit: Visit) -> None:
    visit.raw(b'{"data": []}', {**JSON, "Content-Length": "500"})


def _short_chunk(visit: Visit) -> None:
    visit.raw(b'c\r\n{"data": []}\r\n', {**JSON, "Transfer-Encoding": "chunked"})


def _closed(visit: Visit) -> None:
    visit.handler.connection.shutdown(socket.SHUT_RDWR)


def _not_http(visit: Visit) -> None:
    visit.handler.wfile.write(b"220 mail.acme.example ESMTP\r\n")


def _cut_gzip(visit: Visit) -> None:
    visit.raw(gzip.compress(json.dumps(GOOD).encode())[:-12], {**JSON, "Content-Encoding": "gzip"})


def _no_gzip(visit: Visit) -> None:
    visit.raw(b'{"data": []}', {**JSON, "Content-Encoding": "gzip"})


FAULTS: dict[str, tuple[Answer, type[SourceError]]] = {
    "short body": (_short, BadResponse),
    "short chunk": (_short_chunk, BadResponse),
    "cut gzip": (_cut_gzip, BadResponse),
    "no gzip": (_no_gzip, BadResponse),
    "reset": (Visit.reset, TryLater),
    "closed without an answer": (_closed, TryLater),
    "not http": (_not_http, TryLater),
}


@pytest.mark.parametrize(("bad", "error"), FAULTS.values(), ids=FAULTS.keys())
def test_promise_07_what_breaks_on_the_way_is_tried_again(bad: Answer, error: type[SourceError]) -> None:
    answer, visits = _first(bad)
    with loopback(answer) as url, client(url) as (http, context):
        assert http.get_json("/tickets", items="data").items == [{"id": 1}]
    assert visits == ["/tickets", "/tickets"]
    assert context.retries == 1


@pytest.mark.parametrize(("bad", "error"), FAULTS.values(), ids=FAULTS.keys())
def test_what_breaks_every_time_is_an_error_of_its_kind(bad: Answer, error: type[SourceError]) -> None:
    with loopback(bad) as url, client(url, policy=Policy(tries=2)) as (http, _context):
        with pytest.raises(SourceError) as caught:
            http.get_json("/tickets", items="data")
        assert type(caught.value) is error


def test_a_refused_connection_is_unreachable() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: nobody else gets it, and it refuses
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with client(url) as (http, context), pytest.raises(Unreachable, match="refused the connection"):
            http.get_json("/tickets")
    assert context.requests == Policy().tries


def test_plain_http_behind_https_is_named_as_a_tls_fault() -> None:
    with loopback(lambda visit: visit.json(GOOD)) as url:
        secure = url.replace("http:", "https:")
        with (
            client(secure, policy=Policy(tries=1)) as (http, _context),
            pytest.raises(Unreachable, match="TLS"),
        ):
            http.get_json("/tickets")


@pytest.fixture
def over() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def test_a_dripping_body_is_cut_at_the_deadline(over: threading.Event) -> None:
    def answer(visit: Visit) -> None:
        visit.raw(b"[", {**JSON, "Content-Length": "100000"})
        visit.drip(b"1,", over)

    policy = Policy(tries=1, deadline=0.1)
    with loopback(answer) as url, client(url, policy=policy) as (http, _context):
        with pytest.raises(TryLater, match="took too long"):
            http.get_json("/tickets")
        assert not over.is_set()
        over.set()


def test_dripping_headers_are_cut_at_the_deadline(over: threading.Event) -> None:
    def answer(visit: Visit) -> None:
        visit.handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        visit.drip(b"X-Drip: 1\r\n", over)

    policy = Policy(tries=1, deadline=0.1)
    with loopback(answer) as url, client(url, policy=policy) as (http, _context):
        with pytest.raises(TryLater, match="took too long"):
            http.get_json("/tickets")
        over.set()


def test_a_silent_server_is_left_at_the_deadline(over: threading.Event) -> None:
    policy = Policy(tries=1, deadline=0.1)
    with loopback(lambda visit: visit.drip(b"", over)) as url, client(url, policy=policy) as (http, _context):
        with pytest.raises(TryLater, match="took too long"):
            http.get_json("/tickets")
        over.set()


def test_every_try_has_a_deadline_of_its_own() -> None:
    answer, _visits = _first(_closed)
    with loopback(answer) as url, client(url, policy=Policy(deadline=30)) as (http, context):
        http.get_json("/tickets")
        context.now += 3600
        assert http.get_json("/tickets", items="data").items == [{"id": 1}]


@pytest.mark.parametrize("packed", [False, True])
def test_a_body_over_the_cap_is_refused_after_unpacking(packed: bool) -> None:
    body = b'{"data": ["' + b"x" * 200_000 + b'"]}'
    visits: list[str] = []

    def answer(visit: Visit) -> None:
        visits.append(visit.path)
        if packed:
            assert visit.headers["Accept-Encoding"] == "gzip"
            visit.raw(gzip.compress(body), {**JSON, "Content-Encoding": "gzip"})
        else:
            visit.raw(body, JSON)

    with loopback(answer) as url:
        small = client(url, policy=Policy(max_body=100_000))
        with small as (http, _context), pytest.raises(BadResponse, match="more than 100,000 bytes"):
            http.get_json("/x")
        assert len(visits) == 1
        with client(url) as (http, _context):
            assert http.get_json("/x", items="data").items == ["x" * 200_000]


@pytest.mark.parametrize("packing", ["gzip, gzip", "br", "zstd", "deflate"])
def test_packings_without_a_known_bound_are_refused(packing: str) -> None:
    def answer(visit: Visit) -> None:
        visit.raw(b"{}", {**JSON, "Content-Encoding": packing})

    refused = pytest.raises(BadResponse, match="packed in an unknown way")
    with loopback(answer) as url, client(url) as (http, _context), refused:
        http.get_json("/x")


def test_the_body_of_a_refusal_may_break_off() -> None:
    def answer(visit: Visit) -> None:
        visit.raw(b"{", status=404, headers={**JSON, "Content-Length": "500"})

    missing = pytest.raises(Unreachable, match="answered 404")
    with loopback(answer) as url, client(url) as (http, context), missing:
        http.get_json("/x")
    assert context.requests == 1


def test_a_client_that_was_closed_opens_again_and_counts_on() -> None:
    with loopback(lambda visit: visit.json(GOOD)) as url, client(url) as (http, context):
        http.get_json("/x")
        http.close()
        http.close()
        http.get_json("/x")
    assert context.requests == 2


def test_a_proxy_of_the_machine_is_asked_for_a_tunnel_and_never_shown_the_token(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    visits: list[Visit] = []

    def proxy(visit: Visit) -> None:
        visits.append(visit)
        visit.json({"error": "no"}, 403)

    for name in ("NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    with loopback(proxy) as url:
        monkeypatch.setenv("HTTPS_PROXY", url)
        secure = client("https://acme.example", policy=Policy(tries=1))
        with secure as (http, _context), pytest.raises(Unreachable, match="proxy"):
            http.get_json("/tickets")
    (visit,) = visits
    assert visit.handler.requestline == "CONNECT acme.example:443 HTTP/1.1"
    assert "Authorization" not in visit.headers


def test_the_import_and_a_new_client_load_no_http_library() -> None:
    code = (
        "import sys; from deskmetry.http import HttpClient; from deskmetry.connector import Context;"
        "HttpClient('https://acme.example', dict, Context());"
        "print([m for m in ('httpx', 'httpcore', 'tenacity', 'ssl') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
