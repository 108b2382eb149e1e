"""Desk: a year of the company's helpdesk as plain data, which a connector's emulator can serve."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

SOLVED = ("solved", "closed")


@dataclass(slots=True)
class DeskTruth:
    """What the helpdesk holds, counted from the story.

    Tickets are those that aren't spam or merged, chats and calls that nobody took included.
    """

    tickets: int = 0
    deleted: int = 0
    merged: int = 0
    human_replies: int = 0
    answered: int = 0  # tickets with a human reply
    by_bot: int = 0  # solved tickets that a bot replied to and no human did
    solved: int = 0
    offers: int = 0
    good: int = 0
    bad: int = 0
    channels: Counter[str] = field(default_factory=Counter)
    replies_by_agent: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Desk:
    """Everybody and everything in the helpdesk. Instants are whole seconds since 1970 UTC; ids are numbers.

    people: id, name, email, role (`admin`, `agent`, `bot`, `customer`), team, since, left (if they did).
    teams: id, name. tickets: id, requester, subject, channel (`email`, `web`, `chat`, `phone`), priority,
    updates, survey. An update has `at` and `by` (None for a rule of the helpdesk's) and any of `say`,
    `public` (true if not given), `message_id` of the mail that said it, `call` that it is about, `status`,
    `assignee`, `team`, `tags`, `merged_into`, `deleted`, `scrubbed`. A survey has `offered`, and once it is
    answered `answered`, `score` (`good` or `bad`) and perhaps `comment`. chats: id, customer, began, ended,
    team, page, updates (`at`, `by` and `join` or `say`), and `ticket`, or `missed` and no ticket. calls: id,
    customer, began, status, duration, wait, team, and of those that somebody took ticket, agent, answer,
    talk, wrap_up.
    """

    now: int
    people: list[Json] = field(default_factory=list)
    teams: list[Json] = field(default_factory=list)
    tickets: list[Json] = field(default_factory=list)
    chats: list[Json] = field(default_factory=list)
    calls: list[Json] = field(default_factory=list)

    def plain(self, company: str, token: str) -> Json:
        """Return it as JSON data, with the credential that it is to be read with."""
        return {
            "company": company,
            "token": token,
            "now": self.now,
            "teams": self.teams,
            "people": self.people,
            "tickets": self.tickets,
            "chats": self.chats,
            "calls": self.calls,
        }

    @property
    def bots(self) -> list[int]:
        """Ids of those who are programs."""
        return [person["id"] for person in self.people if person["role"] == "bot"]

    def truth(self) -> DeskTruth:
        """Count what it holds."""
        truth = DeskTruth()
        people = {person["id"]: person for person in self.people}
        chats = {chat["ticket"]: chat["updates"] for chat in self.chats if "ticket" in chat}
        for channel, rows in (("chat", self.chats), ("phone", self.calls)):
            alone = sum("ticket" not in row for row in rows)
            truth.tickets += alone
            truth.solved += alone
            truth.channels[channel] += alone
        for ticket in self.tickets:
            updates: list[Json] = ticket["updates"]
            if any("deleted" in update for update in updates):
                truth.deleted += 1
                continue
            if any("merged_into" in update for update in updates):
                truth.merged += 1
                continue
            _count(truth, ticket, chats.get(ticket["id"], []), people)
        return truth


def _count(truth: DeskTruth, ticket: Json, chat: list[Json], people: dict[int, Json]) -> None:
    truth.tickets += 1
    truth.channels[ticket["channel"]] += 1
    replies = [
        people[update["by"]]
        for update in (*ticket["updates"], *chat)
        if "say" in update and update.get("public", True) and update["by"] is not None
    ]
    human = [person["name"] for person in replies if person["role"] in ("agent", "admin")]
    truth.human_replies += len(human)
    truth.replies_by_agent.update(human)
    truth.answered += bool(human)
    status = [update["status"] for update in ticket["updates"] if "status" in update][-1]
    truth.solved += status in SOLVED
    truth.by_bot += status in SOLVED and not human and any(person["role"] == "bot" for person in replies)
    survey = ticket.get("survey")
    if survey is not None:
        truth.offers += 1
        truth.good += survey.get("score") == "good"
        truth.bad += survey.get("score") == "bad"
