"""Held: what stands in the place of an object that was kept as it came."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..connector import Rejected

WITHHELD: Mapping[str, Any] = {"withheld": "privacy"}
REASON = "withheld: privacy"


def withheld(item: Rejected, *, told: bool) -> Rejected:
    """Return a bad record without what came; `told` keeps its key and why it can't be used."""
    if told:
        return replace(item, raw=held(item.raw), mapper=None)
    return Rejected(held(item.raw), REASON)


def held(raw: object) -> dict[str, Any]:
    """Return what is kept of an object: a digest, by which it is known when it comes again."""
    text = raw if isinstance(raw, str) else json.dumps(raw, sort_keys=True, ensure_ascii=False, default=str)
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return {**WITHHELD, "digest": digest[:32]}


def is_held(raw: object) -> bool:
    """Return whether an object, or the text of one, was held back already."""
    if isinstance(raw, str):
        return raw.startswith('{"digest":') and '"withheld"' in raw
    return isinstance(raw, Mapping) and raw.get("withheld") == WITHHELD["withheld"]
