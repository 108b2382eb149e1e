"""Zendesk: Zendesk Support accounts over its API; a plugin that loads its class when asked for it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from deskmetry.plugins import hookimpl

if TYPE_CHECKING:
    from deskmetry.connector import Connector

    from .connector import Zendesk

__all__ = ["Zendesk", "register_connectors"]


@hookimpl
def register_connectors() -> Iterable[type[Connector]]:
    """Bring the connector `zendesk`."""
    from .connector import Zendesk

    return [Zendesk]


def __getattr__(name: str) -> type[Connector]:
    if name == "Zendesk":
        from .connector import Zendesk

        return Zendesk
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
