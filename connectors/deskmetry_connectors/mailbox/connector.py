"""Mailbox: mbox files, Maildirs and folders of .eml files on disk, read as a helpdesk."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from deskmetry.connector import Capabilities, Cursor, Inventory, Page, stream
from deskmetry.records import (
    Agent,
    Customer,
    Message,
    MessageHeader,
    Team,
    from_milliseconds,
    to_milliseconds,
)
from deskmetry.records.kinds import Provenance

from ..email.connector import MailConnector
from ..email.raw import RawMail
from .folders import Folder, Kind, find_folders
from .maildir import count_files, read_maildir
from .mbox import count_mails, read_mbox

PAGE_MAILS = 500
PAGE_BYTES = 8 * 1024 * 1024
_TOKEN_VERSION = 1


class Mailbox(MailConnector):
    """Mails in mbox files, Maildirs and folders of .eml files."""

    name: ClassVar[str] = "mailbox"
    trial: ClassVar[str | None] = "deskmetry_connectors.mailbox.trial:trial"
    account_may_change = True
    capabilities: ClassVar[Capabilities] = Capabilities(status_history=Provenance.INFERRED, tags=True)

    page_mails: ClassVar[int | None] = None
    """Mails a page, where it isn't the usual number; the trial reads a few at a time."""

    path: Path | list[Path] = Field(
        description="mbox file, Maildir, folder of .eml files, or a folder that holds such (Thunderbird's, a "
        "Takeout); one or several. Relative ones start at the configuration's folder"
    )
    live: bool | None = Field(
        None,
        description="Whether new mail keeps arriving there. Then it is complete until it is read, else until "
        "its newest mail. Not given: true if there is a Maildir, false for mbox and .eml files",
    )

    @stream(Customer, Agent, Team, Message, MessageHeader)
    def mails(self, since: Cursor | None) -> Iterator[Page]:
        """Read every copy of every mail that is new since the cursor, folder by folder."""
        began = self.now()
        folders = self._folders()
        progress = _Progress.load(since.token if since else None, folders)
        before = progress.token()
        batch: list[RawMail] = []
        size = 0
        for folder in folders:
            for mail, state in self._read(folder, progress.states.get(str(folder.path))):
                progress.states[str(folder.path)] = state
                if mail is None:
                    continue
                batch.append(mail)
                size += len(mail.content)
                if len(batch) >= (self.page_mails or PAGE_MAILS) or size >= PAGE_BYTES:
                    page = self._page(batch, progress)
                    before = progress.token()
                    batch, size = [], 0
                    yield page
        page = self._page(batch, progress)
        moved = page.cursor if progress.token() != before else None
        live = any(folder.kind is Kind.MAILDIR for folder in folders) if self.live is None else self.live
        # What is complete is complete before an instant: the newest mail itself lies within.
        newest = None if progress.newest is None else progress.newest + timedelta(milliseconds=1)
        yield Page(page.records, moved, page.rejected, began if live else newest)

    def inventory(self, stream: str) -> Inventory:  # noqa: ARG002 - there is but one
        """Return that reading all files again costs little, and what a mail that is gone means: nothing."""
        return Inventory(
            (Customer, Agent, Team, Message, MessageHeader),
            local=True,
            partial="a mail that was moved or deleted there was written all the same",
        )

    def account(self) -> str:
        """Return the account's own addresses: a mailbox that is moved elsewhere stays the same account."""
        return ", ".join(sorted({address.strip().lower() for address in self.addresses}))

    def check(self) -> str:
        """Look for mail folders, estimate how many mails they hold, and read the first ones.

        Raises if there is nothing to read, or most of the first mails can't be used.
        """
        folders = self._folders()
        names = ", ".join(dict.fromkeys(folder.name.lower() for folder in folders[:8]))
        more = ", …" if len(folders) > 8 else ""
        mails = sum(_count(folder) for folder in folders)
        plural = "" if len(folders) == 1 else "s"
        known = f"about {mails:,} mail{'' if mails == 1 else 's'}" if mails else "no mails yet"
        first = self._first(folders)
        bad = self.mail_page(first).unusable("mails", len(first))
        told = f"; of the first ones {bad}" if bad else ""
        return f"{len(folders)} folder{plural} ({names}{more}), {known}{told}"

    def _paths(self) -> list[Path]:
        paths = self.path if isinstance(self.path, list) else [self.path]
        return list(dict.fromkeys((self.context.folder / path.expanduser()).resolve() for path in paths))

    def _folders(self) -> list[Folder]:
        return find_folders(self._paths(), self.folders)

    def _first(self, folders: list[Folder]) -> list[RawMail]:
        """Return the mails of a first page."""
        found: list[RawMail] = []
        size = 0
        for mail in (mail for folder in folders for mail, _ in self._read(folder, None) if mail is not None):
            found.append(mail)
            size += len(mail.content)
            if len(found) >= (self.page_mails or PAGE_MAILS) or size >= PAGE_BYTES:
                break
        return found

    def _read(self, folder: Folder, state: Any) -> Iterator[tuple[RawMail | None, dict[str, Any]]]:
        return (read_mbox if folder.kind is Kind.MBOX else read_maildir)(folder, state)

    def _page(self, batch: list[RawMail], progress: _Progress) -> Page:
        page = self.mail_page(batch)
        progress.newest = self.newest(page, progress.newest)
        records = page.records if progress.is_new(page) else ()
        return Page(records, Cursor(progress.token()), page.rejected)


class _Progress:
    """How far each folder was read, and the newest mail so far; what the cursor's token holds."""

    def __init__(self, states: dict[str, Any], newest: datetime | None) -> None:
        self.states = states
        self.newest = newest
        self._given: set[int] = set()

    @classmethod
    def load(cls, token: Any, folders: list[Folder]) -> _Progress:
        """Read a token; folders that are gone are forgotten, a token of another make counts as none."""
        if not isinstance(token, dict) or token.get("version") != _TOKEN_VERSION:
            return cls({}, None)
        known = token.get("folders")
        states = known if isinstance(known, dict) else {}
        newest = token.get("newest")
        here = {str(folder.path) for folder in folders}
        return cls(
            {path: state for path, state in states.items() if path in here},
            from_milliseconds(newest) if isinstance(newest, int) else None,
        )

    def is_new(self, page: Page) -> bool:
        """Say whether no earlier page of this run held the same rows.

        A file that holds everything twice is no mistake, but a repeated page is one to the engine.
        """
        content = hash(tuple((record.table, record.id, record.version) for record in page.records))
        known = content in self._given
        self._given.add(content)
        return not known

    def token(self) -> dict[str, Any]:
        """Return it as a JSON value, a copy of its own."""
        newest = None if self.newest is None else to_milliseconds(self.newest)
        return {"version": _TOKEN_VERSION, "newest": newest, "folders": dict(self.states)}


def _count(folder: Folder) -> int:
    if folder.kind is not Kind.MBOX:
        return count_files(folder)
    return count_mails(folder)
