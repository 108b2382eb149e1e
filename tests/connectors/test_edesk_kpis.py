"""KPIs over a synced eDesk, against the account's own numbers in plain Python."""

from __future__ import annotations

import statistics
from collections import Counter
from pathlib import Path

import pytest

from deskmetry.metric import Metric
from deskmetry.query import Query, answer
from deskmetry.store import open_reader
from deskmetry_connectors.edesk.emulator import Company, Emulator, Ticket
from deskmetry_metrics.satisfaction import Csat
from deskmetry_metrics.speed import FirstResponseTime, ResolutionTime
from deskmetry_metrics.volume import InboundMessages, OutboundMessages, TicketsSolved, TicketVolume
from helpers_edesk import edesk, run

SINCE, UNTIL = "2025-11", "2026-03"
REPLIES = ("Message", "ExternalMessage")


def medium(ticket: Ticket) -> str:
    return "chat" if ticket.kind == "Chat" else "ticket"


def first_response(ticket: Ticket) -> int | None:
    """Seconds from the question to the first answer of a human."""
    asked = min(
        (i.at for i in ticket.items if i.direction == "Incoming" and i.kind == "Message"), default=None
    )
    answers = [i.at for i in ticket.items if i.kind in REPLIES and i.direction == "Outgoing"]
    return min(answers) - asked if answers and asked is not None else None


@pytest.fixture(scope="module")
def synced(tmp_path_factory: pytest.TempPathFactory) -> tuple[Company, Path]:
    company, database = Company.make(tickets=80, seed=4), tmp_path_factory.mktemp("edesk") / "desk.db"
    with Emulator(company) as server:
        run(database, edesk(server))
    return company, database


def points(database: Path, metric: Metric, by: str) -> dict[str, float | int | None]:
    with open_reader(database) as connection:
        found = answer(connection, Query(metric, since=SINCE, until=UNTIL, by=(by,)))
    return {point.dimensions[by]: point.value for point in found.points}


def total(database: Path, metric: Metric) -> float | int | None:
    with open_reader(database) as connection:
        return answer(connection, Query(metric, since=SINCE, until=UNTIL)).total.value


def test_volume_by_source_and_medium(synced: tuple[Company, Path]) -> None:
    company, database = synced
    assert points(database, TicketVolume(), "source") == {"ed": len(company.tickets)}
    assert points(database, TicketVolume(), "medium") == Counter(map(medium, company.tickets.values()))


def test_messages(synced: tuple[Company, Path]) -> None:
    company, database = synced
    items = [item for ticket in company.tickets.values() for item in ticket.items]
    incoming = sum(i.kind == "Message" and i.direction == "Incoming" for i in items)
    outgoing = sum(i.kind in REPLIES and i.direction == "Outgoing" for i in items)
    assert total(database, InboundMessages()) == incoming
    assert total(database, OutboundMessages()) == outgoing


def test_first_response_time_leaves_automatic_words_out(synced: tuple[Company, Path]) -> None:
    company, database = synced
    by: dict[str, list[int]] = {}
    for ticket in company.tickets.values():
        if (seconds := first_response(ticket)) is not None:
            by.setdefault(medium(ticket), []).append(seconds)
    found = points(database, FirstResponseTime(), "medium")
    assert found == {name: statistics.median(values) * 1000 for name, values in by.items()}


def test_a_ticket_that_was_closed_before_it_was_seen_was_closed_by_its_last_item(
    synced: tuple[Company, Path],
) -> None:
    company, database = synced
    closed = [one for one in company.tickets.values() if one.status == "Closed"]
    took = [one.updated - one.created for one in closed if one.updated is not None]
    assert total(database, TicketsSolved()) == len(closed)
    assert total(database, ResolutionTime()) == statistics.median(took) * 1000


def test_csat_counts_the_ratings_that_mean_one_thing(synced: tuple[Company, Path]) -> None:
    company, database = synced
    bodies = [i.body for t in company.tickets.values() for i in t.items if i.kind == "Rating"]
    assert {"5/5", "4 out of 5"} & set(bodies)
    assert total(database, Csat()) == 1.0
    with open_reader(database) as connection:
        point = answer(connection, Query(Csat(), since=SINCE, until=UNTIL)).total
    assert point.n == sum(body in ("5/5", "4 out of 5") for body in bodies)


def test_a_source_whose_ratings_cant_be_read_is_named(tmp_path: Path) -> None:
    company, database = Company.make(tickets=5, seed=4), tmp_path / "desk.db"
    for ticket in company.tickets.values():
        ticket.items = [item for item in ticket.items if item.kind != "Rating"]
    one = next(iter(company.tickets.values()))
    company.item(one, "Rating", company.now - 60, "Incoming", "Great")
    with Emulator(company) as server:
        run(database, edesk(server))
    with open_reader(database) as connection:
        told = answer(connection, Query(Csat(), since=SINCE, until=UNTIL))
    assert any("None of the 1 ratings" in warning for warning in told.warnings)
