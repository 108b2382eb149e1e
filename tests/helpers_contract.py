"""Correct connectors for one fake helpdesk, and their trials."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, ClassVar

from pydantic import Field, HttpUrl, SecretStr

from deskmetry.connector import Connector, Cursor, Page, stream
from deskmetry.http.paging import Batch
from deskmetry.records import Team, Ticket
from deskmetry.records.kinds import TicketStatus
from deskmetry.testing import CANARY, Collection, CursorToken, FakeHelpdesk, Trial, TrialFactory

Json = dict[str, Any]


def ticket_row(number: int, at: datetime) -> Json:
    """Return a ticket as the fake helpdesk's API sends it."""
    return {
        "id": number,
        "title": f"Question {number}",
        "state": "open",
        "created": "2026-02-01T08:00:00Z",
        "updated_at": at.isoformat(),
        "tags": ["a"],
    }


def team_row(number: int, at: datetime) -> Json:
    """Return a team as the fake helpdesk's API sends it."""
    return {"id": f"t{number}", "name": f"Team {number}", "updated_at": at.isoformat()}


class Tickets(Connector):
    """Tickets of a made-up helpdesk, read as they should be."""

    name: ClassVar[str] = "tickets"

    url: HttpUrl = Field(description="Address of the account")
    token: SecretStr = Field(description="API token: Settings > API")

    @stream(Ticket, overlap=timedelta(minutes=5))
    def tickets(self, since: Cursor | None) -> Iterator[Page]:
        """Read the tickets that changed, oldest change first."""
        yield from self.changed(since)

    def changed(self, since: Cursor | None) -> Iterator[Page]:
        for batch in self.batches(since):
            yield self.page(batch.items, self.ticket, watermark="updated_at")

    def batches(self, since: Cursor | None) -> Iterator[Batch]:
        query = {"updated_since": since and since.watermark}
        yield from self.http.pages("/tickets", query, items="data", next_url="next")

    def ticket(self, row: Json) -> Ticket:
        return Ticket(
            id=row["id"],
            subject=row["title"],
            status=TicketStatus(row["state"]),
            created_at=row["created"],
            updated_at=row["updated_at"],
        )


class Correct(Tickets):
    """Tickets and teams of a made-up helpdesk, read as they should be."""

    name: ClassVar[str] = "correct"

    @stream(Team, optional=True)
    def teams(self, since: Cursor | None) -> Iterator[Page]:
        """Read the teams that changed, from the last token on."""
        start = since.token if since else None
        batches = self.http.pages("/teams", items="data", next_cursor="next_cursor", more="more", start=start)
        for batch in batches:
            yield self.page(batch.items, self.team, token=batch.token)

    def team(self, row: Json) -> Team:
        return Team(id=row["id"], name=row["name"])


def helpdesk(*, with_teams: bool) -> FakeHelpdesk:
    """Return a fake helpdesk with tickets, and perhaps teams."""
    tickets = Collection(path="/tickets", row=ticket_row, table="tickets")
    by_token = CursorToken(more="more")
    teams = Collection(path="/teams", row=team_row, table="teams", since=None, paging=by_token)
    return FakeHelpdesk(tickets, *((teams,) if with_teams else ()), token=CANARY)


def trial_of(connector: type[Connector], **more: Any) -> TrialFactory:
    """Return the trial of a connector for the fake helpdesk."""

    @contextmanager
    def trial() -> Iterator[Trial]:
        with helpdesk(with_teams="teams" in connector.streams()) as desk:
            yield Trial(
                world=desk,
                connector=lambda url: connector.model_validate({"url": url, "token": CANARY}),
                renews=connector.refresh is not Connector.refresh,
                **more,
            )

    return trial
