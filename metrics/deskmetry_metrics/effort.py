"""Effort: how much work a ticket takes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import ClassVar

from pydantic import Field

from deskmetry.metric import TICKETS, Direction, Metric, Ratio, Share, Sum
from deskmetry.plugins import hookimpl

_AT_SOLVE = {"agent": "solved_agent", "team": "solved_team"}
_AT_FIRST_SOLVE = {"agent": "first_solved_agent", "team": "first_solved_team"}
_LIVE = "medium IN ('chat', 'phone')"


class OneTouchRate(Share):
    """Of the solved tickets with a human reply: those with exactly one, by the last solve.

    Of chats and calls: those with exactly one session that a human took, among those with any or with a
    human reply; they are left out and counted where no session is known. Agent and team are those at the
    last solve.
    """

    name, direction = "one_touch_rate", Direction.HIGHER
    fact, at = TICKETS, "solved_at"
    of = f"solved_at IS NOT NULL AND (human_replies > 0 OR {_LIVE} AND accepted_sessions > 0)"
    counts, whose = f"CASE WHEN {_LIVE} THEN accepted_sessions ELSE human_replies END = 1", _AT_SOLVE
    leave_out: ClassVar = {"a chat or call of which no session is known": f"{_LIVE} AND sessions = 0"}
    needs = ("status_history",)


class RepliesPerResolution(Ratio):
    """Human replies on solved tickets ÷ solved tickets, by the last solve; agent and team likewise."""

    name, unit, direction = "replies_per_resolution", "replies", Direction.LOWER
    over = Sum(TICKETS, "solved_at", "solved_at IS NOT NULL", "human_replies")
    under = Sum(TICKETS, "solved_at", "solved_at IS NOT NULL")
    whose, needs = _AT_SOLVE, ("status_history",)


class RepliesPerTicket(Ratio):
    """Human replies ÷ tickets, by the ticket's creation."""

    name, unit, direction = "replies_per_ticket", "replies", Direction.LOWER
    over, under = Sum(TICKETS, "created_at", value="human_replies"), Sum(TICKETS, "created_at")


class ReopenRate(Share):
    """Tickets reopened within the window after their first solve ÷ tickets solved, by the first solve.

    Those solved less than the window ago, reopened or not, are left out and counted. Agent and team are those
    at the first solve.
    """

    name, direction = "reopen_rate", Direction.LOWER
    fact, at, of = TICKETS, "first_solved_at", "first_solved_at IS NOT NULL"
    counts, whose = "reopened_after_ms <= :window", _AT_FIRST_SOLVE
    leave_out: ClassVar = {"solved less than the window ago": "first_solved_at > :as_of - :window"}
    needs, maturity = ("status_history",), "window"
    window: timedelta = Field(
        timedelta(days=30),
        ge=timedelta(0),
        description="Time after the first solve in which reopening counts",
    )


class TransferRate(Share):
    """Tickets that more than one team had, or that more than one agent replied to ÷ tickets, by creation."""

    name, direction = "transfer_rate", Direction.LOWER
    fact, at, counts = TICKETS, "created_at", "teams > 1 OR repliers > 1"


class BotResolutionRate(Share):
    """Solved tickets that a bot replied to and no human did ÷ solved tickets, by the last solve.

    A chat that a bot answered, and that nobody took when it didn't help, is closed but solved by nobody: it
    counts below the line only. Agent and team are those at the last solve.
    """

    name, direction = "bot_resolution_rate", Direction.HIGHER
    fact, at, of = TICKETS, "solved_at", "solved_at IS NOT NULL"
    counts = "human_replies = 0 AND bot_replies > 0 AND resolved_by <> 'nobody'"
    whose = _AT_SOLVE
    needs = ("status_history",)


METRICS: tuple[type[Metric], ...] = (
    OneTouchRate,
    RepliesPerResolution,
    RepliesPerTicket,
    ReopenRate,
    TransferRate,
    BotResolutionRate,
)


@hookimpl
def register_metrics() -> Iterable[type[Metric]]:
    """Return the metric classes of the group."""
    return METRICS
