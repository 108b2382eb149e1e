"""Deskmetry: every helpdesk of a company in one SQLite file, and every support KPI one command away.

All that the author of a plugin imports stands here; each name is loaded when it is first asked for.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from .version import __version__

if TYPE_CHECKING:
    from pydantic import Field, HttpUrl, SecretStr

    from .connector import (
        Capabilities,
        Connector,
        Context,
        Cursor,
        Inventory,
        MailRules,
        Mapper,
        Page,
        Rejected,
        StreamInfo,
        Tally,
        stream,
    )
    from .errors import (
        AuthenticationFailed,
        BadResponse,
        CursorRefused,
        DeskmetryError,
        PermissionMissing,
        RecordError,
        SourceError,
        StreamSkipped,
        TryLater,
        Unreachable,
    )
    from .metric import (
        TICKET,
        Computed,
        Count,
        Direction,
        Duration,
        Estimate,
        Level,
        Mean,
        Metric,
        Ratio,
        Share,
        Sum,
    )
    from .metric.fact import ACTIVITY, MESSAGES, REPLIES, SPANS, STATUSES, TAGS, TICKETS
    from .plugins.check import Check
    from .plugins.spec import API_VERSION, hookimpl
    from .records import (
        Agent,
        Brand,
        Cost,
        Customer,
        Goal,
        Holiday,
        Message,
        MessageHeader,
        Order,
        Organization,
        RawRecord,
        Record,
        Schedule,
        ScheduleInterval,
        Session,
        SlaPolicy,
        SlaTarget,
        SubscriptionChange,
        SurveyAnswer,
        SurveyOffer,
        Team,
        Ticket,
        TicketEvent,
        TicketField,
        TicketTag,
        TimeEntry,
        Training,
        from_epoch,
        minor_units,
    )
    from .records.kinds import (
        ActorKind,
        AgentRole,
        AutomaticKind,
        CostKind,
        EventKind,
        FolderRole,
        GoalKind,
        Medium,
        Nature,
        OrderStatus,
        Provenance,
        Resolver,
        SessionEnd,
        SessionKind,
        SlaMetric,
        SurveyKind,
        TicketStatus,
    )

Json: TypeAlias = Mapping[str, Any]
"""One JSON object as a vendor sends it; what a mapper of a connector takes."""

__all__ = [
    "ACTIVITY", "API_VERSION", "MESSAGES", "REPLIES", "SPANS", "STATUSES", "TAGS", "TICKET", "TICKETS",
    "ActorKind", "Agent", "AgentRole", "AuthenticationFailed", "AutomaticKind", "BadResponse", "Brand",
    "Capabilities", "Check", "Computed", "Connector", "Context", "Cost", "CostKind", "Count", "Cursor",
    "CursorRefused", "Customer", "DeskmetryError", "Direction", "Duration", "Estimate", "EventKind", "Field",
    "FolderRole", "Goal", "GoalKind", "Holiday", "HttpUrl", "Inventory", "Json", "Level", "MailRules",
    "Mapper", "Mean", "Medium", "Message", "MessageHeader", "Metric", "Nature", "Order", "OrderStatus",
    "Organization", "Page", "PermissionMissing", "Provenance", "Ratio", "RawRecord", "Record", "RecordError",
    "Rejected", "Resolver", "Schedule", "ScheduleInterval", "SecretStr", "Session", "SessionEnd",
    "SessionKind", "Share", "SlaMetric", "SlaPolicy", "SlaTarget", "SourceError", "StreamInfo",
    "StreamSkipped", "SubscriptionChange", "Sum", "SurveyAnswer", "SurveyKind", "SurveyOffer", "Tally",
    "Team", "Ticket", "TicketEvent", "TicketField", "TicketStatus", "TicketTag", "TimeEntry", "Training",
    "TryLater", "Unreachable", "__version__", "from_epoch", "hookimpl", "minor_units",
    "stream",
]  # fmt: skip

_HOME = {
    "pydantic": "Field HttpUrl SecretStr",
    "deskmetry.connector": (
        "Capabilities Connector Context Cursor Inventory MailRules Mapper Page Rejected StreamInfo Tally "
        "stream"
    ),
    "deskmetry.errors": (
        "AuthenticationFailed BadResponse CursorRefused DeskmetryError PermissionMissing RecordError "
        "SourceError StreamSkipped TryLater Unreachable"
    ),
    "deskmetry.metric": "TICKET Computed Count Direction Duration Estimate Level Mean Metric Ratio Share Sum",
    "deskmetry.metric.fact": "ACTIVITY MESSAGES REPLIES SPANS STATUSES TAGS TICKETS",
    "deskmetry.plugins.check": "Check",
    "deskmetry.plugins.spec": "API_VERSION hookimpl",
    "deskmetry.records": (
        "Agent Brand Cost Customer Goal Holiday Message MessageHeader Order Organization RawRecord "
        "Record Schedule ScheduleInterval Session SlaPolicy SlaTarget SubscriptionChange SurveyAnswer "
        "SurveyOffer Team Ticket TicketEvent TicketField TicketTag TimeEntry Training from_epoch "
        "minor_units"
    ),
    "deskmetry.records.kinds": (
        "ActorKind AgentRole AutomaticKind CostKind EventKind FolderRole GoalKind Medium Nature "
        "OrderStatus Provenance Resolver SessionEnd SessionKind SlaMetric SurveyKind TicketStatus"
    ),
}
"""Where each lazy name lives; the imports above say the same to type checkers, and a test compares them."""

_MODULE_OF = {name: module for module, names in _HOME.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first asked for (PEP 562), so that `import deskmetry` stays cheap."""
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module 'deskmetry' has no attribute {name!r}")
    value = getattr(importlib.import_module(module), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
