"""Mailbox: mbox files and Maildirs, read as a helpdesk; a plugin that loads its class when asked for it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from deskmetry.plugins import hookimpl

if TYPE_CHECKING:
    from deskmetry.connector import Connector

    from .connector import Mailbox

__all__ = ["Mailbox", "register_connectors"]


@hookimpl
def register_connectors() -> Iterable[type[Connector]]:
    """Bring the connector `mailbox`."""
    from .connector import Mailbox

    return [Mailbox]


def __getattr__(name: str) -> type[Connector]:
    if name == "Mailbox":
        from .connector import Mailbox

        return Mailbox
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
