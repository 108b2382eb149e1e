"""Surveys: what customers were asked and answered about the subjects in `temp.stale_subjects`, as facts."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable

from . import subjects
from .sql import DIMENSIONS, local_day
from .stages import agent_key

FACTS = ("offer_facts", "answer_facts")
_OF_CUSTOMER = ("organization", "language", "segment", "country")
_STAGES = ("stage_answers", "stage_offers", "stage_unnamed", "stage_about")


def replace(connection: sqlite3.Connection) -> int:
    """Replace the facts of the subjects in `temp.all_subjects`, once those of all tickets stand.

    Returns how many offers and answers have facts anew.
    """
    if not subjects.settle(connection):
        return 0
    gathered = "(source_id, subject) IN (SELECT source_id, subject FROM temp.all_subjects)"
    for name in (*FACTS, "survey_subjects"):
        connection.execute(f"DELETE FROM main.{name} WHERE {gathered}")
    count = build(connection, lambda name: f"main.{name}", ("main.ticket_facts",))
    connection.execute(_INSTANTS)
    drop(connection)
    return count


def build(connection: sqlite3.Connection, target: Callable[[str], str], ticket_facts: Iterable[str]) -> int:
    """Write the facts of the subjects in `temp.stale_subjects(source_id, subject, cutoff)`; the stages stay.

    `ticket_facts` are the tables, or SELECTs in brackets, that hold all tickets between them. All else that
    is read are records, so that the same call builds facts as of any instant, into any tables. Returns how
    many offers and answers have facts.
    """
    drop(connection)
    for statement in (_ANSWERS, _OFFERS, _UNNAMED, _ABOUT):
        connection.execute(statement)
    if not connection.execute("SELECT 1 FROM temp.stale_subjects LIMIT 1").fetchone():
        return 0  # the tables of surveys needn't be gone through
    for statement in (_FILL_ANSWERS, _FILL_OFFERS, _FILL_UNNAMED, *_INDEXES, _OFFERS_OF_UNNAMED):
        connection.execute(statement)
    for rows in ticket_facts:
        connection.execute(_FILL_ABOUT.format(rows=rows))
    written = connection.execute(_offers(target("offer_facts"))).rowcount
    return written + connection.execute(_answers(target("answer_facts"))).rowcount


def drop(connection: sqlite3.Connection) -> None:
    """Drop every stage of surveys."""
    for name in _STAGES:
        connection.execute(f"DROP TABLE IF EXISTS temp.{name}")


def _offers(table: str) -> str:
    columns = {
        **dict.fromkeys(("source_id", "subject", "offer_id", "ticket_source_id", "ticket_id"), "m.{name}"),
        **_DIMENSIONS,
        **dict.fromkeys(("kind", "survey", "offered_at"), "m.{name}"),
        "offered_day": local_day("m.offered_at"),
        "answered_at": _ANSWER_TO_OFFER,
    }
    return _from_stage(table, columns, "temp.stage_offers") + " WHERE m.known"


def _answers(table: str) -> str:
    key = ("source_id", "subject", "answer_id", "ticket_source_id", "ticket_id")
    own = ("kind", "survey", "aspect", "label", "offered_at", "answered_at")
    columns = {
        **dict.fromkeys(key, "m.{name}"),
        **_DIMENSIONS,
        **dict.fromkeys(own, "m.{name}"),
        "score": f"CASE WHEN {_ON_SCALE} THEN (m.score - m.scale_min) / (m.scale_max - m.scale_min) END",
        "answered_day": local_day("m.answered_at"),
        "satisfied": _SATISFIED,
        "promoter": _points("m.score >= 9"),
        "detractor": _points("m.score <= 6"),
    }
    return _from_stage(table, columns, _COUNTED)


def _from_stage(table: str, columns: dict[str, str], rows: str) -> str:
    """Return the statement that writes rows `m` with their source, ticket, agent and customer beside them."""
    values = ", ".join(expression.format(name=name) for name, expression in columns.items())
    return f"""
