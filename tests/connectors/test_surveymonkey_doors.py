"""What SurveyMonkey refuses, what its limits cost, and what `check` says of the settings."""

from __future__ import annotations

import re
import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from deskmetry.connector import Context
from deskmetry.errors import AuthenticationFailed, PermissionMissing, SourceError, TryLater
from deskmetry_connectors.surveymonkey import SurveyMonkey
from deskmetry_connectors.surveymonkey.emulator import Company, Faults
from deskmetry_connectors.surveymonkey.emulator.company import CONTACT, CSAT, PARTY, QUALITY, RELATION
from deskmetry_connectors.surveymonkey.emulator.told import serve
from helpers_surveymonkey import CONTACT_PLAN, PLANS, account, patient, run, scores, surveymonkey
from helpers_synced import rows

WAYS = {"token": "t"}


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("us", "https://api.surveymonkey.com"),
        ("EU", "https://api.eu.surveymonkey.com"),
        ("ca", "https://api.surveymonkey.ca"),
        ("https://api.eu.surveymonkey.com/v3/", "https://api.eu.surveymonkey.com"),
    ],
)
def test_the_data_centre_is_named_or_written_out(given: str, url: str) -> None:
    assert SurveyMonkey.model_validate(WAYS | {"url": given}).url == url


def test_accounts_are_told_apart_by_a_name() -> None:
    one, other = (SurveyMonkey.model_validate(WAYS | {"account_name": name}) for name in ("a", "b"))
    assert one.account() != other.account()


