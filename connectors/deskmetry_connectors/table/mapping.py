"""Mapping: from the cells of a row to the records that the settings make of them."""

from __future__ import annotations

import calendar
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from deskmetry.errors import nearest
from deskmetry.records import Record, to_milliseconds

from .errors import BadRow
from .fields import MADE, FieldInfo, Kind, Place, fields_of, place_of
from .money import whole_units
from .row import Row
from .settings import Column, TableSettings, Words, check_zone
from .values import (
    Cell,
    is_nothing,
    to_boolean,
    to_day,
    to_duration,
    to_instant,
    to_number,
    to_text,
)

# The instant by which copies of a row made beside others are ordered, the first that a table has.
_WHEN = ("updated_at", "at", "placed_at", "answered_at", "created_at", "asked_at", "sent_at", "offered_at",
         "from_day")  # fmt: skip
_PHONE_SIGNS = str.maketrans("", "", " ()-/.")


@dataclass(frozen=True, slots=True)
class Reading:
    """How the cells of a file are read where a column doesn't say it: dates, zone, decimal sign, nothing."""

    formats: tuple[str, ...]
    zone: ZoneInfo | None
    decimal: str
    empty: frozenset[str]


class TableMapping:
    """How rows become records of one table, and of those that these refer to."""

    def __init__(self, settings: TableSettings, reading: Reading, direct: frozenset[str]) -> None:
        self.settings = settings
        self._reading = reading
        self._direct = direct  # tables that the file fills itself: no rows of them are made beside others
        self._places: dict[str, tuple[Place, Column]] = {
            name: (place_of(settings.record, name), column) for name, column in settings.columns.items()
        }
        units = {
            column.unit
            for place, column in self._places.values()
            if place.field.kind is Kind.MONEY and column.unit not in (None, "minor")
        }
        self._currency = units.pop() if len(units) == 1 else None

    def faults(self, header: Iterable[str], *, certain: bool) -> Iterator[str]:
        """Yield what is wrong with the settings for a file with this header, for people."""
        names = list(header)
        given = {place.by or name for name, (place, _) in self._places.items()}
        if self._currency is not None:
            given.add("currency")
        table = self.settings.into
        for field in fields_of(self.settings.record).values():
            if field.required and field.name not in given:
                also = "; { key = [columns] } makes one" if field.name == "id" else ""
                yield f"{table} needs `{field.name}` ({field.doc}{also})"
        for name in dict.fromkeys(self._named()):
            if name not in names and (certain or self._is_needed(name)) and name.split(".")[0] not in names:
                near = nearest(name, names).strip()
                yield f"there is no column {name!r}" + (f" ({near[:1].lower()}{near[1:]})" if near else "")

    def absent(self, header: Iterable[str]) -> list[str]:
        """Return the columns that the settings name and the header doesn't."""
        names = set(header)
        return [name for name in dict.fromkeys(self._named()) if name.split(".")[0] not in names]

    def records(self, row: Row) -> list[Record]:
        """Return the records of a row, the table's own first; none if the row isn't for it."""
        reading, settings = self._reading, self.settings
        if settings.only and not _matches(row, settings.only, reading.empty):
            return []
        if settings.skip and _matches_any(row, settings.skip, reading.empty):
            return []
        currency = self._currency_of(row)
        own: dict[str, Any] = {}
        beside: dict[str, dict[str, Any]] = {}
        for name, (place, column) in self._places.items():
            try:
                value = self._value(row, place.field, column, currency)
            except BadRow as error:
                raise BadRow(f"{name}: {error}") from None
            if value is None:
                continue
            if place.by is None:
                own[name] = value
            else:
                beside.setdefault(place.by, {})[place.field.name] = value
        if currency is not None and "currency" in fields_of(settings.record):
            own["currency"] = currency
        self._refer(own, beside)
        record = settings.record(**own)
        version = _version(record)
        return [record, *self._made(beside, own, version)]

    def _named(self) -> Iterator[str]:
        for _, column in self._places.values():
            yield from column.named()
        yield from self.settings.only
        yield from self.settings.skip

    def _is_needed(self, name: str) -> bool:
        """Say whether a required column rests on this one: it must be in every row, then."""
        return any(
            place.by is None and place.field.required and column.default is None and name in column.named()
            for place, column in self._places.values()
        )

    def _currency_of(self, row: Row) -> str | None:
        found = self._places.get("currency")
        if found is None:
            return self._currency
        value = self._value(row, found[0].field, found[1], None)
        return None if value is None else str(value).upper()

    def _value(self, row: Row, field: FieldInfo, column: Column, currency: str | None) -> Any:
        cell = self._cell(row, column, whole=field.kind is Kind.OBJECT)
        if cell is None:
            return None
        value = self._converted(cell, field, column, currency)
        if isinstance(column.plus, Column) and isinstance(value, datetime):
            longer = self._cell(row, column.plus)
            if longer is None:
                return None
            decimal = column.plus.decimal or self._reading.decimal
            value += to_duration(longer, column.plus.unit or "", decimal)
        return f"{column.prefix}{value}" if column.prefix and isinstance(value, str) else value

    def _cell(self, row: Row, column: Column, *, whole: bool = False) -> Cell:
        empty = self._reading.empty
        if column.when and not _matches(row, column.when, empty):
            return None
        if column.value is not None:
            return _cell_of(column.value)
        if column.key is not None:
            return _key(row, column.key)
        if column.columns is not None:
            cells = {name: row.get(name) for name in column.columns}
            kept = {name: cell for name, cell in cells.items() if not is_nothing(cell, empty)}
            found: Cell = kept if whole else column.join.join(map(to_text, kept.values()))
        else:
            found = row.get(column.column or "")
        if is_nothing(found, empty):
            return _cell_of(column.default)
        return found if column.map is None else _mapped(column.map, to_text(found))

    def _converted(self, cell: Cell, field: FieldInfo, column: Column, currency: str | None) -> Any:
        reading = self._reading
        decimal = column.decimal or reading.decimal
        match field.kind:
            case Kind.MONEY:
                return _money(to_number(cell, decimal), column, currency)
            case Kind.DURATION if column.unit is None:
                return int(to_number(cell, decimal))
            case Kind.DURATION:
                return round(to_duration(cell, column.unit or "", decimal) / timedelta(milliseconds=1))
            case Kind.INSTANT | Kind.DAY:
                return self._dated(cell, field.kind, column)
            case Kind.BOOLEAN:
                return to_boolean(cell)
            case Kind.INTEGER:
                return _whole(to_number(cell, decimal))
            case Kind.NUMBER:
                return float(to_number(cell, decimal))
            case Kind.OBJECT:
                return _object(cell)
            case Kind.LIST:
                return _list(cell, column.split)
            case _:
                return _text(cell, field, column)

    def _dated(self, cell: Cell, kind: Kind, column: Column) -> date | datetime:
        given = [column.format] if isinstance(column.format, str) else column.format
        formats = tuple(given) if given else self._reading.formats
        zone = check_zone(column.timezone) or self._reading.zone
        if kind is Kind.DAY:
            day = to_day(cell, formats, zone)
            return _later(day, column.plus) if isinstance(column.plus, dict) else day
        return to_instant(cell, formats, zone)

    def _refer(self, own: dict[str, Any], beside: dict[str, dict[str, Any]]) -> None:
        """Give the row the ids of what it refers to by address, telephone number or name."""
        for by, values in beside.items():
            if own.get(by) is None:
                own[by] = _id_of(values)

    def _made(
        self, beside: Mapping[str, dict[str, Any]], own: Mapping[str, Any], version: int | None
    ) -> Iterator[Record]:
        for by, values in beside.items():
            table = fields_of(self.settings.record)[by].refers or ""
            if own[by] is not None and table not in self._direct:
                # Of several rows the newest says how somebody is called.
                yield MADE[table].model_validate({"id": own[by], "version": version, **values})


