"""Errors, grouped by what happens next; each builds its own message from data and ends with what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """What the process answers to the shell; documented in `docs/exit_codes.md`."""

    OK = 0
    FAILURE = 1
    USAGE = 2
    PARTIAL = 3
    AUTHENTICATION = 4
    TRY_LATER = 5
    LOCKED = 6
    PLUGIN = 7
    CHECK_FAILED = 8
    INTERRUPTED = 130
    TERMINATED = 143


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ` Did you mean 'x'?` for the known name closest to a mistyped one, else nothing."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f" Did you mean {close[0]!r}?" if close else ""


class DeskmetryError(Exception):
    """Anything a user is told about in one line: what happened, then what to do."""

    exit_code: ClassVar[ExitCode] = ExitCode.FAILURE
    code: ClassVar[str] = "failure"

    def __init__(self, message: str, hint: str = "", **data: object) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.data: Mapping[str, object] = data

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


# --- edit the configuration -------------------------------------------------------------------------


class ConfigurationError(DeskmetryError):
    """The configuration file or a setting in it can't be used; nothing was read or written."""

    exit_code = ExitCode.USAGE
    code = "configuration"


class NoConfiguration(ConfigurationError):
    """There is no configuration file where one was looked for."""

    code = "no_configuration"

    def __init__(self, looked: Iterable[object]) -> None:
        places = ", ".join(str(place) for place in looked)
        super().__init__(
            f"No configuration found (looked for {places}).",
            "`deskmetry init` writes one; `--config FILE` names another.",
            looked=places,
        )


class UnknownSource(ConfigurationError):
    """A source was named that the configuration doesn't have."""

    code = "unknown_source"

    def __init__(self, name: str, known: Iterable[str]) -> None:
        known = sorted(known)
        super().__init__(
            f"There is no source {name!r}.{nearest(name, known)}",
            f"Configured sources: {', '.join(known) or 'none'}.",
            name=name,
            known=known,
        )


class UnknownConnector(ConfigurationError):
    """A source names a connector that no plugin brings."""

    code = "unknown_connector"

    def __init__(self, source: str, name: str, known: Iterable[str]) -> None:
        known = sorted(known)
        super().__init__(
            f"Source {source!r} wants the connector {name!r}, which no plugin brings.{nearest(name, known)}",
            f"Known connectors: {', '.join(known) or 'none'}. `deskmetry plugins` shows what failed to load.",
            source=source,
            name=name,
            known=known,
        )


class BadSyntax(ConfigurationError):
    """The configuration file isn't TOML."""

    code = "bad_syntax"

    def __init__(self, file: object, line: int, column: int, reason: str) -> None:
        super().__init__(
            f"{file} isn't valid TOML: {reason} (line {line}, column {column}).",
            "Mend that line; texts stand in quotes, a table's name in [brackets].",
            file=str(file),
            line=line,
            column=column,
        )


class BadSetting(ConfigurationError):
    """One setting can't be used; `key` is its dotted name, `file` where it stands."""

    code = "bad_setting"

    def __init__(self, file: object, key: str, reason: str, mend: str) -> None:
        super().__init__(f"{file}: {key}: {reason}.", mend, file=str(file), key=key, reason=reason)


class SecretMissing(ConfigurationError):
    """A secret can't be had from the place that the configuration names."""

    code = "secret_missing"

    def __init__(self, setting: str, place: str, hint: str) -> None:
        super().__init__(f"The secret {setting!r} can't be read from {place}.", hint, setting=setting)


# --- ask differently --------------------------------------------------------------------------------


class UsageError(DeskmetryError):
    """The question itself can't be understood; asked differently it can be answered."""

    exit_code = ExitCode.USAGE
    code = "usage"


class UnknownName(UsageError):
    """A metric, dimension, statistic, format or parameter that doesn't exist."""

    code = "unknown_name"

    def __init__(self, kind: str, name: str, known: Iterable[str], hint: str = "") -> None:
        known = sorted(known)
        super().__init__(
            f"There is no {kind} {name!r}.{nearest(name, known)}",
            hint or f"Known: {', '.join(known)}.",
            kind=kind,
            name=name,
            known=known,
        )


class BadValue(UsageError):
    """A date, duration, time zone, filter or number that can't be read."""

    code = "bad_value"

    def __init__(self, kind: str, value: str, expected: str) -> None:
        super().__init__(f"{value!r} is not a {kind}.", f"Expected {expected.removesuffix('.')}.", kind=kind, value=value)


class FolderTaken(UsageError):
    """The demo is to be made in a folder that holds somebody's files."""

    code = "folder_taken"

    def __init__(self, path: object, marker: str) -> None:
        super().__init__(
            f"{path} exists and wasn't made by the demo (it has no file {marker}).",
            "Name a folder that doesn't exist yet; nothing was changed.",
            path=str(path),
        )


