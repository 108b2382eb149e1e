"""State: sources, cursors and the run log, as the engine keeps them in the database."""

from __future__ import annotations

import json
import os
import platform
import socket
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime, time

from ..connector import Connector, Cursor, Rejected
from ..errors import ConfigurationError
from ..records import from_milliseconds, to_milliseconds
from ..records.base import clean_text
from ..version import __version__
from .quarantine import quarantined
from .report import Outcome, StreamReport

_MAX_WORDS = 2000  # characters kept of a reason or a key


def register(connection: sqlite3.Connection, name: str, connector: Connector, now: datetime) -> int:
    """Return the id of a source, making its row.

    Raises ConfigurationError for a second source on one account, and for a source on another account.
    """
    account, rules = str(connector.account()), connector.mail_rules()
    values = {
        "connector": connector.name,
        "account": account,
        "address": account,
        "capabilities": json.dumps(asdict(connector.capabilities)),  # until the run has settled them
        "mail_rules": rules.model_dump_json() if rules else None,
    }
    _refuse_twin(connection, name, connector.name, account)
    row = connection.execute(
        "SELECT id, connector, account, mail_rules FROM sources WHERE name = ?", (name,)
    ).fetchone()
    if row is None:
        connection.execute(
            "INSERT INTO sources (name, connector, account, address, capabilities, mail_rules, first_sync_at)"
            " VALUES (:name, :connector, :account, :address, :capabilities, :mail_rules, :now)",
            {**values, "name": name, "now": to_milliseconds(now)},
        )
        return int(connection.execute("SELECT id FROM sources WHERE name = ?", (name,)).fetchone()[0])
    if row[1] == connector.name and row[2] != account and connector.account_may_change:
        connection.execute(
            "UPDATE sources SET account = ?, address = ? WHERE id = ?", (account, account, row[0])
        )
        connection.execute("DELETE FROM sync_state WHERE source_id = ?", (row[0],))
    elif row[1:3] != (connector.name, account):
        raise ConfigurationError(
            f"Source {name!r} was {row[1]} on {row[2]} and is now {connector.name} on {account}.",
            "Give the new account a name of its own: the records of two accounts never mix in one source.",
            source=name,
        )
    changed = "UPDATE sources SET mail_rules = ? WHERE id = ? AND mail_rules IS NOT ?"
    connection.execute(changed, (values["mail_rules"], row[0], values["mail_rules"]))
    if row[3] != values["mail_rules"]:
        # Other rules make other threads of the same mails.
        mails = (
            "INSERT OR IGNORE INTO dirty"
            " SELECT 'mail', source_id, mail_id FROM message_headers WHERE source_id = ?"
        )
        connection.execute(mails, (row[0],))
    return int(row[0])


def _refuse_twin(connection: sqlite3.Connection, name: str, connector: str, account: str) -> None:
    twin = connection.execute(
        "SELECT name FROM sources WHERE connector = ? AND account = ? AND name <> ?",
        (connector, account, name),
    ).fetchone()
    if twin:
        raise ConfigurationError(
            f"Source {name!r} reads the same {connector} account as {twin[0]!r} ({account}).",
            "Every message would count twice: keep one of the two sources, or rename it back.",
            source=name,
        )


def link_tickets(connection: sqlite3.Connection, tickets: Mapping[str, str | None]) -> None:
    """Note of each source (by name) that of whose tickets its surveys are about; None: its own.

    It is noted by number, so that it stays when that source is renamed. One that was never read yet is noted
    once it was.
    """
    named = "(SELECT id FROM sources WHERE name = :tickets)"
    connection.executemany(
        f"UPDATE sources SET tickets_source_id = {named}"
        f" WHERE name = :name AND tickets_source_id IS NOT {named}",
        [{"name": name, "tickets": other} for name, other in tickets.items()],
    )


def load_cursor(connection: sqlite3.Connection, source: int, stream: str) -> Cursor | None:
    """Return where a stream stopped, or None if it never committed a cursor."""
    row = connection.execute(
        "SELECT token, watermark_at FROM sync_state WHERE source_id = ? AND stream = ?", (source, stream)
    ).fetchone()
    if row is None:
        return None
    token = json.loads(row[0]) if row[0] is not None else None
    return Cursor(token, from_milliseconds(row[1]) if row[1] is not None else None)


def save_cursor(connection: sqlite3.Connection, source: int, stream: str, cursor: Cursor, run: int) -> None:
    """Store where a stream stopped; neither half ever goes back to nothing."""
    token = json.dumps(cursor.token, sort_keys=True) if cursor.token is not None else None
    mark = to_milliseconds(cursor.watermark) if cursor.watermark is not None else None
    connection.execute(
        "INSERT INTO sync_state (source_id, stream, token, watermark_at, run) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (source_id, stream) DO UPDATE SET token = coalesce(excluded.token, token),"
        " watermark_at = coalesce(excluded.watermark_at, watermark_at), run = excluded.run",
        (source, stream, token, mark, run),
    )


def complete_stream(
    connection: sqlite3.Connection, source: int, stream: str, until: datetime, run: int
) -> None:
    """Note up to when a stream is known completely; it never goes back."""
    at = to_milliseconds(until)
    connection.execute(
        "INSERT INTO sync_state (source_id, stream, complete_until_at, run) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (source_id, stream) DO UPDATE SET run = excluded.run,"
        " complete_until_at = max(coalesce(complete_until_at, 0), excluded.complete_until_at)",
        (source, stream, at, run),
    )


