"""Scoring: from the choice that was made to points on a scale, by the plan and never by a guess."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from deskmetry.records.kinds import SurveyKind

from .plan import QuestionPlan, Way
from .structure import Choice, Question, number

_NUMBER = re.compile(r"(?<![\d.,])-?\d+(?:[.,]\d+)?(?![\d.,]*\d)")
_NPS = tuple(float(point) for point in range(11))
_WRITE = 'write score = "first_best" or "last_best" (the best choice stands first or last), or a table'


class Unusable(ValueError):
    """A question that the plan names and that can't give a score; the text says why and what to write."""


@dataclass(frozen=True, slots=True)
class Scale:
    """The points of a question: by choice (None: it is no answer), or typed; and their ends."""

    points: Mapping[str, float | None]
    low: float
    high: float


def scale_of(plan: QuestionPlan, question: Question) -> Scale:
    """Return the points of each choice and the ends of the scale; Unusable if they can't be known."""
    found = _scale(plan, question)
    if plan.kind is SurveyKind.NPS and (found.low, found.high) != (_NPS[0], _NPS[-1]):
        raise Unusable(f"NPS has a scale from 0 to 10, not from {found.low:g} to {found.high:g}")
    return found


def _scale(plan: QuestionPlan, question: Question) -> Scale:
    if question.typed:
        return _typed(plan, question)
    if question.family not in {"single_choice", "matrix"} or not question.choices:
        raise Unusable(f"{question.family}/{question.subtype} questions have no score")
    asked = [choice for choice in question.choices if choice.counts]
    points = _points(plan, asked)
    missing: dict[str, float | None] = dict.fromkeys(c.id for c in question.choices if not c.counts)
    shown = [points[c.id] for c in asked if c.visible and points[c.id] is not None]
    low, high = plan.scale or _ends(plan, [point for point in shown if point is not None])
    return Scale({**missing, **points}, low, high)


def _ends(plan: QuestionPlan, shown: list[float]) -> tuple[float, float]:
    if plan.kind is SurveyKind.NPS:
        return _NPS[0], _NPS[-1]
    if len(set(shown)) < 2:
        raise Unusable("its choices give no scale; write scale = [lowest, highest]")
    return min(shown), max(shown)


def _typed(plan: QuestionPlan, question: Question) -> Scale:
    if isinstance(plan.score, Mapping) or plan.score not in {None, "number"}:
        raise Unusable("its number is typed, so that there are no choices to give points to")
    if plan.scale is not None:
        return Scale({}, *plan.scale)
    if question.low is None or question.high is None or question.low >= question.high:
        raise Unusable("the survey doesn't say which numbers it takes; write scale = [lowest, highest]")
    return Scale({}, question.low, question.high)


def _points(plan: QuestionPlan, asked: list[Choice]) -> dict[str, float | None]:
    if isinstance(plan.score, Mapping):
        return _table(plan.score, asked)
    points = _by(plan.score or _natural(plan.kind, asked), plan.kind, asked)
    if plan.kind is SurveyKind.NPS and {*points.values()} - {None} != {*_NPS}:
        raise Unusable("NPS needs the points 0 to 10, each once; its own weights (-100, 0, 100) aren't those")
    return points


def _natural(kind: SurveyKind, asked: list[Choice]) -> Way:
    """Return the way that leaves no doubt; Unusable where only the order of the choices is left.

    Weights of a question for NPS are -100, 0 and 100, what a choice is worth in the NPS and no score.
    """
    if kind is not SurveyKind.NPS and all(choice.weight is not None for choice in asked):
        return "weight"
    if all(_told(choice) is not None for choice in asked):
        return "number"
    raise Unusable(f"its choices have neither weights nor numbers; {_WRITE}")


def _by(way: Way, kind: SurveyKind, asked: list[Choice]) -> dict[str, float | None]:
    if way in {"weight", "number"}:
        found = {c.id: c.weight if way == "weight" else _told(c) for c in asked}
        if None in found.values():
            raise Unusable(f"not every choice has a {way}; {_WRITE}")
        return found
    first = 0 if kind is SurveyKind.NPS else 1
    # Choices that were taken out of the survey have no place among those that are shown.
    shown = [choice for choice in asked if choice.visible]
    ordered = shown if way == "last_best" else shown[::-1]
    places: dict[str, float | None] = {c.id: float(place) for place, c in enumerate(ordered, first)}
    return dict.fromkeys((c.id for c in asked), None) | places


def _table(table: Mapping[str, float], asked: list[Choice]) -> dict[str, float | None]:
    known = {name: choice.id for choice in asked for name in (choice.id, choice.text.casefold())}
    strange = [name for name in table if name.strip().casefold() not in known]
    if strange:
        raise Unusable(f"it has no choice {strange[0]!r}")
    told = {known[name.strip().casefold()]: points for name, points in table.items()}
    return {choice.id: told.get(choice.id) for choice in asked}


def _told(choice: Choice) -> float | None:
    """Return the one number in a choice's words, as in `Not at all likely - 0`; None if not just one."""
    found = _NUMBER.findall(re.sub(r"(?<=\w)\s*-\s+(?=\d)", " ", choice.text))
    return number(found[0]) if len(found) == 1 else None
