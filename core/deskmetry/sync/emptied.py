"""Emptied: a source that was read in full and gave nothing, where it had given rows before."""

from __future__ import annotations

import sqlite3

from ..connector import Connector
from ..errors import SourceEmptied
from ..records import RawRecord
from .report import Outcome, SourceReport, StreamReport


def refuse_emptied(
    connection: sqlite3.Connection, source: int, connector: Connector, report: SourceReport
) -> StreamReport | None:
    """Fail a source that was read in full and gave nothing although it has rows here; return what to log.

    An account that was mistaken or wiped must not pass as one that is known completely.
    """
    if report.outcome is not Outcome.OK or any(stream.gave for stream in report.streams):
        return None
    kinds = {kind for info in connector.streams().values() for kind in info.records} - {RawRecord}
    held = rows_held(connection, source, [kind.table for kind in kinds])
    read = next((stream for stream in report.streams if stream.outcome is Outcome.OK), None)
    if not held or read is None:
        return None
    report.error = SourceEmptied(report.source, held)
    read.outcome, read.reason = Outcome.FAILED, str(report.error)
    return read


def rows_held(connection: sqlite3.Connection, source: int, tables: list[str]) -> int:
    """Return how many rows of a source these tables of records hold."""
    return sum(
        int(
            connection.execute(f'SELECT count(*) FROM "{table}" WHERE source_id = ?', (source,)).fetchone()[0]
        )
        for table in tables
    )
