"""Source: errors after which a source, a stream or a record is left, and the others go on."""

from __future__ import annotations

from .base import DeskmetryError, ExitCode


class SourceError(DeskmetryError):
    """A source can't go on; what it had committed stays, and the other sources go on."""

    code = "source"


class Unreachable(SourceError):
    """What the source reads isn't there: no such file, host, mailbox or network."""

    code = "unreachable"


class AuthenticationFailed(SourceError):
    """The source refuses the credentials."""

    exit_code = ExitCode.AUTHENTICATION
    code = "authentication"


class PermissionMissing(SourceError):
    """The credentials are good but may not read this, by role or by plan."""

    exit_code = ExitCode.AUTHENTICATION
    code = "permission"


class TryLater(SourceError):
    """The source asks to wait longer than the user has patience for, or keeps failing for now."""

    exit_code = ExitCode.TRY_LATER
    code = "try_later"


class BadResponse(SourceError):
    """An answer that says success but isn't one: wrong content type, cut JSON, no records where declared."""

    code = "bad_response"


class CursorRefused(SourceError):
    """The source no longer takes the cursor token; the engine falls back to the watermark."""

    code = "cursor_refused"


class StuckStream(SourceError):
    """A stream stood still: a page repeated its token or its content, or linked to itself."""

    code = "stuck_stream"

    def __init__(self, stream: str, reason: str) -> None:
        super().__init__(
            f"Stream {stream!r} stopped: {reason}.",
            "What was committed stays; sync again later, and report it to the connector's author.",
            stream=stream,
            reason=reason,
        )


class TooManyBadRecords(SourceError):
    """More records of a stream were unusable than a few odd ones: the mapping is wrong, not the data."""

    code = "too_many_bad_records"

    def __init__(self, stream: str, bad: int, seen: int, reason: str) -> None:
        super().__init__(
            f"Stream {stream!r} stopped: {bad} of {seen} records can't be used; the last one: {reason}.",
            "They are kept in the table `quarantine`; the connector must be mended.",
            stream=stream,
            bad=bad,
            seen=seen,
        )


class MostlyUnusable(SourceError):
    """So many of the first records can't be used that a sync would be worth little; `check` ends so."""

    code = "mostly_unusable"

    def __init__(self, what: str, bad: int, items: int, reason: str) -> None:
        super().__init__(
            f"{bad:,} of the first {items:,} {what} can't be used; the first one: {reason}.",
            "Correct the settings; where they are right, the source or its connector must be mended.",
            bad=bad,
            items=items,
        )


class SourceEmptied(SourceError):
    """A source that used to have rows was read in full and gave none."""

    code = "emptied"

    def __init__(self, source: str, rows: int) -> None:
        super().__init__(
            f"{source} was read in full and gave nothing, where {rows:,} rows had been read before.",
            "Nothing was deleted here. Check account and permissions; a sync without --full goes on.",
            rows=rows,
        )


class MassDelete(SourceError):
    """More rows are gone from a source at once than a few deletes explain."""

    exit_code = ExitCode.CHECK_FAILED
    code = "mass_delete"

    def __init__(self, source: str, kind: str, gone: int, held: int, hint: str = "") -> None:
        super().__init__(
            f"{source}: {gone:,} of {held:,} {kind} would count as deleted at once; nothing was changed.",
            hint or "Check account and permissions; if they were really deleted there, add --force.",
            gone=gone,
            held=held,
        )


class StreamSkipped(DeskmetryError):
    """An optional stream ends: plan or permissions don't have it. Seen by the user, never a failure."""

    code = "skipped"


class RecordError(DeskmetryError):
    """One record can't be mapped; it goes to quarantine and the rest goes on."""

    code = "record"


class Interrupted(DeskmetryError):
    """SIGINT or SIGTERM: the page in hand was committed and the sync stopped."""

    exit_code = ExitCode.INTERRUPTED
    code = "interrupted"
