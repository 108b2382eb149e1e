"""Helpers for tests of the fault kit: a small correct connector, and runs of it through the real engine."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import httpx
from pydantic import HttpUrl, PrivateAttr, SecretStr

from deskmetry.connector import Connector, Cursor, Page, stream
from deskmetry.records import Team, Ticket
from deskmetry.records.kinds import TicketStatus
from deskmetry.store import open_writer
from deskmetry.sync import Options, Outcome, SourceReport, SyncReport, sync
from deskmetry.testing.canary import CANARY
from deskmetry.testing.collection import Collection
from deskmetry.testing.helpdesk import FakeHelpdesk
from deskmetry.testing.proxy import FaultProxy
from deskmetry.testing.trial_context import QuickContext

Json = dict[str, Any]


def ticket_row(number: int, at: datetime) -> Json:
    """A ticket of the fake helpdesk."""
    return {
        "id": number,
        "title": f"Ticket {number}",
        "state": "open",
        "created": "2026-03-01T00:00:00Z",
        "updated_at": f"{at:%Y-%m-%dT%H:%M:%SZ}",
    }


def team_row(number: int, at: datetime) -> Json:
    """A team of the fake helpdesk, which doesn't say when it changed."""
    return {"id": f"team-{number}", "name": f"Team {number}"}


def tickets(**different: Any) -> Collection:
    """The list of tickets, with whatever is different about it."""
    described: dict[str, Any] = {"row": ticket_row, "table": "tickets"}
    return Collection("/tickets", **(described | different))


def teams() -> Collection:
    """A list that is small, has no filter, and that a plan may not have."""
    return Collection("/teams", row=team_row, table="teams", changed=None, since=None)


class Acme(Connector):
    """A small connector that does everything right. `how` is what `http.pages` is told."""

    name: ClassVar[str] = "acme"
    url: HttpUrl
    token: SecretStr = SecretStr(CANARY)
    how: dict[str, Any] = {"next_url": "next"}  # noqa: RUF012 - pydantic copies it
    since: str | None = "updated_since"
    items: str = "data"
    renews: bool = False
    teams_too: bool = False

    _renewed: str = PrivateAttr("")
    _renewing: bool = PrivateAttr(False)

    def headers(self) -> dict[str, str]:
        if self._renewing:
            return {}  # the old token isn't shown where a new one is asked for
        return {"Authorization": f"Bearer {self._renewed or self.token.get_secret_value()}"}

    def refresh(self) -> bool:
        if not self.renews:
            return False
        body = {"refresh_token": self.token.get_secret_value()}
        self._renewing = True
        try:
            self._renewed = self.http.post_json("/oauth/token", body).json["access_token"]
        finally:
            self._renewing = False
        return True

    @stream(Ticket, overlap=timedelta(minutes=5))
    def tickets(self, since: Cursor | None) -> Iterator[Page]:
        query = {self.since: since and since.watermark} if self.since else {}
        start = since.token if since and self.since is None else None
        for batch in self.http.pages("/tickets", query, items=self.items, start=start, **self.how):
            token = batch.token if self.since is None else None
            yield self.page(batch.items, self.ticket, watermark="updated_at", token=token)

    @stream(Team, optional=True, sorted=False)
    def teams(self, since: Cursor | None) -> Iterator[Page]:
        if self.teams_too:
            for batch in self.http.pages("/teams", items="data", next_url="next"):
                yield self.page(batch.items, lambda row: Team(id=row["id"], name=row["name"]))

    def ticket(self, row: Json) -> Ticket:
        return Ticket(
            id=row["id"],
            subject=row["title"],
            status=TicketStatus(row["state"]),
            created_at=row["created"],
            updated_at=row["updated_at"],
        )


def acme(url: str, **settings: Any) -> Acme:
    """Return the connector for a server."""
    return Acme(url=HttpUrl(url), **settings)


@cache
def _empty() -> bytes:
    """A database with nothing in it: making its tables takes longer than a sync of a few rows."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "empty.db"
        open_writer(path).close()
        return path.read_bytes()


def synced(folder: Path, url: str, **settings: Any) -> SyncReport:
    """Sync once through the real engine, with waits that end at once."""
    database = folder / "desk.db"
    if not database.exists():
        database.write_bytes(_empty())
    return sync(database, {"s1": acme(url, **settings)}, Options(context=QuickContext))


def stored(folder: Path, sql: str = "SELECT id, subject FROM tickets") -> list[tuple[Any, ...]]:
    """Return what the database says, in order."""
    with closing(sqlite3.connect(folder / "desk.db")) as connection:
        return sorted(connection.execute(sql).fetchall(), key=repr)


def ids(folder: Path, table: str = "tickets") -> set[str]:
    """Return the ids in a table."""
    return {key for (key,) in stored(folder, f"SELECT id FROM {table}")}


def fetch(url: str, method: str = "GET", **asked: Any) -> httpx.Response:
    """Send one request without TLS, whose certificates would take longer to load than a test to run."""
    with httpx.Client(verify=False) as client:
        return client.request(method, url, **asked)


def shown(desk: FakeHelpdesk) -> list[tuple[Any, ...]]:
    """Return the tickets as the helpdesk has them now, to compare with what is stored."""
    return sorted(((str(row["id"]), row["title"]) for row in desk.rows("/tickets")), key=repr)


def run(folder: Path, desk: FakeHelpdesk, **settings: Any) -> SourceReport:
    """Sync a helpdesk once, and return what is said of the one source."""
    (source,) = synced(folder, desk.url, **settings).sources
    return source


def mended(folder: Path, desk: FakeHelpdesk, **settings: Any) -> None:
    """All is well again: the next sync ends with what the helpdesk has."""
    desk.faults.clear()
    assert run(folder, desk, **settings).outcome is Outcome.OK
    assert stored(folder) == shown(desk)


AUTH = {"Authorization": f"Bearer {CANARY}"}
Server = FakeHelpdesk | FaultProxy


@contextmanager
def served(kind: str) -> Iterator[Server]:
    """Serve tickets by a helpdesk, or by a `proxy` before it that knows nothing of it."""
    with ExitStack() as stack:
        desk = stack.enter_context(FakeHelpdesk(tickets(size="limit")))
        yield desk if kind == "helpdesk" else stack.enter_context(FaultProxy(desk.url))


def get(server: Server, target: str = "/tickets", **headers: str) -> httpx.Response:
    """Ask a server by hand, with the secret unless other headers are given."""
    return fetch(f"{server.url}{target}", headers=headers or AUTH)
