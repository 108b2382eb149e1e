"""Standing: how each source stands, as a table: what it holds, how far it is known, what went wrong."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from deskmetry.calendar import zone
from deskmetry.instants import from_milliseconds, to_milliseconds

from .output import Table
from .text import duration, instant, number

_NEW = timedelta(days=30)  # so long a field that came is told as new
_COLUMNS = (
    "source", "connector", "last sync", "known from", "known until", "behind", "tickets", "messages",
    "quarantined", "outcome",
)  # fmt: skip
_RARE = {"next try": "next_try_at", "new fields": "new_fields"}
_STATUS = """
SELECT s.name, s.connector, s.last_sync_at, s.known_from_at, s.complete_until_at,
  (SELECT count(*) FROM tickets AS t WHERE t.source_id = s.id AND t.merged_into IS NULL) AS tickets,
  (SELECT count(*) FROM messages AS m WHERE m.source_id = s.id) AS messages,
  (SELECT count(*) FROM quarantine AS q WHERE q.source_id = s.id) AS quarantined,
  (SELECT group_concat(DISTINCT r.outcome) FROM sync_runs AS r
    WHERE r.source_id = s.id AND r.run = (SELECT max(run) FROM sync_runs WHERE source_id = s.id)) AS outcome,
  (SELECT group_concat(r.reason, '; ') FROM sync_runs AS r WHERE r.reason IS NOT NULL
    AND r.source_id = s.id AND r.run = (SELECT max(run) FROM sync_runs WHERE source_id = s.id)) AS reason,
  (SELECT max(r.next_try_at) FROM sync_runs AS r
    WHERE r.source_id = s.id AND r.run = (SELECT max(run) FROM sync_runs WHERE source_id = s.id)) AS next_try,
  (SELECT json_group_array(f.stream || '.' || f.field) FROM stream_fields AS f
    WHERE f.source_id = s.id AND f.new AND f.first_seen_at >= :since) AS new_fields
FROM sources AS s ORDER BY s.name
"""


def status_table(connection: sqlite3.Connection, timezone: str, configured: Sequence[str]) -> Table:
    """Return how each source stands: what it holds, up to when it is known, how its last sync ended."""
    local, now = zone(timezone), datetime.now(UTC)
    since = to_milliseconds(now - _NEW)
    data = [_standing(row, now, configured) for row in connection.execute(_STATUS, {"since": since})]
    notes = [f"{row['source']}: {row['reason']}" for row in data if row["reason"]]
    synced = {row["source"] for row in data}
    notes += [
        f"{name} was never synced; `deskmetry sync {name}`." for name in configured if name not in synced
    ]
    notes += [
        f"{row['source']} isn't in the configuration any more." for row in data if not row["configured"]
    ]
    notes += [
        f"{row['source']} sent fields in the last {_NEW.days} days that it never sent before:"
        f" {', '.join(row['new_fields'])}; samples are in `raw_records`."
        for row in data
        if row["new_fields"]
    ]
    # What is rare gets a column only where there is something to say.
    rare = [name for name, key in _RARE.items() if any(row[key] for row in data)]
    columns = (*_COLUMNS, *rare)
    return Table(
        columns,
        [[_shown(row, local)[name] for name in columns] for row in data],
        data,
        frozenset((*_COLUMNS[5:9], "new fields")),
        solid=frozenset((*_COLUMNS[:5], "outcome", "next try")),
        spare=("connector", "behind", "last sync", "known from"),
        notes=notes,
        empty="No source was synced yet.",
    )


def _standing(row: tuple[Any, ...], now: datetime, configured: Sequence[str]) -> dict[str, Any]:
    name, connector, last, known, until, tickets, messages, bad, outcome, reason, again, fields = row
    complete = None if until is None else from_milliseconds(until)
    waits = again is not None and from_milliseconds(again) > now
    return {
        "source": name,
        "connector": connector,
        "configured": name in configured,
        "last_sync_at": _iso(last),
        "known_from": _iso(known),
        "complete_until": _iso(until),
        "lag_ms": None if complete is None else int((now - complete).total_seconds() * 1000),
        "tickets": tickets,
        "messages": messages,
        "quarantined": bad,
        "last_outcome": outcome,
        "reason": reason,
        "next_try_at": _iso(again) if waits else None,
        "new_fields": sorted(json.loads(fields)),
    }


def _shown(row: Mapping[str, Any], local: ZoneInfo) -> dict[str, str]:
    return {
        "source": row["source"],
        "connector": row["connector"],
        "last sync": instant(_at(row["last_sync_at"]), local),
        "known from": instant(_at(row["known_from"]), local).partition(" ")[0],
        "known until": instant(_at(row["complete_until"]), local),
        "behind": "–" if row["lag_ms"] is None else duration(row["lag_ms"]),
        "tickets": number(row["tickets"]),
        "messages": number(row["messages"]),
        "quarantined": number(row["quarantined"]),
        "outcome": row["last_outcome"] or "never run",
        "next try": instant(_at(row["next_try_at"]), local),
        "new fields": number(len(row["new_fields"])),
    }


def _at(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _iso(milliseconds: int | None) -> str | None:
    return None if milliseconds is None else from_milliseconds(milliseconds).isoformat()
