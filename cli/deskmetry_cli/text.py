"""Text: values as people read them, and text of strangers made harmless."""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo

# Control sequences, and marks that reorder what is shown: a subject line must not repaint the terminal.
# Lone surrogates can't be written at all.
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
# Some spreadsheets take the wide ones too.
_FORMULA = tuple("=+-@\t\r＝＋－＠")


def plain(text: str) -> str:
    """Return text without control characters (a space in their place) and without marks that reorder it."""
    return CONTROL.sub(" ", text)


def guarded(text: str) -> str:
    """Return text that a spreadsheet takes as text: what looks like a formula gets an apostrophe in front."""
    # What trims blanks sees the formula behind them too.
    return f"'{text}" if text.startswith(_FORMULA) or text.lstrip().startswith(_FORMULA) else text


def duration(milliseconds: float) -> str:
    """Return a duration as its two largest units, as `2h 14m` or `3d 4h`."""
    sign = "-" if milliseconds < 0 else ""
    seconds = round(abs(milliseconds) / 1000)
    if seconds == 0 and milliseconds:
        return f"{sign}{abs(milliseconds):.0f}ms"
    units = (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1))
    if seconds < 60:
        return f"{sign}{seconds}s"
    # Round to what is shown, so that 59m 59s of a 2h doesn't read as 1h 60m.
    largest = next(index for index, (_, size) in enumerate(units) if seconds >= size)
    smallest = units[min(largest + 1, 3)][1]
    seconds = round(seconds / smallest) * smallest
    largest = next(index for index, (_, size) in enumerate(units) if seconds >= size)
    parts: list[str] = []
    for name, size in units[largest : largest + 2]:
        amount, seconds = divmod(seconds, size)
        if amount or not parts:
            parts.append(f"{amount}{name}")
    return sign + " ".join(parts)


def number(value: float, digits: int = 2) -> str:
    """Return a number with thousands separated, without trailing zeros."""
    if isinstance(value, int) or float(value).is_integer():
        return f"{int(value):,}"
    return f"{value:,.{digits}f}".rstrip("0").rstrip(".")


def instant(at: datetime | None, zone: ZoneInfo) -> str:
    """Return an instant in a zone to the minute, or a dash."""
    return "–" if at is None else f"{at.astimezone(zone):%Y-%m-%d %H:%M}"


def day_or_instant(at: datetime, zone: ZoneInfo) -> str:
    """Return a local midnight as a day, another instant to the minute."""
    local = at.astimezone(zone)
    return (
        f"{local:%Y-%m-%d}"
        if (local.hour, local.minute, local.second) == (0, 0, 0)
        else f"{local:%Y-%m-%d %H:%M}"
    )
