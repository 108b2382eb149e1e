"""Transcripts due: which messaging tickets changed, and up to where their conversations were read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from deskmetry.connector import Cursor
from deskmetry.errors import CursorRefused

from .pages import objects

_SOLVED = frozenset({"solved", "closed"})
_DELETED = "deleted"


class Talk(NamedTuple):
    """A messaging ticket as the ticket export gave it; tickets come in the order of the first two."""

    changed: int
    ticket: int
    solved: bool

    @property
    def place(self) -> tuple[int, int]:
        """Where it stands in the export."""
        return self.changed, self.ticket


class Part(NamedTuple):
    """The messaging tickets of one page of the ticket export, the cursor after it, and its last change."""

    talks: list[Talk]
    cursor: str | None
    changed: int | None

    @classmethod
    def of(cls, rows: Iterable[Any], cursor: str | None) -> Part:
        """Return what a page holds of messaging; instants are Unix seconds."""
        stamps = (row.get("generated_timestamp") for row in objects(rows))
        return cls(talks_in(rows), cursor, max((at for at in stamps if isinstance(at, int)), default=None))


@dataclass(slots=True)
class Due:
    """What the stream of tickets saw of messaging, in this run and before it.

    began: the cursor that this run's reading of tickets began with, None for their beginning. first: the
    cursor before the first page that ever held a messaging ticket, in a list; None if none ever did; it goes
    with the token of the stream of tickets. known: whether `first` can be relied on. whole: the reading began
    where the first sync does.
    """

    began: str | None = None
    started: bool = False
    known: bool = False
    whole: bool = False
    first: list[str | None] | None = None
    none_before: bool = False
    parts: list[Part] = field(default_factory=list)

    def begin(self, since: Cursor | None, cursor: Any, start: date | None) -> None:
        """Note where the stream of tickets begins. start: how far back the first sync reads."""
        token = since.token if since is not None else None
        mark = since.watermark if since is not None else None
        self.whole = token is None and (mark is None or (start is not None and mark.date() == start))
        if isinstance(token, Mapping) and "messaging" in token:
            self.known, self.first = True, token["messaging"]
            self.none_before = self.first is None
        elif self.whole or not self.started:  # else a cursor was refused: what it remembered still holds
            self.known, self.first, self.none_before = self.whole, None, False
        self.began, self.started, self.parts = cursor, True, []

    def see(self, rows: Iterable[Any], cursor: Any) -> None:
        """Note a page of tickets. cursor: where the next one begins, None where this one did."""
        before = self.stands
        part = Part.of(rows, before if cursor is None else cursor)
        if part.talks and self.first is None:
            self.first = [before]
        self.parts.append(part)

    def dump(self) -> dict[str, Any]:
        """Return what the token of the stream of tickets remembers of it."""
        return {"messaging": self.first} if self.known else {}

    @property
    def stands(self) -> str | None:
        """The cursor up to which tickets were read."""
        return self.parts[-1].cursor if self.parts else self.began

    def covers(self, reached: Reached, *, restarted: bool = False) -> bool:
        """Tell whether what this run saw is all that is due: nothing before it is left to be read.

        restarted: the cursor of the transcripts was refused, so that where they stand isn't known.
        """
        if not self.started or reached.place is not None:
            return False
        joins = self.whole if reached.cursor is None else self.began == reached.cursor
        return self.none_before or (joins and not restarted)

    def resumes(self, reached: Reached) -> str | None:
        """Return the cursor to look from: where reading stopped, else before the first messaging ticket."""
        if reached.cursor is not None or not self.known or self.first is None:
            return reached.cursor
        return self.first[0]


@dataclass(frozen=True, slots=True)
class Reached:
    """Up to where transcripts were read: all before the cursor, and of the page after it up to a place."""

    cursor: str | None = None
    place: tuple[int, int] | None = None

    @classmethod
    def load(cls, token: Any) -> Reached:
        """Read a token; CursorRefused for one that isn't ours, so that the watermark serves."""
        if token is None:
            return cls()
        if isinstance(token, Mapping):
            match token.get("cursor"), token.get("place"):
                case (None | str()) as cursor, None:
                    return cls(cursor)
                case (None | str()) as cursor, [int(changed), int(ticket)]:
                    return cls(cursor, (changed, ticket))
        raise CursorRefused(
            "The cursor of the last run can't be read.", "The stream is read from its watermark."
        )

    def dump(self) -> dict[str, Any]:
        """Return the token, a JSON value; as short with a million tickets to come as with none."""
        return {"cursor": self.cursor, "place": list(self.place) if self.place else None}

    def left(self, talks: Iterable[Talk]) -> Iterator[Talk]:
        """Yield those of a page that weren't read yet."""
        return (one for one in talks if self.place is None or one.place > self.place)


def talks_in(rows: Iterable[Any]) -> list[Talk]:
    """Return the messaging tickets among rows of the ticket export; deleted ones have no conversation."""
    return sorted(
        Talk(changed, ticket, row.get("status") in _SOLVED)
        for row in objects(rows)
        if row.get("from_messaging_channel") is True and row.get("status") != _DELETED
        if isinstance(ticket := row.get("id"), int)
        and isinstance(changed := row.get("generated_timestamp"), int)
    )
