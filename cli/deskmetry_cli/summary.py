"""Summary: how a sync went and how the sources stand, as tables."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from deskmetry.calendar import zone
from deskmetry.errors import DeskmetryError, ExitCode
from deskmetry.instants import from_milliseconds
from deskmetry.sync import StreamReport, SyncReport

from .output import SCHEMA_VERSION, Table
from .text import duration, instant, number

_SYNC_COLUMNS = ("source", "stream", "outcome", "new", "changed", "same", "quarantined", "reason")
_STATUS = """
SELECT s.name, s.connector, s.last_sync_at, s.known_from_at, s.complete_until_at,
  (SELECT count(*) FROM tickets AS t WHERE t.source_id = s.id AND t.merged_into IS NULL) AS tickets,
  (SELECT count(*) FROM messages AS m WHERE m.source_id = s.id) AS messages,
  (SELECT count(*) FROM quarantine AS q WHERE q.source_id = s.id) AS quarantined,
  (SELECT group_concat(DISTINCT r.outcome) FROM sync_runs AS r
    WHERE r.source_id = s.id AND r.run = (SELECT max(run) FROM sync_runs WHERE source_id = s.id)) AS outcome,
  (SELECT group_concat(r.reason, '; ') FROM sync_runs AS r WHERE r.reason IS NOT NULL
    AND r.source_id = s.id AND r.run = (SELECT max(run) FROM sync_runs WHERE source_id = s.id)) AS reason
FROM sources AS s ORDER BY s.name
"""


def sync_table(
    report: SyncReport, timezone: str, faults: Mapping[str, DeskmetryError], code: ExitCode
) -> Table:
    """Return what a sync did, a row a stream; `faults` are those of sources that couldn't even be begun."""
    rows = [(source, stream) for source in report.sources for stream in source.streams]
    data = [
        {"source": source.source, "connector": source.connector, **_stream(stream)} for source, stream in rows
    ]
    shown = [
        [
            source.source,
            stream.stream,
            str(stream.outcome),
            number(stream.written.new),
            number(stream.written.changed),
            number(stream.written.same),
            number(stream.quarantined),
            "; ".join(filter(None, [stream.reason, *stream.notes])),
        ]
        for source, stream in rows
    ]
    ended = report.ended_at or report.started_at
    took = duration((ended - report.started_at).total_seconds() * 1000)
    notes = [
        f"{source.source} is known until {instant(source.complete_until, zone(timezone))} ({timezone})."
        for source in report.sources
        if source.complete_until is not None
    ]
    notes.append(
        f"Run {report.run} took {took}; facts of {number(report.facts)} tickets were brought up to date."
    )
    right = frozenset(_SYNC_COLUMNS[3:7])
    return Table(
        _SYNC_COLUMNS,
        shown,
        data,
        right,
        solid=frozenset(_SYNC_COLUMNS[:3]),
        spare=("stream",),
        notes=notes,
        whole=_run(report, data, faults, int(code)),
        empty="No source was read.",
    )


def _run(
    report: SyncReport, streams: Sequence[Mapping[str, Any]], faults: Mapping[str, DeskmetryError], code: int
) -> dict[str, Any]:
    ended = report.ended_at or report.started_at
    failed = {source.source: source.error for source in report.sources if source.error is not None}
    return {
        "schema_version": SCHEMA_VERSION,
        "run": report.run,
        "started_at": report.started_at.isoformat(),
        "ended_at": ended.isoformat(),
        "facts": report.facts,
        "exit_code": code,
        "sources": [
            {
                "source": source.source,
                "connector": source.connector,
                "outcome": str(source.outcome),
                "complete_until": source.complete_until.isoformat() if source.complete_until else None,
            }
            for source in report.sources
        ],
        "errors": [
            {"source": name, "code": error.code, "message": error.message, "hint": error.hint}
            for name, error in {**failed, **faults}.items()
        ],
        "streams": list(streams),
    }


def _stream(stream: StreamReport) -> dict[str, Any]:
    return {
        "stream": stream.stream,
        "outcome": str(stream.outcome),
        "reason": stream.reason,
        "notes": list(stream.notes),
        "pages": stream.pages,
        "new": stream.written.new,
        "changed": stream.written.changed,
        "same": stream.written.same,
        "quarantined": stream.quarantined,
        "future": stream.future,
        "requests": stream.requests,
        "retries": stream.retries,
        "seconds_waited": round(stream.seconds_waited, 3),
    }


def status_table(connection: sqlite3.Connection, timezone: str, configured: Sequence[str]) -> Table:
    """Return how each source stands: what it holds, up to when it is known, how its last sync ended."""
    local, now = zone(timezone), datetime.now(UTC)
    data = [_standing(row, now, configured) for row in connection.execute(_STATUS)]
    shown = [_shown(row, local) for row in data]
    notes = [f"{row['source']}: {row['reason']}" for row in data if row["reason"]]
    synced = {row["source"] for row in data}
    notes += [
        f"{name} was never synced; `deskmetry sync {name}`." for name in configured if name not in synced
    ]
    notes += [
        f"{row['source']} isn't in the configuration any more." for row in data if not row["configured"]
    ]
    columns = (
        "source", "connector", "last sync", "known from", "known until", "behind", "tickets", "messages",
        "quarantined", "outcome",
    )  # fmt: skip
    return Table(
        columns,
        shown,
        data,
        frozenset(columns[5:9]),
        solid=frozenset((*columns[:5], "outcome")),
        spare=("connector", "behind", "last sync", "known from"),
        notes=notes,
        empty="No source was synced yet.",
    )


def _standing(row: tuple[Any, ...], now: datetime, configured: Sequence[str]) -> dict[str, Any]:
    name, connector, last, known, until, tickets, messages, bad, outcome, reason = row
    complete = None if until is None else from_milliseconds(until)
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
    }


def _shown(row: Mapping[str, Any], local: ZoneInfo) -> list[str]:
    return [
        row["source"],
        row["connector"],
        instant(_at(row["last_sync_at"]), local),
        instant(_at(row["known_from"]), local).partition(" ")[0],
        instant(_at(row["complete_until"]), local),
        "–" if row["lag_ms"] is None else duration(row["lag_ms"]),
        number(row["tickets"]),
        number(row["messages"]),
        number(row["quarantined"]),
        row["last_outcome"] or "never run",
    ]


def _at(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _iso(milliseconds: int | None) -> str | None:
    return None if milliseconds is None else from_milliseconds(milliseconds).isoformat()
