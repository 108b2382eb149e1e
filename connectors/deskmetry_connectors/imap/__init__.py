"""Imap: a mailbox on a mail server, read as a helpdesk; a plugin that loads its class when asked for it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from deskmetry.plugins import hookimpl

if TYPE_CHECKING:
    from deskmetry.connector import Connector

    from .connector import Imap

__all__ = ["Imap", "register_connectors"]


@hookimpl
def register_connectors() -> Iterable[type[Connector]]:
    """Bring the connector `imap`."""
    from .connector import Imap

    return [Imap]


def __getattr__(name: str) -> type[Connector]:
    if name == "Imap":
        from .connector import Imap

        return Imap
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
