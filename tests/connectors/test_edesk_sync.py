"""A whole eDesk account through the real engine, run after run, with rows worked out by hand."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from deskmetry_connectors.edesk.emulator import Company, Emulator, Faults
from helpers_edesk import DAY, HOUR, attached, edesk, empty, fetched, run
from helpers_synced import requests, rows


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def test_every_row_is_as_worked_out_by_hand(tmp_path: Path) -> None:
    company, database = empty(), tmp_path / "desk.db"
    asked = at("2026-02-01 08:00")
    ticket = company.open(9001, asked, "Where is my order?")
    company.auto(ticket, asked + 5)
    company.note(ticket, 52, asked + 60, "Ask the warehouse.")
    company.reply(ticket, 52, asked + 600, "<p>On its way.</p>")
    company.item(ticket, "Rating", asked + 900, "Incoming", "4/5", contact=9001)
    company.item(ticket, "Status", asked + 950, "Other", "…", user=52)
    company.change(ticket, status="Closed", owner=52, tags=[12])
    order = company.buy(9001, asked - DAY, 19.9)
    order.status = "Delivered"
    with Emulator(company) as server:
        report = run(database, edesk(server))
    assert report.sources[0].outcome == "ok"
    assert rows(database, "SELECT id, subject, medium, channel, brand_id, assignee_id, requester_id, status,"
                " vendor_status, tags, created_at, updated_at, link FROM tickets") == [
        ("101", "Where is my order?", "ticket", "amazon", "1", "52", "9001", "closed", "Closed", '["size"]',
         asked * 1000, (asked + 950) * 1000, "https://dashboard.edesk.com/mailbox/ticket/101")
    ]  # fmt: skip
    messages = (
        "SELECT author_kind, author_id, public, automatic, sent_at, body FROM messages ORDER BY sent_at"
    )
    assert rows(database, messages) == [
        ("customer", "9001", 1, 0, asked * 1000, "Where is my order?"),
        ("bot", None, 1, 1, (asked + 5) * 1000, "We have got your message."),
        ("agent", "52", 0, 0, (asked + 60) * 1000, "Ask the warehouse."),
        ("agent", "52", 1, 0, (asked + 600) * 1000, "On its way."),
    ]
    assert rows(database, "SELECT kind, count(*) FROM raw_records WHERE kind LIKE 'item:%' GROUP BY 1") == [
        ("item:Rating", 1),
        ("item:Status", 1),
    ]
    answers = "SELECT kind, ticket_id, customer_id, score, scale_min, scale_max FROM survey_answers"
    assert rows(database, answers) == [("csat", "101", "9001", 4.0, 1.0, 5.0)]
    assert rows(database, "SELECT name, email, phone FROM customers") == [
        ("Carla Customer", "carla.customer@example.org", "+49309001")
    ]
    assert rows(database, "SELECT id, name, role, active FROM agents ORDER BY id") == [
        ("51", "Ada Admin", "admin", 1), ("52", "Ben Agent", "agent", 1),
    ]  # fmt: skip
    assert rows(database, "SELECT customer_id, amount_minor, currency, status FROM orders") == [
        ("9001", 1990, "EUR", "paid")
    ]
    assert rows(database, "SELECT name FROM brands ORDER BY id") == ["Amazon DE", "Shop mail"]


def test_an_idle_run_costs_what_is_declared_and_fetches_no_item(tmp_path: Path) -> None:
    company, database = Company.make(tickets=40, seed=5), tmp_path / "desk.db"
    with Emulator(company) as server:
        run(database, edesk(server))
        before = len(fetched(server))
        report = run(database, edesk(server))
        assert len(fetched(server)) == before
    declared = {name: info.idle_requests for name, info in edesk(server).streams().items()}
    assert requests(report) == declared
    written = report.sources[0].written
    assert (written.new, written.changed) == (0, 0)


def test_each_item_is_fetched_once_in_its_life(tmp_path: Path) -> None:
    company, database = Company.make(tickets=30, seed=6), tmp_path / "desk.db"
    with Emulator(company) as server:
        for _ in range(3):
            run(database, edesk(server))
            company.advance(6)
        run(database, edesk(server))
        asked = fetched(server)
    held = [str(item.id) for one in company.tickets.values() for item in one.items]
    # A ticket that came back after the days that are remembered costs its newest known item once more.
    assert set(asked) == set(held)
    assert len(asked) == len(held)


def test_several_runs_agree_with_one_read_of_it_all(tmp_path: Path) -> None:
    company = Company.make(tickets=30, seed=7)
    tables = (
        "tickets",
        "messages",
        "customers",
        "orders",
        "survey_answers",
        "raw_records",
        "agents",
        "brands",
    )
    with Emulator(company) as server:
        for _ in range(4):
            run(tmp_path / "steps.db", edesk(server))
            company.advance(9)
        run(tmp_path / "steps.db", edesk(server))
        run(tmp_path / "fresh.db", edesk(server))
    for table in tables:
        stepped, fresh = (
            rows(tmp_path / name, f"SELECT * FROM {table} ORDER BY id") for name in ("steps.db", "fresh.db")
        )
        assert stepped == fresh


@pytest.mark.parametrize("descending", [False, True])
def test_an_old_ticket_that_comes_back_costs_its_new_items_and_one_known(
    tmp_path: Path, descending: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deskmetry_connectors.edesk.progress.REMEMBERED", 0)
    company, database = empty(), tmp_path / "desk.db"
    ticket = company.open(9001, company.now - 40 * DAY, "One")
    for number in range(5):
        company.reply(ticket, 52, company.now - 40 * DAY + number + 1, "Two")
    with Emulator(company, Faults(descending=descending)) as server:
        run(database, edesk(server))
        company.now += DAY
        new = [company.ask(ticket, company.now - 60, "Again"), company.reply(ticket, 52, company.now, "So")]
        known = len(fetched(server))
        run(database, edesk(server))
        assert fetched(server)[known:] == [str(new[1].id), str(new[0].id), str(new[0].id - 1)]
    assert rows(database, "SELECT count(*) FROM messages") == [8]


def test_a_silent_close_is_observed_between_the_two_syncs(tmp_path: Path) -> None:
    company, database = empty(now=int(time.time())), tmp_path / "desk.db"
    ticket = company.open(9001, company.now - 40 * DAY, "One")
    with Emulator(company) as server:
        run(database, edesk(server))
        seen = rows(database, "SELECT complete_until_at FROM sources")[0]
        company.change(ticket, status="Closed")
        run(database, edesk(server))
    assert rows(database, "SELECT status, vendor_status FROM tickets") == [("closed", "Closed")]
    events = "SELECT old, new, how, not_before_at, at FROM ticket_events WHERE old IS NOT NULL"
    ((old, new, how, not_before, when),) = rows(database, events)
    assert (old, new, how, not_before) == ("open", "closed", "observed", seen)
    assert when >= seen  # and not when the last message came, forty days ago


def test_a_silent_change_of_owner_and_tags_of_an_open_ticket_arrives(tmp_path: Path) -> None:
    company, database = empty(), tmp_path / "desk.db"
    ticket = company.open(9001, company.now - 40 * DAY, "One")
    with Emulator(company) as server:
        run(database, edesk(server))
        company.change(ticket, owner=51, tags=[11])
        run(database, edesk(server))
    assert rows(database, "SELECT assignee_id, tags FROM tickets") == [("51", '["refund"]')]


def test_a_silent_change_of_a_closed_ticket_arrives_within_a_day(tmp_path: Path) -> None:
    company, database = empty(), tmp_path / "desk.db"
    recent = company.open(9001, company.now - 10 * DAY, "One", status="Open")
    old = company.open(9001, company.now - 40 * DAY, "Two")
    for ticket in (recent, old):
        company.change(ticket, status="Closed")
    tags = "SELECT tags FROM tickets ORDER BY id"
    with Emulator(company) as server:
        run(database, edesk(server))
        for ticket in (recent, old):
            company.change(ticket, tags=[11])
        run(database, edesk(server))
        assert rows(database, tags) == ["[]", "[]"]  # the same day
        company.now += DAY
        run(database, edesk(server))
        assert rows(database, tags) == ['["refund"]', "[]"]  # beyond `rescan_days`
        assert requests(run(database, edesk(server)))["tickets"] == 5  # once a day is enough
        run(database, edesk(server), full=True)
        assert rows(database, tags) == ['["refund"]', '["refund"]']


def test_a_silent_reopening_of_an_old_ticket_arrives(tmp_path: Path) -> None:
    company, database = empty(), tmp_path / "desk.db"
    ticket = company.open(9001, company.now - 90 * DAY, "One")
    company.change(ticket, status="Closed")
    with Emulator(company) as server:
        run(database, edesk(server))
        company.change(ticket, status="Open")
        run(database, edesk(server))
    assert rows(database, "SELECT status FROM tickets") == ["open"]


def test_an_unsolved_ticket_that_was_taken_over_with_old_dates_arrives_whole(tmp_path: Path) -> None:
    company, database = empty(), tmp_path / "desk.db"
    company.open(9001, company.now - DAY, "One")
    with Emulator(company) as server:
        run(database, edesk(server))
        old = company.open(9001, company.now - 200 * DAY, "From elsewhere")
        company.reply(old, 52, company.now - 199 * DAY, "Then")
        company.note(old, 52, company.now - 198 * DAY, "And then")
        run(database, edesk(server))
        run(database, edesk(server))
        assert len(fetched(server)) == 4
    assert rows(database, "SELECT count(*) FROM messages WHERE ticket_id = '102'") == [3]


def test_the_account_is_counted_and_sampled_for_verify() -> None:
    with Emulator(Company.make(tickets=12, seed=2)) as server:
        connector = edesk(server)
        attached(connector)
        inventory = connector.inventory("tickets")
        assert inventory is not None
        assert inventory.count is not None
        assert inventory.fetch is not None
        assert inventory.count().total == 13
        (page,) = inventory.fetch(["101", "9999"])
        assert [record.id for record in page.records] == ["101"]
        counted = edesk(server, start="2026-01-01").inventory("tickets")
        assert counted is None or counted.count is None
        connector.close()


def test_what_the_lists_show_hours_late_arrives(tmp_path: Path) -> None:
    company, database = empty(zone=-11), tmp_path / "desk.db"
    company.open(9001, company.now - DAY, "One")
    with Emulator(company) as server:
        run(database, edesk(server))
        company.open(9001, company.now - 6 * HOUR, "Two")
        run(database, edesk(server))
    assert rows(database, "SELECT subject FROM tickets ORDER BY id") == ["One", "Two"]


def test_start_leaves_out_what_rested_since_and_takes_a_ticket_that_moved_whole(tmp_path: Path) -> None:
    company, database = empty(), tmp_path / "desk.db"
    old = company.open(9001, at("2025-06-01"), "Old")
    moved = company.open(9001, at("2025-06-02"), "Moved")
    company.reply(moved, 52, at("2026-02-02"), "Now")
    with Emulator(company) as server:
        run(database, edesk(server, start="2026-01-01"))
        assert rows(database, "SELECT subject FROM tickets") == ["Moved"]
        assert rows(database, "SELECT count(*) FROM messages") == [2]
        company.reply(old, 52, company.now, "Now")
        run(database, edesk(server, start="2026-01-01"))
    assert rows(database, "SELECT body FROM messages WHERE ticket_id = '101' ORDER BY sent_at") == [
        "Old",
        "Now",
    ]


def test_the_token_stays_small_and_keeps_no_ids_but_ends(tmp_path: Path) -> None:
    company, database = empty(), tmp_path / "desk.db"
    ticket = company.open(9001, company.now - DAY, "One")
    for number in range(50):
        company.reply(ticket, 52, company.now - DAY + number, "Two")
    with Emulator(company) as server:
        run(database, edesk(server))
    (text,) = rows(database, "SELECT token FROM sync_state WHERE stream = 'tickets'")
    token = json.loads(text)
    assert list(token["fetched"]) == ["101"]
    assert len(text) < 300
