"""Transcripts: conversation logs of the messaging tickets of an emulated account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .data import Json
from .exports import RefusedError
from .rows import iso

if TYPE_CHECKING:
    from .company import Company

_MOST = 100


@dataclass(slots=True)
class Said:
    """A message of a conversation. who: `user`, `agent` or `bot`; author: the Support user, -1 for a bot."""

    id: str
    ticket: int
    at: int
    who: str
    author: int
    text: str
    source: str = "web"


def said_row(said: Said) -> Json:
    """Return a message as an event of the log; what a bot offers to press comes with its text."""
    name = {"bot": "zd:answerBot", "agent": "zd:agentWorkspace"}.get(said.who, said.source)
    content: Json = {"type": "text", "text": said.text}
    if said.who == "bot":
        content["actions"] = [{"reply": {"text": "Talk to a human", "payload": "goto"}}]
    return {
        "id": said.id, "type": "Messaging::ConversationMessage", "created_at": iso(said.at),
        "received_at": iso(said.at), "attachments": [], "content": content, "source": {"type": name},
        "reference": f"zen:sunco:conversation_message:{said.id}",
        "author": {"type": said.who, "display_name": "…", "zen:support:user_id": said.author,
                   "zen:sunco:user_id": f"sunco{said.author}"},
        "metadata": {"custom": {}, "system": {}, "ticket_version": 0},
    }  # fmt: skip


def log_page(company: Company, ticket: int, query: dict[str, str]) -> Json:
    """Return a page of `/tickets/{id}/conversation_log`: messages and comments, oldest first."""
    known = company.tickets.get(ticket)
    if known is None or known.status == "deleted":
        raise RefusedError(404, "RecordNotFound", "Not found")
    comments = (one for audit in company.audits if audit.ticket == ticket for one in audit.comments)
    events: list[tuple[int, str, Json]] = [(one.at, f"c{one.id}", _comment(one)) for one in comments]
    events += [(one.at, one.id, said_row(one)) for one in company.said if one.ticket == ticket]
    rows = [row for _, _, row in sorted(events, key=lambda event: event[:2])]
    begin, size = int(query.get("page[after]", "0")), min(int(query.get("page[size]", _MOST)), _MOST)
    more = begin + size < len(rows)
    meta = {"has_more": more, "after_cursor": str(begin + size), "before_cursor": str(begin)}
    return {"events": rows[begin : begin + size], "meta": meta, "links": {"next": None, "prev": None}}


def _comment(comment: Any) -> Json:
    kind = "agent" if comment.author != -1 else "bot"
    return {
        "id": f"01J{comment.id}", "type": "Comment", "created_at": iso(comment.at), "attachments": [],
        "author": {"type": kind, "display_name": "…", "zen:support:user_id": comment.author},
        "content": {"type": "html", "body": f"<div>{comment.body}</div>"},
        "metadata": {"public": comment.public}, "reference": f"zen:ticket_event:{comment.id}",
    }  # fmt: skip
