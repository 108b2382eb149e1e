"""Guard: runs code of a plugin so that its failure is data and everybody else goes on."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

from ..errors import Interrupted


class Origin(StrEnum):
    """Where a plugin comes from."""

    BUILT_IN = "built-in"
    INSTALLED = "installed"
    FILE = "file"


class Stage(StrEnum):
    """What was being done when a plugin failed."""

    FIND = "find"
    LOAD = "load"
    CHECK = "check"
    ITEM = "item"
    CALL = "call"


@dataclass(frozen=True, slots=True)
class Identity:
    """Which plugin: its name, the distribution that brings it (none for a file), its origin, its place.

    The place is `module:attribute` of an entry point, or the path of a file.
    """

    name: str
    distribution: str | None
    version: str | None
    origin: Origin
    place: str

    def __str__(self) -> str:
        origin = f"{self.distribution} {self.version}" if self.distribution else self.place
        return f"{self.name} ({origin})"


@dataclass(frozen=True, slots=True)
class Failure:
    """What a plugin failed at, and why, in one line; `trace` is for its author."""

    plugin: Identity
    stage: Stage
    reason: str
    trace: str = ""

    def __str__(self) -> str:
        return f"plugin {self.plugin}: {self.reason}"


class UnfitError(Exception):
    """What a plugin brings can't be taken, by our own judgement; the text is the reason."""


@contextmanager
def guarded(plugin: Identity, stage: Stage, report: Callable[[Failure], None]) -> Iterator[None]:
    """Turn whatever the plugin raises into a reported failure; only the user's wish to stop gets through.

    A plugin that calls `sys.exit` while it is imported must not end the program either.
    """
    try:
        yield
    except (KeyboardInterrupt, Interrupted):
        raise
    except UnfitError as error:
        report(Failure(plugin, stage, str(error)))
    except BaseException as error:
        report(Failure(plugin, stage, _reason(error), "".join(traceback.format_exception(error))))


def _reason(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return f"it ended the program (SystemExit: {error.code})"
    try:
        text = " ".join(str(error).split())
    except Exception:
        text = ""
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
