"""Fields: what each table of the common schema takes, and how a cell becomes it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum, StrEnum, auto
from functools import cache
from typing import Any, get_args

from pydantic import AwareDatetime

from deskmetry.errors import nearest
from deskmetry.records import (
    RECORDS,
    Agent,
    Brand,
    Customer,
    Organization,
    Record,
    Reference,
    Team,
)

MADE: dict[str, type[Record]] = {kind.table: kind for kind in (Customer, Agent, Team, Brand, Organization)}
"""Tables whose rows are made beside a row that refers to them, by its `customer_email` and the like."""
TABLES: dict[str, type[Record]] = {kind.table: kind for kind in RECORDS}


class Kind(Enum):
    """What a field holds, which says how a cell is read."""

    TEXT = auto()
    MONEY = auto()
    DURATION = auto()
    INSTANT = auto()
    DAY = auto()
    BOOLEAN = auto()
    INTEGER = auto()
    NUMBER = auto()
    OBJECT = auto()
    LIST = auto()


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """One field of a table: its name, kind, words, whether it must be there, and what it refers to."""

    name: str
    kind: Kind
    doc: str
    required: bool
    words: tuple[str, ...] = ()
    refers: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a name in `columns` leads: a field of the table, or one of a row that it refers to by `by`."""

    field: FieldInfo
    by: str | None = None
    table: str | None = None


@cache
def fields_of(kind: type[Record]) -> dict[str, FieldInfo]:
    """Return the fields of a table by name."""
    return {name: _field(name, info) for name, info in kind.model_fields.items()}


def place_of(kind: type[Record], name: str) -> Place:
    """Return where a name in `columns` leads; ValueError with the nearest name if nowhere."""
    known = places_of(kind)
    if name not in known:
        own = ", ".join(key for key, place in known.items() if place.by is None)
        raise ValueError(f"{kind.table} has no column {name!r}.{nearest(name, known)} It has {own}")
    return known[name]


@cache
def places_of(kind: type[Record]) -> dict[str, Place]:
    """Return everything that `columns` may name for a table."""
    own = fields_of(kind)
    found = {name: Place(field) for name, field in own.items()}
    for name, field in own.items():
        if field.refers in MADE and name.endswith("_id"):
            prefix = name.removesuffix("id")
            for other, inner in fields_of(MADE[field.refers]).items():
                if other not in ("id", "version", "deleted_at"):
                    found.setdefault(prefix + other, Place(inner, name, field.refers))
    return found


def _field(name: str, info: Any) -> FieldInfo:
    types = _types(info.annotation)
    refers = next((one.table for one in info.metadata if isinstance(one, Reference)), None)
    words = next((tuple(one) for one in types if isinstance(one, type) and issubclass(one, StrEnum)), ())
    return FieldInfo(
        name, _kind(name, types), str(info.description or ""), info.is_required(),
        tuple(str(word) for word in words), refers,
    )  # fmt: skip


def _kind(name: str, types: set[Any]) -> Kind:
    if int in types and name.endswith("_minor"):
        return Kind.MONEY
    if int in types and name.endswith("_ms"):
        return Kind.DURATION
    by_type: tuple[tuple[Any, Kind], ...] = (
        (AwareDatetime, Kind.INSTANT), (datetime, Kind.INSTANT), (date, Kind.DAY), (bool, Kind.BOOLEAN),
        (int, Kind.INTEGER), (float, Kind.NUMBER), (dict, Kind.OBJECT), (list, Kind.LIST),
    )  # fmt: skip
    return next((kind for type_, kind in by_type if type_ in types), Kind.TEXT)


def _types(annotation: Any) -> set[Any]:
    """Return the types that an annotation is made of, without what stands around them."""
    origin = getattr(annotation, "__origin__", None)
    if origin in (dict, list):
        return {origin}
    arguments = get_args(annotation)
    if not arguments:
        return {annotation}
    inner = arguments[:1] if hasattr(annotation, "__metadata__") else arguments
    return set().union(*(_types(one) for one in inner))
