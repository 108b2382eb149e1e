"""Zendesk from its emulator into a database: counts, resumption, increments, idle costs."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from deskmetry_connectors.zendesk.emulator import Company
from helpers_sync import contents, watch
from helpers_synced import outcomes, requests, rows
from helpers_zendesk import comments, desk, kind, run, status_changes, zendesk

DAILY = {"brands", "ticket_fields", "ticket_forms", "custom_statuses", "satisfaction_reasons"}


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "desk.db"


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
    assert sum(declared.values()) == 12
    assert {name for name, number in declared.items() if not number} == DAILY | {"holidays", "transcripts"}
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
    broken, broke = tmp_path / "broken.db", 0
    with desk() as server:
        run(tmp_path / "whole.db", zendesk(server))
        for stop in ("users", "tickets/cursor", "ticket_events", "ticket_events", "satisfaction"):
            server.faults.after = 1
            server.faults.once = {stop: 402}
            broke += run(broken, zendesk(server, page_size=10)).exit_code != 0
        server.faults.once, began = {}, len(server.log)
        assert run(broken, zendesk(server, page_size=10)).exit_code == 0
    assert broke >= 4
    assert without_cursors(broken) == without_cursors(tmp_path / "whole.db")
    # The last run read no user and no ticket again.
    assert not [query for _, path, query in server.log[began:] if "cursor" in path and "start_time" in query]


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