@pytest.mark.parametrize(
    ("surveys", "said"),
    [
        ({"a": {"id": "1", "questions": {}}}, "at least one question"),
        ({"a": {"id": "1", "questions": {"2": "happiness"}}}, "csat"),
        ({"a": {"id": "1", "questions": {"2": {"kind": "csat", "scale": [5, 1]}}}}, "lowest"),
        ({"a": {"id": "1", "questions": {"2": "csat"}}, "b": {"id": 1, "questions": {"3": "nps"}}}, "twice"),
        ({"a": {"id": "1", "questions": {"2": {"kind": "csat", "skale": 5}}}}, "Extra inputs"),
    ],
)
def test_settings_that_cant_be_meant_are_refused(surveys: Any, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        SurveyMonkey.model_validate(WAYS | {"surveys": surveys})


def test_a_sync_without_any_mapped_survey_says_what_to_do(tmp_path: Path) -> None:
    with account() as server:
        report = run(tmp_path / "voice.db", surveymonkey(server, surveys={}))
    assert "deskmetry check" in str(report.sources[0].error)


# --- check -------------------------------------------------------------------------------------------------


def checked(connector: SurveyMonkey) -> str:
    connector.attach(Context(source="voice"))
    try:
        return connector.check()
    finally:
        connector.close()


def test_check_prints_what_isnt_mapped_as_settings_that_work(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    company, database = Company.make(tickets=9, seed=2), tmp_path / "voice.db"
    with account(company) as server:
        said = checked(surveymonkey(server, surveys={}, leave_out=[]))
        told = caplog.messages[-1]
        assert "0 of 3 surveys mapped, 3 not" in said
        assert "# How satisfied are you?" in told
        assert "#     choice 10: Very satisfied" in told
        assert "#     row 41: Friendliness" in told
        assert "#     choice 31: Poor, weight 1" in told
        assert "# 3301" in told
        written = re.sub(r"^# (?=\d+ = )", "", told.partition("\n")[2], flags=re.MULTILINE)
        surveys = tomllib.loads(written)["sources"]["voice"]["surveys"]
        assert surveys["after-contact"]["questions"] == {
            CSAT: {"kind": "csat", "score": "first_best"}, QUALITY: "csat", "3104": "csat", "3105": "csat",
        }  # fmt: skip
        relation = {"our-relationship": surveys["our-relationship"]}
        assert relation["our-relationship"] == {"id": RELATION, "questions": {"3201": "nps"}}
        run(database, surveymonkey(server, surveys=relation))
    assert rows(database, "SELECT count(*) FROM survey_answers") == [3]


def test_check_says_where_more_questions_of_a_mapped_survey_go(caplog: pytest.LogCaptureFixture) -> None:
    with account() as server:
        checked(surveymonkey(server))
    told = caplog.messages[-1]
    assert "# After contact: add to [sources.voice.surveys.after-contact.questions]" in told
    assert "\n[" not in told
    assert f"# {CSAT} =" not in told
    assert "# 3105 =" in told


def test_surveys_of_one_title_get_names_of_their_own(caplog: pytest.LogCaptureFixture) -> None:
    company = Company.make(tickets=0)
    company.surveys[PARTY]["title"] = "Our relationship"
    with account(company) as server:
        checked(surveymonkey(server, surveys={"after-contact": CONTACT_PLAN}, leave_out=[]))
    for key in (RELATION, PARTY):
        assert f"[sources.voice.surveys.our-relationship-{key}]" in caplog.messages[-1]


def test_check_says_nothing_of_what_is_mapped_or_left_out(caplog: pytest.LogCaptureFixture) -> None:
    questions = {CSAT: CONTACT_PLAN["questions"][CSAT], QUALITY: "quality", "3104": "ces", "3105": "csat"}
    plans = PLANS | {"after-contact": {"id": CONTACT, "questions": questions}}
    with account() as server:
        said = checked(surveymonkey(server, surveys=plans, leave_out=[PARTY]))
    assert said == f"{server.url}: 2 of 3 surveys mapped"
    assert caplog.messages == []


@pytest.mark.parametrize(
    ("surveys", "said"),
    [
        ({"a": {"id": "1", "questions": {"2": "csat"}}}, "a: the account has no survey 1"),
        ({"a": {"id": CONTACT, "questions": {"2": "csat"}}}, "question 2: the survey has no such question"),
        ({"a": {"id": CONTACT, "questions": {CSAT: "csat"}}}, "first_best"),
        ({"a": {"id": RELATION, "questions": {"3201": {"kind": "nps", "score": "weight"}}}}, "-100"),
        (
            {"a": {"id": CONTACT, "questions": {QUALITY: {"kind": "quality", "rows": {"pace": "x"}}}}},
            "'pace'",
        ),
        (
            {"a": {"id": CONTACT, "questions": {QUALITY: {"kind": "quality", "comment": "9"}}}},
            "its comment 9",
        ),
    ],
)
def test_check_finds_settings_that_dont_fit_the_survey(surveys: Any, said: str) -> None:
    with account() as server, pytest.raises(SourceError) as caught:
        checked(surveymonkey(server, surveys=surveys))
    assert said in str(caught.value)


def test_check_finds_a_missing_scope_for_answers() -> None:
    faults = Faults(forbidden={"bulk": "The user does not have the required plan to make this request."})
    with account(None, faults) as server, pytest.raises(PermissionMissing) as caught:
        checked(surveymonkey(server))
    assert "plan doesn't include" in str(caught.value)
    assert "View Response Details" in caught.value.hint


def test_a_token_of_another_data_centre_is_told_as_such() -> None:
    words = "The user does not have permission to access the host in this region."
    with (
        account(None, Faults(forbidden={"surveys": words})) as server,
        pytest.raises(PermissionMissing) as caught,
    ):
        checked(surveymonkey(server))
    assert '"eu"' in caught.value.hint


def test_a_refused_token_says_where_to_get_another() -> None:
    with account() as server, pytest.raises(AuthenticationFailed) as caught:
        checked(surveymonkey(server, token="revoked"))
    assert "My Apps" in caught.value.hint


# --- limits -------------------------------------------------------------------------------------------------


def test_the_minutes_limit_is_learnt_from_the_headers_before_it_is_hit() -> None:
    company = Company.make(tickets=0)
    for number in range(30):
        company.respond(CONTACT, {CSAT: [{"choice_id": "10"}]}, company.now + number)
    company.now += 86_400
    with account(company, Faults(a_minute=5)) as server:
        connector = surveymonkey(server, page_size=4)
        context = patient(connector)
        pages = list(connector.responses(None))
        connector.close()
    assert context.retries == 0 or context.waits
    assert context.waits
    assert sum(len(page.records) for page in pages) == 30


def test_a_days_limit_ends_the_sync_as_try_later_and_it_goes_on_the_next_day(tmp_path: Path) -> None:
    company, database = Company.make(tickets=0), tmp_path / "voice.db"
    for number in range(30):
        company.respond(CONTACT, {CSAT: [{"choice_id": "10"}]}, company.now + number)
    company.now += 3600
    plans = {"after-contact": CONTACT_PLAN}
    with account(company, Faults(a_day=5)) as server:
        connector = surveymonkey(server, surveys=plans, page_size=5)
        report = run(database, connector, max_wait=timedelta(minutes=5))
        assert isinstance(report.sources[0].error, TryLater)
        assert 0 < len(scores(database)) < 30
        first = len(server.log)
        company.now += 86_400
        server.faults.a_day = 100
        run(database, surveymonkey(server, surveys=plans, page_size=5))
        again = [query["start_modified_at"] for path, query in server.log[first:] if path.endswith("bulk")]
    assert len(scores(database)) == 30
    assert min(again) > "2026-01-05T07:30:00"


# --- stories ------------------------------------------------------------------------------------------------


def test_an_account_can_be_told_as_plain_data(tmp_path: Path) -> None:
    survey = Company.make(tickets=0).surveys[CONTACT]
    person = {"survey": CONTACT, "at": 1_767_600_000, "id": 7, "email": "ann@example.com"}
    answer = {
        "survey": CONTACT,
        "at": 1_767_603_600,
        "answers": {CSAT: [{"choice_id": "10"}]},
        "recipient": "7",
    }
    story = {"token": "told", "now": 1_767_700_000, "surveys": [survey], "invitations": [person]}
    database = tmp_path / "voice.db"
    with serve(story | {"responses": [answer]}) as url:
        settings = {"url": url, "token": "told", "surveys": {"after-contact": CONTACT_PLAN}}
        run(database, SurveyMonkey.model_validate(settings))
    assert list(scores(database).values()) == [5]
    assert rows(database, "SELECT id, email FROM customers") == [("recipient:7", "ann@example.com")]
    assert rows(database, "SELECT count(*) FROM survey_offers") == [2]
