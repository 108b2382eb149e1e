"""Trial: the emulated company as a world, so that the connector can be graded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from deskmetry.testing import Trial

from .connector import Zendesk
from .emulator import CLIENT, Company, Emulator, Ticket

_SHOWN = 120  # seconds after which the exports show what happened; they leave out the last minute
_EXPORTS = "/api/v2/incremental"
_MORE = 6  # tickets, more than a page


class CompanyWorld:
    """An emulated company in which things happen on demand."""

    def __init__(self, server: Emulator) -> None:
        self._server = server
        self._company = server.company
        self._gone: set[str] = set()

    @property
    def url(self) -> str:
        """Where the account is served."""
        return self._server.url

    def grow(self) -> None:
        """Have several customers write in the same second, and get answers in the next ones."""
        company = self._company
        customers = [user for user in company.users.values() if user.role == "end-user"]
        for number in range(_MORE):
            ticket = company.open(
                customers[number % len(customers)], company.now + number // 3, "Where is it?"
            )
            company.say(ticket, self._agent, company.now + 3, "On its way.")
        self.advance(_SHOWN)

    def edit(self) -> None:
        """Have a ticket change twice within one second."""
        company, ticket = self._company, self._living()[-1]
        company.change(ticket, self._agent, company.now, status="pending")
        company.say(ticket, self._agent, company.now, "Could you tell us the number?")
        company.change(ticket, self._agent, company.now, status="open", priority="high")
        self.advance(_SHOWN)

    def late(self) -> bool:
        """Return that nothing appears late: the exports leave out the last minute for that."""
        return False

    def delete(self) -> bool:
        """Have a ticket deleted."""
        ticket = self._living()[0]
        self._company.delete(ticket, self._agent, self._company.now)
        self._gone.add(str(ticket.id))
        self.advance(_SHOWN)
        return True

    def wipe(self) -> bool:
        """Have everything vanish, as after a move to another account."""
        company = self._company
        self._gone |= {str(key) for key in company.tickets}
        company.tickets.clear()
        company.audits.clear()
        company.ratings.clear()
        company.users = {key: user for key, user in company.users.items() if user.role == "admin"}
        company.revision += 1
        return True

    def advance(self, seconds: float) -> None:
        """Let the account's clock go on."""
        self._company.now += int(seconds)

    def truth(self) -> Mapping[str, frozenset[str]]:
        """Return the ids of tickets and messages."""
        comments = (comment for audit in self._company.audits for comment in audit.comments)
        return {
            "tickets": frozenset(str(key) for key in self._company.tickets),
            "messages": frozenset(str(comment.id) for comment in comments),
        }

    def gone(self) -> Mapping[str, frozenset[str]]:
        """Return the tickets that were deleted on demand."""
        return {"tickets": frozenset(self._gone)}

    def requests(self) -> int:
        """Return how many requests were served."""
        return len(self._server.log)

    @property
    def _agent(self) -> int:
        return next(user.id for user in self._company.users.values() if user.role == "admin")

    def _living(self) -> list[Ticket]:
        return [one for one in self._company.tickets.values() if one.status not in ("deleted", "closed")]


@contextmanager
def trial() -> Iterator[Trial]:
    """Yield the connector before an emulated account, with an OAuth client whose tokens are renewed."""
    with Emulator(Company.make(tickets=8, users=12, seed=7)) as server:
        yield Trial(
            world=CompanyWorld(server),
            connector=lambda url: Zendesk.model_validate(
                {"url": url, "client_id": CLIENT[0], "client_secret": CLIENT[1], "page_size": 6}
            ),
            items={
                f"{_EXPORTS}/users/cursor.json": "users",
                f"{_EXPORTS}/tickets/cursor.json": "tickets",
                f"{_EXPORTS}/ticket_events.json": "ticket_events",
                "/api/v2/groups.json": "groups",
                "/api/v2/satisfaction_ratings.json": "satisfaction_ratings",
            },
            secrets=(CLIENT[1],),
            sign_in=1,
            renews=True,
        )
