"""Edesk: tickets, their messages and sales orders of an eDesk account."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, ClassVar

from pydantic import PrivateAttr

from deskmetry.connector import Capabilities, Context, Cursor, Inventory, Mapper, Page, stream
from deskmetry.errors import CursorRefused, DeskmetryError, SourceError, StreamSkipped
from deskmetry.records import (
    Agent,
    Brand,
    Customer,
    Message,
    Order,
    RawRecord,
    Record,
    SurveyAnswer,
    Ticket,
)
from deskmetry.records.kinds import Provenance

from . import orders, people
from .inventory import inventory_of
from .items import ItemMapping
from .progress import Progress, ids_of
from .reading import listing
from .rounds import LAG, Round
from .settings import EdeskSettings
from .tickets import UNSOLVED, TicketMapping
from .windows import Windows

Row = Mapping[str, Any]
_EARLIEST = date(2012, 1, 1)  # before it there was no eDesk
_NEAR = timedelta(days=31)
_MOST_PASSES = 5


class Edesk(EdeskSettings):
    """Tickets of an eDesk account: messages one by one, changes of status as we see them, sales orders."""

    name: ClassVar[str] = "edesk"
    trial: ClassVar[str | None] = "deskmetry_connectors.edesk.trial:trial"
    capabilities: ClassVar[Capabilities] = Capabilities(
        status_history=Provenance.OBSERVED, tags=True, ratings=True
    )
    _lists: dict[str, list[Any]] = PrivateAttr(default_factory=dict)
    _refused: dict[str, DeskmetryError] = PrivateAttr(default_factory=dict)
    _tickets: TicketMapping | None = PrivateAttr(default=None)
    _items: ItemMapping | None = PrivateAttr(default=None)

    def attach(self, context: Context) -> None:
        """Lend the engine's context for a run, which begins knowing nothing."""
        super().attach(context)
        self._lists, self._refused = {}, {}
        self._tickets = self._items = None

    # --- lists ---------------------------------------------------------------------------------------

    @stream(Agent)
    def users(self, _since: Cursor | None) -> Iterator[Page]:
        """Read users."""
        yield self.page(self._list("users"), self.user)

    @stream(Brand)
    def channels(self, _since: Cursor | None) -> Iterator[Page]:
        """Read channels: each is a shop on a marketplace, or a mailbox; tickets have them as brands."""
        yield self.page(self._list("channels"), self.channel)

    @stream(RawRecord, optional=True)
    def tags(self, _since: Cursor | None) -> Iterator[Page]:
        """Read tags, whose names tickets are given."""
        if "tags" in self.skip:
            raise StreamSkipped(
                "`skip` leaves out tags; tickets have them by number.", "Take it out to read them."
            )
        yield self.page(self._list("tags"), self.tag)

    # --- tickets -------------------------------------------------------------------------------------

    @stream(Ticket, Message, Customer, Agent, SurveyAnswer, RawRecord, idle_requests=2 + len(UNSOLVED))
    def tickets(self, since: Cursor | None) -> Iterator[Page]:
        """Read tickets by days, with the items that are new in them; and look again at unsolved ones."""
        progress = Progress.load(since.token if since else None)
        self._ticket_mapping()  # asks, so that the server's clock is known
        self._item_mapping()
        mark = since.watermark.date() if since is not None and since.watermark is not None else None
        yield from Round(self, progress, mark).pages()

    @stream(SurveyAnswer, optional=True, idle_requests=0, gives="ratings")
    def ratings(self, since: Cursor | None) -> Iterator[Page]:
        """Count the ratings that came with tickets; without a single one that can be read, there are none."""
        known = since.token if since is not None and isinstance(since.token, Mapping) else {}
        new = self._items.ratings if self._items is not None else {}
        counts = {name: int(known.get(name, 0)) + new.get(name, 0) for name in ("read", "kept")}
        if counts != known:
            yield Page((), Cursor(counts))
        if not counts["read"]:
            raise StreamSkipped(
                f"None of the {counts['kept']} ratings seen could be read: what eDesk writes into them isn't "
                "documented. They are in `raw_records`.",
                "If they are numbers, `rating_scale` says of which scale; then sync with --full.",
            )
        self.note("ratings on no scale that is known, kept in `raw_records`: {count}", new.get("kept", 0))

    @stream(Order, optional=True)
    def orders(self, since: Cursor | None) -> Iterator[Page]:
        """Read sales orders by the days of their last change."""
        if "orders" in self.skip:
            raise StreamSkipped("`skip` leaves out orders.", "Take it out to read them.")
        self._currencies()  # asks, so that the server's clock is known
        clock, overlap = self.now(), timedelta(days=self.zone_overlap)
        known = _day(since.token) if since is not None and since.token is not None else None
        mark = since.watermark.date() if since is not None and since.watermark is not None else None
        begin = known or mark or self._first_order(clock.date())
        windows = Windows(begin - overlap, clock.date(), self.zone_overlap)
        for window in windows:
            rows = self._order_rows(window.filters("last_updated_at"))
            windows.rows = len(rows)
            day = window.end + timedelta(days=1) if window.end is not None else (clock - LAG).date()
            page = self.page(rows, self.order)
            until = clock if window.end is None else None
            moves = known is None or day > known
            token, at = day.isoformat(), datetime.combine(day, time(), UTC)
            yield replace(page, cursor=Cursor(token, at) if moves else None, complete_until=until)

    def _first_order(self, today: date) -> date:
        """Return a day before the first order, found by halves: nothing tells it, and years may be empty."""
        begin, end = _EARLIEST, today
        while end - begin > _NEAR:
            middle = begin + (end - begin) // 2
            asked = {"filter_last_updated_at_lte": middle}
            if next(listing(self.http, "sales-orders", asked, 1)).rows:
                end = middle
            else:
                begin = middle
        return begin

    # --- mappers -------------------------------------------------------------------------------------

    def user(self, row: Row) -> Agent:
        """Map a user."""
        return people.agent(row, self._bots)

    def channel(self, row: Row) -> Brand:
        """Map a channel."""
        return people.brand(row)

    def tag(self, row: Row) -> RawRecord:
        """Keep a tag as it came."""
        return RawRecord(id=f"tag:{row['id']}", stream="tags", kind="tag", raw=dict(row))

    def contact(self, row: Row) -> Customer:
        """Map a contact."""
        return people.customer(row)

    def ticket(self, row: Row) -> Ticket:
        """Map a ticket; one whose items can't be counted is none."""
        ids_of(row)
        return self._ticket_mapping().ticket(row)

    def item(self, row: Row) -> Iterator[Record]:
        """Map an item of a ticket."""
        return self._item_mapping().item(row)

    def order(self, row: Row) -> Order:
        """Map a sales order."""
        return orders.order(row, self._currencies())

    def mapper(self, stream: str, name: str) -> Mapper | None:
        """Return what maps the rows of a stream one by one."""
        del stream
        known: dict[str, Callable[[Any], Any]] = {
            "user": self.user, "channel": self.channel, "tag": self.tag, "contact": self.contact,
            "ticket": self.ticket, "item": self.item, "order": self.order,
        }  # fmt: skip
        return known.get(name)

    def inventory(self, stream: str) -> Inventory | None:
        """Return what the account says about tickets."""
        if stream != "tickets":
            return None
        return inventory_of(self.http, self.page, self.ticket, everything=self.start is None)

    # --- how -----------------------------------------------------------------------------------------

    @property
    def _bots(self) -> frozenset[str]:
        return frozenset(str(user) for user in self.bots)

    def _list(self, name: str) -> list[Any]:
        """Return a short list, asked for once a run; StreamSkipped for tags that are too many."""
        if name in self._refused:
            raise self._refused[name]
        if name not in self._lists:
            try:
                self._lists[name] = self._read_list(name)
            except (SourceError, StreamSkipped) as error:
                self._refused[name] = error
                raise
        return self._lists[name]

    def _read_list(self, name: str) -> list[Any]:
        rows: list[Any] = []
        for batch in listing(self.http, name, None, self.page_size):
            rows += batch.rows
            if name == "tags" and max(batch.total or 0, len(rows)) > self.tags_cap:
                raise StreamSkipped(
                    f"The account lists {batch.total or 'too many'} tags, more than {self.tags_cap}: "
                    "tickets have them by number.",
                    "Some accounts list every use of a tag; `tags_cap` sets how many are read.",
                )
        return rows

    def _tag_names(self) -> dict[str, str]:
        if "tags" in self.skip:
            return {}
        try:
            rows = self._list("tags")
        except (SourceError, StreamSkipped) as error:
            if isinstance(error, SourceError) and error.data.get("status") not in {403, 404}:
                raise
            rows = []
        return {
            str(row["id"]): str(row["name"])
            for row in rows
            if isinstance(row, Mapping) and row.get("id") is not None and row.get("name")
        }

    def _channel_rows(self) -> dict[str, Row]:
        return {str(row.get("id")): row for row in self._list("channels") if isinstance(row, Mapping)}

    def _currencies(self) -> dict[str, str]:
        rows = self._channel_rows().items()
        return {key: name for key, row in rows if isinstance(name := row.get("currency"), str) and name}

    def _ticket_mapping(self) -> TicketMapping:
        if self._tickets is None:
            deleted = self.archived == "deleted"
            self._tickets = TicketMapping(self._channel_rows(), self._tag_names(), deleted)
        return self._tickets

    def _item_mapping(self) -> ItemMapping:
        if self._items is None:
            users = (str(row.get("id")) for row in self._list("users") if isinstance(row, Mapping))
            self._items = ItemMapping(
                frozenset(self.replies),
                frozenset(self.automatic),
                frozenset(self.answering),
                self._bots,
                frozenset(users),
                self.rating_scale,
            )
        return self._items

    def _order_rows(self, filters: Row) -> list[Any]:
        """Return the orders of a window; a list of several pages is read until two passes agree."""
        found: dict[str, Any] = {}
        before: set[str] | None = None
        for _ in range(_MOST_PASSES):
            ids: set[str] = set()
            pages = 0
            for batch in listing(self.http, "sales-orders", filters, self.page_size):
                pages += 1
                rows = {str(r.get("id") if isinstance(r, Mapping) else r): r for r in batch.rows}
                ids |= rows.keys()
                found |= rows
            if pages <= 1 or ids == before:
                break
            before = ids
        return list(found.values())


def _day(token: Any) -> date:
    try:
        return date.fromisoformat(token)
    except (TypeError, ValueError):
        raise CursorRefused(
            "The cursor of the last run is no day.", "The stream is read from its watermark."
        ) from None
