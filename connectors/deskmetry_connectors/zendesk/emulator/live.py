"""Live: the endpoints of Zendesk Chat, Talk and messaging of an emulated account."""

from __future__ import annotations

from .chat import chats_page
from .company import Company
from .data import Json
from .faults import Faults
from .talk import calls_page
from .transcripts import log_page


def chat_user(faults: Faults, door: str) -> Json | None:
    """Return who comes in to Zendesk Chat where it wants a token of its own; None for a stranger."""
    return {"role": "admin"} if door == f"Bearer {faults.chat_token}" else None


def live_page(company: Company, faults: Faults, name: str, query: dict[str, str]) -> Json | None:
    """Return the answer to a request about something live; None for all others."""
    match name.split("/"):
        case ["chat", "incremental", "chats"]:
            return chats_page(company, query, inclusive=faults.chat_inclusive)
        case ["channels", "voice", "stats", "incremental", "calls"]:
            return calls_page(company, query)
        case ["tickets", key, "conversation_log"]:
            return log_page(company, int(key), query)
    return None
