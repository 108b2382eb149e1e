"""Telephone: a number as people write it, brought to the form in which two writings of it are equal."""

from __future__ import annotations

import re

_LEAST_DIGITS = 8


def telephone(text: str, calling_code: str = "", trunk_prefix: str = "0") -> str | None:
    """Return an international number as `+` and digits; None for what names no country or is too short.

    The same national number means another line in each country, so it has no such form, unless a calling
    code (digits) says where it is from: then it begins with the trunk prefix, which the code takes the place
    of.
    """
    plain = text.replace("(0)", "").strip()
    digits = re.sub(r"\D", "", plain)
    if plain.startswith("00"):
        digits = digits[2:]
    elif not plain.startswith("+"):
        if not calling_code or not digits.startswith(trunk_prefix):
            return None
        digits = calling_code + digits.removeprefix(trunk_prefix)
    return f"+{digits}" if len(digits) >= _LEAST_DIGITS else None
