"""Pseudonyms: what stands in the place of a person's address, number and name."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .identifiers import fold
from .key import Key

ERASED = "erased"
HASHED = "hashed"
_ADDRESS = re.compile(rf"({ERASED}|{HASHED})-[0-9a-f]{{16}}@\1\.invalid")


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """Stand-ins of one kind; equal people get equal ones, so that their tickets stay together.

    They look like an address and an international number (999 is no country's), because that is how people
    are joined over sources.
    """

    key: Key
    word: str

    def address(self, address: str) -> str:
        """Return the stand-in for an address."""
        return f"{self.word}-{self.key.hash(self.word, fold(address))[:16]}@{self.word}.invalid"

    def number(self, digits: str) -> str:
        """Return the stand-in for a telephone number."""
        return f"+999{int(self.key.hash(self.word, digits), 16) % 10**12:012d}"

    def name(self, basis: str) -> str:
        """Return the stand-in for a name, made from what the person is known by."""
        return f"{self.word}-{self.key.hash(self.word, fold(basis))[:8]}"


def is_pseudonym(address: str, word: str = "") -> bool:
    """Return whether an address is a stand-in already, of one kind if `word` says so."""
    return address.startswith(word) and _ADDRESS.fullmatch(address) is not None
