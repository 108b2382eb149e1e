"""Mappers: what makes records of one item, and the names by which they are found again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from inspect import isfunction
from typing import Any

from ..records.base import Record

Mapper = Callable[[Any], Record | Iterable[Record] | None]
"""Takes one item as the source gave it and returns its record, its records, or nothing."""


def mapper_name(owner: object, mapper: Mapper) -> str | None:
    """Return the name of a mapper: of a method of its owner just that, else with its module and class."""
    name = getattr(mapper, "__name__", None)
    if not isinstance(name, str):
        return None
    if getattr(mapper, "__self__", None) is owner:
        return name
    module = str(getattr(mapper, "__module__", "")).rpartition(".")[2]
    return f"{module}.{getattr(mapper, '__qualname__', name)}"


def own_method(owner: object, name: str, base: type) -> Mapper | None:
    """Return the method of this name that the owner's class adds to a base class; streams are no mappers."""
    found = getattr(type(owner), name, None)
    if not isfunction(found) or hasattr(base, name) or hasattr(found, "__stream__"):
        return None
    method: Mapper = getattr(owner, name)
    return method
