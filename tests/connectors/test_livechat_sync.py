"""LiveChat from its emulator into a database: what arrives, increments, tiers, slices, idle costs."""

from __future__ import annotations

import random
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from deskmetry_connectors.livechat.emulator import Company, Emulator, Faults
from helpers_livechat import account, livechat, run
from helpers_notes import notes
from helpers_synced import outcomes, requests, rows

HOUR, DAY = 3600, 86_400


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "chat.db"


def windows(server: Emulator) -> list[dict[str, Any]]:
    """Return the filters of every window that was asked for, probes and threads by id left out."""
    bodies = server.asked("list_archives")
    return [one.get("filters", {}) for one in bodies if one.get("limit", 1) > 1]


def days_back(server: Emulator) -> float:
    """Return how many days before the emulator's now the last window began."""
    begin = datetime.fromisoformat(windows(server)[-1]["from"])
    return (server.company.now - begin) / timedelta(days=1)


# --- what arrives --------------------------------------------------------------------------------------


def test_everything_the_account_holds_arrives(database: Path) -> None:
    company = Company.make(tickets=30, seed=2)
    with account(company) as server:
        report = run(database, livechat(server))
    assert set(outcomes(report).values()) == {"ok"}
    assert rows(database, "SELECT count(*) FROM quarantine") == [0]
    # Thirty threads are the fifteen kinds of the story twice; `answered` is two of them.
    assert dict(rows(database, "SELECT end, count(*) FROM sessions GROUP BY end")) == {
        "completed": 24, "missed": 4, "abandoned": 2,
    }  # fmt: skip
    assert dict(rows(database, "SELECT resolved_by, count(*) FROM tickets GROUP BY resolved_by")) == {
        "human": 22, "bot": 2, "nobody": 6,
    }  # fmt: skip
    assert dict(rows(database, "SELECT channel, count(*) FROM tickets GROUP BY channel")) == {
        "chat": 26, "messaging": 2, "offline_message": 2,
    }  # fmt: skip
    assert rows(database, "SELECT DISTINCT medium, status FROM tickets") == [("chat", "closed")]
    found = dict(rows(database, "SELECT kind, count(*) FROM message_facts GROUP BY kind"))
    events = [event for thread in company.threads.values() for event in thread.events]
    own = Counter(
        "automatic" if set(event.get("properties", {})) or event.get("form_type") == "prechat" else
        "note" if event.get("visibility") == "agents" else
        "customer" if "-" in event["author_id"] else
        "reply" if "@" in event["author_id"] else "bot"
        for event in events if event["type"] in ("message", "file", "rich_message", "filled_form")
    )  # fmt: skip
    own["automatic"] = sum(
        bool(event.get("properties") or event.get("form_type") == "prechat") for event in events
    )
    assert found == own
    # Two rated well, two badly; two took theirs back.
    assert dict(rows(database, "SELECT satisfied, count(*) FROM answer_facts GROUP BY satisfied")) == {
        1: 2, 0: 2,
    }  # fmt: skip
    assert rows(database, "SELECT kind, amount_minor, currency FROM goals") == [("sale", 12_345, "USD")] * 2
    assert rows(database, "SELECT count(*) FROM orders") == [0]
    assert sorted(rows(database, "SELECT name FROM teams")) == ["General", "Sport shoes"]
    assert dict(rows(database, "SELECT role, count(*) FROM agents GROUP BY role")) == {
        "admin": 2, "agent": 2, "bot": 2,
    }  # fmt: skip
    assert rows(database, "SELECT id FROM agents WHERE NOT active") == ["dora@shop.example"]
    assert sorted(rows(database, "SELECT id FROM raw_records")) == ["tag:delivery", "tag:size", "tag:spam"]
    assert rows(database, "SELECT count(*), count(email), count(phone) FROM customers") == [(12, 12, 12)]


def test_the_same_customer_in_two_threads_is_two_requests_of_one_person(database: Path) -> None:
    company = Company.make(tickets=0)
    for hour in (30, 20):
        company.happen("missed", company.customers[0], company.now - timedelta(hours=hour), random.Random(1))
    assert len({one.chat for one in company.threads.values()}) == 1
    with account(company) as server:
        run(database, livechat(server))
    assert rows(database, "SELECT count(*), count(DISTINCT requester_id) FROM tickets") == [(2, 1)]
    assert rows(database, "SELECT count(*), count(DISTINCT person) FROM ticket_facts") == [(2, 1)]


# --- windows -------------------------------------------------------------------------------------------


