"""Shop: what the company sells: orders, of those who write above all, and service plans by subscription."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

from .people import Customer, People
from .rhythm import DAY, Rhythm, season
from .texts import Topic

PRICES: Mapping[str, tuple[int, float]] = {
    "City 7 bike": (74_900, 0.62),
    "Fjord gravel bike": (141_900, 0.64),
    "Lark cargo bike": (318_000, 0.68),
    "Kite folding bike": (92_500, 0.63),
    "Meadow kids' bike": (27_700, 0.6),
    "Harbour helmet": (5_450, 0.48),
    "Storm rain jacket": (7_990, 0.45),
    "Pannier set": (8_390, 0.5),
    "Comet headlight": (4_190, 0.46),
    "Wren saddle": (3_780, 0.5),
    "Tern lock": (4_620, 0.52),
    "Ridge tyres (pair)": (5_040, 0.55),
}
"""Net price in cents of each product, and which share of it the goods cost."""
_POPULAR = (6, 4, 2, 3, 6, 14, 10, 9, 12, 8, 14, 12)
_ORDERS = 1.2  # a ticket
_OF_WRITERS = 0.4  # of the orders that nobody asks about, those of customers who ask about another one
_ABOUT_ORDERS = frozenset({"delivery", "refund", "damaged", "invoice"})
_HOURS = (5, 3, 1, 1, 1, 1, 3, 6, 9, 11, 12, 12, 13, 12, 11, 11, 12, 14, 17, 20, 24, 24, 18, 10)
PLANS: Mapping[str, int] = {"Care": 990, "Care Plus": 1_490, "Fleet": 4_900}
"""Cents a month, net, for inspections and repairs."""
_PLAN_SHARES = (62, 32, 6)
_SUBSCRIBERS = 0.1  # a ticket of a year: subscriptions from before the story, and as many within it
_ENDS = 1 / 18  # a month


@dataclass(frozen=True, slots=True)
class Order:
    """One order; instants are seconds since 1970 UTC, amounts cents net of tax; `paid` is None until then."""

    number: str
    at: int
    customer: Customer
    product: str
    amount: int
    cost: int
    refunded: int = 0
    paid: int | None = None
    state: str = "shipped"  # open, shipped, returned, cancelled


@dataclass(frozen=True, slots=True)
class PlanChange:
    """One change of a subscription: cents a month before and after; opening: it is from before the story."""

    subscription: str
    at: int
    customer: Customer
    plan: str
    before: int
    after: int
    opening: bool = False


class Till:
    """Takes down the orders that customers write about while the story is told, and then all the others."""

    def __init__(self, rhythm: Rhythm) -> None:
        self.rhythm = rhythm
        self.orders: dict[str, Order] = {}

    def mention(self, at: int, customer: Customer, topic: Topic, about: dict[str, object]) -> None:
        """Take down the order that a request is about, some days before it, under a number of its own."""
        while about["order"] in self.orders:
            about["order"] = f"LC-{(int(str(about['order'])[3:]) + 7) % 90_000 + 10_000}"
        if topic.tag not in _ABOUT_ORDERS:
            return
        days = int(str(about["days"])) + (0 if topic.tag == "delivery" else 7)
        back = topic.tag == "refund"
        number = str(about["order"])
        placed = at - days * DAY - int(number[-4:]) * 4
        self.sell(number, placed, customer, str(about["product"]), returned=back)

    def sell(self, number: str, at: int, customer: Customer, product: str, *, returned: bool = False) -> None:
        """Take down an order, unless its number was given before."""
        price, share = PRICES[product]
        order = Order(
            number,
            at,
            customer,
            product,
            price,
            round(price * share),
            price if returned else 0,
            at + 60,
            "returned" if returned else "shipped",
        )
        self.orders.setdefault(number, order)

    def fill(self, rng: random.Random, people: People, tickets_per_year: int) -> list[Order]:
        """Add the orders that nobody asks about; return all of them in order of time."""
        rhythm, writers = self.rhythm, list(people.customers)
        missing = round(tickets_per_year / 365 * rhythm.days * _ORDERS) - len(self.orders)
        weights = [season(rhythm.local_date(day)) for day in range(rhythm.days)]
        quiet: list[Customer] = []
        for day in sorted(rng.choices(range(rhythm.days), weights, k=max(missing, 0))):
            hour = rng.choices(range(24), _HOURS)[0]
            at = min(rhythm.midnight(day) + hour * 3600 + rng.randrange(3600), rhythm.ends_at - 60)
            number = f"LC-{rng.randrange(10_000, 99_999)}"
            if rng.random() < _OF_WRITERS:
                customer = rng.choice(writers)
            elif quiet and rng.random() < 0.25:
                customer = rng.choice(quiet)
            else:
                customer = people.buys(rng)
                quiet.append(customer)
            self.orders.setdefault(number, self._silent(rng, number, at, customer))
        return sorted(self.orders.values(), key=lambda order: (order.at, order.number))

    def _silent(self, rng: random.Random, number: str, at: int, customer: Customer) -> Order:
        product = rng.choices(list(PRICES), _POPULAR)[0]
        price, share = PRICES[product]
        count = rng.choices((1, 2, 3), (84, 12, 4))[0] if price < 10_000 else 1
        paid = at + (60 if rng.random() < 0.85 else rng.randrange(1, 5) * DAY)  # some pay by bank transfer
        cost, chance = round(price * share) * count, rng.random()
        if chance < 0.025:
            return Order(number, at, customer, product, price * count, cost, state="cancelled")
        if paid >= self.rhythm.ends_at:
            return Order(number, at, customer, product, price * count, cost, state="open")
        refunded = price if chance > 0.95 else 0
        state = "returned" if refunded == price * count else "shipped"
        return Order(number, at, customer, product, price * count, cost, refunded, paid, state)


def subscribe(
    rng: random.Random, rhythm: Rhythm, orders: list[Order], tickets_per_year: int
) -> list[PlanChange]:
    """Return the year of the service plans in order of time: who had one, who took one, changed it, left."""
    owners = list({order.customer.address: order.customer for order in orders}.values())
    count = min(round(tickets_per_year * _SUBSCRIBERS), len(owners) // 2)
    changes: list[PlanChange] = []
    for number, customer in enumerate(rng.sample(owners, 2 * count), 1):
        opening = number <= count
        at = rhythm.begins_at if opening else rng.randrange(rhythm.begins_at + DAY, rhythm.ends_at)
        plan = rng.choices(list(PLANS), _PLAN_SHARES)[0]
        key = f"P-{number:04}"
        changes.append(PlanChange(key, at, customer, plan, 0, PLANS[plan], opening))
        changes += _goes_on(rng, rhythm, changes[-1])
    return sorted(changes, key=lambda change: (change.at, change.subscription))


def _goes_on(rng: random.Random, rhythm: Rhythm, first: PlanChange) -> list[PlanChange]:
    """Let months pass: most stay, some change their plan, some leave."""
    found, at, plan = [first], first.at, first.plan
    while (at := at + rng.randrange(28, 33) * DAY) < rhythm.ends_at:
        before = PLANS[plan]
        if rng.random() < _ENDS:
            return [*found[1:], PlanChange(first.subscription, at, first.customer, plan, before, 0)]
        if rng.random() < 0.02:
            plan = rng.choice([name for name in PLANS if name != plan])
            found.append(PlanChange(first.subscription, at, first.customer, plan, before, PLANS[plan]))
    return found[1:]
