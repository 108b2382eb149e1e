"""Broken connectors: each breaks the rule that `BROKEN` names for it, and no other."""

from __future__ import annotations

import logging
import random
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from typing import Any, ClassVar

import httpx
from pydantic import Field, HttpUrl, PrivateAttr

from deskmetry.connector import Capabilities, Connector, Cursor, Page, stream
from deskmetry.errors import AuthenticationFailed, BadResponse, PermissionMissing, StuckStream, TryLater
from deskmetry.http.paging import Batch
from deskmetry.records import Record, Team, Ticket
from deskmetry.records.kinds import TicketStatus
from helpers_broken_sessions import ChatsWithoutSessions, LooseSessions
from helpers_contract import Correct, Tickets

log = logging.getLogger("broken")
Json = dict[str, Any]


def changed_at(record: Record) -> datetime:
    assert isinstance(record, Ticket)
    assert record.updated_at is not None
    return record.updated_at


class DropsTies(Tickets):
    """Leaves out what changed in the second that was read last."""

    @stream(Ticket)
    def tickets(self, since: Cursor | None) -> Iterator[Page]:
        """Read what changed after the watermark."""
        for page in self.changed(since):
            mark = since.watermark if since else None
            yield replace(page, records=[r for r in page.records if mark is None or changed_at(r) > mark])


class RemembersTheLastSecond(Tickets):
    """Leaves out what it gave already, although it may have changed since."""

    @stream(Ticket, overlap=timedelta(minutes=5))
    def tickets(self, since: Cursor | None) -> Iterator[Page]:
        """Read what changed, without what is known."""
        known = list(since.token) if since and since.token else []
        for page in self.changed(since):
            new = [record for record in page.records if record.id not in known]
            known += [record.id for record in new]
            mark = page.cursor.watermark if page.cursor else None
            yield Page(new, Cursor(known[:], mark) if new else None, page.rejected)


class IgnoresTheCursor(Tickets):
    """Reads everything every time."""

    @stream(Ticket)
    def tickets(self, since: Cursor | None) -> Iterator[Page]:
        """Read all tickets."""
        yield from self.changed(None)


class NoOverlap(Tickets):
    """Declares no overlap, although rows come late there."""

    @stream(Ticket)
    def tickets(self, since: Cursor | None) -> Iterator[Page]:
        """Read the tickets that changed."""
        yield from self.changed(since)


class SharesKeys(Tickets):
    """Takes a field for the id that is the same in all rows."""

    def ticket(self, row: Json) -> Ticket:
        return super().ticket({**row, "id": row["state"]})


class CountsItsOwnIds(Tickets):
    """Makes ids up, others in each read."""

    _count: Iterator[int] = PrivateAttr(default_factory=lambda: count(random.randrange(10**9)))

    def ticket(self, row: Json) -> Ticket:
        return super().ticket({**row, "id": f"{row['id']}-{next(self._count)}"})


class SwallowsErrors(Tickets):
    """Takes every failure for the end."""

    def batches(self, since: Cursor | None) -> Iterator[Batch]:
        try:
            yield from super().batches(since)
        except (TryLater, BadResponse, StuckStream):
            log.info("no more tickets")

    def check(self) -> str:
        return f"{len(self.http.get_json('/tickets', items='data').items)} tickets"


class TakesHtmlForNothing(Tickets):
    """Takes an answer without records for the end."""

    def batches(self, since: Cursor | None) -> Iterator[Batch]:
        try:
            yield from super().batches(since)
        except BadResponse:
            return


class StopsWhereItStands(Tickets):
    """Takes a page that links to itself for the last one."""

    def batches(self, since: Cursor | None) -> Iterator[Batch]:
        try:
            yield from super().batches(since)
        except StuckStream:
            return


class LosesTheLastPage(Tickets):
    """Stops where nothing follows, before it gives what is there."""

    def batches(self, since: Cursor | None) -> Iterator[Batch]:
        for batch in super().batches(since):
            if batch.at("next") is None:
                return
            yield batch


class StopsAtAShortPage(Tickets):
    """Takes a page with fewer rows than asked for as the last one."""

    def batches(self, since: Cursor | None) -> Iterator[Batch]:
        for batch in super().batches(since):
            yield batch
            if len(batch.items) < 5:
                return


