"""Windows: spans of days that are read one after the other, longer where little happens."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

_FIRST, _LONGEST = 7, 90  # days
_FEW, _MANY = 200, 1_000  # rows of a window after which the next one is twice, or half, as long


@dataclass(frozen=True, slots=True)
class Window:
    """The days from `begin` to `end`, both within it; without end up to now and on."""

    begin: date
    end: date | None

    def filters(self, name: str) -> dict[str, Any]:
        """Return the parameters that ask for it; eDesk counts both days in."""
        return {f"filter_{name}_gte": self.begin, f"filter_{name}_lte": self.end}


@dataclass(slots=True)
class Windows:
    """The windows from a day to today, UTC; `rows` is told after each how many rows it had.

    overlap: days by which the account's own days may be off. The last window is open, and no closed one
    reaches into what is still today somewhere.
    """

    begin: date
    today: date
    overlap: int
    rows: int = 0

    def __iter__(self) -> Iterator[Window]:
        begin, length = self.begin, _FIRST
        last_closed = self.today - timedelta(days=1 + self.overlap)
        while (end := begin + timedelta(days=length - 1)) <= last_closed:
            yield Window(begin, end)
            begin = end + timedelta(days=1)
            if self.rows < _FEW:
                length = min(length * 2, _LONGEST)
            elif self.rows > _MANY:
                length = max(length // 2, 1)
        yield Window(begin, None)
