"""Trial: what an author gives so that a connector can be graded, a world and a connector that reads it."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from ..connector import Connector
from ..errors import ConfigurationError
from .canary import CANARY
from .world import World


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One connector before one fresh world.

    connector: makes the connector for an address: the world's own, or one that plays faults before it.
    items: where the list of records stands in the answers of a path, for faults in the records themselves;
    a world that plays faults itself knows it.
    exempt: rules that can't apply, each with the reason in words.
    budget: requests that the first read of a stream may cost, where it is more than one a page.
    idle: requests that a later read of a stream costs in this world, where a list that knows no changes is
    read whole each time and has several pages here.
    refused: makes a connector whose credentials are refused, where no HTTP fault can make them so.
    sign_in: requests that a run costs before it can read, as one for an access token.
    renews: whether the credentials can be renewed when they end in the middle.
    secrets: what the connector authenticates with; it must turn up nowhere.
    """

    world: World
    connector: Callable[[str], Connector]
    items: Mapping[str, str] = field(default_factory=dict)
    exempt: Mapping[str, str] = field(default_factory=dict)
    budget: Mapping[str, int] = field(default_factory=dict)
    idle: Mapping[str, int] = field(default_factory=dict)
    refused: Callable[[str], Connector] | None = None
    sign_in: int = 0
    renews: bool = False
    secrets: tuple[str, ...] = (CANARY,)


TrialFactory = Callable[[], AbstractContextManager[Trial]]
"""Makes a trial with a fresh world that is gone when the `with` ends; always the same world."""

_HOW = (
    "Write a function that yields a `Trial` (a context manager) and name it in the class: "
    '`trial = "package.module:function"`; docs/grades.md shows one.'
)


class NoTrial(ConfigurationError):
    """A connector that can't be graded, because it names no trial or one that can't be had."""

    code = "no_trial"

    def __init__(self, connector: str, reason: str) -> None:
        super().__init__(f"The connector {connector!r} can't be graded: {reason}.", _HOW, connector=connector)


def find_trial(connector: type[Connector]) -> TrialFactory:
    """Return the trial that a connector class names; raise NoTrial if there is none.

    A name without a module before the colon, `:function`, is looked for beside the class.
    """
    if connector.trial is None:
        raise NoTrial(connector.name, "it names no trial")
    place, _, function = connector.trial.partition(":")
    try:
        module = importlib.import_module(place or connector.__module__)
        factory: TrialFactory = getattr(module, function)
    except (ImportError, AttributeError, ValueError) as error:
        raise NoTrial(connector.name, f"its trial {connector.trial!r} can't be loaded ({error})") from None
    return factory
