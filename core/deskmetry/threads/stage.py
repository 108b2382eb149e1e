"""Stage: the threads of the mail sources brought up to date with what changed since the last time."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..connector.mail_rules import MailRules
from ..records import Team, Ticket, TicketEvent, to_json
from ..store.writer import Writer
from .assembly import assemble
from .closure import closure, reindex, relink
from .gather import Gathered, chunks, gather
from .mail import Thread
from .ticket import ticket_of

# From so many changed mails on, if they are half of the source, all of it is read instead of looked up.
WHOLE_FROM = 2000
_THREADS_AT_ONCE = 2000  # records are several times larger than mails
# Tickets that a source reports itself beside its mails are none of this stage's business.
_OURS = "t.medium = 'email' AND t.status_how = 'inferred'"


@dataclass(slots=True)
class ThreadReport:
    """What a refresh did: mails and threads looked at, tickets changed, mails moved, tickets merged away."""

    mails: int = 0
    threads: int = 0
    changed: int = 0
    moved: int = 0
    merged: int = 0


def refresh(connection: sqlite3.Connection, *, rebuild: bool = False) -> ThreadReport:
    """Bring tickets, their events and `messages.ticket_id` of every source with mail rules up to date.

    Works off the rows of `dirty` with kind `mail`; with `rebuild`, all mails (after a change of the rules).
    The caller owns the transaction. Without anything dirty nothing else is read and nothing written.
    """
    report = ThreadReport()
    for source_id, rules in _sources(connection, rebuild=rebuild):
        changed = _take_dirty(connection, source_id)
        one = _Refresh(connection, source_id, MailRules.model_validate_json(rules), report)
        one.run(None if rebuild else changed)
    return report


def _sources(connection: sqlite3.Connection, *, rebuild: bool) -> list[tuple[int, str]]:
    dirty = "" if rebuild else " AND id IN (SELECT source_id FROM dirty WHERE kind = 'mail')"
    sql = f"SELECT id, mail_rules FROM sources WHERE mail_rules IS NOT NULL{dirty} ORDER BY id"
    return connection.execute(sql).fetchall()


def _take_dirty(connection: sqlite3.Connection, source_id: int) -> set[str]:
    where = "FROM dirty WHERE kind = 'mail' AND source_id = ?"
    keys = {key for (key,) in connection.execute(f"SELECT key {where}", (source_id,))}
    connection.execute(f"DELETE {where}", (source_id,))
    return keys


@dataclass(slots=True)
class _Refresh:
    """One source being brought up to date."""

    connection: sqlite3.Connection
    source_id: int
    rules: MailRules
    report: ThreadReport
    stale: set[str] = field(default_factory=set)  # tickets whose facts have to be made anew

    def run(self, changed: set[str] | None) -> None:
        """Reassemble every thread that these mails (None: all of the source) are in, or were in before."""
        marked = changed or set()
        if changed is not None and self._is_most(changed):
            changed = None
        gathered, ids = self._reach(changed)
        threads = assemble((mail for mail, _ in gathered), self.rules)
        holders = {mail.mail_id: thread.id for thread in threads for mail in thread.mails}
        filed = self._left_out(changed) | {mail.mail_id: ticket_id for mail, ticket_id in gathered}
        former = {ticket for ticket in filed.values() if ticket} | self._tickets_named(ids)
        for begin in range(0, len(threads), _THREADS_AT_ONCE):
            self._write(threads[begin : begin + _THREADS_AT_ONCE])
        self._move(filed, holders)
        self._supersede(former - {thread.id for thread in threads}, holders)
        # What facts read of a header (whose mail it is) may change where the ticket doesn't.
        self.stale.update(holders[key] for key in marked if key in holders)
        self._mark()
        self.report.mails += len(gathered)
        self.report.threads += len(threads)

    def _is_most(self, changed: set[str]) -> bool:
        if len(changed) < WHOLE_FROM:
            return False
        sql = "SELECT count(*) FROM messages WHERE source_id = ?"
        count: int = self.connection.execute(sql, (self.source_id,)).fetchone()[0]
        return len(changed) * 2 >= count

    def _reach(self, changed: set[str] | None) -> tuple[list[Gathered], set[str] | None]:
        """Bring the link index up to date; return the mails to reassemble, and their ids (None for all)."""
        if changed is None:
            gathered = list(gather(self.connection, self.source_id))
            reindex(self.connection, self.source_id, (mail for mail, _ in gathered))
            return gathered, None
        gathered = list(gather(self.connection, self.source_id, changed))
        before = relink(self.connection, self.source_id, changed, (mail for mail, _ in gathered))
        ids = closure(self.connection, self.source_id, changed, before)
        gathered += gather(self.connection, self.source_id, ids - changed)
        return gathered, ids

    def _left_out(self, changed: set[str] | None) -> dict[str, str | None]:
        """Return the changed messages that are under a ticket of ours; some may be no mail any more."""
        sql = f"""
            SELECT m.id, m.ticket_id FROM messages m JOIN tickets t
            ON t.source_id = m.source_id AND t.id = m.ticket_id WHERE {_OURS} AND m.source_id = ?"""
        return dict(self._select(sql, "m.id", changed))

    def _tickets_named(self, ids: set[str] | None) -> set[str]:
        """Return our tickets that bear the id of one of these mails, merged ones too."""
        sql = f"SELECT t.id FROM tickets t WHERE {_OURS} AND t.source_id = ?"
        return {key for (key,) in self._select(sql, "t.id", ids)}

    def _write(self, threads: Sequence[Thread]) -> None:
        """Write tickets and events, and delete the events that no longer hold."""
        tickets: list[Ticket] = []
        events: list[TicketEvent] = []
        for thread in threads:
            ticket, changes = ticket_of(thread, self.rules)
            tickets.append(ticket)
            events += changes
        ids = {ticket.id for ticket in tickets}
        self._revive(ids)
        self._drop_events(ids, keep={event.id for event in events})
        writer = Writer(self.connection, self.source_id)
        writer.write(self._new_teams(tickets))
        written = writer.write(tickets)
        writer.write(events)
        self.report.changed += written.new + written.changed

    def _revive(self, ids: set[str]) -> None:
        """Clear `merged_into` of tickets that are threads of their own again: the writer would keep it."""
        sql = "SELECT id FROM tickets WHERE merged_into IS NOT NULL AND source_id = ?"
        merged = [key for (key,) in self._select(sql, "id", ids)]
        self._many("UPDATE tickets SET merged_into = NULL WHERE source_id = ? AND id = ?", zip(merged))
        self.stale.update(merged)

    def _drop_events(self, tickets: set[str], keep: Collection[str] = ()) -> None:
        sql = "SELECT id, ticket_id FROM ticket_events WHERE source_id = ?"
        gone = [row for row in self._select(sql, "ticket_id", tickets) if row[0] not in keep]
        self._many("DELETE FROM ticket_events WHERE source_id = ? AND id = ?", ((key,) for key, _ in gone))
        self.stale.update(ticket for _, ticket in gone)

    def _new_teams(self, tickets: Iterable[Ticket]) -> list[Team]:
        """Return the teams that the settings name and the source hasn't got yet; a team's id is its name."""
        names = {ticket.team_id for ticket in tickets if ticket.team_id}
        known = {key for (key,) in self._select("SELECT id FROM teams WHERE source_id = ?", "id", names)}
        return [Team(id=name, name=name) for name in sorted(names - known)]

    def _move(self, filed: Mapping[str, str | None], holders: Mapping[str, str]) -> None:
        """Put each message under its ticket; one that is no mail any more under none."""
        moves = [(key, old, holders.get(key)) for key, old in filed.items() if old != holders.get(key)]
        sql = "UPDATE messages SET ticket_id = ?2 WHERE source_id = ?1 AND id = ?3"
        self._many(sql, ((new, key) for key, _, new in moves))
        self.stale.update(ticket for _, old, new in moves for ticket in (old, new) if ticket)
        self.report.moved += len(moves)

    def _supersede(self, former: set[str], holders: Mapping[str, str]) -> None:
        """Merge tickets that are no thread any more into the one with their mail; without it, drop them."""
        self._drop_events(former)
        sql = "SELECT id, merged_into FROM tickets WHERE source_id = ?"
        changes = [
            (holders.get(key), key)
            for key, into in self._select(sql, "id", former)
            if into is None or into != holders.get(key)
        ]
        merged = [change for change in changes if change[0] is not None]
        gone = [(key,) for holder, key in changes if holder is None]
        self._many("UPDATE tickets SET merged_into = ?2 WHERE source_id = ?1 AND id = ?3", merged)
        self._many("DELETE FROM tickets WHERE source_id = ? AND id = ?", gone)
        self.stale.update(key for _, key in changes)
        self.report.merged += len(merged)

    def _mark(self) -> None:
        sql = "INSERT OR IGNORE INTO dirty (source_id, key, kind) VALUES (?, ?, 'ticket')"
        self._many(sql, ((key,) for key in sorted(self.stale)))

    def _select(self, sql: str, column: str, keys: Collection[str] | None) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of this source, of those keys only (None: of all). Read them before writing."""
        if keys is None:
            yield from self.connection.execute(sql, (self.source_id,))
            return
        for chunk in chunks(sorted(keys)):
            where = f"{sql} AND {column} IN (SELECT value FROM json_each(?))"
            yield from self.connection.execute(where, (self.source_id, to_json(chunk)))

    def _many(self, sql: str, rows: Iterable[tuple[str | None, ...]]) -> None:
        self.connection.executemany(sql, ((self.source_id, *row) for row in rows))
