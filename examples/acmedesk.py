"""AcmeDesk: a connector in one file, loaded by `--plugin examples/acmedesk.py`."""

from collections.abc import Iterable, Iterator
from datetime import timedelta

from deskmetry import (
    Connector,
    Cursor,
    Field,
    HttpUrl,
    Json,
    Page,
    SecretStr,
    Ticket,
    TicketStatus,
    hookimpl,
    stream,
)


class AcmeDesk(Connector):
    """Tickets from the AcmeDesk v2 API."""

    name = "acmedesk"
    url: HttpUrl = Field(description="Address of the account, https://YOU.acmedesk.example")
    token: SecretStr = Field(description="API token: Settings > API")

    @stream(Ticket, overlap=timedelta(minutes=5), idle_requests=1)
    def tickets(self, since: Cursor | None) -> Iterator[Page]:
        """Read the tickets that changed, oldest change first."""
        query = {"updated_since": since and since.watermark}
        for batch in self.http.pages("/tickets", query, items="data", next_url="next"):
            yield self.page(batch.items, self.ticket, watermark="updated_at")

    def ticket(self, row: Json) -> Ticket:
        """Map one of AcmeDesk's tickets."""
        return Ticket(
            id=row["id"],
            subject=row["title"],
            status=TicketStatus(row["state"]),
            created_at=row["created"],
            updated_at=row["updated_at"],
        )


@hookimpl
def register_connectors() -> Iterable[type[Connector]]:
    """Bring the connector."""
    return [AcmeDesk]
