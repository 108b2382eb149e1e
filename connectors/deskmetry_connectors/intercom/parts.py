"""Parts: what was written in a conversation, as messages; what is of an unknown kind is kept raw."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from deskmetry.records import Message, RawRecord, Record
from deskmetry.records.kinds import ActorKind, AutomaticKind

from .headers import headers
from .shapes import Row, author_id, entries, instant, kind_of, objects, plain, within

MOST = 500
"""Parts that a conversation shows at most, the most recent ones."""
# With a body these are public words: assigning, closing and opening can carry a response.
_SPOKEN = frozenset({"comment", "quick_reply", "assignment", "assign_and_reopen", "close", "open"})
_SILENT = frozenset(
    {
        "snoozed", "unsnoozed", "timer_unsnooze", "away_mode_assignment", "default_assignment",
        "participant_added", "participant_removed", "custom_action_started", "custom_action_finished",
        "conversation_attribute_updated_by_admin", "conversation_attribute_updated_by_workflow",
        "ticket_attribute_updated_by_admin", "ticket_state_updated_by_admin",
    }
)  # fmt: skip
AUTOMATED = frozenset({"automated", "campaigns_initiated"})
CUSTOMER_INITIATED = "customer_initiated"


class Said(NamedTuple):
    """Something public that was written: when, and by whom."""

    at: datetime
    kind: ActorKind
    author: str | None
    automatic: bool = False


def parts_of(row: Row) -> list[Any]:
    """Return the parts of a conversation as they came."""
    return entries(row.get("conversation_parts"), "conversation_parts")


def ordered(row: Row) -> list[Row]:
    """Return the parts that can be put in order, oldest first; those of one second by their numbers."""
    found = []
    for part in objects(parts_of(row)):
        try:
            at, key = instant(part.get("created_at")), str(part["id"])
        except (TypeError, ValueError, KeyError, OverflowError):
            continue  # set aside as a message, with the reason
        if at is not None:
            found.append((at, len(key), key, part))
    found.sort(key=lambda one: one[:3])
    return [one[3] for one in found]


def withheld(row: Row) -> int:
    """Return how many parts of a conversation Intercom doesn't show any more."""
    total = within(row.get("conversation_parts")).get("total_count")
    if total is None:
        total = within(row.get("statistics")).get("count_conversation_parts")
        # The statistics may count otherwise than the list does: they tell only where the list is full.
        if len(parts_of(row)) < MOST:
            return 0
    return max(total - len(parts_of(row)), 0) if isinstance(total, int) else 0


def is_note(part: Row) -> bool:
    """Tell whether a part is an internal note."""
    return str(part.get("part_type")).startswith("note")


def has_words(part: Row) -> bool:
    """Tell whether a part holds something that was written or sent: text, files, or what is redacted."""
    return bool(part.get("body")) or bool(part.get("attachments")) or part.get("redacted") is True


def is_spoken(part: Row) -> bool:
    """Tell whether a part is a public message."""
    return part.get("part_type") in _SPOKEN and (has_words(part) or part.get("part_type") == "comment")


def said(row: Row) -> Iterator[Said]:
    """Yield what was said publicly, oldest first, the first message of the conversation included."""
    source = within(row.get("source"))
    created = instant(row["created_at"])
    if created is not None and _opens(source):
        kind, author = source_author(row)
        yield Said(created, kind, author, source.get("delivered_as") in AUTOMATED)
    for part in ordered(row):
        at = instant(part["created_at"])
        if at is not None and is_spoken(part):
            author_ = within(part.get("author"))
            yield Said(at, kind_of(author_), author_id(author_))


def source_author(row: Row) -> tuple[ActorKind, str | None]:
    """Return who wrote the first message; where it is blank, who began the conversation tells."""
    source = within(row.get("source"))
    author = within(source.get("author"))
    kind, key = kind_of(author), author_id(author)
    if kind is ActorKind.SYSTEM and source.get("delivered_as") == CUSTOMER_INITIATED:
        return ActorKind.CUSTOMER, key or requester_of(row)
    return kind, key


def requester_of(row: Row) -> str | None:
    """Return the contact that a conversation is with; the first of several."""
    for one in objects(entries(row.get("contacts"), "contacts")):
        if one.get("id"):
            return str(one["id"])
    return None


def first_message(row: Row) -> Message | None:
    """Map the message that began a conversation. Campaigns send one message to many: its id isn't unique."""
    source = within(row.get("source"))
    if not _opens(source):
        return None
    automatic = source.get("delivered_as") in AUTOMATED
    kind, author = source_author(row)
    body = plain(source.get("body"))
    return Message.model_validate(
        {
            "id": f"{row['id']}:source",
            "ticket_id": row["id"],
            "sent_at": instant(row["created_at"]),
            "author_kind": kind,
            "role_seen": within(source.get("author")).get("type"),
            "author_id": author,
            "automatic": automatic,
            "automatic_kind": AutomaticKind.NOTIFICATION if automatic else None,
            "channel": source.get("type"),
            "length": len(body or ""),
            "redacted": source.get("redacted") is True,
            "body": body,
        }
    )


def part(row: Row) -> Iterator[Record]:
    """Map a part, with its `conversation` (id, channel) added; one without words is no message."""
    about = row["conversation"]
    kind = str(row["part_type"])
    if not (is_note(row) and has_words(row)) and not is_spoken(row):
        if kind not in _SPOKEN | _SILENT and not is_note(row):
            raw = {name: value for name, value in row.items() if name != "conversation"}
            yield RawRecord(
                id=f"part:{row['id']}",
                stream="conversations",
                kind=kind,
                raw=raw | {"conversation_id": about["id"]},
            )
        return
    author, body = within(row.get("author")), plain(row.get("body"))
    changed = instant(row.get("updated_at"))
    message = Message.model_validate(
        {
            "id": row["id"],
            "version": None if changed is None else int(changed.timestamp()),
            "ticket_id": about["id"],
            "sent_at": instant(row["created_at"]),
            "author_kind": kind_of(author),
            "role_seen": author.get("type"),
            "author_id": author_id(author),
            "public": not is_note(row),
            "channel": about.get("channel"),
            "length": len(body or ""),
            "redacted": row.get("redacted") is True,
            "body": body,
        }
    )
    yield message
    yield from headers(row, message)


def _opens(source: Row) -> bool:
    return bool(source) and (bool(source.get("body")) or has_words(source) or bool(source.get("subject")))
