"""Closure: the link index of a source, and every mail that may share a thread with a changed one."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator

from ..records import to_json
from .gather import chunks
from .links import links_of, partners
from .mail import Mail


def reindex(connection: sqlite3.Connection, source_id: int, mails: Iterable[Mail]) -> None:
    """Make the link index of a source anew from all of its mails."""
    connection.execute("DELETE FROM mail_links WHERE source_id = ?", (source_id,))
    _insert(connection, source_id, _links(mails))


def relink(
    connection: sqlite3.Connection, source_id: int, changed: set[str], mails: Iterable[Mail]
) -> set[str]:
    """Make the entries of the changed ids anew from what mails they are now; return those they had before."""
    old, new = set(_pairs(connection, source_id, "mail_id", changed)), _links(mails)
    connection.executemany(
        "DELETE FROM mail_links WHERE source_id = ? AND link = ? AND mail_id = ?",
        ((source_id, *pair) for pair in old - new),
    )
    _insert(connection, source_id, new - old)
    return {link for link, _ in old}


def closure(connection: sqlite3.Connection, source_id: int, changed: set[str], before: set[str]) -> set[str]:
    """Return the ids of all mails that the changed ones reach over links, those they had before included."""
    reached, seen = set(changed), set[str]()
    frontier, links = set(changed), set(before)
    while frontier or links:
        links |= {link for link, _ in _pairs(connection, source_id, "mail_id", frontier)}
        asked = partners(links) - seen
        seen |= asked
        frontier = {mail_id for _, mail_id in _pairs(connection, source_id, "link", asked)} - reached
        reached |= frontier
        links.clear()
    return reached


def _links(mails: Iterable[Mail]) -> set[tuple[str, str]]:
    return {(link, mail.mail_id) for mail in mails for link in links_of(mail)}


def _insert(connection: sqlite3.Connection, source_id: int, pairs: Iterable[tuple[str, str]]) -> None:
    # Sorted: rows that come in the order of the key are written several times faster.
    connection.executemany(
        "INSERT INTO mail_links (source_id, link, mail_id) VALUES (?, ?, ?)",
        ((source_id, *pair) for pair in sorted(pairs)),
    )


def _pairs(
    connection: sqlite3.Connection, source_id: int, column: str, keys: Iterable[str]
) -> Iterator[tuple[str, str]]:
    sql = (
        "SELECT link, mail_id FROM mail_links"
        f" WHERE source_id = ? AND {column} IN (SELECT value FROM json_each(?))"
    )
    for chunk in chunks(sorted(keys)):
        yield from connection.execute(sql, (source_id, to_json(chunk)))
