"""Helpers for tests of connectors: what a sync left in its database, and what each stream came to."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from deskmetry.sync import SyncReport


def rows(database: Path, sql: str, *values: Any) -> list[Any]:
    """Return what a query over a synced database says; single columns as plain values."""
    with closing(sqlite3.connect(database)) as connection:
        found = connection.execute(sql, values).fetchall()
    return [row[0] if len(row) == 1 else row for row in found]


def outcomes(report: SyncReport) -> dict[str, str]:
    """Return how each stream ended."""
    return {stream.stream: stream.outcome.value for stream in report.sources[0].streams}


def requests(report: SyncReport) -> dict[str, int]:
    """Return what each stream cost."""
    return {stream.stream: stream.requests for stream in report.sources[0].streams}
