"""Zendesk from its emulator into a database: counts, faults, resumption, idle costs, KPIs."""

from __future__ import annotations

import sqlite3
import statistics
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from deskmetry.metric import Metric
from deskmetry.query import Query, answer
from deskmetry.store import open_reader
from deskmetry_connectors.zendesk.emulator import Company, Faults
from deskmetry_connectors.zendesk.emulator.data import Comment, Ticket
from deskmetry_metrics.speed import FirstResolutionTime, FirstResponseTime
from deskmetry_metrics.volume import InboundMessages, OutboundMessages, TicketsSolved, TicketVolume
from helpers_sync import contents, watch
from helpers_zendesk import desk, outcomes, requests, rows, run, zendesk

PERIOD = ("2025-11", "2026-03")
WORDS = {"hold": "on_hold"}


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "desk.db"


def kind(company: Company, comment: Comment) -> str:
    """Say what a comment is, from the company alone: rules, notes, agents by their name, customers."""
    if comment.via is not None:
        return "automatic"
    if not comment.public:
        return "note"
    return "reply" if company.users[comment.author].name.startswith("Agent") else "customer"


def comments(company: Company) -> list[Comment]:
    return [one for audit in company.audits for one in audit.comments]


def status_changes(company: Company, ticket: Ticket) -> list[tuple[int, str]]:
    """Return instants and statuses of a ticket, deletion left out."""
    found = [
        (audit.at, str(event["status"]))
        for audit in company.audits
        if audit.ticket == ticket.id
        for event in audit.events
        if "status" in event and event["status"] != "deleted"
    ]
    return sorted(found, key=lambda change: change[0])


def counted(company: Company) -> list[Ticket]:
    """Return the tickets that count: neither merged nor deleted before they were solved."""
    return [
        one
        for one in company.tickets.values()
        if "closed_by_merge" not in one.tags
        and (one.status != "deleted" or "solved" in {word for _, word in status_changes(company, one)})
    ]


# --- what arrives --------------------------------------------------------------------------------------


def test_everything_the_company_holds_arrives(database: Path) -> None:
    company = Company.make(tickets=120, seed=2)
    with desk(company) as server:
        report = run(database, zendesk(server))
    assert set(outcomes(report).values()) == {"ok"}
    assert rows(database, "SELECT count(*) FROM quarantine") == [0]
    assert rows(database, "SELECT count(*) FROM tickets") == [len(company.tickets)]
    assert dict(rows(database, "SELECT kind, count(*) FROM message_facts GROUP BY kind")) == Counter(
        kind(company, one) for one in comments(company)
    )
    assert dict(
        rows(database, "SELECT new, count(*) FROM ticket_events WHERE kind = 'status' GROUP BY new")
    ) == Counter(word for one in company.tickets.values() for _, word in status_changes(company, one))
    assert rows(database, "SELECT count(*) FROM survey_offers") == [
        len({one.ticket for one in company.ratings.values()})
    ]
    assert dict(rows(database, "SELECT label, count(*) FROM survey_answers GROUP BY label")) == Counter(
        one.score for one in company.ratings.values() if one.score != "offered"
    )
    ends = {one.id: status_changes(company, one)[-1][1] for one in company.tickets.values()}
    assert dict(rows(database, "SELECT ticket_id, status FROM ticket_facts")) == {
        str(k): v for k, v in ends.items()
    }
    assert rows(database, "SELECT timezone FROM schedules") == ["America/New_York"]
    assert rows(database, "SELECT target_ms FROM sla_targets") == [3_600_000]
    assert rows(database, "SELECT name FROM teams WHERE deleted_at IS NOT NULL") == ["Fax"]


def test_tombstones_scrubs_merges_and_redactions_arrive(database: Path) -> None:
    company = Company.make(tickets=60, seed=2)
    gone = [one for one in company.tickets.values() if one.status == "deleted"]
    (merged,) = [one for one in company.tickets.values() if "closed_by_merge" in one.tags]
    into = next(one.body.split("#")[1].split()[0] for one in comments(company) if "merged into" in one.body)
    redacted = [str(one.id) for one in comments(company) if "▇" in one.body]
    with desk(company) as server:
        run(database, zendesk(server))
    found = rows(database, "SELECT id FROM tickets WHERE deleted_at IS NOT NULL ORDER BY id")
    assert found == sorted(str(one.id) for one in gone)
    assert rows(database, "SELECT count(*) FROM tickets WHERE subject = 'SCRUBBED'") == [0]
    assert rows(database, "SELECT id, merged_into FROM tickets WHERE merged_into IS NOT NULL") == [
        (str(merged.id), into)
    ]
    assert rows(database, "SELECT id FROM messages WHERE redacted AND body IS NULL") == redacted


