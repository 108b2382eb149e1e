"""Columns: how the fields of a record become the columns of its table."""

from __future__ import annotations

import typing
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from functools import cache
from operator import attrgetter
from types import NoneType, UnionType
from typing import Annotated, Any

from pydantic import AwareDatetime
from pydantic.fields import FieldInfo

from ..records import Derived, Record, Reference, Sticky, to_json, to_milliseconds

Value = str | int | float | None
Converter = Callable[[Any], Value]

_SQL: dict[type, tuple[str, Converter | None]] = {
    bool: ("INTEGER", int),
    int: ("INTEGER", None),
    float: ("REAL", None),
    Enum: ("TEXT", attrgetter("_value_")),  # `value` of an enum is ten times slower
    str: ("TEXT", None),
    datetime: ("INTEGER", to_milliseconds),
    AwareDatetime: ("INTEGER", to_milliseconds),
    date: ("TEXT", date.isoformat),
    dict: ("TEXT", to_json),
    list: ("TEXT", to_json),
}


@dataclass(frozen=True, slots=True)
class RecordColumn:
    """One column made from one field: its SQL type, how values get there, and its rules for copies."""

    name: str
    sql: str
    python: type
    convert: Converter | None
    required: bool
    sticky: bool
    derived: bool
    references: str | None
    doc: str


@cache
def columns_of(record: type[Record]) -> tuple[RecordColumn, ...]:
    """Return the columns of a record's table besides `source_id`: the id, then the order of its fields."""
    fields = dict(record.model_fields)
    names = ["id", *(name for name in fields if name not in ("id", "version")), "version"]
    return tuple(_column(name, fields[name]) for name in names)


def _column(name: str, field: FieldInfo) -> RecordColumn:
    kind, optional = _plain(field.annotation)
    base = Enum if issubclass(kind, Enum) else next(base for base in kind.__mro__ if base in _SQL)
    sql, convert = _SQL[base]
    marks = field.metadata
    reference = next((mark.table for mark in marks if isinstance(mark, Reference)), None)
    return RecordColumn(
        name=name,
        sql=sql,
        python=kind,
        convert=convert,
        required=not optional,
        sticky=any(isinstance(mark, Sticky) for mark in marks),
        derived=any(isinstance(mark, Derived) for mark in marks),
        references=reference,
        doc=field.description or "",
    )


def _plain(annotation: Any) -> tuple[type, bool]:
    """Return the plain class behind an annotation, and whether None is allowed."""
    origin = typing.get_origin(annotation)
    if origin is Annotated:
        return _plain(typing.get_args(annotation)[0])
    if origin in (typing.Union, UnionType):
        members = typing.get_args(annotation)
        rest = [member for member in members if member is not NoneType]
        kind, optional = _plain(rest[0])
        return kind, optional or len(rest) < len(members)
    return typing.cast("type", origin or annotation), False
