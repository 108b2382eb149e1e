"""Intercom from its emulator into a database: what arrives, increments, costs, and what goes wrong."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from deskmetry.connector import Context
from deskmetry.errors import CursorRefused
from deskmetry_connectors.intercom.emulator import Company, Conversation, Faults
from deskmetry_connectors.intercom.emulator.company import DAY, FIN
from deskmetry_connectors.intercom.emulator.rows import statistics
from deskmetry_connectors.intercom.trial import CompanyWorld
from helpers_intercom import desk, intercom, run
from helpers_notes import notes
from helpers_sync import contents
from helpers_synced import outcomes, requests, rows

SHOWN = 120


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "desk.db"


def records(database: Path) -> Any:
    """Return what is in the database, without the engine's own books."""
    return {name: rows for name, rows in contents(database).items() if not name.startswith("sync_")}


def small() -> Company:
    """Return a workspace with one teammate and one contact, and nothing said."""
    company = Company()
    company.hire("Agent 0")
    company.meet("Joe")
    return company


# --- what arrives --------------------------------------------------------------------------------------


def test_a_conversation_arrives_as_it_was(database: Path) -> None:
    company = small()
    agent, joe = company.author(1001), next(iter(company.contacts.values()))
    begin = company.now - DAY
    one = company.open(joe, begin, "Where is it?")
    company.reply(one, FIN, begin + 5, "On the page of your order.")
    company.assign(one, agent, begin + 60, 1001)
    company.note(one, agent, begin + 70, "Again!")
    company.reply(one, agent, begin + 80, "Here it is.")
    company.close(one, agent, begin + 90)
    company.offer(one, begin + 91, 1001)
    company.rate(one, 5, begin + 95)
    with desk(company) as server:
        assert set(outcomes(run(database, intercom(server))).values()) == {"ok"}
    told = "SELECT author_kind, author_id, public, sent_at / 1000, body FROM messages ORDER BY sent_at"
    assert rows(database, told) == [
        ("customer", joe.id, 1, begin, "Where is it?"),
        ("bot", "bot:901", 1, begin + 5, "On the page of your order."),
        ("agent", "1001", 0, begin + 70, "Again!"),
        ("agent", "1001", 1, begin + 80, "Here it is."),
    ]
    assert rows(database, "SELECT kind, at / 1000, old, new FROM ticket_events ORDER BY at, kind") == [
        ("status", begin, None, "open"),
        ("assignee", begin + 60, None, "1001"),
        ("status", begin + 90, "open", "solved"),
    ]
    assert rows(database, "SELECT status, vendor_status, medium, assignee_id, requester_id FROM tickets") == [
        ("solved", "closed", "chat", "1001", joe.id)
    ]
    assert rows(
        database, "SELECT asked_at / 1000, accepted_at, ended_at / 1000, queue_ms, end FROM sessions"
    ) == [(begin, None, begin + 90, None, "completed")]
    assert rows(
        database, "SELECT score, scale_max, offered_at / 1000, answered_at / 1000 FROM survey_answers"
    ) == [(5.0, 5.0, begin + 91, begin + 95)]
    assert rows(database, "SELECT id, name, role, active FROM agents ORDER BY id") == [
        ("1001", "Agent 0", "agent", 1),
        ("bot:901", "Fin", "bot", 1),
    ]
    assert rows(database, "SELECT name, email, country FROM customers") == [("Joe", joe.email, "Ireland")]


def nobody_took(one: Conversation) -> bool:
    """Return whether a chat was closed without a human's word, and without the AI agent's solution."""
    chat = one.source["type"] != "email" and one.source["author"]["type"] in ("user", "lead")
    humans = [part for part in one.parts if part.author["type"] == "admin" and part.kind == "comment"]
    return chat and one.state == "closed" and not humans and one.ai_agent is None


