"""Edesk: eDesk accounts over their API; a plugin that loads its class when asked for it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from deskmetry.plugins import hookimpl

if TYPE_CHECKING:
    from deskmetry.connector import Connector

    from .connector import Edesk

__all__ = ["Edesk", "register_connectors"]


@hookimpl
def register_connectors() -> Iterable[type[Connector]]:
    """Bring the connector `edesk`."""
    from .connector import Edesk

    return [Edesk]


def __getattr__(name: str) -> type[Connector]:
    if name == "Edesk":
        from .connector import Edesk

        return Edesk
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
