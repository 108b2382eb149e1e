"""Metric: what an author of a KPI writes against."""

from .base import Direction, Metric, duration
from .check import check_metric
from .fact import (
    ACTIVITY,
    ANSWERS,
    FACTS,
    MESSAGES,
    OFFERS,
    REPLIES,
    SESSIONS,
    SPANS,
    STATUSES,
    TAGS,
    TICKETS,
    Column,
    Fact,
)
from .measures import TICKET, Computed, Count, Duration, Estimate, Level, Mean, Ratio, Share, Sum

__all__ = [
    "ACTIVITY",
    "ANSWERS",
    "FACTS",
    "MESSAGES",
    "OFFERS",
    "REPLIES",
    "SESSIONS",
    "SPANS",
    "STATUSES",
    "TAGS",
    "TICKET",
    "TICKETS",
    "Column",
    "Computed",
    "Count",
    "Direction",
    "Duration",
    "Estimate",
    "Fact",
    "Level",
    "Mean",
    "Metric",
    "Ratio",
    "Share",
    "Sum",
    "check_metric",
    "duration",
]
