"""Schema: the tables of one database, made from the records, and the engine's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..records import RECORDS, Record
from .columns import columns_of

if TYPE_CHECKING:
    from sqlite_utils import Database

ENGINE_TABLES = {
    "sources": (
        "One configured connector; keyed by connector and account.",
        """CREATE TABLE sources (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            connector TEXT NOT NULL,
            account TEXT NOT NULL,
            address TEXT,
            timezone TEXT,
            first_sync_at INTEGER,
            last_sync_at INTEGER,
            known_from_at INTEGER,
            complete_until_at INTEGER,
            capabilities TEXT NOT NULL DEFAULT '{}',
            mail_rules TEXT,
            tickets_source_id INTEGER,
            UNIQUE (connector, account)
        )""",
    ),
    "sync_state": (
        "Where each stream stopped; written in the same transaction as the rows it stands for.",
        """CREATE TABLE sync_state (
            source_id INTEGER NOT NULL REFERENCES sources (id),
            stream TEXT NOT NULL,
            token TEXT,
            watermark_at INTEGER,
            complete_until_at INTEGER,
            run INTEGER NOT NULL,
            PRIMARY KEY (source_id, stream)
        ) WITHOUT ROWID""",
    ),
    "sync_runs": (
        "The run log: one row for each run and stream.",
        """CREATE TABLE sync_runs (
            run INTEGER NOT NULL,
            source_id INTEGER NOT NULL REFERENCES sources (id),
            stream TEXT NOT NULL,
            started_at INTEGER NOT NULL,
            ended_at INTEGER,
            outcome TEXT NOT NULL,
            reason TEXT,
            requests INTEGER NOT NULL DEFAULT 0,
            retries INTEGER NOT NULL DEFAULT 0,
            waited_ms INTEGER NOT NULL DEFAULT 0,
            pages INTEGER NOT NULL DEFAULT 0,
            rows_new INTEGER NOT NULL DEFAULT 0,
            rows_changed INTEGER NOT NULL DEFAULT 0,
            rows_same INTEGER NOT NULL DEFAULT 0,
            quarantined INTEGER NOT NULL DEFAULT 0,
            future INTEGER NOT NULL DEFAULT 0,
            cursor_before TEXT,
            cursor_after TEXT,
            pid INTEGER NOT NULL,
            host TEXT NOT NULL,
            versions TEXT NOT NULL,
            next_try_at INTEGER,
            PRIMARY KEY (run, source_id, stream)
        ) WITHOUT ROWID""",
    ),
    "dirty": (
        "What changed and isn't in threads and facts yet; marked in the transaction that changed it.",
        """CREATE TABLE dirty (
            kind TEXT NOT NULL,
            source_id INTEGER NOT NULL,
            key TEXT NOT NULL,
            PRIMARY KEY (kind, source_id, key)
        ) WITHOUT ROWID""",
    ),
    "quarantine": (
        "Records that couldn't be used: what came, why, where and in which run.",
        """CREATE TABLE quarantine (
            id INTEGER PRIMARY KEY,
            source_id INTEGER NOT NULL REFERENCES sources (id),
            stream TEXT NOT NULL,
            key TEXT,
            digest TEXT NOT NULL,
            reason TEXT NOT NULL,
            raw TEXT NOT NULL,
            run INTEGER NOT NULL,
            mapper TEXT,
            first_seen_at INTEGER,
            last_seen_at INTEGER,
            last_run INTEGER,
            seen INTEGER NOT NULL DEFAULT 1,
            UNIQUE (source_id, stream, digest)
        )""",
    ),
    "stream_fields": (
        "The names of the fields that each stream's items have had, and which were new after a whole read.",
        """CREATE TABLE stream_fields (
            source_id INTEGER NOT NULL REFERENCES sources (id),
            stream TEXT NOT NULL,
            field TEXT NOT NULL,
            run INTEGER NOT NULL,
            first_seen_at INTEGER NOT NULL,
            new INTEGER NOT NULL,
            PRIMARY KEY (source_id, stream, field)
        ) WITHOUT ROWID""",
    ),
    "erased": (
        "Who was erased: keyed hashes of addresses, numbers, names and customers, and the mark of the key.",
        """CREATE TABLE erased (
            kind TEXT NOT NULL,
            hash TEXT NOT NULL,
            person TEXT NOT NULL,
            in_texts INTEGER NOT NULL,
            erased_at INTEGER NOT NULL,
            PRIMARY KEY (kind, hash)
        ) WITHOUT ROWID""",
    ),
    "mail_links": (
        "What joins mails into threads: their ids, references, subjects and the server's hints.",
        """CREATE TABLE mail_links (
            source_id INTEGER NOT NULL,
            link TEXT NOT NULL,
            mail_id TEXT NOT NULL,
            PRIMARY KEY (source_id, link, mail_id)
        ) WITHOUT ROWID""",
    ),
}

# Few: a second index costs more than everything else in a first load. Each serves a look-up by ticket or
# mail.
INDEXES = {
    "messages_by_ticket": "messages (source_id, ticket_id)",
    "ticket_events_by_ticket": "ticket_events (source_id, ticket_id)",
    "ticket_tags_by_ticket": "ticket_tags (source_id, ticket_id)",
    "message_headers_by_mail": "message_headers (source_id, mail_id)",
    "mail_links_by_mail": "mail_links (source_id, mail_id)",
}


ForeignKey = tuple[str | tuple[str, ...], str, str | tuple[str, ...]]


def create_tables(db: Database) -> None:
    """Create every table of version 1 in an empty database, with its foreign keys declared."""
    for _, sql in ENGINE_TABLES.values():
        db.execute(sql)
    for record in sorted(RECORDS, key=_depth):
        create_record_table(db, record)
    for name, on in INDEXES.items():
        db.execute(f"CREATE INDEX {name} ON {on}")


def create_record_table(db: Database, record: type[Record]) -> None:
    """Create the table of one record class, keyed `(source_id, id)`."""
    columns = columns_of(record)
    kinds: dict[str, object] = {"source_id": "INTEGER"}
    kinds |= {column.name: column.sql for column in columns}
    keys: list[ForeignKey] = [("source_id", "sources", "id")]
    keys += [
        (("source_id", column.name), column.references, ("source_id", "id"))
        for column in columns
        if column.references
    ]
    db.create_table(
        record.table,
        kinds,
        pk=("source_id", "id"),
        not_null={"source_id", *(column.name for column in columns if column.required)},
        foreign_keys=keys,
    )


def _depth(record: type[Record]) -> int:
    """Order tables so that what a foreign key names exists before it."""
    tables = {other.table: other for other in RECORDS}
    named = {column.references for column in columns_of(record)} - {None, record.table}
    return 1 + max((_depth(tables[name]) for name in named if name), default=0)
