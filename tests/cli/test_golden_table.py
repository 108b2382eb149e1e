"""Golden numbers of files: calls, and answers about them that another file holds."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from helpers_cli import cli, configured
from helpers_oracle_answers import Question, compared
from helpers_oracle_table import calls_world, voices_world, write_calls, write_voices

WRITTEN = datetime(2026, 3, 20, tzinfo=UTC)
SETTINGS = """
[sources.phone]
connector = "table"
path = "calls.csv"
timezone = "UTC"
dates = "day-first"

[[sources.phone.tables]]
into = "tickets"
only = { Direction = "in" }
[sources.phone.tables.columns]
id = "Call"
medium = { value = "phone" }
channel = { value = "phone" }
status = { value = "closed" }
created_at = "Start"
requester_phone = "Caller"
assignee_email = "Agent"
team_name = "Queue"

[[sources.phone.tables]]
into = "sessions"
only = { Direction = "in" }
[sources.phone.tables.columns]
id = "Call"
ticket_id = "Call"
kind = { value = "call" }
asked_at = "Start"
queue_ms = { column = "Wait", unit = "seconds" }
accepted_at = { column = "Start", plus = { column = "Wait", unit = "seconds" }, when = { Result = "yes" } }
left_at = { column = "Start", plus = { column = "Wait", unit = "seconds" }, when = { Result = "gave up" } }
end = { column = "Result", map = { yes = "completed", "gave up" = "abandoned", "no answer" = "missed" } }

[[sources.phone.tables]]
into = "ticket_events"
only = { Direction = "in" }
[sources.phone.tables.columns]
id = "Call"
ticket_id = "Call"
kind = { value = "status" }
at = { column = "Start", plus = { column = "Talk", unit = "seconds", default = "0" } }
old = { value = "open" }
new = { value = "closed" }

[[sources.phone.tables]]
into = "survey_answers"
only = { Rating = "*", Direction = "in" }
[sources.phone.tables.columns]
id = { column = "Call", prefix = "csat-" }
kind = { value = "csat" }
ticket_id = "Call"
answered_at = "Start"
score = "Rating"
scale_min = { value = 1 }
scale_max = { value = 5 }

[sources.later]
connector = "table"
path = "voices.csv"
timezone = "UTC"
tickets = "phone"
"""
# The questions of one form, each in a column of its own: kind, column, what an answer counts, and its scale.
QUESTIONS = [
    ("csat", "Satisfied", '{ column = "Satisfied", map = { yes = "1", no = "0" } }', 0, 1),
    ("nps", "Recommend", '"Recommend"', 0, 10),
]
QUESTION = """
[[sources.later.tables]]
into = "survey_answers"
only = {{ {column} = "*" }}
[sources.later.tables.columns]
id = {{ column = "Response", prefix = "{kind}-" }}
kind = {{ value = "{kind}" }}
survey = {{ value = "later" }}
ticket_id = "Call"
customer_email = "E-mail"
answered_at = "Date"
score = {score}
scale_min = {{ value = {low} }}
scale_max = {{ value = {high} }}
"""


@pytest.mark.parametrize("seed", [1, 2])
def test_every_kpi_of_files_of_calls_and_answers_is_what_the_files_say(tmp_path: Path, seed: int) -> None:
    calls, voices = tmp_path / "calls.csv", tmp_path / "voices.csv"
    write_calls(calls, 150, seed)
    write_voices(voices, 120, 150, seed)
    for path in (calls, voices):
        os.utime(path, (WRITTEN.timestamp(), WRITTEN.timestamp()))
    questions = [
        QUESTION.format(kind=kind, column=column, score=score, low=low, high=high)
        for kind, column, score, low, high in QUESTIONS
    ]
    config = configured(tmp_path, SETTINGS + "".join(questions))
    answer = cli("-c", config, "sync")
    assert answer.code == 0, answer.err
    known = round(WRITTEN.timestamp() * 1000)
    world = calls_world(calls, "phone", known)
    world += voices_world(voices, "later", known, world)
    for by in (None, "source", "medium", "month"):
        assert compared(config, world, Question("2025-12", "2026-04", by)) == [], by
