"""Progress: where the reading of tickets stands, and which of their items were fetched already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from deskmetry.errors import CursorRefused

REMEMBERED = 2_000
"""Tickets whose fetched items are remembered beyond the days that are read again."""


class Fetched(NamedTuple):
    """What was fetched of a ticket: how many items, first and last id of the list, day of its last one."""

    number: int
    first: str
    last: str
    day: int  # date.toordinal()


@dataclass(slots=True)
class Progress:
    """What a run must know of the ones before it; it is the cursor's token, so it stays small.

    day: everything before it was read. whole: the first read is through. newest: at which end of
    `messages_ids` the newest one stands (`first` or `last`), once that is learnt. created: how an instant is
    written in `filter_created_at_*` (`date` or `epoch`). scanned: day of the last wide re-scan. fetched: by
    ticket. unsolved: ids of the tickets that were unsolved when last seen.
    """

    day: date | None = None
    whole: bool = False
    newest: str | None = None
    created: str | None = None
    scanned: date | None = None
    fetched: dict[str, Fetched] = field(default_factory=dict)
    unsolved: set[str] = field(default_factory=set)

    @classmethod
    def load(cls, token: Any) -> Progress:
        """Read a token; CursorRefused for one that isn't ours, so that the watermark serves."""
        if token is None:
            return cls()
        try:
            return cls(
                day=_day(token["day"]),
                whole=bool(token["whole"]),
                newest=token["newest"],
                created=token["created"],
                scanned=_day(token["scanned"]),
                fetched={key: Fetched(*value) for key, value in token["fetched"].items()},
                unsolved=set(token["unsolved"]),
            )
        except (TypeError, LookupError, ValueError, AttributeError):
            raise CursorRefused(
                "The cursor of the last run can't be read.", "The stream is read from its watermark."
            ) from None

    def dump(self) -> dict[str, Any]:
        """Return the token, a JSON value."""
        return {
            "day": self.day.isoformat() if self.day else None,
            "whole": self.whole,
            "newest": self.newest,
            "created": self.created,
            "scanned": self.scanned.isoformat() if self.scanned else None,
            "fetched": {key: list(value) for key, value in self.fetched.items()},
            "unsolved": sorted(self.unsolved),
        }

    def new_items(self, ticket: str, ids: Sequence[str]) -> Sequence[str] | None:
        """Return the ids that weren't fetched yet; None if nothing is remembered of the ticket.

        New ones stand at one end of the list, whichever that is; a list that grew otherwise is read whole.
        """
        known = self.fetched.get(ticket)
        if known is None:
            return None
        count = known.number
        if not count or len(ids) < count:
            return ids
        if ids[0] == known.first and ids[count - 1] == known.last:
            return ids[count:]
        if ids[-1] == known.last and ids[-count] == known.first:
            return ids[:-count]
        return ids

    def remember(self, ticket: str, ids: Sequence[str], day: date) -> None:
        """Note that all these items of a ticket were fetched."""
        first, last = (ids[0], ids[-1]) if ids else ("", "")
        self.fetched[ticket] = Fetched(len(ids), first, last, day.toordinal())

    def see(self, ticket: str, *, unsolved: bool) -> None:
        """Note whether a ticket is unsolved."""
        (self.unsolved.add if unsolved else self.unsolved.discard)(ticket)

    def forget(self, before: date) -> None:
        """Forget tickets whose last item is older than a day, all but the newest `REMEMBERED` of them."""
        old = [(value.day, key) for key, value in self.fetched.items() if value.day < before.toordinal()]
        for _, key in sorted(old)[: max(len(old) - REMEMBERED, 0)]:
            del self.fetched[key]


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def ids_of(row: Mapping[str, Any]) -> list[str]:
    """Return the ids of a ticket's items, each once, in the order in which they came."""
    found: Any = row.get("messages_ids") or []
    if not isinstance(found, list):
        raise ValueError("messages_ids is no list")
    return list(dict.fromkeys(str(one) for one in found))
