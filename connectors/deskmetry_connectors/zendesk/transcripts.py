"""Transcripts: conversations of messaging tickets, which no export has, from their conversation logs."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from deskmetry.connector import Cursor, Page
from deskmetry.errors import SourceError
from deskmetry.http.policy import Prior
from deskmetry.records import Message, RawRecord, Record, Session, from_epoch
from deskmetry.records.kinds import ActorKind, AutomaticKind, SessionEnd, SessionKind

from .reading import LIST_PAGE, Export, cursor_export, start_time
from .settings import ZendeskSettings
from .transcripts_due import Due, Part, Reached, Talk
from .via import channel_of

Row = Mapping[str, Any]
MESSAGE, COMMENT = "Messaging::ConversationMessage", "Comment"
A_PAGE = 50
"""Tickets whose conversations are committed together."""
_PRIOR = Prior("conversation logs", requests=100, seconds=60.0)
_KINDS: Mapping[str, ActorKind] = {
    "user": ActorKind.CUSTOMER,
    "end-user": ActorKind.CUSTOMER,
    "end_user": ActorKind.CUSTOMER,
    "agent": ActorKind.AGENT,
    "bot": ActorKind.BOT,
}
_TAG = re.compile(r"<[^>]*>")


class Transcripts:
    """One run over the messaging tickets that changed, within its budget of requests."""

    def __init__(self, desk: ZendeskSettings, due: Due, since: Cursor | None) -> None:
        self._desk = desk
        self._due = due
        self._reached = Reached.load(since.token if since is not None else None)
        self._mark = since.watermark if since is not None else None
        self._left = desk.transcript_requests
        self._known = self._reached
        # A cursor that was refused comes again as its watermark, as `start` does with a first read.
        first = self._mark is None or (desk.start is not None and self._mark.date() == desk.start)
        self._restarted = since is not None and since.token is None and not first
        self._changed: int | None = None

    def pages(self) -> Iterator[Page]:
        """Yield conversations, oldest change first; what the budget doesn't reach is for the next run."""
        for part in self._parts():
            talks = list(self._reached.left(part.talks))
            for begin in range(0, len(talks), A_PAGE):
                records: list[Page] = []
                for talk in talks[begin : begin + A_PAGE]:
                    if self._left <= 0:
                        yield from self._stopped(records)
                        return
                    records.append(self._conversation(talk))
                    self._reached = replace(self._reached, place=talk.place)
                yield self._together(records)
            self._reached = Reached(part.cursor)
            self._changed = part.changed or self._changed
        if self._due.started and self._due.stands is not None:
            # Own reading may have come further; what tickets saw in between is then read once more.
            self._reached = Reached(self._due.stands)
        if self._reached != self._known:
            yield Page((), self._cursor())

    def _parts(self) -> Iterator[Part]:
        """Yield the pages of tickets to go through: those of this run, where nothing before them is left."""
        if self._due.covers(self._reached, restarted=self._restarted):
            yield from self._due.parts
            return
        params = {"support_type_scope": "all"}
        export = Export("/api/v2/incremental/tickets/cursor.json", "tickets", params, self._desk.page_size)
        begin = start_time(self._mark, self._desk.now())
        cursor = None if self._restarted else self._due.resumes(self._reached)
        for piece in cursor_export(self._desk.http, export, begin, cursor):
            cursor = cursor if piece.token is None else piece.token
            yield Part.of(piece.rows, cursor)

    def _conversation(self, talk: Talk) -> Page:
        """Return one conversation; a ticket that is gone by now has none."""
        rows: list[Any] = []
        pages = self._desk.http.pages(
            f"/api/v2/tickets/{talk.ticket}/conversation_log",
            items="events",
            next_cursor="meta.after_cursor",
            cursor_param="page[after]",
            more="meta.has_more",
            page_size=("page[size]", LIST_PAGE),
            prior=_PRIOR,
        )
        try:
            for batch in pages:
                self._left -= 1
                rows += batch.items
        except SourceError as error:
            self._left -= 1
            if error.data.get("status") != 404 or "InvalidEndpoint" in str(error.data.get("words")):
                raise
        told = [{**row, "ticket_id": talk.ticket} if isinstance(row, Mapping) else row for row in rows]
        page = self._desk.page(told, LogMapping(self._desk.bot_ids).event)
        session = session_of(talk, [one for one in page.records if isinstance(one, Message)])
        return replace(page, records=[*page.records, *([session] if session else [])])

    def _stopped(self, read: list[Page]) -> Iterator[Page]:
        """Yield what was read when the budget was used up, and say up to where that is."""
        if read:
            yield self._together(read)
        place = self._reached.place
        until = (
            f" of tickets that changed until {from_epoch(seconds=place[0]):%Y-%m-%d %H:%M} UTC"
            if place
            else ""
        )
        self._desk.note(
            f"transcripts{until} are read, and those after it wait for the next syncs: "
            f"`transcript_requests` allows {self._desk.transcript_requests} a run"
        )

    def _together(self, pages: list[Page]) -> Page:
        records: list[Record] = [record for page in pages for record in page.records]
        rejected = [one for page in pages for one in page.rejected]
        shapes = {key: row for page in pages for key, row in page.shapes.items()}
        return Page(records, self._cursor(), rejected, shapes=shapes)

    def _cursor(self) -> Cursor:
        place = self._reached.place
        changed = place[0] if place else self._changed
        return Cursor(self._reached.dump(), None if changed is None else from_epoch(seconds=changed))


