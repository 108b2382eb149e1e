"""Hints: signs after a sync that a source is set up wrongly, so that its numbers would mislead."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping

from .text import number

_MANY = 5  # so few mails or tickets say nothing yet
_SHARE = 0.2  # of the tickets marked as answered without an answer here, above which answers are missing
_UNKNOWN = 0.5  # of the answers about tickets, above which they must be tickets of another source

# At these, everybody may have an address: who shares such a domain is no colleague.
_PUBLIC = frozenset({
    "gmail.com", "googlemail.com", "outlook.com", "outlook.de", "hotmail.com", "hotmail.de", "live.com",
    "live.de", "msn.com", "yahoo.com", "yahoo.de", "ymail.com", "aol.com", "icloud.com", "me.com",
    "mac.com", "gmx.de", "gmx.net", "gmx.at", "gmx.ch", "web.de", "t-online.de", "freenet.de", "posteo.de",
    "mailbox.org", "proton.me", "protonmail.com", "orange.fr", "free.fr", "laposte.net", "libero.it",
    "bluewin.ch", "mail.ru", "yandex.ru", "qq.com", "163.com",
})  # fmt: skip

# Whether there are mails is all that those of helpdesks tell: which of them the account sent, they don't.
_DIRECTIONS = """
SELECT s.name, count(*), sum(NOT h.inbound) FROM sources AS s
JOIN message_headers AS h ON h.source_id = s.id
WHERE s.mail_rules IS NOT NULL GROUP BY s.name ORDER BY s.name
"""
# Mails that count: by hand, in a ticket that isn't left out. Copies in several folders are one.
_COLLEAGUES = """
SELECT count(DISTINCT h.mail_id) FROM sources AS s
JOIN message_headers AS h ON h.source_id = s.id AND h.inbound
  AND substr(h.counterpart, -length(:at)) = :at
JOIN messages AS m ON m.source_id = h.source_id AND m.id = h.mail_id
JOIN ticket_facts AS f ON f.source_id = m.source_id AND f.ticket_id = m.ticket_id
WHERE s.name = :source AND s.mail_rules IS NOT NULL AND m.author_kind = 'customer' AND NOT m.automatic
  AND m.deleted_at IS NULL AND f.excluded IS NULL
"""
_ELSEWHERE = """
SELECT source, count(*), sum(reply_elsewhere) FROM ticket_facts
WHERE medium = 'email' AND excluded IS NULL GROUP BY source ORDER BY source
"""
_STRANGE = """
SELECT s.name, CASE WHEN t.id <> s.id THEN t.name END, count(*), sum(k.id IS NULL)
FROM survey_answers AS v
JOIN sources AS s ON s.id = v.source_id
JOIN sources AS t ON t.id = coalesce(s.tickets_source_id, s.id) AND t.complete_until_at IS NOT NULL
LEFT JOIN tickets AS k ON k.source_id = t.id AND k.id = v.ticket_id
WHERE v.ticket_id IS NOT NULL AND v.deleted_at IS NULL GROUP BY s.name ORDER BY s.name
"""


def hints(connection: sqlite3.Connection, addresses: Mapping[str, Iterable[str]]) -> Iterator[str]:
    """Yield what looks wrong with the sources, each with what to look at.

    addresses: the company's own ones by mailbox, as its settings name them.
    """
    yield from _one_way(connection)
    for source, own in addresses.items():
        yield from _colleagues(connection, source, own)
    yield from _elsewhere(connection)
    yield from _strange_tickets(connection)


def _one_way(connection: sqlite3.Connection) -> Iterator[str]:
    for source, mails, sent in connection.execute(_DIRECTIONS):
        if mails >= _MANY and not sent:
            yield (
                f"{source}: none of its {number(mails)} mails comes from the account: nothing is answered."
                " Are its `addresses` complete, and is the folder of sent mail among what is read?"
            )


def _colleagues(connection: sqlite3.Connection, source: str, own: Iterable[str]) -> Iterator[str]:
    known = {address.strip().lower() for address in own}
    domains = {address.rpartition("@")[2] for address in known}
    for domain in sorted(domains - _PUBLIC):
        if f"@{domain}" in known:
            continue
        (mails,) = connection.execute(_COLLEAGUES, {"source": source, "at": f"@{domain}"}).fetchone()
        if mails:
            comes, counts = ("mail comes", "counts") if mails == 1 else ("mails come", "count")
            yield (
                f"{source}: {number(mails)} {comes} from {domain}, the domain of your own address, and"
                f" {counts} as customers': add `@{domain}` to `addresses` if they are colleagues."
            )


def _elsewhere(connection: sqlite3.Connection) -> Iterator[str]:
    for source, tickets, elsewhere in connection.execute(_ELSEWHERE):
        if tickets >= _MANY and elsewhere > _SHARE * tickets:
            yield (
                f"{source}: {number(elsewhere)} of {number(tickets)} tickets are marked as answered, but the"
                " answers aren't there. Is the folder of sent mail among what is read?"
            )


def _strange_tickets(connection: sqlite3.Connection) -> Iterator[str]:
    for source, tickets, answers, unknown in connection.execute(_STRANGE):
        if unknown > _UNKNOWN * answers:
            ask = "is `tickets` right?" if tickets else "if they are another source's, name it in `tickets`."
            name = "names a ticket" if answers == 1 else "name tickets"
            yield (
                f"{number(unknown)} of {number(answers)} answer{'' if answers == 1 else 's'} of {source}"
                f" {name} that {tickets or source} doesn't have: {ask}"
            )
