"""The connector against another Zendesk than the emulator: the database as worked out by hand."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from deskmetry.connector import Context
from deskmetry.query import Query, answer
from deskmetry.store import open_reader
from deskmetry.sync import Options, SyncReport, sync
from deskmetry_connectors.zendesk import Zendesk
from deskmetry_metrics.effort import OneTouchRate
from deskmetry_metrics.satisfaction import Csat, CsatResponseRate
from deskmetry_metrics.speed import FirstResolutionTime, FirstResponseTime
from deskmetry_metrics.volume import InboundMessages, OutboundMessages, TicketsSolved, TicketVolume
from helpers_zendesk_other import ADA, BOB, CLEO, DAN, FIVE, FOUR, ONE, T0, THREE, TWO, Script, account, other

Waits = list[tuple[int, str]]


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Waits:
    """Let waits end at once, and note how long and why they were."""
    found: Waits = []

    def wait(_self: Context, seconds: float, reason: str) -> bool:
        found.append((round(seconds), reason))
        return True

    monkeypatch.setattr(Context, "wait", wait)
    return found


def run(database: Path, script: Script) -> SyncReport:
    with other(script) as url:
        return sync(database, {"zd": Zendesk(url=url, token="t0ken-of-acme")}, Options())


def again(database: Path, script: Script) -> SyncReport:
    """Sync once more from the same account, which stands at another port now."""
    with other(script) as url:
        with closing(sqlite3.connect(database)) as connection, connection:
            connection.execute("UPDATE sources SET account = ?, address = ?", (url, url))
        return sync(database, {"zd": Zendesk(url=url, token="t0ken-of-acme")}, Options())


def rows(database: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute(sql).fetchall()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "desk.db"


def test_tickets_are_as_the_account_says(database: Path, waits: Waits) -> None:
    script = account()
    report = run(database, script)
    assert report.exit_code == 0, report.sources[0].error
    assert script.strange == []
    sql = "SELECT id, status, medium, channel, priority, deleted_at, subject FROM tickets"
    sql += " ORDER BY length(id), id"
    day = 86_400
    assert rows(database, sql) == [
        (str(TWO), "pending", "chat", "native_messaging", None, None, f"Ticket {TWO}"),
        (str(THREE), "open", "ticket", "email", None, (T0 + 9000) * 1000, "Gone"),
        (str(FOUR), "open", "ticket", "email", None, (T0 - 30 * day) * 1000, None),
        (str(FIVE), "on_hold", "phone", "voice", "high", None, f"Ticket {FIVE}"),
        (str(ONE), "solved", "ticket", "email", None, None, f"Ticket {ONE}"),
    ]
    assert rows(database, f"SELECT tags, vendor_metrics FROM tickets WHERE id = '{ONE}'") == [
        ('["late","shop"]', '{"reopens":0,"replies":1}')
    ]
    assert rows(database, "SELECT id, requester_id FROM tickets WHERE requester_id <> '31' ORDER BY id") == [
        (str(TWO), str(DAN)),
        (str(FIVE), str(DAN)),
    ]
    assert rows(database, "SELECT count(*) FROM quarantine") == [(0,)]


def test_messages_have_their_authors_and_the_redacted_one_no_text(database: Path, waits: Waits) -> None:
    run(database, account())
    sql = "SELECT m.id, f.kind, m.public, m.channel, m.body FROM messages AS m"
    sql += " LEFT JOIN message_facts AS f ON f.message_id = m.id ORDER BY m.id"
    assert rows(database, sql) == [
        ("101", "customer", 1, "email", "Where is my order?"),
        ("111", "automatic", 1, "rule", "We have got your mail."),
        ("121", "reply", 1, "web_form", "It comes tomorrow."),
        ("141", "customer", 1, "native_messaging", None),
        ("151", "note", 0, "email", "Look it up in the drawer."),
        ("161", "customer", 1, "voice", "Call from +49 30 1234"),
    ]
    assert rows(database, "SELECT id FROM messages WHERE redacted") == [("141",)]


def test_the_history_is_complete_to_the_last_second(database: Path, waits: Waits) -> None:
    run(database, account())
    sql = "SELECT ticket_id, (at / 1000) - {t}, old, new FROM ticket_events WHERE kind = '{kind}'"
    sql += " ORDER BY at, id"
    assert rows(database, sql.format(t=T0, kind="status")) == [
        (str(ONE), 0, None, "new"),
        (str(ONE), 3600, "new", "open"),
        (str(ONE), 7200, "open", "solved"),
        (str(TWO), 7200, None, "new"),
        (str(TWO), 7800, "new", "pending"),
        (str(FIVE), 7800, None, "new"),
        (str(FIVE), 7800, "new", "on_hold"),
    ]
    assert rows(database, sql.format(t=T0, kind="priority")) == [
        (str(FIVE), 7800, None, word) for word in ("low", "normal", "high")
    ]
    assert rows(database, sql.format(t=T0, kind="tag")) == [
        (str(ONE), 0, None, "shop"),
        (str(ONE), 3600, None, "late"),
    ]
    assert rows(database, sql.format(t=T0, kind="field")) == [
        (str(ONE), 3600, None, "360041597112=set_up_app")
    ]
    assert rows(database, sql.format(t=T0, kind="deletion")) == [(str(THREE), 9000, "open", "deleted")]
    assert rows(database, sql.format(t=T0, kind="redaction")) == [
        (str(TWO), 9100, None, "141"),
        (str(TWO), 9100, None, "151"),
    ]
    assert rows(database, "SELECT DISTINCT kind FROM raw_records WHERE stream = 'ticket_events'") == [
        ("AiAgentSummaryAdded",)
    ]


def test_people_keep_ids_that_no_float_holds_and_who_left_stays_an_agent(
    database: Path, waits: Waits
) -> None:
    run(database, account())
    assert rows(database, "SELECT id, name FROM customers WHERE deleted_at IS NULL ORDER BY name") == [
        (str(CLEO), "Cleo"),
        (str(DAN), "Dan"),
    ]
    assert (str(ADA), "admin") in rows(database, "SELECT id, role FROM agents")
    assert rows(database, "SELECT DISTINCT kind FROM message_facts WHERE message_id = '121'") == [("reply",)]
    assert rows(database, f"SELECT new FROM ticket_events WHERE kind = 'assignee' AND new = '{BOB}'") == [
        (str(BOB),)
    ]
    assert rows(database, "SELECT id, name, deleted_at IS NULL FROM teams ORDER BY id") == [
        ("71", "Care", 1),
        ("72", "Fax", 0),
    ]
    assert rows(database, "SELECT id FROM organizations ORDER BY id") == [("1",), ("2",)]


def test_hours_and_ratings_are_as_the_account_says(database: Path, waits: Waits) -> None:
    run(database, account())
    assert rows(database, "SELECT timezone FROM schedules") == [("Europe/Berlin",)]
    sql = "SELECT from_minute, until_minute FROM schedule_intervals ORDER BY from_minute"
    # Saturday 22:00 to Sunday 01:00 doesn't cross the end of a week that begins on Monday.
    assert rows(database, sql) == [(540, 1020), (8520, 8700)]
    assert rows(database, "SELECT from_day, until_day FROM holidays") == [("2026-05-01", "2026-05-02")]
    sql = "SELECT ticket_id, survey, label, score, scale_max, (offered_at / 1000) - {t},"
    sql += " (answered_at / 1000) - {t}, comment, reason FROM survey_answers ORDER BY answered_at"
    assert rows(database, sql.format(t=T0)) == [
        (str(ONE), "satisfaction", "good", 1.0, 1.0, 8000, 8600, "Fast", None),
        (str(FIVE), "csat", "bad", 2.0, 5.0, 8000, 9600, None, "Rude"),
    ]
    assert rows(database, "SELECT ticket_id, survey FROM survey_offers ORDER BY survey, ticket_id") == [
        (str(TWO), "csat"),
        (str(FIVE), "csat"),
        (str(TWO), "satisfaction"),
        (str(ONE), "satisfaction"),
    ]


def test_kpis_are_what_they_are_by_hand(database: Path, waits: Waits) -> None:
    run(database, account())
    # Ticket TWO: its only reply was made internal afterwards. THREE was deleted unsolved, FOUR has no words.
    expected = {
        TicketVolume(): 3,
        InboundMessages(): 3,
        OutboundMessages(): 1,
        TicketsSolved(): 1,
        FirstResponseTime(): 3_600_000,
        FirstResolutionTime(): 7_200_000,
        OneTouchRate(): 1.0,
        Csat(): 0.5,
        CsatResponseRate(): 0.5,
    }
    with open_reader(database) as connection:
        found = {
            one: answer(connection, Query(one, since="2026-01", until="2026-02")).total.value
            for one in expected
        }
    assert {one.name: value for one, value in found.items()} == {
        one.name: value for one, value in expected.items()
    }


def test_what_the_account_refuses_is_skipped_in_each_of_its_four_envelopes(
    database: Path, waits: Waits
) -> None:
    report = run(database, account())
    skipped = {one.stream: one.reason for one in report.sources[0].streams if one.outcome == "skipped"}
    assert set(skipped) >= {
        "brands", "ticket_fields", "ticket_forms", "custom_statuses", "sla_policies", "sla_events"
    }  # fmt: skip
    for name, words in {
        "brands": "No brands.",
        "ticket_fields": "You have no access.",
        "custom_statuses": "InvalidEndpoint; Not found",
        "sla_policies": "Couldn't authenticate you",
    }.items():
        assert words in skipped[name]


def test_limits_are_obeyed_and_a_page_too_big_is_halved(database: Path, waits: Waits) -> None:
    script = account()
    run(database, script)
    limits = [seconds for seconds, reason in waits if "rate limit" in reason]
    assert limits == [3, 60]  # an empty bucket, and a 429 that doesn't say for how long
    assert script.asked.count(("incremental/ticket_events", "1136073600")) == 3


def test_a_second_run_reads_the_last_second_again_and_changes_nothing(database: Path, waits: Waits) -> None:
    run(database, account())
    script = account()
    before = {name: rows(database, f"SELECT * FROM {name} ORDER BY id") for name in ("tickets", "messages")}
    report = again(database, script)
    assert report.exit_code == 0, report.sources[0].error
    assert script.strange == []
    assert ("incremental/ticket_events", str(T0 + 9100)) in script.asked
    assert ("incremental/tickets/cursor", "t2=") in script.asked
    assert not [place for _, place in script.asked if place == "1136073600"]
    assert report.sources[0].written.new == 0
    for name, was in before.items():
        assert rows(database, f"SELECT * FROM {name} ORDER BY id") == was
