"""Promise 20 over HTTP: what a sync that finds nothing new costs, and that a full one changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from deskmetry.connector import Cursor, Page, stream
from deskmetry.records import Ticket
from helpers_http import Visit, loopback
from helpers_sync import Desk, at, ids, rows, run, ticket


class Export(Desk):
    """A desk with a cursor export that says where it ends, and a list that is read by watermark."""

    name: ClassVar[str] = "export"
    url: str

    @stream(Ticket, idle_requests=1)
    def tickets(self, since: Cursor | None) -> Iterator[Page]:
        start = since.token if since else None
        for batch in self.http.pages("/export", next_cursor="after", end="end", start=start):
            yield self.page(batch.items, _ticket, watermark="updated_at", token=batch.token)

    @stream(Ticket, overlap=timedelta(minutes=1), idle_requests=2)
    def changes(self, since: Cursor | None) -> Iterator[Page]:
        query = {"since": since and since.watermark}
        for batch in self.http.pages("/changes", query, page_param="page"):
            yield self.page(batch.items, _ticket, watermark="updated_at")


def _ticket(row: dict[str, Any]) -> Ticket:
    return ticket(row["id"], row["minute"])


def _serve(visit: Visit) -> None:
    if visit.path == "/export":
        begin = int(visit.params.get("cursor", "0"))
        found = [{"id": f"e{n}", "minute": n} for n in range(begin, min(begin + 3, 8))]
        visit.json({"data": found, "after": str(begin + len(found)), "end": begin + len(found) == 8})
        return
    since = datetime.fromisoformat(visit.params.get("since", at(0).isoformat()))
    found = [{"id": f"c{n}", "minute": n} for n in range(8) if at(n) >= since]
    page = int(visit.params["page"])
    visit.json({"data": found[3 * page - 3 : 3 * page]})


def test_promise_20_an_idle_sync_costs_the_requests_that_its_streams_declare(tmp_path: Path) -> None:
    with loopback(_serve) as url:
        for _ in range(3):
            run(tmp_path, Export(url=url))
        run(tmp_path, Export(url=url), full=True)
    cost = rows(tmp_path, "SELECT run, stream, requests, rows_new, rows_changed FROM sync_runs ORDER BY 2, 1")
    declared = {name: info.idle_requests for name, info in Export.streams().items()}
    idle = {(stream, requests) for number, stream, requests, *_ in cost if number in (2, 3)}
    assert idle == set(declared.items())
    assert [row[2:] for row in cost if row[1] == "tickets"] == [(3, 8, 0), (1, 0, 0), (1, 0, 0), (3, 0, 0)]
    assert [row[2:] for row in cost if row[1] == "changes"] == [(4, 8, 0), (2, 0, 0), (2, 0, 0), (4, 0, 0)]
    assert len(ids(tmp_path)) == 16
