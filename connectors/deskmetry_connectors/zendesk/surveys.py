"""Surveys: legacy satisfaction ratings as offers and answers, one of each a ticket."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from deskmetry.records import Record, SurveyAnswer, SurveyOffer
from deskmetry.records.kinds import SurveyKind

Row = Mapping[str, Any]
_LABELS: Mapping[str, float] = {"good": 1.0, "bad": 0.0}
_UNOFFERED = "unoffered"
_POINTS = range(1, 6)


@dataclass(frozen=True, slots=True)
class RatingMapping:
    """Ratings as records. reasons: the words of reasons by their ids and codes."""

    reasons: Mapping[Any, str] = field(default_factory=dict)

    def rating(self, row: Row) -> Iterator[Record]:
        """Map a rating: everything but `unoffered` is an offer, a score is an answer as well.

        A changed rating may come as another record, so both are keyed by their ticket: the earliest offer and
        the latest answer count.
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
            said = {"comment": row.get("comment"), "reason": self._reason(row)}
            seen = {"version": int(changed.timestamp()), "answered_at": changed}
            yield SurveyAnswer.model_validate(about | answer | said | seen)

    def _reason(self, row: Row) -> str | None:
        """Return why a rating is bad: in the rating's own words, else in those of the reason it names."""
        own = row.get("reason")
        if own:
            return str(own)
        keys = (row.get("reason_id"), code_of(row.get("reason_code")))
        return next((self.reasons[key] for key in keys if key is not None and key in self.reasons), None)


def code_of(code: Any) -> str | None:
    """Return the key of a reason by its code, which is no id."""
    return None if code is None else f"code {code}"


def reason_names(rows: Iterable[Row]) -> dict[Any, str]:
    """Return the words of reasons by id and by code."""
    found: dict[Any, str] = {}
    for row in rows:
        if row.get("value"):
            found |= dict.fromkeys((row.get("id"), code_of(row.get("reason_code"))), str(row["value"]))
    return found


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
