"""DeskStory: tells the helpdesk's tickets, by the people, the staff and the rhythm of the whole company."""

from __future__ import annotations

import math
import random
from datetime import date
from typing import Any

from .desk import Desk, Json
from .desk_live import DeskLive
from .people import Customer
from .rhythm import DAY, HOUR, MINUTE, Rhythm
from .shop import Till
from .staff import Agent, Staff
from .texts import DOMAIN, Subject, Texts, Topic

WEBSHOP, WORKSHOP = 11, 12
_CHANNELS, _SHARES = ("email", "web", "chat", "phone"), (34, 32, 20, 14)
_LIVE = ("chat", "phone")
_BOT = 190
_BOT_TRIES = {"chat": 0.5, "web": 0.15}
_BOT_KNOWS = frozenset({"delivery", "login", "size", "invoice"})
_BOT_HELPS = 0.45
_HASTE = {"email": 0.8, "web": 0.65, "chat": 0.45}  # of the time that agents let a mail lie
_CLOSES_AFTER = 4 * DAY  # solved tickets are closed by a rule
_ASKED_AFTER = DAY  # a solved ticket's customer is asked how it was
_SCRUBBED_AFTER, _SCRUBBED = 30 * DAY, 0.1
_ANSWERS_SURVEY = 0.3
_PRIORITIES, _URGENCY = ("low", "normal", "high", "urgent"), (10, 68, 18, 4)


