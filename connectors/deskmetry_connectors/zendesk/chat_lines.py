"""Chat lines: what happened in a chat one after the other, and who it was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from deskmetry.records import Message
from deskmetry.records.kinds import ActorKind, AutomaticKind

Row = Mapping[str, Any]
JOINED, LEFT = "chat.memberjoin", "chat.memberleave"
RATED, RATING_ASKED = "chat.rating", "chat.request.rating"
WRITTEN = frozenset({"chat.msg", "chat.file", "chat.triggered"})
"""Kinds of lines that become messages."""
KNOWN = WRITTEN | {
    JOINED, LEFT, RATED, RATING_ASKED, "chat.comment", "chat.tag", "chat.tags", "chat.skills",
    "chat.department", "chat.conversion", "chat.wait_queue", "chat.email", "chat.name", "chat.phone",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a chat's history. author: an agent's id, None for everybody else."""

    row: Row
    key: str
    kind: str
    at: datetime
    who: ActorKind
    author: str | None

    def message(self, chat: str, ticket: str, visitor: str, deleted: datetime | None) -> Message:
        """Return a line that somebody wrote as a message; what a trigger sends is automatic."""
        body = _body(self.row)
        system = self.who is ActorKind.SYSTEM
        return Message(
            id=f"{chat}:{self.key}",
            ticket_id=ticket,
            sent_at=self.at,
            author_kind=self.who,
            role_seen=str(self.row.get("sender_type") or self.who.value).lower(),
            author_id=visitor if self.who is ActorKind.CUSTOMER else self.author,
            automatic=system,
            automatic_kind=AutomaticKind.NOTIFICATION if system else None,
            channel="chat",
            length=len(body),
            body=body,
            deleted_at=deleted,
        )


def lines_of(rows: Iterable[Any], bots: frozenset[str]) -> list[Line]:
    """Return a history, oldest first; a line's key is the id of its message, else its number or place."""
    found = [_line(row, place, bots) for place, row in enumerate(rows)]
    return sorted(found, key=lambda line: line.at)


def moment(value: Any) -> datetime:
    """Return an aware instant; anything else is refused, since a zone is never guessed."""
    found = datetime.fromisoformat(value) if isinstance(value, str) else None
    if found is None or found.tzinfo is None:
        raise ValueError(f"{value!r} is no instant with a zone")
    return found


def _line(row: Any, place: int, bots: frozenset[str]) -> Line:
    key = row.get("msg_id")
    if key in (None, ""):
        key = f"#{row.get('index', place)}"
    who, author = _who(row, bots)
    return Line(row, str(key), str(row.get("type") or ""), moment(row["timestamp"]), who, author)


def _who(row: Row, bots: frozenset[str]) -> tuple[ActorKind, str | None]:
    """Return who a line is by: `sender_type` says it, else the nickname (`visitor`, `agent:123`)."""
    sender, nick = (str(row.get(name) or "").lower() for name in ("sender_type", "nick"))
    if sender == "visitor" or (not sender and nick.startswith("visitor")):
        return ActorKind.CUSTOMER, None
    if "trigger" in sender or nick.endswith("trigger"):
        return ActorKind.SYSTEM, None
    agent = str(row.get("agent_id") or nick.removeprefix("agent:"))
    if agent.isdecimal() and agent != "0":
        return (ActorKind.BOT if agent in bots else ActorKind.AGENT), agent
    return (ActorKind.BOT if "bot" in sender + nick else ActorKind.SYSTEM), None


def _body(row: Row) -> str:
    """Return what was written; of a file its name."""
    if isinstance(row.get("msg"), str):
        return str(row["msg"])
    file = row.get("attachment")
    return str(file.get("name") or file.get("url") or "") if isinstance(file, Mapping) else ""
