"""Timeline: the history of one ticket, from its events to solves, reopenings and unsolved spans."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from operator import itemgetter
from typing import NamedTuple

SOLVED = frozenset({"solved", "closed"})
ASSIGNMENTS = ("team", "assignee", "priority")


class Event(NamedTuple):
    """One event of a ticket; instants in milliseconds.

    `known_at` is when it was known: later than `at` for an inferred solve.
    """

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
    """The history of a ticket as far as it is known before the cutoff.

    `changed_at` is the latest instant of anything in it, `due_at` the next one, at or after the cutoff.
    `requester_wait`, `agent_wait` and `on_hold` are milliseconds up to the last solve of a solved ticket.
    """

    changed_at: int
    due_at: int | None = None
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
    requester_wait: int | None = None
    agent_wait: int | None = None
    on_hold: int | None = None
    first_solved_team: str | None = None
    first_solved_assignee: str | None = None
    solved_team: str | None = None
    solved_assignee: str | None = None
    team: str | None = None
    assignee: str | None = None
    priority: str | None = None
    teams: int = 0


def timeline(origin: Origin, events: Iterable[Event], cutoff: int) -> Timeline:
    """Return the history before the cutoff (exclusive, milliseconds) of a ticket created before it."""
    line = Timeline(changed_at=origin.created_at)
    ordered = sorted(events, key=_order)
    statuses = [event for event in ordered if event.kind == "status"]
    assignments = (
        [event for event in ordered if event.kind != "status"] if len(statuses) < len(ordered) else []
    )
    _statuses(line, _known_statuses(origin, statuses, cutoff))
    if _whole(statuses):  # what stands in for a missing history tells nothing about the time in each status
        _waits(line, origin.created_at)
    _assumption(line, statuses, cutoff)
    _spans(line, origin, assignments, cutoff)
    _instants(line, origin, ordered, cutoff, dated_by_update=not statuses)
    return line


def _order(event: Event) -> tuple[int, int, int, str]:
    # Vendors' ids grow: shorter numbers first, then by text, tells events of one instant apart.
    return event.at, event.known_at, len(event.id), event.id


def _known_statuses(origin: Origin, statuses: Sequence[Event], cutoff: int) -> list[Event]:
    """Return the changes of status known before the cutoff, the first of them at the creation at the latest.

    A source may report changes only: the status at the creation is then what the first one changed from.
    """
    if not statuses:
        return _from_ticket(origin, cutoff)
    known = [event for event in statuses if event.at < cutoff and event.known_at < cutoff]
    first, created = statuses[0], origin.created_at
    if not known or first.at > created:
        known.insert(0, Event("status", created, created, None, first.old or "new", first.how, ""))
    return known


def _whole(statuses: Sequence[Event]) -> bool:
    """Tell whether the history goes back to the creation; one that was observed may begin in the middle."""
    return bool(statuses) and (statuses[0].how != "observed" or statuses[0].old is None)


def _from_ticket(origin: Origin, cutoff: int) -> list[Event]:
    """Stand in for a missing history: open when created, and at its last update what the ticket says."""
    created, how = origin.created_at, origin.status_how
    if origin.status not in SOLVED:
        return [Event("status", created, created, None, origin.status, how, "")]
    first = Event("status", created, created, None, "open", how, "")
    at = max(origin.updated_at or created, created)
    return [first] if at >= cutoff else [first, Event("status", at, at, "open", origin.status, how, "")]


def _statuses(line: Timeline, statuses: Iterable[Event]) -> None:
    """Note each change of status; one from solved to closed solves nothing a second time."""
    before: str | None = None
    solved_before = False
    for event in statuses:
        now = event.new or "open"
        line.status_how = event.how
        if now == before:
            continue
        solved = now in SOLVED
        solves, reopens = solved and not solved_before, solved_before and not solved
        line.changes.append(Change(event.at, event.known_at, before, now, event.how, solves, reopens))
        if solves:
            line.solves += 1
            line.solved_at = event.at
            line.first_solved_at = event.at if line.first_solved_at is None else line.first_solved_at
        elif reopens:
            line.reopenings += 1
            line.solved_at = None
            line.reopened_at = event.at if line.reopened_at is None else line.reopened_at
        before, solved_before = now, solved
        line.status = now


def _waits(line: Timeline, created_at: int) -> None:
    """Sum the time in each status from the creation to the last solve of a ticket that is solved."""
    if line.solved_at is None:
        return
    spent = dict.fromkeys(("new", "open", "on_hold", "pending"), 0)
    for change, following in pairwise(line.changes):
        if change.new in spent:
            spent[change.new] += max(following.at, created_at) - max(change.at, created_at)
    line.requester_wait = spent["new"] + spent["open"] + spent["on_hold"]
    line.agent_wait, line.on_hold = spent["pending"], spent["on_hold"]


def _assumption(line: Timeline, statuses: Iterable[Event], cutoff: int) -> None:
    """Note the solve that a rule will infer: it lies before the cutoff, but the rule fires after it."""
    for event in statuses:
        if event.new in SOLVED and event.at < cutoff <= event.known_at:
            line.assumed_at, line.assumed_from_at = event.at, event.known_at


def _spans(line: Timeline, origin: Origin, assignments: Sequence[Event], cutoff: int) -> None:
    """Cut the unsolved time at each change of assignment; an inferred solve ends it when its rule fired."""
    current = {kind: _initial(origin, assignments, kind) for kind in ASSIGNMENTS}
    teams = {current["team"]}
    points: list[tuple[int, int, Event | Change]] = [(e.at, 0, e) for e in assignments if e.at < cutoff]
    points += [(max(change.known_at, change.at), 1, change) for change in line.changes]
    points.sort(key=itemgetter(0, 1))  # stable: at one instant assignments come first, each kind in its order
    begin: int | None = None
    solved_before = False
    for at, _, point in points:
        if isinstance(point, Event):
            if current[point.kind] != point.new:
                begin = _cut(line, begin, at, current)
                current[point.kind] = point.new
                teams.add(current["team"])
        elif point.new not in SOLVED:
            begin = at if begin is None else begin
        else:
            if point.solves:
                line.solved_team, line.solved_assignee = current["team"], current["assignee"]
                if not solved_before:
                    line.first_solved_team, line.first_solved_assignee = (
                        line.solved_team,
                        line.solved_assignee,
                    )
                solved_before = True
            _cut(line, begin, at, current)
            begin = None
    _cut(line, begin, None, current)
    if line.solved_at is None:
        line.solved_team = line.solved_assignee = None
    line.team, line.assignee, line.priority = current["team"], current["assignee"], current["priority"]
    line.teams = len(teams - {None})
    if origin.deleted_at is not None and origin.deleted_at < cutoff:
        line.spans = [
            _until(span, origin.deleted_at) for span in line.spans if span.from_at < origin.deleted_at
        ]


def _cut(line: Timeline, begin: int | None, end: int | None, current: Mapping[str, str | None]) -> int | None:
    """End the span that began, if one did, and return where the next one begins."""
    if begin is None:
        return None
    if end is None or end > begin:
        line.spans.append(Span(begin, end, current["team"], current["assignee"], current["priority"]))
    return end


def _until(span: Span, deleted_at: int) -> Span:
    if span.until_at is not None and span.until_at <= deleted_at:
        return span
    return span._replace(until_at=deleted_at)


def _initial(origin: Origin, assignments: Sequence[Event], kind: str) -> str | None:
    """Return what was assigned at the creation: what the first change changed, else what the ticket says."""
    for event in assignments:
        if event.kind == kind:
            return event.old
    value: str | None = getattr(origin, kind)
    return value


def _instants(
    line: Timeline, origin: Origin, events: Iterable[Event], cutoff: int, *, dated_by_update: bool
) -> None:
    """Note when the history changed last before the cutoff, and when it changes next."""
    instants = [event.at for event in events] + [event.known_at for event in events]
    if origin.deleted_at is not None:
        instants.append(origin.deleted_at)
    if dated_by_update and origin.status in SOLVED and origin.updated_at is not None:
        instants.append(origin.updated_at)
    for instant in instants:
        if instant < cutoff:
            line.changed_at = max(line.changed_at, instant)
        elif line.due_at is None or instant < line.due_at:
            line.due_at = instant
