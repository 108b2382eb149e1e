"""People: who in a chat is a human agent, a bot or the customer, and the records of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from deskmetry.records import Agent, Customer, Team
from deskmetry.records.kinds import ActorKind, AgentRole

from .rows import Row, WrongShape, flag, objects, part, text

_ADMINS = frozenset({"owner", "viceowner", "administrator"})
CUSTOMER, AGENT, BOT = "customer", "agent", "bot"


class Directory:
    """The agents and bots that the configuration lists, and the bots that the settings name.

    `humans` is None until the list of agents was read in this run; `partial` says that the id of
    one on it couldn't be read, so that nobody can be said not to be on it.
    """

    def __init__(self, bots: Iterable[str] = ()) -> None:
        self.humans: set[str] | None = None
        self.partial = False
        self.bots = set(bots)
        self._named = frozenset(bots)

    def is_bot(self, who: str) -> bool:
        """Tell whether an agent is a program: listed or named as one, or without an e-mail address as id.

        People's ids are their addresses; those of bots aren't.
        """
        return who in self.bots or ("@" not in who and who not in (self.humans or ()))

    def agent(self, row: Row) -> Agent:
        """Map a row of the list of agents."""
        key = row["id"]
        if not isinstance(key, str) or not key:
            raise WrongShape("id", "a text", key)
        self.humans = (self.humans or set()) | {key}  # first: a row that is set aside is of an agent too
        groups = [group for group in objects(row, "groups") if group.get("id") is not None]
        return Agent(
            id=key,
            name=text(row, "name"),
            email=key if "@" in key else None,
            role=AgentRole.BOT if key in self.bots else _role(text(row, "role")),
            active=flag(row, "suspended") is not True,
            team_id=groups[0]["id"] if len(groups) == 1 else None,
        )

    def bot(self, row: Row) -> Agent:
        """Map a row of the list of bots."""
        bot = Agent(id=row["id"], name=text(row, "name"), role=AgentRole.BOT)
        self.bots.add(bot.id)
        return bot

    def unlisted(self, users: Iterable[Row], seen: datetime) -> Iterator[Agent]:
        """Map the agents of a chat that no list has: they left, or the lists may not be read.

        seen: when the chat began; a later chat knows them better.
        """
        for user in users:
            who = user["id"]
            if user.get("type") != AGENT or who in self.bots - self._named or who in (self.humans or ()):
                continue
            bot = self.is_bot(who)
            if self.partial and not bot:
                continue
            yield Agent(
                id=who,
                version=int(seen.timestamp()),
                name=text(user, "name"),
                email=None if bot else text(user, "email") or (who if "@" in who else None),
                role=AgentRole.BOT if bot else AgentRole.AGENT,
                active=bot or self.humans is None,
            )


def has_odd_id(row: object) -> bool:
    """Tell whether a row names somebody by an id that can't be read."""
    return isinstance(row, Mapping) and row.get("id") is not None and not isinstance(row["id"], str)


def _role(word: str | None) -> AgentRole:
    return AgentRole.ADMIN if word in _ADMINS else AgentRole.AGENT


class Cast:
    """The users of one chat by id, and what each of them is. `customer` is None in a chat of agents."""

    def __init__(self, users: Iterable[Row], directory: Directory) -> None:
        self._users = {user["id"]: user for user in users}
        self._directory = directory
        self.customer = next((one for one in self._users.values() if one.get("type") == CUSTOMER), None)

    def of(self, who: object) -> tuple[ActorKind, str | None]:
        """Return what an author is, and in which role they were seen; nobody knows: the system.

        A user whom the chat doesn't name any more is known by the lists, or by an address as id.
        """
        if not isinstance(who, str):
            return ActorKind.SYSTEM, None
        word = self._users[who].get("type") if who in self._users else None
        if word == CUSTOMER:
            return ActorKind.CUSTOMER, CUSTOMER
        known = who in self._directory.bots or who in (self._directory.humans or ()) or "@" in who
        if word != AGENT and not known:
            return ActorKind.SYSTEM, None
        return (ActorKind.BOT, BOT) if self._directory.is_bot(who) else (ActorKind.AGENT, AGENT)

    def agents(self, ids: Iterable[object]) -> list[str]:
        """Return those of some ids that are agents or bots, in their order."""
        staff = (ActorKind.AGENT, ActorKind.BOT)
        return [who for who in ids if isinstance(who, str) and self.of(who)[0] in staff]


def customer(row: Row, visit: Row, seen: datetime) -> Customer:
    """Map the customer of a chat as they were then; a later chat knows them better."""
    place = part(part(row, "visit"), "geolocation") or part(visit, "geolocation")
    return Customer(
        id=row["id"],
        version=int(seen.timestamp()),
        name=text(row, "name"),
        email=text(row, "email"),
        phone=text(row, "phone_number"),
        country=text(place, "country_code") or text(place, "country"),
        created_at=row.get("created_at"),
    )


def team(row: Row) -> Team:
    """Map a group."""
    return Team(id=row["id"], name=row["name"])


def users(row: Mapping[str, object]) -> list[Row]:
    """Return the users of a chat, each with an id."""
    found = objects(row, "users")
    for user in found:
        if not isinstance(user.get("id"), str):
            raise WrongShape("users.id", "a text", user.get("id"))
    return found
