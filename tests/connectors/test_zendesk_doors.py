"""Wrong accounts, asked by `check`, `sync` and `connect`: one clear line, what to do, the exit code."""

from __future__ import annotations

import io
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from deskmetry.connector import Context
from deskmetry.settings import load
from deskmetry_connectors.zendesk.emulator import CLIENT, REFRESH, TOKEN, Faults
from helpers_cli import Answer, cli
from helpers_http import Visit, loopback
from helpers_zendesk import desk

SECRET = "s3cret-canary-4711"
ADDRESS = "Check `url`"


@pytest.fixture(autouse=True)
def instant(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let waits between tries end at once."""
    monkeypatch.setattr(Context, "wait", lambda _self, _seconds, _reason: True)


def says(status: int, body: str, media: str = "application/json") -> Callable[[Visit], None]:
    def answer(visit: Visit) -> None:
        data = body.encode()
        visit.raw(data, {"Content-Type": media, "Content-Length": str(len(data))}, status)

    return answer


def stranger(visit: Visit) -> None:
    """Answer as Zendesk does without credentials: 200 to who asks who it is, 401 to all else."""
    if visit.path.endswith("users/me.json"):
        visit.json({"user": {"id": None, "name": "Anonymous user", "role": "end-user", "email": "invalid@x"}})
    else:
        visit.json({"error": "Couldn't authenticate you"}, 401)


PAGE = "<html><head><title>Welcome</title></head></html>"
NO_DESK = '{"error":{"title":"No help desk","message":"There is no help desk configured at this address."}}'
EXPIRED = '{"error":"invalid_token","error_description":"The access token provided is expired, revoked or …"}'
NO_SCOPE = '{"error":"Forbidden","description":"You are missing the following required scopes: read"}'


@dataclass(frozen=True)
class Wrong:
    """A wrong account: how it answers, the exit code, and what must stand in the line."""

    answer: Callable[[Visit], None]
    code: int
    words: tuple[str, ...]


WRONG = {
    "a web page": Wrong(says(200, PAGE, "text/html"), 1, ("text/html", ADDRESS)),
    "nothing there": Wrong(says(404, PAGE, "text/html"), 1, ("There is no Zendesk account", ADDRESS)),
    "a closed desk": Wrong(says(404, NO_DESK), 1, ("no help desk configured", ADDRESS)),
    "an expired token": Wrong(says(401, EXPIRED), 4, ("invalid_token", "Make a new access token")),
    "a scope too few": Wrong(says(403, NO_SCOPE), 4, ("required scopes", "needs the scope `read`")),
    "a stranger": Wrong(stranger, 4, ("Make a new access token",)),
}


def line(answer: Answer, code: int) -> str:
    """Check the exit code and that nothing leaked, and return what was said, without its line breaks."""
    assert answer.code == code, (answer.code, answer.out, answer.err)
    text = answer.out + answer.err
    assert "Traceback" not in text
    assert SECRET not in text
    return text


def configured(folder: Path, url: str, **settings: str) -> Path:
    ways = settings or {"token": SECRET}
    lines = [f'{name} = "{text}"' for name, text in ways.items() if name in ("email", "client_id")]
    for name, text in ways.items():
        if name not in ("email", "client_id"):
            (folder / name).write_text(text)
            (folder / name).chmod(0o600)
            lines.append(f'{name} = {{ file = "{name}" }}')
    file = folder / "deskmetry.toml"
    start = 'database = "d.db"\n[sources.zd]\nconnector = "zendesk"\n'
    file.write_text(start + f'url = "{url}"\n' + "\n".join(lines) + "\n")
    return file


def checked(file: Path) -> tuple[int, str]:
    """Return the exit code of `check` and what it found."""
    answer = cli("--config", file, "check", "--format", "json")
    line(answer, answer.code)
    (found,) = answer.json["sources"] if "sources" in answer.json else answer.json["rows"]
    return answer.code, json.dumps(found)


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_check_tells_what_is_wrong_and_what_to_do(tmp_path: Path, wrong: Wrong) -> None:
    with loopback(wrong.answer) as url:
        code, found = checked(configured(tmp_path, url))
    assert code == wrong.code
    for words in wrong.words:
        assert words in found


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_sync_tells_the_same_in_one_line(tmp_path: Path, wrong: Wrong) -> None:
    with loopback(wrong.answer) as url:
        answer = cli("--config", configured(tmp_path, url), "sync")
    line(answer, wrong.code)
    errors = [text for text in answer.err.splitlines() if text.startswith("error: ")]
    assert len(errors) == 1
    for words in wrong.words:
        assert words in errors[0]


def typed(monkeypatch: pytest.MonkeyPatch, file: Path, *lines: str) -> Answer:
    monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{text}\n" for text in lines)))
    return cli("--config", file, "connect", "shop", "--connector", "zendesk", "--secrets", "env")


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    file = tmp_path / "deskmetry.toml"
    file.write_text('# mine\ndatabase = "d.db"  # beside it\n')
    return file


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_connect_tells_it_and_writes_nothing(
    monkeypatch: pytest.MonkeyPatch, empty: Path, wrong: Wrong
) -> None:
    before = empty.read_text()
    with loopback(wrong.answer) as url:
        answer = typed(monkeypatch, empty, url, "2", SECRET, "")
    found = line(answer, wrong.code)
    for words in wrong.words:
        assert words in found
    assert empty.read_text() == before


@pytest.mark.parametrize(
    ("way", "lines", "kept"),
    [
        ("1", CLIENT, {"client_secret": {"env": "SHOP_CLIENT_SECRET"}, "client_id": CLIENT[0]}),
        ("2", (TOKEN,), {"token": {"env": "SHOP_TOKEN"}}),
        ("3", ("agent.0@acme.example", TOKEN), {"api_token": {"env": "SHOP_API_TOKEN"}}),
        ("4", (*CLIENT, REFRESH), {"refresh_token": {"env": "SHOP_REFRESH_TOKEN"}, "client_id": CLIENT[0]}),
    ],
)
def test_connect_asks_for_one_way_in_and_says_where_each_field_is_found(
    monkeypatch: pytest.MonkeyPatch, empty: Path, way: str, lines: tuple[str, ...], kept: dict[str, object]
) -> None:
    with desk() as server:
        answer = typed(monkeypatch, empty, server.url, way, *lines, "2025-01-31")
    assert answer.code == 0, answer.err
    assert "Reached it" in answer.err
    assert "Admin Center" in answer.err or "a flow of your own" in answer.err
    for secret in lines[-1:]:
        assert secret not in answer.err + answer.out + empty.read_text()
    settings = dict(load(empty).sources["shop"].settings)
    assert {name: settings[name] for name in kept} == kept
    assert empty.read_text().startswith('# mine\ndatabase = "d.db"  # beside it\n')
    if way == "3":
        assert "2027-04-30" in answer.err


# --- roles, scopes and plans -----------------------------------------------------------------------------


def test_a_role_that_may_not_export_is_found_by_check_already(tmp_path: Path) -> None:
    with desk(faults=Faults(forbidden={"incremental"})) as server:
        code, found = checked(configured(tmp_path, server.url, token=TOKEN))
    assert code == 4
    assert "Exports are for administrators" in found


def test_an_agent_is_told_that_exports_are_for_administrators(tmp_path: Path) -> None:
    with desk() as server:
        settings = {"email": "agent.1@acme.example", "api_token": TOKEN}
        code, found = checked(configured(tmp_path, server.url, **settings))
        answer = cli("--config", tmp_path / "deskmetry.toml", "sync")
    assert code == 4
    assert "Agent 1 is agent" in found
    assert "Exports are for administrators" in line(answer, 4)


def test_refused_api_tokens_are_told_when_they_end(tmp_path: Path) -> None:
    with desk() as server:
        settings = {"email": "agent.0@acme.example", "api_token": SECRET}
        code, found = checked(configured(tmp_path, server.url, **settings))
    assert code == 4
    for day in ("2026-07-28", "2026-10-27", "2027-04-30"):
        assert day in found


def test_a_plan_without_ratings_and_promises_syncs_the_rest(tmp_path: Path) -> None:
    with desk(faults=Faults(missing={"satisfaction", "slas", "hours"})) as server:
        answer = cli("--config", configured(tmp_path, server.url, token=TOKEN), "sync")
    assert answer.code == 0
    assert "has no satisfaction ratings" in answer.out + answer.err


# --- the way there ---------------------------------------------------------------------------------------


def test_a_host_that_isnt_there_is_named(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        file = configured(tmp_path, f"http://127.0.0.1:{unused.getsockname()[1]}")
        code, found = checked(file)
        answer = cli("--config", file, "sync")
    assert code == 1
    for text in (found, line(answer, 1)):
        assert "refused the connection" in text
        assert "Check the address" in text


@contextmanager
def self_signed(folder: Path) -> Iterator[str]:
    """Serve TLS with a certificate that nobody vouches for."""
    program = shutil.which("openssl")
    if program is None:
        if os.environ.get("CI", "").lower() in ("true", "1"):
            pytest.fail("CI must test against a TLS server: no openssl")
        pytest.skip("NOT TESTED against a TLS server: no openssl to make a certificate with")
    key, cert = folder / "key.pem", folder / "cert.pem"
    command = [
        program,
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
    ]
    command += [
        "-addext",
        "subjectAltName=DNS:localhost,IP:127.0.0.1",
        "-keyout",
        str(key),
        "-out",
        str(cert),
    ]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    server = _Quiet(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Quiet(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: the client hangs up, as it should."""


def test_a_certificate_that_nobody_vouches_for_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with self_signed(tmp_path) as url:
        file = configured(tmp_path, url)
        code, found = checked(file)
        answer = cli("--config", file, "sync")
    assert code == 1
    for text in (found, line(answer, 1)):
        assert "isn't trusted" in text
        assert "SSL_CERT_FILE" in text


def test_a_server_without_tls_is_told_from_a_bad_certificate(tmp_path: Path) -> None:
    with loopback(says(200, PAGE, "text/html")) as url:
        code, found = checked(configured(tmp_path, url.replace("http:", "https:")))
    assert code == 1
    assert "no secure connection" in found
