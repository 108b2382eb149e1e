"""Contacts: each ticket linked to the same person's tickets before and after it, over all sources."""

from __future__ import annotations

import sqlite3

_STAGE = """
CREATE TEMP TABLE contacts (person TEXT, created_at INTEGER, source_id INTEGER, ticket_id TEXT,
  PRIMARY KEY (person, created_at, source_id, ticket_id)) WITHOUT ROWID
"""


def link(connection: sqlite3.Connection, ticket_facts: str, persons: str, *known: str) -> None:
    """Fill `previous_contact_at`, `next_contact_at` and `customer` of the tickets of some persons.

    `ticket_facts` is the table to fill, `persons` a SELECT of keys; `known` are the tables, or SELECTs in
    brackets, that hold all tickets of theirs between them. Excluded tickets are linked, but are no contacts.
    """
    connection.execute("DROP TABLE IF EXISTS temp.contacts")
    connection.execute(_STAGE)
    for rows in known:
        connection.execute(
            "INSERT INTO temp.contacts SELECT person, created_at, source_id, ticket_id"
            f" FROM {rows} AS k WHERE person IN ({persons}) AND excluded IS NULL"
        )
    connection.execute(_update(ticket_facts, persons))
    connection.execute("DROP TABLE temp.contacts")


def _update(ticket_facts: str, persons: str) -> str:
    bare = ticket_facts.split(".")[-1]
    place = f"({bare}.created_at, {bare}.source_id, {bare}.ticket_id)"
    other = f"FROM temp.contacts AS c WHERE c.person = {bare}.person AND (created_at, source_id, ticket_id)"
    before = f"{other} < {place}"
    return f"""
UPDATE {ticket_facts} SET
  previous_contact_at = (SELECT max(created_at) {before}),
  next_contact_at = (SELECT min(created_at) {other} > {place}),
  customer = CASE WHEN EXISTS (SELECT 1 {before}) THEN 'returning' ELSE 'new' END
WHERE person IN ({persons})
"""
