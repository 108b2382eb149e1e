"""Store: one SQLite file, its schema, and the ways in and out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .connection import open_reader, open_writer, transaction, translated
from .lock import WriterLock

if TYPE_CHECKING:
    from .writer import Writer, Written

__all__ = ["Writer", "WriterLock", "Written", "open_reader", "open_writer", "transaction", "translated"]


def __getattr__(name: str) -> Any:
    """Load the writer only where something is written: it needs every record class, and readers none."""
    if name in ("Writer", "Written"):
        from . import writer

        return getattr(writer, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
