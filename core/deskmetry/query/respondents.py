"""Respondents: who was asked in a survey, and what they answered, in their own points or words."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from types import MappingProxyType

from ..metric import ANSWERS, OFFERS, Fact

ITEMS: Mapping[str, str] = MappingProxyType({ANSWERS.name: "answer_id", OFFERS.name: "offer_id"})
"""The column of each fact about surveys that names the record."""

_WHO = "coalesce(c.name, c.email, v.customer_id)"
_CUSTOMER = "LEFT JOIN customers AS c ON c.source_id = v.source_id AND c.id = v.customer_id"
_RECORD = "WHERE v.source_id = ? AND v.id = ?"
_TOLD = "v.score, v.scale_max, v.scale_min, v.label"
_ANSWER = f"SELECT {_WHO}, {_TOLD} FROM survey_answers AS v {_CUSTOMER} {_RECORD}"
_OFFER = f"SELECT {_WHO}, NULL, NULL, NULL, NULL FROM survey_offers AS v {_CUSTOMER} {_RECORD}"


def respondent(
    connection: sqlite3.Connection, fact: Fact, source: int, item: str | None
) -> tuple[str | None, str | None, float | None]:
    """Return customer, answer and points of an answer or an offer; nothing of any other item."""
    sql = {ANSWERS.name: _ANSWER, OFFERS.name: _OFFER}.get(fact.name)
    row = connection.execute(sql, (source, item)).fetchone() if sql else None
    if row is None:
        return None, None, None
    customer, points, highest, lowest, label = row
    if points is None:
        return customer, label, None
    if label and (highest, lowest) == (1, 0):
        return customer, label, points  # good or bad says more than one point or none
    scale = "" if highest is None else f" of {highest:g}"
    return customer, f"{points:g}{scale}", points
