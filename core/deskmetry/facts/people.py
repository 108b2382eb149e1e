"""People: customers who are one person, over all sources, by e-mail address and telephone number."""

from __future__ import annotations

import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterable

FEW = 3
"""An identifier that more customers share (a switchboard, a family's mailbox) joins nobody."""
_LEAST_DIGITS = 8

Customer = tuple[int, str]
EMAIL = "nullif(lower(trim(c.email)), '')"


def own_key(source: str, customer: str) -> str:
    """Return SQL for the key of a customer `c` who is joined with nobody: the e-mail, else source and id."""
    return f"coalesce({EMAIL}, {source} || ':' || {customer})"


def join(connection: sqlite3.Connection) -> None:
    """Bring `people` up to what the customers say, and note those whose person changed in `temp.moved`.

    `people` holds the customers whose person isn't their own key: those that a telephone number joins with
    another address, and those of an address that too many customers of one source share.
    """
    connection.execute(
        "CREATE TEMP TABLE moved (source_id INTEGER NOT NULL, customer_id TEXT NOT NULL,"
        " PRIMARY KEY (source_id, customer_id)) WITHOUT ROWID"
    )
    rows = connection.execute("SELECT source_id, customer_id, person FROM main.people")
    before = {(source, customer): person for source, customer, person in rows}
    now = _others(connection)
    gone = [customer for customer in before if before[customer] != now.get(customer)]
    new = [customer for customer in now if before.get(customer) != now[customer]]
    connection.executemany("DELETE FROM main.people WHERE source_id = ? AND customer_id = ?", gone)
    connection.executemany("INSERT INTO main.people VALUES (?, ?, ?)", ((*one, now[one]) for one in new))
    connection.executemany("INSERT OR IGNORE INTO temp.moved VALUES (?, ?)", (*gone, *new))


def telephone(text: str) -> str | None:
    """Return an international number as `+` and digits; None for what names no country or is too short.

    The same national number means another line in each country, so it joins nobody.
    """
    plain = re.sub(r"\(0\)", "", text.strip())
    digits = re.sub(r"\D", "", plain)
    if plain.startswith("00"):
        digits = digits[2:]
    elif not plain.startswith("+"):
        return None
    return f"+{digits}" if len(digits) >= _LEAST_DIGITS else None


def _others(connection: sqlite3.Connection) -> dict[Customer, str]:
    """Return the person of each customer whose person isn't their own key."""
    crowded = [
        (row[0],)
        for row in connection.execute(
            f"SELECT DISTINCT {EMAIL} FROM main.customers AS c WHERE {EMAIL} IS NOT NULL"
            f" GROUP BY source_id, {EMAIL} HAVING count(*) > ?",
            (FEW,),
        )
    ]
    connection.execute("CREATE TEMP TABLE keys (key TEXT PRIMARY KEY, person TEXT) WITHOUT ROWID")
    connection.executemany("INSERT INTO temp.keys VALUES (?, NULL)", crowded)
    # A crowded address isn't anybody's: its customers stand for themselves.
    key = f"CASE WHEN k.key IS NULL THEN {own_key('source_id', 'id')} ELSE source_id || ':' || id END"
    customers = f"FROM main.customers AS c LEFT JOIN temp.keys AS k ON k.key = {EMAIL}"
    phones = connection.execute(f"SELECT {key}, c.phone {customers} WHERE c.phone IS NOT NULL")
    persons = _joined(phones)
    found = {
        (source, id_): persons.get(own, own)
        for source, id_, own in connection.execute(
            f"SELECT source_id, id, {key} {customers} WHERE k.key IS NOT NULL"
        )
    }
    connection.execute("DELETE FROM temp.keys")
    connection.executemany(
        "INSERT INTO temp.keys VALUES (?, ?)",
        ((one, person) for one, person in persons.items() if one != person),
    )
    rows = connection.execute(
        "SELECT source_id, id, k.person FROM main.customers AS c CROSS JOIN temp.keys AS k"
        f" ON k.key = {own_key('source_id', 'id')}"
    )
    for source, id_, person in rows:
        found.setdefault((source, id_), person)
    connection.execute("DROP TABLE temp.keys")
    return found


def _joined(phones: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return key -> key of the person, of all keys that a telephone number joins with another one."""
    sharing: defaultdict[str, set[str]] = defaultdict(set)
    for key, text in phones:
        number = telephone(text)
        if number is not None:
            sharing[number].add(key)
    parents: dict[str, str] = {}

    def root(key: str) -> str:
        while parents.setdefault(key, key) != key:
            parents[key] = parents[parents[key]]
            key = parents[key]
        return key

    for keys in sharing.values():
        if 1 < len(keys) <= FEW:
            first, *others = sorted(keys, key=_rank)
            for other in others:
                low, high = sorted((root(first), root(other)), key=_rank)
                parents[high] = low
    return {key: root(key) for key in parents}


def _rank(key: str) -> tuple[bool, str]:
    # An address tells more than a source's number, so it stands for the person.
    return "@" not in key, key
