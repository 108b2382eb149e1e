"""Duration: a span of time as people write it in settings, such as `7d`, `36h` or `90m`."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator

_UNITS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes", "min": "minutes", "s": "seconds"}
_PART = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)\s*(min|[wdhms])\s*")
_WHOLE = re.compile(rf"(?:{_PART.pattern})+")


def read_duration(value: object) -> object:
    """Turn `7d`, `36h`, `90m`, `1d 12h` into a timedelta; other texts (ISO 8601) are left to pydantic.

    Raises ValueError for a number: whether it means days or seconds would be a guess.
    """
    if isinstance(value, int | float):
        raise ValueError('a duration needs a unit, for example "7d", "36h" or "90m"')
    if not isinstance(value, str):
        return value
    text = value.strip().lower()
    if not _WHOLE.fullmatch(text):
        if not text.lstrip("+-").startswith("p"):
            raise ValueError('expected a duration such as "7d", "36h", "90m" or ISO 8601 ("P7D")')
        return value
    try:
        parts = [timedelta(**{_UNITS[unit]: float(number)}) for number, unit in _PART.findall(text)]
        return sum(parts, timedelta())
    except OverflowError:
        raise ValueError("the duration is too long") from None


Duration = Annotated[timedelta, BeforeValidator(read_duration)]
