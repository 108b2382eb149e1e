"""Page: the unit that is committed, records of any kinds with the next cursor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ..errors import MostlyUnusable
from ..records.base import Record
from .cursor import Cursor

_BAD_AT_LEAST = 20  # so many bad records are always put up with
_BAD_SHARE = 0.1  # above that, this share of a run's records


def too_many_bad(bad: int, seen: int) -> bool:
    """Tell whether more records of a run are unusable than a few odd ones explain, so that it must stop."""
    return bad > max(_BAD_AT_LEAST, _BAD_SHARE * seen)


@dataclass(frozen=True, slots=True)
class Rejected:
    """One item that can't be mapped: what came, and why it can't be used.

    `mapper` is the name under which `Connector.mapper` finds what failed at it, for another try later.
    """

    raw: Any
    reason: str
    key: str | None = None
    mapper: str | None = None


@dataclass(frozen=True, slots=True)
class Whole:
    """With its page a run has named every row of these kinds that the source has.

    Rows that no page of the run named are gone: they get a tombstone where their table has one, else they
    are taken out. share: more than one row and more than this share of a kind (0 to 1), or all of it, gone at
    once is refused; hint: what the user can do then.
    """

    kinds: tuple[type[Record], ...]
    share: float = 0.1
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """What the engine commits at once.

    `cursor` is where the next run goes on once this page is committed; None leaves it where it was, as an
    unsorted stream does until its last page. `complete_until` is the instant up to which the stream is known
    completely after this page, for streams that know it better than "when the run began". `future` counts
    records dated after the server's own clock; they are stored, and never move the watermark. `shapes` holds
    one item for each set of field names that came, so that a field that is new is noticed. `whole`, on the
    last page of a stream that declares `listed` kinds, lets what the run didn't name be taken for deleted.
    """

    records: Sequence[Record]
    cursor: Cursor | None = None
    rejected: Sequence[Rejected] = field(default=())
    complete_until: datetime | None = None
    future: int = 0
    shapes: Mapping[tuple[str, ...], Mapping[str, Any]] = field(default_factory=dict, compare=False)
    whole: Whole | None = None

    def unusable(self, what: str, items: int | None = None) -> str:
        """Return how many of a first page's items can't be used, and why, as `check` tells it; "" if none.

        what: the items, for people, as "rows of orders.csv". items: how many the page was made of, where one
        makes several records. Raises MostlyUnusable if most are bad, or so many that a sync would stop here.
        """
        if not self.rejected:
            return ""
        bad, seen = len(self.rejected), len(self.records) + len(self.rejected)
        first = self.rejected[0]
        reason = first.reason if first.key is None else f"{first.key}: {first.reason}"
        items = seen if items is None else items
        if bad * 2 > items or too_many_bad(bad, seen):
            raise MostlyUnusable(what, bad, items, reason)
        return f"{bad:,} of {items:,} can't be used ({reason})"

    @classmethod
    def joined(cls, pages: Iterable[Page]) -> Page:
        """Return several pages as one, to be committed at once; without cursor and what goes with it."""
        records: list[Record] = []
        rejected: list[Rejected] = []
        shapes: dict[tuple[str, ...], Mapping[str, Any]] = {}
        future = 0
        for page in pages:
            records += page.records
            rejected += page.rejected
            shapes |= page.shapes
            future += page.future
        return cls(records, rejected=rejected, future=future, shapes=shapes)
