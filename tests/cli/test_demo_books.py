"""Tests of the demo's files: orders, service plans and costs, and that they agree with the story."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from datetime import date
from pathlib import Path

import pytest

from deskmetry_cli.demo import DemoCompany, build
from deskmetry_cli.demo.books import COSTS, ORDERS, PLANS
from deskmetry_cli.demo.shop import PLANS as PRICES

NUMBER = re.compile(r"LC-\d{5}")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "demo"


@pytest.fixture(scope="module")
def company(folder: Path) -> DemoCompany:
    return build(folder, until=date(2026, 11, 22), tickets_per_year=600)


def rows(path: Path, delimiter: str = ",") -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


def test_the_orders_that_customers_write_about_are_in_the_shops_file(
    company: DemoCompany, folder: Path
) -> None:
    orders = {row["Order"]: row for row in rows(folder / "shop" / ORDERS)}
    assert len(orders) == len(company.orders) > 600
    asked = [thread for thread in company.threads if thread.topic in ("delivery", "refund", "damaged")]
    named = [(thread, found[0]) for thread in asked if (found := NUMBER.search(thread.subject))]
    assert len(named) > 50
    for thread, number in named:
        assert thread.customer is not None
        assert orders[number]["E-mail"] == thread.customer.address
    states = {row["State"] for row in orders.values()}
    assert {"shipped", "returned", "cancelled"} <= states
    for row in orders.values():
        assert bool(row["Paid"]) == (row["State"] in ("shipped", "returned"))
        assert float(row["Refunded"] or 0) <= float(row["Net"])
        assert float(row["Cost"]) < float(row["Net"])
        assert row["State"] != "returned" or row["Refunded"] == row["Net"]


def test_a_plan_goes_on_where_it_stopped(company: DemoCompany, folder: Path) -> None:
    by_contract: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows(folder / "care" / PLANS):
        by_contract[row["Contract"]].append(row)
    assert sum(map(len, by_contract.values())) == len(company.plans)
    prices = {f"{price / 100:.2f}" for price in PRICES.values()}
    for changes in by_contract.values():
        assert changes[0]["Change"] in ("opening", "new")
        paid = "0.00"
        for change in changes:
            assert change["Before"] == paid
            paid = change["After"]
            assert paid in prices or change["Change"] == "ended"
    ends = [changes[-1]["Change"] for changes in by_contract.values()]
    assert 0 < ends.count("ended") < len(ends) / 2


def test_costs_are_those_of_the_whole_months_and_of_those_employed_then(
    company: DemoCompany, folder: Path
) -> None:
    costs = rows(folder / "books" / COSTS, ";")
    assert {row["Item"] for row in costs} == {"Wages", "Employer's share", "Overtime", "Licence"}
    months = list(dict.fromkeys(row["Month"] for row in costs))
    assert (months[0], months[-1], len(months)) == ("11/2025", "10/2026", 12)
    people = {agent.address(company.domain): agent for agent in company.agents}
    for row in costs:
        month, year = map(int, row["Month"].split("/"))
        if row["Person"]:
            agent = people[row["Person"]]
            assert agent.left > date(year, month, 1)
            assert agent.joined < date(year + month // 12, month % 12 + 1, 1)
        assert bool(row["Person"]) != bool(row["Supplier"])
        assert float(row["Amount"].replace(".", "").replace(",", ".")) > 0
    assert {row["Month"] for row in costs if row["Item"] == "Overtime"} == {f"{company.truth.bad_week:%m/%Y}"}


def test_a_file_is_as_old_as_the_story_is_long(company: DemoCompany, folder: Path) -> None:
    """So that a source which is a file is known until then, as the others are."""
    for path in (folder / "shop" / ORDERS, folder / "care" / PLANS, folder / "books" / COSTS):
        assert path.stat().st_mtime == company.chats["now"]
