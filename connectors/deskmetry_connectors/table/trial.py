"""Trial: a file of cases that a helpdesk writes, so that the connector can be graded."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

from deskmetry.testing import Trial

from .connector import Table

_HEADER = ("Case", "Opened", "State", "Subject", "Mail")
_BEGAN = datetime(2026, 3, 2, 9, tzinfo=UTC)
_GROWTH = 12  # cases a step: more than two pages
_SETTINGS: Mapping[str, Any] = {
    "into": "tickets",
    "columns": {
        "id": "Case",
        "created_at": "Opened",
        "status": {"column": "State", "map": {"waiting": "open", "done": "solved"}},
        "subject": "Subject",
        "requester_email": "Mail",
    },
}


class SmallPages(Table):
    """Cases in a file; a few rows at a time."""

    page_rows: ClassVar[int] = 5


class FileWorld:
    """A CSV file that is written anew with every change, as exports are."""

    url = ""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._now = _BEGAN
        self._written = 0  # times
        self._rows: dict[str, dict[str, str]] = {}
        self._gone: set[str] = set()
        self.grow()
        self.grow()

    def grow(self) -> None:
        """Have cases opened, two at a time in one second."""
        for number in range(_GROWTH):
            self._now += timedelta(seconds=number % 2)
            self._open(self._now)
        self._write()

    def edit(self) -> None:
        """Have a case change its subject."""
        row = next(iter(self._rows.values()))
        row["Subject"] += " again"
        self._write()

    def late(self) -> bool:
        """Have a case appear that was opened before all others."""
        self._open(_BEGAN - timedelta(days=1))
        self._write()
        return True

    def delete(self) -> bool:
        """Take a case out of the file."""
        gone = next(iter(self._rows))
        del self._rows[gone]
        self._gone.add(gone)
        self._write()
        return True

    def wipe(self) -> bool:
        """Have the file written with nothing but its header."""
        self._gone.update(self._rows)
        self._rows.clear()
        self._write()
        return True

    def advance(self, seconds: float) -> None:
        """Let time pass between cases."""
        self._now += timedelta(seconds=seconds)

    def truth(self) -> Mapping[str, frozenset[str]]:
        """Return the cases that were ever in the file, and who asked."""
        asked = frozenset(row["Mail"] for row in self._rows.values())
        return {"tickets": frozenset(self._rows) | self._gone, "customers": asked}

    def gone(self) -> Mapping[str, frozenset[str]]:
        """Return the cases that were taken out."""
        return {"tickets": frozenset(self._gone)}

    def requests(self) -> int:
        """Return that no server is asked."""
        return 0

    def _open(self, at: datetime) -> None:
        number = len(self._rows) + len(self._gone) + 1
        self._rows[f"C-{number}"] = {
            "Case": f"C-{number}",
            "Opened": at.isoformat(),
            "State": "waiting" if number % 3 else "done",
            "Subject": f"Question {number}; and one more",
            "Mail": f"customer{number % 7}@example.org",
        }

    def _write(self) -> None:
        self._written += 1
        with self.path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, _HEADER, delimiter=";")
            writer.writeheader()
            writer.writerows(self._rows.values())
        # Long ago, so that nothing is taken for half written; another time with each change, as clocks go.
        at = self._now.timestamp() + self._written
        os.utime(self.path, (at, at))


@contextmanager
def trial() -> Iterator[Trial]:
    """Yield the connector before a file of its own."""
    with TemporaryDirectory(prefix="deskmetry-table-") as folder:
        world = FileWorld(Path(folder) / "cases.csv")
        yield Trial(
            world=world,
            connector=lambda _url: SmallPages.model_validate({"path": world.path, **_SETTINGS}),
        )
