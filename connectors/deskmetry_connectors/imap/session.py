"""Session: read-only commands to a mail server, on a connection that is made anew when it breaks."""

from __future__ import annotations

import imaplib
import random
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, TypeVar

from deskmetry.connector import Context
from deskmetry.errors import Interrupted, TryLater, Unreachable

from .connection import Client, Server, connect, shut
from .errors import ConnectionLost, FolderRebuilt, TlsFailed

T = TypeVar("T")
Fetched = dict[bytes, Any]

Refusal = imaplib.IMAP4.error
"""The server says NO or BAD, or its answer can't be read; the connection itself still stands."""
_LONGEST_PAUSE = 60.0  # seconds


@dataclass(frozen=True, slots=True)
class Status:
    """A folder as the server counts it; `next` is the next UID, `modseq` None without CONDSTORE."""

    validity: int
    messages: int
    next: int | None
    modseq: int | None


class Session:
    """One log-in. Every command only reads: folders are opened by EXAMINE, mails fetched by BODY.PEEK.

    A command whose connection breaks is sent again on a new one, after pauses that grow; once they add up to
    the user's patience, ConnectionLost. Commands that the server refuses raise Refusal.
    """

    def __init__(self, server: Server, context: Context) -> None:
        self._server = server
        self._context = context
        self._client: Client | None = None
        self._folder: tuple[str, int] | None = None  # as named on the wire, and its UIDVALIDITY

    def __enter__(self) -> Session:
        self._client = self._connect()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        client, self._client = self._client, None
        if client is None:
            return
        with suppress(OSError, imaplib.IMAP4.error):
            if kind is None:
                client.logout()
        shut(client)

    def capable(self, name: str) -> bool:
        """Say whether the server has a capability, as it stands after the log-in."""
        return bool(self._run(lambda client: client.has_capability(name), counts=False))

    def list(self) -> Sequence[tuple[tuple[bytes, ...], bytes | None, Any]]:
        """Return flags, delimiter and name of every folder as they came."""
        found: Sequence[tuple[tuple[bytes, ...], bytes | None, Any]] = self._run(
            lambda client: client.list_folders()
        )
        return found

    def status(self, folder: str) -> Status:
        """Return a folder's counters without opening it."""
        items = ["UIDVALIDITY", "UIDNEXT", "MESSAGES"]
        if self.capable("CONDSTORE"):
            items.append("HIGHESTMODSEQ")
        found = self._run(lambda client: client.folder_status(folder, items))
        found = {key.upper(): value for key, value in found.items()}
        return Status(
            validity=found.get(b"UIDVALIDITY") or 0,
            messages=found.get(b"MESSAGES") or 0,
            next=found.get(b"UIDNEXT") or None,
            modseq=found.get(b"HIGHESTMODSEQ") or None,
        )

    def examine(self, folder: str, validity: int) -> None:
        """Open a folder for reading; raise FolderRebuilt if its UIDVALIDITY is another one."""
        self._folder = None
        self._run(lambda client: _examine(client, folder, validity))
        self._folder = (folder, validity)

    def search(self, *criteria: str) -> Sequence[int]:
        """Return the UIDs in the open folder that meet the criteria, ascending, each once."""
        found = self._run(lambda client: client.search(list(criteria)))
        return sorted(set(found))

    def fetch(self, uids: Sequence[int], items: Sequence[str]) -> dict[int, Fetched]:
        """Return items of mails in the open folder by UID; a mail that is gone is left out."""
        found: dict[int, Fetched] = self._run(lambda client: client.fetch(list(uids), list(items)))
        return found

    # --- one command, however many connections it takes ----------------------------------------------

    def _run(self, command: Callable[[Client], T], *, counts: bool = True) -> T:
        waited, pause, began = 0.0, 1.0, None
        while True:
            try:
                client = self._client or self._reopen()
                self._context.requests += counts
                return command(client)
            except (imaplib.IMAP4.abort, OSError, Unreachable, TryLater) as error:
                if isinstance(error, TlsFailed | FolderRebuilt):
                    raise
                self._drop()
                # A server that accepts and then hangs costs patience too, from the second try on.
                waited += 0.0 if began is None else time.monotonic() - began
                waited, pause = self._wait(error, waited, pause)
                began = time.monotonic()
            except imaplib.IMAP4.error as error:
                if "got more than" in str(error):
                    self._drop()  # the rest of that line is still to come
                raise
            except (ValueError, TypeError, LookupError) as error:
                raise Refusal(f"its answer can't be read: {error}") from None

    def _wait(self, error: Exception, waited: float, pause: float) -> tuple[float, float]:
        """Pause before the next try; return the seconds waited in all, and the next pause."""
        patience = self._context.max_wait.total_seconds()
        seconds = pause * (0.5 + random.random())  # noqa: S311 - spreads retries, guards nothing
        if waited + seconds > patience:
            raise ConnectionLost(self._server.host, self._server.clean(error), waited) from None
        self._context.retries += 1
        if not self._context.wait(seconds, f"the connection to {self._server.host} was lost"):
            raise Interrupted(
                f"Interrupted while waiting for {self._server.host}.", "What was committed stays."
            )
        return waited + seconds, min(pause * 2, _LONGEST_PAUSE)

    def _connect(self) -> Client:
        self._context.requests += 1
        return connect(self._server)

    def _reopen(self) -> Client:
        client = self._connect()
        try:
            if self._folder is not None:
                _examine(client, *self._folder)
        except BaseException:
            shut(client)
            raise
        self._client = client
        return client

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            shut(client)


def _examine(client: Client, folder: str, validity: int) -> None:
    opened = client.select_folder(folder, readonly=True)
    if opened.get(b"UIDVALIDITY", validity) != validity:
        raise FolderRebuilt(folder)
