"""People: customers who are one person, over all sources, by e-mail address and telephone number."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ..settings import People
from .basis import PEOPLE, set_state

Customer = tuple[int, str]
EMAIL = "nullif(lower(trim(c.email)), '')"
_MOVED = (
    "CREATE TEMP TABLE moved (source_id INTEGER NOT NULL, customer_id TEXT NOT NULL,"
    " PRIMARY KEY (source_id, customer_id)) WITHOUT ROWID"
)


def own_key(source: str, customer: str) -> str:
    """Return SQL for the key of a customer `c` who is joined with nobody: the e-mail, else source and id."""
    return f"coalesce({EMAIL}, {source} || ':' || {customer})"


def refresh(connection: sqlite3.Connection, settings: People, *, rebuild: bool) -> None:
    """Bring `people` up to what customers, agents and settings say, if any of them changed.

    Those whose person changed are in `temp.moved`.
    """
    connection.execute("DROP TABLE IF EXISTS temp.moved")
    connection.execute(_MOVED)
    changed = set_state(connection, PEOPLE, settings.mark)
    if rebuild or changed or connection.execute(_TOLD).fetchone():
        _join(connection, settings)


# An agent's address joins no customers, so a new agent may part some.
_TOLD = """
SELECT 1 FROM main.dirty WHERE kind IN ('customer', 'agent')
UNION ALL SELECT 1 FROM temp.new_agents LIMIT 1
"""


def _join(connection: sqlite3.Connection, settings: People) -> None:
    """Make `people` anew, writing only what is different.

    It holds the customers whose person isn't their own key: those that a telephone number joins with another
    address, and those whose address joins nobody.
    """
    rows = connection.execute("SELECT source_id, customer_id, person FROM main.people")
    before = {(source, customer): person for source, customer, person in rows}
    now = _others(connection, settings)
    gone = [customer for customer in before if before[customer] != now.get(customer)]
    new = [customer for customer in now if before.get(customer) != now[customer]]
    connection.executemany("DELETE FROM main.people WHERE source_id = ? AND customer_id = ?", gone)
    connection.executemany("INSERT INTO main.people VALUES (?, ?, ?)", ((*one, now[one]) for one in new))
    connection.executemany("INSERT OR IGNORE INTO temp.moved VALUES (?, ?)", (*gone, *new))


# --- addresses -----------------------------------------------------------------------------------------

# Who is an agent stands for themselves where they write as a customer: they write for many.
_AGENTS = f"""
SELECT nullif(lower(trim(email)), '') FROM main.agents WHERE email IS NOT NULL
UNION SELECT {EMAIL} FROM main.known_agents AS k
  JOIN main.customers AS c ON c.source_id = k.source_id AND c.id = k.id
