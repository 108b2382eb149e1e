"""Via: how something came into Zendesk, from an object, a display name or a dash."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from deskmetry.records.kinds import Medium

_OTHER = re.compile(r"[^a-z0-9]+")
_SAME = {"web": "web_form", "mail": "email", "phone_call": "voice"}
_CHAT = "chat"
_CHATS = frozenset({_CHAT, "messaging", "native_messaging"})
_RULES = frozenset({"rule", "trigger", "automation", "business_rule", "rule_revision"})
_BOTS = frozenset({"answer_bot", "ai_agent", "answer_bot_api", "bot"})


def channel_of(via: Any) -> str | None:
    """Return the channel as one lower-case word (email, web_form, chat, voice, …); None if it isn't told."""
    if type(via) is str:
        return _word(via)
    if via is not None and not isinstance(via, dict):
        raise TypeError("`via` is neither an object nor a name")
    name = via.get("channel") if via else None
    return _word(name) if isinstance(name, str) else None


@lru_cache(maxsize=256)  # few words, and as many messages as there are
def _word(name: str) -> str | None:
    word = _OTHER.sub("_", name.lower()).strip("_")
    return _SAME.get(word, word) or None


def medium_of(channel: str | None) -> Medium:
    """Return what kind of conversation a channel stands for; an e-mail to a helpdesk is a ticket."""
    if channel in _CHATS:
        return Medium.CHAT
    return Medium.PHONE if channel and channel.startswith(("voice", "phone")) else Medium.TICKET


def by_rule(via: Any) -> bool:
    """Tell whether a trigger or an automation did it, whoever is named as author."""
    if type(via) is str:
        return _word(via) in _RULES
    if isinstance(via, dict):
        source = via.get("source")
        if isinstance(source, dict) and source.get("rel") in _RULES:
            return True
    return channel_of(via) in _RULES


def by_zendesk(via: Any, *, public: bool) -> bool:
    """Tell whether Zendesk put a comment there: the notice of a conversation, or the transcript of a chat.

    Both stand there in the name of the customer or of an agent, and repeat what the chat itself tells.
    """
    channel = channel_of(via)
    return channel == _CHAT or (not public and channel in _CHATS)


def by_bot(via: Any) -> bool:
    """Tell whether one of Zendesk's own bots did it."""
    return channel_of(via) in _BOTS
