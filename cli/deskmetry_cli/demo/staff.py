"""Staff: the agents of the company, when they work, and who answers when."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from .rhythm import Rhythm

Window = tuple[int, int]
_MEDIAN = 1.4 * 3600  # seconds of an agent's working time until a mail is answered
_SPREAD = 0.9  # of the logarithm
_LONGEST = 14 * 3600  # nobody lets a mail lie for longer than two of their working days
_HOLIDAYS = frozenset({(1, 1), (5, 1), (12, 25), (12, 26)})


@dataclass(frozen=True, slots=True)
class Agent:
    """One agent: hours by weekday (Monday 0), pace (under 1 is faster), share of the work, employment.

    `thorough` is the factor on a customer's chance to need to ask again.
    """

    name: str
    hours: Mapping[int, tuple[float, float]]
    pace: float = 1.0
    share: float = 1.0
    thorough: float = 1.0
    joined: date = date.min
    left: date = date.max
    away: frozenset[date] = field(default_factory=frozenset)

    @property
    def first_name(self) -> str:
        """The name that they introduce themselves by."""
        return self.name.split()[0]

    def address(self, domain: str) -> str:
        """Return the agent's personal address, which replies carry as Sender."""
        return f"{self.name.lower().replace(' ', '.')}@{domain}"

    def works(self, day: date) -> tuple[float, float] | None:
        """Return begin and end of the agent's work on that day in hours, or nothing."""
        if not self.joined <= day < self.left or day in self.away or (day.month, day.day) in _HOLIDAYS:
            return None
        return self.hours.get(day.weekday())


def _week(days: str, begin: float, end: float) -> dict[int, tuple[float, float]]:
    return {int(day): (begin, end) for day in days}


def _span(first: date, days: int) -> frozenset[date]:
    return frozenset(first + timedelta(days=n) for n in range(days))


def hire(rhythm: Rhythm) -> tuple[Agent, ...]:
    """Return the eight agents: one leaves after April, one joins for the last two months, two fall ill."""
    spring = date(rhythm.until.year, 5, 1)
    leaves = spring if spring <= rhythm.until else date(rhythm.until.year - 1, 5, 1)
    sick = _span(rhythm.bad_week, 7)
    summers = [date(year, 7, 1) for year in (rhythm.since.year, rhythm.until.year)]

    def away(offset: int) -> frozenset[date]:
        return frozenset().union(*(_span(first + timedelta(days=offset), 14) for first in summers))

    return (
        Agent("Anna Keller", _week("01234", 8, 16.5), pace=0.75, share=1.3, away=away(0)),
        Agent("Jonas Brandt", _week("01234", 9, 17.5), share=1.1, away=away(14) | sick),
        Agent("Mira Novak", _week("012", 9, 14), pace=0.85, share=0.7, away=away(28)),
        Agent("Tom Okafor", _week("01234", 11, 19.5), pace=1.25, share=1.0, away=away(21) | sick),
        Agent("Lea Fischer", _week("01234", 8.5, 17), pace=1.1, share=1.0, left=leaves),
        Agent("Pieter de Vries", _week("12345", 10, 18), pace=1.0, share=0.9, away=away(35)),
        Agent("Sofia Lindgren", _week("34", 8, 17), pace=1.6, share=0.8, thorough=0.55, away=away(7)),
        Agent(
            "Emre Demir", _week("01234", 9, 18), pace=0.6, share=2.4, thorough=0.7, joined=rhythm.better_from
        ),
    )


class Staff:
    """The agents' diary: finds who answers a mail, and when, within working hours."""

    def __init__(self, agents: tuple[Agent, ...], rhythm: Rhythm) -> None:
        self.agents = agents
        self._rhythm = rhythm
        self._diary = {
            agent.name: [self._window(agent, day) for day in range(rhythm.diary)] for agent in agents
        }

    def answer(
        self, rng: random.Random, asked: int, before: Agent | None, haste: float = 1.0
    ) -> tuple[Agent, int] | None:
        """Return who replies to a mail that arrived at `asked` and when; mostly the one who did `before`.

        haste is a factor on the time that they let it lie.
        """
        agent = self._choose(rng, asked, before)
        if agent is None:
            return None
        median = _MEDIAN * haste * agent.pace * self._rhythm.slowness(asked)
        effort = rng.lognormvariate(math.log(median), _SPREAD)
        replied = self.later(agent, asked, int(min(effort, _LONGEST)) + 90)
        return None if replied is None else (agent, replied)

    def on_duty(self, rng: random.Random, at: int) -> Agent | None:
        """Return one of those who are at work at that instant, nobody outside of their hours."""
        day = self._rhythm.day(at)
        found = [
            agent
            for agent in self.agents
            if (window := self._diary[agent.name][day]) is not None and window[0] <= at < window[1] - 1800
        ]
        return rng.choices(found, [agent.share for agent in found])[0] if found else None

    def later(self, agent: Agent, at: int, effort: int) -> int | None:
        """Return the instant after `effort` seconds of the agent's working time, None past the diary."""
        diary = self._diary[agent.name]
        for day in range(self._rhythm.day(at), len(diary)):
            window = diary[day]
            if window is None or window[1] <= at:
                continue
            begin = max(at, window[0])
            if begin + effort < window[1]:
                return begin + effort
            effort -= window[1] - begin
        return None

    def _choose(self, rng: random.Random, asked: int, before: Agent | None) -> Agent | None:
        first = self._rhythm.day(asked)
        for day in range(first, min(first + 7, self._rhythm.diary)):
            on_duty = [agent for agent in self.agents if self._has_time(agent, day, asked)]
            if on_duty:
                if before in on_duty and rng.random() < 0.85:
                    return before
                return rng.choices(on_duty, [agent.share for agent in on_duty])[0]
        return None

    def _has_time(self, agent: Agent, day: int, asked: int) -> bool:
        window = self._diary[agent.name][day]
        return window is not None and asked < window[1] - 1800

    def _window(self, agent: Agent, day: int) -> Window | None:
        hours = agent.works(self._rhythm.local_date(day))
        if hours is None:
            return None
        midnight = self._rhythm.midnight(day)
        return midnight + int(hours[0] * 3600), midnight + int(hours[1] * 3600)