@dataclass(frozen=True, slots=True)
class LogMapping:
    """Events of a conversation log as messages. bots: ids of users who are programs."""

    bots: frozenset[str] = frozenset()

    def event(self, row: Row) -> Iterator[Record]:
        """Map one event; comments come with the ticket events, and other kinds are kept as they came."""
        if row["type"] == MESSAGE:
            yield self._message(row)
        elif row["type"] != COMMENT:
            yield RawRecord(id=f"log:{row['id']}", stream="transcripts", kind=str(row["type"]), raw=dict(row))

    def _message(self, row: Row) -> Message:
        author = row.get("author") or {}
        user, told = author.get("zen:support:user_id"), str(author.get("type") or "")
        known = isinstance(user, int) and user > 0
        kind = _KINDS.get(told.lower(), ActorKind.SYSTEM)
        if kind is ActorKind.AGENT and str(user) in self.bots:
            kind = ActorKind.BOT
        body, system = body_of(row), kind is ActorKind.SYSTEM
        return Message(
            id=row["id"],
            ticket_id=row["ticket_id"],
            sent_at=datetime.fromisoformat(row["created_at"]),
            author_kind=kind,
            role_seen=told or None,
            author_id=user if known else None,
            automatic=system,
            automatic_kind=AutomaticKind.NOTIFICATION if system else None,
            channel=_channel(row.get("source")),
            length=len(body),
            body=body,
        )


def session_of(talk: Talk, messages: Iterable[Message]) -> Session | None:
    """Return a conversation as a session; None if nobody said anything.

    Messaging knows no acceptance and no end of its own: a wait ends with the first human message, and the
    conversation with its last one, once the ticket is solved.
    """
    said = sorted((one for one in messages if not one.automatic), key=lambda one: one.sent_at)
    if not said:
        return None
    replies = [one for one in said if one.author_kind is ActorKind.AGENT]
    asked = next((one.sent_at for one in said if one.author_kind is ActorKind.CUSTOMER), said[0].sent_at)
    taken = bool(replies) or any(one.author_kind is ActorKind.BOT for one in said)
    return Session(
        id=f"messaging:{talk.ticket}",
        version=talk.changed,
        ticket_id=str(talk.ticket),
        kind=SessionKind.CHAT,
        asked_at=asked,
        ended_at=said[-1].sent_at if talk.solved else None,
        agent_id=replies[-1].author_id if replies else None,
        end=(SessionEnd.COMPLETED if taken else SessionEnd.MISSED) if talk.solved else None,
    )


def body_of(row: Row) -> str:
    """Return what a message says: its text, what was filled in, what could be chosen, names of files."""
    content = row.get("content") or {}
    for name in ("text", "body"):
        if isinstance(text := content.get(name), str) and text.strip():
            return html.unescape(_TAG.sub("", text)).strip() if content.get("type") == "html" else text
    lines = [*_lines(content.get("fields")), *_lines(content.get("items")), *_lines(content.get("actions"))]
    files = (str(one.get("file_name") or "") for one in row.get("attachments") or ())
    return "\n".join(filter(None, [*lines, *files]))


def _lines(rows: Any) -> Iterator[str]:
    """Yield the texts of a form's answers, a carousel's items or buttons."""
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, Mapping):
            reply = row.get("reply")
            given = row.get("text") or row.get("email") or row.get("title") or row.get("name") or ""
            yield str(reply.get("text") or "") if isinstance(reply, Mapping) else str(given)


def _channel(source: Any) -> str:
    """Return the channel that a message came through; Zendesk's own parts (`zd:…`) are messaging itself."""
    name = source.get("type") if isinstance(source, Mapping) else None
    own = not isinstance(name, str) or name.startswith("zd:")
    return "messaging" if own else channel_of(name) or "messaging"
