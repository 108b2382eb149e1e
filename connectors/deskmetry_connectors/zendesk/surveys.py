"""Surveys: legacy satisfaction ratings as offers and answers, one of each a ticket."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from deskmetry.records import Record, SurveyAnswer, SurveyOffer
from deskmetry.records.kinds import SurveyKind

Row = Mapping[str, Any]
_LABELS: Mapping[str, float] = {"good": 1.0, "bad": 0.0}
_UNOFFERED = "unoffered"
_POINTS = range(1, 6)


def rating(row: Row) -> Iterator[Record]:
    """Map a rating: everything but `unoffered` is an offer, a score is an answer as well.

    A changed rating may come as another record, so both are keyed by their ticket: the earliest offer and the
    latest answer count.
    """
    score = str(row.get("score"))
    if score == _UNOFFERED:
        return
    created = datetime.fromisoformat(row["created_at"])
    changed = datetime.fromisoformat(row.get("updated_at") or row["created_at"])
    about = {
        "id": row["ticket_id"],
        "kind": SurveyKind.CSAT,
        "survey": "satisfaction",
        "ticket_id": row["ticket_id"],
        "customer_id": row.get("requester_id"),
        "agent_id": row.get("assignee_id"),
        "offered_at": created,
    }
    yield SurveyOffer.model_validate(about | {"version": -int(created.timestamp())})
    answer = _answer(score)
    if answer is not None:
        seen = {"version": int(changed.timestamp()), "answered_at": changed, "comment": row.get("comment")}
        yield SurveyAnswer.model_validate(about | answer | seen)


def _answer(score: str) -> dict[str, Any] | None:
    """Return score, scale and label of an answer; None for a survey that is still open.

    Good and bad, also with the `_with_comment` of the filters, and one to five points as newer surveys have.
    """
    label = score.partition("_")[0]
    if label in _LABELS:
        return {"score": _LABELS[label], "scale_min": 0.0, "scale_max": 1.0, "label": label}
    if score.isdecimal() and int(score) in _POINTS:
        return {"score": float(score), "scale_min": 1.0, "scale_max": 5.0, "label": score}
    if score == "offered":
        return None
    raise ValueError(f"the score {score!r} is neither good, bad, offered nor 1 to 5")
