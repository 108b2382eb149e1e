"""Oracle's KPIs: the catalogue's definitions, computed one ticket after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from helpers_oracle import DAY, LIVE, Answer, Offer, Ticket, World

NO_TICKET = None


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that a KPI counts: when, what it adds above and below the line, or why it is left out.

    key tells things apart that count once (tickets that were active). groups are the channel or tags under
    which a share counts it.
    """

    at: int
    source: str
    medium: str | None
    over: float = 1
    under: float = 1
    out: str | None = None
    key: str = ""
    groups: frozenset[str] = frozenset()


Definition = Callable[[World], Iterator[Item]]


def _item(ticket: Ticket, at: int, over: float = 1, out: str | None = None, under: float = 1) -> Item:
    return Item(
        at, ticket.source, ticket.medium, over, under, ticket.gone or out, f"{ticket.source}/{ticket.id}"
    )


# --- volume ------------------------------------------------------------------------------------------------


def ticket_volume(world: World) -> Iterator[Item]:
    """Tickets created."""
    for one in world.tickets:
        yield _item(one, one.created)


def active_tickets(world: World) -> Iterator[Item]:
    """Distinct tickets with a message or a status change."""
    for one in world.tickets:
        for at in {message.at for message in one.messages} | {status.at for status in one.statuses}:
            yield _item(one, at)


def inbound_messages(world: World) -> Iterator[Item]:
    """Customer messages."""
    for one in world.tickets:
        for message in one.customers:
            yield _item(one, message.at)


def outbound_messages(world: World) -> Iterator[Item]:
    """Human replies."""
    for one in world.tickets:
        for message in one.humans:
            yield _item(one, message.at)


def tickets_solved(world: World) -> Iterator[Item]:
    """Tickets that are solved, by the last solve."""
    for one in _solved(world):
        yield _item(one, one.solves[-1])


def resolution_rate(world: World) -> Iterator[Item]:
    """Solved within 30 days of creation."""
    for one in world.tickets:
        young = one.created > world.as_of - 30 * DAY
        in_time = bool(one.solves) and one.solves[0] - one.created <= 30 * DAY
        yield _item(one, one.created, in_time, "younger than the days they have" if young else None)


def _shares(of: Callable[[Ticket], frozenset[str]]) -> Definition:
    def tickets(world: World) -> Iterator[Item]:
        for one in world.tickets:
            item = _item(one, one.created)
            yield Item(item.at, item.source, item.medium, 1, 1, item.out, item.key, of(one))

    return tickets


# --- speed -------------------------------------------------------------------------------------------------


def first_response_time(world: World) -> Iterator[Item]:
    """First customer message → first human reply after it."""
    for one in world.tickets:
        asked = one.customers[0].at if one.customers else None
        replied = [message.at for message in one.humans if asked is not None and message.at >= asked]
        out = _unanswerable(one) or (None if replied else "not answered as of now")
        yield _item(one, one.created, replied[0] - asked if replied and asked is not None else 0, out)


def _unanswerable(one: Ticket) -> str | None:
    if one.opened_by == "agent":
        return "opened by an agent"
    if not one.customers:
        return "no customer message"
    return "answered outside the source" if one.elsewhere and not one.humans else None


def response_time(world: World) -> Iterator[Item]:
    """For each human reply that answers: from the earliest unanswered customer message."""
    for one in world.tickets:
        waiting: int | None = None
        for message in one.messages:
            if message.asks and waiting is None:
                waiting = message.at
            if message.answers and waiting is not None:
                out = "opened by an agent" if one.opened_by == "agent" else None
                yield _item(one, message.at, message.at - waiting, out)
                waiting = None


def first_resolution_time(world: World) -> Iterator[Item]:
    """Created → first solve."""
    for one in world.tickets:
        if one.solves:
            yield _item(one, one.solves[0], one.solves[0] - one.created)


def resolution_time(world: World) -> Iterator[Item]:
    """Created → last solve of solved tickets."""
    for one in _solved(world):
        yield _item(one, one.solves[-1], one.solves[-1] - one.created)


def _waits(*words: str) -> Definition:
    def tickets(world: World) -> Iterator[Item]:
        for one in _solved(world):
            out = None if one.history else "no history of its status"
            yield _item(one, one.solves[-1], one.spent(words, one.solves[-1]), out)

    return tickets


def unanswered_rate(world: World) -> Iterator[Item]:
    """Tickets with a customer message and no human reply, a day old or older."""
    for one in world.tickets:
        out = _unanswerable(one)
        if out is None and one.solved and one.by_bot and not one.missed:
            out = "solved by a bot"
        if out is None and one.created > world.as_of - DAY:
            out = "younger than the grace"
        yield _item(one, one.created, not one.humans, out)


# --- effort ------------------------------------------------------------------------------------------------


