"""Grading: a connector is put through the rules, and the grade is what they add up to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ..errors import ConfigurationError, DeskmetryError
from .bench import NO_HTTP, Bench
from .rules import RULES, Broken, Grade, NotApplicable, Rule
from .trial import TrialFactory

Progress = Callable[[Rule, int, int], None]
_WHY = (
    "Look at what was asked: the path, the parameters, the trial's description of them, and whether the "
    "secret was sent (`headers` of the connector says how)."
)


class Verdict(StrEnum):
    """What became of a rule."""

    MET = "met"
    MISSED = "missed"
    EXEMPT = "exempt"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule and what became of it; `reason`: what must be done, why it is exempt, or what it waits for."""

    rule: Rule
    verdict: Verdict
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Graded:
    """A graded connector. `grade` is None below bronze."""

    connector: str
    findings: Sequence[Finding]

    @property
    def grade(self) -> Grade | None:
        """Return the highest grade whose rules, and those of the grades before it, are all met or exempt."""
        reached: Grade | None = None
        for grade in Grade:
            if self.lacking(grade):
                break
            reached = grade
        return reached

    def lacking(self, grade: Grade) -> list[Finding]:
        """Return what of one grade is neither met nor exempt."""
        good = (Verdict.MET, Verdict.EXEMPT)
        return [one for one in self.findings if one.rule.grade is grade and one.verdict not in good]

    def is_at_least(self, grade: Grade) -> bool:
        """Tell whether this grade is reached."""
        return self.grade is not None and self.grade.rank >= grade.rank

    def names(self, verdict: Verdict) -> list[str]:
        """Return the names of the rules with this verdict."""
        return [one.rule.name for one in self.findings if one.verdict is verdict]


def grade(
    connector: str,
    factory: TrialFactory,
    *,
    rules: Iterable[Rule] = RULES,
    progress: Progress | None = None,
) -> Graded:
    """Put a connector through the rules; `progress` is told of each before: rule, number, of how many.

    Raises ConfigurationError for an exemption without a rule or without a reason.
    """
    bench = Bench(factory)
    wanted = list(rules)
    check_exemptions(bench.exempt)
    missed: set[str] = set()
    findings: list[Finding] = []
    for number, one in enumerate(wanted, 1):
        if progress is not None:
            progress(one, number, len(wanted))
        findings.append(judge(one, bench, missed))
        if findings[-1].verdict in (Verdict.MISSED, Verdict.OPEN):
            missed.add(one.name)
    return Graded(connector, findings)


def judge(one: Rule, bench: Bench, missed: Iterable[str] = ()) -> Finding:
    """Try one rule, unless it is exempt or one that it builds on is missed."""
    if (why := bench.exempt.get(one.name)) is not None:
        return Finding(one, Verdict.EXEMPT, why)
    if before := [name for name in one.after if name in set(missed)]:
        return Finding(one, Verdict.OPEN, f"can't be judged before {', '.join(before)}")
    if one.http and not bench.speaks_http:
        return Finding(one, Verdict.EXEMPT, NO_HTTP)
    try:
        one.run(bench)
    except NotApplicable as reason:
        return Finding(one, Verdict.EXEMPT, str(reason))
    except Broken as broken:
        return Finding(one, Verdict.MISSED, str(broken))
    except DeskmetryError as error:
        return Finding(one, Verdict.MISSED, f"It ended with {type(error).__name__}: {error} {_WHY}")
    except Exception as error:  # a connector is somebody else's code
        words = f"{type(error).__name__}: {error}".rstrip(".")
        return Finding(
            one, Verdict.MISSED, f"It raised {words}. Raise the errors of `deskmetry.errors` only."
        )
    return Finding(one, Verdict.MET)


def check_exemptions(exempt: Mapping[str, str]) -> None:
    """Refuse an exemption from a rule that there isn't, or without a reason in words."""
    known = {one.name for one in RULES}
    for name, why in exempt.items():
        if name not in known:
            raise ConfigurationError(
                f"The trial exempts from {name!r}, which is no rule.", f"Rules: {', '.join(sorted(known))}."
            )
        if len(why.split()) < 3:
            raise ConfigurationError(
                f"The trial exempts from {name!r} without a reason.", "Say in a sentence why it can't apply."
            )


def as_data(graded: Graded) -> dict[str, Any]:
    """Return a graded connector as JSON."""
    return {
        "schema_version": 1,
        "connector": graded.connector,
        "grade": graded.grade.value if graded.grade is not None else None,
        "rules": [
            {
                "rule": one.rule.name,
                "grade": one.rule.grade.value,
                "says": one.rule.sentence,
                "verdict": one.verdict.value,
                "reason": one.reason or None,
            }
            for one in graded.findings
        ],
    }
