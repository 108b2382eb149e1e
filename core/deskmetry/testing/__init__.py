"""Testing: the fault kit, that any connector can be put through, offline and without credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .canary import CANARY
from .collection import Collection
from .emulated import EmulatedServer
from .faults import Faults
from .grading import Graded, Verdict, grade
from .helpdesk import FakeHelpdesk
from .layout import Layout
from .paging import CursorToken, LinkHeader, NextLink, Offset, PageNumber
from .proxy import FaultProxy
from .rules import RULES, Broken, Grade, NotApplicable, Rule, rule
from .trial import NoTrial, Trial, TrialFactory, find_trial
from .trial_context import QuickContext
from .values import Reply, Request
from .world import World

if TYPE_CHECKING:
    from .contract import ConnectorContract

__all__ = [
    "CANARY", "RULES", "Broken", "Collection", "ConnectorContract", "CursorToken", "EmulatedServer",
    "FakeHelpdesk", "FaultProxy", "Faults", "Grade", "Graded", "Layout", "LinkHeader", "NextLink", "NoTrial",
    "NotApplicable", "Offset", "PageNumber", "QuickContext", "Reply", "Request", "Rule", "Trial",
    "TrialFactory", "Verdict", "World", "find_trial", "grade", "rule",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Load the contract when it is asked for: it needs pytest, which nothing else does."""
    if name == "ConnectorContract":
        from .contract import ConnectorContract

        return ConnectorContract
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
