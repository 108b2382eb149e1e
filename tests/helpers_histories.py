"""Random small helpdesks for tests of facts: two sources, few people and tickets, hours on a short clock.

Everything is drawn from one `random.Random`, so a seed names a history. Few ids and few instants make
collisions, ties and shared persons common instead of rare.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import TypeVar

from deskmetry.records import (
    Agent,
    Brand,
    Customer,
    Message,
    Organization,
    Record,
    Session,
    SurveyAnswer,
    SurveyOffer,
    Team,
    Ticket,
    TicketEvent,
)
from deskmetry.records.kinds import EventKind, SessionEnd, SessionKind, SurveyKind
from helpers_store import Store, event, instant, message, ticket

BEGIN = instant("2025-03-28")  # the clocks of Europe go forward two days later
HOURS = 96
TICKETS = [f"t{n}" for n in range(5)]
CUSTOMERS = ["c0", "c1", "c2"]
AGENTS = ["a0", "a1", "a2"]
EMAILS = [None, "", "Anna@x.example ", "anna@x.example", "bert@x.example"]
PHONES = [None, "", "+49 (0)30 111222", "0049 30/111222", "+43 1 333444", "030 111222"]
STATUSES = ["new", "open", "pending", "on_hold", "solved", "closed"]
TEAMS = ["g0", "g1"]
T = TypeVar("T")
ZONES = ["UTC", "Europe/Berlin", "America/New_York"]


def hour(number: float) -> int:
    """Return the instant so many hours after the beginning, in milliseconds."""
    return int((BEGIN + timedelta(hours=number)).timestamp() * 1000)


def a_time(random: Random) -> int:
    return hour(random.randrange(HOURS))


def a_round_time(random: Random) -> int:
    """Return one of few instants, as those of mailings to many."""
    return hour(random.randrange(0, HOURS, 16))


def a_ticket(random: Random, name: str) -> Ticket:
    maybe = Chooser(random)
    return ticket(
        name,
        a_time(random),
        status=random.choice(STATUSES),
        updated_at=maybe.time(),
        deleted_at=a_time(random) if random.random() < 0.15 else None,
        requester_id=maybe.of(CUSTOMERS),
        assignee_id=maybe.of(AGENTS),
        team_id=maybe.of(TEAMS),
        brand_id=maybe.of(["b0"]),
        organization_id=maybe.of(["o0"]),
        priority=maybe.of(["low", "high"]),
        spam=random.random() < 0.1,
        merged_into="t0" if random.random() < 0.1 else None,
        nature=random.choice(["request"] * 9 + ["newsletter"]),
        tags=maybe.of([["red"], ["red", "blue"], []]),
        version=random.randrange(1_000_000),
    )


def a_message(random: Random, name: str, ticket_id: str) -> Message:
    by = random.choice(["customer", "customer", "agent", "agent", "bot", "system"])
    return message(
        name,
        ticket_id,
        a_time(random),
        by,
        author_id=random.choice([*AGENTS, *CUSTOMERS[:1], None]),
        public=random.random() < 0.8,
        automatic=random.random() < 0.1,
        deleted_at=a_time(random) if random.random() < 0.1 else None,
        version=random.randrange(1_000_000),
    )


def an_event(random: Random, name: str, ticket_id: str) -> TicketEvent:
    maybe = Chooser(random)
    kind = random.choice([EventKind.STATUS] * 4 + [EventKind.TEAM, EventKind.ASSIGNEE, EventKind.PRIORITY])
    at = random.randrange(HOURS)
    values: list[str] = {
        EventKind.TEAM: TEAMS, EventKind.ASSIGNEE: AGENTS, EventKind.PRIORITY: ["low", "high"]
    }.get(kind, STATUSES)  # fmt: skip
    new = random.choice(values)
    old = maybe.of(values[:4])  # an unsolved status: nothing is solved before it is opened
    inferred = kind is EventKind.STATUS and new == "solved" and random.random() < 0.5
    return event(
        name,
        ticket_id,
        hour(at),
        new,
        old,
        kind=kind,
        how="inferred" if inferred else "reported",
        known_at=hour(at + random.randrange(1, 30)) if inferred else None,
        version=random.randrange(1_000_000),
    )


def an_offer(random: Random, name: str, ticket_id: str) -> SurveyOffer:
    maybe = Chooser(random)
    return SurveyOffer(
        id=name,
        ticket_id=ticket_id if random.random() < 0.6 else None,
        customer_id=maybe.of(CUSTOMERS),
        kind=random.choice([SurveyKind.CSAT, SurveyKind.NPS]),
        survey=maybe.of(["after"]),
        agent_id=maybe.of(AGENTS),
        offered_at=instant(a_round_time(random)),
        version=random.randrange(1_000_000),
    )


def an_answer(random: Random, name: str, ticket_id: str) -> SurveyAnswer:
    maybe = Chooser(random)
    return SurveyAnswer(
        id=name,
        ticket_id=ticket_id if random.random() < 0.6 else None,
        customer_id=maybe.of(CUSTOMERS),
        kind=random.choice([SurveyKind.CSAT, SurveyKind.NPS]),
        survey=maybe.of(["after"]),
        aspect=maybe.of(["tone"]),
        agent_id=maybe.of(AGENTS),
        offered_at=instant(a_round_time(random)) if random.random() < 0.6 else None,
        answered_at=instant(a_time(random)),
        deleted_at=instant(a_time(random)) if random.random() < 0.15 else None,
        score=float(random.randrange(11)),
        scale_min=maybe.of([0.0, 1.0]),
        scale_max=random.choice([5.0, 10.0]),
        label=maybe.of(["good", "Bad"]),
        superseded_by=f"{random.choice(TICKETS)}s{random.randrange(4)}" if random.random() < 0.3 else None,
        version=random.randrange(1_000_000),
    )


def a_session(random: Random, name: str, ticket_id: str) -> Session:
    maybe = Chooser(random)

    def at() -> datetime | None:
        found = maybe.time()
        return None if found is None else instant(found)

    return Session(
        id=name,
        ticket_id=ticket_id,
        kind=random.choice(list(SessionKind)),
        asked_at=instant(a_time(random)),
        accepted_at=at(),
        ended_at=at(),
        left_at=at() if random.random() < 0.3 else None,
        queue_ms=maybe.of([0, 3_600_000, 9_000_000]),
        talk_ms=maybe.of([7_200_000]),
        wrap_up_ms=maybe.of([60_000]),
        agent_id=maybe.of(AGENTS),
        end=maybe.of(list(SessionEnd)),
        opened_by=maybe.of(["customer", "agent"]),
        version=random.randrange(1_000_000),
    )


class Chooser:
    """Something or nothing, at random."""

    def __init__(self, random: Random) -> None:
        self.random = random

    def of(self, values: Sequence[T]) -> T | None:
        """Return one of the values, or None."""
        return self.random.choice([*values, None])

    def time(self) -> int | None:
        """Return an instant, or None."""
        return a_time(self.random) if self.random.random() < 0.7 else None


def people(random: Random) -> list[Record]:
    """Return customers, agents, teams, a brand and an organization, of which some may be missing."""
    maybe = Chooser(random)
    found: list[Record] = [Team(id=name, name=f"Team {name}") for name in TEAMS]
    found += [
        Customer(
            id=name, email=random.choice(EMAILS), phone=random.choice(PHONES), country=maybe.of(["DE"]),
            segment=maybe.of(["gold"]), organization_id=maybe.of(["o0"]),
        )
        for name in CUSTOMERS
    ]  # fmt: skip
    found += [
        Agent(id=name, email=maybe.of([f"{name}@us.example"]), team_id=maybe.of(TEAMS)) for name in AGENTS[:2]
    ]
    found += [Brand(id="b0", name="Brand"), Organization(id="o0", name="Firm", segment=maybe.of(["silver"]))]
    return [record for record in found if random.random() < 0.8]


def tickets(random: Random) -> list[Record]:
    """Return tickets with their messages, events and surveys."""
    found: list[Record] = []
    for name in TICKETS:
        found.append(a_ticket(random, name))
        found += [a_message(random, f"{name}m{n}", name) for n in range(random.randrange(5))]
        found += [an_event(random, f"{name}e{n}", name) for n in range(random.randrange(6))]
        found += [an_offer(random, f"{name}o{n}", name) for n in range(random.randrange(3))]
        found += [an_answer(random, f"{name}s{n}", name) for n in range(random.randrange(4))]
        found += [a_session(random, f"{name}l{n}", name) for n in range(random.randrange(3))]
    return found


def fill(store: Store, random: Random) -> None:
    """Put two sources with a random history each into an empty database."""
    for name in ("north", "south"):
        number = store.source(name, complete_until=a_time(random))
        store.write(*people(random), *tickets(random), source=number)


def change(store: Store, random: Random) -> None:
    """Change one thing that facts may depend on."""
    source = random.choice([1, 2])
    random.choice(_CHANGES)(store, random, source)


def _message(store: Store, random: Random, source: int) -> None:
    name = random.choice(TICKETS)
    store.write(a_message(random, f"{name}m{random.randrange(6)}", name), source=source)


def _moved_message(store: Store, random: Random, source: int) -> None:
    name = f"{random.choice(TICKETS)}m{random.randrange(6)}"
    moved = a_message(random, name, random.choice(TICKETS)).model_copy(update={"version": 2_000_000})
    store.write(moved, source=source)


def _event(store: Store, random: Random, source: int) -> None:
    name = random.choice(TICKETS)
    store.write(an_event(random, f"{name}e{random.randrange(8)}", name), source=source)


def _survey(store: Store, random: Random, source: int) -> None:
    name, about = random.choice(TICKETS), random.choice([*TICKETS, "t-unknown"])
    moved = {"version": 2_000_000} if random.random() < 0.3 else {}
    records = [
        an_answer(random, f"{name}s{random.randrange(4)}", about),
        an_offer(random, f"{name}o{random.randrange(3)}", about),
    ]
    store.write(random.choice(records).model_copy(update=moved), source=source)


def _session(store: Store, random: Random, source: int) -> None:
    name, about = random.choice(TICKETS), random.choice([*TICKETS, "t-unknown"])
    moved = {"version": 2_000_000} if random.random() < 0.3 else {}
    one = a_session(random, f"{name}l{random.randrange(3)}", about)
    store.write(one.model_copy(update=moved), source=source)


def _ticket(store: Store, random: Random, source: int) -> None:
    store.write(a_ticket(random, random.choice([*TICKETS, "t-new"])), source=source)


def _people(store: Store, random: Random, source: int) -> None:
    store.write(*people(random), source=source)


def _customer(store: Store, random: Random, source: int) -> None:
    """Change one column of a customer, so that nothing else hides what it makes stale."""
    values: dict[str, list[str | None]] = {
        "email": EMAILS,
        "phone": PHONES,
        "country": ["DE", "FR"],
        "language": ["de", "fr"],
        "segment": ["gold", "tin"],
    }
    column = random.choice([*values, "organization_id"])
    value = random.choice(values.get(column, ["o0", None]))
    for row in store.table("customers", source_id=source, id=random.choice(CUSTOMERS)):
        kept = {name: row[name] for name in ("id", *values, "organization_id")}
        store.write(Customer(**(kept | {column: value})), source=source)


def _agent(store: Store, random: Random, source: int) -> None:
    """Change one column of an agent."""
    values: dict[str, list[str | None]] = {
        "email": ["Us@x.example", None],
        "role": ["agent", "bot"],
        "team_id": [*TEAMS, None],
    }
    column = random.choice(list(values))
    for row in store.table("agents", source_id=source, id=random.choice(AGENTS)):
        kept = {name: row[name] for name in ("id", *values)}
        store.write(Agent(**(kept | {column: random.choice(values[column])})), source=source)


def _new_agent(store: Store, random: Random, source: int) -> None:
    store.write(
        Agent(id=random.choice([*AGENTS, *CUSTOMERS]), role=random.choice(["agent", "bot"])), source=source
    )


def _rename(store: Store, random: Random, source: int) -> None:
    name = f"Name {random.randrange(9)}"
    kinds: list[Record] = [
        Team(id=random.choice(TEAMS), name=name),
        Brand(id="b0", name=name),
        Organization(id="o0", name=name),
    ]
    store.write(random.choice(kinds), source=source)


def _rename_source(store: Store, random: Random, source: int) -> None:
    store.execute("UPDATE sources SET name = ? WHERE id = ?", f"{source}-{random.randrange(9)}", source)


def _link(store: Store, random: Random, source: int) -> None:
    """Say whose tickets the surveys of a source are about."""
    other = random.choice([None, 1, 2])
    store.execute("UPDATE sources SET tickets_source_id = ? WHERE id = ?", other, source)


def _complete(store: Store, random: Random, source: int) -> None:
    store.complete(random.choice([a_time(random), a_time(random), hour(HOURS + 40), None]), source)


_CHANGES: list[Callable[[Store, Random, int], None]] = [
    *(_message, _moved_message, _event, _event, _ticket, _ticket, _survey, _survey, _session, _session),
    *(_people, _customer, _agent, _new_agent, _rename, _rename_source),
    *(_complete, _complete, _link),
]
