"""Errors: what keeps a mailbox on a server from being read, each with what to do."""

from __future__ import annotations

from collections.abc import Iterable

from deskmetry.errors import (
    AuthenticationFailed,
    ConfigurationError,
    PermissionMissing,
    TryLater,
    Unreachable,
    nearest,
)


class LibraryMissing(ConfigurationError):
    """The optional package that speaks IMAP isn't installed."""

    code = "library_missing"

    def __init__(self) -> None:
        super().__init__(
            "The connector 'imap' needs the package imapclient, which isn't installed.",
            "Install it: pip install 'deskmetry[imap]'.",
        )


class UnknownHost(Unreachable):
    """The name of the server resolves to nothing."""

    def __init__(self, host: str) -> None:
        super().__init__(
            f"There is no host {host!r}: its name can't be resolved.",
            "Correct the setting `host`, or check the network and its DNS.",
            host=host,
        )


class NoConnection(Unreachable):
    """The host is known, but no connection comes about."""

    def __init__(self, host: str, port: int, reason: str, hint: str = "") -> None:
        super().__init__(
            f"{host} can't be reached on port {port}: {reason}.",
            hint
            or "Check `host`, `port` (993 with TLS, 143 with STARTTLS), and that no firewall is between.",
            host=host,
            port=port,
        )


class TlsFailed(Unreachable):
    """The server answers, but no trusted TLS connection comes about."""

    def __init__(self, host: str, port: int, reason: str, hint: str) -> None:
        super().__init__(
            f"The TLS connection to {host} port {port} failed: {reason}.", hint, host=host, port=port
        )


class CaFileUnusable(ConfigurationError):
    """The file that the setting `ca_file` names can't be used."""

    code = "ca_file"

    def __init__(self, path: object, reason: str) -> None:
        super().__init__(
            f"The ca_file {path} can't be used: {reason}.",
            "Name a PEM file with the certificate of the authority (or of the server, if it signed its own).",
            path=str(path),
        )


class LoginRefused(AuthenticationFailed):
    """The server refuses user and password, or user and token."""

    def __init__(self, user: str, host: str, answer: str, *, token: bool) -> None:
        hint = (
            "Get a new access token: they live about an hour, so let `oauth_token` name a command that "
            "prints one; it must carry the IMAP scope, and IMAP must be switched on for the account."
            if token
            else "Check `user` and `password`. Google, Apple, Yahoo and others take an app password instead "
            "of the account's own; Microsoft 365 takes only `oauth_token`."
        )
        super().__init__(f"{host} refuses the login of {user}: {answer}.", hint, user=user, host=host)


class NoLoginMethod(ConfigurationError):
    """The server has no way to log in that these settings could use."""

    code = "no_login_method"

    def __init__(self, host: str, what: str, hint: str) -> None:
        super().__init__(f"{host} {what}.", hint, host=host)


class ServerBusy(TryLater):
    """The server is there but doesn't serve now."""

    def __init__(self, host: str, answer: str) -> None:
        super().__init__(
            f"{host} doesn't serve now: {answer}.",
            "Sync again later; what was committed stays, and it goes on there.",
            host=host,
        )


class ConnectionLost(TryLater):
    """The connection broke, and no new one came about within the user's patience."""

    def __init__(self, host: str, reason: str, seconds: float) -> None:
        super().__init__(
            f"The connection to {host} was lost ({reason}) and didn't come back in {seconds:.0f} seconds.",
            "Sync again later: it goes on after the last page. `--max-wait` lets it wait longer.",
            host=host,
        )


class FolderRebuilt(TryLater):
    """A folder was deleted and made again while it was being read."""

    def __init__(self, folder: str) -> None:
        super().__init__(
            f"The folder {folder!r} was made anew while it was being read.",
            "Sync again: it is then read from its beginning, and known mails stay one.",
            folder=folder,
        )


class NoSuchFolder(ConfigurationError):
    """A folder that the settings name isn't there."""

    code = "no_such_folder"

    def __init__(self, name: str, known: Iterable[str]) -> None:
        known = sorted(known)
        super().__init__(
            f"The mailbox has no folder {name!r}.{nearest(name, known)}",
            f"Correct `include`, which can hold patterns too; folders: {', '.join(known[:30]) or 'none'}.",
            name=name,
        )


class FolderRefused(PermissionMissing):
    """The server doesn't let this user read a folder that it lists."""

    def __init__(self, folder: str, answer: str) -> None:
        super().__init__(
            f"The folder {folder!r} can't be read: {answer}.",
            "Give the user the right to read it, or leave it out: `include` names the folders that are read.",
            folder=folder,
        )