def test_a_first_read_goes_through_the_archive_in_slices_that_join(database: Path) -> None:
    with account(Company.make(tickets=40, days=100)) as server:
        run(database, livechat(server, page_size=4))
    spans = [(one.get("from"), one.get("to")) for one in windows(server) if one]
    assert spans[0][0] is None
    assert spans[-1][1] is None
    assert [end for _, end in spans[:-1]] == [begin for begin, _ in spans[1:]]
    assert len(spans) == 4
    stamps = [text for span in spans for text in span if text]
    assert all(len(text) == len("2026-03-02T12:00:00.000000+00:00") for text in stamps)


def test_a_page_id_goes_alone(database: Path) -> None:
    with account() as server:
        run(database, livechat(server, page_size=4))
    later = [one for one in server.asked("list_archives") if "page_id" in one]
    assert len(later) > 4
    assert {frozenset(one) for one in later} == {frozenset({"page_id"})}


def test_a_stopped_read_starts_its_slice_anew_and_keeps_the_slices_before(database: Path) -> None:
    company = Company.make(tickets=40, days=100)
    with account(company, Faults(allowance=13, retry_after="100000")) as server:
        connector = livechat(server, page_size=4)
        assert run(database, connector).exit_code == 5
        done, server.log[:] = windows(server), []
        held = rows(database, "SELECT count(*) FROM tickets")[0]
        assert 12 < held < 40
        server.faults.allowance = None
        assert run(database, connector).exit_code == 0
        resumed = windows(server)
    assert resumed[0] == done[-1]  # the slice that was stopped in, from its beginning
    assert resumed[0]["from"] == done[-2]["to"]
    assert rows(database, "SELECT count(*) FROM tickets") == [40]


def test_start_bounds_the_first_window(database: Path) -> None:
    company = Company.make(tickets=40, days=100)
    with account(company) as server:
        run(database, livechat(server, start="2026-02-01"))
    assert windows(server)[0]["from"] == "2026-02-01T00:00:00.000000+00:00"
    since = datetime.fromisoformat("2026-02-01T00:00:00+00:00")
    assert rows(database, "SELECT count(*) FROM tickets") == [
        sum(one.began >= since for one in company.threads.values())
    ]


def test_each_sync_reads_two_days_again_daily_seven_weekly_thirty_one(database: Path) -> None:
    company = Company.make(tickets=12)
    with account(company) as server:
        connector = livechat(server)
        run(database, connector)
        back = []
        for hours in (1, 1, 24, 1, 7 * 24, 1):
            company.now += timedelta(hours=hours)
            run(database, connector)
            back.append(round(days_back(server) - hours / 24, 2))
    # Each tier counts from its own last pass, so that a pause between two syncs loses nothing.
    assert back == [2, 2, pytest.approx(7 + 2 / 24, abs=0.01), 2, pytest.approx(31 + 27 / 24, abs=0.01), 2]


@pytest.mark.parametrize(("age", "after"), [(1, HOUR), (5, DAY), (25, 7 * DAY)])
def test_late_tags_ratings_and_sales_arrive_with_the_tier_of_their_age(
    database: Path, age: int, after: int
) -> None:
    company = Company.make(tickets=0)
    thread = company.happen(
        "answered",
        company.customers[0],
        company.now - timedelta(days=age),
        random.Random(1),
    )
    with account(company) as server:
        connector = livechat(server)
        run(database, connector)
        company.now += timedelta(minutes=10)
        thread.tags.append("delivery")
        company.rate(thread, 1, company.now)
        company.sell(thread, company.now)
        company.now += timedelta(seconds=after)
        run(database, connector)
    assert rows(database, "SELECT tags FROM tickets") == ['["size","delivery"]']
    assert rows(database, "SELECT score FROM survey_answers") == [1]
    assert rows(database, "SELECT amount_minor FROM goals") == [12_345]


def test_a_rating_taken_back_after_it_was_read_counts_no_more(database: Path) -> None:
    company = Company.make(tickets=0)
    when = company.now - timedelta(hours=5)
    thread = company.happen("rated", company.customers[0], when, random.Random(1))
    with account(company) as server:
        connector = livechat(server)
        run(database, connector)
        assert rows(database, "SELECT satisfied FROM answer_facts") == [1]
        company.unrate(thread, company.now)
        company.now += timedelta(hours=1)
        run(database, connector)
    assert rows(database, "SELECT satisfied FROM answer_facts") == []


