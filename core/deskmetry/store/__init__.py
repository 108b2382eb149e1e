"""Store: one SQLite file, its schema, and the ways in and out of it."""

from .connection import open_reader, open_writer, transaction, translated
from .lock import WriterLock
from .writer import Writer, Written

__all__ = ["Writer", "WriterLock", "Written", "open_reader", "open_writer", "transaction", "translated"]
