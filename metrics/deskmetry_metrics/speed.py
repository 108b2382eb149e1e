"""Speed: how long customers wait."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import ClassVar

from pydantic import Field

from deskmetry.metric import REPLIES, TICKET, TICKETS, Direction, Duration, Metric, Share
from deskmetry.plugins import hookimpl

_OPENED_BY_AGENT = {"opened by an agent": "opened_by = 'agent'"}
_NO_CUSTOMER = {"no customer message": "customer_messages = 0"}
_ELSEWHERE = {"answered outside the source": "reply_elsewhere = 1"}
_UNDATED = {"no history of its status": "requester_wait_ms IS NULL"}
_AT_FIRST_SOLVE = {"agent": "first_solved_agent", "team": "first_solved_team"}
_AT_SOLVE = {"agent": "solved_agent", "team": "solved_team"}


class FirstResponseTime(Duration):
    """First customer message → first human reply after it, by the ticket's creation.

    Tickets not answered as of now are left out and counted, as are those opened by an agent. Agent and team
    are those of the first replier.
    """

    name, direction = "first_response_time", Direction.LOWER
    fact, at, value = TICKETS, "created_at", "first_response_ms"
    whose: ClassVar = {"agent": "first_agent", "team": "first_team"}
    leave_out: ClassVar = {
        **_OPENED_BY_AGENT,
        **_NO_CUSTOMER,
        **_ELSEWHERE,
        "not answered as of now": "first_replied_at IS NULL",
    }


class ResponseTime(Duration):
    """For each human reply that answers: the earliest customer message still unanswered → that reply.

    Tickets opened by an agent are left out and counted. Agent and team are those of the replier.
    """

    name, direction = "response_time", Direction.LOWER
    fact, at, of = REPLIES, "replied_at", "replied_at IS NOT NULL"
    value, cluster = "response_ms", TICKET
    leave_out = _OPENED_BY_AGENT


class FirstResolutionTime(Duration):
    """Created → first solve, by the first solve; agent and team likewise."""

    name, direction = "first_resolution_time", Direction.LOWER
    fact, at, of = TICKETS, "first_solved_at", "first_solved_at IS NOT NULL"
    value, whose = "first_resolution_ms", _AT_FIRST_SOLVE
    needs = ("status_history",)


class ResolutionTime(Duration):
    """Created → last solve, for tickets that are solved, by the last solve; agent and team likewise."""

    name, direction = "resolution_time", Direction.LOWER
    fact, at, of = TICKETS, "solved_at", "solved_at IS NOT NULL"
    value, whose = "resolution_ms", _AT_SOLVE
    needs = ("status_history",)


class RequesterWaitTime(Duration):
    """Time that a ticket was new, open or on hold up to its last solve, for tickets that are solved.

    By the last solve; agent and team likewise.
    """

    name, direction = "requester_wait_time", Direction.LOWER
    fact, at, of = TICKETS, "solved_at", "solved_at IS NOT NULL"
    value, whose, leave_out = "requester_wait_ms", _AT_SOLVE, _UNDATED
    needs = ("status_history",)


class AgentWaitTime(Duration):
    """Time that a ticket was pending (waiting for the customer) up to its last solve, if it is solved.

    By the last solve; agent and team likewise.
    """

    name, direction = "agent_wait_time", Direction.LOWER
    fact, at, of = TICKETS, "solved_at", "solved_at IS NOT NULL"
    value, whose, leave_out = "agent_wait_ms", _AT_SOLVE, _UNDATED
    needs = ("status_history",)


class OnHoldTime(Duration):
    """Time that a ticket was on hold up to its last solve, if it is solved; none is 0.

    By the last solve; agent and team likewise.
    """

    name, direction = "on_hold_time", Direction.LOWER
    fact, at, of = TICKETS, "solved_at", "solved_at IS NOT NULL"
    value, whose, leave_out = "on_hold_ms", _AT_SOLVE, _UNDATED
    needs = ("status_history",)


class UnansweredRate(Share):
    """Tickets with a customer message and no human reply ÷ tickets with a customer message, by creation.

    Those younger than the grace, answered or not, those solved by a bot and those opened by an agent are left
    out and counted.
    """

    name, direction = "unanswered_rate", Direction.LOWER
    fact, at, counts = TICKETS, "created_at", "human_replies = 0"
    leave_out: ClassVar = {
        **_OPENED_BY_AGENT,
        **_NO_CUSTOMER,
        **_ELSEWHERE,
        "solved by a bot": "resolved_by = 'bot'",
        "younger than the grace": "created_at > :as_of - :grace",
    }
    maturity = "grace"
    grace: timedelta = Field(timedelta(hours=24), ge=timedelta(0), description="Time before a ticket counts")


METRICS: tuple[type[Metric], ...] = (
    FirstResponseTime,
    ResponseTime,
    FirstResolutionTime,
    ResolutionTime,
    RequesterWaitTime,
    AgentWaitTime,
    OnHoldTime,
    UnansweredRate,
)


@hookimpl
def register_metrics() -> Iterable[type[Metric]]:
    """Return the metric classes of the group."""
    return METRICS
