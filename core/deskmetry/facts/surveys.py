"""Surveys: what customers were asked and answered about the tickets in `temp.stale`, as facts."""

from __future__ import annotations

import sqlite3

from .sql import dimensions, from_stage, local_day
from .stages import INSERT_ALARM_SELECTED, agent_key

_STAGES = ("stage_answers", "stage_offers", "stage_surveys")


def fill(connection: sqlite3.Connection) -> None:
    """Stage the offers and answers of the stale tickets, and note when the next of them is due."""
    drop(connection)
    connection.execute(_ANSWERS)
    connection.execute(_FILL_ANSWERS)
    connection.execute(_OFFERS)
    connection.execute(_FILL_OFFERS)
    connection.execute(_SURVEYS)
    connection.execute(_FILL_SURVEYS)
    connection.execute(INSERT_ALARM_SELECTED.format(stage="stage_surveys"))


def drop(connection: sqlite3.Connection) -> None:
    """Drop every stage of surveys."""
    for name in _STAGES:
        connection.execute(f"DROP TABLE IF EXISTS temp.{name}")


def offers(table: str, ticket_facts: str) -> str:
    """Return the statement that builds `offer_facts`."""
    columns = {
        **dict.fromkeys(("source_id", "ticket_id", "offer_id"), "m.{name}"),
        **dimensions(_ABOUT),
        **dict.fromkeys(("kind", "survey", "offered_at"), "m.{name}"),
        "offered_day": local_day("m.offered_at"),
        "answered_at": _ANSWER_TO_OFFER,
    }
    return f"{from_stage(table, columns, 'stage_offers AS m', ticket_facts)}{_AGENT}"


def answers(table: str, ticket_facts: str) -> str:
    """Return the statement that builds `answer_facts`: of each ticket, survey and aspect the latest."""
    columns = {
        **dict.fromkeys(("source_id", "ticket_id", "answer_id"), "m.{name}"),
        **dimensions(_ABOUT),
        **dict.fromkeys(("kind", "survey", "aspect", "label", "offered_at", "answered_at"), "m.{name}"),
        "score": f"CASE WHEN {_ON_SCALE} THEN (m.score - m.scale_min) / (m.scale_max - m.scale_min) END",
        "answered_day": local_day("m.answered_at"),
        "satisfied": _SATISFIED,
        "promoter": _points("m.score >= 9"),
        "detractor": _points("m.score <= 6"),
    }
    found = from_stage(table, columns, "stage_answers AS m", ticket_facts)
    return f"{found}{_AGENT} WHERE m.counts"


_ABOUT = {
    "team": "coalesce(tm.name, f.team)",
    "agent": f"coalesce({agent_key('a', 'm.source_id', 'm.agent_id')}, f.agent)",
}
_AGENT = """
LEFT JOIN main.agents AS a ON a.source_id = m.source_id AND a.id = m.agent_id
LEFT JOIN main.teams AS tm ON tm.source_id = a.source_id AND tm.id = a.team_id
"""

_ON_SCALE = "m.scale_max > m.scale_min AND m.score BETWEEN m.scale_min AND m.scale_max"
# Top 2 k / 5 of k points in whole numbers: 0.4 k is no exact fraction in binary.
_TOP = "max(1, (CAST(m.scale_max - m.scale_min AS INTEGER) + 1) * 2 / 5)"
_SATISFIED = f"""CASE WHEN m.kind = 'csat' THEN CASE
    WHEN lower(trim(m.label)) = 'good' THEN 1
    WHEN lower(trim(m.label)) = 'bad' THEN 0
    WHEN {_ON_SCALE} THEN m.score > m.scale_max - {_TOP} END END"""


def _points(condition: str) -> str:
    """Return SQL for whether an NPS score is one of some points; null for other scales than 0 to 10."""
    scale = "coalesce(m.scale_min, 0) = 0 AND coalesce(m.scale_max, 10) = 10 AND m.score BETWEEN 0 AND 10"
    return f"CASE WHEN m.kind = 'nps' AND {scale} THEN {condition} END"


