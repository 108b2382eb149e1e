"""Errors: what keeps a file from being read as a table, each with what to do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from deskmetry.errors import ConfigurationError, PermissionMissing, RecordError, SourceError, Unreachable

_SHOWN = 40  # names of columns that an error lists


class NoSuchFile(Unreachable):
    """Nothing is where the setting `path` points."""

    def __init__(self, path: Path) -> None:
        near = next((parent for parent in path.parents if parent.exists()), path.anchor)
        super().__init__(
            f"There is no file {path} ({near} exists).",
            "Correct the setting `path`; a relative one starts at the folder of the configuration.",
            path=str(path),
        )


class NotATable(SourceError):
    """A file is there, but it can't be read the way that the settings say."""

    code = "not_a_table"

    def __init__(self, path: Path, reason: str, mend: str) -> None:
        super().__init__(f"{path} can't be read as a table: {reason}.", mend, path=str(path))


class Unreadable(PermissionMissing):
    """The operating system refuses to read a file."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"{path} can't be read: {reason}.",
            "Give the user who runs the sync the right to read it.",
            path=str(path),
        )


class BadMapping(ConfigurationError):
    """The settings name columns that the file doesn't have, or leave out what the table needs."""

    code = "bad_mapping"

    def __init__(self, path: Path, faults: Sequence[str], header: Iterable[str]) -> None:
        names = list(header)
        more = ", …" if len(names) > _SHOWN else ""
        listed = ", ".join(map(repr, names[:_SHOWN]))
        super().__init__(
            f"{path} doesn't fit its settings: {'; '.join(faults)}.",
            f"The file has the columns {listed}{more}.",
            path=str(path),
            faults=list(faults),
        )


class NoScale(ConfigurationError):
    """Scores are mapped, and nothing says what the lowest and the highest one are: they count nowhere."""

    code = "no_scale"

    def __init__(self, path: Path, kind: str, scores: int, reason: str) -> None:
        super().__init__(
            f"{path}: none of the {scores:,} scores of kind {kind} lies on a known scale ({reason}), so "
            "that no KPI can count them.",
            "Map `scale_min` and `scale_max`, the lowest and the highest score that can be given, as "
            "scale_min = { value = 1 }; for nps they are 0 and 10.",
            path=str(path),
            kind=kind,
        )


class BadRow(RecordError):
    """One row can't be used."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
