"""Transcripts of messaging: which tickets need one, at what price, and the KPIs by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deskmetry.connector import Cursor
from deskmetry.errors import CursorRefused
from deskmetry.metric import Metric
from deskmetry.query import Query, answer
from deskmetry.records import from_epoch
from deskmetry.store import open_reader
from deskmetry_connectors.zendesk.emulator import Company, Emulator, Faults
from deskmetry_connectors.zendesk.emulator.live_story import live_ticket, say
from deskmetry_connectors.zendesk.transcripts_due import Due, Reached, Talk, talks_in
from deskmetry_metrics.effort import BotResolutionRate
from deskmetry_metrics.speed import FirstResponseTime
from deskmetry_metrics.volume import InboundMessages, OutboundMessages, TicketVolume
from helpers_synced import outcomes, requests, rows
from helpers_zendesk import attached, desk, run, zendesk
from helpers_zendesk_live import T0, at

LOG = "conversation_log"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "desk.db"


def account(conversations: int = 8) -> Company:
    return Company.make(tickets=6, seed=2, users=12, conversations=conversations)


def logs(server: Emulator) -> list[str]:
    """Return which tickets' logs were asked for, in order."""
    return [path.split("/")[4] for _, path, _ in server.log if path.endswith(LOG)]


def exports(server: Emulator) -> int:
    return sum(path.endswith("tickets/cursor.json") for _, path, _ in server.log)


def told(company: Company) -> list[str]:
    """Return the messaging tickets in the order of their last changes."""
    found = [one for one in company.tickets.values() if one.messaging]
    return [str(one.id) for one in sorted(found, key=lambda one: (one.generated, one.id))]


# --- which tickets, at what price ------------------------------------------------------------------------


def test_only_messaging_tickets_are_asked_for_one_request_each(database: Path) -> None:
    company = account()
    with desk(company) as server:
        report = run(database, zendesk(server))
        assert report.exit_code == 0, report.sources[0].error
        assert logs(server) == told(company)
        assert requests(report)["transcripts"] == 8
        assert exports(server) == 1
    assert rows(database, "SELECT count(*) FROM sessions") == [8]
    said = sorted(one.id for one in company.said)
    assert rows(database, "SELECT id FROM messages WHERE id LIKE '01JM%' ORDER BY id") == said


def test_a_run_without_changes_in_messaging_asks_for_nothing(database: Path) -> None:
    company = account()
    with desk(company) as server:
        run(database, zendesk(server))
        del server.log[:]
        mail = next(one for one in company.tickets.values() if one.channel == "email")
        company.say(mail, mail.requester, company.now - 90, "And now?")
        report = run(database, zendesk(server))
        assert requests(report)["transcripts"] == 0
        assert logs(server) == []


def test_only_what_changed_is_asked_for_again(database: Path) -> None:
    company = account()
    with desk(company) as server:
        run(database, zendesk(server))
        del server.log[:]
        ticket = company.tickets[int(told(company)[2])]
        say(company, ticket, company.now - 90, "user", ticket.requester, "One more thing.")
        run(database, zendesk(server))
        assert logs(server) == [str(ticket.id)]
    assert rows(database, "SELECT count(*) FROM messages WHERE body = 'One more thing.'") == [1]


def test_a_budget_bounds_a_run_and_the_next_ones_go_on(database: Path) -> None:
    company = account()
    with desk(company) as server:
        first = run(database, zendesk(server, transcript_requests=3))
        notes = next(one.notes for one in first.sources[0].streams if one.stream == "transcripts")
        assert len(notes) == 1
        assert "`transcript_requests` allows 3 a run" in notes[0]
        second = run(database, zendesk(server, transcript_requests=3))
        third = run(database, zendesk(server, transcript_requests=3))
        assert logs(server) == told(company)
        assert [requests(one)["transcripts"] for one in (second, third)] == [4, 3]  # one for the tickets
        fourth = run(database, zendesk(server, transcript_requests=3))
        assert requests(fourth)["transcripts"] == 0
        notes = next(one.notes for one in third.sources[0].streams if one.stream == "transcripts")
        assert not notes
    assert rows(database, "SELECT count(*) FROM sessions") == [8]


