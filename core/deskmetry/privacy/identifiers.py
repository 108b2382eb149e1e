"""Identifiers: addresses, telephone numbers and names found in a text and swapped for others."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection
from itertools import pairwise

Swap = Callable[[str], str | None]
"""What to put in the place of an identifier; None to leave it."""

_LOCAL = 64  # characters before the @ that count
_DOMAIN = 255
_LEAST_DIGITS = 7
_AT = re.compile("@|%40")
_BEFORE = re.compile(r"[^\s<>()\[\],;:\"\\@]*\Z")
_AFTER = re.compile(r"[\w.-]+")
# Signs that an address may begin with, and that stand before it far more often: ?email=jane@x, 'jane@x'.
_JUNK = re.compile(r"['=/?&*|{}!#$%^~`]")
_PHONE = re.compile(r"(?<![\w.])\+?\(?\d[\d \-./()\u00a0]{5,24}\d(?!\w)")
_WORD = re.compile(r"[^\W_]+(?:['’.-][^\W_]+)*", re.UNICODE)
_GAP = 3  # characters between two words of one name


def fold(text: str) -> str:
    """Return a text as it is compared: without case, blanks around it and the ways to write an accent."""
    return unicodedata.normalize("NFC", text).strip().casefold()


def number_of(text: str) -> str | None:
    """Return a telephone number as digits, without the signs for an international one; None if too short."""
    digits = re.sub(r"\D", "", text.replace("(0)", ""))
    digits = digits.removeprefix("00")
    return digits if len(digits) >= _LEAST_DIGITS else None


def name_words(name: str) -> tuple[str, ...]:
    """Return the words of a name, to be compared."""
    return tuple(_WORD.findall(fold(name)))


def swap_addresses(text: str, swap: Swap) -> str:
    """Return a text with the addresses swapped; `swap` gets each as it stands, `%40` written as `@`."""
    if "@" not in text and "%40" not in text:
        return text
    parts: list[str] = []
    done = 0
    for at in _AT.finditer(text):
        begin = max(done, at.start() - _LOCAL)
        local = _BEFORE.search(text, begin, at.start())
        domain = _AFTER.match(text, at.end(), at.end() + _DOMAIN)
        if local is None or not local[0] or domain is None:
            continue
        host = domain[0].rstrip(".-")
        for cut in (0, *(found.end() for found in _JUNK.finditer(local[0]))):
            other = swap(f"{local[0][cut:]}@{host}") if cut < len(local[0]) else None
            if other is not None:
                parts += (text[done : local.start() + cut], other)
                done = at.end() + len(host)
                break
    return "".join((*parts, text[done:])) if parts else text


def swap_numbers(text: str, swap: Swap) -> str:
    """Return a text with the telephone numbers swapped; `swap` gets the digits of each."""

    def other(found: re.Match[str]) -> str:
        digits = number_of(found[0])
        return (swap(digits) if digits else None) or found[0]

    return _PHONE.sub(other, text)


def swap_names(text: str, lengths: Collection[int], swap: Swap) -> str:
    """Return a text with the names of so many words swapped; `swap` gets the words, folded, with blanks."""
    words = list(_WORD.finditer(text))
    parts: list[str] = []
    done = index = 0
    while index < len(words):
        for length in sorted(lengths, reverse=True):
            group = words[index : index + length]
            if len(group) < length or any(later.start() - one.end() > _GAP for one, later in pairwise(group)):
                continue
            other = swap(" ".join(fold(word[0]) for word in group))
            if other is not None:
                parts += (text[done : group[0].start()], other)
                done = group[-1].end()
                index += length - 1
                break
        index += 1
    return "".join((*parts, text[done:])) if parts else text
