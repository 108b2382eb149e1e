"""CSAT surveys: responses as offers and answers, late ones too, in whatever pages they come."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from deskmetry.connector import Cursor
from deskmetry.errors import CursorRefused
from deskmetry.query import Query, answer
from deskmetry.records import RawRecord, Record, SurveyAnswer, SurveyOffer
from deskmetry.store import open_reader
from deskmetry_connectors.zendesk.csat import CsatMapping, born
from deskmetry_connectors.zendesk.emulator import Company, Emulator, Faults
from deskmetry_connectors.zendesk.emulator.csat import LASTS, Response, offer, respond, ulid
from deskmetry_metrics.satisfaction import Csat, CsatResponseRate
from helpers_synced import outcomes, requests, rows
from helpers_zendesk import Json, attached, audit, desk, events, run, zendesk

PATH = "/api/v2/guide/survey_responses"
HOUR, DAY = 3_600, 86_400
OFFERED = 1_772_000_000


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "desk.db"


# --- one response ----------------------------------------------------------------------------------------


def given(kind: str, **more: Any) -> Json:
    """Return an answer to a question as the documentation shows one."""
    question = {"id": f"Q-{kind}", "type": kind} | more.pop("question", {})
    if kind == "rating_scale":
        question |= {"type": "rating_scale_numeric"}
        question.setdefault("sub_type", "customer_satisfaction")
    stamp = {"created_at": "2026-02-26T10:00:00.000Z", "updated_at": "2026-02-26T10:00:00.000Z"}
    return {"type": kind, "question": question} | stamp | more


def response(*answers: Json, **more: Any) -> Json:
    """Return a response about ticket 99."""
    return {
        "id": ulid(OFFERED, 1), "expires_at": "2026-03-26T00:00:00.000Z", "responder_id": 4398080151295,
        "subject_zrns": ["zen:ticket:99"], "answers": list(answers),
        "subjects": [{"id": "99", "type": "ticket", "zrn": "zen:ticket:99"}],
        "survey": {"id": "01J58KJ9RAE0D2EK7HRVM7Z8F2", "state": "enabled", "version": 3},
    } | more  # fmt: skip


def mapped(row: Json, choices: dict[str, str] | None = None) -> list[Record]:
    return list(CsatMapping((choices or {}).get).response(row))


def answered(row: Json, choices: dict[str, str] | None = None) -> SurveyAnswer:
    (found,) = (one for one in mapped(row, choices) if isinstance(one, SurveyAnswer))
    return found


def test_a_response_that_nobody_answered_is_an_offer() -> None:
    (found,) = mapped(response())
    assert isinstance(found, SurveyOffer)
    assert (found.ticket_id, found.customer_id, found.survey) == ("99", "4398080151295", "csat")
    assert found.offered_at == datetime.fromtimestamp(OFFERED, UTC)


def test_one_whose_questions_were_all_skipped_is_an_offer_too() -> None:
    skipped = given("rating_scale") | {"type": "skipped"}
    assert [type(one) for one in mapped(response(skipped))] == [SurveyOffer]


@pytest.mark.parametrize(
    ("points", "category"), [(1, "bad"), (2, "bad"), (3, "neutral"), (4, "good"), (5, "good")]
)
def test_a_rating_keeps_its_scale_and_its_category(points: int, category: str) -> None:
    found = answered(response(given("rating_scale", rating=points, rating_category=category)))
    assert (found.score, found.scale_min, found.scale_max, found.label) == (points, 1.0, 5.0, category)
    assert found.answered_at == datetime(2026, 2, 26, 10, tzinfo=UTC)
    assert found.ticket_id == "99"


def test_open_and_closed_answers_are_comment_and_reason() -> None:
    options = [{"id": "O1", "label": {"type": "static", "value": "Slow"}}]
    found = answered(
        response(
            given("rating_scale", rating=1, rating_category="bad"),
            given("open_ended", value="Three days!"),
            given("closed_ended", selections=[{"type": "predefined", "option_id": "O1"}],
                  question={"options": options}),
            given("closed_ended", selections=[{"option_id": "O2"}, {"option_id": "O3"}]),
        ),
        {"O2": "Rude"},
    )  # fmt: skip
    assert (found.comment, found.reason) == ("Three days!", "Slow; Rude; O3")


def test_a_comment_without_a_rating_is_an_answer_without_a_score() -> None:
    found = answered(response(given("rating_scale") | {"type": "skipped"}, given("open_ended", value="Hm.")))
    assert (found.score, found.label, found.comment) == (None, None, "Hm.")


def test_what_the_history_says_of_surveys_is_kept_as_it_came() -> None:
    told = {"id": 5, "event_type": "SurveyOffered", "survey_id": "01J58KJ9RAE0D2EK7HRVM7Z8F2"}
    (kept,) = events().audit(audit(told))
    assert isinstance(kept, RawRecord)
    assert (kept.kind, kept.raw) == ("SurveyOffered", told)


def test_an_answer_changed_later_is_a_newer_version_of_the_same_one() -> None:
    first = answered(response(given("rating_scale", rating=1, rating_category="bad")))
    changed = given("rating_scale", rating=5, rating_category="good", updated_at="2026-03-01T00:00:00.000Z")
    later = answered(response(changed))
    assert later.id == first.id
    assert (later.version or 0) > (first.version or 0)
    assert later.answered_at > first.answered_at


@pytest.mark.parametrize(
    ("subjects", "ticket"),
    [
        ({"subjects": [], "subject_zrns": ["zen:ticket:7"]}, "7"),
        ({"subjects": [], "subject_zrns": ["zrn:ticket:7"]}, "7"),
        ({"subjects": [{"zrn": "zen:request:8"}], "subject_zrns": None}, "8"),
        ({"subjects": [{"zrn": "zen:request:8"}, {"zrn": "zen:ticket:7"}], "subject_zrns": []}, "7"),
        ({"subjects": [{"zrn": "zen:conversation:4295a81b"}], "subject_zrns": []}, None),
    ],
)
def test_it_is_about_the_ticket_that_its_subjects_name(subjects: Json, ticket: str | None) -> None:
    (found,) = mapped(response(**subjects))
    assert isinstance(found, SurveyOffer)
    assert found.ticket_id == ticket
    assert found.customer_id == "4398080151295"


def test_ratings_of_other_questions_are_kept_as_they_came() -> None:
    row = response(
        given("rating_scale", rating=5, rating_category="good"),
        given("rating_scale", rating=2, rating_category="bad", question={"id": "Q9", "sub_type": "other"}),
    )
    assert answered(row).score == 5
    (kept,) = (one for one in mapped(row) if isinstance(one, RawRecord))
    assert (kept.kind, kept.raw["rating"]) == ("rating_scale", 2)


@pytest.mark.parametrize("rating", [0, 6, "ten"])
def test_a_rating_on_no_known_scale_is_refused(rating: object) -> None:
    with pytest.raises(ValueError, match=r"rating|float"):
        mapped(response(given("rating_scale", rating=rating, rating_category="good")))


def test_an_id_says_when_it_was_offered_else_the_first_answer_does() -> None:
    assert born({"id": "01J1WB51MG6HXTYWE6Q0C93RNW"}) == datetime(2024, 7, 3, 13, 4, 44, 176_000, UTC)
    late = given("open_ended", value="x", created_at="2026-03-01T00:00:00Z")
    assert born(response(late, given("open_ended", value="y"), id="17")) == datetime(
        2026, 2, 26, 10, tzinfo=UTC
    )
    assert mapped(response(id="17")) == []


# --- a whole account -------------------------------------------------------------------------------------


def surveyed(tickets: int = 40, seed: int = 5) -> Company:
    return Company.make(tickets=tickets, seed=seed, csat=True)


def asked(server: Emulator) -> list[dict[str, str]]:
    return [query for _, path, query in server.log if path == PATH]


def truth(company: Company) -> Iterator[tuple[str, int | None]]:
    """Yield the id of every response with its rating."""
    for one in company.responses.values():
        ratings = [answer["rating"] for answer in one.answers if "rating" in answer]
        yield one.id, ratings[0] if ratings else None


def test_responses_arrive_and_kpis_are_what_they_are_by_hand(database: Path) -> None:
    company = surveyed(tickets=150)
    with desk(company) as server:
        report = run(database, zendesk(server))
    assert outcomes(report)["survey_responses"] == "ok"
    assert rows(database, "SELECT count(*) FROM quarantine") == [0]
    assert len(company.ratings) == 0
    known = dict(truth(company))
    assert {key for key, in_ in known.items() if in_} == set(rows(database, "SELECT id FROM survey_answers"))
    assert set(known) == set(rows(database, "SELECT id FROM survey_offers"))
    assert rows(database, "SELECT DISTINCT reason FROM survey_answers WHERE label = 'bad'") == [
        "It took too long"
    ]
    # Each response is about another ticket; four and five points of five are satisfied.
    tickets = {one.ticket: one for one in company.responses.values()}
    assert len(tickets) == len(known)
    gone = set(rows(database, "SELECT id FROM tickets WHERE merged_into IS NOT NULL"))
    counted = [one for one in company.responses.values() if str(one.ticket) not in gone]
    points = [known[one.id] or 0 for one in counted if known[one.id]]
    grace = [one for one in counted if one.offered < company.now - 60 - 7 * DAY]
    with open_reader(database) as connection:
        csat, rate = (
            answer(connection, Query(metric, since="2025-11", until="2026-03")).total
            for metric in (Csat(), CsatResponseRate())
        )
    assert (csat.value, csat.n) == (sum(one >= 4 for one in points) / len(points), len(points))
    assert (rate.value, rate.n) == (sum(1 for one in grace if known[one.id]) / len(grace), len(grace))


def test_pages_are_fifty_by_the_offer_and_instants_in_milliseconds() -> None:
    company = surveyed(tickets=10)
    ticket = next(iter(company.tickets.values()))
    for number in range(120):
        offer(company, ticket, OFFERED + number)
    with desk(company) as server:
        connector = attached(zendesk(server))
        got = [record.id for page in connector.survey_responses(None) for record in page.records]
        begin = Cursor(None, datetime.fromtimestamp(OFFERED + 115, UTC))
        late = [record.id for page in connector.survey_responses(begin) for record in page.records]
        connector.close()
    assert {query["page[size]"] for query in asked(server)} == {"50"}
    assert {query["sort"] for query in asked(server)} == {"id"}
    assert set(got) == set(company.responses)
    assert asked(server)[-1]["filter[created_at_start]"] == str((OFFERED + 115) * 1000)
    assert len(late) >= 5


def test_what_doesnt_say_when_it_was_offered_is_left_out_and_counted(database: Path) -> None:
    company = Company.make(tickets=3, seed=5)
    ticket = next(iter(company.tickets.values()))
    for number in range(3):
        one = offer(company, ticket, OFFERED + number)
        company.responses[f"{number}"] = company.responses.pop(one.id)
        one.id = f"{number}"
    respond(company, one, OFFERED + 60, 5)
    with desk(company) as server:
        report = run(database, zendesk(server))
    assert report.exit_code == 0
    assert rows(database, "SELECT offered_at / 1000 FROM survey_offers WHERE survey = 'csat'") == [
        OFFERED + 60
    ]
    (notes,) = [stream.notes for stream in report.sources[0].streams if stream.stream == "survey_responses"]
    assert any(note.startswith("2 survey responses don't say when they were offered") for note in notes)


@pytest.mark.parametrize("number", [0, 49, 50, 51, 130])
def test_an_account_that_says_nothing_of_pages_is_read_whole(number: int) -> None:
    company = Company.make(tickets=2, seed=5)
    ticket = next(iter(company.tickets.values()))
    for count in range(number):
        offer(company, ticket, OFFERED + count // 7)  # several in a second, each with an id of its own
    with desk(company, Faults(bare_surveys=True)) as server:
        connector = attached(zendesk(server))
        got = [record.id for page in connector.survey_responses(None) for record in page.records]
        connector.close()
    assert set(got) == set(company.responses)


def test_a_late_answer_is_found_on_the_next_sync_where_all_fit_on_a_page(database: Path) -> None:
    company = surveyed(tickets=10)
    late = offer(company, next(iter(company.tickets.values())), company.now - 20 * DAY)
    offer(company, next(iter(company.tickets.values())), company.now - HOUR)
    with desk(company) as server:
        run(database, zendesk(server))
        assert late.id not in rows(database, "SELECT id FROM survey_answers")
        company.now += HOUR
        respond(company, late, company.now - 120, 5, "Late, but good.")
        cost = requests(run(database, zendesk(server)))
    assert cost["survey_responses"] == 1
    assert rows(database, "SELECT score, comment FROM survey_answers WHERE id = ?", late.id) == [
        (5.0, "Late, but good.")
    ]


def test_where_they_are_many_late_answers_are_read_once_a_day(database: Path) -> None:
    company = Company.make(tickets=10, seed=5)
    ticket = next(iter(company.tickets.values()))
    made = [offer(company, ticket, company.now - 20 * DAY + number * HOUR) for number in range(130)]
    with desk(company) as server:
        assert requests(run(database, zendesk(server)))["survey_responses"] == 3
        company.now += HOUR
        respond(company, made[0], company.now - 120, 2)
        new = offer(company, ticket, company.now - 120)
        assert requests(run(database, zendesk(server)))["survey_responses"] == 1
        assert rows(database, "SELECT id FROM survey_answers WHERE survey = 'csat'") == []
        assert new.id in rows(database, "SELECT id FROM survey_offers")
        company.now += DAY
        assert requests(run(database, zendesk(server)))["survey_responses"] == 3
        assert rows(database, "SELECT id, score FROM survey_answers WHERE survey = 'csat'") == [
            (made[0].id, 2.0)
        ]
        assert requests(run(database, zendesk(server)))["survey_responses"] == 1


def test_what_can_no_longer_be_answered_is_not_read_again(database: Path) -> None:
    company = Company.make(tickets=3, seed=5)
    ticket = next(iter(company.tickets.values()))
    old = offer(company, ticket, company.now - 40 * DAY)
    assert old.offered + LASTS < company.now
    offer(company, ticket, company.now - 9 * DAY)
    with desk(company) as server:
        run(database, zendesk(server))
        run(database, zendesk(server))
        run(database, zendesk(server, survey_overlap="50d"))
    starts = [int(query["filter[created_at_start]"]) // 1000 for query in asked(server)]
    assert starts[1:] == [company.now - 30 * DAY, company.now - 50 * DAY]


def test_a_read_that_breaks_goes_on_where_it_was(database: Path) -> None:
    company = Company.make(tickets=3, seed=5)
    ticket = next(iter(company.tickets.values()))
    for number in range(130):
        offer(company, ticket, company.now - 90 * DAY + number * HOUR)
    with desk(company) as server:
        server.faults.after, server.faults.once = 2, {"survey_responses": 402}
        assert run(database, zendesk(server)).exit_code != 0
        offers = "SELECT count(*) FROM survey_offers WHERE survey = 'csat'"
        assert rows(database, offers) == [50]
        assert run(database, zendesk(server)).exit_code == 0
    assert rows(database, offers) == [130]
    starts = [int(query["filter[created_at_start]"]) for query in asked(server)]
    assert starts[-1] == (company.now - 90 * DAY + 48 * HOUR) * 1000  # the fiftieth, less the overlap


def test_an_order_that_is_none_moves_the_cursor_with_the_last_page_only() -> None:
    company = Company.make(tickets=3, seed=5)
    ticket = next(iter(company.tickets.values()))
    for number in range(120):
        offer(company, ticket, OFFERED + number)
    newest_first = dict(sorted(company.responses.items(), reverse=True))
    with desk(company) as server:
        connector = attached(zendesk(server))
        # An account that doesn't sort: the keys, by which the emulator does, say the opposite.
        company.responses = {str(n): one for n, one in enumerate(newest_first.values(), 1000)}
        pages = list(connector.survey_responses(None))
        connector.close()
    assert [page.cursor is not None for page in pages] == [False, False, True]
    cursor = pages[-1].cursor
    assert cursor is not None
    assert cursor.token["newest"] == (OFFERED + 119) * 1000


def test_a_cursor_of_another_kind_is_refused_so_that_the_watermark_serves() -> None:
    with desk() as server:
        connector = attached(zendesk(server))
        with pytest.raises(CursorRefused):
            list(connector.survey_responses(Cursor(17)))
        connector.close()


@pytest.mark.parametrize("lack", ["missing", "forbidden"])
def test_an_account_without_surveys_is_skipped_and_keeps_its_legacy_ratings(
    database: Path, lack: str
) -> None:
    faults = Faults()
    setattr(faults, lack, {"survey_responses"})
    with desk(faults=faults) as server:
        report = run(database, zendesk(server))
    assert report.exit_code == 0
    assert outcomes(report)["survey_responses"] == "skipped"
    (reason,) = [one.reason for one in report.sources[0].streams if one.stream == "survey_responses"]
    assert reason.startswith("This account or role has no CSAT surveys (")
    assert rows(database, "SELECT json_extract(capabilities, '$.ratings') FROM sources") == [1]


def test_choices_are_named_in_the_language_of_the_settings_and_asked_for_once() -> None:
    company = surveyed(tickets=60)
    with desk(company) as server:
        connector = attached(zendesk(server))
        found = [r for page in connector.survey_responses(None) for r in page.records]
        connector.close()
        other = attached(zendesk(server, locale="de"))
        unnamed = [r for page in other.survey_responses(None) for r in page.records]
        other.close()
    assert server.counts["/api/v2/guide/en-us/surveys"] == 1
    assert server.counts["/api/v2/guide/de/surveys"] == 1
    words, ids = (
        {one.reason for one in records if isinstance(one, SurveyAnswer) and one.reason}
        for records in (found, unnamed)
    )
    assert words == {"It took too long"}
    assert ids == {"01J1WBKRG57E6M8C1145EXJ535"}


def test_without_a_reason_nobody_asks_for_the_survey() -> None:
    company = Company.make(tickets=3, seed=5)
    one: Response = offer(company, next(iter(company.tickets.values())), OFFERED)
    respond(company, one, OFFERED + 60, 5)
    with desk(company) as server:
        connector = attached(zendesk(server))
        list(connector.survey_responses(None))
        connector.close()
    assert not [path for path in server.counts if path.endswith("/surveys")]
