"""Oracle: what happened in a company, in plain Python, and what anybody can read off it by hand.

It knows nothing of Deskmetry: no record, no table, no fact. Instants are milliseconds since 1970 UTC.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
SOLVED = ("solved", "closed")
LIVE = ("chat", "phone")


@dataclass(frozen=True, slots=True)
class Message:
    """Something said. who: customer, human (an agent), bot or system; a note isn't public."""

    at: int
    who: str
    author: str = ""
    public: bool = True
    automatic: bool = False

    @property
    def asks(self) -> bool:
        """Whether it is a customer message."""
        return self.who == "customer" and self.public and not self.automatic

    @property
    def answers(self) -> bool:
        """Whether it is a human reply."""
        return self.who == "human" and self.public and not self.automatic


@dataclass(frozen=True, slots=True)
class Status:
    """From when on a ticket has a status; `known` is later where a rule concludes it."""

    at: int
    word: str
    known: int = 0


@dataclass(slots=True)
class Ticket:
    """A ticket; `statuses` begin at its creation and end with a deletion, `teams` are all that had it.

    left_out: why it counts nowhere. elsewhere: answered with a program that leaves no trace. history: whether
    all its statuses are known. accepted: how many of its sessions somebody took; None if it has none. missed:
    closed though nobody solved it, whoever wrote.
    """

    source: str
    id: str
    medium: str
    channel: str | None
    created: int
    opened_by: str = "customer"
    messages: list[Message] = field(default_factory=list)
    statuses: list[Status] = field(default_factory=list)
    teams: set[str] = field(default_factory=set)
    tags: set[str] = field(default_factory=set)
    left_out: str | None = None
    deleted: int | None = None
    elsewhere: bool = False
    history: bool = True
    accepted: int | None = None
    missed: bool = False

    def until(self, as_of: int) -> Ticket:
        """Return the ticket as it was known at an instant."""
        return replace(
            self,
            messages=sorted((one for one in self.messages if one.at < as_of), key=lambda one: one.at),
            statuses=sorted(
                (one for one in self.statuses if max(one.at, one.known) < as_of), key=lambda one: one.at
            ),
            deleted=_before(self.deleted, as_of),
        )

    @property
    def customers(self) -> list[Message]:
        """Customer messages."""
        return [one for one in self.messages if one.asks]

    @property
    def humans(self) -> list[Message]:
        """Human replies."""
        return [one for one in self.messages if one.answers]

    @property
    def by_bot(self) -> bool:
        """Whether a bot answered and no human did; an automatic acknowledgement is no answer."""
        replied = (one.who == "bot" and one.public and not one.automatic for one in self.messages)
        return not self.humans and any(replied)

    @property
    def solves(self) -> list[int]:
        """When it went from unsolved to solved."""
        return [one.at for before, one in self._steps() if one.word in SOLVED and before not in SOLVED]

    @property
    def reopenings(self) -> list[int]:
        """When it went from solved to unsolved."""
        return [one.at for before, one in self._steps() if one.word not in SOLVED and before in SOLVED]

    @property
    def solved(self) -> bool:
        """Whether it is solved."""
        return bool(self.statuses) and self.statuses[-1].word in SOLVED

    @property
    def gone(self) -> str | None:
        """Why it counts nowhere, deleted before it was solved included."""
        early = self.deleted is not None and not any(at <= self.deleted for at in self.solves)
        return self.left_out or ("deleted before they were solved" if early else None)

    def unsolved_at(self, at: int) -> bool:
        """Whether it stood in the backlog just before an instant."""
        known = [one.word for one in self.statuses if max(one.at, one.known) < at]
        gone = self.deleted is not None and self.deleted < at
        return self.created < at and not gone and bool(known) and known[-1] not in SOLVED

    def spent(self, words: Iterable[str], until: int) -> int:
        """Return the time in some statuses up to an instant."""
        ends = [*(one.at for one in self.statuses[1:]), until]
        pairs = zip(self.statuses, ends, strict=True)
        return sum(max(0, min(end, until) - one.at) for one, end in pairs if one.word in words)

    def _steps(self) -> list[tuple[str, Status]]:
        words = ["new", *(one.word for one in self.statuses)]
        return list(zip(words, self.statuses, strict=False))


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to a survey: points on a scale, about a ticket, one that nobody knows (`names`), or none."""

    source: str
    survey: str
    kind: str
    at: int
    points: float | None
    low: float | None
    high: float | None
    ticket: Ticket | None = None
    names: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """A survey that was offered, and when it was answered."""

    source: str
    survey: str
    kind: str
    at: int
    answered: int | None = None
    ticket: Ticket | None = None


@dataclass(slots=True)
class World:
    """Everything that happened, as the sources tell it; `known` is before when each tells it completely."""

    known: dict[str, int] = field(default_factory=dict)
    tickets: list[Ticket] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    offers: list[Offer] = field(default_factory=list)

    def __add__(self, other: World) -> World:
        """Return both together."""
        return World(
            self.known | other.known,
            self.tickets + other.tickets,
            self.answers + other.answers,
            self.offers + other.offers,
        )

    def only(self, source: str) -> World:
        """Return what one source tells."""
        mine = World({source: self.known[source]})
        mine.tickets = [one for one in self.tickets if one.source == source]
        mine.answers = [one for one in self.answers if one.source == source]
        mine.offers = [one for one in self.offers if one.source == source]
        return mine

    def before(self, at: int) -> World:
        """Return the same with nothing known from an instant on."""
        return replace(self, known={name: min(known, at) for name, known in self.known.items()})

    @property
    def as_of(self) -> int:
        """The instant before which all sources are known."""
        return min(self.known.values())

    def cut(self) -> World:
        """Return what was known of it at its as-of instant."""
        as_of = self.as_of
        known = {id(one): one.until(as_of) for one in self.tickets if one.created < as_of}

        def ticket(one: Answer | Offer) -> Ticket | None:
            if one.ticket is None:
                return None
            return known.get(id(one.ticket)) or one.ticket.until(as_of)

        return World(
            self.known,
            list(known.values()),
            [replace(one, ticket=ticket(one)) for one in self.answers if one.at < as_of],
            [
                replace(one, ticket=ticket(one), answered=_before(one.answered, as_of))
                for one in self.offers
                if one.at < as_of
            ],
        )


def _before(at: int | None, as_of: int) -> int | None:
    return at if at is not None and at < as_of else None
