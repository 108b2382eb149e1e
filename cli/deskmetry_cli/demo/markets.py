"""Markets: a year of what buyers on marketplaces write, as plain data that an emulator can serve."""

from __future__ import annotations

import random
from typing import Any

from .desk import Json
from .people import Customer, People
from .rhythm import DAY, HOUR, MINUTE, Rhythm
from .shop import PRICES
from .staff import Agent, Staff
from .texts import DOMAIN, Texts, Topic

SELLERS = ("Jonas Brandt", "Tom Okafor", "Pieter de Vries", "Emre Demir")
"""Those who answer on marketplaces."""
_CHANNELS, _SHARES = ("amazon", "ebay"), (62, 38)
_RELAYS = {"amazon": "relay.amazon-buyers.example", "ebay": "members.ebay-buyers.example"}
_TOPICS = {"delivery": 46, "refund": 26, "damaged": 18, "invoice": 10}
_HASTE = 0.55  # marketplaces count hours
_KNOWN = 0.35  # share of the buyers who are customers of the shop, too: their telephone number tells
_GOODS = ("Harbour helmet", "Storm rain jacket", "Pannier set", "Comet headlight", "Wren saddle", "Tern lock")
_ORDERS = 2.5  # orders that nobody asks about, for each one with a ticket
_RATES, _SCORES, _SCORE_SHARES = 0.12, ("5/5", "4/5", "3/5", "2/5", "1/5"), (48, 27, 10, 6, 9)


class MarketStory:
    """Fills the account of the marketplaces; buyers hide behind addresses that the marketplaces lend them."""

    def __init__(
        self, rng: random.Random, rhythm: Rhythm, agents: tuple[Agent, ...], texts: Texts, people: People
    ) -> None:
        self.rng, self.rhythm, self.texts, self.people = rng, rhythm, texts, people
        self.writers = list(people.customers)
        self.staff = Staff(tuple(agent for agent in agents if agent.name in SELLERS), rhythm)
        self.topics = {topic.tag: topic for topic in texts.topics}
        self.users = {agent.name: 51 + number for number, agent in enumerate(self.staff.agents)}
        self.contacts: list[Json] = []
        self.tickets: list[Json] = []
        self.orders: list[Json] = []

    def tell(self, token: str) -> Json:
        """Return the account with all of its tickets and orders."""
        for at in self.rhythm.arrivals(self.rng):
            self._ticket(at)
            for _ in range(int(_ORDERS + self.rng.random())):
                moment = self.rng.randrange(self.rhythm.begins_at, self.rhythm.ends_at - HOUR)
                self._order(self._contact(self.rng.choices(_CHANNELS, _SHARES)[0]), moment, "delivery")
        agents = [
            {"id": self.users[one.name], "name": one.name, "email": one.address(DOMAIN), "role": "agent"}
            for one in self.staff.agents
        ]
        return {
            "token": token,
            "now": self.rhythm.ends_at,
            "people": [*agents, *self.contacts],
            "tickets": self.tickets,
            "orders": self.orders,
        }

    def _contact(self, channel: str) -> int:
        """Return a buyer; the marketplace shows a relay address, and now and then a telephone number."""
        rng, key = self.rng, 9_001 + len(self.contacts)
        buyer: Customer = rng.choice(self.writers) if rng.random() < _KNOWN else self.people.buys(rng)
        row: Json = {
            "id": key,
            "name": buyer.name,
            "email": f"{rng.getrandbits(48):012x}@{_RELAYS[channel]}",
            "role": "customer",
        }
        if buyer.phone is not None:
            row["phone"] = buyer.phone
        self.contacts.append(row)
        return key

    def _order(self, contact: int, at: int, topic: str) -> None:
        product = self.rng.choice(_GOODS)
        # A parcel takes a few days; a return comes back later still.
        age = self.rhythm.ends_at - at
        sent = "Delivered" if age > 4 * DAY else "OrderShipped" if age > DAY else "PaymentReceived"
        status = "Returned" if topic == "refund" and age > 10 * DAY else sent
        self.orders.append(
            {
                "id": 300_001 + len(self.orders),
                "customer": contact,
                "at": at,
                "total": PRICES[product][0] / 100,
                "currency": "EUR",
                "status": status,
            }
        )

    # --- one ticket -----------------------------------------------------------------------------------

    def _ticket(self, at: int) -> None:
        rng = self.rng
        tag = rng.choices(list(_TOPICS), list(_TOPICS.values()))[0]
        topic, channel = self.topics[tag], rng.choices(_CHANNELS, _SHARES)[0]
        contact = self._contact(channel)
        self._order(contact, at - rng.randrange(3, 15) * DAY, tag)
        about = self.texts.details(rng) | {"order": self._number(channel), "product": rng.choice(_GOODS)}
        ticket: Json = {
            "id": 70_001 + len(self.tickets),
            "requester": contact,
            "subject": rng.choice(topic.subjects).format(**about),
            "channel": channel,
        }
        updates: list[Json] = [{"at": at, "by": contact, "say": rng.choice(topic.questions).format(**about)}]
        if rng.random() < 0.25:  # at night and on Sundays a rule says when somebody will be there
            updates.append({"at": at + 5, "by": None, "say": self.texts.acknowledgement})
        if rng.random() < 0.97:
            self._converse(updates, contact, topic, about)
        elif (found := self.staff.answer(rng, at + rng.randrange(2, 20) * DAY, None)) is not None:
            updates.append({"at": found[1], "by": self.users[found[0].name], "status": "closed"})  # tidied up
        end = self.rhythm.ends_at - 60
        ticket["updates"] = [updates[0], *(update for update in updates[1:] if update["at"] < end)]
        last = ticket["updates"][-1]
        if "status" in last and rng.random() < _RATES and last["at"] + 2 * DAY < end:
            score = rng.choices(_SCORES, _SCORE_SHARES)[0]
            ticket["survey"] = {"answered": last["at"] + rng.randrange(HOUR, 2 * DAY), "score": score}
        self.tickets.append(ticket)

    def _number(self, channel: str) -> str:
        draw = self.rng.randrange
        if channel == "amazon":
            return f"30{draw(2, 7)}-{draw(10**6, 10**7)}-{draw(10**6, 10**7)}"
        return f"{draw(10, 30)}-{draw(10_000, 99_999)}-{draw(10_000, 99_999)}"

    def _converse(self, updates: list[Json], contact: int, topic: Topic, about: dict[str, Any]) -> None:
        rng, agent, chance = self.rng, None, topic.asks_again * 0.7
        asked = updates[0]["at"]
        for _ in range(4):
            found = self.staff.answer(rng, asked, agent, _HASTE)
            if found is None:
                return
            agent, at = found
            who = self.users[agent.name]
            again = rng.random() < chance
            change = {"status": "pending" if again else "closed", "assignee": who, "tags": [topic.tag]}
            updates.append({"at": at, "by": who, "say": rng.choice(topic.answers).format(**about)} | change)
            if rng.random() < 0.08:
                note = "Waiting for the carrier's answer."
                updates.insert(-1, {"at": at - MINUTE, "by": who, "say": note, "public": False})
            if not again:
                return
            asked = self.rhythm.awake(rng, at + min(int(rng.lognormvariate(9.4, 1.0)), 4 * DAY) + 300)
            updates.append({"at": asked, "by": contact, "say": rng.choice(topic.further).format(**about)})
            chance *= 0.6
