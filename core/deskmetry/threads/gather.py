"""Gather: mails read from the stored messages and the copies of their headers."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from ..records import to_json
from ..records.kinds import ActorKind, AutomaticKind, FolderRole
from .mail import Mail

_IDS_A_QUERY = 5000
# CROSS JOIN keeps the order of the look-ups: message by id, then its copies by mail.
_SELECT = """
    SELECT m.id, m.sent_at, m.author_kind, m.author_id, m.automatic, m.automatic_kind, m.ticket_id,
           h.message_id, h.in_reply_to, h."references", h.subject, h.inbound, h.counterpart, h.channel,
           h.team, h.folder_role, h.answered, h.spam, h.tags, h.list_id, h.thread_hint, m.public
    FROM messages m CROSS JOIN message_headers h ON h.source_id = m.source_id AND h.mail_id = m.id
    WHERE m.source_id = ? {where}
    ORDER BY m.id, h.folder_role IN ('junk', 'trash'), h.id"""
_MACHINES = frozenset({ActorKind.BOT.value, ActorKind.SYSTEM.value})
_NOT_SENT = frozenset({FolderRole.DRAFTS})

Gathered = tuple[Mail, str | None]
"""A mail and the id of the ticket that it is filed under so far."""


def gather(
    connection: sqlite3.Connection, source_id: int, ids: Collection[str] | None = None
) -> Iterator[Gathered]:
    """Yield the mails with these ids (None: all) of a source that have both a message and a header.

    A mail that only lies among the drafts was never sent, so it is left out.
    """
    for sql, parameters in _queries(source_id, ids):
        rows = connection.execute(sql, parameters)
        for _, copies in groupby(rows, key=itemgetter(0)):
            mail = _mail(list(copies))
            if mail[0].roles != _NOT_SENT:
                yield mail


def _queries(source_id: int, ids: Collection[str] | None) -> Iterator[tuple[str, tuple[int | str, ...]]]:
    if ids is None:
        yield _SELECT.format(where=""), (source_id,)
        return
    where = "AND m.id IN (SELECT value FROM json_each(?))"
    for chunk in chunks(sorted(ids)):
        yield _SELECT.format(where=where), (source_id, to_json(chunk))


def chunks(items: Sequence[str], size: int = _IDS_A_QUERY) -> Iterator[Sequence[str]]:
    """Cut a list into pieces that one query takes."""
    for begin in range(0, len(items), size):
        yield items[begin : begin + size]


def _mail(copies: Sequence[Sequence[Any]]) -> Gathered:
    """Make one mail of its copies: what they all say is that of the first, what one may add is collected."""
    first, several = copies[0], len(copies) > 1

    def known(column: int) -> Any:
        return (
            next((copy[column] for copy in copies if copy[column]), None)
            if several
            else first[column] or None
        )

    kind = first[5]
    mail = Mail(
        mail_id=first[0],
        sent_at=first[1],
        inbound=all(copy[11] for copy in copies),
        message_id=known(7),
        in_reply_to=known(8),
        references=_texts(first[9]) or tuple(text for copy in copies[1:] for text in _texts(copy[9])),
        subject=known(10),
        public=bool(first[21]),
        automatic=bool(first[4]) or first[2] in _MACHINES,
        automatic_kind=AutomaticKind(kind) if kind else None,
        author_id=first[3],
        counterpart=known(12),
        roles=frozenset(FolderRole(copy[15]) for copy in copies),
        answered=any(copy[16] for copy in copies),
        spam=all(copy[17] or copy[15] == FolderRole.JUNK for copy in copies),
        tags=tuple(sorted({tag for copy in copies for tag in _texts(copy[18])})),
        list_id=known(19),
        channel=known(13),
        team=known(14),
        thread_hint=known(20),
    )
    return mail, first[6]


def _texts(value: str | None) -> tuple[str, ...]:
    """Return the texts of a JSON list; anything else in it is left out."""
    if not value or value == "[]":
        return ()
    return tuple(item for item in json.loads(value) if isinstance(item, str))
