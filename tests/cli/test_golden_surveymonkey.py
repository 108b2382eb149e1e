"""Golden numbers of surveys: what was asked about a helpdesk's tickets, and of nobody's ticket."""

from __future__ import annotations

from pathlib import Path

from deskmetry_connectors.surveymonkey.emulator import TOKEN as OPEN
from deskmetry_connectors.surveymonkey.emulator import Company as Voice
from deskmetry_connectors.surveymonkey.emulator import Emulator as VoiceEmulator
from deskmetry_connectors.surveymonkey.emulator.company import CONTACT, CSAT, NPS, PARTY, RELATION
from deskmetry_connectors.zendesk.emulator import TOKEN, Company, Emulator
from helpers_cli import cli, configured
from helpers_oracle_answers import Question, compared
from helpers_oracle_surveymonkey import surveymonkey_world
from helpers_oracle_zendesk import zendesk_world

SURVEYS = {
    "surveys": {
        "after-contact": {
            "id": CONTACT,
            "ticket": "ticket_id",
            "questions": {CSAT: {"kind": "csat", "score": "first_best"}},
        },
        "relation": {"id": RELATION, "questions": {NPS: "nps"}},
    }
}


def config(folder: Path, voice: str, desk: str) -> Path:
    """Write the settings of both sources."""
    return configured(
        folder,
        f"""
[sources.shop]
connector = "zendesk"
url = "{desk}"
token = {{ command = "echo {TOKEN}" }}
[sources.voice]
connector = "surveymonkey"
url = "{voice}"
token = {{ command = "echo {OPEN}" }}
tickets = "shop"
leave_out = ["{PARTY}"]
[sources.voice.surveys.after-contact]
id = "{CONTACT}"
ticket = "ticket_id"
questions.{CSAT} = {{ kind = "csat", score = "first_best" }}
[sources.voice.surveys.relation]
id = "{RELATION}"
questions.{NPS} = "nps"
""",
    )


def about_the_desks_tickets(voice: Voice, desk: Company) -> None:
    """Have the surveys be about tickets that the helpdesk has."""
    numbers = sorted(desk.tickets)
    rows = [one["extra_fields"] for message in voice.messages for one in message.recipients]
    for row in (*rows, *(one.variables for one in voice.responses.values())):
        if "ticket_id" in row and int(row["ticket_id"]) < 1000:
            row["ticket_id"] = str(numbers[int(row["ticket_id"]) % len(numbers)])


def test_every_kpi_of_surveys_about_another_sources_tickets_is_what_was_answered(tmp_path: Path) -> None:
    desk, voice = Company.make(tickets=50, seed=6), Voice.make(tickets=60, seed=2)
    voice.now = desk.now + 3600
    about_the_desks_tickets(voice, desk)
    with Emulator(desk) as one, VoiceEmulator(voice) as other:
        path = config(tmp_path, other.url, one.url)
        answer = cli("-c", path, "sync")
        assert answer.code == 0, answer.err
    world = zendesk_world(desk, "shop")
    tickets = {one.id: one for one in world.tickets}
    world += surveymonkey_world(voice, "voice", SURVEYS, tickets)
    for by in (None, "source", "medium", "month"):
        assert compared(path, world, Question("2025-11", "2026-04", by)) == [], by
