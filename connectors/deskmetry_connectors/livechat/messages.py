"""Messages: the events of a thread that somebody wrote."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from deskmetry.records import Message
from deskmetry.records.kinds import ActorKind, AutomaticKind

from .people import Cast
from .rows import Row, flag, instant, items, objects, part, space, text

_ASKING = frozenset({"question", "textarea"})
"""Fields of a form that take free text; what is said there is said by the customer."""
WRITTEN = frozenset({"message", "file", "rich_message", "filled_form"})
"""Types of events that become messages."""


def key_of(thread: str, event: Row) -> str:
    """Return the id of an event's record: LiveChat doesn't promise that ids of events are unique alone."""
    return f"{thread}:{event['id']}"


def message(event: Row, thread: str, cast: Cast, channel: str, form_types: frozenset[str]) -> Message:
    """Map an event that somebody wrote.

    form_types: types of form fields that hold free text. A welcome message and a greeting are sent by the
    program in an agent's name, and a form without free text asks nothing: neither counts as written.
    """
    kind, role = cast.of(event.get("author_id"))
    body = _BODIES[event["type"]](event)
    automatic = _sent_by_itself(event) or (
        event["type"] == "filled_form" and not _asks(event, _ASKING | form_types)
    )
    return Message(
        id=key_of(thread, event),
        ticket_id=thread,
        sent_at=instant(event, "created_at"),
        author_kind=kind,
        role_seen=role,
        author_id=event.get("author_id") if kind is not ActorKind.SYSTEM else None,
        public=text(event, "visibility") != "agents",
        automatic=automatic or kind is ActorKind.SYSTEM,
        automatic_kind=AutomaticKind.NOTIFICATION if automatic or kind is ActorKind.SYSTEM else None,
        channel=channel,
        length=len(body),
        redacted=flag(event, "deleted") is True,
        body=body,
    )


def _sent_by_itself(event: Row) -> bool:
    own = space(event, "lc2")
    return flag(own, "welcome_message") is True or own.get("greeting_id") is not None


def _asks(event: Row, asking: frozenset[str]) -> bool:
    """Tell whether a form says something in the customer's own words; one after the chat never asks."""
    if text(event, "form_type") == "postchat":
        return False
    return any(field.get("type") in asking and _answer(field) for field in objects(event, "fields"))


def _text(event: Row) -> str:
    return text(event, "text") or ""


def _file(event: Row) -> str:
    return text(event, "name") or text(event, "url") or ""


def _rich(event: Row) -> str:
    return "\n".join(line for element in objects(event, "elements") for line in _lines(element))


def _lines(element: Row) -> Iterator[str]:
    yield from filter(None, (text(element, "title"), text(element, "subtitle")))
    yield from filter(None, (text(button, "text") for button in objects(element, "buttons")))


def _form(event: Row) -> str:
    said = ((text(field, "label") or "", _answer(field)) for field in objects(event, "fields"))
    return "\n".join(f"{label}: {answer}" for label, answer in said if answer)


def _answer(field: Row) -> str:
    """Return what was answered: a text, a choice, or several choices."""
    one = field.get("answer")
    if isinstance(one, Mapping):
        return text(one, "label") or ""
    if one is not None:
        return str(one).strip()
    return ", ".join(
        str(part({"answer": each}, "answer").get("label", "")) for each in items(field, "answers")
    )


_BODIES: Mapping[str, Any] = {"message": _text, "file": _file, "rich_message": _rich, "filled_form": _form}
