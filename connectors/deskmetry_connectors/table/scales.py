"""Scales: answers of a file whose scores lie on no known scale, so that no KPI counts them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from deskmetry.records import Record, SurveyAnswer
from deskmetry.records.kinds import SurveyKind

from .errors import NoScale

_COUNTED = (SurveyKind.CSAT, SurveyKind.NPS)
_WORDS = frozenset({"good", "bad"})
"""Labels that tell satisfaction without a score."""


def off_scale(path: Path, records: Iterable[Record]) -> str:
    """Return how many scores lie on no known scale, for people; "" if none.

    Raises NoScale if all of a kind do that KPIs count.
    """
    answers: dict[str, list[SurveyAnswer]] = {}
    for record in records:
        if isinstance(record, SurveyAnswer) and record.score is not None:
            answers.setdefault(str(record.kind), []).append(record)
    told = []
    for kind, scored in answers.items():
        lost = [answer for answer in scored if not _counts(answer)]
        if kind in _COUNTED and len(lost) == len(scored):
            raise NoScale(path, kind, len(scored), _reason(lost[0]))
        if lost:
            words = f"{len(lost):,} of {len(scored):,} scores of kind {kind} lie on no known scale"
            told.append(f"{words} ({_reason(lost[0])})")
    return ", ".join(told)


def _counts(answer: SurveyAnswer) -> bool:
    """Tell whether the facts can use a score: where they can't, they hold none."""
    low, high, score = answer.scale_min, answer.scale_max, answer.score
    if answer.kind is SurveyKind.NPS:
        return (low or 0) == 0 and (10 if high is None else high) == 10 and 0 <= (score or 0) <= 10
    if answer.kind is SurveyKind.CSAT and (answer.label or "").strip().lower() in _WORDS:
        return True
    return low is not None and high is not None and high > low and low <= (score or 0) <= high


def _reason(answer: SurveyAnswer) -> str:
    ends = ("?" if end is None else f"{end:g}" for end in (answer.scale_min, answer.scale_max))
    return f"the first one: {answer.score:g} of {' to '.join(ends)}"
