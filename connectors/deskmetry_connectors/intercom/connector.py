"""Intercom: conversations with their parts, teammates, teams and contacts of an Intercom workspace."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar

from deskmetry.connector import Capabilities, Cursor, Inventory, Mapper, Page, stream
from deskmetry.errors import SourceError, StreamSkipped
from deskmetry.records import (
    Agent,
    Customer,
    Message,
    MessageHeader,
    RawRecord,
    Session,
    SurveyAnswer,
    SurveyOffer,
    Team,
    Ticket,
    TicketEvent,
    from_epoch,
    to_json,
)
from deskmetry.records.kinds import Provenance

from . import parts, people
from .conversations import ConversationMapping
from .history import statuses
from .inventory import inventory_of
from .settings import IntercomSettings, Part
from .windows import DAY, Window, WindowReader

EARLIEST = 1_293_840_000
"""Where a whole read begins, Unix seconds: 2011, before there was any Intercom."""
OVERLAP = timedelta(minutes=5)
"""How far back conversations are searched again, for those that the index shows late."""
_REMEMBERED = 5_000  # conversations of the overlap; what is forgotten is only read again
_CONTACT_DAYS = 2  # one for the rounding to days, one for a day of 25 hours
_DETAIL = {"display_as": "plaintext"}


class Intercom(IntercomSettings):
    """Conversations of an Intercom workspace: messages, state history, ratings, teammates and contacts."""

    name: ClassVar[str] = "intercom"
    trial: ClassVar[str | None] = "deskmetry_connectors.intercom.trial:trial"
    capabilities: ClassVar[Capabilities] = Capabilities(
        status_history=Provenance.REPORTED, tags=True, ratings=True, wait_times=True, survey_offers=True
    )

    def mapper(self, stream: str, name: str) -> Mapper | None:
        """Return what maps the rows of a stream one by one."""
        mapping = self._mapping()
        known: Mapping[tuple[str, str], Mapper] = {
            ("admins", "people.admin"): people.admin,
            ("teams", "people.team"): people.team,
            ("contacts", "people.contact"): people.contact,
            ("conversations", "parts.part"): parts.part,
            ("conversations", "conversations.ConversationMapping.conversation"): mapping.conversation,
            ("conversations", "conversations.ConversationMapping.deleted"): mapping.deleted,
        }
        return known.get((stream, name))

    def inventory(self, stream: str) -> Inventory | None:
        """Return what the workspace says about conversations besides what changed."""
        if stream != "conversations":
            return None
        begin = EARLIEST if self.start is None else None
        return inventory_of(self.http, self.page_size, begin, self._now, self._whole)

    # --- people --------------------------------------------------------------------------------------

    @stream(Agent)
    def admins(self, _since: Cursor | None) -> Iterator[Page]:
        """Read teammates; former ones are known by what they wrote."""
        yield self.page(self.http.get_json("/admins", items="admins").items, people.admin)

    @stream(Team, optional=True)
    def teams(self, _since: Cursor | None) -> Iterator[Page]:
        """Read teams."""
        self._wanted("teams")
        yield self.page(self.http.get_json("/teams", items="teams").items, people.team)

    @stream(Customer, optional=True, sorted=False)
    def contacts(self, since: Cursor | None) -> Iterator[Page]:
        """Read contacts, all of them at first; then those of the last days, in no order that is known."""
        self._wanted("contacts")
        token = since.token if since is not None and isinstance(since.token, Mapping) else {}
        now, done, place = self._now(), token.get("done"), token.get("at")
        began = token["began"] if place is not None and isinstance(token.get("began"), int) else now
        if place is None and isinstance(done, int) and 0 <= now - done < self.contacts_every.total_seconds():
            return
        pages = self.http.pages(
            "/contacts/search",
            {"query": _changed(done if isinstance(done, int) else None)},
            items="data",
            next_cursor="pages.next.starting_after",
            cursor_param="pagination.starting_after",
            page_size=("pagination.per_page", self.page_size),
            start=place,
            post=True,
        )
        held: Page | None = None
        for batch in pages:
            if held is not None:
                yield held
            page = self.page(batch.items, people.contact)
            here = {"at": batch.token, "began": began, "done": done}
            held = replace(page, cursor=Cursor(here) if batch.token is not None else None)
        if held is not None:
            yield replace(held, cursor=Cursor({"done": began}, from_epoch(seconds=began)))

    # --- conversations -------------------------------------------------------------------------------

    @stream(
        Ticket, Message, MessageHeader, TicketEvent, Session, SurveyOffer, SurveyAnswer, Agent, Customer,
        RawRecord, overlap=OVERLAP,
    )  # fmt: skip
    def conversations(self, since: Cursor | None) -> Iterator[Page]:
        """Read the conversations that changed, and the parts of each: one request a conversation."""
        token = since.token if since is not None and isinstance(since.token, Mapping) else {}
        fine, seen = token.get("fine"), token.get("seen")
        reader = WindowReader(self.http, self.page_size, True if fine is True else None)
        known: dict[str, str] = dict(seen) if isinstance(seen, Mapping) else {}
        first = EARLIEST
        if since is not None and since.watermark is not None:
            first = int(since.watermark.timestamp())
        last = max(self._now() - int(self.lag.total_seconds()), first)
        short = 0
        for window in reader.windows(first, last):
            page = self._window(window, known)
            short += sum(isinstance(r, RawRecord) and r.kind == "withheld_parts" for r in page.records)
            known = _recent(known, window)
            place = {"fine": reader.fine or None, "until": window.last, "seen": _marks(known)}
            mark = from_epoch(seconds=window.last)
            if page.records or page.rejected or window.last >= last:
                yield replace(page, cursor=Cursor(place, mark), complete_until=mark)
        self.note(
            f"conversations with more than {parts.MOST} parts, of which Intercom shows the last ones only: "
            "{count} (`raw_records` of kind 'withheld_parts' names them)",
            short,
        )

    # --- how -----------------------------------------------------------------------------------------

    def _wanted(self, part: Part) -> None:
        if part in self.skip:
            raise StreamSkipped(f"`skip` leaves out {part}.", "Take it out of `skip` to read it.")

    def _now(self) -> int:
        """Return the workspace's clock, Unix seconds; asked for where nothing was heard from it yet."""
        if self.heard() is None:
            self.http.get_json("/me")
        return int(self.now().timestamp())

    def _mapping(self) -> ConversationMapping:
        return ConversationMapping(statuses(self.snoozed), self.link)

    def _window(self, window: Window, known: dict[str, str]) -> Page:
        """Read the conversations of a window that aren't known as they are; note those that are now."""
        pages = []
        for row in window.rows:
            key = row.get("id") if isinstance(row, Mapping) else None
            if not isinstance(key, str | int) or isinstance(key, bool) or not str(key).isalnum():
                pages.append(self.page([row], _unusable))
                continue
            mark = f"{row.get('updated_at')}:{_digest(row)}"
            if known.get(str(key)) == mark:
                continue
            pages.append(self._whole(str(key), row))
            known[str(key)] = mark
        return Page.joined(pages)

    def _whole(self, key: str, row: Any = None) -> Page:
        """Read a conversation with its parts; one that a search named and that is gone was deleted."""
        mapping = self._mapping()
        try:
            found = dict(self.http.get_json(f"/conversations/{key}", _DETAIL).at(""))
        except SourceError as error:
            if error.data.get("status") != 404:
                raise
            return self.page(
                [{**row, "deleted_at": int(self.now().timestamp())}] if row else [], mapping.deleted
            )
        about = self.page([found], mapping.conversation)
        if about.rejected:
            return about
        channel = (found.get("source") or {}).get("type")
        said = [
            {**one, "conversation": {"id": key, "channel": channel}} if isinstance(one, Mapping) else one
            for one in parts.parts_of(found)
        ]
        return Page.joined([about, self.page(said, parts.part)])


