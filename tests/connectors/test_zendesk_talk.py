"""Calls of Zendesk Talk: as records, synced whole, and the KPIs by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deskmetry.connector import Cursor
from deskmetry.errors import BadResponse, CursorRefused, StuckStream
from deskmetry.metric import Metric
from deskmetry.query import Query, answer
from deskmetry.records import Message, Session, Ticket, TicketEvent
from deskmetry.records.kinds import ActorKind, Resolver, SessionEnd
from deskmetry.store import open_reader
from deskmetry_connectors.zendesk import calls
from deskmetry_connectors.zendesk.emulator import Company, Faults, live
from deskmetry_connectors.zendesk.emulator.talk import Call, calls_page
from deskmetry_connectors.zendesk.emulator.told import account
from deskmetry_metrics.speed import FirstResponseTime, ResolutionTime, UnansweredRate
from deskmetry_metrics.volume import TicketsSolved, TicketVolume
from helpers_synced import outcomes, requests, rows
from helpers_zendesk import attached, audit, comment, desk, events, run, zendesk
from helpers_zendesk_live import T0, at, call, kinds, stamp

PATH = "/api/v2/channels/voice/stats/incremental/calls"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "desk.db"


def session(**more: Any) -> Session:
    (found,) = kinds(calls.CallMapping().call(call(**more)), Session)
    return found


def empty(number: int = 0) -> Company:
    """Return an account with so many calls, two of which changed in each second."""
    company = Company(now=T0 + 90_000)
    company.join("Agent 0", "admin")
    for one in range(number):
        company.calls[one] = Call(one, T0 + one, T0 + 100 + one // 2, None, duration=5)
    return company


# --- as records ------------------------------------------------------------------------------------------


def test_a_call_that_was_taken_has_its_queue_its_talk_and_its_wrap_up() -> None:
    found = session()
    assert (found.id, found.ticket_id, found.kind) == ("call:555", "call:555", "call")
    assert (found.asked_at, found.accepted_at, found.ended_at) == (at(0), at(28), at(268))
    assert (found.queue_ms, found.talk_ms, found.wrap_up_ms) == (20_000, 240_000, 35_000)
    assert (found.agent_id, found.end, found.left_at) == ("9", SessionEnd.COMPLETED, None)


def test_a_call_without_a_ticket_is_one_of_its_own() -> None:
    records = list(calls.CallMapping().call(call()))
    (ticket,) = kinds(records, Ticket)
    assert (ticket.id, ticket.medium, ticket.channel, ticket.status) == (
        "call:555",
        "phone",
        "voice",
        "closed",
    )
    assert (ticket.requester_id, ticket.assignee_id, ticket.team_id) == ("1", "9", "11")
    assert (ticket.opened_by, ticket.resolved_by) == (ActorKind.CUSTOMER, Resolver.HUMAN)
    assert (ticket.created_at, ticket.vendor_status) == (at(0), "completed")
    assert ticket.vendor_metrics is not None
    assert ticket.vendor_metrics["direction"] == "inbound"
    assert [(one.at, one.new) for one in kinds(records, TicketEvent)] == [
        (at(0), "open"),
        (at(268), "closed"),
    ]


def test_a_call_that_zendesk_links_is_a_session_of_that_ticket() -> None:
    records = list(calls.CallMapping().call(call(ticket_id=83)))
    assert [type(one) for one in records] == [Session]
    assert session(ticket_id=83).ticket_id == "83"


@pytest.mark.parametrize(
    ("told", "end", "left", "accepted"),
    [
        ({"completion_status": "abandoned_in_queue", "talk_time": 0, "time_to_answer": None, "agent_id": 0,
          "duration": 25}, SessionEnd.ABANDONED, at(25), None),
        ({"completion_status": "abandoned_in_ivr", "talk_time": None, "time_to_answer": None,
          "duration": 12}, SessionEnd.ABANDONED, at(12), None),
        ({"completion_status": "abandoned_in_voicemail", "talk_time": 0, "duration": 30},
         SessionEnd.MISSED, None, None),
        ({"completion_status": "abandoned_on_hold", "hold_time": 60}, SessionEnd.COMPLETED, None, at(28)),
        ({"completion_status": "completed", "voicemail": True, "talk_time": 20},
         SessionEnd.MISSED, None, None),
        ({"completion_status": "completed", "talk_time": 0, "time_to_answer": None, "agent_id": None},
         SessionEnd.MISSED, None, None),
        ({"completion_status": "pending_voicemail", "talk_time": None}, SessionEnd.MISSED, None, None),
        ({"completion_status": "not_answered", "talk_time": 0}, SessionEnd.MISSED, None, None),
        ({"completion_status": "failed", "talk_time": None, "duration": None}, SessionEnd.MISSED, None, None),
        ({"completion_status": "something new"}, SessionEnd.COMPLETED, None, at(28)),
        ({"completion_status": None, "duration": None, "talk_time": None}, None, None, None),
    ],
)  # fmt: skip
def test_a_call_ends_as_what_was_spoken_says(told: Any, end: Any, left: Any, accepted: Any) -> None:
    found = session(**told)
    assert (found.end, found.left_at, found.accepted_at) == (end, left, accepted)


def test_a_call_that_nobody_took_is_closed_by_nobody() -> None:
    row = call(completion_status="abandoned_in_queue", talk_time=0, time_to_answer=None, agent_id=0)
    (ticket,) = kinds(calls.CallMapping().call(row), Ticket)
    assert (ticket.status, ticket.resolved_by, ticket.assignee_id) == ("closed", Resolver.NOBODY, None)


def test_an_outbound_call_waits_for_nobody_and_isnt_missed_by_us() -> None:
    taken = session(direction="outbound", time_to_answer=None, wait_time=0)
    assert (taken.accepted_at, taken.queue_ms, taken.end) == (None, None, SessionEnd.COMPLETED)
    assert (taken.talk_ms, taken.wrap_up_ms) == (240_000, 35_000)
    rang = {"direction": "outbound", "completion_status": "not_answered", "talk_time": 0}
    assert (session(**rang).end, session(**rang).left_at) == (None, None)
    (ticket,) = kinds(calls.CallMapping().call(call(**rang)), Ticket)
    assert (ticket.opened_by, ticket.status) == (ActorKind.AGENT, "closed")


def test_a_span_that_is_no_number_is_refused() -> None:
    with pytest.raises(TypeError, match="talk_time is no number"):
        session(talk_time="240")


def test_the_record_of_a_call_that_was_taken_isnt_a_message_but_a_voicemail_is() -> None:
    told = {"from": "+49", "call_id": 5, "answered_by_id": 42}
    taken = comment(type="VoiceComment", data=told, via={"channel": "voice"}, author_id=10)
    left = comment(id=7, type="VoiceComment", data=told | {"answered_by_id": None}, author_id=10)
    found = kinds(events({42: "agent"}).audit(audit(taken, left)), Message)
    assert [(one.automatic, one.author_kind) for one in found] == [
        (True, ActorKind.CUSTOMER),
        (False, ActorKind.CUSTOMER),
    ]


def test_an_internal_record_of_a_call_makes_no_agent_of_the_caller() -> None:
    mapping = events()
    row = comment(type="VoiceComment", public=False, via={"channel": "voice"}, author_id=10)
    mapping.audit(audit(row))
    assert 10 not in mapping.roles


# --- the export ------------------------------------------------------------------------------------------


def test_all_calls_are_read_and_an_idle_run_costs_one_request(database: Path) -> None:
    company = Company.make(tickets=10, seed=2, users=12, calls=27)
    with desk(company) as server:
        report = run(database, zendesk(server))
        assert report.exit_code == 0, report.sources[0].error
        told = company.calls.values()
        assert rows(database, "SELECT count(*) FROM sessions WHERE kind = 'call'") == [len(told)]
        alone = sorted(f"call:{one.id}" for one in told if one.ticket is None)
        assert rows(database, "SELECT id FROM tickets WHERE id LIKE 'call:%' ORDER BY id") == alone
        again = run(database, zendesk(server))
        assert requests(again)["calls"] == 1
        assert again.sources[0].written.new == again.sources[0].written.changed == 0


def test_an_export_whose_next_link_never_ends_is_read_to_its_end(database: Path) -> None:
    with desk(empty(7)) as server:
        run(database, zendesk(server))
        asked = [query["start_time"] for _, path, query in server.log if path == PATH]
        assert asked == [
            "1136073600",
            str(T0 + 103),
        ]  # the last second again, which tells that it is the last
        server.company.calls[99] = Call(99, T0, T0 + 103, None, duration=5)  # within that second
        server.company.revision += 1
        run(database, zendesk(server))
    assert rows(database, "SELECT count(*) FROM sessions") == [8]


def test_a_single_call_that_comes_twice_is_no_page_that_stands_still(database: Path) -> None:
    with desk(empty(1)) as server:
        report = run(database, zendesk(server))
        assert (report.exit_code, outcomes(report)["calls"]) == (0, "ok")
        assert run(database, zendesk(server)).exit_code == 0
    assert rows(database, "SELECT count(*) FROM sessions") == [1]


def test_a_second_that_fills_a_page_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "MANY", 3)
    company = empty()
    for one in range(3):
        company.calls[one] = Call(one, T0, T0 + 100, None, duration=5)
    with desk(company) as server:
        connector = attached(zendesk(server))
        with pytest.raises(StuckStream, match="3 calls share one second"):
            list(connector.calls(Cursor(T0 + 100)))
        connector.close()


def test_a_cursor_of_another_kind_is_refused_so_that_the_watermark_serves() -> None:
    with desk(empty()) as server:
        connector = attached(zendesk(server))
        with pytest.raises(CursorRefused):
            list(connector.calls(Cursor("yesterday")))
        connector.close()


@pytest.mark.parametrize("lack", ["missing", "forbidden"])
def test_an_account_without_talk_is_skipped_with_the_reason(database: Path, lack: str) -> None:
    faults = Faults()
    setattr(faults, lack, {"channels/voice"})
    with desk(empty(), faults) as server:
        report = run(database, zendesk(server))
    assert (report.exit_code, outcomes(report)["calls"]) == (0, "skipped")
    reason = next(one.reason for one in report.sources[0].streams if one.stream == "calls")
    assert reason.startswith("This account or role has no Zendesk Talk (")


def test_what_changes_late_comes_again(database: Path) -> None:
    company = empty(2)
    with desk(company) as server:
        run(database, zendesk(server))
        company.calls[0].wrap_up, company.calls[0].updated = 90, T0 + 5000
        company.revision += 1
        run(database, zendesk(server))
    assert rows(database, "SELECT wrap_up_ms FROM sessions WHERE id = 'call:0'") == [90_000]


def test_a_call_that_gets_a_ticket_later_is_merged_into_it(database: Path) -> None:
    company = empty(1)
    with desk(company) as server:
        run(database, zendesk(server))
        company.calls[8] = Call(8, T0, T0 + 100, None, duration=5)  # late, within the last second
        company.revision += 1
        run(database, zendesk(server))
        company.calls[8].ticket, company.calls[8].updated = 77, T0 + 200
        company.calls[0].ticket, company.calls[0].updated = 78, T0 + 200
        company.revision += 1
        run(database, zendesk(server))
        again = run(database, zendesk(server))
    told = rows(database, "SELECT id, merged_into FROM tickets WHERE id LIKE 'call:%' ORDER BY id")
    assert told == [("call:0", "78"), ("call:8", "77")]
    assert rows(database, "SELECT ticket_id FROM sessions ORDER BY id") == ["78", "77"]
    assert again.sources[0].written.new == again.sources[0].written.changed == 0


def test_a_cursor_of_a_second_by_itself_still_serves() -> None:
    with desk(empty(6)) as server:
        connector = attached(zendesk(server))
        found = list(connector.calls(Cursor(T0 + 101)))
        connector.close()
    assert found[-1].cursor is None
    assert kinds([one for page in found for one in page.records], Session)[0].id == "call:2"


def test_a_page_that_doesnt_say_where_it_ends_is_no_last_page(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = calls_page
    monkeypatch.setattr(live, "calls_page", lambda *a, **k: honest(*a, **k) | {"end_time": None})
    with desk(empty(3)) as server:
        connector = attached(zendesk(server))
        with pytest.raises(BadResponse, match="where a page of calls ends"):
            list(connector.calls(None))
        connector.close()


# --- by hand ---------------------------------------------------------------------------------------------


def story() -> dict[str, Any]:
    """Return an account with an e-mail and four calls: one of a ticket, one taken, two that nobody took."""
    people = [
        {"id": 9, "name": "Anna", "email": "anna@l.example", "role": "admin", "since": T0 - 900},
        {"id": 1, "name": "Ida", "email": "ida@mail.example", "role": "customer", "since": T0 - 900},
    ]
    mail = [
        {"at": T0, "by": 1, "say": "Where is it?", "status": "new"},
        {"at": T0 + 600, "by": 9, "say": "On its way.", "status": "solved", "assignee": 9, "team": 11},
    ]
    spans = {"answer": 28, "wait": 20, "talk": 240, "wrap_up": 35, "agent": 9, "team": 11, "duration": 268}
    return {
        "company": "Larkfield", "token": "emulated-token", "now": T0 + 9 * 86_400,
        "teams": [{"id": 11, "name": "Care"}], "people": people,
        "tickets": [{"id": 5, "requester": 1, "subject": "Parcel", "channel": "email", "priority": None,
                     "updates": mail}],
        "calls": [
            {"id": 1, "customer": 1, "began": T0 + 1000, "status": "completed", "ticket": 5} | spans,
            {"id": 2, "customer": 1, "began": T0 + 2000, "status": "completed"} | spans,
            {"id": 3, "customer": 1, "began": T0 + 3000, "status": "abandoned_in_queue", "duration": 50,
             "wait": 45},
            {"id": 4, "customer": 1, "began": T0 + 4000, "status": "not_answered", "duration": 20,
             "direction": "outbound", "agent": 9},
        ],
    }  # fmt: skip


def by_medium(database: Path, metric: Metric) -> dict[str, Any]:
    with open_reader(database) as connection:
        found = answer(connection, Query(metric, since="2026-02", until="2026-03", by=("medium",)))
    return {str(point.dimensions["medium"]): point.value for point in found.points}


def test_kpis_by_medium_are_what_they_are_by_hand(database: Path) -> None:
    with desk(account(story())) as server:
        report = run(database, zendesk(server))
    assert report.exit_code == 0, report.sources[0].error
    # Ticket 5, and the calls 2, 3 and 4; call 1 is a session of ticket 5.
    assert by_medium(database, TicketVolume()) == {"ticket": 1, "phone": 3}
    assert by_medium(database, TicketsSolved()) == {"ticket": 1, "phone": 3}
    # 268, 50 and 20 seconds from the first ring to the end: the median is 50.
    assert by_medium(database, ResolutionTime()) == {"ticket": 600_000, "phone": 50_000}
    # Nobody writes in a call: it has no first response, and none lacks one.
    assert by_medium(database, FirstResponseTime()).get("phone") is None
    assert by_medium(database, UnansweredRate()).get("phone") is None
    assert rows(database, "SELECT ticket_id FROM sessions ORDER BY id") == ["5", "call:2", "call:3", "call:4"]
    assert rows(database, "SELECT end FROM sessions ORDER BY id") == [
        "completed", "completed", "abandoned", None
    ]  # fmt: skip
    assert stamp(0) == "2026-02-02T02:40:00Z"
