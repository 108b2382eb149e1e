"""Chat: Zendesk Chat of an emulated account, and its incremental export."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .data import Json
from .exports import RefusedError
from .rows import iso

if TYPE_CHECKING:
    from .company import Company

LAG = 300
"""Seconds: the export leaves the last five minutes out, and refuses a start in them."""
_MOST = 1_000


@dataclass(slots=True)
class Chat:
    """A chat or an offline message as it is now; instants are Unix seconds.

    `updated` is raised by all that happens to it, a rating and a tag long after its end too. ended is None
    while it runs. ticket: the one that Zendesk made of it. department: id and name.
    """

    id: str
    began: int
    updated: int
    visitor: Json
    ended: int | None = None
    ticket: int | None = None
    type: str = "chat"
    message: str = ""
    missed: bool = False
    started_by: str = "visitor"
    department: tuple[int, str] | None = None
    rating: str | None = None
    comment: str | None = None
    tags: list[str] = field(default_factory=list)
    webpath: list[Json] = field(default_factory=list)
    history: list[Json] = field(default_factory=list)
    conversions: list[Json] = field(default_factory=list)
    deleted: bool = False

    # --- what happens ---------------------------------------------------------------------------------

    def add(self, kind: str, at: int, who: str, **more: Any) -> Json:
        """Add a line to the history. who: `visitor`, `agent:` and an id, `agent:trigger`."""
        sender = {"visitor": "Visitor", "agent:trigger": "Trigger"}.get(who, "Agent")
        line: Json = {
            "type": kind, "timestamp": iso(at), "nick": who, "sender_type": sender, "channel": f"#{self.id}",
            "index": len(self.history) + 1, "department_id": None, "department_name": None,
        } | more  # fmt: skip
        if sender == "Agent":
            line["agent_id"] = who.removeprefix("agent:")
        self.history.append(line)
        self.updated = max(self.updated, at)
        return line

    def join(self, agent: int, at: int) -> None:
        """Have an agent accept."""
        self.add("chat.memberjoin", at, f"agent:{agent}", name=f"Agent {agent}")

    def say(self, who: str, at: int, text: str) -> None:
        """Have somebody write. who: as in `add`."""
        self.add("chat.msg", at, who, msg=text, msg_id=f"{at}.{len(self.history)}", options="")

    def end(self, at: int, *, missed: bool = False) -> None:
        """Have the visitor leave."""
        self.add("chat.memberleave", at, "visitor")
        self.ended, self.missed = at, missed

    def rate(self, score: str, at: int, comment: str | None = None) -> None:
        """Have the visitor rate it, which may be long after the end."""
        self.add("chat.rating", at, "visitor", rating=self.rating, new_rating=score)
        self.rating, self.comment = score, comment

    def convert(self, key: str, name: str, at: int) -> None:
        """Have the visitor reach a goal that Zendesk attributes to the chat."""
        self.conversions.append(
            {"id": key, "goal_id": 1, "goal_name": name, "timestamp": iso(at), "attribution": {}}
        )
        self.updated = max(self.updated, at)

    def link(self, ticket: int, at: int) -> None:
        """Have Zendesk make a ticket of it."""
        self.ticket, self.updated = ticket, max(self.updated, at)


def chat_row(chat: Chat) -> Json:
    """Return a chat as the export sends it with `fields=chats(*)`."""
    key, name = chat.department or (None, None)
    row: Json = {
        "id": chat.id, "type": chat.type, "timestamp": iso(chat.began), "update_timestamp": iso(chat.updated),
        "visitor": chat.visitor, "zendesk_ticket_id": chat.ticket, "department_id": key,
        "department_name": name, "tags": chat.tags, "unread": False, "webpath": chat.webpath,
        "deleted": chat.deleted,
        "session": {"country_code": "DE", "browser": "Firefox", "ip": "192.0.2.7", "city": "Berlin"},
    }  # fmt: skip
    if chat.type != "chat":
        return row | {"message": chat.message}
    agents = [line["agent_id"] for line in chat.history if "agent_id" in line]
    return row | {
        "started_by": chat.started_by, "missed": chat.missed, "rating": chat.rating, "comment": chat.comment,
        "history": chat.history, "conversions": chat.conversions[-20:], "agent_ids": sorted(set(agents)),
        "agent_names": [], "triggered": chat.started_by == "trigger", "triggered_response": None,
        "end_timestamp": None if chat.ended is None else iso(chat.ended),
        "duration": None if chat.ended is None else chat.ended - chat.began,
        "response_time": {"first": None, "avg": None, "max": None},
        "count": {"agent": len(agents), "visitor": 1, "total": 1 + len(agents)},
    }  # fmt: skip


def chats_page(company: Company, query: dict[str, str], *, inclusive: bool) -> Json:
    """Return a page of `/chat/incremental/chats`: chats after a second and an id, in the order of changes.

    Each page names a next one, the last one too. Without `fields` only ids come. inclusive: the chat that a
    page ends at comes again with the next one.
    """
    start, size = int(query.get("start_time", "0")), min(int(query.get("limit", _MOST)), _MOST)
    if start > company.now - LAG:
        raise RefusedError(400, "invalid_start_time", "start_time must be older than 5 minutes")
    rows = sorted(((one.updated, one.id, one) for one in company.chats.values()), key=_place)
    rows = rows[: bisect_right(rows, (company.now - LAG, "\uffff"), key=_place)]
    cut = bisect_left if inclusive or not query.get("start_id") else bisect_right
    begin = cut(rows, (start, query.get("start_id", "")), key=_place)
    found = rows[begin : begin + size]
    second, key = found[-1][:2] if found else (start, query.get("start_id", ""))
    whole = query.get("fields") == "chats(*)"
    link = f"https://elsewhere.example/api/v2/chat/incremental/chats?start_time={second}&start_id={key}"
    return {
        "chats": [chat_row(chat) if whole else {"id": chat.id} for _, _, chat in found],
        "count": len(found), "end_time": second, "end_id": key, "next_page": link,
    }  # fmt: skip


def _place(row: Sequence[Any]) -> tuple[int, str]:
    return row[0], row[1]
