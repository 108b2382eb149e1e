"""Live: chats and calls, and the sessions behind them."""

from __future__ import annotations

from ..bench import Bench
from ..dump import Row, listed
from ..rule import Broken, Grade, NotApplicable, rule

_LIVE = ("chat", "phone")


@rule(
    Grade.GOLD,
    "Sessions have tickets, and chats and calls have sessions where waits are promised",
    after=("first_read_is_whole",),
)
def sessions_and_tickets_belong_together(bench: Bench) -> None:
    """A session without a ticket is in no answer, and who hung up is missed only where a session says so."""
    tables = bench.undisturbed.dump.tables
    tickets, sessions = tables["tickets"], tables["sessions"]
    live = [key for key, row in tickets.items() if _was_asked_live(row)]
    if not sessions and not (live and bench.connector.capabilities.wait_times):
        raise NotApplicable("it reads no chats or calls with sessions")
    if loose := [key for key, row in sessions.items() if row["ticket_id"] not in tickets]:
        raise Broken(
            f"{len(loose)} sessions name tickets that aren't there: {listed(sorted(loose))}",
            "Give a session the ticket that the source links, else make one for it.",
        )
    told = {row["ticket_id"] for row in sessions.values()}
    if silent := sorted(set(live) - told) if bench.connector.capabilities.wait_times else []:
        raise Broken(
            f"{len(silent)} chats or calls have no session: {listed(silent)}",
            "Give each a Session, a missed one too, or declare `Capabilities(wait_times=False)`.",
        )


def _was_asked_live(row: Row) -> bool:
    """Tell whether a customer began it, live; what became another ticket, or was deleted, has said enough."""
    counts = row["merged_into"] is None and row["deleted_at"] is None and row["nature"] == "request"
    return counts and row["medium"] in _LIVE and row["opened_by"] == "customer"


RULES = (sessions_and_tickets_belong_together,)
