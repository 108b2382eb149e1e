"""Mails for tests of threading: short to write, days instead of milliseconds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from deskmetry.calendar import DAY_MS
from deskmetry.connector import MailRules
from deskmetry.records.kinds import EventKind
from deskmetry.threads import Mail, Thread, assemble, ticket_of

BEGIN = 1_700_000_000_000
RULES = MailRules()
ANNA = "anna@customer.example"
BERT = "bert@customer.example"


def mail(mail_id: str, day: float = 0, *, cites: Iterable[str] = (), **fields: Any) -> Mail:
    """Return an inbound mail of Anna's, sent that many days after the beginning; its Message-ID is its id."""
    known: dict[str, Any] = {
        "inbound": True,
        "counterpart": ANNA,
        "message_id": mail_id,
        "references": tuple(cites),
    }
    return Mail(mail_id=mail_id, sent_at=BEGIN + round(day * DAY_MS), **(known | fields))


def reply(mail_id: str, day: float = 0, *, by: str = "agent-1", **fields: Any) -> Mail:
    """Return a mail of ours to Anna, by an agent."""
    return mail(mail_id, day, **{"inbound": False, "author_id": by, **fields})


def groups(mails: Iterable[Mail], rules: MailRules = RULES) -> set[frozenset[str]]:
    """Return which mails are together, by id."""
    return {frozenset(one.mail_id for one in thread.mails) for thread in assemble(mails, rules)}


def together(*names: str) -> set[frozenset[str]]:
    """Return the groups that texts of ids stand for: `together("a b", "c")`."""
    return {frozenset(name.split()) for name in names}


def statuses(mails: Iterable[Mail], rules: MailRules = RULES) -> list[tuple[str, float, float]]:
    """Return the status events of one thread as (status, day, day on which it was known)."""
    _, events = ticket_of(Thread(tuple(sorted(mails, key=lambda one: one.order))), rules)
    found = [event for event in events if event.kind is EventKind.STATUS]
    return [
        (str(e.new), _day(e.at.timestamp()), _day(e.known_at.timestamp() if e.known_at else 0)) for e in found
    ]


def _day(seconds: float) -> float:
    return round((seconds * 1000 - BEGIN) / DAY_MS, 3)
