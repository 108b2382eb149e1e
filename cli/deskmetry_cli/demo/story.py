"""Story: tells the year thread by thread, from a seeded random generator and nothing else."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date
from zoneinfo import ZoneInfo

from .chats import ChatStory
from .company import MAILBOXES, ZONE, DemoCompany, Kind, Letter, Thread, count
from .desk_story import DeskStory
from .envelope import OTHER
from .markets import MarketStory
from .people import People
from .rhythm import DAY, Rhythm
from .shop import Till, subscribe
from .staff import Agent, Staff, hire
from .texts import Topic, load
from .voices import VoiceStory

TICKETS_PER_YEAR = 3_000
_DESK = 0.42  # share of the requests that come to the helpdesk
_CHATS, _MARKETS = 0.2, 0.08  # as many chats and tickets of marketplaces for each other request
_BOTH = 0.02  # share of the mails that go to the helpdesk's address, too
_FORM = 0.15  # share of the requests that come through the contact form
_MISTYPED = 0.03  # share of those with an address that doesn't exist
_ABSENT = 0.015  # share of our replies that meet an out-of-office
_REOPENS = 0.045
_REPORTS = (
    (MAILBOXES[0], "Parcels returned", "This week's returns are in the list.", "reports@parcelhub.example"),
    (MAILBOXES[1], "Closing", "All payments until today are booked.", "reports@paydesk.example"),
)
_COMMON = ("urgent", "vip", "wholesale")


def tell(seed: int, until: date, tickets_per_year: int = TICKETS_PER_YEAR) -> DemoCompany:
    """Return the company's year up to the local midnight that begins `until`.

    tickets_per_year: those of the mailboxes and the helpdesk, by which all other numbers go.
    """

    def draw(part: str) -> random.Random:
        """Return a generator of a part's own, so that no part changes another one."""
        return random.Random(f"{seed} {part}")  # noqa: S311 - a story, no secret

    def rhythm(share: float) -> Rhythm:
        return Rhythm(until, ZoneInfo(ZONE), max(round(tickets_per_year * share), 1))

    story, token = _Story(random.Random(seed), rhythm(1.0)), f"made-up-{seed}-{until}"  # noqa: S311
    threads = list(story.threads())
    truth = count(threads)
    whole, people, staff, texts = story.rhythm, story.people, story.staff, story.texts
    truth.bad_week, truth.better_from = whole.bad_week, whole.better_from
    customers = list(people.customers)
    chats = ChatStory(draw("chats"), rhythm(_CHATS), staff, texts, people, story.till).tell(token)
    markets = MarketStory(draw("markets"), rhythm(_MARKETS), staff.agents, texts, people).tell(token)
    orders = story.till.fill(draw("orders"), people, tickets_per_year)
    plans = subscribe(draw("plans"), whole, orders, tickets_per_year)
    desk = story.desk.desk
    voices = VoiceStory(draw("voices"), whole, desk, orders).tell(token, tickets_per_year)
    return DemoCompany(
        whole.since, until, token, staff.agents, customers, threads,
        desk, chats, markets, voices, orders, plans, truth,
    )  # fmt: skip


