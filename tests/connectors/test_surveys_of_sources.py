"""Surveys of two sources about the tickets of a third, from settings to answers, by hand arithmetic."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deskmetry_connectors.surveymonkey.emulator import TOKEN, Company, Emulator
from helpers_cli import cli, execute
from helpers_table import LONG_AGO, write

TICKETS = """id,medium,at
1,email,2026-01-05T07:00:00Z
2,chat,2026-01-05T07:00:00Z
3,chat,2026-01-05T07:00:00Z
4,email,2026-01-05T07:00:00Z
"""
FORMS = """id,kind,ticket,mail,sent,answered,score,top
f1,csat,1,,2026-01-06T09:00:00Z,2026-01-06T10:00:00Z,2,5
f2,csat,2,,2026-01-06T09:00:00Z,2026-01-07T10:00:00Z,5,5
f3,csat,3,,2026-01-06T09:00:00Z,,,
f4,csat,,eva@shop.example,2026-01-08T09:00:00Z,,,
f5,nps,,eva@shop.example,2026-01-06T09:00:00Z,2026-01-06T09:30:00Z,10,10
f6,nps,,eva@shop.example,2026-01-20T09:00:00Z,2026-01-20T10:00:00Z,3,10
"""
SETTINGS = """
timezone = "UTC"

[sources.shop]
connector = "table"
path = "tickets.csv"
into = "tickets"
columns = { id = "id", medium = "medium", created_at = "at", status = { value = "open" } }

[sources.forms]
connector = "table"
path = "forms.csv"
tickets = "shop"

[[sources.forms.tables]]
into = "survey_offers"
[sources.forms.tables.columns]
id = "id"
kind = "kind"
survey = { value = "form" }
ticket_id = "ticket"
customer_email = "mail"
offered_at = "sent"

[[sources.forms.tables]]
into = "survey_answers"
only = { answered = "*" }
[sources.forms.tables.columns]
id = "id"
kind = "kind"
survey = { value = "form" }
ticket_id = "ticket"
customer_email = "mail"
answered_at = "answered"
score = "score"
scale_min = { value = 0 }
scale_max = "top"

[sources.voice]
connector = "surveymonkey"
url = "URL"
token = { env = "VOICE_TOKEN" }
tickets = "shop"
ticket = "ticket_id"
leave_out = ["105723999"]

[sources.voice.surveys.after-contact]
id = "105723396"
[sources.voice.surveys.after-contact.questions]
3101 = { kind = "csat", score = "first_best" }
3102 = "quality"

