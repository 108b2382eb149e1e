"""Mbox: the mails of one mbox file, streamed, so that a file of any size fits into memory."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

from ..email.connector import MAX_MAIL
from ..email.dates import envelope_date
from ..email.raw import RawMail
from .folders import Folder, refused

_HEAD = 4096
_LINE = 65_536
_CHUNK = 1024 * 1024
_CHUNKS = 256
_SEPARATOR = re.compile(
    rb"From .*(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),?\s+(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
    rb"\s+\d{1,2}\s+\d{1,2}:\d\d.*\d{4}",
    re.IGNORECASE,
)
_HEADER_LINE = re.compile(rb"[!-9;-~]{1,76}:")
_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class MboxState:
    """Where the reading of an mbox file stands.

    size and mtime_ns: of the file when it was read. last: offset of the last mail that was read. next: offset
    of the one after it, None once the end was reached; then the last mail is read again when the file has
    grown, since it may have been half written. head, tail: hashes of up to 4 KB at the beginning and from
    `last` on, which tell a file that has grown from one that was rewritten.
    """

    size: int
    mtime_ns: int
    head: str
    tail: str = ""
    last: int = 0
    next: int | None = 0

    @classmethod
    def load(cls, data: Any) -> MboxState | None:
        """Return the state that a token holds, None if it isn't one."""
        try:
            return cls(**data)
        except TypeError:
            return None

    def dump(self) -> dict[str, Any]:
        """Return it as a JSON value."""
        return {name: getattr(self, name) for name in self.__slots__}  # `asdict` copies deeply, for each mail


def read_mbox(folder: Folder, token: Any) -> Iterator[tuple[RawMail | None, dict[str, Any]]]:
    """Yield mails with the state after each; at the end the final state without a mail.

    token: the state where an earlier reading stopped. A file that was rewritten or has shrunk is read anew.
    """
    with refused(folder.path), folder.path.open("rb") as file:
        state = _start(file, MboxState.load(token))
        if state.next is None:
            yield None, state.dump()
            return
        for mail, start, end in _mails(file, folder, state.next, state.size):
            following = end if end < state.size else None
            tail = _hash(file, start, min(_HEAD, state.size - start)) if following is None else ""
            state = replace(state, last=start, next=following, tail=tail)
            if mail is not None:
                yield mail, state.dump()
        yield None, replace(state, next=None).dump()


def count_mails(folder: Folder) -> int:
    """Return about how many mails the file holds: counted, or estimated from even samples of a large one."""
    with refused(folder.path), folder.path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        step = max(_CHUNK, size // _CHUNKS)
        found = read = 0
        for offset in range(0, size, step):
            file.seek(offset)
            chunk = file.read(_CHUNK)
            found += chunk.count(b"\nFrom ") + (offset == 0 and chunk.startswith(b"From "))
            read += len(chunk)
    return round(found * size / read) if read else 0


def _start(file: BinaryIO, known: MboxState | None) -> MboxState:
    """Return where to begin: `next` is the offset, None if there is nothing new."""
    size = file.seek(0, os.SEEK_END)
    status = os.fstat(file.fileno())
    fresh = MboxState(size, status.st_mtime_ns, _hash(file, 0, min(_HEAD, size)))
    if known is None or size < known.size or known.head != _hash(file, 0, min(_HEAD, known.size)):
        return fresh
    if known.next is not None:
        return replace(fresh, last=known.last, next=known.next if _begins_mail(file, known.next) else 0)
    if known.tail != _hash(file, known.last, min(_HEAD, known.size - known.last)):
        return fresh
    if size == known.size:
        # Same size, other time: a mail program changed flags in place, or it was copied. Reading tells.
        return known if known.mtime_ns == status.st_mtime_ns else fresh
    return replace(fresh, last=known.last, next=known.last)


def _begins_mail(file: BinaryIO, offset: int) -> bool:
    file.seek(offset)
    return offset == 0 or file.read(5) == b"From "


def _mails(
    file: BinaryIO, folder: Folder, begin: int, size: int
) -> Iterator[tuple[RawMail | None, int, int]]:
    """Yield each mail with the offsets of its start and end; what lies after `size` is left for later."""
    dated = _lines_are_dated(file)
    file.seek(begin)
    position = start = begin
    envelope, lines, kept, at_line_start = b"", list[bytes](), 0, True
    while position < size:
        line = file.readline(min(_LINE, size - position))
        if not line:
            break
        if at_line_start and line.startswith(b"From ") and (not envelope or _separates(file, line, dated)):
            if envelope:
                yield _mail(folder, envelope, lines, start, partial=False), start, position
            start, envelope, lines, kept = position, line, [], 0
        elif envelope and kept < MAX_MAIL:
            lines.append(line)
            kept += len(line)
        at_line_start = line.endswith(b"\n")
        position += len(line)
    if envelope:
        yield _mail(folder, envelope, lines, start, partial=True), start, position


def _lines_are_dated(file: BinaryIO) -> bool:
    file.seek(0)
    first = next((line for line in iter(lambda: file.readline(_LINE), b"") if line.strip()), b"")
    return bool(_SEPARATOR.match(first))


def _separates(file: BinaryIO, line: bytes, dated: bool) -> bool:
    """Say whether a line that begins with `From ` begins a mail, or is a sentence that nobody quoted.

    Such a line carries a date. In a file that writes none, a header must follow it.
    """
    if dated:
        return bool(_SEPARATOR.match(line))
    here = file.tell()
    following = file.readline(_LINE)
    file.seek(here)
    return bool(_HEADER_LINE.match(following))


def _mail(
    folder: Folder, envelope: bytes, lines: list[bytes], start: int, *, partial: bool
) -> RawMail | None:
    content = b"".join(lines)[:MAX_MAIL]
    if not content.strip():
        return None
    return RawMail(
        content=_QUOTED.sub(rb"\1", content),
        folder=folder.name,
        role=folder.role,
        place=f"{folder.path}, from byte {start}",
        delivered=envelope_date(envelope),
        partial=partial,
    )


def _hash(file: BinaryIO, start: int, length: int) -> str:
    here = file.tell()
    file.seek(start)
    found = hashlib.sha256(file.read(max(0, length))).hexdigest()[:16]
    file.seek(here)
    return found
