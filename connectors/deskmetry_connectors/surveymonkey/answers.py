"""Answers: a response as survey answers and, where it says who gave it, a customer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from deskmetry.records import Customer, Record, SurveyAnswer
from deskmetry.records.base import to_id

from .plan import QuestionPlan, SurveyPlan
from .reading import instant
from .scoring import Scale
from .structure import Question, number, words

Row = Mapping[str, Any]
_PREVIEWS = frozenset({"preview", "survey_preview"})
_FINAL = {"disqualified", "overquota"}
_NOBODY = {"", "0"}
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


@dataclass(frozen=True, slots=True)
class Places:
    """Where a response or a recipient names ticket, agent, customer and e-mail address; None: nowhere."""

    ticket: str | None
    agent: str | None
    customer: str | None
    email: str | None


@dataclass(frozen=True, slots=True)
class Asked:
    """One question that counts: its plan, what the survey says of it, and its points."""

    plan: QuestionPlan
    question: Question
    scale: Scale


@dataclass(frozen=True, slots=True)
class ResponseMapping:
    """Responses of one survey as records. name: the survey's in the settings. partial: those count too."""

    name: str
    survey: SurveyPlan
    places: Places
    asked: Mapping[str, Asked]
    partial: bool

    def records(self, row: Row) -> Iterator[Record]:
        """Map a response; previews, and those that don't count, give nothing.

        What was screened out after it had counted must not count any longer: it comes as superseded.
        """
        status = str(row["response_status"])
        if status not in {"completed", "partial", *_FINAL}:
            raise ValueError(f"the status {status!r} isn't known")
        if row.get("collection_mode") in _PREVIEWS or (status == "partial" and not self.partial):
            return
        key, created, changed = str(to_id(row["id"])), _date(row, "date_created"), _date(row, "date_modified")
        given = _given(row)
        customer, named = self._customer(key, row, given), _named(self.places.customer, row, given)
        common = {
            "version": int(changed.timestamp()),
            "survey": self.name,
            "ticket_id": _bare(_named(self.places.ticket, row, given)),
            "agent_id": _named(self.places.agent, row, given),
            "customer_id": None if customer is None else customer.id,
            "answered_at": created,
            "superseded_by": f"{key}:{status}" if status in _FINAL else None,
        }
        answers = [answer for one in self.asked.values() for answer in self._answers(key, one, given, common)]
        if customer is not None and answers and (customer.email or customer.id == named):
            yield customer
        yield from answers

    def _answers(
        self, key: str, asked: Asked, given: Mapping[str, list[Row]], common: Mapping[str, Any]
    ) -> Iterator[SurveyAnswer]:
        plan, question = asked.plan, asked.question
        rows = given.get(question.id, [])
        beside = [words(row["text"]) for row in rows if row.get("other_id") and row.get("text")]
        beside += [words(row["text"]) for row in given.get(plan.comment or "", []) if row.get("text")]
        for row in rows:
            found = _score(row, asked)
            aspect = _aspect(row, plan, question)
            if found is None or aspect is _LEFT_OUT:
                continue
            part = f":{row['row_id']}" if len(question.rows) > 1 else ""
            yield SurveyAnswer.model_validate(
                {
                    **common,
                    "id": f"{key}:{question.id}{part}",
                    "kind": plan.kind,
                    "aspect": aspect,
                    "score": found[0],
                    "scale_min": asked.scale.low,
                    "scale_max": asked.scale.high,
                    "label": found[1] or None,
                    "comment": "\n".join(beside) or None,
                }
            )

    def _customer(self, key: str, row: Row, given: Mapping[str, list[Row]]) -> Customer | None:
        email = _address(_named(self.places.email, row, given)) or _address(_contact(row, "email"))
        recipient = str(row.get("recipient_id") or "")
        named = _named(self.places.customer, row, given)
        if named is None and recipient not in _NOBODY:
            named = f"recipient:{recipient}"
        if named is None and email is not None:
            named = f"response:{key}"
        if named is None:
            return None
        # Invitations bring the same customer without a name: two copies that differ would take turns.
        known = (
            (_contact(row, "first_name"), _contact(row, "last_name")) if named.startswith("response:") else ()
        )
        name = " ".join(filter(None, known))
        return Customer(id=named, email=email, name=name or None)


_LEFT_OUT = "\0"


def _aspect(row: Row, plan: QuestionPlan, question: Question) -> str | None:
    """Return what an answer is about: for a matrix its row, as the plan or else the survey words it."""
    key = str(row.get("row_id") or "")
    text = question.rows.get(key, "")
    if plan.rows:
        named = {name.strip().casefold(): aspect for name, aspect in plan.rows.items()}
        return named.get(key, named.get(text.casefold(), _LEFT_OUT))
    if plan.aspect is not None or len(question.rows) < 2:
        return plan.aspect
    return text or key


def _score(row: Row, asked: Asked) -> tuple[float, str] | None:
    """Return points and words of an answer; None if it is none ("N/A", a choice without points)."""
    question, scale = asked.question, asked.scale
    if question.typed:
        typed = number(row.get("text"))
        if typed is None:
            raise ValueError(f"the answer to question {question.id} isn't a number")
        return typed, str(row["text"]).strip()
    chosen = row.get("choice_id")
    if chosen is None or str(chosen) in _NOBODY:
        return None
    if str(chosen) not in scale.points:
        raise ValueError(f"question {question.id} has no choice {chosen}")
    points = scale.points[str(chosen)]
    label = next((choice.text for choice in question.choices if choice.id == str(chosen)), "")
    return None if points is None else (points, label)


def _given(row: Row) -> dict[str, list[Row]]:
    """Return the answers of a response by question."""
    found: dict[str, list[Row]] = {}
    for page in row.get("pages") or []:
        for question in page.get("questions") or []:
            found.setdefault(str(question["id"]), []).extend(question.get("answers") or [])
    return found


def _named(place: str | None, row: Row, given: Mapping[str, list[Row]]) -> str | None:
    """Return what a response says at a place of the settings: a variable, `custom_value` or `question:ID`."""
    if place is None:
        return None
    if place.startswith("question:"):
        texts = (one.get("text") for one in given.get(place.removeprefix("question:").strip(), []))
        return next((text for one in texts if (text := str(one or "").strip())), None)
    variables = row.get("custom_variables")
    value = row.get("custom_value") if place == "custom_value" else None
    if value is None and isinstance(variables, Mapping):
        value = variables.get(place)
    # Who was invited by mail has no variables in a link, but fields of the contact.
    return (str(value).strip() or None if value is not None else None) or _contact(row, place)


def _bare(ticket: str | None) -> str | None:
    return ticket.removeprefix("#").strip() or None if ticket is not None else None


def _contact(row: Row, field: str) -> str | None:
    """Return what a response says of who gave it: beside the answers, or in its metadata."""
    value: Any = row.get("email_address" if field == "email" else field)
    metadata = row.get("metadata")
    if not value and isinstance(metadata, Mapping) and isinstance(metadata.get("contact"), Mapping):
        value = metadata["contact"].get(field)
        value = value.get("value") if isinstance(value, Mapping) else value
    return value.strip() or None if isinstance(value, str) else None


def _address(text: str | None) -> str | None:
    return text if text is not None and _EMAIL.fullmatch(text) else None


def _date(row: Row, field: str) -> datetime:
    found = instant(row[field])
    if found is None:
        raise ValueError(f"{field} isn't a date")
    return found
