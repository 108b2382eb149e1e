"""Lists of a Zendesk that rarely change: read once a day, and by others only where they name something."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from deskmetry.connector import Cursor
from deskmetry.records import SurveyAnswer
from deskmetry_connectors.zendesk.emulator import Company, Emulator
from deskmetry_connectors.zendesk.emulator.csat import offer, respond
from deskmetry_connectors.zendesk.lookups import Names
from deskmetry_connectors.zendesk.surveys import RatingMapping, reason_names
from deskmetry_connectors.zendesk.tickets import FORM, TicketMapping
from helpers_synced import outcomes, requests, rows
from helpers_zendesk import attached, desk, run, ticket, zendesk

DAY = 86_400
LISTS = {
    "brands": "/api/v2/brands.json",
    "ticket_fields": "/api/v2/ticket_fields.json",
    "ticket_forms": "/api/v2/ticket_forms.json",
    "custom_statuses": "/api/v2/custom_statuses.json",
    "satisfaction_reasons": "/api/v2/satisfaction_reasons.json",
}


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "desk.db"


def asked(server: Emulator, began: int = 0) -> Counter[str]:
    return Counter(path for _, path, _ in server.log[began:])


def test_they_are_read_once_a_day(database: Path) -> None:
    with desk(Company.make(tickets=3, seed=5)) as server:

        def costs(**options: Any) -> set[int]:
            found = requests(run(database, zendesk(server), **options))
            return {found[name] for name in LISTS}

        assert costs() == {1}
        server.company.now += DAY - 60
        assert costs() == {0}
        server.company.now += 60
        server.company.brands[0]["name"] = "Acme & Co"
        assert costs() == {1}
        server.company.now += 60
        assert costs() == {0}
        assert costs(full=True) == {1}
    assert rows(database, "SELECT name FROM brands") == ["Acme & Co"]


def test_a_clock_that_was_put_back_doesnt_keep_them_from_being_read() -> None:
    with desk(Company.make(tickets=3, seed=5)) as server:
        connector = attached(zendesk(server))
        list(connector.groups(None))  # which tells the server's clock
        pages = list(connector.brands(Cursor({"read": server.company.now + 30 * DAY})))
        strange = list(connector.brands(Cursor("what is this?")))
        connector.close()
    assert [len(page.records) for page in (*pages, *strange)] == [1, 1]


def test_what_has_no_place_in_the_schema_is_kept_as_it_came(database: Path) -> None:
    with desk(Company.make(tickets=3, seed=5)) as server:
        run(database, zendesk(server))
    found = rows(database, "SELECT id, stream, kind FROM raw_records ORDER BY id")
    assert found == [
        ("custom_status:601", "custom_statuses", "custom_status"),
        ("satisfaction_reason:801", "satisfaction_reasons", "satisfaction_reason"),
        ("ticket_form:701", "ticket_forms", "ticket_form"),
    ]


def test_a_row_that_was_set_aside_can_be_tried_again_by_the_name_of_its_mapper(database: Path) -> None:
    company = Company.make(tickets=30, seed=5)
    next(one for one in company.ratings.values() if one.score == "good").score = "great"
    respond(company, offer(company, next(iter(company.tickets.values())), company.now - DAY), company.now, 9)
    for rows_ in (company.brands, company.ticket_fields, company.ticket_forms, company.custom_statuses):
        rows_.append({"name": "of nothing"})
    company.reasons.append({"value": "of nothing"})
    with desk(company) as server:
        run(database, zendesk(server))
        connector = attached(zendesk(server))
        bad = rows(database, "SELECT stream, mapper FROM quarantine")
        assert {stream for stream, _ in bad} == {*LISTS, "satisfaction_ratings", "survey_responses"}
        assert all(connector.mapper(stream, mapper) is not None for stream, mapper in bad)
        assert all(connector.mapper(stream, "another.name") is None for stream, _ in bad)
        connector.close()


# --- names -----------------------------------------------------------------------------------------------


def test_names_are_asked_for_when_a_row_needs_one_and_only_once(database: Path) -> None:
    company = Company.make(tickets=30, seed=5)
    first = next(iter(company.tickets.values()))
    with desk(company) as server:
        run(database, zendesk(server))
        server.company.now += 3_600
        began = len(server.log)
        run(database, zendesk(server))
        assert not asked(server, began) & Counter(LISTS.values()), "nothing changed, so nothing has a name"
        company.say(first, first.requester, company.now - 120, "Hello?")
        company.change(first, first.requester, company.now - 110, fields={501: "XL"})
        began = len(server.log)
        run(database, zendesk(server))
    assert asked(server, began)[LISTS["ticket_fields"]] == 1
    (fields,) = rows(database, "SELECT custom_fields FROM tickets WHERE id = ?", str(first.id))
    assert json.loads(fields) == {"Size": "XL"}
    assert "Size=XL" in rows(database, "SELECT new FROM ticket_events WHERE ticket_id = ?", str(first.id))


def test_a_new_field_has_its_name_before_the_day_is_over(database: Path) -> None:
    company = Company.make(tickets=3, seed=5)
    first = next(iter(company.tickets.values()))
    with desk(company) as server:
        run(database, zendesk(server))
        company.now += 3_600
        company.ticket_fields.append({"id": 502, "title": "Colour", "type": "text", "active": True})
        company.change(first, first.requester, company.now - 120, fields={502: "red"})
        run(database, zendesk(server))
    (fields,) = rows(database, "SELECT custom_fields FROM tickets WHERE id = ?", str(first.id))
    assert json.loads(fields)["Colour"] == "red"


def test_a_name_is_asked_for_once_also_where_there_are_none() -> None:
    calls: list[int] = []

    def ask() -> dict[int, str]:
        calls.append(1)
        return {}

    names = Names(ask)
    assert not calls
    assert (names.get(1), names.get(2, "two"), len(names), list(names)) == (None, "two", 0, [])
    assert calls == [1]


# --- forms, reasons, statuses, targets -------------------------------------------------------------------


def test_a_ticket_names_the_form_it_was_filled_in_by(database: Path) -> None:
    company = Company.make(tickets=3, seed=5)
    one, two, three = company.tickets.values()
    one.form, two.form, three.form = 701, 799, None
    with desk(company) as server:
        run(database, zendesk(server))
    forms = dict(rows(database, f"SELECT id, custom_fields ->> '$.\"{FORM}\"' FROM tickets"))
    assert forms == {str(one.id): "Returns", str(two.id): None, str(three.id): None}
    assert rows(database, "SELECT count(*) FROM raw_records WHERE kind = 'ticket_form'") == [1]


def test_a_custom_status_counts_by_its_category_and_shows_by_its_name(database: Path) -> None:
    company = Company.make(tickets=3, seed=5)
    one, two, three = company.tickets.values()
    one.status, one.custom_status = "hold", 601
    two.status, two.custom_status = "hold", 699  # of which nobody knows
    three.status, three.custom_status = "pending", None
    with desk(company) as server:
        run(database, zendesk(server))
    assert rows(database, "SELECT id, status, vendor_status FROM tickets ORDER BY id") == [
        (str(one.id), "on_hold", "Waiting for the supplier"),
        (str(two.id), "on_hold", "hold"),
        (str(three.id), "pending", "pending"),
    ]
    assert server.counts[LISTS["custom_statuses"]] == 1


def test_a_field_that_is_called_like_the_form_goes_first() -> None:
    mapping = TicketMapping("https://a.b", "x", fields={36: FORM}, forms={7: "Returns"})
    assert mapping.ticket(ticket(ticket_form_id=7)).custom_fields == {FORM: "XL"}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"reason": "Too slow", "reason_id": 801}, "Too slow"),
        ({"reason": None, "reason_id": 801}, "It took too long"),
        ({"reason_code": 1001}, "It took too long"),
        ({"reason_id": 999, "reason_code": 801}, None),
        ({"reason_id": None}, None),
    ],
)
def test_the_reason_of_a_bad_rating_is_kept_in_words(row: dict[str, Any], reason: str | None) -> None:
    known = reason_names([{"id": 801, "reason_code": 1001, "value": "It took too long"}, {"id": 802}])
    rating = {
        "id": 1, "ticket_id": 3, "score": "bad", "requester_id": 4, "assignee_id": 5,
        "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
    }  # fmt: skip
    (found,) = (one for one in RatingMapping(known).rating(rating | row) if isinstance(one, SurveyAnswer))
    assert (found.label, found.reason) == ("bad", reason)


def test_the_reason_that_a_rating_names_by_its_id_is_looked_up(database: Path) -> None:
    company = Company.make(tickets=30, seed=5)
    bad = next(one for one in company.ratings.values() if one.score == "bad")
    bad.reason = 801
    with desk(company) as server:
        run(database, zendesk(server))
    assert rows(database, "SELECT ticket_id, reason FROM survey_answers WHERE reason IS NOT NULL") == [
        (str(bad.ticket), "It took too long")
    ]
    assert server.counts[LISTS["satisfaction_reasons"]] == 1


@pytest.mark.parametrize("missing", list(LISTS))
def test_a_plan_without_one_of_them_reads_the_rest(database: Path, missing: str) -> None:
    company = Company.make(tickets=10, seed=5)
    for one in company.tickets.values():
        one.form = 701
    for rating in company.ratings.values():
        rating.reason = 801
    with desk(company) as server:
        server.faults.missing = {missing}
        report = run(database, zendesk(server))
    assert report.exit_code == 0
    assert [name for name, outcome in outcomes(report).items() if outcome == "skipped"] == [missing]
    assert server.counts[LISTS[missing]] == 1, "nobody asks again where there is none"
    assert rows(database, "SELECT count(*) FROM tickets") == [10]


@pytest.mark.parametrize(
    "left_out", ["ticket_fields", "ticket_forms", "custom_statuses", "satisfaction_reasons"]
)
def test_what_the_settings_leave_out_names_nothing(database: Path, left_out: str) -> None:
    company = Company.make(tickets=10, seed=5)
    for one in company.tickets.values():
        one.form = 701
    for rating in company.ratings.values():
        rating.reason = 801
    with desk(company) as server:
        report = run(database, zendesk(server, skip=[left_out]))
    assert outcomes(report)[left_out] == "skipped"
    assert LISTS[left_out] not in server.counts


def test_running_targets_of_a_ticket_are_kept_where_they_came_along() -> None:
    targets = [{"breach_at": "2026-01-01T00:00:00Z", "stage": "active", "metric": "first_reply_time"}]
    row = ticket(slas={"policy_metrics": targets}, metric_set=None)
    assert TicketMapping("https://a.b", "x").ticket(row).vendor_metrics == {"slas": targets}
    assert TicketMapping("https://a.b", "x").ticket(ticket(slas=None)).vendor_metrics == {"reopens": 2}
