"""Security: credentials stay at one address, answers are bounded, and TLS is always checked."""

from __future__ import annotations

import gzip
import inspect
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import fields

import httpx
import pytest
import respx

from deskmetry.connector import Context
from deskmetry.errors import BadResponse, ConfigurationError, SourceError, TryLater
from deskmetry.http import HttpClient, Policy
from deskmetry.http.transport import Connections
from helpers_http import BASE, TOKEN, Visit, bearer, client, loopback

JSON = {"Content-Type": "application/json"}
PRIVATE = [
    "http://169.254.169.254/latest/meta-data",  # where clouds keep their credentials
    "http://[fe80::1]/",
    "http://[fd00:ec2::254]/",
    "http://10.0.0.1/",
    "http://192.168.1.1/",
    "http://172.16.0.1/",
    "http://127.0.0.1/api",
    "http://127.1/",
    "http://[::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:10.0.0.1]/",
    "http://2130706433/",  # 127.0.0.1 as one number
    "http://0x7f000001/",
    "http://0x7f.1/",
    "http://0/",
    "http://0.0.0.0/",
    "http://localhost./",
    "http://localhost.localdomain/",
    "http://metadata.google.internal/",
    "http://127.0.0.1.nip.example/",  # a name that anybody can have resolve to a private address
    "https://internal.acme.example/",
]


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Refuse to resolve or reach anything, and note every try."""
    tries: list[object] = []

    def refuse(*arguments: object, **_options: object) -> None:
        tries.append(arguments)
        raise socket.gaierror(-2, "no network in this test")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    return tries


# --- a server's answer can't point us anywhere else ---------------------------------------------------


@pytest.mark.parametrize("address", PRIVATE)
def test_a_redirect_to_a_private_address_is_refused_before_any_name_is_resolved(
    address: str, respx_mock: respx.MockRouter, offline: list[object]
) -> None:
    respx_mock.get(f"{BASE}/tickets").respond(302, headers={"Location": address})
    with client() as (http, context), pytest.raises(SourceError, match="refused") as caught:
        http.get_json("/tickets")
    assert (context.requests, offline) == (1, [])
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("address", PRIVATE)
def test_a_next_link_to_a_private_address_is_refused_before_any_name_is_resolved(
    address: str, respx_mock: respx.MockRouter, offline: list[object]
) -> None:
    respx_mock.get(f"{BASE}/tickets").respond(json={"data": [1], "next": address})
    with client() as (http, context), pytest.raises(SourceError, match="refused"):
        list(http.pages("/tickets", next_url="next"))
    assert (context.requests, offline) == (1, [])


@pytest.mark.parametrize("address", PRIVATE)
def test_an_attachment_at_a_private_address_is_refused_before_any_name_is_resolved(
    address: str, respx_mock: respx.MockRouter, offline: list[object]
) -> None:
    respx_mock.get(f"{BASE}/tickets").respond(json={"data": [{"content_url": address}]})
    with client() as (http, context):
        (row,) = http.get_json("/tickets", items="data").items
        for fetch in (http.get_json, http.post_json):
            with pytest.raises(SourceError, match="refused"):
                fetch(row["content_url"])
    assert (context.requests, offline) == (1, [])


def test_an_octal_address_is_no_address_at_all(respx_mock: respx.MockRouter, offline: list[object]) -> None:
    octal = "http://0177.0.0.1/"
    respx_mock.get(f"{BASE}/tickets").respond(json={"data": [1], "next": octal})
    respx_mock.get(f"{BASE}/moved").respond(302, headers={"Location": octal})
    with client() as (http, _context):
        with pytest.raises(SourceError):
            list(http.pages("/tickets", next_url="next"))
        for path in (octal, "/moved"):
            with pytest.raises(SourceError):
                http.get_json(path)
    assert offline == []


@pytest.mark.parametrize("header", ["Authorization", "X-Api-Key", "Cookie", "Api-Token"])
def test_no_header_of_any_name_follows_a_redirect_to_another_host(header: str) -> None:
    seen: list[str] = []

    def stranger(visit: Visit) -> None:
        seen.append(str(visit.headers))
        visit.json({})

    with loopback(stranger) as elsewhere:

        def answer(visit: Visit) -> None:
            visit.raw(b"", {"Location": elsewhere, "Content-Length": "0"}, 307)

        with loopback(answer) as url, client(url, headers=lambda: {header: TOKEN}) as (http, _context):
            for ask in (http.get_json, http.post_json):
                with pytest.raises(SourceError, match="A redirect points at"):
                    ask("/tickets")
    assert seen == [], "not even without them"


def test_the_machines_netrc_and_cookies_of_answers_are_never_sent(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    netrc = tmp_path_factory.mktemp("home") / ".netrc"
    netrc.write_text("machine 127.0.0.1 login agent password from-netrc\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HOME", str(netrc.parent))
    seen: list[dict[str, str]] = []

    def answer(visit: Visit) -> None:
        seen.append(dict(visit.headers))
        visit.json({})

    with loopback(answer) as url, client(url, headers=dict) as (http, _context):
        http.get_json("/a")
    assert "Authorization" not in seen[0]


# --- https only, and its certificates are checked -----------------------------------------------------


@pytest.mark.parametrize(
    "url", ["http://acme.example", "http://10.0.0.1", "http://[fe80::1]", "ftp://localhost"]
)
def test_only_https_is_taken_and_http_to_this_machine(url: str) -> None:
    with pytest.raises(ConfigurationError):
        HttpClient(url, bearer, Context())


def test_no_setting_of_the_client_turns_the_check_of_certificates_off() -> None:
    for words in (inspect.signature(HttpClient).parameters, [one.name for one in fields(Policy)]):
        assert not [
            word for word in words if "verif" in word or "ssl" in word or "tls" in word or "cert" in word
        ]


def test_certificates_and_host_names_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONHTTPSVERIFY", "0")
    monkeypatch.setenv("CURL_CA_BUNDLE", "")
    connections = Connections(Policy(), "acme.example", threading.Event(), secure=True)
    try:
        context = connections._client._transport._pool._ssl_context  # type: ignore[attr-defined]
        assert isinstance(context, ssl.SSLContext)
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname
        assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    finally:
        connections.close()


# --- what one answer may cost -------------------------------------------------------------------------


def _cap(answer: Callable[[Visit], None], policy: Policy, error: type[SourceError], words: str) -> None:
    told = pytest.raises(error, match=words)
    with loopback(answer) as url, client(url, policy=policy) as (http, _context), told:
        http.get_json("/tickets")


def test_a_body_without_end_is_cut_at_the_cap() -> None:
    def endless(visit: Visit) -> None:
        try:
            visit.raw(b"[", JSON)
            while True:
                visit.handler.wfile.write(b"1," * 10_000)
        except OSError:
            return

    _cap(endless, Policy(max_body=1_000_000), BadResponse, "more than 1,000,000 bytes")


def test_a_gzip_bomb_is_cut_at_the_cap_of_what_it_unpacks_to() -> None:
    bomb = gzip.compress(b"[" + b" " * 50_000_000 + b"]", 9)
    assert len(bomb) < 100_000
    answer = {**JSON, "Content-Encoding": "gzip", "Content-Length": str(len(bomb))}
    _cap(lambda visit: visit.raw(bomb, answer), Policy(max_body=1_000_000), BadResponse, "1,000,000 bytes")


def test_a_gzip_within_a_gzip_is_refused() -> None:
    bomb = gzip.compress(gzip.compress(b"[" + b" " * 10_000_000 + b"]"))
    answer = {**JSON, "Content-Encoding": "gzip, gzip"}
    _cap(lambda visit: visit.raw(bomb, answer), Policy(), BadResponse, "packed in an unknown way")


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_json_nested_beyond_the_cap_is_refused(opening: bytes) -> None:
    closing = {b"[": b"]", b'{"a":': b"}"}[opening]
    body = opening * 100_000 + b"1" + closing * 100_000
    _cap(lambda visit: visit.raw(body, JSON), Policy(), BadResponse, "nested too deeply")


def test_an_answer_that_drips_is_cut_at_the_deadline() -> None:
    over = threading.Event()

    def drips(visit: Visit) -> None:
        visit.raw(b"[", JSON)
        visit.drip(b"1,", over)

    try:
        _cap(drips, Policy(tries=1, deadline=0.2, read_timeout=60), TryLater, "took too long")
    finally:
        over.set()


def test_headers_without_end_are_refused() -> None:
    def endless(visit: Visit) -> None:
        try:
            visit.handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
            while True:
                visit.handler.wfile.write(b"X-Long: " + b"x" * 10_000 + b"\r\n")
        except OSError:
            return

    _cap(endless, Policy(tries=1), TryLater, "broke off")


def test_an_origin_is_compared_by_scheme_host_and_port() -> None:
    with client("http://localhost:8000/api") as (http, context):
        for other in ("http://localhost/api", "https://localhost:8000/api", "http://LOCALHOST:8001/"):
            with pytest.raises(SourceError, match="refused"):
                http.origin.require(httpx.URL(other), "A link")
        same = httpx.URL("http://LocalHost:8000/other")
        assert http.origin.require(same, "A link") is same
    assert context.requests == 0
