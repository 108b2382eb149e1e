"""Trial: the emulated workspace as a world, so that the connector can be graded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from deskmetry.testing import Trial

from .connector import Intercom
from .emulator import TOKEN, WORKSPACE, Company, Conversation, Emulator
from .emulator.data import Json
from .parts import is_note

_SHOWN = 120  # seconds after which the search shows what happened, for sure
_LATE = 180  # seconds before now at which a late conversation is dated, within the overlap
_MORE = 6  # conversations, more than a page
_PAGE = 5
_WORDS = ("comment", "note")


class CompanyWorld:
    """An emulated workspace in which things happen on demand."""

    def __init__(self, server: Emulator) -> None:
        self._server = server
        self._company = server.company
        self._gone: set[str] = set()
        self._buried: dict[str, frozenset[str]] = {}

    @property
    def url(self) -> str:
        """Where the workspace is served."""
        return self._server.url

    def grow(self) -> None:
        """Have new contacts write within one second, and get answers in the next ones."""
        company = self._company
        for number in range(_MORE):
            contact = company.meet(f"Newcomer {company.new_id()}", company.now)
            one = company.open(contact, company.now, f"Where is parcel {number}?")
            company.reply(one, self._agent, company.now + 3, "On its way.")
        self.advance(_SHOWN)

    def edit(self) -> None:
        """Have a conversation change twice within one second."""
        company, one = self._company, list(self._company.conversations.values())[-1]
        company.reply(one, self._agent, company.now, "Could you tell us the number?")
        company.close(one, self._agent, company.now)
        company.ask(one, company.now, "It is 7.")
        self.advance(_SHOWN)

    def late(self) -> bool:
        """Have a conversation appear that the search didn't show before."""
        company = self._company
        company.open(next(iter(company.contacts.values())), company.now - _LATE, "Are you there?")
        self.advance(1)
        return True

    def delete(self) -> bool:
        """Have a conversation deleted, of which the API says nothing."""
        one = next(iter(self._company.conversations.values()))
        self._bury(one)
        self._company.delete(one)
        self.advance(_SHOWN)
        return True

    def wipe(self) -> bool:
        """Have everything vanish, as after a move to another workspace."""
        company = self._company
        for one in list(company.conversations.values()):
            self._bury(one)
            company.delete(one)
        company.contacts.clear()
        company.teams.clear()
        return True

    def advance(self, seconds: float) -> None:
        """Let the workspace's clock go on."""
        self._company.now += int(seconds)

    def truth(self) -> Mapping[str, frozenset[str]]:
        """Return the ids of conversations and of what was written in them."""
        living = self._company.conversations.values()
        messages = frozenset().union(*map(_messages, living), *self._buried.values())
        return {"tickets": frozenset(one.id for one in living) | self._gone, "messages": messages}

    def gone(self) -> Mapping[str, frozenset[str]]:
        """Return the conversations that were deleted on demand."""
        return {"tickets": frozenset(self._gone)}

    def requests(self) -> int:
        """Return how many requests were served."""
        return len(self._server.log)

    @property
    def _agent(self) -> Json:
        return self._company.author(next(iter(self._company.admins)))

    def _bury(self, one: Conversation) -> None:
        self._gone.add(one.id)
        self._buried[one.id] = _messages(one)


def _messages(one: Conversation) -> frozenset[str]:
    written = {part.id for part in one.parts if part.kind in _WORDS or is_note({"part_type": part.kind})}
    return frozenset({f"{one.id}:source"} | written)


@contextmanager
def trial() -> Iterator[Trial]:
    """Yield the connector before an emulated workspace."""
    with Emulator(Company.make(tickets=12, users=7, seed=7)) as server:
        yield Trial(
            world=CompanyWorld(server),
            connector=lambda url: Intercom.model_validate(
                {
                    "url": url,
                    "workspace": WORKSPACE,
                    "token": TOKEN,
                    "page_size": _PAGE,
                    "contacts_every": "0s",
                }
            ),
            items={
                "/admins": "admins",
                "/teams": "teams",
                "/contacts/search": "data",
                "/conversations/search": "conversations",
            },
            # A request for each conversation that changed, and the searches until windows fit a page.
            budget={"conversations": 60},
            exempt={
                "changed_types_are_seen": "a contact who is set aside is still known by what they wrote, "
                "with name and address alone; the rest is in the quarantine"
            },
            secrets=(TOKEN,),
        )
