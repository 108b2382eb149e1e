"""Cursor: where a stream stopped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a stream stopped: the vendor's token, opaque to the engine, and a watermark of ours.

    The token may be any JSON value. The watermark is an aware instant: everything in the stream that changed
    before it was read. The engine may clamp it, lap over it, and fall back to it when the token is refused.
    """

    token: Any = None
    watermark: datetime | None = None

    def __post_init__(self) -> None:
        if self.watermark is not None and self.watermark.tzinfo is None:
            raise ValueError("a watermark must be an aware datetime")
