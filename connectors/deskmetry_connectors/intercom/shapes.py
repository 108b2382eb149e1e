"""Shapes: small readings of Intercom's JSON that every mapping needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from deskmetry.records import from_epoch
from deskmetry.records.kinds import ActorKind

from ..email.text import strip_html

Row = Mapping[str, Any]
BOT = "bot:"
"""Stands before the ids of bots: they are numbered like teammates, and must never be taken for one."""
_CUSTOMERS = frozenset({"user", "lead", "contact", "visitor"})


def instant(value: Any) -> datetime | None:
    """Return Unix seconds as an instant; None for nothing. TypeError or ValueError for anything else."""
    if value is None:
        return None
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{type(value).__name__} is no Unix time")
    return from_epoch(seconds=value)


def within(value: Any) -> Row:
    """Return an object that may be null; TypeError for what is neither."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise TypeError(f"{type(value).__name__} where an object belongs")
    return value


def entries(value: Any, name: str) -> list[Any]:
    """Return the list in a wrapper such as `{"type": "tag.list", "tags": [...]}`; it may be bare or null."""
    found = value if isinstance(value, list) else within(value).get(name)
    if found is None:
        return []
    if not isinstance(found, list):
        raise TypeError(f"{type(found).__name__} where a list of {name} belongs")
    return found


def objects(rows: list[Any]) -> Iterator[Row]:
    """Yield what is an object."""
    return (row for row in rows if isinstance(row, Mapping))


def kind_of(author: Row) -> ActorKind:
    """Return who an author is: what an AI agent or a bot wrote is a bot's, in whosever name.

    Campaigns write in the name of a team, and Twitter leaves the author blank: both count as the system.
    """
    kind = author.get("type")
    if author.get("from_ai_agent") is True or kind == "bot":
        return ActorKind.BOT
    if kind == "admin":
        return ActorKind.AGENT
    return ActorKind.CUSTOMER if kind in _CUSTOMERS else ActorKind.SYSTEM


def author_id(author: Row) -> str | None:
    """Return the id of an author as it stands in our tables; None where there is none."""
    key = author.get("id")
    if key in (None, ""):
        return None
    return f"{BOT}{key}" if kind_of(author) is ActorKind.BOT else str(key)


def some(value: Any) -> str | None:
    """Return an id as text; 0 and nothing mean that there is none."""
    return None if value in (None, "", 0, "0") else str(value)


def plain(body: Any) -> str | None:
    """Return a body as plain text, also where HTML came although plain text was asked for."""
    if body is None:
        return None
    if not isinstance(body, str):
        raise TypeError(f"{type(body).__name__} is no text")
    return strip_html(body).strip() if body.lstrip().startswith("<") else body
