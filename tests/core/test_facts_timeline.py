"""The history of one ticket, by hand: days instead of milliseconds, so that every number can be checked."""

from __future__ import annotations

from typing import Any

from deskmetry.facts.timeline import Event, Origin, Timeline, timeline

FOREVER = 1000


def origin(**fields: Any) -> Origin:
    known: dict[str, Any] = {
        "created_at": 0, "updated_at": None, "deleted_at": None, "status": "open", "status_how": "reported",
        "team": None, "assignee": None, "priority": None,
    }  # fmt: skip
    return Origin(**(known | fields))


def status(
    at: int, new: str | None, old: str | None = None, *, known_at: int | None = None, name: str = ""
) -> Event:
    how = "reported" if known_at is None else "inferred"
    return Event("status", at, at if known_at is None else known_at, old, new, how, name)


def assign(at: int, new: str | None, old: str | None = None, kind: str = "team") -> Event:
    return Event(kind, at, at, old, new, "reported", "")


def statuses(line: Timeline) -> list[tuple[int, str | None, str]]:
    return [(change.at, change.old, change.new) for change in line.changes]


def lengths(line: Timeline) -> list[tuple[int, int | None]]:
    return [(span.from_at, span.until_at) for span in line.spans]


def test_new_pending_solved_is_one_unsolved_span_until_the_solve() -> None:
    line = timeline(origin(), [status(0, "new"), status(2, "pending"), status(5, "solved")], FOREVER)
    assert statuses(line) == [(0, None, "new"), (2, "new", "pending"), (5, "pending", "solved")]
    assert [(change.solves, change.reopens) for change in line.changes] == [(False, False)] * 2 + [
        (True, False)
    ]
    assert (line.first_solved_at, line.solved_at, line.reopened_at) == (5, 5, None)
    assert (line.solves, line.reopenings, line.status, line.changed_at) == (1, 0, "solved", 5)
    assert lengths(line) == [(0, 5)]


def test_a_ticket_that_never_was_solved_lasts() -> None:
    line = timeline(origin(), [status(0, "new"), status(4, "open")], FOREVER)
    assert (line.solved_at, line.solves, line.status) == (None, 0, "open")
    assert lengths(line) == [(0, None)]


def test_a_reopening_begins_a_second_span_and_takes_the_solve_back() -> None:
    events = [status(0, "new"), status(3, "solved"), status(7, "open")]
    line = timeline(origin(team="a", assignee="x"), events, FOREVER)
    assert (line.first_solved_at, line.solved_at, line.reopened_at) == (3, None, 7)
    assert (line.solves, line.reopenings) == (1, 1)
    assert lengths(line) == [(0, 3), (7, None)]
    assert (line.solved_team, line.solved_assignee) == (None, None)


def test_a_second_solve_counts_and_the_first_reopening_stays() -> None:
    events = [status(0, "new"), status(3, "solved"), status(4, "open"), status(6, "solved")]
    line = timeline(origin(), [*events, status(8, "open"), status(9, "solved")], FOREVER)
    assert (line.first_solved_at, line.solved_at, line.reopened_at) == (3, 9, 4)
    assert (line.solves, line.reopenings) == (3, 2)
    assert lengths(line) == [(0, 3), (4, 6), (8, 9)]


def test_closed_after_solved_is_no_second_solve() -> None:
    line = timeline(origin(), [status(0, "new"), status(3, "solved"), status(9, "closed")], FOREVER)
    assert (line.solves, line.solved_at, line.status) == (1, 3, "closed")
    assert [change.solves for change in line.changes] == [False, True, False]
    assert lengths(line) == [(0, 3)]


def test_closed_without_solved_is_a_solve() -> None:
    line = timeline(origin(), [status(0, "new"), status(3, "closed")], FOREVER)
    assert (line.solves, line.solved_at) == (1, 3)


def test_a_status_that_is_reported_twice_changes_nothing() -> None:
    line = timeline(origin(), [status(0, "new"), status(3, "solved"), status(4, "solved")], FOREVER)
    assert statuses(line) == [(0, None, "new"), (3, "new", "solved")]


def test_events_arrive_in_any_order() -> None:
    events = [status(0, "new"), status(3, "solved"), status(7, "open"), assign(5, "b", "a")]
    assert timeline(origin(), events[::-1], FOREVER) == timeline(origin(), events, FOREVER)


def test_an_inferred_solve_counts_from_the_reply_but_ends_the_span_when_it_was_known() -> None:
    line = timeline(
        origin(), [status(0, "new"), status(2, "pending"), status(2, "solved", known_at=9)], FOREVER
    )
    assert (line.first_solved_at, line.solved_at, line.changed_at) == (2, 2, 9)
    assert line.status_how == "inferred"
    assert (line.changes[-1].at, line.changes[-1].known_at) == (2, 9)
    assert lengths(line) == [(0, 9)]


