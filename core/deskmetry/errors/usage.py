"""Usage: errors after which the user asks differently."""

from __future__ import annotations

from collections.abc import Iterable

from .base import DeskmetryError, ExitCode, nearest


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
        super().__init__(
            f"{value!r} is not a {kind}.",
            f"Expected {expected.removesuffix('.')}{'' if expected.endswith('?') else '.'}",
            kind=kind,
            value=value,
        )


class FolderTaken(UsageError):
    """The demo is to be made in a folder that holds somebody's files."""

    code = "folder_taken"

    def __init__(self, path: object, marker: str) -> None:
        super().__init__(
            f"{path} exists and wasn't made by the demo (it has no file {marker}).",
            "Name a folder that doesn't exist yet; nothing was changed.",
            path=str(path),
        )
