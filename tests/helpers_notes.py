"""Notes of a sync, for tests of what a connector has to tell."""

from __future__ import annotations

from deskmetry.sync import SyncReport


def notes(report: SyncReport) -> str:
    """Return what the streams of a run noted, a line each."""
    return "\n".join(note for source in report.sources for one in source.streams for note in one.notes)
