"""Hints: signs after a sync that a mailbox is set up wrongly, so that its numbers would mislead."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from .text import number

_MANY = 5  # so few mails or tickets say nothing yet
_SHARE = 0.2  # of the tickets marked as answered without an answer here, above which answers are missing

_DIRECTIONS = """
SELECT s.name, count(*), sum(NOT h.inbound) FROM sources AS s
JOIN message_headers AS h ON h.source_id = s.id GROUP BY s.name ORDER BY s.name
"""
_ELSEWHERE = """
SELECT source, count(*), sum(reply_elsewhere) FROM ticket_facts
WHERE medium = 'email' AND excluded IS NULL GROUP BY source ORDER BY source
"""


def hints(connection: sqlite3.Connection) -> Iterator[str]:
    """Yield what looks wrong with the mail sources, each with what to look at."""
    for source, mails, sent in connection.execute(_DIRECTIONS):
        if mails >= _MANY and not sent:
            yield (
                f"{source}: none of its {number(mails)} mails comes from the account: nothing is answered."
                " Are its `addresses` complete, and is the folder of sent mail among what is read?"
            )
    for source, tickets, elsewhere in connection.execute(_ELSEWHERE):
        if tickets >= _MANY and elsewhere > _SHARE * tickets:
            yield (
                f"{source}: {number(elsewhere)} of {number(tickets)} tickets are marked as answered, but the"
                " answers aren't there. Is the folder of sent mail among what is read?"
            )
