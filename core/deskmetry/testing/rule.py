"""Rule: one thing that a connector must do, how it is tried out, and the grade that it belongs to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .bench import Bench


class Grade(StrEnum):
    """How far a connector can be relied on; each grade asks for those before it."""

    BRONZE = "bronze"
    SILVER = "silver"
    GOLD = "gold"
    PLATINUM = "platinum"

    @property
    def rank(self) -> int:
        """Return the place in the order, 0 for the lowest."""
        return list(Grade).index(self)


class Broken(AssertionError):
    """A rule isn't kept: what was seen, and what the connector must do."""

    def __init__(self, seen: str, mend: str) -> None:
        super().__init__(f"{seen.rstrip('.')}. {mend}")
        self.seen = seen
        self.mend = mend


class NotApplicable(Exception):
    """A rule can't apply to this connector, for a reason in words."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `after` names the rules without which it can't be judged; `http`: it plays faults of HTTP."""

    name: str
    sentence: str
    grade: Grade
    run: Callable[[Bench], None]
    after: tuple[str, ...] = ()
    why: str = ""
    http: bool = False


def rule(
    grade: Grade, sentence: str, *, after: tuple[str, ...] = ("reads",), http: bool = False
) -> Callable[[Callable[[Bench], None]], Rule]:
    """Make a rule of the function that tries it; its name is the function's, its reason the docstring."""

    def make(run: Callable[[Bench], None]) -> Rule:
        why = " ".join((run.__doc__ or "").split())
        return Rule(run.__name__, sentence, grade, run, after, why, http)

    return make