def test_before_its_rule_fires_an_inferred_solve_is_an_assumption() -> None:
    events = [status(0, "new"), status(2, "pending"), status(2, "solved", known_at=9)]
    line = timeline(origin(), events, 9)
    assert (line.solved_at, line.status, line.assumed_at, line.assumed_from_at) == (None, "pending", 2, 9)
    assert (line.due_at, line.changed_at) == (9, 2)
    assert lengths(line) == [(0, None)]
    later = timeline(origin(), events, 10)
    assert (later.solved_at, later.assumed_at, later.due_at) == (2, None, None)


def test_a_customer_reopens_an_inferred_solve() -> None:
    line = timeline(
        origin(),
        [status(0, "new"), status(2, "pending"), status(2, "solved", known_at=9), status(12, "open")],
        FOREVER,
    )
    assert (line.first_solved_at, line.reopened_at, line.reopenings) == (2, 12, 1)
    assert lengths(line) == [(0, 9), (12, None)]


def test_what_happens_at_the_cutoff_is_not_known_before_it() -> None:
    events = [status(0, "new"), status(5, "solved")]
    assert timeline(origin(), events, 5).solved_at is None
    assert timeline(origin(), events, 5).due_at == 5
    assert timeline(origin(), events, 6).solved_at == 5


def test_each_change_of_team_assignee_or_priority_splits_the_unsolved_span() -> None:
    line = timeline(
        origin(team="c", assignee="y", priority="high"),
        [
            status(0, "new"), status(9, "solved"),
            assign(2, "b", "a"), assign(4, "y", None, "assignee"), assign(6, "high", "low", "priority"),
            assign(8, "c", "b"), assign(11, "d", "c"),
        ],
        FOREVER,
    )  # fmt: skip
    assert [tuple(span) for span in line.spans] == [
        (0, 2, "a", None, "low"),
        (2, 4, "b", None, "low"),
        (4, 6, "b", "y", "low"),
        (6, 8, "b", "y", "high"),
        (8, 9, "c", "y", "high"),
    ]
    assert (line.team, line.assignee, line.priority) == ("d", "y", "high")
    assert (line.solved_team, line.solved_assignee, line.teams) == ("c", "y", 4)


def test_an_assignment_to_the_same_team_splits_nothing() -> None:
    line = timeline(origin(), [status(0, "new"), assign(3, "a", "a")], FOREVER)
    assert lengths(line) == [(0, None)]
    assert line.teams == 1


def test_an_assignment_at_the_instant_of_the_solve_comes_before_it() -> None:
    line = timeline(origin(), [status(0, "new"), status(5, "solved"), assign(5, "b", "a")], FOREVER)
    assert line.solved_team == "b"
    assert [(span.from_at, span.until_at, span.team) for span in line.spans] == [(0, 5, "a")]


def test_without_changes_the_assignment_is_the_tickets_own() -> None:
    line = timeline(origin(team="a", assignee="x", priority="low"), [status(0, "new")], FOREVER)
    assert [tuple(span) for span in line.spans] == [(0, None, "a", "x", "low")]


def test_the_assignment_before_the_first_change_is_its_old_value_even_if_the_change_comes_later() -> None:
    line = timeline(origin(team="b"), [status(0, "new"), assign(7, "b", "a")], 5)
    assert (line.team, line.teams, line.due_at) == ("a", 1, 7)


def test_a_history_of_changes_alone_begins_with_the_old_value_at_the_creation() -> None:
    line = timeline(origin(), [status(4, "solved", "pending")], FOREVER)
    assert statuses(line) == [(0, None, "pending"), (4, "pending", "solved")]
    assert lengths(line) == [(0, 4)]
    assert timeline(origin(status="solved"), [status(4, "solved", "pending")], 4).status == "pending"


def test_a_ticket_is_new_until_its_first_known_status() -> None:
    assert statuses(timeline(origin(), [status(4, "open")], FOREVER)) == [
        (0, None, "new"),
        (4, "new", "open"),
    ]
    assert timeline(origin(status="solved"), [status(4, "solved")], 3).status == "new"


def test_events_of_one_instant_follow_their_ids_shorter_ones_first() -> None:
    events = [status(5, "open", name="10"), status(5, "solved", name="9"), status(0, "new", name="1")]
    assert statuses(timeline(origin(), events, FOREVER))[-1] == (5, "solved", "open")


def test_a_solved_ticket_without_history_was_open_until_its_last_update() -> None:
    line = timeline(origin(status="solved", updated_at=6), [], FOREVER)
    assert statuses(line) == [(0, None, "open"), (6, "open", "solved")]
    assert (line.solved_at, line.changed_at) == (6, 6)
    assert lengths(line) == [(0, 6)]


