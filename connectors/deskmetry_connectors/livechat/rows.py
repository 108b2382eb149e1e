"""Rows: fields of LiveChat's JSON, read as what they must be; anything else is refused, never blanked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from deskmetry.errors import RecordError

Row = Mapping[str, Any]
_TRUTH: Mapping[Any, bool] = {True: True, False: False, "true": True, "false": False}


class WrongShape(RecordError):
    """A field holds something else than the API documents."""

    def __init__(self, name: str, wanted: str, found: object) -> None:
        super().__init__(
            f"The field {name!r} holds {type(found).__name__} instead of {wanted}.",
            "Report it to the connector's author.",
        )


def part(row: Row, name: str) -> Row:
    """Return an object within a row, an empty one if there is none."""
    found = row.get(name)
    if type(found) is dict:  # nearly always, and far cheaper to tell than a Mapping
        return found
    if found is None:
        return {}
    if not isinstance(found, Mapping):
        raise WrongShape(name, "an object", found)
    return found


def items(row: Row, name: str) -> list[Any]:
    """Return a list within a row, an empty one if there is none."""
    found = row.get(name)
    if found is None:
        return []
    if not isinstance(found, list):
        raise WrongShape(name, "a list", found)
    return found


def objects(row: Row, name: str) -> list[Row]:
    """Return a list of objects within a row."""
    found = items(row, name)
    for one in found:
        if type(one) is not dict and not isinstance(one, Mapping):
            raise WrongShape(name, "a list of objects", one)
    return found


def text(row: Row, name: str) -> str | None:
    """Return a text, None if there is none or only blanks."""
    found = row.get(name)
    if found is None:
        return None
    if not isinstance(found, str):
        raise WrongShape(name, "a text", found)
    return found if found.strip() else None


def flag(row: Row, name: str) -> bool | None:
    """Return a truth value, also one that is written as a text; None if there is none."""
    found = row.get(name)
    if found is None:
        return None
    known = _TRUTH.get(found) if isinstance(found, bool | str) else None
    if known is None:
        raise WrongShape(name, "true or false", found)
    return known


def number(row: Row, name: str) -> float | None:
    """Return a number, also one that is written as a text; None if there is none."""
    found = row.get(name)
    if found is None:
        return None
    try:
        if isinstance(found, bool) or not isinstance(found, int | float | str):
            raise ValueError
        return float(found)
    except ValueError:
        raise WrongShape(name, "a number", found) from None


def instant(row: Row, name: str) -> datetime:
    """Return an aware instant that must be there; a zone is never guessed."""
    found = row[name]
    try:
        at = datetime.fromisoformat(found) if isinstance(found, str) else None
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise WrongShape(name, "an instant with a zone", found)
    return at


def space(row: Row, name: str) -> Row:
    """Return one namespace of a row's properties."""
    return part(part(row, "properties"), name)
