"""DeskLive: the helpdesk's chats and calls, with their tickets or, where nobody took them, without one."""

from __future__ import annotations

import math
import random

from .desk import Desk, Json
from .rhythm import DAY, HOUR, MINUTE, Rhythm
from .staff import Agent
from .texts import DOMAIN, Topic

PAUSE = 30 * MINUTE
"""Longer than that without a word, and a chat is over; what is said later is a comment of its ticket."""
_MISSED = {"chat": (0.035, 0.12), "phone": (0.06, 0.2)}  # usual, in the bad week
_RINGS = 6  # seconds


class DeskLive:
    """Adds chats and calls to a desk; `rng` is the story's own."""

    def __init__(self, rng: random.Random, rhythm: Rhythm, desk: Desk, team: int) -> None:
        self.rng, self.rhythm, self.desk, self.team = rng, rhythm, desk, team

    def missed(self, at: int, channel: str) -> bool:
        """Tell whether nobody takes a chat or a call of that instant."""
        return self.rng.random() < _MISSED[channel][self.rhythm.in_bad_week(at)]

    # --- chats ----------------------------------------------------------------------------------------

    def chat_nobody_took(self, at: int, who: int, text: str) -> None:
        """Add a chat in which only the customer wrote; it has no ticket."""
        line: Json = {"at": at + 1, "by": who, "say": text}
        chat = self._chat(at, who, [line], at + self.rng.randrange(2, 12) * MINUTE)
        self.desk.chats.append(chat | {"missed": True})

    def chat_of(self, ticket: Json) -> None:
        """Move what was said at once in a ticket into a chat of it; what was said later stays a comment."""
        updates: list[Json] = ticket["updates"]
        live: list[Json] = []
        for update in updates:
            if "say" not in update or not update.get("public", True):
                continue
            if live and update["at"] - live[-1]["at"] > PAUSE:
                break
            live.append({"at": update["at"], "by": update["by"], "say": update.pop("say")})
        ticket["updates"] = [updates[0], *(one for one in updates[1:] if len(one) > 2)]
        lines: list[Json] = []
        there = {ticket["requester"]}
        for line in live:
            if line["by"] not in there:
                there.add(line["by"])
                lines.append({"at": max(line["at"] - 9, live[0]["at"] + 1), "by": line["by"], "join": True})
            lines.append(line)
        ended = live[-1]["at"] + self.rng.randrange(20, 300)
        chat = self._chat(live[0]["at"], ticket["requester"], lines, ended)
        humans = {one["id"] for one in self.desk.people if one["role"] in ("agent", "admin")}
        taken = any(line["by"] in humans for line in live) or live[-1]["by"] != ticket["requester"]
        self.desk.chats.append(chat | {"ticket": ticket["id"]} | ({} if taken else {"missed": True}))

    def _chat(self, at: int, who: int, lines: list[Json], ended: int) -> Json:
        return {
            "id": f"2611.{40_001 + len(self.desk.chats)}",
            "customer": who,
            "began": at,
            "ended": ended,
            "team": self.team,
            "page": f"https://www.{DOMAIN}/account/orders",
            "updates": lines,
        }

    # --- calls ----------------------------------------------------------------------------------------

    def call_nobody_took(self, at: int, who: int) -> None:
        """Add a call whose caller hung up in the queue; it has no ticket."""
        wait = self.rng.randrange(15, 240)
        self._call(at, who, "abandoned_in_queue", wait + _RINGS, wait=wait)

    def call(self, ticket: Json, agent: int, by: Agent, topic: Topic) -> None:
        """Add the call that a ticket is about: most are solved by it, some need a look at something first."""
        rng, at = self.rng, int(ticket["updates"][0]["at"])
        wait = rng.randrange(60, 420) if self.rhythm.in_bad_week(at) else rng.randrange(3, 55)
        talk = int(min(rng.lognormvariate(math.log(210 * by.pace), 0.6), 1800)) + 20
        wrap_up, duration = rng.randrange(15, 120), wait + _RINGS + talk
        key = self._call(
            at, ticket["requester"], "completed", duration, wait=wait, answer=wait + _RINGS, talk=talk,
            wrap_up=wrap_up, agent=agent, ticket=ticket["id"],
        )  # fmt: skip
        told = {"call_id": key, "answered_by_id": agent, "call_duration": duration}
        ticket["updates"][0]["call"] = told
        change: Json = {"status": "solved", "assignee": agent, "team": self.team, "tags": [topic.tag]}
        solved = at + duration + wrap_up
        if rng.random() < 0.2:
            ticket["updates"].append({"at": solved, "by": agent} | change | {"status": "open"})
            solved, change = solved + rng.randrange(HOUR, 5 * HOUR), {"status": "solved"}
        ticket["updates"].append({"at": solved, "by": agent} | change)
        ticket["updates"].append({"at": solved + 4 * DAY, "by": None, "status": "closed"})

    def _call(self, at: int, who: int, status: str, duration: int, **more: int) -> int:
        key = 710_001 + len(self.desk.calls)
        row: Json = {"id": key, "customer": who, "began": at, "status": status, "duration": duration}
        self.desk.calls.append(row | {"team": self.team} | more)
        return key
