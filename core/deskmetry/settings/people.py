"""People: the settings that say what joins customers to one person, checked."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import BadSetting, nearest
from ..telephone import telephone

_CODE = re.compile(r"[1-9][0-9]{0,2}")
_PREFIX = re.compile(r"[0-9]{0,3}")


@dataclass(frozen=True, slots=True)
class People:
    """What joins customers of all sources to one person, and what joins nobody.

    `stand_ins` are what the database holds in the place of ignored addresses and numbers where it holds
    people hashed.
    """

    ignore: tuple[str, ...] = field(
        default=(), metadata={"doc": "Addresses, `*@domain` and telephone numbers that join nobody"}
    )
    shared_by: int = field(
        default=3, metadata={"doc": "An address or number that more people share joins nobody"}
    )
    calling_code: str = field(
        default="",
        metadata={"doc": "Calling code of national telephone numbers, as 49; else they join nobody"},
    )
    trunk_prefix: str = field(default="0", metadata={"doc": "What a national telephone number begins with"})
    stand_ins: tuple[str, ...] = ()

    @property
    def addresses(self) -> tuple[str, ...]:
        """Return the single addresses of the ignore list, in lower case."""
        return tuple(text.lower() for text in self.ignore if "@" in text and not text.startswith("*@"))

    @property
    def domains(self) -> tuple[str, ...]:
        """Return the domains of the ignore list, in lower case."""
        return tuple(text[2:].lower() for text in self.ignore if text.startswith("*@"))

    @property
    def numbers(self) -> tuple[str, ...]:
        """Return the telephone numbers of the ignore list, as `number` gives them."""
        return tuple(found for text in self.ignore if "@" not in text and (found := self.number(text)))

    def number(self, text: str) -> str | None:
        """Return a telephone number as `+` and digits; None for one that joins nobody."""
        return telephone(text, self.calling_code, self.trunk_prefix)

    @property
    def mark(self) -> str:
        """Return what tells these settings from others, without the addresses and numbers in them."""
        told = [sorted(self.ignore), self.shared_by, self.calling_code, self.trunk_prefix]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def people_of(file: object, key: str, given: Mapping[str, Any]) -> People:
    """Check a table of settings; BadSetting names what is wrong with it."""
    for name in given:
        if name not in SETTINGS:
            mend = f"{nearest(name, SETTINGS)} Settings: {', '.join(SETTINGS)}."
            raise BadSetting(file, f"{key}.{name}", "there is no such setting", mend.strip())
    shared_by = given.get("shared_by", 3)
    if not isinstance(shared_by, int) or isinstance(shared_by, bool) or shared_by < 1:
        reason = "it must be a whole number from 1"
        raise BadSetting(file, f"{key}.shared_by", reason, "Write shared_by = 3 or leave it out.")
    for name, shape, example in (("calling_code", _CODE, "49"), ("trunk_prefix", _PREFIX, "0")):
        value = given.get(name, example)
        if not isinstance(value, str) or not shape.fullmatch(value):
            reason = "it must be a text of up to three digits" + (", as 49" if name == "calling_code" else "")
            raise BadSetting(file, f"{key}.{name}", reason, f'Write {name} = "{example}" or leave it out.')
    ignore = given.get("ignore", [])
    found = People(
        shared_by=shared_by,
        calling_code=given.get("calling_code", ""),
        trunk_prefix=given.get("trunk_prefix", "0"),
    )
    if not isinstance(ignore, list):
        raise _no_list(file, key)
    texts = tuple(_ignored(file, key, found, item) for item in ignore)
    return People(texts, found.shared_by, found.calling_code, found.trunk_prefix)


SETTINGS = ("ignore", "shared_by", "calling_code", "trunk_prefix")
"""The keys of the table."""


def _no_list(file: object, key: str) -> BadSetting:
    return BadSetting(
        file, f"{key}.ignore", "it must be a list of texts", 'Write ignore = ["info@acme.example"].'
    )


def _ignored(file: object, key: str, people: People, item: object) -> str:
    """Return one entry of the list; BadSetting if it could never be found among the customers."""
    if not isinstance(item, str) or not (text := item.strip()):
        raise _no_list(file, key)
    if "@" in text:
        local, _, domain = text.rpartition("@")
        if local and domain and not re.search(r"[\s*]", domain) and (local == "*" or "*" not in local):
            return text
        mend = 'Write an address, or "*@acme.example" for all of a domain.'
        raise BadSetting(file, f"{key}.ignore", f"{text!r} is no address", mend)
    if people.number(text) is None:
        mend = 'Write a number with its country ("+49 30 1234567"), an address or "*@acme.example".'
        raise BadSetting(file, f"{key}.ignore", f"{text!r} is neither an address nor such a number", mend)
    return text
