"""Fake helpdesks for `helpers_sync_apart` that hold what can't go from one process to another."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from deskmetry.connector import Connector, Cursor, Page, Rejected
from deskmetry.errors import (
    AuthenticationFailed,
    DeskmetryError,
    ExitCode,
    TryLater,
)
from helpers_sync import (
    Desk,
    at,
    desk,
    page,
    raises,
    ticket,
)
from helpers_sync_apart import note

Sources = Mapping[str, Connector]


class _Awkward(Exception):
    """An exception that goes out of a process and can't come in again, like many that take two arguments."""

    def __init__(self, one: str, two: str) -> None:
        super().__init__(one)
        self.two = two


def _deep(levels: int) -> list[Any]:
    """Return a list in lists in lists."""
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


def odd_raws(folder: Path) -> Sources:
    """Bad records and shapes that hold what can't be pickled, or can't be made again."""

    class Local:
        def __str__(self) -> str:
            return "local"

        def __repr__(self) -> str:
            return "<local>"

    raws: list[Any] = [
        {"id": 1, "it": Local()},
        {"id": 2, "it": _Awkward("one", "two")},
        {"id": 3, Local(): 1},
        Local(),
        b"\xff",
        {"text": "\ud800", "deep": _deep(5000), "number": 2**70},
        {"plain": [1]},
    ]
    rejected = [Rejected(raw, f"reason {n}", str(n), "mapper") for n, raw in enumerate(raws)]
    shapes = {("id", "it", Local()): {"id": 7, "it": Local(), Local(): 1}, ("plain",): {"plain": 5}}
    return {"s1": desk(page(ticket(1), token=1, rejected=rejected, shapes=shapes, complete_until=at(30)))}


def plain_shapes(folder: Path) -> Sources:
    """Items as they always are."""
    return {"s1": desk(page(ticket(1), token=1, shapes={("id",): {"id": 7}}))}


def odd_shapes(folder: Path) -> Sources:
    """An item with two new fields, of which one holds what can't be pickled."""

    class Local:
        def __repr__(self) -> str:
            return "<local>"

    item = {"id": 7, "new": 5, "local": Local()}
    return {"s1": desk(page(ticket(1), token=1, shapes={tuple(item): item}))}


def awkward_raw(folder: Path) -> Sources:
    """A bad record that can be pickled and not be made again, and nothing else."""
    rejected = [Rejected(_Awkward("one", "two"), "reason")]
    return {"s1": desk(page(ticket(1), token=1, rejected=rejected, complete_until=at(30)))}


def not_understood(folder: Path) -> Sources:
    """An endless source, of which one page can be sent and not be made again, and another source."""

    def script(since: Cursor | None) -> Iterator[Page]:
        yield page(ticket(0), token=0)
        note(folder, "reads")
        for n in itertools.count(1):
            yield page(ticket(n), token=n, shapes={("id",): {"id": _Awkward("one", "two")}})

    other = desk(page(ticket("other"), complete_until=at(30)), desk="other")
    return {"s1": Desk(desk="one").says(script), "s2": other}


def odd_error(folder: Path) -> Sources:
    """An error of a class of the connector's own, with data that can't be pickled."""

    class Kind(str):
        __slots__ = ()

    class Lazy(TryLater):
        code = "lazy"
        exit_code = ExitCode.CHECK_FAILED

        def __init__(self) -> None:
            super().__init__(
                "Not today.", "Tomorrow.", seconds=7200, why=lambda: None, kind=Kind("x"), status=[429]
            )

    return {"s1": Desk().says(raises(Lazy(), page(ticket(1), token=1)))}


def awkward_error(folder: Path) -> Sources:
    """An error that holds what can be pickled and not be made again."""
    error = AuthenticationFailed("No.", "Mend it.", cause=_Awkward("one", "two"), status=401)
    return {"s1": Desk().says(raises(error))}


class Plugged(DeskmetryError):
    """An error of a plugin's own."""

    exit_code = ExitCode.LOCKED
    code = "plugged"

    def __init__(self, what: str, why: str) -> None:
        super().__init__(f"{what}: {why}", "Pull it.", why=why)


def own_error(folder: Path) -> Sources:
    """An error of a plugin's own, that takes other arguments than ours."""
    return {"s1": Desk().says(raises(Plugged("socket", "no power")))}


def odd_token(folder: Path) -> Sources:
    """A cursor of a class of the connector's own, which JSON takes all the same."""

    class Token(dict[str, int]):
        pass

    return {"s1": desk(page(ticket(1), token=Token(b=2, a=1), complete_until=at(30)))}