class DeskStory:
    """Fills a desk, ticket by ticket. `rng` is the story's own, so that one seed tells all."""

    def __init__(self, rng: random.Random, rhythm: Rhythm, staff: Staff, texts: Texts, till: Till) -> None:
        self.rng = rng
        self.till = till
        self.rhythm = rhythm
        self.staff = staff
        self.texts = texts
        self.desk = Desk(rhythm.ends_at)
        self.desk.teams = [{"id": WEBSHOP, "name": "Webshop"}, {"id": WORKSHOP, "name": "Workshop"}]
        self._agents: dict[str, int] = {}
        self._customers: dict[str, int] = {}
        self.live = DeskLive(rng, rhythm, self.desk, WEBSHOP)
        self._employ()

    # --- people -------------------------------------------------------------------------------------

    def _employ(self) -> None:
        since = self.rhythm.begins_at - 300 * DAY
        for number, agent in enumerate(self.staff.agents):
            key = 101 + number
            self._agents[agent.name] = key
            person = self._person(
                key, agent.name, agent.address(DOMAIN), "agent" if number else "admin", since
            )
            if agent.joined != date.min:
                person["since"] = self._begin_of(agent.joined)
            if agent.left < self.rhythm.until:
                person["left"] = self._begin_of(agent.left)
            person["team"] = WORKSHOP if number == 3 else WEBSHOP
        bot = self._person(_BOT, "Lark assistant", f"assistant@{DOMAIN}", "bot", since)
        bot["team"] = WEBSHOP

    def _person(self, key: int, name: str, email: str, role: str, since: int) -> Json:
        person: Json = {"id": key, "name": name, "email": email, "role": role, "since": since}
        self.desk.people.append(person)
        return person

    def _begin_of(self, day: date) -> int:
        return self.rhythm.midnight(max((day - self.rhythm.since).days, 0))

    def _requester(self, name: str, address: str, at: int) -> int:
        if address not in self._customers:
            key = 1001 + len(self._customers)
            self._customers[address] = key
            self._person(key, name, address, "customer", at)
        return self._customers[address]

    # --- tickets ------------------------------------------------------------------------------------

    def request(
        self, at: int, customer: Customer, topic: Topic, hope: float, message_id: str | None = None
    ) -> tuple[str, str]:
        """Tell a customer's ticket, and return its subject and text.

        hope: factor on the chance that nobody ever answers. message_id: that of the mail that it came as.
        """
        rng = self.rng
        about = self.texts.details(rng)
        self.till.mention(at, customer, topic, about)
        channel = rng.choices(_CHANNELS, _SHARES)[0] if message_id is None else "email"
        there = self.staff.on_duty(rng, at) if channel in _LIVE else None
        if channel in _LIVE and there is None:
            channel = "web"  # chat and telephone are shut: they take the form
        priority = rng.choices(_PRIORITIES, _URGENCY)[0] if rng.random() < 0.8 else None
        who = self._requester(customer.name, customer.address, at)
        subject, text = (
            rng.choice(topic.subjects).format(**about),
            rng.choice(topic.questions).format(**about),
        )
        if there is not None and self.live.missed(at, channel):
            if channel == "chat":
                self.live.chat_nobody_took(at, who, text)
            else:
                self.live.call_nobody_took(at, who)
            return subject, text
        ticket = _Ticket(self._number(), who, subject, channel, at, text, priority)
        if message_id is not None:
            ticket.updates[0]["message_id"] = message_id
        self.desk.tickets.append(ticket.data)
        if channel == "phone" and there is not None:
            del ticket.updates[0]["say"]
            ticket.data["subject"] = f"Call with {customer.name}"
            self.live.call(ticket.data, self._agents[there.name], there, topic)
        elif self._bot_solves(ticket, topic, about):
            self._end(ticket, None)
        elif rng.random() < topic.unanswered * hope:
            self._let_go(ticket)
        else:
            if channel != "chat" and rng.random() < 0.012:
                self._nudge(ticket)
            self._converse(ticket, topic, about)
        ticket.cut(self.rhythm.ends_at)
        if channel == "chat":
            self.live.chat_of(ticket.data)
        return subject, text

    def spam(self, day: int, offer: Subject) -> None:
        """Tell a stranger's ticket, which an agent deletes; some are scrubbed a month later."""
        at = self.rhythm.moment(self.rng, day)
        who = self._requester(offer.sender.partition("@")[0].title(), offer.sender, at)
        text = "Dear sir or madam, this is an offer for you only. Answer today."
        ticket = _Ticket(self._number(), who, offer.subject, "email", at, text, None)
        self.desk.tickets.append(ticket.data)
        found = self.staff.answer(self.rng, at, None)
        if found is not None:
            gone = ticket.add(found[1], self._agents[found[0].name], deleted=True)
            if self.rng.random() < _SCRUBBED:
                ticket.add(gone + _SCRUBBED_AFTER, None, scrubbed=True)
        ticket.cut(self.rhythm.ends_at)

    def _number(self) -> int:
        return 5001 + len(self.desk.tickets)

    def _bot_solves(self, ticket: _Ticket, topic: Topic, about: Json) -> bool:
        """Let the bot try; return whether the customer left it at that."""
        rng = self.rng
        if topic.tag not in _BOT_KNOWS or rng.random() >= _BOT_TRIES.get(ticket.channel, 0.0):
            return False
        text = rng.choice(topic.answers).format(**about)
        said = ticket.add(
            ticket.last + rng.randrange(4, 15),
            _BOT,
            say=text,
            status="pending",
            team=WEBSHOP,
            tags=[topic.tag],
        )
        if rng.random() < _BOT_HELPS:
            ticket.add(said + 10 * MINUTE, _BOT, status="solved")
            return True
        text = rng.choice(topic.further).format(**about)
        ticket.add(said + rng.randrange(40, 240), ticket.requester, say=text, status="open")
        return False

    def _let_go(self, ticket: _Ticket) -> None:
        """Nobody answers; such tickets are solved without a word when somebody tidies up."""
        found = self.staff.answer(self.rng, ticket.last + self.rng.randrange(2, 60) * DAY, None)
        if found is not None:
            ticket.add(found[1], self._agents[found[0].name], status="solved")
            self._close(ticket)

    def _nudge(self, first: _Ticket) -> None:
        """Have the customer write a second ticket about the same, which is merged into the first."""
        rng = self.rng
        at = first.last + rng.randrange(1, 20) * HOUR
        found = self.staff.answer(rng, at, None)
        if found is None or at >= self.rhythm.ends_at:
            return
        text = rng.choice(self.texts.nudges)
        again = _Ticket(self._number(), first.requester, first.data["subject"], "email", at, text, None)
        self.desk.tickets.append(again.data)
        again.add(found[1], self._agents[found[0].name], merged_into=first.data["id"], status="closed")
        again.cut(self.rhythm.ends_at)

    def _converse(self, ticket: _Ticket, topic: Topic, about: Json) -> None:
        rng = self.rng
        chance, agent, haste = topic.asks_again, None, _HASTE[ticket.channel]
        here = self.staff.on_duty(rng, ticket.last) if ticket.channel == "chat" else None
        for turn in range(5):
            found = self._chat(ticket, here) if here else self.staff.answer(rng, ticket.last, agent, haste)
            if found is None:
                return
            agent, replied = found
            what = self._take(agent, topic) if turn == 0 else {}
            again = rng.random() < chance * agent.thorough
            if turn == 0 and topic.tag in ("damaged", "size") and not here and rng.random() < 0.2:
                replied, agent = self._hand_over(ticket, agent, replied, what) or (replied, agent)
                what = {}
            if not again and topic.tag in ("damaged", "refund") and rng.random() < 0.16:
                replied = self._hold(ticket, agent, replied, what)
                what = {}
            status = "pending" if again or (rng.random() < 0.2 and not here) else "solved"
            text = rng.choice(topic.answers).format(**about)
            ticket.add(replied, self._agents[agent.name], say=text, status=status, **what)
            if not again:
                break
            pause = rng.randrange(30, 300) if here else min(int(rng.lognormvariate(9.2, 1.1)), 6 * DAY) + 120
            at = ticket.last + pause if here else self.rhythm.awake(rng, ticket.last + pause)
            ticket.add(at, ticket.requester, say=rng.choice(topic.further).format(**about), status="open")
            chance *= 0.7
        self._end(ticket, agent)

    def _chat(self, ticket: _Ticket, agent: Agent) -> tuple[Agent, int]:
        """Return when an agent who is there answers in a chat: in a minute or three."""
        median = 75 * agent.pace * min(self.rhythm.slowness(ticket.last), 2.0)
        return agent, ticket.last + 12 + int(min(self.rng.lognormvariate(math.log(median), 0.7), 1800))

    def _take(self, agent: Agent, topic: Topic) -> Json:
        """Return what the first reply changes as well."""
        tags = [topic.tag] if self.rng.random() < 0.94 else []
        return {"assignee": self._agents[agent.name], "team": WEBSHOP} | ({"tags": tags} if tags else {})

    def _hand_over(self, ticket: _Ticket, agent: Agent, at: int, what: Json) -> tuple[int, Agent] | None:
        """Hand the ticket over to the workshop with a note; return when and by whom it is answered there."""
        found = self.staff.answer(self.rng, at, None)
        if found is None:
            return None
        other, replied = found
        note = "Could you have a look at this? Parts and sizes are yours."
        moved = what | {"team": WORKSHOP, "assignee": self._agents[other.name]}
        ticket.add(at, self._agents[agent.name], say=note, public=False, status="open", **moved)
        return replied, other

    def _hold(self, ticket: _Ticket, agent: Agent, at: int, what: Json) -> int:
        """Put the ticket on hold for the supplier; return when the reply follows."""
        note = "Asked the supplier for the part."
        ticket.add(at, self._agents[agent.name], say=note, public=False, status="hold", **what)
        later = self.staff.later(
            agent, at + self.rng.randrange(1, 4) * DAY, self.rng.randrange(600, 4 * HOUR)
        )
        return later or at + 4 * DAY

    # --- the end of a ticket ------------------------------------------------------------------------

    def _end(self, ticket: _Ticket, agent: Agent | None) -> None:
        """Solve what waits for a silent customer, let some come back, ask how it was, close."""
        rng = self.rng
        if ticket.status == "pending":
            ticket.add(ticket.last + 5 * DAY, None, status="solved")
        reopened = agent is not None and rng.random() < 0.055
        if agent is not None and reopened:
            at = self.rhythm.awake(rng, ticket.last + rng.randrange(2 * HOUR, 3 * DAY))
            ticket.add(at, ticket.requester, say=rng.choice(self.texts.later), status="open")
            found = self.staff.answer(rng, at, agent)
            if found is None:
                return
            who = self._agents[found[0].name]
            ticket.add(found[1], who, say="I'm sorry about that. A new one is on its way.", status="solved")
        if agent is not None:
            self._ask(ticket, reopened=reopened)
        self._close(ticket)

    def _close(self, ticket: _Ticket) -> None:
        ticket.add(ticket.last + _CLOSES_AFTER, None, status="closed")

    def _ask(self, ticket: _Ticket, *, reopened: bool) -> None:
        """Offer a survey; who waited long or had to come back is less pleased.

        Answers by e-mail have a link to a survey of another program instead: see `voices`.
        """
        if ticket.channel == "email":
            return
        rng = self.rng
        offered = ticket.last + _ASKED_AFTER
        survey: Json = {"offered": offered}
        ticket.data["survey"] = survey
        if rng.random() >= _ANSWERS_SURVEY:
            return
        waited = ticket.first_reply - ticket.data["updates"][0]["at"]
        pleased = 0.91 - 0.2 * reopened - min(waited / (4 * DAY), 0.3)
        survey["answered"] = offered + 60 + int(min(rng.lognormvariate(9.5, 1.2), 3 * DAY))
        survey["score"] = "good" if rng.random() < pleased else "bad"
        if survey["score"] == "bad" and rng.random() < 0.5:
            survey["comment"] = "It took too long." if waited > DAY else "That didn't solve it."