def one_touch_rate(world: World) -> Iterator[Item]:
    """Solved tickets with a human reply: exactly one; a chat or call: one accepted session."""
    for one in _solved(world):
        if one.medium in LIVE:
            unknown = "a chat or call of which no session is known" if one.accepted is None else None
            if one.accepted or one.humans:
                yield _item(one, one.solves[-1], one.accepted == 1, unknown)
        elif one.humans:
            yield _item(one, one.solves[-1], len(one.humans) == 1)


def replies_per_resolution(world: World) -> Iterator[Item]:
    """Human replies on solved tickets ÷ solved tickets."""
    for one in _solved(world):
        yield _item(one, one.solves[-1], len(one.humans))


def replies_per_ticket(world: World) -> Iterator[Item]:
    """Human replies ÷ tickets."""
    for one in world.tickets:
        yield _item(one, one.created, len(one.humans))


def reopen_rate(world: World) -> Iterator[Item]:
    """Reopened within 30 days of the first solve."""
    for one in world.tickets:
        if one.solves:
            first = one.solves[0]
            again = any(at - first <= 30 * DAY for at in one.reopenings)
            young = first > world.as_of - 30 * DAY
            yield _item(one, first, again, "solved less than the window ago" if young else None)


def transfer_rate(world: World) -> Iterator[Item]:
    """Tickets that several teams had, or several agents answered."""
    for one in world.tickets:
        several = len(one.teams) > 1 or len({message.author for message in one.humans}) > 1
        yield _item(one, one.created, several)


def bot_resolution_rate(world: World) -> Iterator[Item]:
    """Solved tickets that a bot replied to and no human did."""
    for one in _solved(world):
        yield _item(one, one.solves[-1], one.by_bot and not one.missed)


# --- satisfaction ------------------------------------------------------------------------------------------


def _about(one: Answer | Offer, over: float, out: str | None = None) -> Item:
    ticket = one.ticket
    medium = NO_TICKET if ticket is None else ticket.medium
    gone = None if ticket is None else ticket.gone
    return Item(one.at, one.source, medium, over, 1, gone or out)


def _latest(world: World, kind: str) -> Iterator[Answer]:
    last: dict[tuple[object, ...], Answer] = {}
    for one in sorted(world.answers, key=lambda answer: answer.at):
        about = one.names or id(one) if one.ticket is None else one.ticket.id
        if one.kind == kind:
            last[one.source, one.survey, about] = one
    yield from last.values()


def csat(world: World) -> Iterator[Item]:
    """Satisfied: the top 40 % of the points, at least one."""
    for one in _latest(world, "csat"):
        if one.points is None or one.low is None or one.high is None:
            yield _about(one, 0, "on no known scale")
            continue
        top = max(1, int(0.4 * (one.high - one.low + 1)))
        yield _about(one, one.points > one.high - top)


def csat_response_rate(world: World) -> Iterator[Item]:
    """Answered, of the surveys offered more than seven days ago."""
    for one in world.offers:
        if one.kind == "csat":
            young = one.at > world.as_of - 7 * DAY
            yield _about(one, one.answered is not None, "younger than the grace" if young else None)


def nps(world: World) -> Iterator[Item]:
    """Promoters less detractors."""
    for one in _latest(world, "nps"):
        if (one.low, one.high) != (0, 10) or one.points is None:
            yield _about(one, 0, "on another scale than 0 to 10")
        else:
            yield _about(one, 100 * ((one.points >= 9) - (one.points <= 6)))


def _solved(world: World) -> Iterator[Ticket]:
    return (one for one in world.tickets if one.solved)


KPIS: Mapping[str, tuple[str, Definition]] = {
    "ticket_volume": ("count", ticket_volume),
    "active_tickets": ("distinct", active_tickets),
    "inbound_messages": ("count", inbound_messages),
    "outbound_messages": ("count", outbound_messages),
    "tickets_solved": ("count", tickets_solved),
    "resolution_rate": ("share", resolution_rate),
    "channel_share": ("split:channel", _shares(lambda one: frozenset({one.channel or "(none)"}))),
    "tag_share": ("split:tag", _shares(lambda one: frozenset(one.tags or {"(none)"}))),
    "first_response_time": ("duration", first_response_time),
    "response_time": ("duration", response_time),
    "first_resolution_time": ("duration", first_resolution_time),
    "resolution_time": ("duration", resolution_time),
    "requester_wait_time": ("duration", _waits("new", "open", "on_hold")),
    "agent_wait_time": ("duration", _waits("pending")),
    "on_hold_time": ("duration", _waits("on_hold")),
    "unanswered_rate": ("share", unanswered_rate),
    "one_touch_rate": ("share", one_touch_rate),
    "replies_per_resolution": ("ratio", replies_per_resolution),
    "replies_per_ticket": ("ratio", replies_per_ticket),
    "reopen_rate": ("share", reopen_rate),
    "transfer_rate": ("share", transfer_rate),
    "bot_resolution_rate": ("share", bot_resolution_rate),
    "csat": ("share", csat),
    "csat_response_rate": ("share", csat_response_rate),
    "nps": ("score", nps),
}
