"""A Zendesk that refuses, lacks or can't bear something: what a sync makes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from deskmetry_connectors.zendesk.emulator import Company, Faults
from helpers_synced import outcomes, rows
from helpers_zendesk import desk, run, zendesk


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "desk.db"


def test_a_page_too_big_for_the_server_is_halved_until_it_fits(database: Path) -> None:
    with desk(faults=Faults(too_big=130)) as server:
        report = run(database, zendesk(server))
    assert report.exit_code == 0
    sizes = [int(q["per_page"]) for _, path, q in server.log if path.endswith("ticket_events.json")]
    assert sizes[:3] == [500, 250, 125]
    assert set(sizes[3:]) == {125}


def test_an_old_cursor_that_is_refused_is_replaced_by_its_instant(database: Path) -> None:
    company = Company.make(tickets=40, seed=5)
    with desk(company) as server:
        run(database, zendesk(server))
        server.faults.refuse_cursors = True
        company.advance()
        report = run(database, zendesk(server))
    assert report.exit_code == 0
    notes = {one.stream: one.notes for one in report.sources[0].streams if one.notes}
    assert notes.keys() == {"users", "tickets"}
    started = [q for _, path, q in server.log if path.endswith("tickets/cursor.json") and "start_time" in q]
    assert int(started[-1]["start_time"]) > 1_770_000_000
    assert rows(database, "SELECT count(*) FROM tickets") == [len(company.tickets)]


@pytest.mark.parametrize("lack", ["missing", "forbidden"])
def test_what_the_plan_or_the_role_lacks_is_skipped_with_the_reason(database: Path, lack: str) -> None:
    words = {
        "slas",
        "business_hours",
        "satisfaction",
        "custom_statuses",
        "brands",
        "organizations",
        "ticket_fields",
        "ticket_forms",
        "survey_responses",
        "chat/",
        "channels/voice",
        "conversation_log",
    }
    faults = Faults()
    setattr(faults, lack, words)
    with desk(faults=faults) as server:
        report = run(database, zendesk(server))
    assert report.exit_code == 0
    left = {"users", "groups", "tickets", "ticket_events", "transcripts"}  # no ticket has a conversation
    assert outcomes(report) == {name: "ok" if name in left else "skipped" for name in outcomes(report)}
    reasons = {one.stream: one.reason for one in report.sources[0].streams}
    assert reasons["sla_policies"].startswith("This account or role has no SLA policies (")
    assert rows(database, "SELECT count(*) FROM ticket_facts") == [len(server.company.tickets)]


def test_streams_that_are_not_wanted_are_not_asked_for(database: Path) -> None:
    with desk() as server:
        report = run(
            database, zendesk(server, skip=["schedules", "sla_policies", "ticket_fields", "custom_statuses"])
        )
    assert outcomes(report)["schedules"] == "skipped"
    assert not [path for path in server.counts if "slas" in path or "hours" in path or "fields" in path]


def test_a_role_that_may_not_export_fails_with_what_to_do(database: Path) -> None:
    with desk(faults=Faults(forbidden={"incremental"})) as server:
        report = run(database, zendesk(server))
    assert report.exit_code == 4
    assert "Exports are for administrators" in str(report.sources[0].error)


def test_no_request_is_made_a_ticket(database: Path) -> None:
    with desk(Company.make(tickets=200, seed=6)) as server:
        run(database, zendesk(server))
    assert not [path for path in server.counts if "/tickets/1" in path]
    assert sum(server.counts.values()) < 25
