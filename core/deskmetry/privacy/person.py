"""Person: whom a request to erase somebody means, in all that a database knows of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field

from ..errors import PersonAmbiguous, PersonIsAgent
from .erased import LEAST_WORDS, Erased
from .identifiers import fold, name_words, number_of
from .pseudonyms import HASHED, Pseudonyms, is_pseudonym

Customer = tuple[int, str]


@dataclass(slots=True)
class Person:
    """One person: addresses (folded), telephone numbers (digits), names, and their rows among the customers.

    `shared` are numbers that somebody else has too: `neighbours`, who stay as they are. `aliases` say which
    stand-in of a hashed database is whose address or number.
    """

    asked: str
    addresses: set[str] = field(default_factory=set)
    numbers: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    customers: set[Customer] = field(default_factory=set)
    shared: set[str] = field(default_factory=set)
    neighbours: list[str] = field(default_factory=list)
    aliases: dict[str, str] = field(default_factory=dict)

    def known_to(self, erased: Erased, *, in_texts: bool) -> None:
        """Have them known as erased from now on."""
        erased.aliases.update(self.aliases)
        for address in self.addresses:
            erased.add_address(address, in_texts=in_texts)
        for number in self.numbers - self.shared:
            erased.add_number(number, in_texts=in_texts)
        for name in self.names:
            erased.add_name(name, in_texts=in_texts)
        for source, customer in self.customers:
            erased.add_customer(source, customer)

    def searched(self) -> dict[str, list[str]]:
        """Return what nothing of may be left, by kind; words that could be anybody's are left out."""
        return {
            "address": sorted(address for address in self.addresses if not is_pseudonym(address)),
            "telephone": sorted(n for n in self.numbers - self.shared if not n.startswith("999")),
            "name": sorted(name for name in self.names if len(name_words(name)) >= LEAST_WORDS),
        }


class Finder:
    """Find people in a database. `hashed` are the stand-ins that people have where they are hashed."""

    def __init__(self, connection: sqlite3.Connection, erased: Erased) -> None:
        self._connection = connection
        self._hashed = Pseudonyms(erased.key, HASHED)
        rows = "SELECT source_id, id, name, email, phone FROM customers"
        self._customers = connection.execute(rows).fetchall()

    def find(self, asked: str) -> Person:
        """Return whom an address, a number or a customer's id means; nobody's has no customers.

        Raises PersonIsAgent and PersonAmbiguous.
        """
        asked = asked.strip()
        person = Person(asked)
        if "@" in asked:
            self._add_address(person, fold(asked))
        elif customers := self._by_id(asked):
            person.customers |= customers
        elif digits := number_of(asked) if not any(c.isalpha() for c in asked) else None:
            person.numbers.add(digits)
            person.aliases[number_of(self._hashed.number(digits)) or ""] = digits
        self._close(person)
        self._refuse_agents(person)
        return person

    def _add_address(self, person: Person, address: str) -> None:
        person.addresses.add(address)
        if not is_pseudonym(address):
            person.aliases[self._hashed.address(address)] = address

    def _by_id(self, asked: str) -> set[Customer]:
        source, colon, rest = asked.partition(":")
        names = dict(self._connection.execute("SELECT id, name FROM sources"))
        if colon:
            # Facts call a person without an address by the number of the source.
            numbers = {number for number, name in names.items() if source in (name, str(number))}
            found = {(row[0], row[1]) for row in self._customers if row[0] in numbers and row[1] == rest}
            if found:
                return found
        found = {(row[0], row[1]) for row in self._customers if row[1] == asked}
        if len(found) > 1:
            raise PersonAmbiguous(asked, sorted(f"{names[number]}:{asked}" for number, _ in found))
        return found

    def _close(self, person: Person) -> None:
        """Add all rows with these addresses and numbers, and what else those rows say of the person."""
        wanted = set(person.numbers)
        while True:
            before = len(person.customers), len(person.addresses)
            for source, key, _, email, phone in self._customers:
                address, digits = fold(email or ""), number_of(phone or "")
                address, digits = (
                    person.aliases.get(address, address),
                    person.aliases.get(digits or "", digits),
                )
                if (source, key) in person.customers or address in person.addresses or digits in wanted:
                    person.customers.add((source, key))
                    for text in (address, fold(key) if "@" in key else ""):
                        if text and text not in person.aliases:
                            self._add_address(person, text)
                    if digits:
                        person.numbers.add(digits)
            if before == (len(person.customers), len(person.addresses)):
                break
        person.names |= set(self._names(person))
        for source, key, name, email, phone in self._customers:
            digits = number_of(phone or "")
            if (source, key) not in person.customers and digits in person.numbers:
                person.shared.add(digits or "")
                person.neighbours.append(email or name or key)

    def _names(self, person: Person) -> Iterator[str]:
        for source, key, name, _, _ in self._customers:
            if name and (source, key) in person.customers:
                yield name
        for address in person.addresses:
            for column, name in (("from_address", "from_name"), ("counterpart", "counterpart_name")):
                sql = f"SELECT DISTINCT {name} FROM message_headers WHERE {column} = ? AND {name} IS NOT NULL"
                yield from (row[0] for row in self._connection.execute(sql, (address,)))

    def _refuse_agents(self, person: Person) -> None:
        agents = (
            "SELECT s.name, a.source_id, a.id, a.email FROM agents a JOIN sources s ON s.id = a.source_id"
        )
        names = {
            source
            for source, number, key, email in self._connection.execute(agents)
            if (number, key) in person.customers
            or fold(email or "") in person.addresses
            or fold(key) in person.addresses
            or key == person.asked
        }
        if names:
            raise PersonIsAgent(person.asked, sorted(names))
