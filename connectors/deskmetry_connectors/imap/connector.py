"""Imap: the folders of a mailbox on a mail server, read as a helpdesk."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from typing import ClassVar

from pydantic import Field, SecretStr, field_validator, model_validator

from deskmetry.connector import Capabilities, Cursor, Inventory, Page, Tally, stream
from deskmetry.records import Agent, Customer, Message, MessageHeader, Team
from deskmetry.records.kinds import FolderRole, Provenance

from ..email.connector import MAX_MAIL, MailConnector
from .connection import Security, Server
from .errors import FolderRefused
from .folders import Folder, listed, to_read
from .progress import Progress
from .reading import FolderReader
from .session import Refusal, Session

_PORTS = {"tls": 993, "starttls": 143, "none": 143}
_UNSENDABLE = re.compile(r"[\x00-\x1f\x7f]")


class Imap(MailConnector):
    """Mails in a mailbox on a mail server, by IMAP; nothing there is ever changed."""

    name: ClassVar[str] = "imap"
    trial: ClassVar[str | None] = "deskmetry_connectors.imap.trial:trial"
    capabilities: ClassVar[Capabilities] = Capabilities(status_history=Provenance.INFERRED, tags=True)

    credentials: ClassVar[tuple[tuple[str, ...], ...]] = (("password",), ("oauth_token",))

    host: str = Field(min_length=1, description="Name of the mail server, such as imap.example.com")
    port: int | None = Field(None, ge=1, le=65535, description="993 if not given, 143 with STARTTLS")
    user: str = Field(min_length=1, description="Name to log in with, mostly the mail address")
    password: SecretStr | None = Field(
        None, description="Password; where the provider has app passwords, one of those"
    )
    oauth_token: SecretStr | None = Field(
        None,
        description="OAuth access token instead of a password (XOAUTH2: Gmail, Microsoft 365), best from a "
        "command, since it lives about an hour",
    )
    security: Security = Field(
        "tls", description="tls, starttls, or none, which is taken for a loopback address only"
    )
    ca_file: Path | None = Field(
        None, description="PEM file of the authority that signed the server's certificate, if it is your own"
    )
    include: list[str] | None = Field(
        None,
        min_length=1,
        description='Folders to read, as names or patterns ("Support/*"). Not given: inbox, sent, junk, '
        "archive, and those that `folders` gives a role",
    )
    mail_bytes: int = Field(
        1024 * 1024,
        ge=16 * 1024,
        le=MAX_MAIL,
        description="Bytes of one mail that are fetched; what lies beyond, attachments mostly, is left there",
    )
    connect_timeout: float = Field(30.0, gt=0, le=600, description="Seconds to wait for a connection")
    read_timeout: float = Field(120.0, gt=0, le=3600, description="Seconds to wait for the next bytes")

    @field_validator("host", "user")
    @classmethod
    def _printable(cls, value: str) -> str:
        if _UNSENDABLE.search(value):
            raise ValueError("it must not hold control characters")
        return value.strip()

    @field_validator("password", "oauth_token")
    @classmethod
    def _one_line(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and _UNSENDABLE.search(value.get_secret_value()):
            raise ValueError("it must be one line without control characters")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Imap:
        if (self.password is None) == (self.oauth_token is None):
            raise ValueError("give either `password` or `oauth_token`")
        if self.security == "none" and not _is_loopback(self.host):
            raise ValueError(
                'security = "none" sends the password in the open; it is taken for a loopback address only'
            )
        return self

    @stream(Customer, Agent, Team, Message, MessageHeader, idle_requests=5)
    def mails(self, since: Cursor | None) -> Iterator[Page]:
        """Read every copy of every mail that is new or changed since the cursor, folder by folder."""
        began = self.now()
        token = since.token if since else None
        with self._session() as session:
            folders = self._folders(session)[0]
            progress = Progress.load(token, {folder.wire for folder in folders})
            given, contents = token, set[int]()
            for folder in folders:
                for page in self._folder(session, folder, progress):
                    given = page.cursor.token if page.cursor else given
                    yield _once(page, contents)
        held = progress.token()
        # The engine takes an empty page for one that moves nothing, so the rest is said at the end.
        yield Page((), Cursor(held) if held != given else None, complete_until=began)

    def inventory(self, stream: str) -> Inventory:  # noqa: ARG002 - there is but one
        """Return how many mails each folder holds; which they are only a full read can tell."""
        return Inventory(
            (MessageHeader,),
            count=self._tally,
            by="folder",
            partial="a mail that was moved or deleted there was written all the same",
            unknown="contents, and which mails are missing; --full-read reads every mail again",
        )

    def _tally(self) -> Tally:
        with self._session() as session:
            folders = self._folders(session)[0]
            counts = {folder.name: session.status(folder.wire).messages for folder in folders}
        several = "copies of one mail in a folder, drafts and broken mails count there"
        early = f", and those from before {self.start}" if self.start else ""
        return Tally(sum(counts.values()), counts, several + early)

    def account(self) -> str:
        """Return user and host."""
        return f"{self.user}@{self.host}"

    def check(self) -> str:
        """Log in and count; say which folders are read and which aren't."""
        with self._session() as session:
            read, others = self._folders(session)
            counts = {folder.name: session.status(folder.wire).messages for folder in read}
            gmail = session.capable("X-GM-EXT-1")
        shown = ", ".join(f"{name} {count:,}" for name, count in counts.items())
        said = (
            f"{len(counts)} folder{'' if len(counts) == 1 else 's'} ({shown}), {sum(counts.values()):,} mails"
        )
        if not gmail and not any(folder.role is FolderRole.SENT for folder in read):
            said += "; no folder for sent mail found, so replies would be missing: name it in `folders`"
        left = [folder.name for folder in others if folder.role is not FolderRole.DRAFTS]
        if left and self.include is None:
            more = ", …" if len(left) > 8 else ""
            said += f"; not read: {', '.join(left[:8])}{more} (`include` names what is)"
        return said

    def _session(self) -> Session:
        ca_file = None if self.ca_file is None else self.context.folder / self.ca_file.expanduser()
        server = Server(
            host=self.host,
            port=self.port or _PORTS[self.security],
            security=self.security,
            user=self.user,
            password=self.password,
            token=self.oauth_token,
            ca_file=ca_file,
            connect_timeout=self.connect_timeout,
            read_timeout=self.read_timeout,
        )
        return Session(server, self.context)

    def _folders(self, session: Session) -> tuple[list[Folder], list[Folder]]:
        """Return the folders that are read, and the other ones."""
        found = listed(session.list(), self.folders)
        read = to_read(found, self.include, gmail=session.capable("X-GM-EXT-1"))
        return read, [folder for folder in found if folder not in read]

    def _folder(self, session: Session, folder: Folder, progress: Progress) -> Iterator[Page]:
        reader = FolderReader(session, folder, self.folders, self.mail_bytes, self.start)
        try:
            for batch in reader.read(progress.states.get(folder.wire)):
                progress.states[folder.wire] = batch.state
                if not batch.mails and not batch.headers_only and batch.state.next is not None:
                    continue  # only the end of a folder; the next page that moves says it too
                page = self.mail_page(batch.mails)
                if batch.headers_only:
                    kept = [record for record in page.records if isinstance(record, MessageHeader)]
                    yield replace(page, records=kept)
                else:
                    yield replace(page, cursor=Cursor(progress.token()))
        except Refusal as error:
            if any(known.wire == folder.wire for known in listed(session.list(), self.folders)):
                raise FolderRefused(folder.name, str(error)[:200]) from None
            progress.states.pop(folder.wire, None)  # deleted since it was listed


def _once(page: Page, contents: set[int]) -> Page:
    """Return the page, without its records if this run gave the same ones before.

    A folder that holds mails twice is no mistake, but a repeated page is one to the engine.
    """
    rows = ((row.table, row.id, row.version, getattr(row, "answered", None)) for row in page.records)
    content = hash(tuple(rows))
    if content in contents:
        return replace(page, records=())
    contents.add(content)
    return page


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"