[sources.voice.surveys.relation]
id = "105723400"
questions = { 3201 = "nps" }
"""


def company() -> Company:
    """Tell of five customers asked about their tickets, and of four who would recommend us or not."""
    made = Company.make(tickets=0)
    for ticket, choice in ((1, 0), (2, 4), (3, 1), (99, 2)):  # of five: 5, 1, 4 and 3 points
        made.ask(ticket, choice)
    made.ask(4, 0, answered=False)
    for points in (10, 9, 8, 6):
        made.recommend(points)
    made.now = LONG_AGO
    return made


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, Company]]:
    """Serve and sync the three sources; yields the configuration and the company."""
    monkeypatch.setenv("VOICE_TOKEN", TOKEN)
    write(tmp_path / "tickets.csv", TICKETS)
    write(tmp_path / "forms.csv", FORMS)
    told = company()
    with Emulator(told) as server:
        config = tmp_path / "deskmetry.toml"
        config.write_text(SETTINGS.replace("URL", server.url))
        sync(config)
        yield config, told


def sync(config: Path) -> None:
    answer = cli("-c", config, "sync")
    assert answer.code == 0, answer.err


def asked(config: Path, metric: str, *more: str) -> dict[str, Any]:
    period = ("--since", "2026-01-01", "--until", "2026-02-01")
    answer = cli("-c", config, "metric", metric, *period, *more, "--format", "json")
    assert answer.code == 0, answer.err
    found: dict[str, Any] = answer.json
    return found


def by(config: Path, metric: str, name: str, *more: str) -> dict[str, tuple[float, int]]:
    points = asked(config, metric, "--by", name, *more)["points"]
    return {one["dimensions"][name]: (one["value"], one["n"]) for one in points if one["n"]}


def lacks(config: Path, metric: str) -> list[str]:
    return [warning for warning in asked(config, metric)["warnings"] if "can't give" in warning]


def test_csat_by_source_medium_and_survey(office: tuple[Path, Company]) -> None:
    config, _ = office
    # voice: 5, 4 of 5, 1, 4, 3. forms (0 to 5, top two of six): 5 of 2, 5.
    assert by(config, "csat", "source") == {"voice": (2 / 4, 4), "forms": (1 / 2, 2)}
    assert by(config, "csat", "medium") == {
        "email": (1 / 2, 2),  # ticket 1: 5 by voice, 2 by forms
        "chat": (2 / 3, 3),  # tickets 2 and 3: 1 and 4 by voice, 5 by forms
        "(none)": (0, 1),  # the 3 about a ticket that isn't known
    }
    assert by(config, "csat", "survey") == {"after-contact": (2 / 4, 4), "form": (1 / 2, 2)}
    assert asked(config, "csat", "--where", "medium=chat", "--where", "source=voice")["total"]["value"] == 0.5


def test_nps_by_source_medium_and_survey(office: tuple[Path, Company]) -> None:
    config, _ = office
    # voice: 10, 9, 8, 6, all nameless. forms: Eva's 10 and her 3 two weeks later.
    assert by(config, "nps", "source") == {"voice": (100 * (2 - 1) / 4, 4), "forms": (0, 2)}
    assert by(config, "nps", "survey") == {"relation": (25, 4), "form": (0, 2)}
    value = 100 * (3 - 2) / 6
    assert by(config, "nps", "medium") == {"(none)": (value, 6)}


def test_response_rate_by_source_medium_and_survey(office: tuple[Path, Company]) -> None:
    config, _ = office
    # voice: 1, 2, 3 and 99 of those and 4. forms: f1 and f2 of f1 to f4.
    assert by(config, "csat_response_rate", "source") == {"voice": (4 / 5, 5), "forms": (2 / 4, 4)}
    assert by(config, "csat_response_rate", "medium") == {
        "email": (2 / 3, 3),  # voice: 1 of 1 and 4; forms: 1
        "chat": (3 / 4, 4),  # voice: 2 and 3; forms: 2 of 2 and 3
        "(none)": (1 / 2, 2),  # voice: 99; forms: Eva's
    }
    found = by(config, "csat_response_rate", "survey")
    assert found == {"after-contact": (4 / 5, 5), "form": (2 / 4, 4)}


def test_what_each_source_lacks_is_named(office: tuple[Path, Company]) -> None:
    config, _ = office
    assert lacks(config, "csat") == ["shop (table) can't give ratings."]
    text = config.read_text().replace('3201 = "nps"', '3201 = "review"')
    config.write_text(
        text.replace('tickets = "shop"\nticket = ', 'tickets = "shop"\ninvitations = false\nticket = ')
    )
    sync(config)
    assert lacks(config, "nps") == ["shop (table) can't give nps.", "voice (surveymonkey) can't give nps."]
    shop, voice = lacks(config, "csat_response_rate")
    assert shop == "shop (table) can't give survey offers."
    assert voice.startswith("voice (surveymonkey) can't give survey offers: `invitations` is false.")


def test_another_setting_takes_effect_with_the_next_sync_or_rebuild(office: tuple[Path, Company]) -> None:
    config, _ = office
    linked = config.read_text()
    config.write_text(linked.replace('tickets = "shop"\n', ""))
    sync(config)
    assert by(config, "csat", "medium") == {"(none)": (3 / 6, 6)}
    config.write_text(linked)
    assert cli("-c", config, "rebuild").code == 0
    assert by(config, "csat", "medium")["chat"] == (2 / 3, 3)


def test_a_row_that_is_gone_from_the_file_counts_no_longer(office: tuple[Path, Company]) -> None:
    config, told = office
    told.now += 86_400  # an answer is as of what all sources are known up to
    write(config.parent / "tickets.csv", TICKETS, at=told.now)
    config.write_text(config.read_text().replace('path = "forms.csv"', 'path = "forms.csv"\nmax_removed = 1'))
    lines = FORMS.splitlines(keepends=True)
    write(config.parent / "forms.csv", "".join([lines[0], *lines[2:]]), at=LONG_AGO + 3600)
    sync(config)
    assert execute(config, "SELECT id FROM survey_answers WHERE deleted_at IS NOT NULL") == [("f1",)]
    assert by(config, "csat", "source")["forms"] == (1, 1)
    assert by(config, "csat_response_rate", "source")["forms"] == (1 / 3, 3)
    write(config.parent / "forms.csv", FORMS, at=LONG_AGO + 7200)
    sync(config)
    assert by(config, "csat", "source")["forms"] == (1 / 2, 2)


def test_a_response_that_is_gone_counts_no_longer_once_verify_looked(office: tuple[Path, Company]) -> None:
    config, told = office
    gone = next(one for one in told.responses.values() if one.variables.get("ticket_id") == "2")
    del told.responses[gone.id]
    sync(config)
    assert by(config, "csat", "source")["voice"] == (2 / 4, 4)
    answer = cli("-c", config, "verify", "voice", "--full-read", "--deletes", "--force", "--yes")
    assert answer.code == 0, answer.err
    buried = execute(config, "SELECT id FROM survey_answers WHERE deleted_at IS NOT NULL ORDER BY id")
    assert [key for (key,) in buried] == [f"{gone.id}:3101", f"{gone.id}:3102:41", f"{gone.id}:3102:42"]
    # They were there until just now: answers leave them out once the source is known up to then.
    execute(config, "UPDATE survey_answers SET deleted_at = answered_at WHERE deleted_at IS NOT NULL")
    assert cli("-c", config, "rebuild").code == 0
    assert by(config, "csat", "source")["voice"] == (2 / 3, 3)
    assert by(config, "csat_response_rate", "source")["voice"] == (3 / 5, 5)
