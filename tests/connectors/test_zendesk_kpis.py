"""KPIs over a synced Zendesk, against the company's own numbers in plain Python."""

from __future__ import annotations

import statistics
from pathlib import Path

from deskmetry.metric import Metric
from deskmetry.query import Query, answer
from deskmetry.store import open_reader
from deskmetry_connectors.zendesk.emulator import Company
from deskmetry_metrics.speed import FirstResolutionTime, FirstResponseTime
from deskmetry_metrics.volume import InboundMessages, OutboundMessages, TicketsSolved, TicketVolume
from helpers_zendesk import comments, counted, desk, kind, run, status_changes, zendesk

PERIOD = ("2025-11", "2026-03")


def expected(company: Company) -> dict[str, float]:
    """Compute KPIs of the whole period from the company's own data, in plain Python."""
    mine = counted(company)
    ids = {one.id for one in mine}
    said = [(one.at, kind(company, one), one.ticket) for one in comments(company) if one.ticket in ids]
    first, solves, solved_now = [], [], 0
    for one in mine:
        talk = sorted(
            (at, what == "reply")
            for at, what, ticket in said
            if ticket == one.id and what in ("customer", "reply")
        )
        asked = min(at for at, reply in talk if not reply)
        first += (
            [min(at for at, reply in talk if reply and at >= asked) - asked]
            if any(r for _, r in talk)
            else []
        )
        history = status_changes(company, one)
        solves += (
            [min(at for at, word in history if word == "solved") - one.created]
            if "solved" in dict(history).values()
            else []
        )
        solved_now += history[-1][1] == "solved"
    return {
        "ticket_volume": len(mine),
        "inbound_messages": sum(what == "customer" for _, what, _ in said),
        "outbound_messages": sum(what == "reply" for _, what, _ in said),
        "first_response_time": statistics.median(first) * 1000,
        "first_resolution_time": statistics.median(solves) * 1000,
        "tickets_solved": solved_now,
    }


def test_kpis_agree_with_the_companys_own_numbers(tmp_path: Path) -> None:
    company, database = Company.make(tickets=150, seed=4), tmp_path / "desk.db"
    with desk(company) as server:
        run(database, zendesk(server))
    metrics: list[Metric] = [
        TicketVolume(),
        InboundMessages(),
        OutboundMessages(),
        FirstResponseTime(),
        FirstResolutionTime(),
        TicketsSolved(),
    ]
    with open_reader(database) as connection:
        found = {
            one.name: answer(connection, Query(one, since=PERIOD[0], until=PERIOD[1])).total.value
            for one in metrics
        }
    assert found == expected(company)