def complete_source(
    connection: sqlite3.Connection, source: int, connector: Connector, streams: list[str], now: datetime
) -> datetime | None:
    """Note up to when a source is known: the oldest of the streams that were read; and from when on."""
    marks = ", ".join("?" for _ in streams)
    sql = (
        f"SELECT count(*), min(complete_until_at) FROM sync_state WHERE source_id = ? AND stream IN ({marks})"
    )
    count, until = connection.execute(sql, (source, *streams)).fetchone()
    if not streams or count < len(streams) or until is None:
        return None
    connection.execute(
        "UPDATE sources SET last_sync_at = ?, complete_until_at = max(coalesce(complete_until_at, 0), ?),"
        " known_from_at = ? WHERE id = ?",
        (to_milliseconds(now), until, _known_from(connection, source, connector), source),
    )
    return from_milliseconds(until)


def _known_from(connection: sqlite3.Connection, source: int, connector: Connector) -> int | None:
    if connector.start is not None:
        return to_milliseconds(datetime.combine(connector.start, time(), UTC))
    oldest = connection.execute(
        "SELECT min(at) FROM (SELECT min(created_at) AS at FROM tickets WHERE source_id = :source"
        " UNION ALL SELECT min(sent_at) FROM messages WHERE source_id = :source)",
        {"source": source},
    ).fetchone()[0]
    return None if oldest is None else int(oldest)


def next_run(connection: sqlite3.Connection) -> int:
    """Return the number of a new run, marking runs that never ended as killed."""
    connection.execute(
        "UPDATE sync_runs SET outcome = ? WHERE outcome = ?", (Outcome.KILLED, Outcome.RUNNING)
    )
    return int(connection.execute("SELECT coalesce(max(run), 0) + 1 FROM sync_runs").fetchone()[0])


def begin_stream(
    connection: sqlite3.Connection, run: int, source: int, stream: str, now: datetime, cursor: Cursor | None
) -> None:
    """Open the row of the run log for one stream."""
    versions = {
        "deskmetry": __version__,
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
    }
    connection.execute(
        "INSERT INTO sync_runs"
        " (run, source_id, stream, started_at, outcome, cursor_before, pid, host, versions)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (run, source, stream, to_milliseconds(now), Outcome.RUNNING, _text(cursor), os.getpid(),
         socket.gethostname(), json.dumps(versions)),
    )  # fmt: skip


def log_refused(connection: sqlite3.Connection, run: int, name: str, reason: str, now: datetime) -> None:
    """Log a known source that couldn't be read at all: one row, of no stream."""
    row = connection.execute("SELECT id FROM sources WHERE name = ?", (name,)).fetchone()
    if row is None:
        return
    begin_stream(connection, run, row[0], "", now, None)
    report = StreamReport("", Outcome.FAILED, reason)
    log_stream(connection, run, row[0], report, None, now)


def log_stream(
    connection: sqlite3.Connection,
    run: int,
    source: int,
    report: StreamReport,
    cursor: Cursor | None,
    now: datetime | None,
) -> None:
    """Bring the row of the run log up to date; with `now`, close it."""
    connection.execute(
        "UPDATE sync_runs SET outcome = ?, reason = ?, pages = ?, rows_new = ?, rows_changed = ?,"
        " rows_same = ?, quarantined = ?, future = ?, requests = ?, retries = ?, waited_ms = ?,"
        " cursor_after = ?, ended_at = ?, next_try_at = ? WHERE run = ? AND source_id = ? AND stream = ?",
        (report.outcome, _reason(report), report.pages, report.written.new, report.written.changed,
         report.written.same, report.quarantined, report.future, report.requests, report.retries,
         int(report.seconds_waited * 1000), _text(cursor), to_milliseconds(now) if now else None,
         to_milliseconds(report.next_try_at) if report.next_try_at else None, run, source, report.stream),
    )  # fmt: skip


def set_aside(
    connection: sqlite3.Connection, source: int, stream: str, rejected: Rejected, run: int, now: datetime
) -> None:
    """Keep a record that can't be used: what came, why, where and when; once, however often it comes."""
    raw, digest = quarantined(rejected.raw)
    key = None if rejected.key is None else words(rejected.key)
    connection.execute(
        "INSERT INTO quarantine (source_id, stream, key, digest, reason, raw, run, mapper, first_seen_at,"
        " last_seen_at, last_run) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (source_id, stream, digest) DO UPDATE SET reason = excluded.reason,"
        " mapper = excluded.mapper, last_seen_at = excluded.last_seen_at, last_run = excluded.last_run,"
        " seen = seen + 1",
        (source, stream, key, digest, words(rejected.reason), raw, run, rejected.mapper,
         to_milliseconds(now), to_milliseconds(now), run),
    )  # fmt: skip


def _reason(report: StreamReport) -> str | None:
    """Return why a stream ended as it did, and what else is to be known about it."""
    return words("; ".join(filter(None, (report.reason, *report.notes)))) or None


def words(text: str) -> str:
    """Return a text that may quote a stranger's as one that SQLite takes, and that a log can bear."""
    return str(clean_text(text[:_MAX_WORDS]))


def _text(cursor: Cursor | None) -> str | None:
    if cursor is None:
        return None
    mark = cursor.watermark.isoformat() if cursor.watermark else None
    return json.dumps({"token": cursor.token, "watermark": mark}, sort_keys=True)
