"""Values: cells of a file as numbers, durations, days and instants; nothing is guessed."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from .errors import BadRow

Cell = object
"""What a file gives for one column: text, and from JSON and SQLite also numbers, booleans, lists, objects."""

SECONDS = {"milliseconds": Decimal("0.001"), "seconds": Decimal(1), "minutes": Decimal(60)}
SECONDS |= {"hours": Decimal(3600), "days": Decimal(86_400)}
CLOCKS = {"h:mm:ss": 3, "h:mm": 2, "m:ss": 2}
ORDERS = {"day-first": ("d", "m", "y"), "month-first": ("m", "d", "y"), "year-first": ("y", "m", "d")}
EPOCHS = {"epoch": 1, "epoch-ms": 1000}
_BOOLEANS = {"true": True, "yes": True, "y": True, "1": True, "false": False, "no": False, "n": False} | {
    "0": False
}
_AROUND = re.compile(r"^(?:[A-Z]{3}|[^\w\s.,()+-]{1,3})?\s*|\s*(?:[A-Z]{3}|[^\w\s.,()+-]{1,3})?$")
_SPACES = re.compile(r"[\s\u00a0\u202f'\u2019]")
_DATE = re.compile(
    r"(?P<one>\d{1,4})[./-](?P<two>\d{1,2})[./-](?P<three>\d{1,4})"
    r"(?:,?[ T]+(?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?:[:.](?P<second>\d{2})(?:[.,]\d+)?)?"
    r"\s*(?P<half>[AaPp]\.?[Mm]\.?)?)?"
)


def is_nothing(cell: Cell, empty: frozenset[str]) -> bool:
    """Say whether a cell holds nothing: null, a blank text, or a text that the settings count as such."""
    return cell is None or (isinstance(cell, str) and (not cell.strip() or cell.strip() in empty))


def to_text(cell: Cell) -> str:
    """Return a cell as text; whole numbers without a point, so that an id is the same from every format."""
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, int):
        return str(cell)
    if isinstance(cell, float | Decimal):
        number = Decimal(repr(cell)) if isinstance(cell, float) else cell
        return format(number.quantize(Decimal(1)) if number == number.to_integral_value() else number, "f")
    raise BadRow(f"{type(cell).__name__} isn't a text or a number")


def to_number(cell: Cell, decimal: str) -> Decimal:
    """Return a number exactly as it is written, with `decimal` (a point or a comma) before its fraction.

    Thousands are taken where they stand in groups of three; currency signs and codes around it are dropped.
    """
    if isinstance(cell, bool):
        raise BadRow("a truth value isn't a number")
    if isinstance(cell, int | float | Decimal):
        number = Decimal(repr(cell)) if isinstance(cell, float) else Decimal(cell)
        if not number.is_finite():
            raise BadRow(f"{cell} isn't a number")
        return number
    written = to_text(cell)
    text = _SPACES.sub("", _AROUND.sub("", written))
    negative = (text.startswith("(") and text.endswith(")")) or text.endswith("-") or text.startswith("-")
    text = text.strip("()+-")
    other = "." if decimal == "," else ","
    point, thousand = re.escape(decimal), re.escape(other)
    if not re.fullmatch(rf"(?:\d+|\d{{1,3}}(?:{thousand}\d{{3}})+)?(?:{point}\d+)?", text) or not text:
        hint = f"; is decimal = {other!r} meant?" if re.fullmatch(rf"\d+{thousand}\d+", text) else ""
        raise BadRow(f"{written!r} isn't a number with {decimal!r} before its fraction{hint}")
    try:
        number = Decimal(text.replace(other, "").replace(decimal, "."))
    except InvalidOperation:
        raise BadRow(f"{written!r} isn't a number") from None
    return -number if negative else number


def to_boolean(cell: Cell) -> bool:
    """Return a truth value; true, yes, y and 1 and their opposites, in any case."""
    if isinstance(cell, bool):
        return cell
    found = _BOOLEANS.get(to_text(cell).lower())
    if found is None:
        raise BadRow(f"{to_text(cell)!r} is neither true nor false; `map` says which words are which")
    return found


def to_duration(cell: Cell, unit: str, decimal: str) -> timedelta:
    """Return a duration in a unit, or written as by a clock (`h:mm:ss`, `h:mm`, `m:ss`)."""
    if unit in CLOCKS:
        return _clock(to_text(cell), unit)
    if isinstance(cell, str) and re.fullmatch(r"\d+:\d\d:\d\d", cell.strip()):
        return _clock(cell.strip(), "h:mm:ss")
    milliseconds = to_number(cell, decimal) * SECONDS[unit] * 1000
    return timedelta(milliseconds=int(milliseconds.to_integral_value()))


def _clock(text: str, unit: str) -> timedelta:
    parts = text.split(":")
    if len(parts) != CLOCKS[unit] or not all(part.isdecimal() for part in parts):
        raise BadRow(f"{text!r} isn't a duration as {unit}")
    numbers = [int(part) for part in parts]
    if unit == "m:ss":
        numbers = [0, *numbers]
    return timedelta(hours=numbers[0], minutes=numbers[1], seconds=numbers[2] if len(numbers) > 2 else 0)


def to_instant(cell: Cell, formats: tuple[str, ...], zone: ZoneInfo | None) -> datetime:
    """Return an aware instant, by the first format that fits; a local time is one of `zone`."""
    found = _parsed(cell, formats)
    if found.tzinfo is not None:
        return found.astimezone(UTC)
    if zone is None:
        raise BadRow(f'{to_text(cell)!r} says no time zone; set `timezone`, as "Europe/Berlin"')
    return found.replace(tzinfo=zone).astimezone(UTC)


def to_day(cell: Cell, formats: tuple[str, ...], zone: ZoneInfo | None) -> date:
    """Return a local day; of an instant with a zone of its own the day in `zone`."""
    found = _parsed(cell, formats)
    return (found.astimezone(zone) if found.tzinfo is not None and zone is not None else found).date()


def _parsed(cell: Cell, formats: tuple[str, ...]) -> datetime:
    for format_ in formats:
        found = _by(cell, format_)
        if found is not None:
            return found
    written = to_text(cell)
    hint = ""
    if _DATE.fullmatch(written) and not set(formats) & set(ORDERS):
        hint = '; `dates = "day-first"` or "month-first" says which it is'
    raise BadRow(f"{written!r} isn't a date as {' or '.join(formats)}{hint}")


def _by(cell: Cell, format_: str) -> datetime | None:
    try:
        if format_ in EPOCHS:
            seconds = to_number(cell, ".") / EPOCHS[format_]
            return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(seconds * 1000))
        text = to_text(cell)
        if format_ == "iso":
            return None if text.isdecimal() and len(text) != 8 else datetime.fromisoformat(text)
        if format_ in ORDERS:
            return _ordered(text, ORDERS[format_])
        return datetime.strptime(text, format_)  # noqa: DTZ007 - the zone is the caller's
    except (ValueError, BadRow, OverflowError):
        return None


def _ordered(text: str, order: tuple[str, ...]) -> datetime | None:
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    parts = dict(zip(order, (found["one"], found["two"], found["three"]), strict=True))
    if len(parts["y"]) not in (2, 4) or len(parts["m"]) > 2 or len(parts["d"]) > 2:
        return None
    year = int(parts["y"]) + (2000 if len(parts["y"]) == 2 else 0)
    hour = int(found["hour"] or 0)
    if found["half"]:
        hour = hour % 12 + (12 if found["half"][0] in "Pp" else 0)
    minute, second = int(found["minute"] or 0), int(found["second"] or 0)
    return datetime(year, int(parts["m"]), int(parts["d"]), hour, minute, second)  # noqa: DTZ001