def test_a_solved_ticket_without_history_is_open_before_its_last_update() -> None:
    line = timeline(origin(status="solved", updated_at=6), [], 6)
    assert statuses(line) == [(0, None, "open")]
    assert (line.changed_at, line.due_at) == (0, 6)


def test_an_unsolved_ticket_without_history_has_its_status_from_the_creation() -> None:
    line = timeline(origin(status="pending", updated_at=6, status_how="observed"), [], FOREVER)
    assert statuses(line) == [(0, None, "pending")]
    assert line.status_how == "observed"


def test_a_later_change_of_team_does_not_hide_what_the_ticket_says_of_its_status() -> None:
    assert timeline(origin(status="pending"), [assign(7, "b", "a")], 5).status == "pending"


def test_a_solved_ticket_without_update_was_solved_at_once() -> None:
    line = timeline(origin(status="closed"), [], FOREVER)
    assert (line.solved_at, line.spans) == (0, [])


def test_a_deletion_ends_the_span() -> None:
    line = timeline(origin(deleted_at=6), [status(0, "new")], FOREVER)
    assert lengths(line) == [(0, 6)]
    assert line.changed_at == 6
    assert lengths(timeline(origin(deleted_at=6), [status(0, "new")], 6)) == [(0, None)]
    assert timeline(origin(deleted_at=6), [status(0, "new")], 6).due_at == 6


def test_nothing_is_unsolved_after_the_deletion() -> None:
    line = timeline(
        origin(deleted_at=6), [status(0, "new"), assign(4, "b", "a"), assign(8, "c", "b")], FOREVER
    )
    assert [(span.from_at, span.until_at, span.team) for span in line.spans] == [(0, 4, "a"), (4, 6, "b")]


def test_the_next_instant_is_the_earliest_of_everything_after_the_cutoff() -> None:
    events = [status(0, "new"), status(8, "solved", known_at=15), assign(12, "b", "a")]
    assert timeline(origin(deleted_at=20), events, 5).due_at == 8  # the assumption begins
    assert timeline(origin(deleted_at=20), events, 9).due_at == 12
    assert timeline(origin(deleted_at=20), events, 13).due_at == 15
    assert timeline(origin(deleted_at=20), events, 16).due_at == 20
    assert timeline(origin(deleted_at=20), events, 21).due_at is None


def test_the_time_in_each_status_up_to_the_last_solve() -> None:
    events = [status(0, "new"), status(1, "open"), status(3, "pending"), status(7, "on_hold")]
    events += [status(15, "solved"), status(31, "open"), status(63, "pending"), status(127, "solved")]
    line = timeline(origin(), [*events, status(255, "closed")], FOREVER)
    # new 1, open 2, pending 4, on_hold 8, solved 16, open 32, pending 64
    assert (line.requester_wait, line.agent_wait, line.on_hold) == (1 + 2 + 8 + 32, 4 + 64, 8)


def test_no_time_is_told_of_a_ticket_that_is_not_solved() -> None:
    line = timeline(origin(), [status(0, "new"), status(3, "solved"), status(7, "open")], FOREVER)
    assert (line.requester_wait, line.agent_wait, line.on_hold) == (None, None, None)


def test_what_stands_in_for_a_missing_history_tells_no_time_in_a_status() -> None:
    line = timeline(origin(status="solved", updated_at=5), [], FOREVER)
    assert (line.solved_at, line.requester_wait, line.agent_wait, line.on_hold) == (5, None, None, None)


def test_a_status_from_before_the_creation_counts_from_the_creation() -> None:
    line = timeline(origin(created_at=4), [status(1, "new"), status(6, "solved")], FOREVER)
    assert line.requester_wait == 2


def test_who_had_it_at_the_first_solve_stays_when_it_is_reopened() -> None:
    events = [status(0, "new"), status(3, "solved"), status(4, "open"), status(6, "solved")]
    moved = Event("team", 5, 5, "a", "b", "reported", "x1")
    line = timeline(origin(team="b", assignee="x"), [*events, moved], FOREVER)
    assert (line.first_solved_team, line.solved_team) == ("a", "b")
    again = timeline(origin(team="b", assignee="x"), [*events, moved, status(8, "open")], FOREVER)
    assert (again.first_solved_team, again.first_solved_assignee) == ("a", "x")
    assert again.solved_team is None


def test_an_observed_history_that_begins_in_the_middle_tells_no_time_in_statuses() -> None:
    seen = [Event("status", 5, 5, "pending", "solved", "observed", "")]
    late = timeline(origin(), seen, FOREVER)
    assert (late.solved_at, late.requester_wait, late.agent_wait, late.on_hold) == (5, None, None, None)
    whole = timeline(origin(), [Event("status", 0, 0, None, "pending", "observed", ""), *seen], FOREVER)
    assert (whole.requester_wait, whole.agent_wait, whole.on_hold) == (0, 5, 0)
