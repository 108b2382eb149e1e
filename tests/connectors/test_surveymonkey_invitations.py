"""Invitations of SurveyMonkey as offers, once a day and on a budget, and the KPIs that rest on them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deskmetry.connector import Cursor, Page, stream
from deskmetry.metric import Metric
from deskmetry.query import Query, answer
from deskmetry.records import Ticket, from_epoch
from deskmetry.records.kinds import Medium, TicketStatus
from deskmetry.store import open_reader
from deskmetry_connectors.surveymonkey import SurveyMonkey
from deskmetry_connectors.surveymonkey.emulator import TOKEN, Company, Faults
from deskmetry_connectors.surveymonkey.emulator.company import CONTACT, CSAT, START, collector
from deskmetry_metrics.satisfaction import Csat, CsatResponseRate
from helpers_notes import notes
from helpers_surveymonkey import PLANS, account, run, spent, surveymonkey
from helpers_synced import outcomes, rows

DAY = 86_400


def offers(database: Path) -> list[Any]:
    return rows(database, "SELECT ticket_id FROM survey_offers WHERE kind = 'csat' ORDER BY ticket_id")


def test_a_sent_invitation_is_an_offer_of_each_kind_that_the_survey_measures(tmp_path: Path) -> None:
    company, database = Company.make(tickets=0), tmp_path / "voice.db"
    company.ask(12, 1, answered=False)
    company.now += 3600
    with account(company) as server:
        run(database, surveymonkey(server))
    message = company.messages[0].id
    sql = (
        "SELECT id, kind, survey, ticket_id, agent_id, customer_id, offered_at FROM survey_offers ORDER BY id"
    )
    assert rows(database, sql) == [
        (f"{message}:700012:{kind}", kind, "after-contact", "12", "1", "recipient:700012", START * 1000)
        for kind in ("csat", "quality")
    ]
    assert rows(database, "SELECT email FROM customers") == ["customer12@example.com"]


@pytest.mark.parametrize("status", ["not_sent", "processing", "bounced", "opted_out"])
def test_who_never_got_the_message_was_offered_nothing(tmp_path: Path, status: str) -> None:
    company, database = Company.make(tickets=0), tmp_path / "voice.db"
    company.ask(1, 0, answered=False)
    company.messages[0].recipients[0]["mail_status"] = status
    company.now += 3600
    with account(company) as server:
        run(database, surveymonkey(server))
        assert offers(database) == []
        company.messages[0].recipients[0]["mail_status"] = "sent"
        company.now += DAY
        run(database, surveymonkey(server))
    assert offers(database) == ["1"]


@pytest.mark.parametrize(
    ("status", "invited", "counted"),
    [("opened", None, 1), ("link_clicked", None, 1), ("read", None, 0), ("read", ["read"], 1)],
)
def test_which_words_mean_that_it_went_out_is_a_setting_and_others_are_set_aside(
    tmp_path: Path, status: str, invited: list[str] | None, counted: int
) -> None:
    company, database = Company.make(tickets=0), tmp_path / "voice.db"
    company.ask(1, 0, answered=False)
    company.messages[0].recipients[0]["mail_status"] = status
    company.now += 3600
    with account(company) as server:
        run(database, surveymonkey(server, **({} if invited is None else {"invited": invited})))
    assert len(offers(database)) == counted
    assert rows(database, "SELECT count(*) FROM quarantine") == [1 - counted]


@pytest.mark.parametrize(
    ("kind", "status"), [("reminder", "sent"), ("thank_you", "sent"), ("invite", "not_sent")]
)
def test_reminders_thanks_and_drafts_are_no_offers(tmp_path: Path, kind: str, status: str) -> None:
    company, database = Company.make(tickets=0), tmp_path / "voice.db"
    company.ask(1, 0, answered=False)
    company.messages[0].type, company.messages[0].status = kind, status
    company.now += 3600
    with account(company) as server:
        run(database, surveymonkey(server))
    assert offers(database) == []


def test_invitations_are_read_once_a_day_and_each_message_a_few_times_in_its_life(tmp_path: Path) -> None:
    company, database = Company.make(tickets=0), tmp_path / "voice.db"
    company.ask(1, 0, answered=False)
    company.now += 3600
    costs = []
    with account(company) as server:
        for _day in range(5):
            costs.append(spent(run(database, surveymonkey(server)))["sent_invitations"])
            run(database, surveymonkey(server))
            company.now += DAY + 60
        counts = server.counts
    # Collectors of two surveys, messages of the one that sends mails, and the message while it is fresh.
    assert costs == [4, 4, 4, 3, 3]
    assert counts[f"/v3/collectors/501/messages/{company.messages[0].id}/recipients"] == 3


def test_messages_beyond_the_budget_wait_for_the_next_run_and_none_is_lost(tmp_path: Path) -> None:
    company, database = Company.make(tickets=0), tmp_path / "voice.db"
    for ticket in range(1, 8):
        company.ask(ticket, 0, answered=False)
        company.now += 600
    with account(company) as server:
        found, told = [], []
        for _run in range(4):
            told.append(notes(run(database, surveymonkey(server, invitation_requests=3))))
            found.append(len(offers(database)))
    assert found == [3, 5, 7, 7]
    assert "invitations that wait for the next run (`invitation_requests`): 4" in told[0]


def test_a_list_of_messages_with_ids_alone_is_asked_for_each(tmp_path: Path) -> None:
    company, database = Company.make(tickets=0), tmp_path / "voice.db"
    company.ask(1, 0, answered=False)
    company.now += 3600
    with account(company, Faults(bare_messages=True)) as server:
        run(database, surveymonkey(server))
    assert rows(database, "SELECT DISTINCT offered_at FROM survey_offers") == [START * 1000]


def test_closed_collectors_and_web_links_cost_nothing(tmp_path: Path) -> None:
    company, database = Company.make(tickets=2), tmp_path / "voice.db"
    company.collectors["503"] = collector("503", CONTACT, "email") | {
        "status": "closed",
        "date_modified": "2025-12-01T08:00:00+00:00",
    }
    with account(company) as server:
        run(database, surveymonkey(server))
        company.now += 10 * DAY
        server.log.clear()
        run(database, surveymonkey(server))
        asked = [path for path, _ in server.log if path.endswith("/messages")]
    assert asked == ["/v3/collectors/501/messages"]


def test_without_the_scope_for_collectors_answers_are_read_all_the_same(tmp_path: Path) -> None:
    company, database = Company.make(tickets=6, seed=2), tmp_path / "voice.db"
    with account(company, Faults(forbidden={"collectors": "Permission has not been granted."})) as server:
        report = run(database, surveymonkey(server))
    assert outcomes(report) == {"responses": "ok", "account_surveys": "ok", "sent_invitations": "skipped"}
    assert rows(database, "SELECT count(*) > 0 FROM survey_answers") == [1]


def test_invitations_can_be_left_out(tmp_path: Path) -> None:
    with account(Company.make(tickets=2)) as server:
        report = run(tmp_path / "voice.db", surveymonkey(server, invitations=False))
        assert not any("collectors" in path for path, _ in server.log)
    assert outcomes(report)["sent_invitations"] == "skipped"


# --- KPIs -------------------------------------------------------------------------------------------------

COUNT = 60


class WithTickets(SurveyMonkey):
    """The surveys and the tickets that they are about in one source, as KPIs of tickets need them."""

    @stream(Ticket)
    def tickets(self, _since: Cursor | None) -> Iterator[Page]:
        """Give the tickets of the story."""
        yield self.page(range(1, COUNT + 1), self.ticket_of)

    def ticket_of(self, number: int) -> Ticket:
        """Make a ticket."""
        at = from_epoch(seconds=START)
        return Ticket(
            id=str(number), subject="?", medium=Medium.TICKET, channel="web", status=TicketStatus.OPEN,
            created_at=at, updated_at=at,
        )  # fmt: skip


def test_kpis_agree_with_the_companys_own_numbers(tmp_path: Path) -> None:
    company, database = Company.make(tickets=COUNT, seed=4), tmp_path / "voice.db"
    company.now += 9 * DAY
    with account(company) as server:
        run(database, WithTickets.model_validate({"url": server.url, "token": TOKEN, "surveys": PLANS}))
    chosen = [one.answers[CSAT][0]["choice_id"] for one in company.responses.values() if CSAT in one.answers]
    expected = {
        # Very satisfied and satisfied are two of five.
        "csat": sum(choice in {"10", "11"} for choice in chosen) / len(chosen),
        "csat_response_rate": len(chosen) / COUNT,
    }
    metrics: list[Metric] = [Csat(), CsatResponseRate()]
    with open_reader(database) as connection:
        found = {
            one.name: answer(connection, Query(one, since="2026-01", until="2026-02")).total.value
            for one in metrics
        }
    assert found == pytest.approx(expected)
