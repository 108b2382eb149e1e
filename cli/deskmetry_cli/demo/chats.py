"""Chats: a year of the chat window on the company's pages, as plain data that an emulator can serve."""

from __future__ import annotations

import math
import random
from typing import Any

from .desk import Json
from .people import Customer, People
from .rhythm import DAY, MINUTE, Rhythm
from .shop import PRICES, Till
from .staff import Agent, Staff
from .texts import DOMAIN, Texts, Topic

SALES, SERVICE = 1, 2
BOT = "8f2d1c6a90b74e0c9a51d0be7a4437c1"
_OPEN = dict.fromkeys(range(5), (9, 18)) | {5: (10, 16)}  # hours of the chat window by weekday
_PAGES = {"size": "/bikes/find-your-size", "login": "/account", "praise": "/", "invoice": "/account/orders"}
_OTHER_PAGE = "/help/delivery-and-returns"
_REFERRERS = ("https://search.example/", "https://bike-reviews.example/tests", None, None)
_BOT_KNOWS = frozenset({"delivery", "login", "size", "invoice"})
_BOT_TRIES, _BOT_HELPS = 0.4, 0.45
_MISSED, _LEFT = (0.03, 0.16), (0.02, 0.08)  # usual, in the bad week
_ANONYMOUS, _GIVES_PHONE = 0.12, 0.25
_KNOWN = 0.4  # share of the chats of people who wrote before, by whatever way
_RATES, _LATE = 0.3, 0.1
_BUYS = {"size": 0.3, "praise": 0.1}
_ENDS = ("manual_archived_agent", "manual_archived_customer", "routing.archived_inactive")


