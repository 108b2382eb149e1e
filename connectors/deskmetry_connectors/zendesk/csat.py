"""Csat: responses to an account's CSAT surveys, which are offers as long as nobody has answered."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from deskmetry.records import RawRecord, Record, SurveyAnswer, SurveyOffer, from_epoch
from deskmetry.records.kinds import SurveyKind

from .pages import instant, objects

Row = Mapping[str, Any]
SURVEY = "csat"
"""Name of the survey: an account has one at a time, in several versions."""
_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
_DIGITS = {sign: value for value, sign in enumerate("0123456789ABCDEFGHJKMNPQRSTVWXYZ")}
_SUBJECT = re.compile(r"z(?:en|rn):(ticket|request):(\d+)")
_CATEGORIES = frozenset({"good", "neutral", "bad"})
_SATISFACTION = "customer_satisfaction"
_LEAST, _MOST = 1.0, 5.0  # of all scales, those with two or three choices too


@dataclass(frozen=True, slots=True)
class CsatMapping:
    """Responses as records. choice: returns the words of a choice that a response names by its id alone."""

    choice: Callable[[str], str | None]

    def response(self, row: Row) -> Iterator[Record]:
        """Map a response: an offer, and an answer as soon as one question was answered.

        Nothing comes of one that doesn't say when it was offered.
        """
        given = [one for one in objects(row["answers"]) if one.get("type") != "skipped"]
        offered = born(row)
        if offered is None:
            return
        about = {
            "id": row["id"],
            "kind": SurveyKind.CSAT,
            "survey": SURVEY,
            "ticket_id": _ticket(row),
            "customer_id": row.get("responder_id"),
            "offered_at": offered,
        }
        yield SurveyOffer.model_validate(about)
        if given:
            changed = max(datetime.fromisoformat(one.get("updated_at") or one["created_at"]) for one in given)
            seen = {"version": int(changed.timestamp() * 1000), "answered_at": changed}
            yield SurveyAnswer.model_validate(about | seen | self._said(given))
        yield from _others(row, given)

    def _said(self, given: Iterable[Row]) -> dict[str, Any]:
        """Return score, scale, label, comment and reason out of the answers to the questions."""
        said: dict[str, Any] = {}
        words, reasons = list[str](), list[str]()
        for one in given:
            kind = one.get("type")
            if kind == "rating_scale" and _sub_type(one) == _SATISFACTION:
                said |= _rating(one)
            elif kind == "open_ended" and one.get("value"):
                words.append(str(one["value"]))
            elif kind == "closed_ended":
                reasons += self._choices(one)
        return said | {"comment": "\n".join(words) or None, "reason": "; ".join(reasons) or None}

    def _choices(self, answer: Row) -> Iterator[str]:
        """Yield the choices of an answer, by their words where the response or the survey has them."""
        question = answer.get("question") or {}
        known = {one.get("id"): text_of(one.get("label")) for one in objects(question.get("options") or ())}
        for selection in objects(answer.get("selections") or ()):
            key = str(selection["option_id"])
            yield known.get(key) or self.choice(key) or key


def born(row: Row) -> datetime | None:
    """Return when a response was offered: its id is a ULID, which begins with that; else its first answer."""
    key = str(row.get("id"))
    if _ULID.fullmatch(key):
        value = 0
        for sign in key[:10]:
            value = value * 32 + _DIGITS[sign]
        return from_epoch(milliseconds=value)
    answers = row.get("answers")
    made = (instant(one.get("created_at")) for one in objects(answers if isinstance(answers, list) else ()))
    return min(filter(None, made), default=None)


def choices(surveys: Iterable[Any]) -> dict[str, str]:
    """Return the words of all choices of some surveys by their ids."""
    questions = (one for survey in objects(surveys) for one in objects(survey.get("questions") or ()))
    options = (one for question in questions for one in objects(question.get("options") or ()))
    return {str(one["id"]): text for one in options if "id" in one and (text := text_of(one.get("label")))}


def text_of(content: Any) -> str | None:
    """Return a text of Zendesk's: plain, or an object with its value, or with the key of dynamic content."""
    if isinstance(content, Mapping):
        content = content.get("value") or content.get("key")
    return str(content) if content else None


def _ticket(row: Row) -> str | None:
    """Return the ticket that a response is about, if it is about one; a request is a customer's ticket."""
    told = [one.get("zrn") for one in objects(row.get("subjects") or ())] + list(
        row.get("subject_zrns") or ()
    )
    found = {match[1]: match[2] for zrn in told if (match := _SUBJECT.fullmatch(str(zrn)))}
    return found.get("ticket") or found.get("request")


def _rating(answer: Row) -> dict[str, Any]:
    rating, category = float(answer["rating"]), answer.get("rating_category")
    if not _LEAST <= rating <= _MOST:
        raise ValueError(f"the rating {answer['rating']!r} isn't one of 1 to 5")
    label = str(category) if category in _CATEGORIES else None
    return {"score": rating, "scale_min": _LEAST, "scale_max": _MOST, "label": label}


def _others(row: Row, given: Iterable[Row]) -> Iterator[RawRecord]:
    """Keep the ratings of other questions as they came: what they measure isn't told."""
    for one in given:
        if one.get("type") == "rating_scale" and _sub_type(one) != _SATISFACTION:
            key = f"{row['id']}:{(one.get('question') or {}).get('id')}"
            yield RawRecord(id=key, stream="survey_responses", kind="rating_scale", raw=dict(one))


def _sub_type(answer: Row) -> Any:
    return (answer.get("question") or {}).get("sub_type", _SATISFACTION)
