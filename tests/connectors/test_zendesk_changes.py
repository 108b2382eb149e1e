"""What changes behind a Zendesk: its plan, its hours and promises, tickets that come back, limits unknown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from deskmetry.query import Query, answer
from deskmetry.store import open_reader
from deskmetry_connectors.zendesk import Zendesk
from deskmetry_connectors.zendesk.emulator import Company, Emulator, Faults
from deskmetry_metrics.satisfaction import Csat
from deskmetry_metrics.volume import TicketVolume
from helpers_http import Visit, loopback
from helpers_synced import outcomes, requests, rows
from helpers_zendesk import desk, patient, run, status_changes, zendesk

DAY = 86_400


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "desk.db"


# --- what the plan decides -------------------------------------------------------------------------------


def given(database: Path) -> Mapping[str, Any]:
    (text,) = rows(database, "SELECT capabilities FROM sources")
    found: Mapping[str, Any] = json.loads(text)
    return found


def csat_warnings(database: Path) -> list[str]:
    with open_reader(database) as connection:
        found = answer(connection, Query(Csat(), since="2026-01", until="2026-03")).warnings
    return [text for text in found if "ratings" in text]


def test_csat_says_why_a_plan_without_ratings_has_no_answer(database: Path) -> None:
    with desk(faults=Faults(missing={"satisfaction", "survey_responses"})) as server:
        run(database, zendesk(server))
        assert csat_warnings(database) == [
            (
                "zd (zendesk) can't give ratings: This account or role has no satisfaction ratings "
                "(InvalidEndpoint; Not found). It takes another plan or role to read them; "
                "`skip` stops asking."
            )
        ]
        server.faults.missing = set()
        run(database, zendesk(server))
    assert csat_warnings(database) == []


def test_csat_says_so_where_the_settings_leave_ratings_out(database: Path) -> None:
    with desk() as server:
        run(database, zendesk(server, skip=["satisfaction_ratings", "survey_responses"]))
    (warning,) = csat_warnings(database)
    assert "Take it out of `skip`" in warning


@pytest.mark.parametrize(
    ("words", "capability"),
    [({"satisfaction", "survey_responses"}, "ratings"), ({"hours"}, "schedules"), ({"slas"}, "sla")],
)
@pytest.mark.parametrize("lack", ["missing", "forbidden"])
def test_what_a_source_can_give_is_settled_by_the_run(
    database: Path, words: set[str], capability: str, lack: str
) -> None:
    faults = Faults()
    setattr(faults, lack, words)
    with desk(Company.make(tickets=3, seed=5), faults) as server:
        report = run(database, zendesk(server))
    assert report.exit_code == 0
    has = given(database)
    assert {name: has[name] for name in ("ratings", "schedules", "sla")} == {
        name: name != capability for name in ("ratings", "schedules", "sla")
    }
    # Who keeps no ratings tells no offers of them either.
    assert list(has["reasons"]) == [capability, *(["survey_offers"] if capability == "ratings" else [])]


# --- hours and promises ----------------------------------------------------------------------------------


def intervals(database: Path) -> list[Any]:
    sql = "SELECT schedule_id, from_minute, until_minute FROM schedule_intervals ORDER BY from_minute"
    return rows(database, sql)


def test_a_changed_schedule_leaves_no_old_interval(database: Path) -> None:
    company = Company.make(tickets=3, seed=5)
    with desk(company) as server:
        run(database, zendesk(server))
        assert len(intervals(database)) == 5
        company.schedules[0]["intervals"] = [{"start_time": 1440 + 600, "end_time": 1440 + 660}]
        run(database, zendesk(server))
        assert intervals(database) == [("31", 600, 660)]
        company.schedules.clear()
        (source,) = run(database, zendesk(server)).sources
        # A list that came empty may be a fault over there, so it is believed only when everything is read.
        assert intervals(database) == [("31", 600, 660)]
        assert any("sync --full" in note for stream in source.streams for note in stream.notes)
        run(database, zendesk(server), full=True)
    assert intervals(database) == []
    assert rows(database, "SELECT id FROM schedules") == []
    assert rows(database, "SELECT id FROM holidays") == []


def test_a_schedule_that_cannot_be_read_keeps_what_was_known(database: Path) -> None:
    company = Company.make(tickets=3, seed=5)
    with desk(company) as server:
        run(database, zendesk(server))
        company.schedules[0]["time_zone"] = "Middle-earth"
        run(database, zendesk(server))
    assert len(intervals(database)) == 5
    assert rows(database, "SELECT stream FROM quarantine") == ["schedules"]


def test_an_sla_target_that_is_gone_is_gone_here_too(database: Path) -> None:
    company = Company.make(tickets=3, seed=5)
    with desk(company) as server:
        run(database, zendesk(server))
        company.sla_policies[0]["policy_metrics"][0]["priority"] = "urgent"
        run(database, zendesk(server))
    assert rows(database, "SELECT id FROM sla_targets") == ["51:first_reply_time:urgent"]


def asked_for_holidays(server: Emulator) -> int:
    return server.counts["/api/v2/business_hours/schedules/31/holidays.json"]


def test_holidays_are_read_when_the_schedules_changed_and_else_once_a_day(database: Path) -> None:
    company = Company.make(tickets=3, seed=5)
    with desk(company) as server:
        for hours, total in ((0, 1), (1, 1), (22, 1), (1, 2), (1, 2)):
            company.now += hours * 3600
            run(database, zendesk(server))
            assert asked_for_holidays(server) == total
        company.schedules[0]["updated_at"] = "2026-03-01T00:00:00Z"
        company.holidays[31] = [
            {"id": 42, "name": "Moved", "start_date": "2026-01-02", "end_date": "2026-01-02"}
        ]
        run(database, zendesk(server))
        assert asked_for_holidays(server) == 3
        run(database, zendesk(server), full=True)
        assert asked_for_holidays(server) == 4
    assert rows(database, "SELECT id, from_day FROM holidays") == [("42", "2026-01-02")]


def test_a_plan_without_schedules_is_asked_once(database: Path) -> None:
    with desk(Company.make(tickets=3, seed=5), Faults(forbidden={"hours"})) as server:
        report = run(database, zendesk(server))
    assert (outcomes(report)["schedules"], outcomes(report)["holidays"]) == ("skipped", "skipped")
    assert requests(report)["schedules"] + requests(report)["holidays"] == 1


# --- tickets that come back ------------------------------------------------------------------------------


def test_a_restored_ticket_counts_again(database: Path) -> None:
    company = Company.make(tickets=10, seed=2)
    customer = next(one for one in company.users.values() if one.role == "end-user")
    ticket = company.open(customer, company.now - DAY, "Unsolved: a deletion takes it out of all counts.")
    key = str(ticket.id)

    def volume() -> float | None:
        with open_reader(database) as connection:
            found = answer(connection, Query(TicketVolume(), since="2025-11", until="2026-04")).total.value
        return None if found is None else float(found)

    with desk(company) as server:
        run(database, zendesk(server))
        whole = volume()
        company.now += DAY
        company.delete(ticket, 1001, company.now - 3600)
        run(database, zendesk(server))
        assert rows(database, "SELECT deleted_at IS NULL FROM tickets WHERE id = ?", key) == [0]
        assert (whole or 0) - (volume() or 0) == 1
        company.now += DAY
        company.restore(ticket, 1001, company.now - 3600)
        run(database, zendesk(server))
        fresh = database.with_name("fresh.db")
        run(fresh, zendesk(server))
    assert rows(database, "SELECT deleted_at, status FROM tickets WHERE id = ?", key) == [(None, "open")]
    assert volume() == whole
    for path in (database, fresh):
        assert rows(path, "SELECT status, excluded FROM ticket_facts WHERE ticket_id = ?", key) == [
            ("open", None)
        ]
    assert status_changes(company, ticket)[-1][1] == "open"


def test_a_solved_ticket_that_comes_back_solved_was_never_reopened(database: Path) -> None:
    company = Company.make(tickets=10, seed=2)
    ticket = next(one for one in company.tickets.values() if one.status == "solved")
    key = str(ticket.id)
    with desk(company) as server:
        run(database, zendesk(server))
        sql = "SELECT status, solves, reopenings, solved_at FROM ticket_facts WHERE ticket_id = ?"
        before = rows(database, sql, key)
        company.now += DAY
        company.delete(ticket, 1001, company.now - 7200)
        company.restore(ticket, 1001, company.now - 3600, status="solved")
        run(database, zendesk(server))
    assert rows(database, sql, key) == before


# --- limits that nobody tells ----------------------------------------------------------------------------


def users_by_fives(visit: Visit) -> None:
    """Serve 25 pages of users without a word about limits."""
    at = int(visit.params.get("cursor", "0"))
    visit.json(
        {
            "users": [{"id": at + 1, "role": "end-user", "updated_at": "2026-01-01T00:00:00Z"}],
            "after_cursor": str(at + 1),
            "end_of_stream": at == 24,
        }
    )


def test_an_export_that_says_nothing_of_limits_is_paced_after_its_first_requests() -> None:
    with loopback(users_by_fives) as url:
        connector = Zendesk(url=url, token="t0ken-of-acme")
        context = patient(connector)
        assert len(list(connector.users(None))) == 25
        connector.close()
    assert [round(wait) for wait in context.waits] == [60]
    assert "rate limit" in context.reasons[0]


def test_an_export_that_tells_its_limits_is_not_paced_by_a_guess() -> None:
    with desk(Company.make(tickets=3, seed=5, users=60)) as server:
        connector = zendesk(server, page_size=1)
        context = patient(connector)
        assert len(list(connector.users(None))) > 40
        connector.close()
    assert context.waits == []