class LogsItsToken(Tickets):
    """Writes the headers of a request into the log."""

    def headers(self) -> dict[str, str]:
        found = dict(super().headers())
        log.debug("asking with %s", found)
        return found


class QuotesItsToken(Tickets):
    """Says in an error which token was refused."""

    def batches(self, since: Cursor | None) -> Iterator[Batch]:
        try:
            yield from super().batches(since)
        except AuthenticationFailed:
            token = b64encode(self.token.get_secret_value().encode()).decode()
            raise AuthenticationFailed(f"The token {token} is refused.", "Make a new one.") from None


class PlainToken(Connector):
    """Keeps its token in a plain text."""

    name: ClassVar[str] = "plain_token"

    url: HttpUrl = Field(description="Address of the account")
    token: str = Field(description="API token")

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    @stream(Ticket, overlap=timedelta(minutes=5))
    def tickets(self, since: Cursor | None) -> Iterator[Page]:
        """Read the tickets that changed."""
        query = {"updated_since": since and since.watermark}
        for batch in self.http.pages("/tickets", query, items="data", next_url="next"):
            yield self.page(batch.items, partial(Tickets.ticket, self), watermark="updated_at")  # type: ignore[arg-type]


class FollowsAnyLink(Tickets):
    """Follows a next link wherever it leads, with a client of its own."""

    def batches(self, since: Cursor | None) -> Iterator[Batch]:
        answer = self.http.get_json("/tickets", {"updated_since": since and since.watermark}, items="data")
        while True:
            yield Batch(answer.items, answer.json)
            link = answer.at("next")
            if link is None:
                return
            if not link.startswith(str(self.url)):
                httpx.get(link, headers=dict(self.headers()))
                return
            answer = self.http.get_json(link, items="data")


class LooksAtItsOwnClock(Tickets):
    """Takes the time on this machine for the watermark."""

    def changed(self, since: Cursor | None) -> Iterator[Page]:
        for page in super().changed(since):
            yield replace(page, cursor=Cursor(None, datetime.now(UTC)))


class NaiveInstants(Tickets):
    """Gives instants without a zone."""

    def ticket(self, row: Json) -> Ticket:
        made = super().ticket(row)
        made.created_at = datetime(2026, 2, 1, 8)  # noqa: DTZ001
        return made


class SecondsTakenForMilliseconds(Tickets):
    """Reads instants in the wrong unit."""

    def ticket(self, row: Json) -> Ticket:
        made = super().ticket(row)
        return made.model_copy(update={"created_at": datetime.fromtimestamp(1_769_932, UTC)})


class UndeclaredKinds(Tickets):
    """Gives records of a kind that its stream doesn't declare."""

    def changed(self, since: Cursor | None) -> Iterator[Page]:
        for page in super().changed(since):
            yield replace(page, records=[*page.records, Team(id=1, name="Care")])


class MovesTheCursorEarly(Tickets):
    """Gives the cursor of the last page with each page."""

    def changed(self, since: Cursor | None) -> Iterator[Page]:
        pages = list(super().changed(since))
        for page in pages:
            yield replace(page, cursor=pages[-1].cursor)


class AsksForEachRecord(Tickets):
    """Asks once more for some of the tickets."""

    @stream(Ticket, overlap=timedelta(minutes=5), idle_requests=2)
    def tickets(self, since: Cursor | None) -> Iterator[Page]:
        """Read the tickets that changed, some again."""
        for batch in self.batches(since):
            for row in batch.items:
                if isinstance(row, dict) and str(row["id"]).endswith(("3", "5", "8")):
                    self.http.get_json("/tickets", items="data")
            yield self.page(batch.items, self.ticket, watermark="updated_at")


class BlanksOtherTypes(Tickets):
    """Makes nothing of a title that isn't a text."""

    def ticket(self, row: Json) -> Ticket:
        title = row["title"]
        return super().ticket({**row, "title": title if isinstance(title, str) else None})


class EmptyWithoutPermission(Correct):
    """Takes a list that may not be read for an empty one."""

    @stream(Team, optional=True)
    def teams(self, since: Cursor | None) -> Iterator[Page]:
        """Read the teams, if there is a permission."""
        try:
            yield from Correct.teams(self, since)
        except PermissionMissing:
            return


class FallsOverOneRecord(Tickets):
    """Maps a page at once."""

    def changed(self, since: Cursor | None) -> Iterator[Page]:
        for batch in self.batches(since):
            page = self.page(batch.items, self.ticket, watermark="updated_at")
            yield replace(page, records=[self.ticket(row) for row in batch.items])