# --- this plugin is left out ------------------------------------------------------------------------


class PluginError(DeskmetryError):
    """A plugin can't be used; everybody else goes on."""

    exit_code = ExitCode.PLUGIN
    code = "plugin"

    def __init__(self, plugin: str, reason: str) -> None:
        super().__init__(
            f"Plugin {plugin!r} is left out: {reason}",
            "`deskmetry plugins` shows its distribution; DESKMETRY_DISABLE_PLUGINS turns it off.",
            plugin=plugin,
            reason=reason,
        )


class PluginFileError(PluginError):
    """A file named with `--plugin` can't be used; nothing goes on, since it was asked for by name."""

    code = "plugin_file"

    def __init__(self, file: object, reason: str) -> None:
        DeskmetryError.__init__(
            self,
            f"The plugin file {file} can't be used: {reason}.",
            "Mend it, or leave out its `--plugin`.",
            file=str(file),
            reason=reason,
        )


# --- this source stops ------------------------------------------------------------------------------


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
    """More records of a stream were unusable than the threshold allows: the mapping is wrong, not the data."""

    code = "too_many_bad_records"

    def __init__(self, stream: str, bad: int, seen: int, reason: str) -> None:
        super().__init__(
            f"Stream {stream!r} stopped: {bad} of {seen} records can't be used; the last one: {reason}.",
            "They are kept in the table `quarantine`; the connector must be mended.",
            stream=stream,
            bad=bad,
            seen=seen,
        )


# --- this stream is skipped -------------------------------------------------------------------------


class StreamSkipped(DeskmetryError):
    """An optional stream ends: the plan or the permissions don't have it. Seen by the user, never a failure."""

    code = "skipped"


# --- this record is skipped -------------------------------------------------------------------------


class RecordError(DeskmetryError):
    """One record can't be mapped; it goes to quarantine and the rest goes on."""

    code = "record"


# --- nothing was written ----------------------------------------------------------------------------


class StoreError(DeskmetryError):
    """The database can't be read or written; what was committed before stays whole."""

    code = "store"


class NoDatabase(StoreError):
    """There is no database yet."""

    exit_code = ExitCode.USAGE
    code = "no_database"

    def __init__(self, path: object) -> None:
        super().__init__(f"There is no database at {path}.", "`deskmetry sync` makes it.", path=str(path))


class Corrupt(StoreError):
    """The file is damaged or isn't a database of ours."""

    code = "corrupt"

    def __init__(self, path: object, reason: str) -> None:
        super().__init__(
            f"{path} can't be read as a database: {reason}.",
            "Move it away and put back a backup, or sync into a new file; nothing was changed.",
            path=str(path),
            reason=reason,
        )


class DiskFull(StoreError):
    """No room is left on the disk."""

    code = "disk_full"

    def __init__(self, path: object) -> None:
        super().__init__(
            f"The disk that holds {path} is full.",
            "What was committed is whole; free some room and sync again: it goes on where it stopped.",
            path=str(path),
        )


class ReadOnly(StoreError):
    """The file or its folder can't be written."""

    code = "read_only"

    def __init__(self, path: object) -> None:
        super().__init__(
            f"{path} or its folder can't be written.",
            "Check owner and mode of both (SQLite writes its -wal file beside the database).",
            path=str(path),
        )


class NewerSchema(StoreError):
    """The file was written by a newer version of Deskmetry."""

    code = "newer_schema"

    def __init__(self, path: object, found: int, known: int) -> None:
        super().__init__(
            f"{path} has schema {found}; this version of Deskmetry knows up to {known}.",
            "Upgrade Deskmetry; the file wasn't touched.",
            path=str(path),
            found=found,
            known=known,
        )


class Locked(StoreError):
    """Another process writes to this database."""

    exit_code = ExitCode.LOCKED
    code = "locked"

    def __init__(self, path: object, owner: str) -> None:
        super().__init__(
            f"{path} is being written by {owner}.",
            "Wait until it ends, or stop it; reading is possible all the while.",
            path=str(path),
            owner=owner,
        )


# --- this metric has no answer ----------------------------------------------------------------------


class MetricError(DeskmetryError):
    """A metric can't be computed as it is declared; the others go on."""

    code = "metric"


class QueryRefused(MetricError):
    """SQL that would do more than read."""

    exit_code = ExitCode.USAGE
    code = "query_refused"


# --- the user or the system asked us to stop --------------------------------------------------------


class Interrupted(DeskmetryError):
    """SIGINT or SIGTERM: the page in hand was committed and the sync stopped."""

    exit_code = ExitCode.INTERRUPTED
    code = "interrupted"
