"""Values: eDesk's instants, flags and references, whose types differ from its specification."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from deskmetry.records import from_epoch

_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_MILLISECONDS = 100_000_000_000  # a number above it counts milliseconds, not seconds
_NEVER = frozenset({"", "0000-00-00 00:00:00", "0000-00-00"})
_FLAGS = {"0": False, "1": True, "false": False, "true": True}


def instant(value: object) -> datetime | None:
    """Read an instant, UTC: Unix seconds or milliseconds, or text as `2025-03-07 08:40:44`; None for nothing.

    Raises ValueError for what is none of these.
    """
    if value is None or value is False or (isinstance(value, str) and value.strip() in _NEVER):
        return None
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        value = float(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        if abs(value) > _MILLISECONDS:
            return from_epoch(milliseconds=int(value))
        return from_epoch(seconds=value)
    if not isinstance(value, str):
        raise ValueError(f"{type(value).__name__} is no instant")
    found = datetime.fromisoformat(value.strip())
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def required(value: object, name: str) -> datetime:
    """Read an instant that must be there; ValueError if it isn't."""
    found = instant(value)
    if found is None:
        raise ValueError(f"the field {name!r} holds no instant")
    return found


def flag(value: object, *, default: bool) -> bool:
    """Read true and false, also as 0 and 1 and as texts; ValueError for anything else."""
    if value is None:
        return default
    found = _FLAGS.get(str(value).strip().lower())
    if found is None:
        raise ValueError(f"{value!r} is neither true nor false")
    return found


def reference(value: Any) -> Any:
    """Return the id of something else; None where eDesk writes 0, false or nothing."""
    return None if value in (0, "0", False, "", None) else value