INSERT INTO {table} ({", ".join(columns)})
SELECT {values}
FROM {rows} AS m
CROSS JOIN main.sources AS s ON s.id = m.source_id
LEFT JOIN temp.stage_about AS f ON f.source_id = m.ticket_source_id AND f.ticket_id = m.ticket_id
LEFT JOIN main.agents AS a ON a.source_id = m.agent_source_id AND a.id = m.agent_id
LEFT JOIN main.teams AS tm ON tm.source_id = a.source_id AND tm.id = a.team_id
LEFT JOIN main.customers AS c ON c.source_id = m.source_id AND c.id = m.customer_id AND m.ticket_id IS NULL
LEFT JOIN main.organizations AS o ON o.source_id = c.source_id AND o.id = c.organization_id
"""


# Where the answer came from is the source; all else is the ticket's, if one is known. What names no ticket
# is about a customer.
_DIMENSIONS = {
    **{name: f"f.{name}" for name in DIMENSIONS},
    "source": "s.name",
    "connector": "s.connector",
    "team": "coalesce(tm.name, f.team)",
    "agent": f"coalesce({agent_key('a', 'm.agent_source_id', 'm.agent_id')}, f.agent)",
    "organization": "coalesce(f.organization, o.name)",
    "language": "coalesce(f.language, c.language)",
    "segment": "coalesce(f.segment, c.segment, o.segment)",
    "country": "coalesce(f.country, c.country)",
}

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


# --- stages --------------------------------------------------------------------------------------------

# The tables of surveys have no index by subject: each is gone through once, and looked up among the stale.
# An agent is the source's own where it has them, else the one of the source whose tickets are named.
_WHOSE = """CASE WHEN v.ticket_id IS NOT NULL THEN coalesce(u.tickets_source_id, u.id) END,
  v.ticket_id, v.customer_id, v.agent_id,
  CASE WHEN u.tickets_source_id IS NULL OR EXISTS (
    SELECT 1 FROM main.agents AS a WHERE a.source_id = u.id AND a.id = v.agent_id
  ) THEN u.id ELSE u.tickets_source_id END"""
_STALE = """AS v CROSS JOIN main.sources AS u ON u.id = v.source_id
CROSS JOIN temp.stale_subjects AS x ON x.source_id = v.source_id AND x.subject IN ({subjects})"""

# own: whether the answer is about the subject; others are a customer's who was offered a survey without a
# ticket, and answered it about one.
_ANSWERS = """
CREATE TEMP TABLE stage_answers (
  source_id INTEGER, subject TEXT, answer_id TEXT, own INTEGER, known INTEGER, cutoff INTEGER,
  ticket_source_id INTEGER, ticket_id TEXT, customer_id TEXT, agent_id TEXT, agent_source_id INTEGER,
  kind TEXT, survey TEXT, aspect TEXT, offered_at INTEGER, answered_at INTEGER, deleted_at INTEGER,
  label TEXT, score REAL, scale_min REAL, scale_max REAL, superseded_by TEXT,
  PRIMARY KEY (source_id, subject, answer_id)
) WITHOUT ROWID
"""
_FILL_ANSWERS = f"""
INSERT INTO temp.stage_answers
SELECT v.source_id, x.subject, v.id, x.subject = {subjects.OF_ANSWER},
  v.answered_at < x.cutoff AND (v.deleted_at IS NULL OR v.deleted_at >= x.cutoff), x.cutoff,
  {_WHOSE}, v.kind, v.survey, v.aspect, v.offered_at, v.answered_at, v.deleted_at, v.label, v.score,
  v.scale_min, v.scale_max, v.superseded_by
FROM main.survey_answers
{_STALE.format(subjects=f"{subjects.OF_ANSWER}, 'customer:' || v.customer_id")}
"""

# An answer stops counting at the one that supersedes it, known at its own instant if it has the same subject.
# Of a ticket's answers to one survey the latest counts, without a ticket each; of answers at one instant the
# longer id is later: vendors' ids grow.
_COUNTED = """(SELECT * FROM (
  SELECT *, row_number() OVER (
    PARTITION BY source_id, subject, kind, survey, aspect
    ORDER BY answered_at DESC, length(answer_id) DESC, answer_id DESC) AS place
  FROM temp.stage_answers AS v WHERE own AND known AND (superseded_by IS NULL OR EXISTS (
    SELECT 1 FROM temp.stage_answers AS n WHERE n.source_id = v.source_id AND n.subject = v.subject
      AND n.answer_id = v.superseded_by AND n.own AND n.answered_at >= v.cutoff))
) WHERE ticket_id IS NULL OR place = 1)"""

# again_at: when the same survey was offered again. place: its order among those of its instant. answered_at:
# for an offer that only its answer tells of.
_OFFERS = """
CREATE TEMP TABLE stage_offers (
  source_id INTEGER, subject TEXT, offer_id TEXT, known INTEGER, ticket_source_id INTEGER, ticket_id TEXT,
  customer_id TEXT, agent_id TEXT, agent_source_id INTEGER, kind TEXT, survey TEXT, offered_at INTEGER,
  again_at INTEGER, place INTEGER, answered_at INTEGER, PRIMARY KEY (source_id, subject, offer_id)
) WITHOUT ROWID
"""
_EACH_OFFER = (
    "OVER (PARTITION BY v.source_id, x.subject, v.kind, v.survey, v.offered_at < x.cutoff"
    " ORDER BY v.offered_at, length(v.id), v.id)"
)
_FILL_OFFERS = f"""
INSERT INTO temp.stage_offers
SELECT v.source_id, x.subject, v.id, v.offered_at < x.cutoff, {_WHOSE}, v.kind, v.survey, v.offered_at,
  lead(v.offered_at) {_EACH_OFFER}, row_number() {_EACH_OFFER}, NULL