class _Ticket:
    """A ticket while it is told: its updates stand in order of time, however they are reckoned."""

    def __init__(
        self,
        number: int,
        requester: int,
        subject: str,
        channel: str,
        at: int,
        text: str,
        priority: str | None,
    ) -> None:
        self.requester, self.channel = requester, channel
        self.updates: list[Json] = [{"at": at, "by": requester, "say": text, "status": "new"}]
        self.data: Json = {
            "id": number,
            "requester": requester,
            "subject": subject,
            "channel": channel,
            "priority": priority,
            "updates": self.updates,
        }
        self.status = "new"
        self.first_reply = 0

    @property
    def last(self) -> int:
        """When it was updated last."""
        return int(self.updates[-1]["at"])

    def add(self, at: int, by: int | None, **what: Any) -> int:
        """Add an update, and return when it was."""
        at = max(at, self.last + 1)
        self.updates.append({"at": at, "by": by} | what)
        self.status = what.get("status", self.status)
        if "say" in what and what.get("public", True) and by != self.requester:
            self.first_reply = self.first_reply or at
        return at

    def cut(self, end: int) -> None:
        """Leave out what hasn't happened yet at the end of the story."""
        self.updates[1:] = [update for update in self.updates[1:] if update["at"] < end - 60]
        survey = self.data.get("survey")
        if survey is not None and survey["offered"] >= end - 60:
            del self.data["survey"]
        elif survey is not None and survey.get("answered", 0) >= end - 60:
            for name in ("answered", "score", "comment"):
                survey.pop(name, None)
