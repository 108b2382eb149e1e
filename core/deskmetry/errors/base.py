"""Base: what every error has, the exit codes, and the nearest name for a mistyped one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import Any, ClassVar, TypeVar

E = TypeVar("E", bound="DeskmetryError")


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

    def __reduce__(self) -> tuple[Any, ...]:
        """Let errors go from one process to another, whatever their classes take to be made."""
        return _made_again, (type(self), self.args), self.__dict__

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


def _made_again(kind: type[E], arguments: tuple[Any, ...]) -> E:
    return kind.__new__(kind, *arguments)
