"""Settle: what a run taught about a source: what it can't give, and which rows its lists name no more."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field

from ..connector import Connector, Page, StreamInfo
from .report import Outcome

_OF_RATINGS = ("nps", "survey_offers")  # nothing without ratings


def capabilities_of(connection: sqlite3.Connection, source: int, connector: Connector) -> str:
    """Return what a source can give, as JSON: what its connector declares less what was skipped of late.

    `reasons` in it says why, by capability, in the words of the stream that was skipped.
    """
    found = asdict(connector.capabilities)
    ended: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for name, info in connector.streams().items():
        if info.gives is not None:
            ended[info.gives].append(_last_end(connection, source, name))
    reasons = {
        what: ends[0][1]
        for what, ends in ended.items()
        if all(outcome == Outcome.SKIPPED for outcome, _ in ends)
    }
    found |= dict.fromkeys(reasons, False)
    for what in _OF_RATINGS if not found["ratings"] else ():
        if found[what] and "ratings" in reasons:
            reasons[what] = reasons["ratings"]
        found[what] = False
    return json.dumps(found | ({"reasons": reasons} if reasons else {}))


def settle(connection: sqlite3.Connection, source: int, connector: Connector) -> None:
    """Keep with the source what it can give, once its streams have ended."""
    text = capabilities_of(connection, source, connector)
    connection.execute(
        "UPDATE sources SET capabilities = ? WHERE id = ? AND capabilities IS NOT ?", (text, source, text)
    )


def _last_end(connection: sqlite3.Connection, source: int, stream: str) -> tuple[str, str]:
    """Return how a stream ended when it was last read or skipped, and why."""
    row = connection.execute(
        "SELECT outcome, reason FROM sync_runs WHERE source_id = ? AND stream = ? AND outcome IN (?, ?)"
        " ORDER BY run DESC LIMIT 1",
        (source, stream, Outcome.OK, Outcome.SKIPPED),
    ).fetchone()
    return ("", "") if row is None else (str(row[0]), str(row[1] or ""))


@dataclass(slots=True)
class WholeLists:
    """Which rows the lists of one stream named in a run, for the kinds that it declares as read whole."""

    seen: dict[str, set[str]] = field(default_factory=dict)
    usable: bool = True

    def note(self, info: StreamInfo, pages: Iterable[Page]) -> None:
        """Note the rows of some pages. A record that was set aside may be any: the list isn't whole then."""
        for page in pages:
            self.usable = self.usable and not page.rejected
            for kind in info.whole:
                ids = self.seen.setdefault(kind.table, set())
                ids.update(record.id for record in page.records if type(record) is kind)

    def forget_others(
        self, connection: sqlite3.Connection, source: int, *, full: bool
    ) -> tuple[int, list[str]]:
        """Take out the rows that no page named; return how many there were, and what to tell people.

        Nothing is taken out if there was no page. A list that came empty where it wasn't is as likely a fault
        over there: its rows stay, and a full read is what believes it.
        """
        gone, told = 0, list[str]()
        for table, ids in self.seen.items() if self.usable else ():
            held = f'"{table}" WHERE source_id = ?'
            if not ids and not full:
                (rows,) = connection.execute(f"SELECT count(*) FROM {held}", (source,)).fetchone()
                told += [_EMPTY.format(table=table, rows=rows)] if rows else []
                continue
            sql = f"DELETE FROM {held} AND id NOT IN (SELECT value FROM json_each(?))"
            gone += connection.execute(sql, (source, json.dumps(sorted(ids)))).rowcount
        return gone, told


_EMPTY = (
    "none of {table} came, and {rows} are known: they stay; if they are gone there, `sync --full` takes them"
    " out"
)
