"""Sync: sources into the database, never losing or doubling a record."""

from .engine import sync
from .listener import Listener, Silence
from .report import Outcome, SourceReport, StreamReport, SyncReport
from .running import Options, spare_cores
from .signals import Stop, StoppedAtOnce, stop_on_signals

__all__ = [
    "Listener",
    "Options",
    "Outcome",
    "Silence",
    "SourceReport",
    "Stop",
    "StoppedAtOnce",
    "StreamReport",
    "SyncReport",
    "spare_cores",
    "stop_on_signals",
    "sync",
]
