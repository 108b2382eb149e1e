"""Quarantine: what can't be used, as text that any database takes, and known again when it comes again."""

from __future__ import annotations

import hashlib
import json
import reprlib
from collections.abc import Mapping
from typing import Any

from ..records.base import clean_text

MAX_RAW = 200_000  # characters kept of one bad record


def quarantined(raw: Any) -> tuple[str, str]:
    """Return a bad record as text and the digest that it is known by."""
    if isinstance(raw, bytes):
        text = raw.decode("utf-8", "backslashreplace")
    elif isinstance(raw, str):
        text = raw
    else:
        try:
            text = json.dumps(raw, ensure_ascii=False, sort_keys=True, default=str)
        except (ValueError, TypeError, RecursionError):
            text = _sketch(raw)
    text = str(clean_text(text))
    return text[:MAX_RAW], hashlib.sha256(text.encode()).hexdigest()


def _sketch(raw: Any) -> str:
    """Return the outline of what JSON can't say: too deep, in a circle, too big a number, other types."""
    if isinstance(raw, Mapping):
        return "\n".join(f"{_short(key)}: {_short(value)}" for key, value in raw.items())
    return _short(raw)


def _short(value: Any) -> str:
    try:
        return reprlib.repr(value)
    except Exception:  # whatever a strange object does when it is asked for its text
        return repr(type(value))
