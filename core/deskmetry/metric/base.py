"""Metric: a named calculation over facts; its fields are its parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from inspect import cleandoc
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, model_validator

from ..errors import BadValue

_UNITS = {"s": 1, "min": 60, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(s|min|m|h|d|w)\s*")


class Direction(StrEnum):
    """Which way a number gets better."""

    HIGHER = "higher"
    LOWER = "lower"
    NEITHER = "neither"


class Metric(BaseModel):
    """A KPI. Subclass one of the measures (Count, Share, Duration, Mean, Ratio, Level, Computed), not this.

    Expressions are SQL over the columns of the fact, in the subset that every engine reads alike: no dates,
    no dialect functions, a cast before a division. Bound in them are the parameters of the metric under the
    names of its fields (a timedelta as integer milliseconds) and `:as_of`, `:since`, `:until`, likewise.

    name, unit, direction: what it is called, what it counts, which way is better. The docstring is the
    definition that every answer repeats.
    whose: which columns of the fact `--by agent` and `--by team` mean.
    leave_out: reason in words -> condition; items that meet it don't count but are counted. The first that
    holds is the reason. Excluded tickets (spam, merged, …) are left out before.
    maturity: the time an item needs before it can count as settled: a timedelta or the name of a parameter.
    needs: names of `Capabilities` that a source must have for an answer.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: ClassVar[str] = ""
    unit: ClassVar[str] = ""
    direction: ClassVar[Direction] = Direction.NEITHER
    whose: ClassVar[Mapping[str, str]] = {}
    leave_out: ClassVar[Mapping[str, str]] = {}
    maturity: ClassVar[str | timedelta | None] = None
    needs: ClassVar[tuple[str, ...]] = ()

    @model_validator(mode="before")
    @classmethod
    def _read_durations(cls, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        fields = cls.model_fields
        return {
            key: duration(value)
            if isinstance(value, str) and key in fields and fields[key].annotation is timedelta
            else value
            for key, value in data.items()
        }

    @classmethod
    def definition(cls) -> str:
        """Return the docstring: what the number is, in words."""
        return cleandoc(cls.__doc__ or "")

    def bound(self) -> dict[str, int | float | str]:
        """Return the parameters as they are bound in SQL: timedeltas as milliseconds, booleans as 0 and 1."""
        return {name: _plain(getattr(self, name)) for name in type(self).model_fields}

    def matures_after(self) -> timedelta:
        """Return the time that an item needs before its bucket is mature; nothing if it is so at once."""
        if isinstance(self.maturity, str):
            value: timedelta = getattr(self, self.maturity)
            return value
        return self.maturity or timedelta(0)


def _plain(value: object) -> int | float | str:
    if isinstance(value, timedelta):
        return value // timedelta(milliseconds=1)
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int | float | str):
        return value
    raise TypeError(f"a parameter can't be a {type(value).__name__}")


def duration(text: str) -> timedelta:
    """Read a duration with its unit: `90s`, `5min`, `24h`, `7d`, `2w`; BadValue if it isn't one."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise BadValue("duration", text, "a number and a unit, as 90s, 5min, 24h, 7d or 2w")
    return timedelta(seconds=float(match[1]) * _UNITS[match[2]])
