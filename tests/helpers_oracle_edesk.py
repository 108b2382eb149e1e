"""Oracle of eDesk: what an emulated account tells at each look, from its own tickets and items."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from deskmetry_connectors.edesk.emulator import Company
from deskmetry_connectors.edesk.emulator.data import Item
from deskmetry_connectors.edesk.emulator.data import Ticket as Row
from helpers_oracle import SECOND, Answer, Message, Status, Ticket, World

_STATUSES = {
    "Open": "open", "Pending": "pending", "Scheduled": "on_hold", "Closed": "closed", "Archived": "closed",
    "Spam": "closed",
}  # fmt: skip
_WRITTEN = ("Message", "ExternalMessage")
_CANNED, _AI = "AutoReply", "AiAutoReplyHandsFree"
_RATING = re.compile(r"(\d)(?:/| out of )(\d)")


@dataclass(slots=True)
class Looks:
    """What was seen of statuses at each sync, since eDesk keeps no history; `last` is when that was."""

    last: int | None = None
    statuses: dict[int, list[Status]] = field(default_factory=dict)
    whole: set[int] = field(default_factory=set)

    def look(self, company: Company) -> None:
        """Note what each ticket's status is now, and between which instants it changed."""
        now = company.now * SECOND
        for key, row in company.tickets.items():
            word, updated = _STATUSES[row.status], (row.updated or row.created) * SECOND
            seen = self.statuses.setdefault(key, [])
            if not seen:
                seen.append(Status(row.created * SECOND, "open" if word == "closed" else word))
                seen += [Status(updated, word)] if word == "closed" else []
                if self.last is not None and row.created * SECOND >= self.last:
                    self.whole.add(key)
            elif seen[-1].word != word:
                # By its last item, if that is new; else it was this look that showed it.
                seen.append(Status(updated if updated > (self.last or 0) else now, word))
        self.last = now


def edesk_world(company: Company, source: str, looks: Looks) -> World:
    """Return what an account tells: statuses as far as they were seen, and of surveys the answers alone."""
    tickets = {key: _ticket(company, row, source, looks) for key, row in company.tickets.items()}
    world = World({source: company.now * SECOND}, list(tickets.values()))
    for key, row in company.tickets.items():
        for item in row.items:
            found = _RATING.fullmatch(item.body) if item.kind == "Rating" else None
            if found is not None:
                points, high = map(float, found.groups())
                answer = Answer(source, "rating", "csat", item.at * SECOND, points, 1, high, tickets[key])
                world.answers.append(answer)
    return world


def looked_once(company: Company) -> Looks:
    """Return what a single sync sees."""
    looks = Looks()
    looks.look(company)
    return looks


def _ticket(company: Company, row: Row, source: str, looks: Looks) -> Ticket:
    return Ticket(
        source, str(row.id), "chat" if row.kind in ("Chat", "Chatbot") else "ticket",
        company.channels[row.channel]["type"].lower(), row.created * SECOND,
        messages=[found for item in row.items if (found := _message(item)) is not None],
        statuses=looks.statuses[row.id], tags={company.tags[key] for key in row.tags},
        left_out="spam" if row.status == "Spam" else None, history=row.id in looks.whole,
    )  # fmt: skip


def _message(item: Item) -> Message | None:
    at = item.at * SECOND
    if item.kind in _WRITTEN:
        who = "customer" if item.direction == "Incoming" else "human"
        return Message(at, who, str(item.user), public=item.direction != "Other")
    if item.kind in (_CANNED, _AI):
        return Message(at, "bot", automatic=item.kind == _CANNED)
    return Message(at, "human", str(item.user), public=False) if item.kind == "Note" else None