def test_a_ticket_scrubbed_after_it_was_read_keeps_its_words(database: Path) -> None:
    company = Company.make(tickets=20, seed=2)
    ticket = next(one for one in company.tickets.values() if one.status != "deleted")
    with desk(company) as server:
        run(database, zendesk(server))
        company.now += 86_400
        company.delete(ticket, 1001, company.now - 3600)
        company.scrub(ticket, company.now - 60)
        run(database, zendesk(server))
    key = str(ticket.id)
    (found,) = rows(database, "SELECT subject, deleted_at FROM tickets WHERE id = ?", key)
    assert found == (ticket.subject, ticket.updated * 1000)


def test_a_departed_agent_stays_one_also_when_read_for_the_first_time(database: Path) -> None:
    company = Company.make(tickets=60, seed=2)
    (gone,) = [one for one in company.users.values() if one.name == "Agent 7"]
    assert gone.role == "end-user"
    with desk(company) as server:
        run(database, zendesk(server))
    assert rows(database, "SELECT email, active FROM agents WHERE id = ?", str(gone.id)) == [(gone.email, 0)]
    written = [one for one in comments(company) if one.author == gone.id and one.public]
    assert len(written) > 2
    agents = rows(database, "SELECT DISTINCT author_kind FROM messages WHERE author_id = ?", str(gone.id))
    assert agents == ["agent"]
    assert rows(
        database, "SELECT count(*) FROM message_facts WHERE agent = ? AND kind = 'reply'", gone.email
    ) == [len(written)]


def test_tickets_handled_by_ai_agents_only_are_read(database: Path) -> None:
    company = Company.make(tickets=10, seed=2)
    next(iter(company.tickets.values())).ai_agent = True
    with desk(company) as server:
        run(database, zendesk(server))
    assert rows(database, "SELECT count(*) FROM tickets") == [10]


def test_a_comment_made_internal_between_syncs_is_a_note_with_its_text(database: Path) -> None:
    company = Company.make(tickets=20, seed=2)
    reply = next(one for one in comments(company) if kind(company, one) == "reply")
    with desk(company) as server:
        run(database, zendesk(server))
        company.now += 7200
        company.hide(reply, 1001, company.now - 3600)
        company.say(company.tickets[reply.ticket], 1001, company.now - 3000, "Sorry.")
        costs = requests(run(database, zendesk(server)))
    assert costs["ticket_events"] == 2  # one for the export, one for the comments of that ticket
    (found,) = rows(database, "SELECT public, body FROM messages WHERE id = ?", str(reply.id))
    assert found == (0, reply.body)


# --- again, and on ---------------------------------------------------------------------------------------


def test_a_sync_with_nothing_new_costs_a_request_a_stream_and_changes_nothing(database: Path) -> None:
    with desk() as server:
        run(database, zendesk(server))
        watch_folder = database.parent
        watch(watch_folder)
        report = run(database, zendesk(server))
    declared = {name: info.idle_requests for name, info in type(zendesk(server)).streams().items()}
    assert requests(report) == declared
    assert set(declared.values()) == {1, 2}
    assert rows(database, "SELECT * FROM touched") == []


def test_small_pages_give_the_same_database(tmp_path: Path) -> None:
    with desk() as server:
        run(tmp_path / "a.db", zendesk(server))
        report = run(tmp_path / "b.db", zendesk(server, page_size=7))
    assert report.exit_code == 0
    one, other = (without_cursors(tmp_path / name) for name in ("a.db", "b.db"))
    assert one == other


def without_cursors(path: Path) -> dict[str, set[tuple[object, ...]]]:
    found: dict[str, set[tuple[object, ...]]] = contents(path)
    for name in ("sync_state", "sources"):
        del found[name]
    return found


