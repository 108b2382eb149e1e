"""Erased: who was erased, known by keyed hashes alone."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ..records import to_milliseconds
from .identifiers import fold, name_words, number_of, swap_addresses, swap_numbers
from .key import Key, key_of
from .pseudonyms import ERASED, Pseudonyms, is_pseudonym

ADDRESS, NUMBER, CUSTOMER, NAME = "address", "number", "customer", "name"
LEAST_WORDS = 2
"""Words that a name must have to be looked for in texts: one alone is a word of the language too often."""
_MOST_WORDS = 6
_SHORT = 200  # characters of a text that comes often: an address, an id
_REMEMBERED = 100_000  # answers kept, so that an address that comes often is hashed once


Mark = tuple[str, str]
"""Kind and keyed hash of what a person is known by."""


@dataclass(slots=True)
class Erased:
    """The marks of erased people, each with whether texts by others are cleaned of it too.

    `persons` says which marks are of one person, `person` whose those are that are added. `aliases` are
    addresses and numbers that stand for an erased one in this database, as hashed ones do.
    """

    key: Key
    marks: dict[Mark, bool] = field(default_factory=dict)
    persons: dict[Mark, str] = field(default_factory=dict)
    person: str = ""
    new: list[Mark] = field(default_factory=list)
    aliases: dict[str, str] = field(default_factory=dict, repr=False)
    lengths: set[int] = field(default_factory=set)
    has_numbers: bool = False
    in_texts: bool = False
    _texts: dict[str, str] = field(default_factory=dict, repr=False)
    _answers: dict[tuple[str, str], str | None] = field(default_factory=dict, repr=False)

    def __bool__(self) -> bool:
        return bool(self.marks)

    @classmethod
    def load(cls, connection: sqlite3.Connection) -> Erased | None:
        """Return who was erased from a database; None if nobody ever was. Raises KeyLost."""
        key = key_of(connection)
        if key is None:
            return None
        erased = cls(key)
        rows = "SELECT kind, hash, person, in_texts FROM erased WHERE kind <> 'key'"
        for kind, digest, erased.person, in_texts in connection.execute(rows):
            erased._take(kind, digest, in_texts=bool(in_texts))
        erased.person = ""
        erased.new.clear()
        return erased

    def save(self, connection: sqlite3.Connection) -> None:
        """Write the new marks; a mark that cleans texts too never goes back."""
        now = to_milliseconds(datetime.now(UTC))
        connection.executemany(
            "INSERT INTO erased (kind, hash, person, in_texts, erased_at) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (kind, hash) DO UPDATE SET in_texts = max(in_texts, excluded.in_texts)",
            ((*mark, self.persons[mark], self.marks[mark], now) for mark in self.new),
        )
        self.new.clear()

    @property
    def pseudonyms(self) -> Pseudonyms:
        """Return the stand-ins for erased people."""
        return Pseudonyms(self.key, ERASED)

    def marks_of(self, asked: str, sources: Iterable[int]) -> set[Mark]:
        """Return the marks of a person who is known already, by an address, a number or a customer's id."""
        digits = number_of(asked) or ""
        mine = {(ADDRESS, self.key.hash(ADDRESS, fold(asked))), (NUMBER, self.key.hash(NUMBER, digits))}
        mine |= {(CUSTOMER, self.key.hash(CUSTOMER, f"{source}:{asked}")) for source in sources}
        persons = {self.persons[mark] for mark in mine & self.marks.keys()}
        return {mark for mark, person in self.persons.items() if person in persons - {""}} | (
            mine & self.marks.keys()
        )

    # --- to know somebody from now on ------------------------------------------------------------------

    def add_address(self, address: str, *, in_texts: bool = False) -> None:
        """Know an address from now on."""
        self._take(ADDRESS, self.key.hash(ADDRESS, fold(address)), in_texts=in_texts)

    def add_number(self, digits: str, *, in_texts: bool = False) -> None:
        """Know a telephone number from now on."""
        self._take(NUMBER, self.key.hash(NUMBER, digits), in_texts=in_texts)

    def add_customer(self, source: int, customer: str) -> None:
        """Know a customer of a source from now on."""
        self._take(CUSTOMER, self.key.hash(CUSTOMER, f"{source}:{customer}"), in_texts=False)

    def add_name(self, name: str, *, in_texts: bool = False) -> None:
        """Know a name of at least two words from now on, the last word first too."""
        words = name_words(name)
        if not LEAST_WORDS <= len(words) <= _MOST_WORDS:
            return
        for order in {words, (words[-1], *words[:-1])}:
            self._take(f"{NAME}{len(words)}", self.key.hash(NAME, " ".join(order)), in_texts=in_texts)

    def take(self, mark: Mark, *, in_texts: bool) -> None:
        """Know a mark from now on."""
        self._take(*mark, in_texts=in_texts)

    def _take(self, kind: str, digest: str, *, in_texts: bool) -> None:
        mark = (kind, digest)
        if mark in self.marks and self.marks[mark] >= in_texts:
            return
        self.marks[mark] = in_texts
        self.persons.setdefault(mark, self.person)
        self.new.append(mark)
        self.in_texts = self.in_texts or in_texts
        self.has_numbers = self.has_numbers or kind == NUMBER
        if kind.startswith(NAME):
            self.lengths.add(int(kind[len(NAME) :]))
        self._answers.clear()
        self._texts.clear()

    # --- whether somebody is known ---------------------------------------------------------------------

    def address(self, address: str) -> str | None:
        """Return the stand-in for an address that was erased, else None."""
        return self._answer(ADDRESS, address)

    def number(self, digits: str) -> str | None:
        """Return the stand-in for a telephone number that was erased, else None."""
        return self._answer(NUMBER, digits)

    def name(self, words: str) -> str | None:
        """Return what stands for a name (folded words with blanks) that was erased, else None."""
        return self._answer(NAME, words)

    def address_in_texts(self, address: str) -> str | None:
        """As `address`, for texts by others."""
        return self._answer(ADDRESS, address, in_texts=True)

    def number_in_texts(self, digits: str) -> str | None:
        """As `number`, for texts by others."""
        return self._answer(NUMBER, digits, in_texts=True)

    def name_in_texts(self, words: str) -> str | None:
        """As `name`, for texts by others."""
        return self._answer(NAME, words, in_texts=True)

    def swapped(self, text: str) -> str:
        """Return a text with the addresses and numbers of erased people swapped for their stand-ins."""
        if not self.has_numbers and "@" not in text and "%40" not in text:
            return text
        known = self._texts.get(text)
        if known is None:
            known = swap_addresses(text, self.address)
            known = swap_numbers(known, self.number) if self.has_numbers else known
            if len(text) <= _SHORT:
                if len(self._texts) > _REMEMBERED:
                    self._texts.clear()
                self._texts[text] = known
        return known

    def customer(self, source: int, customer: str) -> bool:
        """Return whether a customer of a source was erased."""
        return (CUSTOMER, self.key.hash(CUSTOMER, f"{source}:{customer}")) in self.marks

    def known(self, source: int, person: str | None) -> bool:
        """Return whether the id of a customer, which may be an address or a number, is that of one erased."""
        if not person:
            return False
        if self.customer(source, person) or self.address(person):
            return True
        digits = number_of(person) if person[:1] in "+0" else None
        return digits is not None and self.number(digits) is not None

    def _answer(self, kind: str, text: str, *, in_texts: bool = False) -> str | None:
        asked = (f"{kind}!" if in_texts else kind, text)
        if asked not in self._answers:
            if len(self._answers) > _REMEMBERED:
                self._answers.clear()
            self._answers[asked] = self._found(kind, text, in_texts=in_texts)
        return self._answers[asked]

    def _found(self, kind: str, text: str, *, in_texts: bool) -> str | None:
        if kind == ADDRESS and not in_texts and is_pseudonym(text, ERASED):
            return text  # erased before: their rows are still theirs
        text = self.aliases.get(text, text)
        text = text if kind == NUMBER else fold(text)
        mark = (f"{NAME}{text.count(' ') + 1}" if kind == NAME else kind, self.key.hash(kind, text))
        if mark not in self.marks or (in_texts and not self.marks[mark]):
            return None
        stand_in = {ADDRESS: self.pseudonyms.address, NUMBER: self.pseudonyms.number}
        return stand_in.get(kind, self.pseudonyms.name)(text)