"""
# One customer in each of several sources is what joining is for; each further one of a source is another.
_CROWDED = f"""
SELECT {EMAIL} FROM main.customers AS c
GROUP BY {EMAIL} HAVING 1 + count(*) - count(DISTINCT source_id) > ?
"""
_OF_DOMAIN = f"""
SELECT DISTINCT {EMAIL} FROM main.customers AS c
WHERE substr({EMAIL}, instr({EMAIL}, '@') + 1) IN (SELECT value FROM json_each(?))
"""


_KEYS = "CREATE TEMP TABLE keys (key TEXT PRIMARY KEY, person TEXT, agent INTEGER) WITHOUT ROWID"


def _note_barred(connection: sqlite3.Connection, settings: People) -> None:
    """Note in `temp.keys` the addresses that join nobody, those of agents as theirs."""
    connection.execute(_KEYS)
    into = "INSERT OR IGNORE INTO temp.keys SELECT *, NULL, {agent} FROM ({rows})"
    connection.execute(into.format(rows=_AGENTS, agent=1))
    connection.execute(into.format(rows=_CROWDED, agent=0), (settings.shared_by,))
    named = [(address,) for address in (*settings.addresses, *settings.stand_ins)]
    connection.executemany("INSERT OR IGNORE INTO temp.keys VALUES (?, NULL, 0)", named)
    if settings.domains:
        connection.execute(into.format(rows=_OF_DOMAIN, agent=0), (json.dumps(settings.domains),))


def _others(connection: sqlite3.Connection, settings: People) -> dict[Customer, str]:
    """Return the person of each customer whose person isn't their own key."""
    _note_barred(connection, settings)
    # A barred address isn't anybody's: its customers stand for themselves.
    key = f"CASE WHEN k.key IS NULL THEN {own_key('source_id', 'id')} ELSE source_id || ':' || id END"
    customers = f"FROM main.customers AS c LEFT JOIN temp.keys AS k ON k.key = {EMAIL}"
    phones = connection.execute(
        f"SELECT {key}, source_id, k.key IS NULL AND {EMAIL} IS NOT NULL, c.phone, k.agent IS TRUE"
        f" OR (source_id, id) IN (SELECT source_id, id FROM main.known_agents)"
        f" {customers} WHERE c.phone IS NOT NULL"
    )
    persons = _joined(phones, settings)
    found = {
        (source, id_): persons.get(own, own)
        for source, id_, own in connection.execute(
            f"SELECT source_id, id, {key} {customers} WHERE k.key IS NOT NULL"
        )
    }
    connection.execute("DELETE FROM temp.keys")
    connection.executemany(
        "INSERT INTO temp.keys VALUES (?, ?, 0)",
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


# --- telephone numbers ---------------------------------------------------------------------------------


@dataclass(slots=True)
class _Sharing:
    """Who has a telephone number: keys that are addresses, and of each source keys that aren't."""

    addresses: set[str] = field(default_factory=set)
    sources: set[int] = field(default_factory=set)
    nameless: defaultdict[int, set[str]] = field(default_factory=lambda: defaultdict(set))

    def add(self, key: str, source: int, named: bool) -> None:
        """Note one customer with the number."""
        if named:
            self.addresses.add(key)
            self.sources.add(source)
        else:
            self.nameless[source].add(key)

    def people(self) -> int:
        """Return how many people share it at least.

        Each address is somebody. One customer without an address may be the same as somebody in another
        source, so of each source the first one isn't counted, unless somebody with an address is there.
        """
        further = (len(keys) - (source not in self.sources) for source, keys in self.nameless.items())
        return max(1, len(self.addresses)) + sum(further)

    def keys(self) -> list[str]:
        """Return all keys, addresses first: they tell more than a source's number."""
        return [*sorted(self.addresses), *sorted(set().union(*self.nameless.values()))]


def _joined(phones: Iterable[tuple[str, int, int, str, int]], settings: People) -> dict[str, str]:
    """Return key -> key of the person, of all keys that a telephone number joins with another one.

    phones: key, source, whether the key is an address, number, whether it is an agent's.
    """
    sharing: defaultdict[str, _Sharing] = defaultdict(_Sharing)
    barred = {*settings.numbers, *settings.stand_ins}
    named: set[str] = set()
    for key, source, is_address, text, agents in phones:
        number = settings.number(text)
        if number is None:
            continue
        if agents:
            barred.add(number)
        sharing[number].add(key, source, bool(is_address))
        if is_address:
            named.add(key)
    clusters = _Clusters(named)
    for number, one in sharing.items():
        if number not in barred and one.people() <= settings.shared_by:
            clusters.join(one.keys())
    return clusters.roots()


@dataclass(slots=True)
class _Clusters:
    """Keys that are one person's; the smallest stands for all, addresses (`named`) before others."""

    named: set[str]
    parents: dict[str, str] = field(default_factory=dict)

    def join(self, keys: Sequence[str]) -> None:
        """Note that these keys are one person's."""
        for other in keys[1:]:
            low, high = sorted((self._root(keys[0]), self._root(other)), key=self._rank)
            self.parents[high] = low

    def roots(self) -> dict[str, str]:
        """Return the key of the person for each key that was joined with another one."""
        return {key: self._root(key) for key in list(self.parents)}

    def _root(self, key: str) -> str:
        while self.parents.setdefault(key, key) != key:
            self.parents[key] = self.parents[self.parents[key]]
            key = self.parents[key]
        return key

    def _rank(self, key: str) -> tuple[bool, str]:
        return key not in self.named, key
