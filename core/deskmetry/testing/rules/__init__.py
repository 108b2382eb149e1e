"""Rules: everything that a connector must do, in the order in which it is tried."""

from ..rule import Broken, Grade, NotApplicable, Rule, rule
from . import access, answers, described, going_on, history, live, reading, secrecy, values

RULES: tuple[Rule, ...] = (
    *described.RULES, *reading.RULES, *live.RULES, *secrecy.RULES, *access.EARLY, *going_on.EARLY,
    *history.EARLY, *going_on.LATE, *answers.EARLY, *access.LATE, *answers.LATE, *history.LATE, *values.RULES,
)  # fmt: skip
"""In an order in which a rule comes after those without which it can't be judged."""

__all__ = ["RULES", "Broken", "Grade", "NotApplicable", "Rule", "rule"]