FROM main.survey_offers
{_STALE.format(subjects=subjects.OF_OFFER)}
"""

# Answers that name neither ticket nor customer, but when they were offered: one row for those of one kind and
# survey that may be one person's, which are of different aspects.
_UNNAMED = """
CREATE TEMP TABLE stage_unnamed (
  source_id INTEGER, subject TEXT, kind TEXT, survey TEXT, place INTEGER, answer_id TEXT, cutoff INTEGER,
  offered_at INTEGER, answered_at INTEGER
)
"""
_FILL_UNNAMED = """
INSERT INTO temp.stage_unnamed
SELECT source_id, subject, kind, survey, place, min(answer_id), cutoff, offered_at, min(answered_at)
FROM (
  SELECT *, row_number() OVER (PARTITION BY source_id, subject, kind, survey, aspect
    ORDER BY answered_at, length(answer_id), answer_id) AS place
  FROM temp.stage_answers WHERE known AND subject LIKE 'offered:%' AND answered_at >= offered_at
)
GROUP BY source_id, subject, kind, survey, place
"""
_OFFERS_OF_UNNAMED = f"""
INSERT INTO temp.stage_offers
SELECT v.source_id, v.subject, 'answer:' || v.answer_id, 1, NULL, NULL, NULL, NULL, NULL, v.kind, v.survey,
  v.offered_at, NULL, v.place, v.answered_at
FROM temp.stage_unnamed AS v
WHERE {subjects.tells_offers("v.source_id", "v.cutoff")} AND NOT EXISTS (
  SELECT 1 FROM temp.stage_offers AS p WHERE p.source_id = v.source_id AND p.subject = v.subject
    AND p.kind = v.kind AND p.survey IS v.survey AND p.known AND p.place = v.place)
"""

# A mailing to many has one instant, and a stand in a shop one customer: thousands may have one subject. All
# that is asked stands in the index: SQLite takes the beginning of the key for as good otherwise.
_ASKED = {
    "stage_answers": "answered_at, known",
    "stage_offers": "place, known",
    "stage_unnamed": "place, answered_at",
}
_INDEXES = tuple(
    f"CREATE INDEX temp.{stage}_by_survey ON {stage} (source_id, subject, kind, survey, {asked})"
    for stage, asked in _ASKED.items()
)

# An answer belongs to the last offer of the same survey before it; nameless ones to those of their instant.
_NEVER = 2**63 - 1
_ANSWER_TO_OFFER = f"""CASE WHEN m.subject NOT LIKE 'offered:%' THEN (
    SELECT min(v.answered_at) FROM temp.stage_answers AS v
    WHERE v.source_id = m.source_id AND v.subject = m.subject AND v.kind = m.kind
      AND v.survey IS m.survey AND v.known AND v.answered_at >= m.offered_at
      AND v.answered_at < coalesce(m.again_at, {_NEVER}))
  ELSE coalesce(m.answered_at, (
    SELECT v.answered_at FROM temp.stage_unnamed AS v
    WHERE v.source_id = m.source_id AND v.subject = m.subject AND v.kind = m.kind
      AND v.survey IS m.survey AND v.place = m.place)) END"""

_FROM_TICKET = tuple(name for name in DIMENSIONS if name not in ("source", "connector")) + _OF_CUSTOMER
_ABOUT = (
    f"CREATE TEMP TABLE stage_about (source_id INTEGER, ticket_id TEXT, {', '.join(_FROM_TICKET)},"
    " PRIMARY KEY (source_id, ticket_id)) WITHOUT ROWID"
)
_FILL_ABOUT = f"""
INSERT INTO temp.stage_about
SELECT f.source_id, f.ticket_id, {", ".join(f"f.{name}" for name in _FROM_TICKET)}
FROM (
  SELECT ticket_source_id, ticket_id FROM temp.stage_answers WHERE own AND ticket_id IS NOT NULL
  UNION SELECT ticket_source_id, ticket_id FROM temp.stage_offers WHERE ticket_id IS NOT NULL
) AS w CROSS JOIN {{rows}} AS f ON f.source_id = w.ticket_source_id AND f.ticket_id = w.ticket_id
"""

# changed_at is the latest instant before the cutoff of anything in them, due_at the next one after it. What a
# customer said about tickets concerns the customer only where a survey was offered without one.
_CONCERNING = """(SELECT * FROM temp.stage_answers AS v WHERE own OR EXISTS (
  SELECT 1 FROM temp.stage_offers AS o WHERE o.source_id = v.source_id AND o.subject = v.subject))"""
_INSTANTS = f"""
INSERT INTO main.survey_subjects
SELECT x.source_id, x.subject, max(CASE WHEN i.at < x.cutoff THEN i.at END),
  min(CASE WHEN i.at >= x.cutoff THEN i.at END)
FROM (
  SELECT source_id, subject, answered_at AS at FROM {_CONCERNING}
  UNION ALL SELECT source_id, subject, deleted_at FROM {_CONCERNING}
  UNION ALL SELECT source_id, subject, offered_at FROM temp.stage_offers
) AS i JOIN temp.stale_subjects AS x ON x.source_id = i.source_id AND x.subject = i.subject
GROUP BY x.source_id, x.subject
"""
