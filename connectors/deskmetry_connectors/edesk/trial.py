"""Trial: the emulated account as a world, so that the connector can be graded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from deskmetry.testing import CANARY, Trial

from .connector import Edesk
from .emulator import Company, Emulator, Ticket

_SHOWN = 120  # seconds
_LATE = 5 * 3_600
_MORE = 8  # tickets, more than a page
_MESSAGES = ("Message", "ExternalMessage", "Note", "AutoReply", "AiAutoReplyHandsFree")


class CompanyWorld:
    """An emulated account in which things happen on demand."""

    def __init__(self, server: Emulator) -> None:
        self._server = server
        self._company = server.company

    @property
    def url(self) -> str:
        """Where the account is served."""
        return self._server.url

    def grow(self) -> None:
        """Have several contacts write in the same second, and get answers in the next ones."""
        company, people = self._company, list(self._company.contacts)
        for number in range(_MORE):
            at = company.now + number // 3
            ticket = company.open(people[number % len(people)], at, "Where is it?")
            company.reply(ticket, self._agent, company.now + 3, "On its way.")
        company.buy(people[0], company.now, 25.0)
        self.advance(_SHOWN)

    def edit(self) -> None:
        """Have a ticket change twice within one second, and another one without a trace."""
        company, tickets = self._company, self._living()
        company.reply(tickets[-1], self._agent, company.now, "Could you tell us the number?")
        company.reply(tickets[-1], self._agent, company.now, "Never mind.")
        company.change(tickets[-1], status="Pending", owner=self._agent)
        company.change(tickets[0], status="Closed", tags=[12])
        self.advance(_SHOWN)

    def late(self) -> bool:
        """Have a ticket show that was made hours ago, as search indexes lag."""
        contact = next(iter(self._company.contacts))
        self._company.open(contact, self._company.now - _LATE, "Did you get this?")
        self.advance(_SHOWN)
        return True

    def delete(self) -> bool:
        """Return that deletes can't be told: a deleted ticket is archived, as others may be."""
        return False

    def wipe(self) -> bool:
        """Have everything vanish, as with the token of another account."""
        self._company.tickets.clear()
        self._company.orders.clear()
        self._company.contacts.clear()
        return True

    def advance(self, seconds: float) -> None:
        """Let the account's clock go on."""
        self._company.now += int(seconds)

    def truth(self) -> Mapping[str, frozenset[str]]:
        """Return the ids of tickets, messages and orders."""
        items = [item for one in self._company.tickets.values() for item in one.items]
        return {
            "tickets": frozenset(str(key) for key in self._company.tickets),
            "messages": frozenset(
                f"{item.ticket}:{item.kind}:{item.id}" for item in items if item.kind in _MESSAGES
            ),
            "orders": frozenset(str(key) for key in self._company.orders),
        }

    def gone(self) -> Mapping[str, frozenset[str]]:
        """Return that nothing is known to be deleted."""
        return {}

    def requests(self) -> int:
        """Return how many requests were served."""
        return len(self._server.log)

    @property
    def _agent(self) -> int:
        return next(iter(self._company.users))

    def _living(self) -> list[Ticket]:
        return [one for one in self._company.tickets.values() if one.status in ("Open", "Pending")]


@contextmanager
def trial() -> Iterator[Trial]:
    """Yield the connector before an emulated account whose days are two hours ahead of UTC."""
    with Emulator(Company.make(tickets=9, seed=3), token=CANARY) as server:
        items = sum(len(one.items) for one in server.company.tickets.values())
        yield Trial(
            world=CompanyWorld(server),
            connector=lambda url: Edesk.model_validate({"url": url, "token": CANARY, "page_size": 6}),
            items={
                f"/v1/{name}": "data" for name in ("users", "channels", "tags", "tickets", "sales-orders")
            },
            # Each item costs a request, each contact too; the days before are asked for in spans.
            budget={"tickets": items + 8 + 40, "orders": 80},
        )
