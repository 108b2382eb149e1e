"""Sync: sources into the database, never losing or doubling a record."""

from .engine import Listener, Options, Silence, sync
from .report import Outcome, SourceReport, StreamReport, SyncReport

__all__ = ["Listener", "Options", "Outcome", "Silence", "SourceReport", "StreamReport", "SyncReport", "sync"]
