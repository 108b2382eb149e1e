"""Intercom: conversations of a workspace over its API; a plugin that loads its class when asked for it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from deskmetry.plugins import hookimpl

if TYPE_CHECKING:
    from deskmetry.connector import Connector

    from .connector import Intercom

__all__ = ["Intercom", "register_connectors"]


@hookimpl
def register_connectors() -> Iterable[type[Connector]]:
    """Bring the connector `intercom`."""
    from .connector import Intercom

    return [Intercom]


def __getattr__(name: str) -> type[Connector]:
    if name == "Intercom":
        from .connector import Intercom

        return Intercom
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
