"""Instants: aware datetimes as the integer milliseconds that the database keeps, and back, exactly."""

from __future__ import annotations

from datetime import UTC, datetime

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def from_epoch(*, seconds: float | None = None, milliseconds: int | None = None) -> datetime:
    """Return the aware instant of a Unix time in seconds or in milliseconds; ValueError if it is none."""
    try:
        if seconds is not None and milliseconds is None:
            return datetime.fromtimestamp(seconds, tz=UTC)
        if milliseconds is not None and seconds is None:
            return from_milliseconds(milliseconds)
    except (OverflowError, OSError):
        raise ValueError("an instant must lie in the years 1 to 9999") from None
    raise ValueError("give seconds or milliseconds")


def to_milliseconds(value: datetime) -> int:
    """Return an aware instant as integer milliseconds since 1970 UTC, exactly (no float in between)."""
    delta = value - EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1000 + delta.microseconds // 1000


def from_milliseconds(value: int) -> datetime:
    """Return milliseconds since 1970 UTC as an aware instant, exactly."""
    seconds, rest = divmod(value, 1000)
    return datetime.fromtimestamp(seconds, tz=UTC).replace(microsecond=rest * 1000)
