"""Trial: the emulated company as a world, so that the connector can be graded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from deskmetry.testing import Trial

from .connector import Zendesk
from .emulator import CLIENT, Company, Emulator, Ticket, csat
from .emulator.live_story import call, taken

_SHOWN = 420  # seconds after which all exports show what happened; the one of chats leaves out five minutes
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
                customers[number % len(customers)],
                company.now + number // 3,
                "Where is it?",
                priority="normal",
            )
            csat.offer(company, ticket, company.now + 5)
            company.say(ticket, self._agent, company.now + 3, "On its way.")
            taken(company, customers[0], self._agent, company.now - 600 + number // 3, 20)
        call(company, "unlinked", customers[0], self._agent, company.now, 20).updated = company.now + 60
        self.advance(_SHOWN)

    def edit(self) -> None:
        """Have a ticket change twice within one second."""
        company, ticket = self._company, self._living()[-1]
        company.change(ticket, self._agent, company.now, status="pending")
        company.say(ticket, self._agent, company.now, "Could you tell us the number?")
        company.change(ticket, self._agent, company.now, status="open", priority="high")
        for points in (1, 5):
            csat.respond(company, csat.offer(company, ticket, company.now - 60), company.now, points)
        next(iter(company.chats.values())).tags.append("vip")
        next(iter(company.chats.values())).rate("bad", company.now)
        next(iter(company.chats.values())).rate("good", company.now)
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
        company.responses.clear()
        company.chats.clear()
        company.calls.clear()
        company.said.clear()
        company.users = {key: user for key, user in company.users.items() if user.role == "admin"}
        company.revision += 1
        return True

    def advance(self, seconds: float) -> None:
        """Let the account's clock go on."""
        self._company.now += int(seconds)

    def truth(self) -> Mapping[str, frozenset[str]]:
        """Return the ids of tickets, messages and sessions; chats and calls without a ticket are some too."""
        company = self._company
        chats, calls = company.chats.values(), company.calls.values()
        alone = {one.id for one in chats if one.ticket is None}
        alone |= {f"call:{one.id}" for one in calls if one.ticket is None}
        told = {str(comment.id) for audit in company.audits for comment in audit.comments}
        told |= {f"{one.id}:{line['msg_id']}" for one in chats for line in one.history if "msg_id" in line}
        told |= {f"{one.id}:message" for one in chats if one.message and one.ticket is None}
        live = {one.id for one in chats} | {f"call:{one.id}" for one in calls}
        return {
            "tickets": frozenset(alone | {str(key) for key in company.tickets}),
            "messages": frozenset(told | {one.id for one in company.said}),
            "sessions": frozenset(live | {f"messaging:{one.ticket}" for one in company.said}),
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
    company = Company.make(tickets=8, users=12, seed=7, chats=10, calls=6, conversations=4)
    with Emulator(company) as server:
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
                f"{_EXPORTS}/ticket_metric_events.json": "ticket_metric_events",
                "/api/v2/satisfaction_ratings.json": "satisfaction_ratings",
                "/api/v2/guide/survey_responses": "survey_responses",
                "/api/v2/chat/incremental/chats": "chats",
                "/api/v2/channels/voice/stats/incremental/calls": "calls",
            },
            budget={"transcripts": 10},  # one a conversation
            secrets=(CLIENT[1],),
            sign_in=1,
            renews=True,
        )
