"""Events: audits of the ticket-events export as messages and changes."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from deskmetry.records import Message, RawRecord, Record, Ticket, TicketEvent, from_epoch
from deskmetry.records.kinds import ActorKind, AutomaticKind, EventKind, TicketStatus

from .headers import headers
from .people import Roles
from .tickets import DELETED, STATUSES
from .via import by_bot, by_rule, by_zendesk, channel_of

Row = Mapping[str, Any]
_COMMENTS = frozenset({"Comment", "VoiceComment"})
_CHANGES = frozenset({"Change", "Create", ""})  # old changes don't say that they are some
_COMMENT_REDACTION = re.compile(r"CommentRedaction(Event)?")
_ATTACHMENT_REDACTION = re.compile(r"AttachmentRedaction(Event)?")
_PRIVACY = re.compile(r"CommentPrivacyChange(Event)?")
_BESIDE_THE_FIELD = frozenset(
    {"id", "via", "via_reference_id", "event_type", "type", "previous_value", "added_tags", "removed_tags",
     "comment_present", "comment_public"}
)  # fmt: skip
_KINDS: Mapping[str, EventKind] = {
    "status": EventKind.STATUS,
    "assignee_id": EventKind.ASSIGNEE,
    "group_id": EventKind.TEAM,
    "priority": EventKind.PRIORITY,
    "type": EventKind.TYPE,
}
_STATUS_WORDS: Mapping[Any, str] = {word: status.value for word, status in STATUSES.items()}
# Documented kinds of events that hold nothing the common schema has a place for.
_LEFT_OUT = frozenset(
    {"Notification", "NotificationWithCcs", "Cc", "FollowerNotificationEvent", "FollowerChange",
     "EmailCcChange", "Error", "External", "FacebookEvent", "LogMeInTranscript", "MessagingNotification",
     "OrganizationActivity", "Push", "SMSNotification", "SatisfactionRating", "SharingEvent",
     "TicketSharingEvent", "Tweet", "TranslationEvent", "WebhookEvent",
     "AgentMacroReference", "MacroReference", "KnowledgeLinked"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Privacy:
    """A comment that was made internal, or public."""

    ticket: Any
    comment: Any
    public: bool
    at: datetime


class _Audit(NamedTuple):
    """What all events of one audit share; a tuple, since there are as many as tens of thousands a minute."""

    ticket: Any
    at: datetime
    actor: ActorKind
    actor_id: int | None


@dataclass(slots=True)
class EventMapping:
    """Audits as records. `privacy` gathers the comments that became internal or public, for the caller."""

    roles: Roles
    merge_tag: str
    merge_comment: re.Pattern[str]
    fields: Mapping[Any, str] = field(default_factory=dict)
    bots: frozenset[str] = frozenset()
    privacy: list[Privacy] = field(default_factory=list)

    def audit(self, row: Row) -> list[Record]:
        """Map one audit: its comments, its changes, redactions, a merge."""
        stamp = row.get("created_at")
        at = datetime.fromisoformat(stamp) if stamp else from_epoch(seconds=row["timestamp"])
        via, updater = row.get("via"), row.get("updater_id")
        actor = self._actor(updater, via)
        human = isinstance(updater, int) and updater > 0 and actor is not ActorKind.SYSTEM
        about = _Audit(row["ticket_id"], at, actor, updater if human else None)
        found: list[Record] = []
        tagged = False
        for place, child in enumerate(row["child_events"]):
            if "id" not in child:  # old events have none: their place stands for it
                child = {**child, "id": f"{row['id']}/{place}"}
            kind = _type(child)
            if kind in _COMMENTS:
                message = self.comment(child, about.ticket, at, updater, via)
                found += (message, *headers(child, row, message))
            elif kind in _CHANGES:
                found += self._change(child, about)
            else:
                found += self._other(kind, child, about)
            tagged = tagged or "tags" in child
        if tagged:
            found += self._merge(row, about)
        return found

    def comment(self, row: Row, ticket: Any, at: datetime, updater: Any = None, via: Any = None) -> Message:
        """Map a comment, of an audit or of a ticket's list of comments; its version is when it was made."""
        stamp = row.get("created_at")
        sent = datetime.fromisoformat(stamp) if stamp else at
        author, public = row.get("author_id"), row.get("public", True) is not False
        own = row.get("via")
        body = row.get("body") or row.get("plain_body") or ""
        ruled = by_rule(via) or updater == -1 or by_zendesk(own, public=public)
        kind = self._author(author, own, ruled)
        system = kind is ActorKind.SYSTEM or _is_answered_call(row)
        return Message(
            id=row["id"],
            version=int(sent.timestamp()),
            ticket_id=ticket,
            sent_at=sent,
            author_kind=kind,
            role_seen=None if kind is ActorKind.SYSTEM else self.roles.of(author),
            author_id=author if isinstance(author, int) and author > 0 else None,
            public=public,
            automatic=system,
            automatic_kind=AutomaticKind.NOTIFICATION if system else None,
            channel="voice" if _type(row) == "VoiceComment" else channel_of(own) or channel_of(via),
            length=len(body),
            body=body,
        )

    def _author(self, author: Any, own: Any, ruled: bool) -> ActorKind:
        """Return who wrote: what a rule posts is the system's, even in an agent's name."""
        if ruled or author is None or author == -1 or by_rule(own):
            return ActorKind.SYSTEM
        if (self.bots and str(author) in self.bots) or by_bot(own):
            return ActorKind.BOT
        if author in self.roles:
            return ActorKind.AGENT
        # A private comment proves nothing yet: somebody may have hidden a customer's. The facts, which know
        # who asks in the ticket, tell whether it is a note.
        return ActorKind.CUSTOMER

    def _actor(self, updater: Any, via: Any) -> ActorKind:
        if updater in (None, -1) or by_rule(via):
            return ActorKind.SYSTEM
        if self.bots and str(updater) in self.bots:
            return ActorKind.BOT
        return ActorKind.AGENT if updater in self.roles else ActorKind.CUSTOMER

    def _other(self, name: str, child: Row, about: _Audit) -> Iterator[Record]:
        """Map what is neither a comment nor a change."""
        if _COMMENT_REDACTION.fullmatch(name):
            yield self._event(child["id"], EventKind.REDACTION, about, new=str(child["comment_id"]))
            yield _redacted(child["comment_id"], about)
        elif _ATTACHMENT_REDACTION.fullmatch(name):
            # Attachments aren't kept; the text of the comment stands.
            yield self._event(child["id"], EventKind.REDACTION, about, new=str(child.get("comment_id")))
        elif _PRIVACY.fullmatch(name):
            self.privacy.append(Privacy(about.ticket, child["comment_id"], bool(child["public"]), about.at))
        elif name not in _LEFT_OUT:
            yield RawRecord(id=child["id"], stream="ticket_events", kind=name or "?", raw=dict(child))

    def _change(self, child: Row, about: _Audit) -> list[TicketEvent]:
        """Map a change: the key that is none of the usual ones names the field."""
        names: Collection[str] = child.keys() - _BESIDE_THE_FIELD
        if len(names) > 1:
            names = [name for name in child if name in names]  # in the order they came in
        if not names and child.get("type") != child.get("event_type") and "type" in child:
            names = ["type"]  # the ticket's own type, under the name that comments use for theirs
        old = child.get("previous_value")
        found: list[TicketEvent] = []
        for name in names:
            if name == "tags":
                found += self._tags(child, about)
            elif name == "custom_ticket_fields":
                found += self._custom(child, about)
            elif name in _KINDS:
                found.append(self._field(child["id"], _KINDS[name], about, old, child[name]))
                if name == "status" and old == DELETED:
                    # It may come back in another status than it went in; the same one changes nothing.
                    now = _text(_status(child[name]))
                    found.append(self._event(f"{child['id']}:restored", EventKind.STATUS, about, new=now))
        return found

    def _field(self, key: Any, kind: EventKind, about: _Audit, old: Any, new: Any) -> TicketEvent:
        if kind is EventKind.STATUS:
            # A deletion is no change of status: a solved ticket isn't reopened by it.
            kind = EventKind.DELETION if old == DELETED or new == DELETED else kind
            old, new = _status(old), _status(new)
        elif kind is EventKind.ASSIGNEE:
            for user in (old, new):
                self.roles.assigned(_number(user))
        return self._event(key, kind, about, old=_text(old), new=_text(new))

    def _tags(self, child: Row, about: _Audit) -> Iterator[TicketEvent]:
        before, now = set(_words(child.get("previous_value"))), set(_words(child["tags"]))
        added = _words(child["added_tags"]) if "added_tags" in child else now - before
        removed = _words(child["removed_tags"]) if "removed_tags" in child else before - now
        if child.get("event_type") == "Create":
            added = now
        for tag in sorted(set(added)):
            yield self._event(f"{child['id']}:+{tag}", EventKind.TAG, about, new=tag)
        for tag in sorted(set(removed)):
            yield self._event(f"{child['id']}:-{tag}", EventKind.TAG, about, old=tag)

    def _custom(self, child: Row, about: _Audit) -> Iterator[TicketEvent]:
        """Unfold custom fields into one event each, `Name=value`; only a single one has a value before."""
        values = child["custom_ticket_fields"]
        before = child.get("previous_value")
        for key, value in values.items():
            name = self.fields.get(_number(key), str(key))
            old = before.get(key) if isinstance(before, Mapping) else before if len(values) == 1 else None
            yield self._event(
                f"{child['id']}:{key}",
                EventKind.FIELD,
                about,
                old=None if old is None else f"{name}={_text(old)}",
                new=None if value is None else f"{name}={_text(value)}",
            )

    def _event(
        self, key: Any, kind: EventKind, about: _Audit, old: str | None = None, new: str | None = None
    ) -> TicketEvent:
        return TicketEvent(
            id=key,
            ticket_id=about.ticket,
            kind=kind,
            at=about.at,
            old=old,
            new=new,
            actor_kind=about.actor,
            actor_id=about.actor_id,
        )

    def _merge(self, row: Row, about: _Audit) -> Iterator[Record]:
        """Find the ticket that this one was merged into: its comment says so where the tag is added too."""
        children = row["child_events"]
        tagged = any(
            self.merge_tag in _words(child.get("added_tags") or child.get("tags")) for child in children
        )
        for child in children if tagged else ():
            found = (
                self.merge_comment.search(str(child.get("body") or "")) if _type(child) == "Comment" else None
            )
            if found:
                yield self._event(f"{row['id']}:merge", EventKind.MERGE, about, new=found[1])
                # The oldest copy there is: of it only the sticky `merged_into` counts beside any other.
                yield Ticket(
                    id=about.ticket,
                    version=0,
                    status=TicketStatus.CLOSED,
                    created_at=about.at,
                    merged_into=found[1],
                )


