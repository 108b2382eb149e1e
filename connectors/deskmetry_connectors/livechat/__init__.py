"""LiveChat: LiveChat accounts (text.com) over its API; a plugin that loads its class when asked for it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from deskmetry.plugins import hookimpl

if TYPE_CHECKING:
    from deskmetry.connector import Connector

    from .connector import LiveChat

__all__ = ["LiveChat", "register_connectors"]


@hookimpl
def register_connectors() -> Iterable[type[Connector]]:
    """Bring the connector `livechat`."""
    from .connector import LiveChat

    return [LiveChat]


def __getattr__(name: str) -> type[Connector]:
    if name == "LiveChat":
        from .connector import LiveChat

        return LiveChat
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
