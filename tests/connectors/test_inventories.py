"""What the connectors that ship can say about their sources, for `verify`, and what they can map again."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from deskmetry.connector import Connector, Context
from deskmetry.store import open_reader
from deskmetry.sync import Options, sync
from deskmetry.sync.replay import Fate, replay
from deskmetry.sync.verified import Extent, Finding, Verdict, Verified
from deskmetry.sync.verify import verify
from deskmetry_connectors.mailbox import Mailbox
from deskmetry_connectors.zendesk.emulator import Company
from deskmetry_connectors.zendesk.emulator.company import DAY
from helpers_imap import imap, pymap
from helpers_mail import numbered, write_mbox
from helpers_zendesk import desk, zendesk


def compared(database: Path, connector: Connector, **extent: Any) -> Verified:
    with closing(open_reader(database)) as connection:
        report = verify(connection, "s", connector, Extent(**extent))
    assert report.error is None, report.error
    return report


def finding(report: Verified, stream: str, what: str, kind: str = "") -> Finding:
    (one,) = [
        one for one in report.findings
        if (one.stream, one.compared) == (stream, what) and kind in ("", one.kind)
    ]  # fmt: skip
    return one


def spoil(database: Path, sql: str) -> None:
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute(sql).rowcount > 0
        connection.commit()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "deskmetry.db"


# --- zendesk -------------------------------------------------------------------------------------------


def test_zendesk_counts_and_samples_agree_after_a_sync(database: Path) -> None:
    with desk() as server:
        sync(database, {"s": zendesk(server)}, Options())
        report = compared(database, zendesk(server))
    assert not report.differs
    assert finding(report, "tickets", "count").here == finding(report, "tickets", "count").there
    sampled = finding(report, "tickets", "sampled contents")
    assert (sampled.here, sampled.there) == (20, 20)
    assert "archived" not in sampled.said
    assert report.tombstones


def test_zendesk_missing_and_spoilt_tickets_are_found(database: Path) -> None:
    with desk() as server:
        sync(database, {"s": zendesk(server)}, Options())
        spoil(
            database,
            "DELETE FROM tickets WHERE id IN (SELECT id FROM tickets WHERE deleted_at IS NULL LIMIT 3)",
        )
        spoil(database, "UPDATE tickets SET subject = 'spoilt'")
        report = compared(database, zendesk(server), sample=200)
    assert finding(report, "tickets", "count").said == "3 fewer here"
    assert finding(report, "tickets", "count").verdict is Verdict.DIFFERS
    contents = finding(report, "tickets", "sampled contents")
    assert contents.verdict is Verdict.DIFFERS
    assert f"{contents.here} differ" in contents.said


def test_zendesk_archived_tickets_are_more_here_and_no_fault(database: Path) -> None:
    company = Company.make(tickets=20, users=12, seed=3)
    for ticket in company.tickets.values():
        if ticket.status != "deleted":
            ticket.status = "closed"
    company.now += 400 * DAY
    with desk(company) as server:
        sync(database, {"s": zendesk(server)}, Options())
        report = compared(database, zendesk(server))
    count = finding(report, "tickets", "count")
    assert (count.verdict, count.there) == (Verdict.UNKNOWN, 0)
    assert "archived" in count.said


def test_zendesk_counts_nothing_where_a_start_leaves_tickets_out(database: Path) -> None:
    with desk() as server:
        sync(database, {"s": zendesk(server, start="2026-01-01")}, Options())
        report = compared(database, zendesk(server, start="2026-01-01"))
    assert not [one for one in report.findings if one.stream == "tickets" and one.compared == "count"]
    assert "before `start`" in finding(report, "tickets", "the rest").said
    assert not report.differs


def test_zendesk_agrees_with_a_full_read(database: Path) -> None:
    with desk() as server:
        sync(database, {"s": zendesk(server)}, Options())
        report = compared(database, zendesk(server), full_read=True)
        assert not report.differs
        spoil(database, "DELETE FROM messages WHERE id = (SELECT min(id) FROM messages)")
        report = compared(database, zendesk(server), full_read=True)
    assert finding(report, "ticket_events", "all contents", "messages").verdict is Verdict.DIFFERS


def test_zendesk_maps_a_ticket_again_that_was_set_aside(database: Path) -> None:
    company = Company.make(tickets=10, users=12, seed=3)
    odd = next(one for one in company.tickets.values() if one.status == "open")
    odd.status = "parked"
    with desk(company) as server:
        sync(database, {"s": zendesk(server)}, Options())
        with closing(sqlite3.connect(database)) as connection:
            ((stream, mapper, raw),) = connection.execute("SELECT stream, mapper, raw FROM quarantine")
            assert (stream, mapper) == ("tickets", "tickets.TicketMapping.ticket")
            mended = json.dumps(json.loads(raw) | {"status": "open"})
            connection.execute("UPDATE quarantine SET raw = ?", (mended,))
            connection.commit()
        (one,) = replay(database, {"s": zendesk(server)})
    assert one.fate is Fate.STORED
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT status FROM tickets WHERE id = ?", (str(odd.id),)).fetchone() == (
            "open",
        )


@pytest.mark.parametrize(
    ("stream", "name"),
    [("users", "people.PeopleMapping.user"), ("groups", "people.team"), ("brands", "people.brand"),
     ("organizations", "people.organization"), ("holidays", "promises.holiday"),
     ("satisfaction_ratings", "surveys.RatingMapping.rating"), ("sla_policies", "promises.sla_policy"),
     ("survey_responses", "csat.CsatMapping.response"), ("sla_events", "sla.metric_event"),
     ("custom_statuses", "lookups.RawMapping.row"), ("ticket_forms", "lookups.RawMapping.row"),
     ("satisfaction_reasons", "lookups.RawMapping.row")],
)  # fmt: skip
def test_zendesk_knows_its_mappers_by_name(stream: str, name: str) -> None:
    with desk() as server:
        connector = zendesk(server)
        connector.attach(Context())
        assert connector.mapper(stream, name) is not None
        assert connector.mapper(stream, "people.nonsense") is None
        assert connector.mapper("ticket_events", "events.EventMapping.audit") is None
        connector.close()


# --- mailbox -------------------------------------------------------------------------------------------


def mailbox(folder: Path) -> Mailbox:
    return Mailbox.model_validate({"path": folder / "in.mbox", "addresses": ["support@acme.example"]})


def test_a_mailbox_is_compared_mail_by_mail(tmp_path: Path, database: Path) -> None:
    write_mbox(tmp_path / "in.mbox", numbered(6))
    sync(database, {"s": mailbox(tmp_path)}, Options())
    assert not compared(database, mailbox(tmp_path)).differs
    spoil(database, "DELETE FROM messages WHERE id = (SELECT min(id) FROM messages)")
    one = finding(compared(database, mailbox(tmp_path)), "mails", "all contents", "messages")
    assert (one.verdict, one.here, one.there) == (Verdict.DIFFERS, 5, 6)


def test_a_mail_that_is_not_there_any_more_is_no_deleted_ticket(tmp_path: Path, database: Path) -> None:
    write_mbox(tmp_path / "in.mbox", numbered(6))
    sync(database, {"s": mailbox(tmp_path)}, Options())
    write_mbox(tmp_path / "in.mbox", numbered(4))
    report = compared(database, mailbox(tmp_path))
    assert report.gone == []
    assert not report.differs
    assert any("written all the same" in one.said for one in report.findings)


# --- imap ----------------------------------------------------------------------------------------------


def test_imap_counts_each_folder(tmp_path: Path, database: Path) -> None:
    with pymap(tmp_path) as server:
        server.put("INBOX", *numbered(5))
        sync(database, {"s": imap(server)}, Options())
        whole = compared(database, imap(server))
        spoil(database, "DELETE FROM message_headers WHERE id = (SELECT min(id) FROM message_headers)")
        short = compared(database, imap(server))
        server.close()
    one = finding(whole, "mails", "count in INBOX")
    assert (one.here, one.there, one.verdict) == (5, 5, Verdict.AGREES)
    one = finding(short, "mails", "count in INBOX")
    assert (one.here, one.there, one.verdict) == (4, 5, Verdict.UNKNOWN)
    assert "copies of one mail" in one.said
    assert "--full-read" in finding(short, "mails", "the rest").said