def _type(child: Row) -> str:
    """Return the type of an event. `type` alone may be the ticket's type; a call is a comment with data."""
    kind = child.get("type")
    return "VoiceComment" if kind == "VoiceComment" else str(child.get("event_type") or kind or "")


def _is_answered_call(child: Row) -> bool:
    """Tell whether a comment says no more than that somebody took a call; a voicemail says something."""
    if child.get("type") != "VoiceComment":
        return False
    told = child.get("data")
    return isinstance(told, Mapping) and bool(told.get("answered_by_id"))


def _redacted(comment: Any, about: _Audit) -> Message:
    """Return the oldest copy of a message there is: beside any other only its redaction counts."""
    return Message(
        id=comment,
        version=0,
        ticket_id=about.ticket,
        sent_at=about.at,
        author_kind=ActorKind.SYSTEM,
        redacted=True,
    )


def _status(value: Any) -> Any:
    return _STATUS_WORDS.get(value, value)


def _text(value: Any) -> str | None:
    if value is None or value == "":
        return None
    return value if isinstance(value, str) else str(value)


def _number(value: Any) -> Any:
    return int(value) if isinstance(value, str) and value.isdecimal() else value


def _words(value: Any) -> list[str]:
    """Return tags: a list, or one text with blanks between them."""
    if isinstance(value, str):
        return value.split()
    return [str(tag) for tag in value] if isinstance(value, list) else []
