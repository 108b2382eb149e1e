"""Instants: aware datetimes as the integer milliseconds that the database keeps, and back, exactly."""

from __future__ import annotations

from datetime import UTC, datetime

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def from_epoch(*, seconds: float | None = None, milliseconds: int | None = None) -> datetime:
    """Return the aware instant of a Unix time given in seconds or in milliseconds."""
    if (seconds is None) == (milliseconds is None):
        raise ValueError("give seconds or milliseconds")
    return datetime.fromtimestamp(seconds if milliseconds is None else milliseconds / 1000, tz=UTC)  # type: ignore[arg-type]


def to_milliseconds(value: datetime) -> int:
    """Return an aware instant as integer milliseconds since 1970 UTC, exactly (no float in between)."""
    delta = value - EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1000 + delta.microseconds // 1000


def from_milliseconds(value: int) -> datetime:
    """Return milliseconds since 1970 UTC as an aware instant, exactly."""
    seconds, rest = divmod(value, 1000)
    return datetime.fromtimestamp(seconds, tz=UTC).replace(microsecond=rest * 1000)