class BelievesTheFuture(Tickets):
    """Keeps the newest instant that it saw in a token of its own."""

    @stream(Ticket)
    def tickets(self, since: Cursor | None) -> Iterator[Page]:
        """Read from the newest instant on."""
        newest = str(since.token["at"]) if since else ""
        begin = (datetime.fromisoformat(newest) - timedelta(minutes=5)).isoformat() if newest else None
        batches = self.http.pages("/tickets", {"updated_since": begin}, items="data", next_url="next")
        for number, batch in enumerate(batches):
            newest = max([newest, *(str(row["updated_at"]) for row in batch.items if isinstance(row, dict))])
            yield self.page(batch.items, self.ticket, token={"at": newest, "page": number})


class BuriesWhatIsMissing(Tickets):
    """Concludes from an empty list that everything was deleted."""

    @stream(Ticket, overlap=timedelta(minutes=5))
    def tickets(self, since: Cursor | None) -> Iterator[Page]:
        """Read the tickets that changed; without any, all that were known are deleted."""
        known: set[str] = set(since.token["ids"]) if since and since.token else set()
        for number, page in enumerate(self.changed(since)):
            known |= {record.id for record in page.records}
            mark = page.cursor.watermark if page.cursor else None
            token = {"ids": sorted(known), "page": number}
            yield Page(page.records, Cursor(token, mark) if page.records else None, page.rejected)
            if not page.records and since:
                yield Page([self.buried(key) for key in sorted(known)])

    def buried(self, key: str) -> Ticket:
        known = {"status": TicketStatus.CLOSED, "created_at": "2026-02-01T08:00:00Z"}
        return Ticket(id=key, **known, deleted_at=self.now())


class PromisesDeletes(Tickets):
    """Declares that it knows deletes, and brings none."""

    capabilities: ClassVar[Capabilities] = Capabilities(deletes=True)


class AlwaysContent(Tickets):
    """Says that all is well without looking."""

    def check(self) -> str:
        return "fine"


class RenewsNothing(Tickets):
    """Says that it has new credentials, and has the old ones."""

    def refresh(self) -> bool:
        return True


class Undescribed(Tickets):
    """Has a setting that nobody can guess."""

    mode: int = 0


BROKEN: dict[type[Connector], str] = {
    DropsTies: "new_things_arrive",
    RemembersTheLastSecond: "same_second_edits_arrive",
    IgnoresTheCursor: "idle_costs_what_is_declared",
    NoOverlap: "late_things_arrive",
    SharesKeys: "keys_are_unique",
    CountsItsOwnIds: "two_reads_agree",
    SwallowsErrors: "failures_are_told",
    TakesHtmlForNothing: "a_bad_answer_is_not_nothing",
    StopsWhereItStands: "standing_still_is_told",
    LosesTheLastPage: "first_read_is_whole",
    StopsAtAShortPage: "first_read_is_whole",
    LogsItsToken: "secrets_stay_secret",
    QuotesItsToken: "secrets_stay_secret",
    PlainToken: "secrets_are_typed",
    FollowsAnyLink: "credentials_stay_at_home",
    LooksAtItsOwnClock: "watermarks_are_the_sources",
    NaiveInstants: "instants_are_plausible",
    SecondsTakenForMilliseconds: "instants_are_plausible",
    UndeclaredKinds: "kinds_are_declared",
    MovesTheCursorEarly: "stopped_runs_go_on",
    AsksForEachRecord: "reads_within_budget",
    BlanksOtherTypes: "changed_types_are_seen",
    EmptyWithoutPermission: "missing_permissions_skip",
    FallsOverOneRecord: "a_bad_record_costs_only_itself",
    BelievesTheFuture: "a_future_row_blinds_nothing",
    BuriesWhatIsMissing: "a_wiped_source_deletes_nothing",
    PromisesDeletes: "deletes_arrive",
    AlwaysContent: "check_tells_bad_credentials",
    RenewsNothing: "ended_credentials_are_told",
    LooseSessions: "sessions_and_tickets_belong_together",
    ChatsWithoutSessions: "sessions_and_tickets_belong_together",
    Undescribed: "settings_are_described",
}
"""Broken connectors, and the rule that finds each out."""
