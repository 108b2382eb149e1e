"""Table: CSV, JSON Lines and SQLite files, read as a source; a plugin that loads its class when asked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from deskmetry.plugins import hookimpl

if TYPE_CHECKING:
    from deskmetry.connector import Connector

    from .connector import Table

__all__ = ["Table", "register_connectors"]


@hookimpl
def register_connectors() -> Iterable[type[Connector]]:
    """Bring the connector `table`."""
    from .connector import Table

    return [Table]


def __getattr__(name: str) -> type[Connector]:
    if name == "Table":
        from .connector import Table

        return Table
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
