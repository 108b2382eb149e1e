"""Quarantine: what can't be used, as text that any database takes, and known again when it comes again."""

from __future__ import annotations

import hashlib
import json
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
            text = repr(type(raw))
    text = str(clean_text(text))
    return text[:MAX_RAW], hashlib.sha256(text.encode()).hexdigest()
