"""Responses of SurveyMonkey, from the emulated account to rows of the database."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from deskmetry.records import to_milliseconds
from deskmetry.sync import SyncReport
from deskmetry.testing import Reply, Request
from deskmetry_connectors.surveymonkey.emulator import Company, Emulator, Faults
from deskmetry_connectors.surveymonkey.emulator.company import CONTACT, CSAT, QUALITY, RELATION, START, WHY
from helpers_notes import notes
from helpers_surveymonkey import CONTACT_PLAN, PLANS, account, rated, run, scores, spent, surveymonkey
from helpers_synced import outcomes, rows

BULK = f"/v3/surveys/{CONTACT}/responses/bulk"


def ok(report: SyncReport) -> SyncReport:
    assert report.sources[0].error is None
    return report


def test_a_response_becomes_answers_with_scale_aspect_comment_and_people(tmp_path: Path) -> None:
    company, database = Company.make(tickets=0), tmp_path / "voice.db"
    response = company.ask(12, 1)
    assert response is not None
    with account(company) as server:
        company.now += 3600
        ok(run(database, surveymonkey(server)))
    found = rows(
        database,
        "SELECT id, kind, survey, aspect, ticket_id, agent_id, customer_id, score, scale_min, scale_max,"
        " label, comment, answered_at FROM survey_answers ORDER BY id",
    )
    key, at = response.id, (START + 600) * 1000
    about = ("12", "1", "recipient:700012")
    assert found == [
        (f"{key}:{CSAT}", "csat", "after-contact", None, *about, 4, 1, 5, "Satisfied", "About ticket 12", at),
        (f"{key}:{QUALITY}:41", "quality", "after-contact", "tone", *about, 5, 1, 5, "Superb", None, at),
        (f"{key}:{QUALITY}:42", "quality", "after-contact", "knowledge", *about, 2, 1, 5, "Fair", None, at),
    ]
    assert rows(database, "SELECT id, email FROM customers") == [
        ("recipient:700012", "customer12@example.com")
    ]


def test_an_edited_response_counts_once_and_when_it_was_given(tmp_path: Path) -> None:
    company, database = Company.make(tickets=0), tmp_path / "voice.db"
    response = rated(company, 4)
    with account(company) as server:
        company.now += 60
        run(database, surveymonkey(server))
        company.now += 40 * 86_400
        company.edit(response, CSAT, [{"choice_id": "10"}])
        ok(run(database, surveymonkey(server)))
    assert rows(database, "SELECT score, answered_at FROM survey_answers") == [(5, START * 1000)]


@pytest.mark.parametrize(("partial", "counted"), [(True, 1), (False, 0)])
def test_unfinished_responses_count_as_the_settings_say(tmp_path: Path, partial: bool, counted: int) -> None:
    company, database = Company.make(tickets=0), tmp_path / "voice.db"
    rated(company, 0, status="partial")
    with account(company) as server:
        company.now += 60
        ok(run(database, surveymonkey(server, partial=partial)))
    assert len(scores(database)) == counted


@pytest.mark.parametrize("status", ["disqualified", "overquota"])
def test_who_is_screened_out_after_counting_counts_no_longer(tmp_path: Path, status: str) -> None:
    company, database = Company.make(tickets=0), tmp_path / "voice.db"
    response = rated(company, 0, status="partial")
    with account(company) as server:
        company.now += 60
        run(database, surveymonkey(server))
        assert len(scores(database)) == 1
        response.status, response.modified = status, company.now
        ok(run(database, surveymonkey(server)))
    assert len(scores(database)) == 0


@pytest.mark.parametrize("mode", ["preview", "survey_preview"])
def test_previews_by_the_team_itself_count_nothing(tmp_path: Path, mode: str) -> None:
    company, database = Company.make(tickets=0), tmp_path / "voice.db"
    rated(company, 0, mode=mode)
    rated(company, 1, mode="data_entry")
    with account(company) as server:
        company.now += 60
        ok(run(database, surveymonkey(server)))
    assert list(scores(database).values()) == [4]


def test_not_applicable_and_rows_left_out_give_no_answer(tmp_path: Path) -> None:
    company, database = Company.make(tickets=0), tmp_path / "voice.db"
    given = [{"row_id": "41", "choice_id": "39"}, {"row_id": "42", "choice_id": "33"}]
    company.respond(CONTACT, {QUALITY: given}, company.now)
    plan = {QUALITY: {"kind": "quality", "rows": {"41": "tone"}}}
    with account(company) as server:
        company.now += 60
        ok(run(database, surveymonkey(server, surveys={"a": {"id": CONTACT, "questions": plan}})))
        assert scores(database) == {}
        ok(
            run(
                database,
                surveymonkey(server, surveys={"a": {"id": CONTACT, "questions": {QUALITY: "quality"}}}),
            )
        )
    assert rows(database, "SELECT aspect, score FROM survey_answers") == [("Knowledge", 3)]


def test_a_choices_own_comment_is_kept_beside_it(tmp_path: Path) -> None:
    company, database = Company.make(tickets=0), tmp_path / "voice.db"
    beside = [{"choice_id": "14"}, {"other_id": "19", "text": "Never came"}]
    company.respond(CONTACT, {CSAT: beside, WHY: [{"text": "Twice"}]}, company.now)
    with account(company) as server:
        company.now += 60
        ok(run(database, surveymonkey(server)))
    assert rows(database, "SELECT score, comment FROM survey_answers") == [(1, "Never came\nTwice")]


@pytest.mark.parametrize(
    ("settings", "ticket"),
    [
        ({"ticket": "case"}, "77"),
        ({"ticket": "custom_value"}, "88"),
        ({"ticket": f"question:{WHY}"}, "99"),
        ({}, None),
    ],
)
def test_the_ticket_stands_where_the_settings_say(
    tmp_path: Path, settings: dict[str, Any], ticket: str | None
) -> None:
    company, database = Company.make(tickets=0), tmp_path / "voice.db"
    response = rated(company, 0, variables={"case": " #77 ", "mail": "ann@example.com"}, custom_value="88")
    response.answers[WHY] = [{"text": "99"}]
    plan = {"a": {"id": CONTACT, "questions": {CSAT: {"kind": "csat", "score": "first_best"}}}}
    with account(company) as server:
        company.now += 60
        ok(run(database, surveymonkey(server, surveys=plan, email="mail", **settings)))
    customer = f"response:{response.id}"
    assert rows(database, "SELECT ticket_id, customer_id FROM survey_answers") == [(ticket, customer)]
    assert rows(database, "SELECT id, email FROM customers") == [(customer, "ann@example.com")]


def test_the_contact_of_a_response_is_its_customer(tmp_path: Path) -> None:
    company, database = Company.make(tickets=0), tmp_path / "voice.db"
    contact = {"email": "ann@example.com", "first_name": "Ann", "last_name": "Lee"}
    response = rated(company, 0, contact=contact)
    with account(company) as server:
        company.now += 60
        ok(run(database, surveymonkey(server)))
    found = rows(database, "SELECT id, email, name FROM customers")
    assert found == [(f"response:{response.id}", "ann@example.com", "Ann Lee")]


def test_an_answer_that_names_nobody_blanks_no_address_of_the_invitation(tmp_path: Path) -> None:
    company, database = Company.make(tickets=0), tmp_path / "voice.db"
    response = company.ask(12, 1)
    assert response is not None
    response.contact = {}
    with account(company) as server:
        company.now += 3600
        ok(run(database, surveymonkey(server)))
        response.contact = {"email": "customer12@example.com", "first_name": "Ann"}
        for contact in (response.contact, {}):
            response.contact, response.modified = contact, company.now
            report = ok(run(database, surveymonkey(server)))
    assert rows(database, "SELECT id, email FROM customers") == [
        ("recipient:700012", "customer12@example.com")
    ]
    assert rows(database, "SELECT DISTINCT customer_id FROM survey_answers") == ["recipient:700012"]
    assert report.sources[0].written.new == 0


def test_an_anonymous_response_has_no_customer(tmp_path: Path) -> None:
    company, database = Company.make(tickets=0), tmp_path / "voice.db"
    rated(company, 0, recipient="0")
    with account(company) as server:
        company.now += 60
        ok(run(database, surveymonkey(server)))
    assert rows(database, "SELECT customer_id FROM survey_answers") == [None]
    assert rows(database, "SELECT id FROM customers") == []


def test_an_unknown_choice_sets_its_response_aside_alone(tmp_path: Path) -> None:
    company, database = Company.make(tickets=0), tmp_path / "voice.db"
    rated(company, 77)
    rated(company, 0)
    with account(company) as server:
        company.now += 60
        report = ok(run(database, surveymonkey(server)))
    assert list(scores(database).values()) == [5]
    assert [("no choice 87" in reason) for reason in rows(database, "SELECT reason FROM quarantine")] == [
        True
    ]
    assert outcomes(report)["responses"] == "ok"


# --- what a run costs, and what it must not miss ----------------------------------------------------------


def test_an_idle_run_costs_one_request_a_survey_and_changes_nothing(tmp_path: Path) -> None:
    company, database = Company.make(tickets=20, seed=3), tmp_path / "voice.db"
    with account(company) as server:
        run(database, surveymonkey(server))
        before = scores(database)
        report = ok(run(database, surveymonkey(server)))
    assert spent(report) == {"responses": 2, "account_surveys": 0, "sent_invitations": 0}
    assert scores(database) == before
    assert report.sources[0].written.changed == report.sources[0].written.new == 0


def test_a_response_changed_while_the_list_is_read_hides_no_other(tmp_path: Path) -> None:
    """With numbered pages the fifth would move up to the page that was read already."""
    company, database = Company.make(tickets=0), tmp_path / "voice.db"
    given = [rated(company, number % 5, START + 10 * number) for number in range(12)]
    company.now += 86_400

    class Busy(Emulator):
        def answer(self, request: Request) -> Reply:
            found = super().answer(request)
            if self.counts[BULK] == 1 and given[0].modified < company.now:
                company.edit(given[0], CSAT, [{"choice_id": "12"}])
            return found

    with Busy(company) as server:
        ok(run(database, surveymonkey(server, page_size=4)))
    assert len(scores(database)) == 12


def test_many_responses_of_one_second_are_read_by_number(tmp_path: Path) -> None:
    company, database = Company.make(tickets=0), tmp_path / "voice.db"
    for number in range(11):
        rated(company, number % 5)
    rated(company, 0, START + 50)
    company.now += 86_400
    with account(company) as server:
        ok(run(database, surveymonkey(server, page_size=3)))
    assert len(scores(database)) == 12


@pytest.mark.parametrize("exclusive", [True, False])
def test_the_second_read_last_is_read_again_whether_or_not_the_api_counts_it_in(
    tmp_path: Path, exclusive: bool
) -> None:
    company, database = Company.make(tickets=0), tmp_path / "voice.db"
    for number in range(5):
        rated(company, 0, START + number)
    with account(company, Faults(exclusive=exclusive)) as server:
        company.now += 60
        settings: dict[str, Any] = {"page_size": 2, "overlap": "0s"}
        run(database, surveymonkey(server, **settings))
        rated(company, 4, START + 4)
        ok(run(database, surveymonkey(server, **settings)))
    assert len(scores(database)) == 6


def test_an_order_that_isnt_kept_is_told_and_moves_no_cursor(tmp_path: Path) -> None:
    company, database = Company.make(tickets=0), tmp_path / "voice.db"
    for number in range(9):
        rated(company, 0, START + 100 * number)
    company.now += 86_400
    faults = Faults(unsorted=True)
    with account(company, faults) as server:
        report = run(database, surveymonkey(server, page_size=4))
        assert "order asked for" in str(report.sources[0].error)
        faults.unsorted = False
        ok(run(database, surveymonkey(server, page_size=4)))
    assert len(scores(database)) == 9


def test_another_mapping_reads_the_survey_again_and_no_other(tmp_path: Path) -> None:
    company, database = Company.make(tickets=6, seed=2), tmp_path / "voice.db"
    with account(company) as server:
        run(database, surveymonkey(server))
        turned = {CSAT: {"kind": "csat", "score": "last_best"}}
        plans = PLANS | {"after-contact": CONTACT_PLAN | {"questions": turned}}
        before = {key: one for key, one in scores(database).items() if key.endswith(f":{CSAT}")}
        server.log.clear()
        ok(run(database, surveymonkey(server, surveys=plans)))
        asked = {path: query.get("start_modified_at") for path, query in server.log}
    after = {key: one for key, one in scores(database).items() if key.endswith(f":{CSAT}")}
    assert before
    assert after == {key: 6 - score for key, score in before.items()}
    assert asked[BULK] is None
    assert asked[f"/v3/surveys/{RELATION}/responses/bulk"] is not None


def test_a_survey_mapped_later_is_read_from_its_beginning(tmp_path: Path) -> None:
    company, database = Company.make(tickets=9, seed=2), tmp_path / "voice.db"
    with account(company) as server:
        run(database, surveymonkey(server, surveys={"after-contact": CONTACT_PLAN}))
        assert rows(database, "SELECT count(*) FROM survey_answers WHERE kind = 'nps'") == [0]
        ok(run(database, surveymonkey(server)))
    assert rows(database, "SELECT count(*) FROM survey_answers WHERE kind = 'nps'") == [3]


def test_the_first_read_begins_where_the_settings_say(tmp_path: Path) -> None:
    company, database = Company.make(tickets=0), tmp_path / "voice.db"
    rated(company, 0, START)
    rated(company, 1, START + 10 * 86_400)
    company.now += 20 * 86_400
    with account(company) as server:
        ok(run(database, surveymonkey(server, start="2026-01-10")))
    assert list(scores(database).values()) == [4]
    instant = to_milliseconds(datetime(2026, 1, 15, 8, tzinfo=UTC))
    assert rows(database, "SELECT answered_at FROM survey_answers") == [instant]


def test_a_survey_that_was_deleted_there_stops_no_other(tmp_path: Path) -> None:
    company, database = Company.make(tickets=6, seed=2), tmp_path / "voice.db"
    del company.surveys[CONTACT]
    with account(company) as server:
        report = run(database, surveymonkey(server))
    assert set(outcomes(report).values()) == {"ok"}
    assert f"no survey {CONTACT}" in notes(report)
    assert rows(database, "SELECT DISTINCT kind FROM survey_answers") == ["nps"]


def test_a_question_that_cant_be_scored_is_told_and_left_out(tmp_path: Path) -> None:
    company, database = Company.make(tickets=6, seed=2), tmp_path / "voice.db"
    plan = {"a": {"id": CONTACT, "questions": {CSAT: "csat", QUALITY: "quality"}}}
    with account(company) as server:
        report = ok(run(database, surveymonkey(server, surveys=plan)))
    assert rows(database, "SELECT DISTINCT kind FROM survey_answers") == ["quality"]
    assert f"question {CSAT} of a is left out" in notes(report)


def test_whose_ticket_it_is_may_stand_in_the_contacts_own_fields(tmp_path: Path) -> None:
    company, database = Company.make(tickets=0), tmp_path / "voice.db"
    contact = {"email": "eva@example.com", "ticket_id": "77"}
    rated(company, 0, recipient="7", contact=contact)
    rated(company, 0, recipient="8", contact=contact, variables={"ticket_id": "78"})
    with account(company) as server:
        company.now += 60
        ok(run(database, surveymonkey(server)))
    assert rows(database, "SELECT ticket_id FROM survey_answers ORDER BY id") == ["77", "78"]