def _matches(row: Row, words: Words, empty: frozenset[str]) -> bool:
    return all(_is_one_of(row.get(name), wanted, empty) for name, wanted in words.items())


def _matches_any(row: Row, words: Words, empty: frozenset[str]) -> bool:
    return any(_is_one_of(row.get(name), wanted, empty) for name, wanted in words.items())


def _is_one_of(cell: Cell, wanted: str | list[str], empty: frozenset[str]) -> bool:
    known = [wanted] if isinstance(wanted, str) else wanted
    if is_nothing(cell, empty):
        return "" in known
    return "*" in known or to_text(cell).lower() in [word.lower() for word in known]


def _cell_of(value: Any) -> Cell:
    """Return a value of the configuration as a cell; TOML has dates of its own."""
    return value.isoformat() if isinstance(value, date | datetime | time) else value


def _key(row: Row, names: list[str]) -> str:
    parts = ["" if (cell := row.get(name)) is None else to_text(cell) for name in names]
    if not any(parts):
        raise BadRow(f"{', '.join(names)} are empty, so that there is no id")
    return hashlib.sha256(json.dumps(parts, ensure_ascii=True).encode()).hexdigest()[:24]


def _mapped(words: Mapping[str, str], text: str) -> str:
    for known in (text, text.lower(), "*"):
        if known in words:
            return words[known]
    folded = {word.lower(): meaning for word, meaning in words.items()}
    if text.lower() in folded:
        return folded[text.lower()]
    raise BadRow(f'{text!r} isn\'t in its map ({", ".join(words)}); add it, or "*" for all others')


