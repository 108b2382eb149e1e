"""People: teammates, teams and contacts as records, and whoever wrote and is on no list any more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from deskmetry.records import Agent, Customer, Record, Team
from deskmetry.records.kinds import ActorKind, AgentRole

from .shapes import Row, author_id, instant, kind_of, within

LISTED = 1
"""Version of those on a list; who is known by what they wrote has version 0 and never overwrites them."""


def admin(row: Row) -> Agent:
    """Map a teammate; the roles of a workspace aren't told by the API."""
    return Agent(
        id=row["id"],
        version=LISTED,
        name=row.get("name"),
        email=row.get("email"),
        role=AgentRole.AGENT,
        active=True,
    )


def team(row: Row) -> Team:
    """Map a team."""
    return Team(id=row["id"], name=row["name"])


def contact(row: Row) -> Customer:
    """Map a contact, a user or a lead; its version is its last change."""
    created, updated = instant(row.get("created_at")), instant(row["updated_at"])
    return Customer(
        id=row["id"],
        version=LISTED if updated is None else int(updated.timestamp()),
        name=row.get("name"),
        email=row.get("email"),
        phone=row.get("phone"),
        country=within(row.get("location")).get("country"),
        language=row.get("language_override") or row.get("browser_language"),
        created_at=created,
        updated_at=updated,
    )


def writers(authors: Iterable[Any]) -> Iterator[Record]:
    """Yield a row for each author, once: bots, former teammates and contacts whom no list names.

    Of one who is on a list the row counts for nothing beside that one.
    """
    seen: set[tuple[str, str]] = set()
    for author in authors:
        try:
            record = _writer(within(author))
        except (TypeError, ValueError):
            continue  # the message that it wrote is set aside, and says why
        if record is not None and (record.table, record.id) not in seen:
            seen.add((record.table, record.id))
            yield record


def _writer(author: Row) -> Record | None:
    key, kind = author_id(author), kind_of(author)
    if key is None or kind is ActorKind.SYSTEM:
        return None
    name, email = author.get("name") or None, author.get("email") or None
    if kind is ActorKind.CUSTOMER:
        return Customer(id=key, version=0, name=name, email=email)
    if kind is ActorKind.BOT:
        return Agent(id=key, version=0, name=name, role=AgentRole.BOT)
    return Agent(id=key, version=0, name=name, email=email, active=False)
