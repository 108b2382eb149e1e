"""Query: questions to metrics, and their answers."""

from .dimensions import known_dimensions
from .engine import THIN, answer
from .groups import STATISTICS
from .query import Query
from .result import Explanation, History, Interval, Point, Result, TicketRow
from .tickets import explain, tickets

__all__ = [
    "STATISTICS",
    "THIN",
    "Explanation",
    "History",
    "Interval",
    "Point",
    "Query",
    "Result",
    "TicketRow",
    "answer",
    "explain",
    "known_dimensions",
    "tickets",
]