class ChatStory:
    """Fills the account of the chat window. `rng` is its own, so that it changes nothing else."""

    def __init__(
        self, rng: random.Random, rhythm: Rhythm, staff: Staff, texts: Texts, people: People, till: Till
    ) -> None:
        self.rng, self.rhythm, self.staff, self.texts, self.till = rng, rhythm, staff, texts, till
        self.people = people
        self.writers = list(people.customers)
        self.chats: list[Json] = []
        self._visitors: dict[str, Json] = {}

    def tell(self, token: str) -> Json:
        """Return the account with all of its chats."""
        for at in self.rhythm.arrivals(self.rng):
            begin = self._opened(at)
            if begin is not None:
                self._chat(begin)
        self.chats.sort(key=lambda chat: int(chat["began"]))
        for number, chat in enumerate(self.chats, 1):
            chat["id"] = f"T{number:05}"
            chat["updates"].sort(key=lambda update: int(update["at"]))
        teams = [{"id": SALES, "name": "Sales"}, {"id": SERVICE, "name": "Service"}]
        people = [*self._agents(), *self._visitors.values()]
        return {
            "token": token,
            "now": self.rhythm.ends_at,
            "teams": teams,
            "people": people,
            "chats": self.chats,
        }

    def _agents(self) -> list[Json]:
        found: list[Json] = [{"id": BOT, "name": "Lark assistant", "email": "", "role": "bot"}]
        for number, agent in enumerate(self.staff.agents):
            address = agent.address(DOMAIN)
            row = {
                "id": address,
                "name": agent.name,
                "email": address,
                "role": "agent" if number else "admin",
            }
            # Whoever left isn't in the list of agents any more, as LiveChat has it.
            found.append(row | ({"left": True} if agent.left < self.rhythm.until else {}))
        return found

    def _opened(self, at: int) -> int | None:
        """Return an instant of that day at which the window is open; None if it opens not at all."""
        day = self.rhythm.day(at)
        hours = _OPEN.get(self.rhythm.local_date(day).weekday())
        if hours is None:
            return None
        begin, end = (self.rhythm.midnight(day) + hour * 3600 for hour in hours)
        return at if begin <= at < end else self.rng.randrange(begin, end)

    def _visitor(self, at: int) -> tuple[Customer, Json]:
        """Return who chats, and what the window knows of them: some leave no address before they ask."""
        rng = self.rng
        span = (at - self.rhythm.begins_at) / (self.rhythm.ends_at - self.rhythm.begins_at)
        seen = int(len(self.writers) * span)
        known = seen > 20 and rng.random() < _KNOWN
        customer = self.writers[rng.randrange(seen)] if known else self.people.buys(rng)
        key = f"{rng.getrandbits(32):08x}-{rng.getrandbits(16):04x}-4000-8000-{rng.getrandbits(48):012x}"
        if rng.random() < _ANONYMOUS:
            row = {"id": key, "name": "Visitor", "email": None, "role": "customer"}
            self._visitors[key] = row
            return customer, row
        if customer.address not in self._visitors:
            row = {"id": key, "name": customer.name, "email": customer.address, "role": "customer"}
            if customer.phone and rng.random() < _GIVES_PHONE:
                row["phone"] = customer.phone
            self._visitors[customer.address] = row
        return customer, self._visitors[customer.address]

    # --- one chat -------------------------------------------------------------------------------------

    def _chat(self, at: int) -> None:
        rng = self.rng
        customer, visitor = self._visitor(at)
        topic = rng.choices(self.texts.topics, [topic.share for topic in self.texts.topics])[0]
        about = self.texts.details(rng)
        self.till.mention(at, customer, topic, about)
        talk = _Talk(at, visitor["id"], SALES if topic.tag in ("size", "praise") else SERVICE)
        talk.chat["page"] = f"https://www.{DOMAIN}{_PAGES.get(topic.tag, _OTHER_PAGE)}"
        if (referrer := rng.choice(_REFERRERS)) is not None:
            talk.chat["referrer"] = referrer
        self.chats.append(talk.chat)
        talk.say(at + rng.randrange(1, 6), visitor["id"], rng.choice(topic.questions).format(**about))
        if topic.tag in _BOT_KNOWS and rng.random() < _BOT_TRIES and self._bot_solves(talk, topic, about):
            return
        bad = self.rhythm.in_bad_week(at)
        agent, chance = self.staff.on_duty(rng, at), rng.random()
        talk.chat["queued"] = rng.randrange(90, 420) if bad else rng.randrange(25)
        if chance < _LEFT[bad]:
            self._gives_up(talk)
        elif agent is None or chance < _LEFT[bad] + _MISSED[bad]:
            self._missed(talk, agent)
        else:
            self._converse(talk, agent, topic, about)
            if visitor.get("email"):
                self._buys(talk, customer, topic, about)

    def _bot_solves(self, talk: _Talk, topic: Topic, about: Json) -> bool:
        """Let the bot try; return whether that was all that the customer wanted."""
        rng = self.rng
        talk.add(talk.last + 1, assign=BOT)
        talk.say(talk.last + rng.randrange(2, 9), BOT, rng.choice(topic.answers).format(**about))
        if rng.random() < _BOT_HELPS:
            talk.chat["resolved"] = True
            talk.chat["tags"] = [topic.tag]
            talk.end(talk.last + rng.randrange(30, 240), _ENDS[1])
            return True
        talk.say(talk.last + rng.randrange(20, 120), talk.visitor, "Can I talk to somebody, please?")
        return False

    def _gives_up(self, talk: _Talk) -> None:
        talk.chat["queued"] = self.rng.randrange(70, 400)
        talk.end(talk.last + int(talk.chat["queued"]), "archived_customer_disconnected")

    def _missed(self, talk: _Talk, agent: Agent | None) -> None:
        """Assign it, as the program does by itself, to somebody who never writes."""
        if agent is not None:
            talk.add(talk.last + int(talk.chat["queued"]), assign=agent.address(DOMAIN))
        talk.end(talk.last + self.rng.randrange(5 * MINUTE, 20 * MINUTE), _ENDS[2])

    def _converse(self, talk: _Talk, agent: Agent, topic: Topic, about: Json) -> None:
        rng, who = self.rng, agent.address(DOMAIN)
        began = talk.last
        talk.add(began + int(talk.chat["queued"]), assign=who)
        talk.say(talk.last, who, f"Hello, you're talking to {agent.first_name}.", welcome=True)
        median = 48 * agent.pace * min(self.rhythm.slowness(began), 2.2)
        talk.say(
            talk.last + 8 + int(min(rng.lognormvariate(math.log(median), 0.6), 900)),
            who,
            rng.choice(topic.answers).format(**about),
        )
        waited = talk.last - began
        for turn in range(4):
            if rng.random() >= 0.62 - 0.12 * turn:
                break
            talk.say(
                talk.last + rng.randrange(15, 150), talk.visitor, rng.choice(topic.further).format(**about)
            )
            if turn == 0 and topic.tag == "damaged" and rng.random() < 0.25:
                other = self.staff.on_duty(rng, talk.last)
                if other is not None and other is not agent:
                    talk.say(talk.last + 30, who, "Please take over: which part is it?", public=False)
                    who = other.address(DOMAIN)
                    talk.add(talk.last + 20, assign=who)
            pause = 15 + int(min(rng.lognormvariate(math.log(median), 0.6), 900))
            talk.say(talk.last + pause, who, rng.choice(topic.answers).format(**about))
        if rng.random() < 0.5:
            talk.say(talk.last + rng.randrange(8, 60), talk.visitor, rng.choice(self.texts.thanks))
        talk.chat["tags"] = [topic.tag] if rng.random() < 0.9 else []
        talk.end(talk.last + rng.randrange(20, 400), rng.choices(_ENDS, (60, 28, 12))[0])
        self._rate(talk, waited, agent)

    def _rate(self, talk: _Talk, waited: int, agent: Agent) -> None:
        """Have some customers rate, mostly at once; who waited long is less pleased."""
        rng = self.rng
        if rng.random() >= _RATES:
            return
        pleased = 0.94 - min(waited / 1500, 0.35) - 0.05 * (agent.thorough == 1.0)
        score = int(rng.random() < pleased)
        later = rng.randrange(DAY, 5 * DAY) if rng.random() < _LATE else rng.randrange(5, 90)
        at = int(talk.chat["ended"]) + later
        if at < self.rhythm.ends_at - 60:
            comment = rng.choice(("Took too long.", "That didn't help.")) if not score else "Great, thanks!"
            talk.add(at, rate=score, **({"comment": comment} if rng.random() < 0.4 else {}))

    def _buys(self, talk: _Talk, customer: Customer, topic: Topic, about: Json) -> None:
        """Have some buy what they asked about while they chat: the shop reports it into the chat."""
        if self.rng.random() >= _BUYS.get(topic.tag, 0.0):
            return
        at, product = int(talk.chat["ended"]) - 5, str(about["product"])
        total = round(PRICES[product][0] * 1.19) / 100
        talk.add(at, order={"id": about["order"], "total": total, "currency": "EUR"})
        self.till.sell(str(about["order"]), at, customer, product)


class _Talk:
    """A chat while it is told; what happens in it stands in order of time."""

    def __init__(self, at: int, visitor: str, team: int) -> None:
        self.visitor, self.last = visitor, at
        self.updates: list[Json] = []
        self.chat: Json = {
            "id": "", "customer": visitor, "began": at, "team": team, "updates": self.updates,
        }  # fmt: skip

    def say(self, at: int, by: str, words: str, **more: Any) -> None:
        """Have somebody write."""
        self.add(at, by=by, say=words, **more)

    def add(self, at: int, **what: Any) -> None:
        """Add what happened."""
        self.last = max(at, self.last)
        self.updates.append({"at": at} | what)

    def end(self, at: int, how: str) -> None:
        """Archive it."""
        self.chat |= {"ended": at, "how": how}
        self.last = at
