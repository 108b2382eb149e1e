"""LiveChat: archived and running chats, agents, groups and tags, by the Agent Chat and Configuration APIs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar

from pydantic import PrivateAttr

from deskmetry.connector import Capabilities, Context, Cursor, Inventory, Page, Tally, stream
from deskmetry.errors import BadResponse, RecordError, SourceError, StreamSkipped
from deskmetry.records import (
    Agent,
    Customer,
    Goal,
    Message,
    Order,
    RawRecord,
    Record,
    Session,
    SurveyAnswer,
    Team,
    Ticket,
    TicketEvent,
)
from deskmetry.records.kinds import Provenance

from . import people
from .chats import ChatMapping
from .reading import THREADS_A_REQUEST, Api
from .rows import Row, instant, part
from .running import Running
from .settings import LiveChatSettings
from .windows import Progress, Window, first_windows, unfinished

_CHAT = (
    Ticket, Session, Message, TicketEvent, Customer, Agent, SurveyAnswer, Goal, Order, RawRecord
)  # fmt: skip
_GROUPS_A_REQUEST = 200
_EARLIER = timedelta(days=1)  # the oldest thread may have been archived, or begun, around its instant


class LiveChat(LiveChatSettings):
    """Chats of a LiveChat account: threads with their messages, waits, ratings, tags and sales."""

    name: ClassVar[str] = "livechat"
    trial: ClassVar[str | None] = "deskmetry_connectors.livechat.trial:trial"
    capabilities: ClassVar[Capabilities] = Capabilities(
        status_history=Provenance.REPORTED, tags=True, ratings=True, wait_times=True
    )

    _directory: people.Directory = PrivateAttr(default_factory=people.Directory)
    _groups: list[Any] | None = PrivateAttr(default=None)
    _mapping: ChatMapping | None = PrivateAttr(default=None)

    def attach(self, context: Context) -> None:
        """Lend the engine's context for a run, which begins knowing nobody."""
        super().attach(context)
        self._directory = people.Directory(self.bots)
        self._groups = self._mapping = None

    def check(self) -> str:
        """Ask for one thread."""
        try:
            batch = next(self._api.archives(None, None, 1))
        except SourceError as error:
            raise self.explain(error) from error.__cause__
        return f"{self.url}: about {batch.at('found_chats')} threads in the archive"

    def inventory(self, stream: str) -> Inventory | None:
        """Return what the archive says about its threads; nothing about the other streams."""
        if stream != "chats":
            return None
        return Inventory(
            (Ticket,),
            count=self._count if self.start is None else None,
            fetch=self._fetch,
            columns=("status", "team_id", "requester_id", "created_at", "channel", "tags"),
            partial="the archive leaves out running threads, and those that retention took",
            unknown="deleted threads aren't told; ids aren't listed apart"
            + (
                ""
                if self.start is None
                else "; the whole archive's number says nothing about threads since `start`"
            ),
        )

    # --- configuration -----------------------------------------------------------------------------------

    @stream(Agent, optional=True)
    def agents(self, _since: Cursor | None) -> Iterator[Page]:
        """Read agents, suspended ones too."""
        rows = self._api.configured("list_agents", {"fields": ["groups", "suspended"]})
        self._directory.humans = set()
        page = self.page(rows, self.agent)
        self._directory.partial = any(people.has_odd_id(one.raw) for one in page.rejected)
        yield page

    @stream(Agent, optional=True)
    def chatbots(self, _since: Cursor | None) -> Iterator[Page]:
        """Read bots, by whose ids their messages are told from those of people."""
        yield self.page(self._api.configured("list_bots", {"all": True}), self.bot)

    @stream(Team, optional=True)
    def groups(self, _since: Cursor | None) -> Iterator[Page]:
        """Read groups."""
        self._groups = self._api.configured("list_groups")
        yield self.page(self._groups, people.team)

    @stream(RawRecord, optional=True)
    def tags(self, _since: Cursor | None) -> Iterator[Page]:
        """Read the tags that may be given; those on a chat come with it."""
        groups = self._groups if self._groups is not None else self._api.configured("list_groups")
        ids = [row["id"] for row in groups if isinstance(row, dict) and isinstance(row.get("id"), int)]
        for begin in range(0, len(ids), _GROUPS_A_REQUEST):
            asked = {"filters": {"group_ids": ids[begin : begin + _GROUPS_A_REQUEST]}}
            yield self.page(self._api.configured("list_tags", asked), self.tag)

    # --- chats -------------------------------------------------------------------------------------------

    @stream(*_CHAT)
    def chats(self, since: Cursor | None) -> Iterator[Page]:
        """Read archived threads: all at first, in slices; later those of the last days again, by tiers."""
        mapping = self._begin()
        now: datetime | None = None
        for window in self._windows(since):
            for batch in self._api.archives(window.begin, window.end, self.page_size):
                now = now or self.now()
                page = self.page(batch.items, self.chat)
                cursor = Cursor(window.token, now if window.end is None else None)
                yield replace(page, cursor=None if batch.at("next_page_id") else cursor, complete_until=now)
        self._tell(mapping)

    @stream(*_CHAT, optional=True)
    def running_chats(self, since: Cursor | None) -> Iterator[Page]:
        """Read the chats that run now, a request each where something happened, and those that ended."""
        if not self.running:
            raise StreamSkipped("`running = 0` leaves running chats out.", "Set it to read them.")
        mapping, state = self._begin(), Running.load(since.token if since else None)
        for batch in self._api.running(self.page_size):
            yield self.page(batch.items, state.see)
        changed = state.changed()
        read = {key for key in state.now if state.known.get(key) == state.now[key]}
        for chat, thread in changed[: self.running]:
            yield from self._one(chat, thread)
            read.add(thread)
        gone = state.gone()
        for begin in range(0, len(gone), THREADS_A_REQUEST):
            asked = gone[begin : begin + THREADS_A_REQUEST]
            rows = self._api.threads(asked)
            state.found(asked, rows)
            yield self.page(rows, self.chat)
        if len(changed) > self.running:
            self.note(
                f"{len(changed)} running chats changed and {self.running} were read; the next sync goes on "
                "(`running`)"
            )
        self._tell(mapping)
        yield Page((), Cursor(state.dump(read), None))

    # --- mappers, found by name when a row is tried again ------------------------------------------------

    def agent(self, row: Row) -> Agent:
        """Map a row of the list of agents."""
        return self._directory.agent(row)

    def bot(self, row: Row) -> Agent:
        """Map a row of the list of bots."""
        return self._directory.bot(row)

    def tag(self, row: Row) -> RawRecord:
        """Map a tag of the configuration."""
        if not isinstance(row["name"], str):
            raise TypeError("the name of a tag isn't a text")
        return RawRecord(id=f"tag:{row['name']}", stream="tags", kind="tag", raw=dict(row))

    def chat(self, row: Row) -> Iterator[Record]:
        """Map a chat with one thread."""
        yield from (self._mapping or self._begin()).chat(row)

    # --- how ---------------------------------------------------------------------------------------------

    @property
    def _api(self) -> Api:
        return Api(self.http, self.version)

    def _count(self) -> Tally:
        found = next(self._api.archives(None, None, 1)).at("found_chats")
        if not isinstance(found, int):
            raise BadResponse("The archive doesn't say how many threads it has.", "Sync again later.")
        return Tally(found, approximate="LiveChat calls its own number an estimate")

    def _fetch(self, ids: Sequence[str]) -> Iterator[Page]:
        self._begin()
        for begin in range(0, len(ids), THREADS_A_REQUEST):
            yield self.page(self._api.threads(ids[begin : begin + THREADS_A_REQUEST]), self.chat)

    def _begin(self) -> ChatMapping:
        """Return the mapping of a stream, which counts anew."""
        self._mapping = ChatMapping(self._directory, self._taste)
        return self._mapping

    def _windows(self, since: Cursor | None) -> Iterator[Window]:
        """Yield what is to be read: the slices of a first read, or the days that the tiers say."""
        token = since.token if since is not None else None
        resumed = unfinished(token)
        if token is not None and resumed is None:
            progress = Progress.load(token)
            begin, following = progress.next(self.heard() or progress.read, self._tiers)
            yield Window(begin, None, following.dump())
            return
        start = resumed[0] if resumed else since.watermark if since is not None else None
        oldest = None
        if start is None or self.heard() is None:  # the request also tells the server's time
            oldest = self._oldest()
        now = self.now()
        began = resumed[1] if resumed else now
        yield from first_windows(start, oldest or now, now, began)

    def _oldest(self) -> datetime | None:
        """Return an instant before the oldest thread, as far as the order of the archive can be trusted.

        It only says how the first read is cut: its first slice is open to the past.
        """
        rows = next(self._api.archives(None, None, 1)).items
        row = rows[0] if rows and isinstance(rows[0], dict) else {}
        try:
            return instant(part(row, "thread"), "created_at") - _EARLIER
        except (RecordError, KeyError, OverflowError):
            return None

    def _one(self, chat: str, thread: str) -> Iterator[Page]:
        """Read one running chat; one that is gone meanwhile is found in the archive."""
        try:
            found = self._api.chat(chat, thread)
        except SourceError as error:
            if error.data.get("status") not in {400, 404}:
                raise
            return
        yield self.page([found], self.chat)

    def _tell(self, mapping: ChatMapping) -> None:
        if mapping.restricted:
            self.note(
                f"LiveChat withholds {mapping.restricted} threads ({mapping.words}); they are in no answer, "
                "`raw_records` names them"
            )