def without_lengths_of_redacted(path: Path) -> dict[str, set[tuple[object, ...]]]:
    """Return a database's rows; how long a text was before it was redacted, nobody tells afterwards."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE messages SET length = NULL WHERE redacted")
        connection.commit()
    return without_cursors(path)


def test_a_sync_that_breaks_after_any_page_goes_on_where_it_stopped(tmp_path: Path) -> None:
    broken = tmp_path / "broken.db"
    with desk() as server:
        run(tmp_path / "whole.db", zendesk(server, page_size=20))
        for stop in ("users", "tickets/cursor", "ticket_events", "ticket_events", "satisfaction"):
            for pages in range(2):
                before = len(server.log)
                server.faults.after = pages
                server.faults.once[stop] = 402
                report = run(broken, zendesk(server, page_size=20))
                assert report.exit_code != 0, stop
                assert len(server.log) > before
        server.faults.once.clear()
        assert run(broken, zendesk(server, page_size=20)).exit_code == 0
    assert without_cursors(broken) == without_cursors(tmp_path / "whole.db")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_increments_give_what_a_full_read_of_a_fresh_database_gives(tmp_path: Path, seed: int) -> None:
    company = Company.make(tickets=80, seed=seed)
    with desk(company) as server:
        run(tmp_path / "a.db", zendesk(server))
        for _ in range(3):
            company.advance()
            run(tmp_path / "a.db", zendesk(server))
        run(tmp_path / "b.db", zendesk(server))
    one, other = (without_lengths_of_redacted(tmp_path / name) for name in ("a.db", "b.db"))
    for name in sorted({*one, *other}):
        assert one[name] == other[name], name


def test_a_second_edit_in_the_second_of_the_last_one_isnt_lost(database: Path) -> None:
    company = Company.make(tickets=5, seed=2)
    ticket = next(iter(company.tickets.values()))
    with desk(company) as server:
        at = company.now - 61
        company.say(ticket, ticket.requester, at, "First.")
        run(database, zendesk(server))
        company.say(ticket, ticket.requester, at, "Second.")
        company.change(ticket, ticket.requester, at, priority="urgent")
        company.now += 3600
        company.touch(ticket, company.now - 120)
        run(database, zendesk(server))
    assert rows(database, "SELECT count(*) FROM messages WHERE body IN ('First.', 'Second.')") == [2]
    assert rows(database, "SELECT priority FROM tickets WHERE id = ?", str(ticket.id)) == ["urgent"]


def test_a_system_update_is_read_though_updated_at_stands_still(database: Path) -> None:
    company = Company.make(tickets=5, seed=2)
    ticket = next(one for one in company.tickets.values() if one.status != "deleted")
    with desk(company) as server:
        run(database, zendesk(server))
        company.now += 3600
        ticket.tags = ["by-automation"]
        company.touch(ticket, company.now - 120)
        run(database, zendesk(server))
    assert rows(database, "SELECT tags, updated_at FROM tickets WHERE id = ?", str(ticket.id)) == [
        ('["by-automation"]', ticket.updated * 1000)
    ]


def test_a_changed_rating_is_still_one_answer(database: Path) -> None:
    company = Company.make(tickets=5, seed=2)
    ticket = next(one for one in company.tickets.values() if one.status != "deleted")
    company.ratings.clear()
    company.rate(company.offer(ticket, company.now - 7200), "good", company.now - 7000)
    with desk(company) as server:
        run(database, zendesk(server))
        company.now += 3600
        company.rate(company.offer(ticket, company.now - 3000), "bad", company.now - 2000)
        run(database, zendesk(server))
    assert rows(database, "SELECT label FROM survey_answers") == ["bad"]
    assert rows(database, "SELECT count(*) FROM survey_offers") == [1]


def test_it_is_complete_up_to_the_minute_that_exports_leave_out(database: Path) -> None:
    with desk() as server:
        report = run(database, zendesk(server))
    until = report.sources[0].complete_until
    assert until is not None
    assert until.timestamp() == server.company.now - 60


# --- what the KPIs say -----------------------------------------------------------------------------------


def expected(company: Company) -> dict[str, float]:
    """Compute KPIs of the whole period from the company's own data, in plain Python."""
    mine = counted(company)
    ids = {one.id for one in mine}
    said = [(one.at, kind(company, one), one.ticket) for one in comments(company) if one.ticket in ids]
    first, solves, solved_now = [], [], 0
    for one in mine:
        talk = sorted(
            (at, what == "reply")
            for at, what, ticket in said
            if ticket == one.id and what in ("customer", "reply")
        )
        asked = min(at for at, reply in talk if not reply)
        first += (
            [min(at for at, reply in talk if reply and at >= asked) - asked]
            if any(r for _, r in talk)
            else []
        )
        history = status_changes(company, one)
        solves += (
            [min(at for at, word in history if word == "solved") - one.created]
            if "solved" in dict(history).values()
            else []
        )
        solved_now += history[-1][1] == "solved"
    return {
        "ticket_volume": len(mine),
        "inbound_messages": sum(what == "customer" for _, what, _ in said),
        "outbound_messages": sum(what == "reply" for _, what, _ in said),
        "first_response_time": statistics.median(first) * 1000,
        "first_resolution_time": statistics.median(solves) * 1000,
        "tickets_solved": solved_now,
    }


def test_kpis_agree_with_the_companys_own_numbers(database: Path) -> None:
    company = Company.make(tickets=150, seed=4)
    with desk(company) as server:
        run(database, zendesk(server))
    metrics: list[Metric] = [
        TicketVolume(), InboundMessages(), OutboundMessages(), FirstResponseTime(), FirstResolutionTime(), TicketsSolved()
    ]  # fmt: skip
    with open_reader(database) as connection:
        found = {
            one.name: answer(connection, Query(one, since=PERIOD[0], until=PERIOD[1])).total.value
            for one in metrics
        }
    assert found == expected(company)


# --- faults ----------------------------------------------------------------------------------------------


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
    }
    with desk(faults=Faults(**{lack: words})) as server:
        report = run(database, zendesk(server))
    assert report.exit_code == 0
    left = {"users", "groups", "tickets", "ticket_events"}
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
    assert "check their role" in str(report.sources[0].error)


def test_no_request_is_made_a_ticket(database: Path) -> None:
    with desk(Company.make(tickets=200, seed=6)) as server:
        run(database, zendesk(server))
    assert not [path for path in server.counts if "/tickets/1" in path]
    assert sum(server.counts.values()) < 20
