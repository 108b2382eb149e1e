"""Mail servers for tests: a Dovecot and a pymap on loopback ports, and a proxy that cuts connections."""

from __future__ import annotations

import base64
import hashlib
import hmac
import imaplib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from deskmetry.connector import Context
from deskmetry_connectors.imap import Imap
from helpers_mail import SUPPORT, mail

PASSWORD = "s3cret word"
JWT_KEY = b"a key that only this test knows, long enough"
SENT = "Outgoing things"
"""What our Dovecot calls its folder for sent mail; only SPECIAL-USE tells that it is that."""
_PATIENCE = 15.0  # seconds until a server must answer

_CONFIG = """
protocols = imap
base_dir = {base}/run
state_dir = {base}/state
log_path = {base}/dovecot.log
default_internal_user = dovecot
default_login_user = dovenull
first_valid_uid = 1
first_valid_gid = 1
mail_uid = nobody
mail_gid = nogroup
mail_home = {base}/home/%u
mail_location = maildir:{base}/mail/%u
mailbox_list_index = yes
mail_max_userip_connections = 100
ssl = yes
ssl_cert = <{base}/cert.pem
ssl_key = <{base}/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login xoauth2
auth_failure_delay = 0
passdb {{
  driver = passwd-file
  args = scheme=plain {base}/users
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {base}/oauth2.conf
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={base}/home/%u
}}
service auth {{
  user = root
}}
service imap-login {{
  inet_listener imap {{
    address = 127.0.0.1
    port = {plain}
  }}
  inet_listener imaps {{
    address = 127.0.0.1
    port = {tls}
    ssl = yes
  }}
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox "{sent}" {{
    auto = create
    special_use = \\Sent
  }}
  mailbox Spamkiste {{
    auto = create
    special_use = \\Junk
  }}
}}
"""


@dataclass
class Server:
    """A running mail server. `user` is new for each test, where the server allows that."""

    plain: int
    tls: int = 0
    ca: Path = Path()
    user: str = "support"
    password: str = PASSWORD
    log: Path = Path()
    clients: list[imaplib.IMAP4] = field(default_factory=list)

    def client(self) -> imaplib.IMAP4:
        """Return a client that may write, closed with the test."""
        client = imaplib.IMAP4("127.0.0.1", self.plain)
        self.clients.append(client)
        client.login(self.user, self.password)
        return client

    def put(self, folder: str, *mails: bytes, flags: str = "", at: datetime | None = None) -> None:
        """Store mails in a folder, which is made if it isn't there; names come as on the wire."""
        client = self.client()
        client.create(f'"{folder}"')
        when = (at or datetime(2026, 3, 2, 10, tzinfo=UTC)).strftime('"%d-%b-%Y %H:%M:%S +0000"')
        for raw in mails:
            done, said = client.append(f'"{folder}"', flags, when, raw.replace(b"\n", b"\r\n"))
            assert done == "OK", said
        client.logout()

    def do(self, folder: str, *commands: tuple[str, ...]) -> list[Any]:
        """Open a folder for writing and run UID commands in it."""
        client = self.client()
        done, said = client.select(f'"{folder}"')
        assert done == "OK", said
        answers = [client.uid(*command) for command in commands]
        assert all(answer[0] == "OK" for answer in answers), answers
        client.close()
        client.logout()
        return answers

    def flags(self, folder: str) -> list[str]:
        """Return the flags of every mail in a folder, without opening it for writing."""
        client = self.client()
        client.select(f'"{folder}"', readonly=True)
        _, found = client.uid("FETCH", "1:*", "(FLAGS)")
        client.logout()
        # \Recent says only whether this session is the first to see a mail.
        lines = [line.decode() for line in found if isinstance(line, bytes)]
        return [line.replace(" \\Recent", "").replace("\\Recent", "") for line in lines]

    def close(self) -> None:
        """Close what a test left open."""
        for client in self.clients:
            with suppress(OSError, imaplib.IMAP4.error):
                client.shutdown()


def imap(server: Server, **settings: Any) -> Imap:
    """Return the connector on a server, without TLS unless the settings say so; its waits take no time."""
    known: dict[str, Any] = {
        "host": "127.0.0.1", "port": server.plain, "security": "none", "user": server.user,
        "password": server.password, "addresses": [SUPPORT],
    }  # fmt: skip
    connector = Imap(**{key: value for key, value in (known | settings).items() if value is not None})
    connector.attach(Hasty())
    return connector


def reply(number: int, minutes: int) -> bytes:
    """Return our answer to the mail with a number, so many minutes after ten o'clock."""
    return mail(
        f"Answer {number}", message_id=f"<r{number}@acme.example>", from_=f"Ann Lee <{SUPPORT}>",
        to=f"c{number}@customer.example", in_reply_to=f"<{number}@customer.example>", subject="Re: Order 17",
        date=f"Mon, 02 Mar 2026 {10 + minutes // 60}:{minutes % 60:02d}:00 +0000",
    )  # fmt: skip


class Hasty(Context):
    """A context whose waits are counted and take no time."""

    def wait(self, seconds: float, reason: str) -> bool:
        self.seconds_waited += seconds
        return not self.stop.is_set()


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


def wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return once something greets on a port; fail with the log if the process ends or stays silent."""
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5) as probe:
            if probe.recv(16):
                return
        time.sleep(0.05)
    pytest.fail(f"the mail server didn't start: {log.read_text() if log.exists() else 'no log'}")


@contextmanager
def ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """End a process with the block."""
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def dovecot() -> Iterator[Server]:
    """Run a Dovecot of our own; skip loudly where there is none, which fails in CI (see `conftest.py`)."""
    missing = [name for name in ("dovecot", "openssl") if not _program(name)]
    if missing or os.geteuid() != 0:
        why = f"no {', '.join(missing)}" if missing else "only root can run it"
        pytest.skip(f"NOT TESTED against a real mail server: {why} (apt-get install dovecot-imapd)")
    # Not in tmp_path: Dovecot's own users must be able to enter, and paths of sockets must be short.
    with tempfile.TemporaryDirectory(prefix="dovecot", ignore_cleanup_errors=True) as folder:
        base = Path(folder)
        base.chmod(0o755)
        plain, tls = free_ports(2)
        _certificate(base)
        _write_config(base, plain, tls)
        log = base / "dovecot.log"
        command = [str(_program("dovecot")), "-F", "-c", str(base / "dovecot.conf")]
        quiet = subprocess.DEVNULL
        with subprocess.Popen(command, stdout=quiet, stderr=quiet) as process, ended(process):
            wait_for(plain, process, log)
            yield Server(plain, tls, base / "cert.pem", log=log)


def _write_config(base: Path, plain: int, tls: int) -> None:
    (base / "users").write_text("".join(f"{name}:{PASSWORD}\n" for name in user_names()))
    (base / "oauth2.conf").write_text(
        f"introspection_mode = local\nlocal_validation_key_dict = fs:posix:prefix={base}/keys/\n"
        "username_attribute = sub\n"
    )
    key = base / "keys" / "default" / "HS256" / "default"
    key.parent.mkdir(parents=True)
    key.write_text(base64.b64encode(JWT_KEY).decode())
    for name in ("mail", "home"):
        (base / name).mkdir()
        shutil.chown(base / name, "nobody", "nogroup")
    (base / "dovecot.conf").write_text(_CONFIG.format(base=base, plain=plain, tls=tls, sent=SENT))


def user_names() -> list[str]:
    """Return the users that the Dovecot knows, so that each test has a mailbox of its own."""
    return [f"u{number}" for number in range(200)]


def token(user: str, seconds: int = 3600) -> str:
    """Return an access token that our Dovecot takes for a user; expired if the seconds are negative."""
    claims = {"sub": user, "exp": int(time.time()) + seconds, "iat": int(time.time()) - 10_000}
    parts = [_b64(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims)]
    signed = ".".join(parts)
    return f"{signed}.{_b64(hmac.new(JWT_KEY, signed.encode(), hashlib.sha256).digest())}"


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _program(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def _certificate(base: Path) -> None:
    subprocess.run(
        [
            str(_program("openssl")), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
            "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
            "-keyout", str(base / "key.pem"), "-out", str(base / "cert.pem"),
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip


@contextmanager
def pymap(base: Path) -> Iterator[Server]:
    """Run a pymap with an empty mailbox: no SPECIAL-USE, no CONDSTORE."""
    (port,) = free_ports(1)
    base.mkdir(parents=True, exist_ok=True)
    log = base / "pymap.log"
    command = [
        str(Path(sys.executable).parent / "pymap"), "--host", "127.0.0.1", "--port", str(port), "--no-tls",
        "--no-service", "admin", "--no-service", "managesieve", "dict",
    ]  # fmt: skip
    with (
        log.open("wb") as out,
        subprocess.Popen(command, stdout=out, stderr=out, cwd=base) as process,
        ended(process),
    ):
        wait_for(port, process, log)
        yield Server(port, user="demouser", password="demopass", log=log)


class Cutter:
    """A TCP proxy that breaks a connection after so many bytes from the server; budgets go by connection.

    The last budget holds for all connections after it; None lets everything through.
    """

    def __init__(self, target: int, *budgets: int | None) -> None:
        self._target = target
        self._budgets = list(budgets)
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self.connections = 0
        self.passed = 0  # bytes from the server, of all connections
        self.sent = b""  # what the client said

    def __enter__(self) -> Cutter:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for one in list(self._open):
            _end(one)
        for thread in list(self._threads):
            thread.join(timeout=10)

    def _start(self, work: Any, *values: Any) -> None:
        thread = threading.Thread(target=work, args=values, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._server.accept()
            except OSError:
                return
            budget = self._budgets[min(self.connections, len(self._budgets) - 1)]
            self.connections += 1
            far = socket.create_connection(("127.0.0.1", self._target))
            self._open += [near, far]
            self._start(self._pump, near, far, None, False)
            self._start(self._pump, far, near, budget, True)

    def _pump(self, source: socket.socket, sink: socket.socket, budget: int | None, counts: bool) -> None:
        """Pass bytes on until the source ends or the budget is used up; then both ends go."""
        with suppress(OSError):
            while data := source.recv(65536):
                if budget is not None:
                    data, budget = data[:budget], budget - len(data)
                if counts:
                    self.passed += len(data)
                else:
                    self.sent += data
                sink.sendall(data)
                if budget is not None and budget <= 0:
                    break
        _end(source)
        _end(sink)


def _end(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
