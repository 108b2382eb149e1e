"""The AcmeDesk connector of the design, by hand against a loopback server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from pydantic import Field, HttpUrl, SecretStr

from deskmetry.connector import Connector, Cursor, Page, stream
from deskmetry.records import Ticket
from deskmetry.records.kinds import TicketStatus
from helpers_http import TOKEN, Visit, loopback

Json = dict[str, str]
ROWS = [
    {"id": str(n), "title": f"Ticket {n}", "state": "open", "created": f"2024-01-0{n}T00:00:00Z"}
    | {"updated": f"2024-02-0{n}T00:00:00Z"}
    for n in range(1, 6)
]


class AcmeDesk(Connector):
    """Tickets from the AcmeDesk v2 API."""

    name = "acmedesk"
    url: HttpUrl = Field(description="Address of the account, https://YOU.acmedesk.example")
    token: SecretStr = Field(description="API token: Settings > API")

    @stream(Ticket, overlap=timedelta(minutes=5), idle_requests=1)
    def tickets(self, since: Cursor | None) -> Iterator[Page]:
        for batch in self.http.pages(
            "/tickets", {"updated_since": since and since.watermark}, items="data", next_url="next"
        ):
            yield self.page(batch.items, self.ticket, watermark="updated_at")

    def ticket(self, row: Json) -> Ticket:
        return Ticket.model_validate(
            {
                "id": row["id"],
                "subject": row["title"],
                "status": TicketStatus(row["state"]),
                "created_at": row["created"],
                "updated_at": row["updated"],
            }
        )


def _acme(visit: Visit) -> None:
    """Two rows a page, sorted by change, with links to the next page."""
    assert visit.headers["Authorization"] == f"Bearer {TOKEN}"
    since = visit.params.get("updated_since", "")
    page = int(visit.params.get("page", "0"))
    rows = [row for row in ROWS if row["updated"] >= since]
    following = f"/v2/tickets?updated_since={since}&page={page + 1}" if len(rows) > 2 * page + 2 else None
    assert visit.path == "/v2/tickets"
    visit.json({"data": rows[2 * page : 2 * page + 2], "next": following})


def test_acmedesk_is_read_by_hand() -> None:
    with loopback(_acme) as url:
        connector = AcmeDesk(url=HttpUrl(f"{url}/v2"), token=SecretStr(TOKEN))
        pages = list(connector.tickets(None))
        assert [[record.id for record in page.records] for page in pages] == [["1", "2"], ["3", "4"], ["5"]]
        assert [page.rejected for page in pages] == [[], [], []]
        assert pages[-1].cursor == Cursor(None, datetime(2024, 2, 5, tzinfo=UTC))
        assert connector.context.requests == 3
        assert connector.now() == connector.http.server_time

        (again,) = connector.tickets(pages[-1].cursor)
        assert [record.id for record in again.records] == ["5"]  # the watermark is inclusive
        assert connector.context.requests == 4
        connector.close()
