"""Trial: the emulated account as a world, so that the connector can be graded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta

from deskmetry.testing import Trial

from .connector import LiveChat
from .emulator import ACCOUNT, PAT, Company, Emulator, Thread
from .messages import WRITTEN

_SIZE = 6
_MORE = 8  # threads, more than a page


class AccountWorld:
    """An emulated account in which things happen on demand."""

    def __init__(self, server: Emulator) -> None:
        self._server = server
        self._company = server.company
        self._known: dict[str, Thread] = dict(self._company.threads)

    @property
    def url(self) -> str:
        """Where the account is served."""
        return self._server.url

    def grow(self) -> None:
        """Have several threads begin at one instant and end; and one that runs on."""
        company = self._company
        for number in range(_MORE):
            customer = company.customers[number % len(company.customers)]
            thread = company.open(customer, company.now + timedelta(seconds=number // 3))
            company.say(thread, customer["id"], thread.began, "Where is it?")
            company.assign(thread, self._agent, thread.began)
            company.say(thread, self._agent, thread.began + timedelta(seconds=3), "On its way.")
            if number:
                company.end(thread, thread.began + timedelta(seconds=9))
        self.advance(60)

    def edit(self) -> None:
        """Have the thread that ended last tagged twice within a second, and rated; and a running one end."""
        company = self._company
        thread = max(self._ended(), key=lambda one: (one.ended, one.id))
        thread.tags += ["delivery", f"late{len(thread.tags)}"]
        company.rate(thread, 1, company.now)
        for running in [one for one in company.threads.values() if one.active][:1]:
            company.say(running, self._agent, company.now, "Here it is.")
            company.end(running, company.now)
        self.advance(60)

    def late(self) -> bool:
        """Have a thread appear that began and ended a day ago."""
        company = self._company
        thread = company.open(company.customers[0], company.now - timedelta(hours=24))
        company.say(thread, thread.customer["id"], thread.began, "Hello?")
        company.end(thread, thread.began + timedelta(hours=1), "routing.archived_inactive")
        self.advance(60)
        return True

    def delete(self) -> bool:
        """Return that the archive doesn't tell what was deleted."""
        return False

    def wipe(self) -> bool:
        """Have every thread vanish."""
        self._known |= self._company.threads
        self._company.threads.clear()
        return True

    def advance(self, seconds: float) -> None:
        """Let the account's clock go on."""
        self._company.now += timedelta(seconds=seconds)

    def truth(self) -> Mapping[str, frozenset[str]]:
        """Return the ids of tickets, sessions and messages."""
        self._known |= self._company.threads
        told = [one for one in self._known.values() if one.restricted is None]
        threads = frozenset(one.id for one in told)
        said = (f"{one.id}:{event['id']}" for one in told for event in one.events if event["type"] in WRITTEN)
        return {"tickets": threads, "sessions": threads, "messages": frozenset(said)}

    def gone(self) -> Mapping[str, frozenset[str]]:
        """Return nothing: the archive doesn't tell."""
        return {}

    def requests(self) -> int:
        """Return how many requests were served."""
        return len(self._server.log)

    @property
    def _agent(self) -> str:
        return str(self._company.agents[0]["id"])

    def _ended(self) -> list[Thread]:
        return [one for one in self._company.threads.values() if one.ended is not None]


@contextmanager
def trial() -> Iterator[Trial]:
    """Yield the connector before an emulated account, with a personal access token."""
    company = Company.make(tickets=30, users=7, seed=7, days=75)
    with Emulator(company) as server:
        yield Trial(
            world=AccountWorld(server),
            connector=lambda url: LiveChat.model_validate(
                {"url": url, "account_id": ACCOUNT, "pat": PAT, "page_size": _SIZE}
            ),
            items={
                "/v3.6/agent/action/list_archives": "chats",
                "/v3.6/configuration/action/list_agents": "",
                "/v3.6/configuration/action/list_bots": "",
                "/v3.6/configuration/action/list_groups": "",
            },  # tags have no id, only a name, so that faults in an id can't be played on them
            secrets=(PAT,),
        )
