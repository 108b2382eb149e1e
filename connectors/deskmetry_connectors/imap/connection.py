"""Connection: from a server's settings to a client that is logged in, or to an error that says why not."""

from __future__ import annotations

import imaplib
import logging
import re
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import SecretStr

from deskmetry.errors import DeskmetryError

from .errors import (
    CaFileUnusable,
    LibraryMissing,
    LoginRefused,
    NoConnection,
    NoLoginMethod,
    ServerBusy,
    TlsFailed,
    UnknownHost,
)

Security = Literal["tls", "starttls", "none"]
Client = Any  # imapclient.IMAPClient; the package is optional and has no types

_CODE = re.compile(r"\[([A-Z-]+)")
_BUSY = re.compile(
    r"\[(?:UNAVAILABLE|INUSE|LIMIT|SERVERBUG|THROTTLED)|too many|bandwidth|try again", re.IGNORECASE
)
_ATOM = re.compile(r"[A-Za-z0-9@._+=-]+")
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Server:
    """Where and as whom to log in. Timeouts are seconds; one of password and token is given."""

    host: str
    port: int
    security: Security
    user: str
    password: SecretStr | None = None
    token: SecretStr | None = None
    ca_file: Path | None = None
    connect_timeout: float = 30.0
    read_timeout: float = 120.0

    def clean(self, answer: object) -> str:
        """Return what the server said, short, printable and without the secret."""
        text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else str(answer)
        for secret in (self.password, self.token):
            if secret is not None and (value := secret.get_secret_value()):
                text = text.replace(value, "***")
        text = "".join(mark if mark.isprintable() else " " for mark in text)
        return " ".join(text.split()).removeprefix("b'").strip(" .'\"")[:_SHOWN] or "it gives no reason"


def connect(server: Server) -> Client:
    """Return a client that is logged in; raise a DeskmetryError that says what failed."""
    client = _reach(server)
    try:
        client.normalise_times = False  # else INTERNALDATE comes as naive local time
        client.folder_encode = False  # one broken folder name would keep all the others from being listed
        if server.security == "starttls":
            _start_tls(client, server)
        _login(client, server)
    except BaseException:
        shut(client)
        raise
    return client


def shut(client: Client) -> None:
    """Close the socket, whatever state it is in."""
    try:
        client.shutdown()
    except (OSError, imaplib.IMAP4.error):
        logging.getLogger(__name__).debug("closing an IMAP connection failed", exc_info=True)


def _reach(server: Server) -> Client:
    try:
        from imapclient import IMAPClient, SocketTimeout  # type: ignore[import-untyped]
    except ImportError:
        raise LibraryMissing from None
    # Its debug log repeats the conversation line by line, with what customers write.
    logging.getLogger("imapclient").setLevel(logging.INFO)
    tls = server.security == "tls"
    context = _context(server) if tls else None
    host, port = server.host, server.port
    try:
        return IMAPClient(
            host,
            port,
            ssl=tls,
            ssl_context=context,
            timeout=SocketTimeout(connect=server.connect_timeout, read=server.read_timeout),
        )
    except (OSError, imaplib.IMAP4.error, UnicodeError) as error:
        raise _unreached(error, server) from None


def _unreached(error: Exception, server: Server) -> DeskmetryError:
    """Return what keeps us from talking to the server, by what the attempt raised."""
    host, port = server.host, server.port
    if isinstance(error, socket.gaierror | UnicodeError):
        return UnknownHost(host)
    if isinstance(error, ssl.SSLError):
        return _tls_error(error, server)
    if isinstance(error, ConnectionRefusedError):
        return NoConnection(host, port, "the connection is refused, nothing listens there")
    if isinstance(error, TimeoutError):
        return NoConnection(host, port, f"no answer within {server.connect_timeout:.0f} seconds")
    if isinstance(error, OSError):
        return NoConnection(host, port, error.strerror or str(error) or type(error).__name__)
    answer = server.clean(error)
    if _BUSY.search(answer):
        return ServerBusy(host, answer)
    return NoConnection(host, port, f"what answers there isn't an IMAP server ({answer})")


def _tls_error(error: ssl.SSLError, server: Server) -> TlsFailed:
    if isinstance(error, ssl.SSLCertVerificationError):
        return TlsFailed(
            server.host,
            server.port,
            f"the certificate can't be trusted, {error.verify_message}",
            "If the server's certificate is your own company's, name its PEM file in `ca_file`; "
            "`host` must be a name that stands in the certificate.",
        )
    reason = (error.reason or str(error)).replace("_", " ").lower()
    return TlsFailed(
        server.host,
        server.port,
        reason,
        'Port 993 wants security = "tls", port 143 mostly "starttls"; TLS before 1.2 is refused.',
    )


def _context(server: Server) -> ssl.SSLContext:
    if server.ca_file is None:
        return ssl.create_default_context()
    try:
        return ssl.create_default_context(cafile=str(server.ca_file))
    except ssl.SSLError:
        raise CaFileUnusable(server.ca_file, "it holds no PEM certificate") from None
    except OSError as error:
        raise CaFileUnusable(server.ca_file, error.strerror or str(error)) from None


def _start_tls(client: Client, server: Server) -> None:
    if not client.has_capability("STARTTLS"):
        raise NoLoginMethod(
            server.host, "offers no STARTTLS on this port", 'Use security = "tls" with port 993.'
        )
    context = _context(server)
    try:
        client.starttls(context)
    except (OSError, imaplib.IMAP4.error) as error:
        raise _unreached(error, server) from None


def _login(client: Client, server: Server) -> None:
    try:
        if server.token is not None:
            _by_token(client, server, server.token.get_secret_value())
        elif server.password is not None:
            _by_password(client, server, server.password.get_secret_value())
    except (imaplib.IMAP4.abort, OSError) as error:
        raise _unreached(error, server) from None
    except imaplib.IMAP4.error as error:
        answer = server.clean(error)
        code = _CODE.search(answer)
        if _BUSY.search(answer) and not (code and code[1] == "AUTHENTICATIONFAILED"):
            raise ServerBusy(server.host, answer) from None
        raise LoginRefused(server.user, server.host, answer, token=server.token is not None) from None


def _by_token(client: Client, server: Server, token: str) -> None:
    if not client.has_capability("AUTH=XOAUTH2"):
        raise NoLoginMethod(
            server.host, "takes no OAuth token (XOAUTH2)", "Give a `password` instead of `oauth_token`."
        )
    answers = iter([f"user={server.user}\1auth=Bearer {token}\1\1".encode()])
    # A refusal comes as one more challenge, which wants an empty answer before the server says no.
    client.sasl_login("XOAUTH2", lambda _challenge: next(answers, b""))


def _by_password(client: Client, server: Server, password: str) -> None:
    plain = client.has_capability("AUTH=PLAIN")
    if client.has_capability("LOGINDISABLED") and not plain:
        raise NoLoginMethod(
            server.host,
            "takes no password here",
            'Over an open connection that means TLS comes first: security = "starttls" or "tls". Else it '
            "takes tokens only: give `oauth_token`.",
        )
    # LOGIN carries ASCII only, and the library sends the user's name unquoted.
    if plain and not (password.isascii() and _ATOM.fullmatch(server.user)):
        client.sasl_login("PLAIN", lambda _challenge: f"\0{server.user}\0{password}".encode())
        return
    try:
        client.login(server.user, password)
    except UnicodeEncodeError:
        raise NoLoginMethod(
            server.host, "takes only passwords of ASCII letters", "Set another password for the account."
        ) from None
