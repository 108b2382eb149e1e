"""Golden numbers of a Zendesk: every KPI, as the command line answers and as the account's own data say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deskmetry_connectors.zendesk.emulator import TOKEN, Company, Emulator
from helpers_cli import cli, configured
from helpers_oracle_answers import Question, compared
from helpers_oracle_zendesk import staff_of, zendesk_world

SPAN = ("2025-11", "2026-04")
BY = (None, "source", "medium", "month")


@contextmanager
def desk(folder: Path, company: Company) -> Iterator[Path]:
    """Serve an account, and yield the path of a configuration that reads it."""
    with Emulator(company) as server:
        settings = f'url = "{server.url}"\ntoken = {{ command = "echo {TOKEN}" }}\n'
        yield configured(folder, f'[sources.shop]\nconnector = "zendesk"\n{settings}')


def synced(config: Path) -> None:
    answer = cli("-c", config, "sync")
    assert answer.code == 0, answer.err


@pytest.mark.parametrize(
    "company",
    [
        Company.make(tickets=60, seed=3),
        Company.make(tickets=60, seed=5, csat=True),
        Company.make(tickets=40, seed=6, chats=40, calls=40, conversations=30),
    ],
    ids=["tickets", "surveys", "live"],
)
def test_every_kpi_of_a_zendesk_is_what_its_own_data_say(tmp_path: Path, company: Company) -> None:
    with desk(tmp_path, company) as config:
        synced(config)
        for by in BY:
            assert compared(config, zendesk_world(company, "shop"), Question(*SPAN, by)) == [], by


@pytest.mark.parametrize("live", [0, 20])
def test_every_kpi_stays_right_while_the_zendesk_goes_on(tmp_path: Path, live: int) -> None:
    company, alone = Company.make(tickets=60, seed=4, chats=live, calls=live, conversations=live), set[str]()
    with desk(tmp_path, company) as config:
        for hours in (0, 6, 30):
            if hours:
                company.advance(hours)
            synced(config)
            world = zendesk_world(company, "shop", staff_of(company, frozenset(alone)))
            assert compared(config, world, Question(*SPAN, "medium")) == [], hours
            alone |= {chat.id for chat in company.chats.values() if chat.ticket is None}


def test_tickets_that_several_teams_had_or_one_answer_solved_count_as_such(tmp_path: Path) -> None:
    company = Company.make(tickets=40, seed=7)
    agents = [user.id for user in company.users.values() if user.role == "agent"]
    plain = [one for one in company.tickets.values() if one.status == "solved" and not one.scrubbed]
    for place, ticket in enumerate(plain[:12]):
        at = ticket.updated + 3_600
        company.change(ticket, agents[0], at, group=11 if ticket.group == 12 else 12)
        if place % 3 == 0:
            company.say(ticket, agents[place % len(agents)], at + 60, "I look after it from here.")
    for number in range(9):
        customer = company.users[plain[number].requester]
        ticket = company.open(customer, company.now - 40 * 86_400 + number * 7_000, "When do you open?")
        company.say(ticket, agents[1], ticket.created + 600 * number + 60, "At nine.")
        company.change(ticket, agents[1], ticket.created + 900 * number + 60, status="solved")
    with desk(tmp_path, company) as config:
        synced(config)
        world = zendesk_world(company, "shop")
        assert sum(len(one.teams) > 1 for one in world.tickets) >= 10
        assert sum(len(one.humans) == 1 for one in world.tickets) >= 9
        for by in BY:
            assert compared(config, world, Question(*SPAN, by)) == [], by


def test_months_of_another_time_zone_are_counted_by_its_midnights(tmp_path: Path) -> None:
    company = Company.make(tickets=60, seed=8)
    with desk(tmp_path, company) as config:
        synced(config)
        question = Question(*SPAN, "month", "Pacific/Auckland")
        assert compared(config, zendesk_world(company, "shop"), question) == []


def test_the_comparison_notices_a_single_ticket_that_is_missing(tmp_path: Path) -> None:
    company = Company.make(tickets=30, seed=9)
    with desk(tmp_path, company) as config:
        synced(config)
        world = zendesk_world(company, "shop")
        world.tickets.remove(next(one for one in world.tickets if one.gone is None and one.solved))
        lines = compared(config, world, Question(*SPAN, "source"))
    assert {"ticket_volume", "replies_per_ticket", "resolution_rate"} <= {line.split()[0] for line in lines}
