"""Sources: which of them an answer rests on, from when to when each is known, and what none can give."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from ..errors import MetricError
from ..instants import from_milliseconds
from ..metric import ANSWERS, OFFERS, Fact
from .result import History

DEFAULT_ZONE = "UTC"
_SURVEYS = (ANSWERS, OFFERS)


@dataclass(frozen=True, slots=True)
class Source:
    """A row of `sources`, as far as an answer needs it; instants in milliseconds.

    known_from: None where it is known from its beginning. complete_until: None if never synced completely.
    """

    id: int
    name: str
    connector: str
    known_from: int | None
    complete_until: int | None
    capabilities: Mapping[str, Any]

    def gives(self, what: str) -> bool:
        """Tell whether it may have something: unless it says that it has not."""
        return self.capabilities.get(what, True) is not False

    def history(self, zone: ZoneInfo) -> History:
        """Return from when to when the source is known, in the zone."""
        if self.complete_until is None:
            raise ValueError(f"{self.name} was never synced completely")
        since = None if self.known_from is None else instant(self.known_from, zone)
        return History(self.name, self.connector, since, instant(self.complete_until, zone))


def instant(milliseconds: int, zone: ZoneInfo) -> datetime:
    """Return milliseconds since 1970 UTC as an aware instant in the zone."""
    return from_milliseconds(milliseconds).astimezone(zone)


def read_sources(connection: sqlite3.Connection) -> tuple[Source, ...]:
    """Return all sources in the database, by name; MetricError if it has no such table."""
    rows = _read(
        connection,
        "SELECT id, name, connector, known_from_at, complete_until_at, capabilities FROM sources"
        " ORDER BY name, id",
    )
    return tuple(
        Source(id_, name, connector, known_from, complete_until, _capabilities(text))
        for id_, name, connector, known_from, complete_until, text in rows
    )


def stored_zone(connection: sqlite3.Connection) -> str:
    """Return the zone whose local days the facts hold."""
    rows = _read(connection, "SELECT value FROM facts_state WHERE key = 'timezone'")
    return str(rows[0][0]) if rows else DEFAULT_ZONE


def _read(connection: sqlite3.Connection, sql: str) -> list[tuple[Any, ...]]:
    try:
        return connection.execute(sql).fetchall()
    except sqlite3.OperationalError as error:
        raise MetricError(
            f"The database can't be asked: {error}.",
            "`deskmetry sync` makes what is missing, or `deskmetry rebuild`.",
        ) from error


def _capabilities(text: object) -> Mapping[str, Any]:
    value = json.loads(text) if isinstance(text, str) and text else {}
    return value if isinstance(value, dict) else {}


def holding(sources: Sequence[Source], fact: Fact | None) -> tuple[Source, ...]:
    """Return the sources that an answer over a fact is about.

    Files of orders or costs hold no tickets, and answers to surveys are given where tickets or surveys are.
    """
    gives = ("tickets", "ratings") if fact in _SURVEYS else ("tickets",)
    return tuple(one for one in sources if any(one.gives(name) for name in gives))


def limiting(sources: Sequence[Source], fact: Fact | None) -> tuple[Source, ...]:
    """Return the sources that an answer must wait for: not a mailbox, say, where ratings are asked for."""
    kept = sources if fact not in _SURVEYS else [one for one in sources if one.gives("ratings")]
    return tuple(kept) or tuple(sources)


def set_aside(connection: sqlite3.Connection, sources: Sequence[Source]) -> list[str]:
    """Return a sentence for each source of which records couldn't be used."""
    if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'quarantine'").fetchone():
        return []  # facts alone, as somebody may hand them on
    counts = dict(_read(connection, "SELECT source_id, count(*) FROM quarantine GROUP BY source_id"))
    return [
        f"{source.name}: records set aside, as they can't be used: {counts[source.id]:,}"
        " (`deskmetry quarantine list`)."
        for source in sources
        if source.id in counts
    ]


def warnings_about(
    sources: Collection[Source], complete: Collection[Source], needs: Collection[str]
) -> list[str]:
    """Return a sentence for each source that is left out, can't give what is needed, or only infers it."""
    found = [
        f"{source.name} is left out: it was never synced completely."
        for source in sources
        if source not in complete
    ]
    for source in complete:
        reasons = source.capabilities.get("reasons") or {}
        for need in sorted(set(needs)):
            has = source.capabilities.get(need)
            if has is False or (isinstance(has, Mapping) and not any(has.values())):
                why = f": {reasons[need]}" if reasons.get(need) else "."
                found.append(f"{source.name} ({source.connector}) can't give {need.replace('_', ' ')}{why}")
            elif has == "inferred":
                found.append(
                    f"{source.name}: the {need.replace('_', ' ')} is inferred by rules, not reported."
                )
            elif has == "observed":
                found.append(
                    f"{source.name}: the {need.replace('_', ' ')} is observed between syncs, not reported."
                )
    return found
