"""Ratings: thumbs up or down for a thread, their comment, and ratings that were taken back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from deskmetry.records import SurveyAnswer
from deskmetry.records.kinds import SurveyKind

from .rows import Row, WrongShape, instant, number, space, text

RATED, CANCELLED = "rating.chat_rated", "rating.chat_rating_canceled"
SURVEY, AI_SURVEY = "chat rating", "AI agent"


def ratings(
    thread: Row,
    notices: Sequence[Row],
    customer: str | None,
    agent: str | None,
    otherwise: datetime,
    *,
    survey: str = SURVEY,
) -> Iterator[SurveyAnswer]:
    """Map the ratings of a thread: those taken back are superseded, the one that stands counts.

    notices: the system messages, oldest first. otherwise: when it was rated, if no message says so.
    Each rating that follows one that was taken back has an id of its own.
    """
    about = _About(thread, survey, customer, agent)
    rated: datetime | None = None
    count = 0
    for notice in notices:
        kind = notice.get("system_message_type")
        if kind == RATED:
            rated = instant(notice, "created_at")
        elif kind == CANCELLED:
            at = rated or instant(notice, "created_at")
            yield _answer(about, count, at, superseded_by=_key(thread, count + 1))
            rated, count = None, count + 1
    own = space(thread, "rating")
    score = number(own, "score")
    if score is None:
        return
    if score not in (0, 1):
        raise WrongShape("rating.score", "0 or 1", own.get("score"))
    if count and rated is None:
        return  # taken back, and not given again: the property is what is left of it
    yield _answer(about, count, rated or otherwise, score=score, comment=text(own, "comment"))


def _key(thread: Row, count: int) -> str:
    return f"{thread['id']}:rating" if count == 0 else f"{thread['id']}:rating:{count}"


@dataclass(frozen=True, slots=True)
class _About:
    """What is rated, and by whom."""

    thread: Row
    survey: str
    customer: str | None
    agent: str | None


def _answer(
    about: _About,
    count: int,
    at: datetime,
    *,
    score: float | None = None,
    comment: str | None = None,
    superseded_by: str | None = None,
) -> SurveyAnswer:
    return SurveyAnswer(
        id=_key(about.thread, count),
        kind=SurveyKind.CSAT,
        survey=about.survey,
        ticket_id=about.thread["id"],
        customer_id=about.customer,
        agent_id=about.agent,
        answered_at=at,
        score=score,
        scale_min=0,
        scale_max=1,
        label=None if score is None else "good" if score else "bad",
        comment=comment,
        superseded_by=superseded_by,
    )