def _money(amount: Any, column: Column, currency: str | None) -> int:
    if column.unit == "minor" or column.value is not None:
        return _whole(amount)
    code = column.unit or currency
    if code is None:
        raise BadRow("the row names no currency")
    if currency is not None and code != currency:
        raise BadRow(f"the amount is in {code}, the row in {currency}")
    return whole_units(amount, code, rounded=column.round)


def _whole(number: Any) -> int:
    if number != number.to_integral_value():
        raise BadRow(f"{number} isn't a whole number")
    return int(number)


def _object(cell: Cell) -> Any:
    if isinstance(cell, str):
        try:
            return json.loads(cell)
        except ValueError:
            raise BadRow("it isn't JSON") from None
    return json.loads(json.dumps(cell, default=str))


def _list(cell: Cell, split: str) -> Any:
    if isinstance(cell, list):
        return cell
    return [part.strip() for part in to_text(cell).split(split) if part.strip()]


def _text(cell: Cell, field: FieldInfo, column: Column) -> str:
    text = to_text(cell)
    if column.lower or field.name == "email":
        return text.lower()
    if field.words and text not in field.words and text.lower() in field.words:
        return text.lower()
    if field.words and text not in field.words:
        raise BadRow(f"{text!r} is none of {', '.join(field.words)}; `map` says what it means")
    return text.upper() if field.name == "currency" else text


def _later(day: date, plus: Mapping[str, int]) -> date:
    if "days" in plus:
        return day + timedelta(days=plus["days"])
    months = day.year * 12 + day.month - 1 + plus["months"]
    year, month = divmod(months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _id_of(values: Mapping[str, Any]) -> str | None:
    """Return the id of a row that is made beside another: its address, else its number, else its name."""
    if email := values.get("email"):
        return str(email).lower()
    if phone := values.get("phone"):
        return str(phone).translate(_PHONE_SIGNS)
    name = values.get("name")
    return None if name is None else str(name)


def merged(one: Record, other: Record) -> Record:
    """Return a row made beside others with what a second table's settings say of it too."""
    said = {name: value for name, value in other if name in other.model_fields_set and value is not None}
    return one.model_copy(update=said)


def instant_of(record: Record) -> datetime | None:
    """Return when what a record tells happened, if it says so; of days the first."""
    given = record.__dict__  # asking the model for a field that it doesn't have is slow
    value = next((found for name in _WHEN if (found := given.get(name)) is not None), None)
    return datetime.combine(value, time(), UTC) if type(value) is date else value


def _version(record: Record) -> int | None:
    """Return the order key of what is made beside a record; none for a date that lies in the future."""
    at = instant_of(record)
    late = at is None or at > datetime.now(UTC) + timedelta(days=1)
    return None if at is None or late else to_milliseconds(at)