def test_the_token_stays_short_however_many_are_due(database: Path) -> None:
    with desk(account(60)) as server:
        run(database, zendesk(server, transcript_requests=2))
    (token,) = rows(database, "SELECT token FROM sync_state WHERE stream = 'transcripts'")
    assert len(token) < 120


def test_a_long_conversation_is_read_to_its_end(database: Path) -> None:
    company = account(1)
    ticket = company.tickets[int(told(company)[0])]
    for number in range(230):
        say(company, ticket, company.now - 9000 + number, "user", ticket.requester, f"Line {number}")
    with desk(company) as server:
        run(database, zendesk(server))
        assert len(logs(server)) == 3
    assert rows(database, "SELECT count(*) FROM messages WHERE body LIKE 'Line %'") == [230]


def test_tickets_that_were_read_before_the_stream_was_wanted_are_caught_up_with(database: Path) -> None:
    company = account()
    with desk(company) as server:
        run(database, zendesk(server, skip=["transcripts"]))
        assert logs(server) == []
        run(database, zendesk(server))
        assert logs(server) == told(company)
        del server.log[:]
        run(database, zendesk(server))
        assert (logs(server), exports(server)) == ([], 1)


def test_an_account_that_never_had_messaging_is_never_gone_through_again(database: Path) -> None:
    with desk(account(0)) as server:
        run(database, zendesk(server, skip=["transcripts"]))
        run(database, zendesk(server))
        assert exports(server) == 2


def test_a_token_from_before_there_were_transcripts_makes_all_tickets_be_looked_at(database: Path) -> None:
    company = account()
    with desk(company) as server:
        connector = attached(zendesk(server))
        pages = list(connector.tickets(None))
        token = pages[-1].cursor.token if pages[-1].cursor else None
        assert isinstance(token, dict)
        old = {name: value for name, value in token.items() if name != "messaging"}
        list(connector.tickets(Cursor(old)))
        del server.log[:]
        list(connector.transcripts(None))
        assert logs(server) == told(company)
        connector.close()


def test_what_changes_between_two_looks_at_the_tickets_is_left_to_the_next_run() -> None:
    company = account()
    with desk(company) as server:
        connector = attached(zendesk(server))
        last = list(connector.tickets(None))[-1].cursor
        assert last is not None
        old = {name: value for name, value in last.token.items() if name != "messaging"}
        list(connector.tickets(Cursor(old)))
        ticket = company.tickets[int(told(company)[0])]
        say(company, ticket, company.now - 90, "user", ticket.requester, "One more thing.")
        pages = list(connector.transcripts(None))
        connector.close()
    assert pages[-1].cursor is not None
    assert pages[-1].cursor.token == {"cursor": last.token["at"], "place": None}


def test_a_cursor_that_is_refused_is_replaced_by_the_instant_of_the_last_conversation() -> None:
    company = account()
    for day in (200, 201):
        company.open(next(iter(company.users.values())), company.now - day * 86_400, "Long ago")
    with desk(company) as server:
        first = attached(zendesk(server, page_size=2))
        last = list(first.tickets(None))[-1].cursor
        first.close()
        assert last is not None
        assert last.token["messaging"] != [None]  # it stands before a page in the middle
        connector = attached(zendesk(server))
        list(connector.tickets(last))
        server.faults.refuse_cursors = True
        mark = from_epoch(seconds=company.tickets[int(told(company)[4])].generated)
        with pytest.raises(CursorRefused):
            list(connector.transcripts(Cursor({"cursor": "old", "place": None}, mark)))
        list(connector.transcripts(Cursor(None, mark)))
        connector.close()
        assert logs(server) == told(company)[4:]


