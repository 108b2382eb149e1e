"""Mails: from what the server answers about one mail to a RawMail."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from deskmetry.records.kinds import FolderRole

from ..email.folders import own_labels, role_of_labels
from ..email.raw import RawMail
from .folders import Folder, decode_name
from .session import Fetched

HEADER = "BODY.PEEK[HEADER]"
WHOLE = "BODY.PEEK[]"
GMAIL_ITEMS = ("X-GM-LABELS", "X-GM-THRID")

# What Gmail calls the labels of its own; the other ones (\Important, \Starred, \Muted) tell nothing here.
_SYSTEM_LABELS = {r"\inbox": "Inbox", r"\sent": "Sent", r"\draft": "Drafts", r"\drafts": "Drafts",
                  r"\junk": "Spam", r"\spam": "Spam", r"\trash": "Trash"}  # fmt: skip
_MACHINE_WORDS = frozenset({"junk", "nonjunk", "notjunk", "non-junk", "not-junk"})


def beginning(size: int) -> str:
    """Return the item that fetches only the first bytes of a mail."""
    return f"BODY.PEEK[]<0.{size}>"


def content_of(data: Fetched) -> bytes | None:
    """Return a mail's bytes, whichever item brought them; None if the server gave none."""
    for key in (b"BODY[]", b"BODY[]<0>", b"BODY[HEADER]"):
        if key in data:
            value = data[key]
            # A quoted text of digits alone comes out of the parser as a number.
            return value if isinstance(value, bytes) else None if value is None else str(value).encode()
    return None


def raw_mail(
    uid: int, data: Fetched, folder: Folder, overrides: Mapping[str, FolderRole], *, partial: bool = False
) -> RawMail:
    """Return the mail that lies under a UID. partial: only its beginning was fetched."""
    content = content_of(data)
    flags = {_text(flag).lower() for flag in data.get(b"FLAGS", ())}
    role, labels = _placed(folder, flags, data.get(b"X-GM-LABELS"), overrides)
    hint = data.get(b"X-GM-THRID")
    return RawMail(
        content=content or b"",
        folder=folder.name,
        role=role,
        place=f"{folder.name}, UID {uid}",
        delivered=delivered(data),
        answered=r"\answered" in flags,
        trashed=r"\deleted" in flags,
        draft=r"\draft" in flags,
        problem="" if content else "the server gives no content for it",
        partial=partial,
        keywords=(*labels, *_keywords(_text(flag) for flag in data.get(b"FLAGS", ()))),
        thread_hint=str(hint) if isinstance(hint, int) else None,
    )


def unreadable(uid: int, folder: Folder, reason: str) -> RawMail:
    """Return what stands for a mail that the server won't hand over."""
    return RawMail(
        b"", folder.name, folder.role, f"{folder.name}, UID {uid}", problem=f"the server refuses it: {reason}"
    )


def delivered(data: Fetched) -> datetime | None:
    """Return INTERNALDATE, when the mail arrived in the mailbox, in UTC; None if there is none."""
    value = data.get(b"INTERNALDATE")
    if not isinstance(value, datetime) or value.tzinfo is None:
        return None
    try:
        return value.astimezone(UTC)
    except (OverflowError, ValueError):
        return None


def is_answered(data: Fetched) -> bool:
    """Say whether the mail carries the flag that mail programs set with a reply."""
    return any(_text(flag).lower() == r"\answered" for flag in data.get(b"FLAGS", ()))


def _placed(
    folder: Folder, flags: set[str], raw_labels: Any, overrides: Mapping[str, FolderRole]
) -> tuple[FolderRole, list[str]]:
    """Return a copy's role and its labels: in Gmail by its labels, else by folder and spam keywords."""
    role = folder.role
    labels: list[str] = []
    if raw_labels is not None:
        words = [_label(raw) for raw in raw_labels]
        known = [_SYSTEM_LABELS.get(word.lower(), word) for word in words]
        labels = own_labels(word for word in known if not word.startswith("\\"))
        by_label = role_of_labels(known, overrides)
        if by_label is not FolderRole.OTHER and role in (FolderRole.OTHER, FolderRole.INBOX):
            role = by_label
    if "$junk" in flags and "$notjunk" not in flags:
        role = FolderRole.JUNK
    return role, labels


def _label(raw: Any) -> str:
    """Return a label as text: the parser leaves the escapes of quoted ones."""
    return decode_name(raw).replace("\\\\", "\\").replace('\\"', '"')


def _keywords(flags: Iterable[str]) -> list[str]:
    """Return the keywords that people gave; those of mail programs begin with $ or mark junk."""
    kept = (flag for flag in flags if not flag.startswith(("\\", "$")) and flag.lower() not in _MACHINE_WORDS)
    return sorted(kept)


def _text(flag: Any) -> str:
    return flag.decode("utf-8", "replace") if isinstance(flag, bytes) else str(flag)
