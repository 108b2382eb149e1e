"""Unasked: sources of which answers to surveys are known, and nothing of who was asked."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from ..errors import MetricError
from ..metric import ANSWERS, OFFERS, Fact
from ..metric.guard import guarded
from .scope import Scope


def unasked(connection: sqlite3.Connection, scope: Scope) -> Iterator[str]:
    """Say of which sources a metric over offers leaves out all answers: those of surveys behind a link, say.

    Sources that are known to tell no offers at all are named otherwise.
    """
    if getattr(scope.metric, "fact", None) is not OFFERS:
        return
    for source in scope.sources:
        told = source.capabilities.get("survey_offers") is not False
        if (
            told
            and _has(connection, scope, ANSWERS, source.id)
            and not _has(connection, scope, OFFERS, source.id)
        ):
            kinds = _kinds(connection, scope, source.id)
            yield (
                f"{source.name} ({source.connector}) tells of answers to {kinds} surveys and never of"
                " who was asked, so they are in no response rate."
            )


def _kinds(connection: sqlite3.Connection, scope: Scope, source: int) -> str:
    """Return the kinds of surveys, as `csat and nps`, of whose answers a source tells."""
    condition = getattr(scope.metric, "of", "1 = 1")
    sql = f"SELECT DISTINCT kind FROM {ANSWERS.name} WHERE source_id = :_source AND ({condition}) ORDER BY 1"
    found = connection.execute(sql, {**scope.bound(), "_source": source})
    return " and ".join(kind for (kind,) in found)


def _has(connection: sqlite3.Connection, scope: Scope, fact: Fact, source: int) -> bool:
    """Return whether a source has items of a fact that the metric is about, at any time."""
    condition = getattr(scope.metric, "of", "1 = 1")
    sql = f"SELECT 1 FROM {fact.name} WHERE source_id = :_source AND ({condition}) LIMIT 1"
    try:
        with guarded(connection, scope.metric.name):
            return connection.execute(sql, {**scope.bound(), "_source": source}).fetchone() is not None
    except MetricError:
        return fact is OFFERS  # what is asked of offers alone can't be asked of answers
