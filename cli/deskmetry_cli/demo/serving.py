"""Serving: the demo's helpdesk behind the address that its configuration names, while a command reads it."""

from __future__ import annotations

import errno
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from zlib import crc32

from deskmetry.errors import ConfigurationError

if TYPE_CHECKING:
    from deskmetry.connector import Connector

MARKER = ".deskmetry-demo"
ACCOUNT = "account.json"
_HOST = "127.0.0.1"
_FIRST, _PORTS = 20_000, 10_000  # below those that systems give to connections that go out
_TRIES = 100


class PortTaken(ConfigurationError):
    """The address of the demo's helpdesk belongs to somebody else at the moment."""

    code = "port_taken"

    def __init__(self, source: str, port: int) -> None:
        super().__init__(
            f"Port {port}, where the demo serves its made-up {source}, is in use.",
            "Wait until other commands in this folder are done; `deskmetry demo` picks another port.",
            source=source,
            port=port,
        )


def free_ports(folder: Path, count: int) -> list[int]:
    """Return so many ports that are free now; the same ones for the same folder, so long as they are."""
    begin, found = crc32(str(folder.resolve()).encode()), list[int]()
    for number in range(_TRIES):
        port = _FIRST + (begin + number) % _PORTS
        with socket.socket() as probe:
            try:
                probe.bind((_HOST, port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    raise PortTaken("helpdesk", _FIRST + begin % _PORTS)


def is_made_up(folder: Path, source: str, connector: Connector) -> bool:
    """Say whether a source of a configuration in that folder is one that the demo made up and must serve."""
    here = urlsplit(str(getattr(connector, "url", ""))).hostname == _HOST
    known = connector.emulator is not None and here
    return known and (folder / MARKER).is_file() and (folder / source / ACCOUNT).is_file()


@contextmanager
def served(folder: Path, source: str, connector: Connector) -> Iterator[None]:
    """Serve a source's account, as the demo told it, at the address that its connector reads.

    Raises PortTaken if somebody else listens there.
    """
    from deskmetry.sync.apart import may_fork  # needs what only the demo does

    from .forked import Forked

    told = json.loads((folder / source / ACCOUNT).read_text("utf-8"))
    port = urlsplit(str(getattr(connector, "url", ""))).port or 0
    emulator: Callable[[Any, int], AbstractContextManager[str]] = resolve_name(connector.emulator or "")
    start = partial(emulator, told, port)
    serving: AbstractContextManager[object] = Forked(start) if may_fork() else start()
    try:
        serving.__enter__()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(source, port) from None
        raise
    try:
        yield
    finally:
        serving.__exit__(None, None, None)
