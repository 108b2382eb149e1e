"""Timeline: the history of one ticket, from its events to solves, reopenings and unsolved spans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

SOLVED = frozenset({"solved", "closed"})
ASSIGNMENTS = ("team", "assignee", "priority")


class Event(NamedTuple):
    """One event of a ticket; instants in milliseconds. `known_at` is later than `at` for an inferred solve."""

    kind: str
    at: int
    known_at: int
    old: str | None
    new: str | None
    how: str
    id: str


class Origin(NamedTuple):
    """What a ticket itself says, for what its events don't; instants in milliseconds."""

    created_at: int
    updated_at: int | None
    deleted_at: int | None
    status: str
    status_how: str
    team: str | None
    assignee: str | None
    priority: str | None


class Change(NamedTuple):
    """One change of status."""

    at: int
    known_at: int
    old: str | None
    new: str
    how: str
    solves: bool
    reopens: bool


class Span(NamedTuple):
    """One span in which the ticket was unsolved, with its assignment; `until_at` None while it lasts."""

    from_at: int
    until_at: int | None
    team: str | None
    assignee: str | None
    priority: str | None


@dataclass(slots=True)
class Timeline:
    """The history of a ticket as far as it is known before the cutoff."""

    changes: list[Change] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    first_solved_at: int | None = None
    solved_at: int | None = None
    reopened_at: int | None = None
    assumed_at: int | None = None
    assumed_from_at: int | None = None
    solves: int = 0
    reopenings: int = 0
    status: str = "new"
    status_how: str = "reported"
    solved_team: str | None = None
    solved_assignee: str | None = None
    team: str | None = None
    assignee: str | None = None
    priority: str | None = None
    teams: int = 0
    changed_at: int = 0
    alarm_at: int | None = None


def timeline(origin: Origin, events: Sequence[Event], cutoff: int) -> Timeline:
    """Return the history before the cutoff (exclusive, milliseconds) of a ticket created before it."""
    line = Timeline(changed_at=origin.created_at)
    known = sorted((e for e in events if e.known_at < cutoff and e.at < cutoff), key=_order)
    later = [e for e in events if not (e.known_at < cutoff and e.at < cutoff)]
    statuses = [e for e in known if e.kind == "status"] or _from_ticket(origin, cutoff, any_later=bool(later))
    _statuses(line, statuses, origin)
    _assumption(line, later, cutoff)
    assignments = sorted((e for e in events if e.kind in ASSIGNMENTS), key=_order)
    _spans(line, origin, statuses, assignments, cutoff)
    if known:
        line.changed_at = max(line.changed_at, *(e.known_at for e in known))
    if statuses:
        line.changed_at = max(line.changed_at, *(e.known_at for e in statuses))
    line.alarm_at = min((max(e.at, e.known_at) for e in later), default=None)
    return line


def _order(event: Event) -> tuple[int, int, int, str]:
    # Vendors' ids grow: shorter numbers first, then by text, tells events of one instant apart.
    return event.at, event.known_at, len(event.id), event.id


def _from_ticket(origin: Origin, cutoff: int, *, any_later: bool) -> list[Event]:
    """Stand in for a missing status history: open when created, and what the ticket says at its last update."""
    created, how = origin.created_at, origin.status_how
    if any_later or origin.status not in SOLVED:
        status = "new" if any_later else origin.status
        return [Event("status", created, created, None, status, how, "")]
    at = max(origin.updated_at or created, created)
    first = Event("status", created, created, None, "open", how, "")
    if at >= cutoff:
        return [first]
    return [first, Event("status", at, at, "open", origin.status, how, "~")]


def _statuses(line: Timeline, statuses: Sequence[Event], origin: Origin) -> None:
    before: str | None = None
    solved_before = False
    for event in statuses:
        now = event.new or "open"
        solved = now in SOLVED
        solves, reopens = solved and not solved_before, solved_before and not solved
        line.changes.append(Change(event.at, event.known_at, before, now, event.how, solves, reopens))
        if solves:
            line.solves += 1
            line.solved_at = event.at
            line.first_solved_at = event.at if line.first_solved_at is None else line.first_solved_at
        if reopens:
            line.reopenings += 1
            line.solved_at = None
            line.reopened_at = event.at if line.reopened_at is None else line.reopened_at
        before, solved_before = now, solved
        line.status_how = event.how
    line.status = before or origin.status


def _assumption(line: Timeline, later: Sequence[Event], cutoff: int) -> None:
    """Note the solve that a rule will infer, whose instant is before the cutoff but whose rule fires after it."""
    coming = [e for e in later if e.kind == "status" and e.new in SOLVED and e.at < cutoff <= e.known_at]
    if coming:
        line.assumed_at, line.assumed_from_at = coming[-1].at, coming[-1].known_at


def _spans(
    line: Timeline, origin: Origin, statuses: Sequence[Event], assignments: Sequence[Event], cutoff: int
) -> None:
    """Cut the unsolved time at each change of assignment; an inferred solve ends a span when its rule fired."""
    current = {kind: _initial(origin, assignments, kind) for kind in ASSIGNMENTS}
    teams = {current["team"]} - {None}
    points: list[tuple[int, int, Event]] = [(max(e.known_at, e.at), 1, e) for e in statuses]
    points += [(e.at, 0, e) for e in assignments if e.at < cutoff]
    points.sort(key=lambda point: (point[0], point[1], _order(point[2])))
    solves = {(c.at, c.known_at) for c in line.changes if c.solves}
    begin: int | None = None
    for at, _, event in points:
        if event.kind == "status":
            if (event.at, event.known_at) in solves and event.new in SOLVED:
                line.solved_team, line.solved_assignee = current["team"], current["assignee"]
            unsolved = event.new not in SOLVED
            if unsolved and begin is None:
                begin = at
            elif not unsolved and begin is not None:
                _span(line, begin, at, current)
                begin = None
        elif current[event.kind] != event.new:
            if begin is not None:
                _span(line, begin, at, current)
                begin = at
            current[event.kind] = event.new
            teams |= {current["team"]} - {None}
    deleted = origin.deleted_at if origin.deleted_at is not None and origin.deleted_at < cutoff else None
    if begin is not None:
        _span(line, begin, deleted, current)
    line.team, line.assignee, line.priority = current["team"], current["assignee"], current["priority"]
    line.teams = len(teams)
    if deleted is not None:
        line.changed_at = max(line.changed_at, deleted)


def _span(line: Timeline, begin: int, end: int | None, current: dict[str, str | None]) -> None:
    if end is None or end > begin:
        line.spans.append(Span(begin, end, current["team"], current["assignee"], current["priority"]))


def _initial(origin: Origin, assignments: Sequence[Event], kind: str) -> str | None:
    """Return what was assigned at the creation: the first change's old value, else what the ticket says now."""
    first = next((e for e in assignments if e.kind == kind), None)
    if first is not None:
        return first.old
    value: str | None = getattr(origin, kind)
    return value