@pytest.mark.parametrize("compares", ["began", "ended"])
def test_whatever_instant_the_filter_goes_by_nothing_is_lost(database: Path, compares: str) -> None:
    company = Company.make(tickets=30, days=80)
    with account(company, Faults(compares=compares)) as server:
        connector = livechat(server, page_size=4)
        run(database, connector)
        company.advance(DAY)
        run(database, connector)
    assert rows(database, "SELECT count(*) FROM tickets") == [33]


def test_a_thread_dated_far_ahead_blinds_no_later_run(database: Path) -> None:
    company = Company.make(tickets=6)
    odd = company.happen("missed", company.customers[0], company.now, random.Random(1))
    odd.began = odd.began.replace(year=2999)
    with account(company) as server:
        connector = livechat(server)
        run(database, connector)
        company.advance(HOUR)
        run(database, connector)
    assert days_back(server) == pytest.approx(2 + 1 / 24, abs=0.01)
    assert rows(database, "SELECT count(*) FROM tickets") == [10]


# --- what it costs -------------------------------------------------------------------------------------


def test_a_sync_with_nothing_new_costs_one_request_a_stream_and_changes_nothing(database: Path) -> None:
    with account() as server:
        connector = livechat(server)
        run(database, connector)
        report = run(database, connector)
    declared = {name: info.idle_requests for name, info in type(connector).streams().items()}
    assert requests(report) == declared
    assert set(declared.values()) == {1}
    written = report.sources[0].written
    assert (written.new, written.changed) == (0, 0)


# --- running chats -------------------------------------------------------------------------------------


def test_running_chats_are_read_once_while_nothing_happens_in_them(database: Path) -> None:
    company = Company.make(tickets=3)
    thread = company.open(company.customers[0], company.now - timedelta(minutes=5))
    company.say(thread, thread.customer["id"], thread.began, "Hello?")
    with account(company) as server:
        connector = livechat(server)
        run(database, connector)
        assert rows(database, "SELECT status, vendor_status FROM tickets WHERE id = ?", thread.id) == [
            ("open", "active")
        ]
        assert rows(database, "SELECT ended_at, end FROM sessions WHERE id = ?", thread.id) == [(None, None)]
        run(database, connector)
        assert server.counts["get_chat"] == 1
        company.now += timedelta(minutes=2)
        company.say(thread, "anna@shop.example", company.now, "Hello!")
        run(database, connector)
        assert server.counts["get_chat"] == 2
    assert rows(database, "SELECT count(*) FROM messages WHERE ticket_id = ?", thread.id) == [2]


def test_a_chat_that_ran_for_weeks_is_found_in_the_archive_when_it_ends(database: Path) -> None:
    company = Company.make(tickets=3)
    thread = company.open(company.customers[0], company.now - timedelta(days=20))
    company.say(thread, thread.customer["id"], thread.began, "Hello?")
    with account(company, Faults(archived_late=60)) as server:
        connector = livechat(server)
        run(database, connector)
        company.now += timedelta(minutes=2)
        company.end(thread, company.now)
        run(database, connector)  # the archive doesn't have it yet
        company.now += timedelta(minutes=2)
        run(database, connector)
        asked = [one for one in server.asked("list_archives") if "thread_ids" in one.get("filters", {})]
        assert asked == [{"filters": {"thread_ids": [thread.id]}}] * 2
        assert rows(database, "SELECT status FROM tickets WHERE id = ?", thread.id) == ["closed"]
        before = server.counts["list_archives"]
        run(database, connector)
        assert server.counts["list_archives"] == before + 1  # found, so not asked for again


def test_running_chats_keep_to_their_budget_and_the_next_sync_goes_on(database: Path) -> None:
    company = Company.make(tickets=3)
    for number in range(5):
        thread = company.open(company.customers[number], company.now - timedelta(minutes=5))
        company.say(thread, thread.customer["id"], thread.began, "Hello?")
    with account(company) as server:
        connector = livechat(server, running=2)
        counts, told = [], []
        for _ in range(3):
            told.append(notes(run(database, connector)))
            counts += rows(database, "SELECT count(*) FROM tickets WHERE status = 'open'")
    assert counts == [2, 4, 5]
    assert "5 running chats changed and 2 were read" in told[0]
    assert told[2] == ""


def test_running_chats_can_be_left_out(database: Path) -> None:
    with account() as server:
        report = run(database, livechat(server, running=0))
    assert outcomes(report)["running_chats"] == "skipped"
    assert server.counts["list_chats"] == 0