def test_everything_the_workspace_holds_arrives(database: Path) -> None:
    company = Company.make(tickets=60, seed=2)
    with desk(company) as server:
        report = run(database, intercom(server))
        truth = CompanyWorld(server).truth()
        assert server.versions == {"2.14": len(server.log)}
    assert set(outcomes(report).values()) == {"ok"}
    assert rows(database, "SELECT count(*) FROM quarantine") == [0]
    assert set(rows(database, "SELECT id FROM tickets")) == truth["tickets"]
    assert set(rows(database, "SELECT id FROM messages")) == truth["messages"]
    states = {"open": "open", "closed": "solved", "snoozed": "on_hold"}
    missed = {key for key, one in company.conversations.items() if nobody_took(one)}
    assert dict(rows(database, "SELECT ticket_id, status FROM ticket_facts")) == {
        key: "closed" if key in missed else states[one.state] for key, one in company.conversations.items()
    }
    nobodys = "SELECT ticket_id FROM ticket_facts WHERE resolved_by = 'nobody' AND medium = 'chat'"
    assert missed == set(rows(database, nobodys)) != set()
    assert missed == set(rows(database, "SELECT ticket_id FROM session_facts WHERE missed = 1"))
    assert sum(rows(database, "SELECT reopenings FROM ticket_facts")) == sum(
        statistics(one)["count_reopens"] for one in company.conversations.values()
    )
    assert dict(rows(database, "SELECT kind, count(*) FROM raw_records GROUP BY kind")) == {
        "channel_and_reply_time_expectation": 1
    }
    assert dict(rows(database, "SELECT survey, count(*) FROM survey_answers GROUP BY survey")) == {
        "conversation_rating": sum(
            bool(c.rating and c.rating["rating"]) for c in company.conversations.values()
        ),
        "AI agent": sum(bool(c.ai_agent) for c in company.conversations.values()),
    }


def test_the_states_are_the_same_whether_parts_carry_them_from_before_or_after(tmp_path: Path) -> None:
    found = []
    for name, before in (("one", False), ("other", True)):
        with desk(Company.make(tickets=30, seed=8), Faults(state_before=before)) as server:
            run(tmp_path / name, intercom(server))
        found.append(
            rows(tmp_path / name, "SELECT ticket_id, status, solves FROM ticket_facts ORDER BY ticket_id")
        )
    assert found[0] == found[1]


def test_bodies_are_plain_text_whatever_comes(tmp_path: Path) -> None:
    found = []
    for name, markup in (("one", False), ("other", True)):
        with desk(Company.make(tickets=6, seed=8), Faults(markup=markup)) as server:
            run(tmp_path / name, intercom(server))
        found.append(rows(tmp_path / name, "SELECT id, trim(body) FROM messages ORDER BY id"))
    assert found[0] == found[1]


# --- later runs ----------------------------------------------------------------------------------------


def test_only_conversations_that_changed_are_asked_for(database: Path) -> None:
    company = Company.make(tickets=30, seed=3)
    with desk(company) as server:
        assert requests(run(database, intercom(server)))["conversations"] == 34 + 2
        assert server.counts["/conversations/*"] == len(company.conversations) == 34
        one, other, *_ = company.conversations.values()
        company.now += SHOWN
        company.ask(one, company.now - SHOWN + 10, "And?")
        company.tag(other, "vip", company.now - SHOWN + 20)
        assert requests(run(database, intercom(server)))["conversations"] == 2 + 1
    assert "vip" in str(rows(database, "SELECT tags FROM tickets WHERE id = ?", other.id))


def test_a_run_with_nothing_new_costs_one_request_a_stream(database: Path) -> None:
    with desk() as server:
        run(database, intercom(server))
        before = records(database)
        # Also right after something changed: what lies in the overlap is known by a digest.
        server.company.ask(next(iter(server.company.conversations.values())), server.company.now, "And?")
        server.company.now += SHOWN
        run(database, intercom(server))
        after = records(database)
        report = run(database, intercom(server))
    assert requests(report) == {"admins": 1, "teams": 1, "contacts": 1, "conversations": 1}
    assert before != after == records(database)


def test_a_second_change_within_the_second_that_was_read_arrives(database: Path) -> None:
    company = small()
    one = company.open(next(iter(company.contacts.values())), company.now, "Where is it?")
    company.now += 60  # the second is read as soon as it is as old as the search may lag
    with desk(company) as server:
        run(database, intercom(server))
        company.ask(one, company.now - 60, "Please!")
        run(database, intercom(server))
    assert set(rows(database, "SELECT body FROM messages")) == {"Where is it?", "Please!"}


