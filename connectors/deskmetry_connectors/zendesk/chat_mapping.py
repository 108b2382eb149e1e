"""Chat mapping: rows of the chat export as records, and which of them had no ticket yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from deskmetry.records import Goal, Record, Team
from deskmetry.records.kinds import GoalKind

from .alone import Alone
from .chat_lines import moment
from .chats import Chat, Row
from .own_history import own_history


@dataclass(slots=True)
class ChatMapping:
    """Rows of the chat export as records.

    goals: kinds of goals by their names. teams: ids of the groups, None where they weren't read. alone: chats
    that had no ticket when they were read.
    """

    bots: frozenset[str] = frozenset()
    goals: Mapping[str, GoalKind] = field(default_factory=dict)
    teams: frozenset[str] | None = None
    alone: Alone = field(default_factory=Alone)

    def chat(self, row: Row) -> Iterator[Record]:
        """Map a chat or an offline message; what Zendesk links to a ticket is a session of that ticket."""
        chat = Chat.of(row, self.bots)
        if row.get("department_id") is not None and not self._is_group(row["department_id"]):
            name = str(row.get("department_name") or row["department_id"])
            yield Team(id=f"department:{row['department_id']}", name=name)
            chat = replace(chat, team=f"department:{row['department_id']}")
        yield chat.customer()
        late = chat.linked is not None and chat.key in self.alone
        if chat.linked is None or late:
            yield chat.ticket()
            yield from own_history(chat.key, chat.asked, chat.ended)
        yield chat.session()
        yield from chat.messages()
        yield from chat.ratings(late=late)
        yield from self._goals(chat)
        self.alone.remember(chat.key, chat.updated, chat.linked)

    def _is_group(self, department: object) -> bool:
        return self.teams is None or str(department) in self.teams

    def _goals(self, chat: Chat) -> Iterator[Goal]:
        for one in chat.row.get("conversions") or ():
            yield Goal(
                id=one["id"],
                kind=self.goals.get(str(one.get("goal_name")), GoalKind.OTHER),
                at=moment(one["timestamp"]),
                ticket_id=chat.about,
                session_id=chat.key,
                customer_id=chat.visitor,
            )
