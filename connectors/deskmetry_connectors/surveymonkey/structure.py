"""Structure: the questions of a survey with their rows and choices, as its details tell them."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Row = Mapping[str, Any]
_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice. weight: the vendor's points, where it has some. counts: it is no "not applicable"."""

    id: str
    text: str
    weight: float | None
    position: int
    counts: bool
    visible: bool


@dataclass(frozen=True, slots=True)
class Question:
    """One question: heading and kind in the vendor's words, rows by id, choices in their order.

    low, high: the range of a number that may be typed, where the survey checks it.
    """

    id: str
    heading: str
    family: str
    subtype: str
    display: str
    rows: Mapping[str, str] = field(default_factory=dict)
    choices: tuple[Choice, ...] = ()
    low: float | None = None
    high: float | None = None

    @property
    def typed(self) -> bool:
        """Whether a number is typed or dragged rather than chosen."""
        return self.family == "open_ended"


def words(value: object) -> str:
    """Return a text of a survey without its HTML, on one line."""
    return " ".join(html.unescape(_TAG.sub(" ", str(value or ""))).split())


def questions_of(details: Row) -> dict[str, Question]:
    """Return the questions of a survey by id, in their order; what has no id isn't one.

    https://api.surveymonkey.com/v3/docs#formatting-question-types
    """
    found = (
        _question(row)
        for page in _objects(details.get("pages"))
        for row in _objects(page.get("questions"))
        if row.get("id") is not None
    )
    return {question.id: question for question in found}


def _question(row: Row) -> Question:
    answers = row.get("answers")
    answers = answers if isinstance(answers, Mapping) else {}
    heading = next((words(one.get("heading")) for one in _objects(row.get("headings"))), "")
    display, validation = row.get("display_options"), row.get("validation")
    bounds = validation if isinstance(validation, Mapping) else {}
    return Question(
        id=str(row["id"]),
        heading=heading,
        family=str(row.get("family") or ""),
        subtype=str(row.get("subtype") or ""),
        display=str(display.get("display_type") or "") if isinstance(display, Mapping) else "",
        rows={str(one["id"]): words(one.get("text")) for one in _objects(answers.get("rows")) if "id" in one},
        choices=tuple(
            sorted(
                (
                    _choice(one, place)
                    for place, one in enumerate(_objects(answers.get("choices")))
                    if "id" in one
                ),
                key=lambda choice: choice.position,
            )
        ),
        low=number(bounds.get("min")),
        high=number(bounds.get("max")),
    )


def _choice(row: Row, place: int) -> Choice:
    position = number(row.get("position"))
    return Choice(
        id=str(row["id"]),
        text=words(row.get("text")),
        weight=number(row.get("weight")),
        position=place if position is None else int(position),
        counts=row.get("is_na") is not True,
        visible=row.get("visible") is not False,
    )


def number(value: object) -> float | None:
    """Return a number, also one that came as text; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, str) and re.fullmatch(r"\s*[-+]?\d{1,15}([.,]\d{1,15})?\s*", value):
        return float(value.replace(",", "."))
    return None


def _objects(value: object) -> Iterator[Row]:
    return (one for one in value if isinstance(one, Mapping)) if isinstance(value, list) else iter(())
