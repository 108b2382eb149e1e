"""Settings: which columns of a file fill which columns of the common schema."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from deskmetry.calendar import zone
from deskmetry.errors import BadValue, nearest
from deskmetry.records import Record

from .fields import TABLES, FieldInfo, Kind, place_of
from .money import CURRENCY
from .values import CLOCKS, EPOCHS, ORDERS, SECONDS

Words = dict[str, str | list[str]]
"""Words by column: rows are chosen by them. `"*"` is any value, `""` is none."""
FORMATS = ("iso", *ORDERS, *EPOCHS)
_GIVES = ("column", "columns", "value", "key")
_STEPS = ("days", "months")


class Column(BaseModel):
    """Where one column of a table comes from, and how its cells are read."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    column: str | None = Field(None, description="Column of the file; a dotted name looks into JSON objects")
    columns: list[str] | None = Field(None, description="Several columns, joined by `join`, or as one object")
    value: Any = Field(None, description="The same value for all rows")
    key: list[str] | None = Field(None, description="Columns whose values, hashed, make an id")
    join: str = Field(" ", description="What stands between several columns")
    map: dict[str, str] | None = Field(None, description='Values of the file to ours; "*" is for all others')
    default: Any = Field(None, description="What an empty cell means")
    unit: str | None = Field(None, description="EUR or minor; seconds, minutes, hours, h:mm:ss, …")
    round: bool = Field(False, description="Round an amount to whole minor units")
    decimal: str | None = Field(None, description="Decimal sign of this column")
    format: str | list[str] | None = Field(None, description="How dates of this column are written")
    timezone: str | None = Field(None, description="Zone of local times of this column")
    plus: Column | dict[str, int] | None = Field(
        None, description="Column with a duration to be added, or { days = 1 } or { months = 1 }"
    )
    when: Words = Field(default_factory=dict, description="Rows that have this value; others have none")
    prefix: str = Field("", description="Text before the value, so that ids of two kinds differ")
    lower: bool = Field(False, description="In lower case, as for an address that is an id")
    split: str = Field(",", description="What stands between the values of a list")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, data: Any) -> Any:
        return {"column": data} if isinstance(data, str) else data

    @model_validator(mode="after")
    def _check(self) -> Self:
        given = [name for name in _GIVES if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"give one of {', '.join(_GIVES)}, not {' and '.join(given) or 'none'}")
        if isinstance(self.plus, dict) and (len(self.plus) != 1 or not set(self.plus) <= set(_STEPS)):
            raise ValueError("`plus` is a column with a duration, { days = … } or { months = … }")
        if self.decimal not in (None, ",", "."):
            raise ValueError("`decimal` is a comma or a point")
        check_formats(self.format)
        check_zone(self.timezone)
        return self

    def named(self) -> Iterator[str]:
        """Yield the columns of the file that this needs."""
        yield from [self.column] if self.column is not None else self.columns or self.key or ()
        yield from self.when
        if isinstance(self.plus, Column):
            yield from self.plus.named()


class TableSettings(BaseModel):
    """One table that a file fills: which, from what columns, and from which rows."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    into: str = Field(description="Table of the common schema, as orders; docs/schema.md lists them")
    columns: dict[str, Column] = Field(description="What fills each column of that table")
    only: Words = Field(default_factory=dict, description="Rows that are taken, by values of columns")
    skip: Words = Field(default_factory=dict, description="Rows that are left out, by values of columns")
    repeats: str = Field("refuse", description="Rows with an id again: refuse, first or last counts")

    @field_validator("into")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in TABLES:
            raise ValueError(
                f"there is no table {value!r}.{nearest(value, TABLES)} Tables: {', '.join(TABLES)}"
            )
        return value

    @field_validator("repeats")
    @classmethod
    def _one_of(cls, value: str) -> str:
        if value not in ("refuse", "first", "last"):
            raise ValueError("`repeats` is refuse, first or last")
        return value

    @model_validator(mode="after")
    def _check(self) -> Self:
        currency = "currency" in self.columns
        for name, column in self.columns.items():
            check_column(name, place_of(self.record, name).field, column, currency=currency)
        return self

    @property
    def record(self) -> type[Record]:
        """The record class of the table."""
        return TABLES[self.into]


def check_column(name: str, field: FieldInfo, column: Column, *, currency: bool) -> None:
    """Refuse what can't be meant for a field; ValueError says what is."""
    if field.kind is Kind.MONEY:
        _check_money(name, column, currency=currency)
    elif field.kind is Kind.DURATION:
        _check_duration(name, column)
    elif column.unit is not None:
        raise ValueError(f"{name} takes no unit")
    if isinstance(column.plus, dict) and field.kind is not Kind.DAY:
        raise ValueError(f"{name} is no day: `plus` is a column with a duration there")
    if isinstance(column.plus, Column):
        if field.kind is not Kind.INSTANT:
            raise ValueError(f"{name} is no instant, so that no duration can be added")
        _check_duration(f"{name}.plus", column.plus)
    words = [*(column.map or {}).values(), *([column.value] if column.value is not None else ())]
    for word in words if field.words else ():
        if word not in field.words:
            near = nearest(str(word), field.words)
            raise ValueError(f"{name} can't be {word!r}.{near} It is one of {', '.join(field.words)}")


def _check_money(name: str, column: Column, *, currency: bool) -> None:
    if column.value is not None or column.unit == "minor":
        return
    if column.unit is None and not currency:
        raise ValueError(f'{name} needs its currency: unit = "EUR", or a column for `currency`')
    if column.unit is not None and not CURRENCY.fullmatch(column.unit):
        raise ValueError(f'{name}: the unit {column.unit!r} is no currency as "EUR", nor "minor"')


def _check_duration(name: str, column: Column) -> None:
    known = (*SECONDS, *CLOCKS)
    if column.unit not in known and column.value is None:
        given = "needs a unit" if column.unit is None else f"has no unit {column.unit!r}"
        raise ValueError(f"{name} {given}: one of {', '.join(known)}")


def check_formats(value: str | list[str] | None) -> None:
    """Refuse a word that is no way to write dates."""
    for one in [value] if isinstance(value, str) else value or ():
        if "%" not in one and one not in FORMATS:
            near = nearest(one, FORMATS)
            raise ValueError(
                f'dates can\'t be {one!r}.{near} They are {", ".join(FORMATS)}, or as "%d.%m.%Y %H:%M"'
            )


def check_zone(value: str | None) -> ZoneInfo | None:
    """Return a zone by its name; ValueError if there is none."""
    try:
        return None if value is None else zone(value)
    except BadValue as error:
        raise ValueError(error.message.rstrip(".")) from None