# The tables of surveys have no index by ticket: gone through once, and looked up in the stale tickets.
_OF_STALE = "AS v CROSS JOIN temp.stale AS x ON x.source_id = v.source_id AND x.ticket_id = v.ticket_id"

_ANSWERS = """
CREATE TEMP TABLE stage_answers (
  source_id INTEGER, ticket_id TEXT, answer_id TEXT, kind TEXT, survey TEXT, aspect TEXT, agent_id TEXT,
  offered_at INTEGER, answered_at INTEGER, label TEXT, score REAL, scale_min REAL, scale_max REAL,
  known INTEGER, counts INTEGER, PRIMARY KEY (source_id, ticket_id, answer_id)
) WITHOUT ROWID
"""

# An answer stops counting at the one that supersedes it, known at its own instant if it is the same ticket's.
# Of answers at one instant the longer id is later: vendors' ids grow.
_FILL_ANSWERS = f"""
INSERT INTO temp.stage_answers
SELECT source_id, ticket_id, id, kind, survey, aspect, agent_id, offered_at, answered_at, label, score,
  scale_min, scale_max, known, standing AND row_number() OVER (
    PARTITION BY source_id, ticket_id, kind, survey, aspect, standing
    ORDER BY answered_at DESC, length(id) DESC, id DESC) = 1
FROM (
  SELECT v.*, v.answered_at < x.cutoff AS known,
    v.answered_at < x.cutoff AND (v.superseded_by IS NULL OR EXISTS (
      SELECT 1 FROM main.survey_answers AS n WHERE n.source_id = v.source_id AND n.id = v.superseded_by
        AND n.ticket_id = v.ticket_id AND n.answered_at >= x.cutoff)) AS standing
  FROM main.survey_answers {_OF_STALE}
)
"""

_OFFERS = """
CREATE TEMP TABLE stage_offers (
  source_id INTEGER, ticket_id TEXT, offer_id TEXT, kind TEXT, survey TEXT, agent_id TEXT,
  offered_at INTEGER, again_at INTEGER, PRIMARY KEY (source_id, ticket_id, offer_id)
) WITHOUT ROWID
"""

_FILL_OFFERS = f"""
INSERT INTO temp.stage_offers
SELECT v.source_id, v.ticket_id, v.id, v.kind, v.survey, v.agent_id, v.offered_at, lead(v.offered_at) OVER (
  PARTITION BY v.source_id, v.ticket_id, v.kind, v.survey ORDER BY v.offered_at, length(v.id), v.id)
FROM main.survey_offers {_OF_STALE} WHERE v.offered_at < x.cutoff
"""

# An answer belongs to the last offer of the same survey before it.
_ANSWER_TO_OFFER = """(SELECT min(v.answered_at) FROM temp.stage_answers AS v
    WHERE v.source_id = m.source_id AND v.ticket_id = m.ticket_id AND v.kind = m.kind
      AND v.survey IS m.survey AND v.known AND v.answered_at >= m.offered_at
      AND (m.again_at IS NULL OR v.answered_at < m.again_at))"""

# changed_at is the latest instant before the cutoff of any offer or answer, due_at the next one after it.
_SURVEYS = """
CREATE TEMP TABLE stage_surveys (
  source_id INTEGER, ticket_id TEXT, changed_at, due_at, PRIMARY KEY (source_id, ticket_id)
) WITHOUT ROWID
"""

_FILL_SURVEYS = f"""
INSERT INTO temp.stage_surveys
SELECT source_id, ticket_id, max(CASE WHEN at < cutoff THEN at END), min(CASE WHEN at >= cutoff THEN at END)
FROM (
  SELECT v.source_id, v.ticket_id, x.cutoff, v.answered_at AS at FROM main.survey_answers {_OF_STALE}
  UNION ALL
  SELECT v.source_id, v.ticket_id, x.cutoff, v.offered_at FROM main.survey_offers {_OF_STALE}
)
GROUP BY source_id, ticket_id
"""
