"""Check: one thing that `doctor` looked at, and what mends it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Health = Literal["ok", "warning", "fault"]
"""`warning` is worth knowing and works all the same; a `fault` makes `doctor` fail."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at: a short name, how it is, what was found, and the line that mends it."""

    name: str
    health: Health
    found: str
    mend: str = ""

    def __post_init__(self) -> None:
        if self.health not in get_args(Health):
            raise ValueError(f"health must be one of {', '.join(get_args(Health))}, not {self.health!r}")
        if self.health != "ok" and not self.mend:
            raise ValueError(f"the check {self.name!r} says what is wrong and not what mends it")