def test_a_run_that_was_stopped_goes_on_after_the_last_committed_conversations(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deskmetry_connectors.zendesk.transcripts.A_PAGE", 2)
    company = account()
    with desk(company, Faults(once={told(company)[5]: 404})) as server:
        server.faults.once = {f"{told(company)[5]}/{LOG}": 401}
        run(database, zendesk(server))
        assert rows(database, "SELECT count(*) FROM sessions") == [4]
        del server.log[:]
        run(database, zendesk(server))
        assert logs(server) == told(company)[4:]
    assert rows(database, "SELECT count(*) FROM sessions") == [8]


def test_deleted_tickets_are_not_asked_for_and_one_that_is_gone_meanwhile_costs_only_itself(
    database: Path,
) -> None:
    company = account()
    first, second = told(company)[:2]
    company.delete(company.tickets[int(first)], next(iter(company.users)), company.now - 200)
    with desk(company, Faults(once={f"{second}/{LOG}": 404})) as server:
        report = run(database, zendesk(server))
        assert outcomes(report)["transcripts"] == "ok"
        assert first not in logs(server)
    assert rows(database, "SELECT count(*) FROM sessions") == [6]


@pytest.mark.parametrize("lack", ["missing", "forbidden"])
def test_a_plan_without_conversation_logs_is_skipped_with_the_reason(database: Path, lack: str) -> None:
    faults = Faults()
    setattr(faults, lack, {LOG})
    with desk(account(), faults) as server:
        report = run(database, zendesk(server))
        assert (report.exit_code, outcomes(report)["transcripts"]) == (0, "skipped")
        assert len(logs(server)) == 1
        setattr(faults, lack, set())
        run(database, zendesk(server))
    assert rows(database, "SELECT count(*) FROM sessions") == [8]


def test_a_token_of_another_kind_is_refused_so_that_the_watermark_serves() -> None:
    for token in ("x", {"cursor": 5, "place": None}, {"cursor": "a", "place": ["x"]}):
        with pytest.raises(CursorRefused):
            Reached.load(token)


def test_due_tells_whether_anything_before_this_run_is_left() -> None:
    due = Due()
    assert not due.covers(Reached())  # nothing was read in this run
    due.begin(Cursor({"at": "c5", "messaging": None}), "c5", None)
    assert due.covers(Reached("c4"))  # there was no messaging at all before it
    due.begin(Cursor({"at": "c5", "messaging": ["c2"]}), "c5", None)
    assert due.covers(Reached("c5"))
    assert not due.covers(Reached("c5", (1, 2)))
    assert not due.covers(Reached("c4"))
    assert due.resumes(Reached("c4")) == "c4"
    assert due.resumes(Reached()) == "c2"
    due.begin(Cursor(None, at(0)), None, None)  # its cursor was refused; what it remembered still holds
    assert due.first == ["c2"]
    assert not due.covers(Reached())
    due.begin(None, None, None)
    assert due.covers(Reached())
    assert not due.covers(Reached(), restarted=True)


def test_only_living_messaging_tickets_have_a_conversation() -> None:
    row = {"id": 5, "generated_timestamp": 9, "status": "open", "from_messaging_channel": True}
    rows_ = [row, row | {"id": 4}, row | {"status": "deleted"}, row | {"from_messaging_channel": False}, 7]
    assert talks_in(rows_) == [Talk(9, 4, solved=False), Talk(9, 5, solved=False)]


# --- by hand ---------------------------------------------------------------------------------------------


def test_kpis_are_what_they_are_by_hand(database: Path) -> None:
    company = Company(now=T0 + 9 * 86_400)
    agent, ida = company.join("Agent 0", "admin").id, company.join("Ida")
    answered = live_ticket(company, ida, T0, "native_messaging", agent, messaging=True)
    say(company, answered, T0, "user", ida.id, "Hello")
    say(company, answered, T0 + 2, "bot", -1, "A moment, please.")
    say(company, answered, T0 + 90, "agent", agent, "Hi")
    say(company, answered, T0 + 120, "user", ida.id, "Thanks")
    company.change(answered, agent, T0 + 600, status="solved")
    by_bot = live_ticket(company, ida, T0 + 5000, "native_messaging", agent, messaging=True)
    say(company, by_bot, T0 + 5000, "user", ida.id, "Opening hours?")
    say(company, by_bot, T0 + 5003, "bot", -1, "Nine to five.")
    company.change(by_bot, agent, T0 + 5600, status="solved")
    with desk(company) as server:
        report = run(database, zendesk(server))
    assert report.exit_code == 0, report.sources[0].error

    def value(metric: Metric) -> Any:
        with open_reader(database) as connection:
            query = Query(metric, since="2026-02", until="2026-03", by=("medium",))
            found = {str(one.dimensions["medium"]): one.value for one in answer(connection, query).points}
        assert found.keys() == {"chat"}
        return found["chat"]

    assert value(TicketVolume()) == 2
    assert value(InboundMessages()) == 3
    assert value(OutboundMessages()) == 1
    assert value(FirstResponseTime()) == 90_000
    assert value(BotResolutionRate()) == 0.5
