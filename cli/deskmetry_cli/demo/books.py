"""Books: the files of the shop and of the bookkeeping: orders, service plans, and what support costs."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from deskmetry.calendar import add_months

from .mail import private
from .rhythm import Rhythm
from .shop import Order, PlanChange
from .staff import Agent
from .texts import DOMAIN

ORDERS, PLANS, COSTS = "orders.csv", "subscriptions.csv", "costs.csv"
_WAGE = {"Anna Keller": 26.5, "Emre Demir": 24.0}  # euros an hour; others earn the usual
_USUAL = 21.0
_EMPLOYERS_SHARE = 0.21
_LICENCES = (("Zendesk", 55.0, 8), ("LiveChat", 41.0, 8), ("eDesk", 69.0, 4), ("SurveyMonkey", 75.0, 1))
"""Supplier, euros a month and how many of it."""
_OVERTIME = 9  # hours of those who were there in the bad week


def order_rows(orders: Iterable[Order], zone: ZoneInfo) -> Iterator[Sequence[str]]:
    """Yield the shop's export of orders: local time, net amounts with a decimal point."""
    yield (
        "Order",
        "Placed",
        "Paid",
        "State",
        "Name",
        "E-mail",
        "Phone",
        "Product",
        "Net",
        "Refunded",
        "Cost",
    )
    for order in orders:
        yield (
            order.number,
            _local(order.at, zone),
            "" if order.paid is None else _local(order.paid, zone),
            order.state,
            order.customer.name,
            order.customer.address,
            order.customer.phone or "",
            order.product,
            _euros(order.amount),
            _euros(order.refunded) if order.refunded else "",
            _euros(order.cost),
        )


def plan_rows(changes: Iterable[PlanChange], zone: ZoneInfo) -> Iterator[Sequence[str]]:
    """Yield the changes of service plans; the first ones say what there was before the list begins."""
    yield ("Contract", "Date", "Change", "Name", "E-mail", "Plan", "Before", "After")
    for one in changes:
        change = "opening" if one.opening else "new" if not one.before else "ended"
        yield (
            one.subscription,
            _local(one.at, zone),
            "changed" if one.before and one.after else change,
            one.customer.name,
            one.customer.address,
            one.plan,
            _euros(one.before),
            _euros(one.after),
        )


def cost_rows(agents: Iterable[Agent], rhythm: Rhythm) -> Iterator[Sequence[str]]:
    """Yield the bookkeeping's list of the whole months: wages by person, licences by supplier."""
    yield ("Month", "Item", "Person", "Supplier", "Hours", "Amount")
    month = rhythm.since
    while add_months(month, 1) <= rhythm.until:
        for agent in agents:
            yield from _wages(agent, month, rhythm.bad_week)
        for supplier, price, count in _LICENCES:
            yield f"{month:%m/%Y}", "Licence", "", supplier, "", _german(price * count)
        month = add_months(month, 1)


def _wages(agent: Agent, month: date, bad_week: date) -> Iterator[Sequence[str]]:
    days = [month + timedelta(days=n) for n in range((add_months(month, 1) - month).days)]
    employed = [day for day in days if agent.joined <= day < agent.left and day.weekday() in agent.hours]
    hours = sum(agent.hours[day.weekday()][1] - agent.hours[day.weekday()][0] for day in employed)
    if not hours:
        return
    rate, who, text = _WAGE.get(agent.name, _USUAL), agent.address(DOMAIN), f"{month:%m/%Y}"
    yield text, "Wages", who, "", _german(hours), _german(hours * rate)
    yield text, "Employer's share", who, "", "", _german(hours * rate * _EMPLOYERS_SHARE)
    if bad_week in days and any(agent.works(bad_week + timedelta(days=n)) for n in range(7)):
        yield text, "Overtime", who, "", _german(_OVERTIME), _german(_OVERTIME * rate * 1.25)


def write(path: Path, rows: Iterable[Sequence[str]], at: int, delimiter: str = ",") -> None:
    """Write a CSV file that was last changed at an instant: until then it tells everything."""
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter, lineterminator="\n").writerows(rows)
    with open(path, "w", encoding="utf-8", newline="", opener=private) as file:
        file.write(buffer.getvalue())
    os.utime(path, (at, at))


def _local(at: int, zone: ZoneInfo) -> str:
    return f"{datetime.fromtimestamp(at, zone):%Y-%m-%d %H:%M}"


def _euros(cents: int) -> str:
    return f"{cents / 100:.2f}"


def _german(amount: float) -> str:
    """Return an amount with a decimal comma, as bookkeeping here writes it."""
    return f"{amount:,.2f}".translate(str.maketrans(",.", ".,"))
