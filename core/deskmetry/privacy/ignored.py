"""Ignored: the addresses and numbers that join nobody, as a database that holds people hashed has them."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

from ..settings import People
from .key import key_of
from .pseudonyms import HASHED, Pseudonyms


def with_stand_ins(connection: sqlite3.Connection, people: People) -> People:
    """Return the settings with what stands in the database for the addresses and numbers they ignore.

    Unchanged where nothing is ignored or nobody was hashed yet. Raises KeyLost.
    """
    key = key_of(connection) if people.ignore else None
    if key is None:
        return people
    hashed = Pseudonyms(key, HASHED)
    numbers = (hashed.number(number.removeprefix("+")) for number in people.numbers)
    return replace(people, stand_ins=(*map(hashed.address, people.addresses), *numbers))