def test_increments_make_the_same_database_as_one_read(tmp_path: Path) -> None:
    company, old, new = Company.make(tickets=30, seed=6), tmp_path / "old.db", tmp_path / "new.db"
    with desk(company) as server:
        run(old, intercom(server, page_size=4))
        for _ in range(3):
            company.advance(6)
            run(old, intercom(server, page_size=4))
        run(new, intercom(server))
    tables = ("tickets", "messages", "ticket_events", "sessions", "survey_answers", "customers", "agents")
    for table in tables:
        query = f"SELECT * FROM {table} ORDER BY id"
        assert rows(old, query) == rows(new, query), table


def test_what_the_search_shows_late_arrives(database: Path) -> None:
    company = small()
    joe = next(iter(company.contacts.values()))
    company.open(joe, company.now - 600, "One")
    late = company.open(joe, company.now - 200, "Two", shown=company.now + 10)
    with desk(company) as server:
        run(database, intercom(server))
        assert rows(database, "SELECT count(*) FROM tickets") == [1]
        company.now += 20
        run(database, intercom(server))
    assert late.id in rows(database, "SELECT id FROM tickets")


def test_start_leaves_older_conversations_out_and_reads_all_contacts(database: Path) -> None:
    company = small()
    joe = next(iter(company.contacts.values()))
    company.open(joe, company.now - 90 * DAY, "Old")
    new = company.open(joe, company.now - DAY, "New")
    with desk(company) as server:
        run(database, intercom(server, start="2026-02-01"))
    assert rows(database, "SELECT id FROM tickets") == [new.id]
    assert rows(database, "SELECT name, country FROM customers") == [("Joe", "Ireland")]


# --- contacts ------------------------------------------------------------------------------------------


def test_contacts_that_changed_since_arrive_although_the_search_knows_whole_days_only(database: Path) -> None:
    company = small()
    joe = next(iter(company.contacts.values()))
    with desk(company) as server:
        run(database, intercom(server))
        company.now += 600  # the same day
        joe.phone, joe.updated = "+353 1 555 0100", company.now - 10
        run(database, intercom(server))
        query = server.log[-2][2]["query"]
    assert rows(database, "SELECT phone FROM customers") == ["+353 1 555 0100"]
    assert (query["field"], query["operator"]) == ("updated_at", ">")


def test_contacts_are_read_no_more_often_than_they_shall_be(database: Path) -> None:
    with desk() as server:
        costs = []
        for hours in (0, 1, 3):
            server.company.now += hours * 3_600
            costs.append(requests(run(database, intercom(server, contacts_every="2h")))["contacts"])
    assert costs == [1, 0, 1]


def test_a_merged_contact_stays_and_its_conversations_change_hands(database: Path) -> None:
    company = small()
    lead, joe = company.meet("Lead", role="lead"), next(iter(company.contacts.values()))
    company.open(lead, company.now - DAY, "Hello?")
    with desk(company) as server:
        run(database, intercom(server))
        company.merge(lead, joe, company.now)
        company.now += SHOWN
        run(database, intercom(server))
    assert set(rows(database, "SELECT id FROM customers")) == {lead.id, joe.id}
    assert rows(database, "SELECT requester_id FROM tickets") == [joe.id]


def test_who_wrote_is_known_without_the_list_of_contacts(database: Path) -> None:
    with desk() as server:
        report = run(database, intercom(server, skip=["contacts"]))
        names = {server.company.contacts[c.contact].name for c in server.company.conversations.values()}
    assert outcomes(report)["contacts"] == "skipped"
    assert set(rows(database, "SELECT name FROM customers")) == names


# --- limits, refusals, deletions -----------------------------------------------------------------------


def test_more_than_500_parts_are_told_and_what_was_read_before_stays(database: Path) -> None:
    company = small()
    one = company.open(next(iter(company.contacts.values())), company.now - DAY, "Number 0")
    for number in range(1, 500):
        company.ask(one, company.now - DAY + number, f"Number {number}")
    with desk(company) as server:
        run(database, intercom(server))
        assert rows(database, "SELECT count(*) FROM raw_records") == [0]
        for number in range(500, 520):
            company.ask(one, company.now - DAY + number, f"Number {number}")
        company.tag(one, "long", company.now)
        company.now += SHOWN
        report = run(database, intercom(server))
    assert "more than 500 parts, of which Intercom shows the last ones only: 1 (" in notes(report)
    assert rows(database, "SELECT kind, json_extract(raw, '$.withheld') FROM raw_records") == [
        ("withheld_parts", 19)
    ]
    assert rows(database, "SELECT count(*) FROM messages") == [520]


