"""History: what changed in a conversation, and when, read from the states and assignments of its parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from deskmetry.errors import RecordError
from deskmetry.records import TicketEvent
from deskmetry.records.kinds import ActorKind, EventKind, Provenance, TicketStatus

from .parts import ordered, withheld
from .shapes import Row, author_id, instant, kind_of, some, within

Statuses = Mapping[str, TicketStatus]
OPEN, CLOSED, SNOOZED = "open", "closed", "snoozed"
# What these do is in their name; `state` may be from before or from after, which isn't documented.
_STATE_AFTER: Mapping[str, str] = {"close": CLOSED, "snoozed": SNOOZED, "open": OPEN}
_ASSIGNED: Mapping[str, EventKind] = {"admin": EventKind.ASSIGNEE, "team": EventKind.TEAM}


class UnknownStateError(RecordError):
    """A conversation is in a state that is neither open, closed nor snoozed."""

    code = "unknown_state"

    def __init__(self, state: object) -> None:
        super().__init__(
            f"Intercom knows a state {state!r} that this version doesn't.",
            "Update Deskmetry, or report it; `quarantine replay` takes the conversation in then.",
            state=str(state),
        )


def statuses(snoozed: str) -> Statuses:
    """Return what each state counts as. A closed conversation can be reopened, so it is solved."""
    return {OPEN: TicketStatus.OPEN, CLOSED: TicketStatus.SOLVED, SNOOZED: TicketStatus(snoozed)}


@dataclass(frozen=True, slots=True)
class Turn:
    """One change of state: the vendor's words, and the part that made it."""

    at: datetime
    old: str | None
    new: str
    key: str
    how: Provenance = Provenance.REPORTED
    not_before: datetime | None = None
    part: Row | None = None
    version: int | None = None


def turns(row: Row) -> Iterator[Turn]:
    """Yield the changes of state, oldest first: open at the beginning, as the conversation says at the end.

    Where parts are withheld, what was before the first one shown is known only as of that part.
    """
    key, created = str(row["id"]), instant(row["created_at"])
    if created is None:
        raise ValueError("a conversation without created_at")
    state, last = OPEN, created
    yield Turn(created, None, OPEN, f"{key}:0:status")  # sorts before those of parts in the same second
    baseline = withheld(row) > 0
    for part in ordered(row):
        at = instant(part["created_at"]) or last
        after = _STATE_AFTER.get(str(part.get("part_type"))) or part.get("state")
        if after in (OPEN, CLOSED, SNOOZED):
            if baseline:
                # The earliest one stays (a lower version never wins), since the shown parts move on.
                yield Turn(
                    at, None, after, f"{key}:known_from", Provenance.OBSERVED, created,
                    version=-int(at.timestamp()),
                )  # fmt: skip
            elif after != state:
                yield Turn(at, state, after, f"{key}:{part['id']}:status", part=part)
            state, baseline = after, False
        last = max(last, at)
    yield from _last(row, state, last)


def _last(row: Row, state: str, last: datetime) -> Iterator[Turn]:
    """Yield the change that no part tells of, where the conversation is in another state than its parts."""
    now = row.get("state")
    if now == state:
        return
    if now not in (OPEN, CLOSED, SNOOZED):
        raise UnknownStateError(now)
    closed = instant(within(row.get("statistics")).get("last_close_at")) if now == CLOSED else None
    if closed is not None and closed >= last:
        yield Turn(closed, state, now, f"{row['id']}:closed:{int(closed.timestamp())}")
        return
    seen = max(instant(row["updated_at"]) or last, last)
    key = f"{row['id']}:{now}:{int(seen.timestamp())}"
    yield Turn(seen, state, now, key, Provenance.OBSERVED, last)


def status_events(row: Row, known: Statuses) -> Iterator[TicketEvent]:
    """Map the changes of state of a conversation."""
    for turn in turns(row):
        kind, actor = _actor(turn.part)
        yield TicketEvent(
            id=turn.key,
            version=turn.version,
            ticket_id=row["id"],
            kind=EventKind.STATUS,
            at=turn.at,
            not_before_at=turn.not_before,
            how=turn.how,
            old=None if turn.old is None else known[turn.old].value,
            new=known[turn.new].value,
            actor_kind=kind,
            actor_id=actor,
        )


def assignments(row: Row) -> Iterator[TicketEvent]:
    """Map the changes of teammate and team; both can be assigned at the same time."""
    current: dict[EventKind, str | None] = {}
    for part in ordered(row):
        to = part.get("assigned_to")
        if not isinstance(to, Mapping):
            continue
        # Nobody is told as `nobody_admin` or `nobody_team`, or as id 0.
        kind = EventKind.TEAM if "team" in str(to.get("type")) else EventKind.ASSIGNEE
        new = some(to.get("id")) if to.get("type") in _ASSIGNED else None
        old = current.get(kind)
        if new == old:
            continue
        current[kind] = new
        who, actor = _actor(part)
        yield TicketEvent(
            id=f"{part['id']}:{kind.value}",
            ticket_id=row["id"],
            kind=kind,
            at=instant(part["created_at"]) or instant(row["created_at"]),
            old=old,
            new=new,
            actor_kind=who,
            actor_id=actor,
        )


def _actor(part: Row | None) -> tuple[ActorKind | None, str | None]:
    if part is None:
        return None, None
    author = within(part.get("author"))
    return kind_of(author), author_id(author)
