"""Summary: how a sync went, as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from deskmetry.calendar import zone
from deskmetry.errors import DeskmetryError, ExitCode
from deskmetry.sync import StreamReport, SyncReport

from .output import SCHEMA_VERSION, Table
from .text import duration, instant, number

_SYNC_COLUMNS = ("source", "stream", "outcome", "new", "changed", "same", "quarantined", "reason")


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
        "new_fields": list(stream.new_fields),
        "next_try_at": stream.next_try_at.isoformat() if stream.next_try_at else None,
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