def test_a_conversation_that_is_gone_when_it_is_asked_for_was_deleted(database: Path) -> None:
    company = small()
    joe = next(iter(company.contacts.values()))
    one, other = (company.open(joe, company.now - DAY, "Hello?") for _ in range(2))
    with desk(company, Faults(vanish={one.id})) as server:
        run(database, intercom(server))
    assert rows(database, "SELECT id FROM tickets WHERE deleted_at IS NOT NULL") == [one.id]
    assert rows(database, "SELECT ticket_id FROM messages") == [other.id]


def test_the_limit_is_learnt_from_the_headers(database: Path) -> None:
    with desk(faults=Faults(limit=50, throttle=0)) as server:
        report = run(database, intercom(server))
        assert set(outcomes(report).values()) == {"ok"}
        assert all(stream.retries == 0 for stream in report.sources[0].streams)


@pytest.mark.parametrize(("stream", "word"), [("teams", "teams"), ("contacts", "contacts")])
def test_what_the_token_may_not_read_is_skipped(database: Path, stream: str, word: str) -> None:
    with desk(faults=Faults(forbidden={word})) as server:
        found = outcomes(run(database, intercom(server)))
    assert [name for name, outcome in found.items() if outcome == "skipped"] == [stream]
    assert found["conversations"] == "ok"


def test_contacts_are_taken_up_where_a_run_stopped_unless_the_cursor_is_refused() -> None:
    with desk(Company.make(tickets=5, users=9, seed=1)) as server:
        connector = intercom(server, page_size=4)
        connector.attach(Context())
        first, *others = connector.contacts(None)
        rest = list(connector.contacts(first.cursor))
        assert [page.records for page in rest] == [page.records for page in others]
        server.faults.refuse_cursors = True
        with pytest.raises(CursorRefused):
            list(connector.contacts(first.cursor))
        connector.close()


def test_verify_can_ask_how_many_there_are_and_for_each() -> None:
    with desk(Company.make(tickets=20, seed=4)) as server:
        connector = intercom(server, page_size=6)
        inventory = connector.inventory("conversations")
        assert inventory is not None
        assert inventory.count
        assert inventory.ids
        assert inventory.fetch
        keys = set(inventory.ids())
        assert (inventory.count().total, keys) == (24, set(server.company.conversations))
        pages = list(inventory.fetch(sorted(keys)[:2]))
        kinds = Counter(record.table for page in pages for record in page.records)
        connector.close()
    assert kinds["tickets"] == 2


@pytest.mark.parametrize("key", [None, "1/../../me", True, {"raw": "7"}])
def test_a_row_without_a_usable_id_is_set_aside_and_asked_for_nowhere(
    database: Path, key: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    company = Company.make(tickets=3, seed=1)
    one = next(iter(company.conversations.values()))
    with desk(company) as server:
        monkeypatch.setattr(one, "id", key)
        report = run(database, intercom(server))
        asked = [
            path for _, path, _ in server.log if path.startswith("/conversations/") and "search" not in path
        ]
    assert outcomes(report)["conversations"] == "ok"
    assert len(asked) == 2
    assert "no id of a conversation" in rows(database, "SELECT reason FROM quarantine")[0]


def test_one_part_that_cant_be_read_costs_only_itself(database: Path) -> None:
    company = small()
    one = company.open(next(iter(company.contacts.values())), company.now - DAY, "Hello?")
    company.ask(one, company.now - DAY + 5, "Anybody?")
    company.ask(one, company.now - DAY + 9, "Please?").kind = "comment"
    one.parts[0].at = "yesterday"  # type: ignore[assignment]
    with desk(company) as server:
        run(database, intercom(server))
    assert set(rows(database, "SELECT body FROM messages")) == {"Hello?", "Please?"}
    assert len(rows(database, "SELECT reason FROM quarantine")) == 1


def test_a_contact_of_a_changed_shape_is_set_aside_and_known_by_what_they_wrote(database: Path) -> None:
    company = small()
    joe = next(iter(company.contacts.values()))
    company.open(joe, company.now - DAY, "Hello?")
    joe.phone = {"raw": "+353 1 555 0100"}  # type: ignore[assignment]
    with desk(company) as server:
        run(database, intercom(server))
    assert rows(database, "SELECT name, email, country FROM customers") == [("Joe", joe.email, None)]
    assert "phone" in rows(database, "SELECT reason FROM quarantine")[0]
