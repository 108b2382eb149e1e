"""RawMail: one copy of a mail as a mailbox hands it over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from deskmetry.records.kinds import FolderRole


@dataclass(frozen=True, slots=True)
class RawMail:
    """One copy of a mail, not yet parsed.

    place: where it lies, for people (a file, an offset, a UID). delivered: when the server or the file says
    that it arrived (an aware instant). answered, trashed, draft: flags of the mail client. problem: why it
    can't be read, empty if it could. partial: the last mail of a file that may still be being written.
    """

    content: bytes
    folder: str
    role: FolderRole
    place: str
    delivered: datetime | None = None
    answered: bool = False
    trashed: bool = False
    draft: bool = False
    problem: str = ""
    partial: bool = False
    keywords: tuple[str, ...] = ()
    thread_hint: str | None = None
