"""The traps of eDesk's API: days of an unknown zone, pages that move, ids that meet, limits, tokens."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest

from deskmetry.connector import Cursor
from deskmetry.errors import AuthenticationFailed, CursorRefused, PermissionMissing
from deskmetry_connectors.edesk.emulator import Company, Emulator, Faults, Item
from deskmetry_connectors.edesk.progress import Progress
from deskmetry_connectors.edesk.reading import listing
from deskmetry_connectors.edesk.rounds import Round
from deskmetry_connectors.edesk.windows import Window, Windows
from helpers_edesk import DAY, HOUR, attached, edesk, empty, fetched, run
from helpers_synced import rows


@pytest.mark.parametrize("zone", [-12, 0, 2, 14])
def test_no_ticket_is_lost_whatever_zone_the_account_counts_days_in(tmp_path: Path, zone: int) -> None:
    company, database = empty(zone=zone), tmp_path / "desk.db"
    with Emulator(company) as server:
        for _ in range(6):
            # Closed ones, since unsolved tickets would be found by their status as well.
            company.change(company.open(9001, company.now - 30, "One"), status="Closed")
            company.now += 7 * HOUR
            run(database, edesk(server))
    assert rows(database, "SELECT count(*) FROM tickets") == [6]


def test_without_overlap_only_the_utc_day_is_asked_for(tmp_path: Path) -> None:
    company, database, name = empty(zone=0), tmp_path / "desk.db", "filter_last_updated_at_gte"
    with Emulator(company) as server:
        run(database, edesk(server))
        begin = len(server.log)
        for overlap in (1, 0):
            run(database, edesk(server, zone_overlap=overlap))
        asked = [query[name] for path, query in server.log[begin:] if path == "/v1/tickets" and name in query]
    assert asked == ["2026-02-09", "2026-02-10"]


def test_a_ticket_without_messages_is_found_by_its_creation(tmp_path: Path) -> None:
    company, database = empty(), tmp_path / "desk.db"
    company.open(9001, company.now - 30 * DAY, None, subject="Imported", status="Closed")
    with Emulator(company) as server:
        run(database, edesk(server))
        company.open(9001, company.now - HOUR, None, subject="Imported too", status="Closed")
        run(database, edesk(server))
    assert rows(database, "SELECT subject, updated_at FROM tickets ORDER BY id") == [
        ("Imported", None), ("Imported too", None),
    ]  # fmt: skip


@pytest.mark.parametrize("epochs", [False, True])
def test_the_form_of_the_filter_by_creation_is_learnt(tmp_path: Path, epochs: bool) -> None:
    company, database = empty(), tmp_path / "desk.db"
    company.open(9001, company.now - 30 * DAY, None, subject="Imported", status="Closed")
    with Emulator(company, Faults(epochs=epochs)) as server:
        run(database, edesk(server))
        begin = len(server.log)
        report = run(database, edesk(server))
        refused = [q for _, q in server.log[begin:] if "-" in q.get("filter_created_at_gte", "")]
    assert report.sources[0].outcome == "ok"
    assert rows(database, "SELECT count(*) FROM tickets") == [1]
    assert bool(refused) is not epochs  # once it is learnt, the other form isn't tried again


def test_days_are_read_again_until_two_passes_agree() -> None:
    company = empty()
    for number in range(25):
        company.open(9001, company.now - 40 * DAY + number, "One")
    before = {str(key) for key in company.tickets}
    days = Window(date(2025, 12, 25), date(2026, 1, 5)).filters("last_updated_at")
    with Emulator(company, Faults(moving=6)) as server:
        connector = edesk(server, page_size=10)
        attached(connector)
        found = Round(connector, Progress(), None)._listed(days, is_open=False)
        connector.close()
        passes = sum(query["page"] == "1" for _, query in server.log)
    # Six left these days while pages were numbered, so six others moved out of sight in the first pass.
    assert (set(found), passes) == (before, 3)


def test_a_list_goes_on_by_page_and_items_per_page() -> None:
    company = Company.make(tickets=25, seed=1)
    with Emulator(company) as server:
        connector = edesk(server)
        attached(connector)
        batches = list(listing(connector.http, "tickets", None, 10))
        connector.close()
        assert [query for _, query in server.log] == [
            {"page": str(number), "itemsPerPage": "10"} for number in (1, 2, 3)
        ]
    assert sum(len(batch.rows) for batch in batches) == 26


def test_a_list_without_a_paginator_is_whole() -> None:
    with Emulator(empty(), Faults(bare=True)) as server:
        connector = edesk(server)
        attached(connector)
        assert [len(batch.rows) for batch in listing(connector.http, "users", None, 100)] == [2]
        connector.close()


def test_a_flood_of_applied_tags_is_not_read(tmp_path: Path) -> None:
    company, database = empty(), tmp_path / "desk.db"
    company.change(company.open(9001, company.now - DAY, "One"), tags=[11])
    with Emulator(company, Faults(flood=83_500)) as server:
        report = run(database, edesk(server))
        assert server.counts["tags"] == 1
    ended = {stream.stream: stream for stream in report.sources[0].streams}
    assert ended["tags"].outcome == "skipped"
    assert "83502 tags" in ended["tags"].reason
    assert rows(database, "SELECT tags FROM tickets") == ['["11"]']


def test_items_with_one_id_in_two_tickets_cost_only_one_of_them(tmp_path: Path) -> None:
    company, database = empty(), tmp_path / "desk.db"
    one, other = (company.open(9001, company.now - DAY, words) for words in ("One", "Two"))
    other.items.append(Item(one.items[0].id, other.id, "Note", company.now - HOUR, "Other", "Mine", 52))
    with Emulator(company) as server:
        report = run(database, edesk(server))
    assert report.sources[0].outcome == "ok"
    assert rows(database, "SELECT body FROM messages ORDER BY body") == ["One", "Two"]
    (reason,) = rows(database, "SELECT reason FROM quarantine")
    assert "came as one of ticket 101" in reason


def test_an_item_that_is_gone_costs_nothing_else(tmp_path: Path) -> None:
    company, database = empty(), tmp_path / "desk.db"
    ticket = company.open(9001, company.now - DAY, "One")
    company.reply(ticket, 52, company.now - HOUR, "Two")
    with Emulator(company) as server:
        connector = edesk(server)
        answer = server._api._item
        gone = ticket.items[0].id
        server._api._item = lambda number: None if number == gone else answer(number)  # type: ignore[method-assign]
        report = run(database, connector)
    assert report.sources[0].outcome == "ok"
    assert rows(database, "SELECT body FROM messages") == ["Two"]


def test_requests_keep_to_the_bucket_of_sixty_and_two_a_second() -> None:
    company = empty()
    for number in range(130):
        company.open(9001, company.now - 40 * DAY + number, "One")
    with Emulator(company) as server:
        connector = edesk(server)
        context = attached(connector)
        list(connector.tickets(None))
        connector.close()
        sent = len(server.log)
    assert 120 < sent <= 180
    assert 55 < context.skipped <= 60  # sixty at once, and then sixty every thirty seconds


@pytest.mark.parametrize("retry_after", [None, "7"])
def test_a_429_is_waited_out_with_and_without_retry_after(tmp_path: Path, retry_after: str | None) -> None:
    company, database = empty(), tmp_path / "desk.db"
    company.open(9001, company.now - DAY, "One")
    with Emulator(company, Faults(throttle=2, retry_after=retry_after)) as server:
        report = run(database, edesk(server))
    assert report.sources[0].outcome == "ok"
    assert rows(database, "SELECT count(*) FROM messages") == [1]


def test_an_ended_token_says_that_tokens_end_after_90_days() -> None:
    with Emulator(empty(), Faults(expired=True)) as server:
        connector = edesk(server)
        attached(connector)
        with pytest.raises(AuthenticationFailed, match="90 days") as caught:
            connector.check()
        assert "Out of" not in str(caught.value)
        with pytest.raises(AuthenticationFailed, match="api-token"):
            list(connector.read("users", None))
        connector.close()


def test_a_token_copied_with_its_bearer_is_taken() -> None:
    with Emulator(empty()) as server:
        connector = edesk(server, token="Bearer emulated-token")
        attached(connector)
        assert connector.check().endswith("as Ada Admin: 0 tickets")
        connector.close()


def test_forbidden_orders_are_skipped_and_forbidden_tickets_stop(tmp_path: Path) -> None:
    with Emulator(empty(), Faults(forbidden={"sales-orders"})) as server:
        report = run(tmp_path / "desk.db", edesk(server))
    outcomes = {stream.stream: stream.outcome.value for stream in report.sources[0].streams}
    assert (outcomes["orders"], outcomes["tickets"]) == ("skipped", "ok")
    with Emulator(empty(), Faults(forbidden={"tickets"})) as server:
        report = run(tmp_path / "other.db", edesk(server))
    assert isinstance(report.sources[0].error, PermissionMissing)


def test_contacts_are_asked_for_once_for_new_tickets_and_can_be_left_out(tmp_path: Path) -> None:
    company = empty()
    for number in range(3):
        company.open(9001, company.now - DAY + number, "One")
    with Emulator(company) as server:
        run(tmp_path / "with.db", edesk(server))
        run(tmp_path / "with.db", edesk(server))
        assert server.counts["contacts"] == 1
    with Emulator(company) as server:
        run(tmp_path / "without.db", edesk(server, skip=["contacts", "orders", "tags"]))
        assert server.counts["contacts"] == server.counts["sales-orders"] == server.counts["tags"] == 0


def test_a_broken_ticket_costs_no_requests_for_its_items(tmp_path: Path) -> None:
    company, database = empty(), tmp_path / "desk.db"
    company.open(9001, company.now - DAY, "One", status="Parked")
    company.tickets[101].status = "Parked"
    with Emulator(company) as server:
        run(database, edesk(server))
        assert fetched(server) == []
    assert rows(database, "SELECT stream, count(*) FROM quarantine") == [("tickets", 1)]


def test_a_second_account_needs_a_name_of_its_own(tmp_path: Path) -> None:
    with Emulator(empty()) as server:
        assert edesk(server).account() != edesk(server, company="eu").account()


def test_an_unreadable_token_falls_back_to_the_watermark() -> None:
    with Emulator(empty()) as server:
        connector = edesk(server)
        attached(connector)
        with pytest.raises(CursorRefused):
            list(connector.tickets(Cursor({"day": 5})))
        with pytest.raises(CursorRefused):
            list(connector.orders(Cursor(7)))
        connector.close()


# --- parts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "now", "new"),
    [
        ("abc", "abcd", "d"),
        ("abc", "dabc", "d"),
        ("abc", "abc", ""),
        ("a", "ab", "b"),
        ("a", "ba", "b"),
        ("", "ab", "ab"),
        ("abc", "abxcd", "abxcd"),
        ("abc", "ab", "ab"),
    ],
)
def test_new_items_stand_at_one_end_of_the_list_else_all_are_read(before: str, now: str, new: str) -> None:
    progress = Progress()
    assert progress.new_items("1", list(now)) is None
    progress.remember("1", list(before), date(2026, 2, 1))
    assert progress.new_items("1", list(now)) == list(new)


def test_progress_forgets_old_tickets_beyond_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deskmetry_connectors.edesk.progress.REMEMBERED", 2)
    progress = Progress()
    for number in range(1, 9):
        progress.remember(str(number), ["a"], date(2026, 2, number))
    progress.forget(date(2026, 2, 7))
    assert set(progress.fetched) == {"5", "6", "7", "8"}
    assert Progress.load(progress.dump()) == progress


def test_windows_follow_each_other_without_gap_and_end_open() -> None:
    windows = list(Windows(date(2025, 1, 1), date(2026, 2, 10), 1))
    for one, following in pairwise(windows):
        assert one.end is not None
        assert (following.begin - one.end).days == 1
    assert windows[-1].end is None
    assert windows[-2].end is not None
    assert windows[-2].end <= date(2026, 2, 8)
    assert Window(date(2026, 2, 1), None).filters("created_at")["filter_created_at_lte"] is None


def test_windows_are_shorter_where_more_happens() -> None:
    windows = Windows(date(2025, 1, 1), date(2026, 2, 10), 1, rows=5_000)
    spans = [(one.end - one.begin).days + 1 for one in windows if one.end is not None]
    assert spans[:4] == [7, 3, 1, 1]
