"""Ratings: thumbs up or down for a thread, their comment, and ratings that were taken back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from deskmetry.records import SurveyAnswer
from deskmetry.records.kinds import SurveyKind

from .rows import Row, WrongShape, instant, number, space, text

RATED, CANCELLED = "rating.chat_rated", "rating.chat_rating_canceled"
SURVEY = "chat rating"


def ratings(
    thread: Row, notices: Sequence[Row], customer: str | None, agent: str | None, otherwise: datetime
) -> Iterator[SurveyAnswer]:
    """Map the ratings of a thread: those taken back are superseded, the one that stands counts.

    notices: the system messages, oldest first. otherwise: when it was rated, if no message says so.
    Each rating that follows one that was taken back has an id of its own.
    """
    rated: datetime | None = None
    count = 0
    for notice in notices:
        kind = notice.get("system_message_type")
        if kind == RATED:
            rated = instant(notice, "created_at")
        elif kind == CANCELLED:
            at = rated or instant(notice, "created_at")
            yield _answer(thread, count, at, customer, agent, superseded_by=_key(thread, count + 1))
            rated, count = None, count + 1
    own = space(thread, "rating")
    score = number(own, "score")
    if score is None:
        return
    if score not in (0, 1):
        raise WrongShape("rating.score", "0 or 1", own.get("score"))
    if count and rated is None:
        return  # taken back, and not given again: the property is what is left of it
    yield _answer(
        thread, count, rated or otherwise, customer, agent, score=score, comment=text(own, "comment")
    )


def _key(thread: Row, count: int) -> str:
    return f"{thread['id']}:rating" if count == 0 else f"{thread['id']}:rating:{count}"


def _answer(
    thread: Row,
    count: int,
    at: datetime,
    customer: str | None,
    agent: str | None,
    *,
    score: float | None = None,
    comment: str | None = None,
    superseded_by: str | None = None,
) -> SurveyAnswer:
    return SurveyAnswer(
        id=_key(thread, count),
        kind=SurveyKind.CSAT,
        survey=SURVEY,
        ticket_id=thread["id"],
        customer_id=customer,
        agent_id=agent,
        answered_at=at,
        score=score,
        scale_min=0,
        scale_max=1,
        label=None if score is None else "good" if score else "bad",
        comment=comment,
        superseded_by=superseded_by,
    )