class _Story:
    def __init__(self, rng: random.Random, rhythm: Rhythm) -> None:
        self.rng = rng
        self.rhythm = rhythm
        self.texts = load()
        self.people = People(self.texts.first_names, self.texts.last_names)
        self.staff = Staff(hire(rhythm), rhythm)
        self.till = Till(rhythm)
        self.desk = DeskStory(rng, rhythm, self.staff, self.texts, self.till)
        self._per_day = (1 - _DESK) * sum(rhythm.expected) / rhythm.days

    def threads(self) -> Iterator[Thread]:
        for at in self.rhythm.arrivals(self.rng):
            hope = 0.4 if at >= self._better_at() else 1.0
            if self.rng.random() < _DESK:
                self.desk.request(at, self.people.writes(self.rng), self._topic(at), hope)
            elif self.rng.random() < _BOTH:
                yield self._both(at, hope)
            else:
                yield self._cut(self._request(at, hope))
        for day in range(self.rhythm.days):
            for make, share in ((self._outbound, 0.035), (self._spam, 0.09)):
                for _ in range(self._some(self._per_day * share)):
                    thread = make(day)
                    if thread is not None and thread.letters[0].at < self.rhythm.ends_at:
                        yield self._cut(thread)
            for _ in range(self._some(self._per_day * 0.02)):
                self.desk.spam(day, self.rng.choice(self.texts.spam))
            yield from self._bulk(day)

    def _cut(self, thread: Thread) -> Thread:
        """Leave out what hasn't happened yet at the end of the story."""
        thread.letters = [letter for letter in thread.letters if letter.at < self.rhythm.ends_at]
        return thread

    def _some(self, expected: float) -> int:
        return int(expected) + (self.rng.random() < expected % 1)

    # --- requests -----------------------------------------------------------------------------------

    def _both(self, at: int, hope: float) -> Thread:
        """Have a customer write to a mailbox and to the helpdesk at once; it is answered in the helpdesk."""
        customer, topic = self.people.writes(self.rng), self._topic(at)
        key = f"CA+{self.rng.getrandbits(104):026x}@mail.{customer.address.partition('@')[2]}"
        subject, text = self.desk.request(at, customer, topic, hope, key)
        letter = Letter(at, Kind.CUSTOMER, text, customer.address, message_id=key)
        return Thread(subject, topic.mailbox, [letter], customer, topic.tag, mirrored=True)

    def _request(self, at: int, hope: float) -> Thread:
        rng = self.rng
        customer = self.people.writes(rng)
        topic = self._topic(at)
        about = self.texts.details(rng)
        self.till.mention(at, customer, topic, about)
        address = customer.address
        if customer.other_address and rng.random() < 0.3:
            address = customer.other_address
        by_form = rng.random() < _FORM
        first = Letter(
            at, Kind.FORM if by_form else Kind.CUSTOMER, rng.choice(topic.questions).format(**about), address
        )
        if by_form and rng.random() < _MISTYPED:
            first.address = address.replace("@", "@www.")
        mailbox = MAILBOXES[0] if by_form else topic.mailbox
        first.twice = not by_form and mailbox in OTHER and rng.random() < 0.003
        subject = rng.choice(topic.subjects).format(**about)
        thread = Thread(subject, mailbox, [first], customer, topic.tag, self._tags(topic))
        if by_form:
            text = self.texts.acknowledgement
            thread.letters.append(
                Letter(at + rng.randrange(15, 90), Kind.ACKNOWLEDGEMENT, text, first.address)
            )
        if rng.random() >= topic.unanswered * hope:
            self._converse(thread, topic, about)
        else:
            self._neglect(thread, topic, about)
        return thread

    def _neglect(self, thread: Thread, topic: Topic, about: dict[str, object]) -> None:
        """Have somebody mark the mail as answered without an answer, or come across it weeks later."""
        first = thread.letters[0]
        first.elsewhere = self.rng.random() < 0.4
        if not first.elsewhere:
            found = first.at + self.rng.randrange(20, 120) * DAY
            self._reply(thread, found, None, self.rng.choice(topic.answers).format(**about))

    def _better_at(self) -> int:
        return self.rhythm.midnight((self.rhythm.better_from - self.rhythm.since).days)

    def _topic(self, at: int) -> Topic:
        # The bad week is a carrier's strike: nearly everybody asks where the parcel is.
        factor = 3.5 if self.rhythm.in_bad_week(at) else 1.0
        shares = [topic.share * (factor if topic.tag == "delivery" else 1.0) for topic in self.texts.topics]
        return self.rng.choices(self.texts.topics, shares)[0]

    def _tags(self, topic: Topic) -> tuple[str, ...]:
        chance = self.rng.random()
        if chance < 0.06:
            return ()  # nobody had the time
        return (topic.tag, self.rng.choice(_COMMON)) if chance > 0.9 else (topic.tag,)

    def _converse(self, thread: Thread, topic: Topic, about: dict[str, object]) -> None:
        rng = self.rng
        chance, asked, agent = topic.asks_again, thread.letters[0].at, None
        for _ in range(5):
            agent = self._reply(thread, asked, agent, rng.choice(topic.answers).format(**about))
            if agent is None:
                return
            if thread.letters[0].mistyped:
                last = thread.letters[-1]
                thread.letters.append(Letter(last.at + rng.randrange(41, 90), Kind.BOUNCE, "", last.address))
                return
            if rng.random() >= chance * agent.thorough:
                break
            asked = self._writes_again(thread, rng.choice(topic.further).format(**about))
            chance *= 0.7
        self._end(thread, agent)

    def _end(self, thread: Thread, agent: Agent | None) -> None:
        """Let some customers say thank you, and some come back when all seemed done."""
        rng = self.rng
        if rng.random() < 0.06:
            asked = self._writes_again(thread, rng.choice(self.texts.thanks))
            if rng.random() < 0.25:
                thread.letters[-1].elsewhere = True  # needs no answer, and is marked as done
            else:
                agent = self._reply(thread, asked, agent, rng.choice(self.texts.welcome))
        if agent is not None and thread.letters[-1].kind is Kind.REPLY and rng.random() < _REOPENS:
            asked = self._writes_again(thread, rng.choice(self.texts.later), after=rng.randrange(8, 36) * DAY)
            self._reply(
                thread,
                asked,
                agent,
                rng.choice(self.texts.topics[0].answers).format(**self.texts.details(rng)),
            )

    def _reply(self, thread: Thread, asked: int, before: Agent | None, text: str) -> Agent | None:
        """Add the reply; perhaps a reminder before it, perhaps an out-of-office after it."""
        rng = self.rng
        answer = self.staff.answer(rng, asked, before)
        if answer is None or asked >= self.rhythm.ends_at:
            return None
        agent, replied = answer
        address = thread.letters[-1].address
        if replied - asked > 1.5 * DAY and not thread.letters[0].mistyped and rng.random() < 0.2:
            nudged = asked + rng.randrange(DAY, replied - asked - 3600)
            thread.letters.append(Letter(nudged, Kind.CUSTOMER, rng.choice(self.texts.nudges), address))
        twice = rng.random() < 0.005  # the agent put our own address into Cc
        thread.letters.append(Letter(replied, Kind.REPLY, text, address, agent, twice=twice))
        if rng.random() < _ABSENT and not thread.letters[0].mistyped:
            thread.letters.append(
                Letter(replied + rng.randrange(4, 40), Kind.AUTO_REPLY, self.texts.absence, address)
            )
        return agent

    def _writes_again(self, thread: Thread, text: str, after: int | None = None) -> int:
        """Add the customer's next mail, by default some hours after the last one, and return its instant."""
        rng = self.rng
        customer, address = thread.customer, thread.letters[-1].address
        lost = after is None and rng.random() < 0.015
        if after is None:
            after = min(int(rng.lognormvariate(9.4, 1.1)), 6 * DAY) + 120
        at = self.rhythm.awake(rng, thread.letters[-1].at + after)
        if customer is not None and customer.other_address and rng.random() < 0.4:
            lost = False
            other = {customer.address: customer.other_address, customer.other_address: customer.address}
            address = other[address]
        thread.letters.append(Letter(at, Kind.CUSTOMER, text, address, without_headers=lost))
        return at

    # --- everything else ----------------------------------------------------------------------------

    def _outbound(self, day: int) -> Thread | None:
        rng = self.rng
        answer = self.staff.answer(rng, self.rhythm.moment(rng, day), None)
        if answer is None:
            return None
        agent, at = answer
        customer = rng.choice(self.people.customers)
        about = self.texts.details(rng)
        notice = rng.choice(self.texts.outbound)
        first = Letter(at, Kind.REPLY, notice.text.format(**about), customer.address, agent)
        thread = Thread(notice.subject.format(**about), MAILBOXES[1], [first], customer, None, ("outbound",))
        if rng.random() < 0.65:
            asked = self._writes_again(thread, rng.choice(self.texts.confirms))
            if rng.random() < 0.8:
                self._reply(thread, asked, agent, rng.choice(self.texts.welcome))
            else:
                thread.letters[-1].elsewhere = True
        return thread

    def _spam(self, day: int) -> Thread:
        offer = self.rng.choice(self.texts.spam)
        at = self.rhythm.midnight(day) + self.rng.randrange(DAY - 3600)
        text = "Dear sir or madam,\n\nthis is an offer for you only. Answer today."
        letter = Letter(at, Kind.SPAM, text, offer.sender)
        return Thread(offer.subject, self.rng.choice(MAILBOXES), [letter], in_junk=self.rng.random() < 0.8)

    def _bulk(self, day: int) -> Iterator[Thread]:
        """Yield the newsletters of the trade, and each night the shop system's report."""
        weekday = self.rhythm.local_date(day).weekday()
        morning = self.rhythm.midnight(day) + 6 * 3600
        if weekday in (1, 2, 3):
            issue = self.texts.newsletters[weekday - 1]
            text = (
                f"{issue.subject}\n\nThis week: prices, parts and people.\nUnsubscribe with the link below."
            )
            letter = Letter(morning + self.rng.randrange(3600), Kind.NEWSLETTER, text, issue.sender)
            subject = f"{issue.subject}, {self.rhythm.local_date(day):%d/%m}"
            yield Thread(subject, MAILBOXES[0], [letter], list_id=issue.list_id)
        if weekday != 6 and day + 1 < self.rhythm.days:
            return
        # Weekly reports, and the last mails of the last day, so that both accounts are complete up to them.
        closing, today = self.rhythm.midnight(day + 1) - 30, self.rhythm.local_date(day)
        for mailbox, subject, text, sender in _REPORTS:
            yield Thread(f"{subject} {today}", mailbox, [Letter(closing, Kind.NOTIFICATION, text, sender)])