def _unusable(row: Any) -> None:
    """Refuse a row of the search that no conversation can be asked for by."""
    key = row.get("id") if isinstance(row, Mapping) else row
    raise ValueError(f"a search named {str(key)[:40]!r}, which is no id of a conversation")


def _changed(done: int | None) -> dict[str, Any]:
    """Return the filter for contacts: all, or those of the days since.

    The search compares whole days of the workspace's zone: `>` begins with the day after the one given.
    """
    if done is None:
        return {"field": "created_at", "operator": ">", "value": 0}
    return {"field": "updated_at", "operator": ">", "value": max(done - _CONTACT_DAYS * DAY, 0)}


def _digest(row: Mapping[str, Any]) -> str:
    """Return a short name of a row as it is: two changes within a second have the same `updated_at`."""
    return hashlib.sha256(to_json(row).encode()).hexdigest()[:12]


def _recent(known: dict[str, str], window: Window) -> dict[str, str]:
    """Return what must be known in the next run: the conversations that it will be shown again."""
    begin = window.last - int(OVERLAP.total_seconds()) - 1
    kept = {key: mark for key, mark in known.items() if _since(mark) >= begin}
    return dict(list(kept.items())[-_REMEMBERED:])


def _since(mark: str) -> int:
    stamp = mark.partition(":")[0]
    return int(stamp) if stamp.isdecimal() else 0


def _marks(known: dict[str, str]) -> dict[str, str]:
    return dict(sorted(known.items()))
