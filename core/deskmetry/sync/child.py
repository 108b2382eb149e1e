"""Child: what a reader in a process of its own says, and the parent's words that it heeds."""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from logging.handlers import QueueHandler
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from typing import Any, cast

from ..connector import Cursor, Page
from ..errors import DeskmetryError
from ..store.packed import Packed
from .quarantine import quarantined
from .reader import Item, PageRead, StreamEnded, connector_fault

STOP, ABANDON = "stop", "abandon"
_OURS = "deskmetry.errors"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A source waits until an instant, and why."""

    until: datetime
    reason: str


Said = Item | Waiting | logging.LogRecord


@dataclass(frozen=True, slots=True)
class Sent:
    """One thing that comes out of the process; `heard` is the server's clock at the first page."""

    item: Said
    heard: datetime | None


class Outbox:
    """The way out of the process: pages as the fields of their records.

    connector: its name. heard: returns the server's clock at the first page.
    """

    def __init__(self, pipe: Connection, connector: str, heard: Callable[[], datetime | None]) -> None:
        self._pipe = pipe
        self._connector = connector
        self._heard = heard
        self._lock = threading.Lock()

    def put(self, item: Item) -> None:
        """Send an item; this waits while the parent has enough to write.

        Raises SourceError for records that can't be sent, in the words in which the engine tells of those
        that can't be stored: such a record can't be either.
        """
        if not isinstance(item, PageRead):
            self._send(item)
            return
        try:
            records = Packed.of(item.page.records)
            self._send(replace(item, page=replace(item.page, records=records)))
        except Exception as error:
            what = f"gave records that can't be stored in stream {item.stream!r}"
            raise connector_fault(self._connector, what, error) from error

    def waiting(self, until: datetime, reason: str) -> None:
        """Say that the source waits."""
        self._send(Waiting(until, reason))

    def put_nowait(self, record: logging.LogRecord) -> None:
        """Send what was logged; the handler of `logging` that is made for queues calls it so."""
        self._send(record)

    def _send(self, item: Said) -> None:
        sent = _bytes(item, self._heard())
        try:
            with self._lock:
                self._pipe.send_bytes(sent)
        except OSError:
            os._exit(1)  # nobody is there to write what is read


def _bytes(item: Said, heard: datetime | None) -> memoryview:
    """Return what the parent can make an item of again, whatever a plugin's own classes it came with."""
    try:
        sent = ForkingPickler.dumps(Sent(item, heard))
    except Exception:
        return ForkingPickler.dumps(Sent(_plainer(item), heard))
    own = _own(item)
    return sent if own is None or _travels(own) else ForkingPickler.dumps(Sent(_plainer(item), heard))


def _own(item: Said) -> object:
    """Return that part of an item which may hold anything."""
    if isinstance(item, PageRead):
        return item.page.rejected or None
    return item.error if isinstance(item, StreamEnded) else item


def _travels(value: object) -> bool:
    """Tell whether the parent gets a value that is sent: some can be taken to bytes and not be made again."""
    try:
        ForkingPickler.loads(ForkingPickler.dumps(value))
    except Exception:
        return False
    return True


def _plainer(item: Said) -> Said:
    """Return an item that can be sent whatever a connector put into it: texts for all that is its own."""
    if isinstance(item, PageRead):
        return replace(item, page=_plain_page(item.page))
    if isinstance(item, StreamEnded):
        error = None if item.error is None else _plain_error(item.error)
        return replace(item, error=error, cursor=_plain_cursor(item.cursor))
    if isinstance(item, logging.LogRecord):
        return logging.makeLogRecord(_travelling(vars(item)))
    return item


def _plain_page(page: Page) -> Page:
    shapes = {
        tuple(map(str, names)): {str(name): _plain(value) for name, value in item.items()}
        for names, item in page.shapes.items()
    }
    rejected = [replace(one, raw=_plain(one.raw)) for one in page.rejected]
    return replace(page, rejected=rejected, shapes=shapes, cursor=_plain_cursor(page.cursor))


def _plain(value: object) -> object:
    """Return a value, or the text that the quarantine would keep of it."""
    return value if _travels(value) else quarantined(value)[0]


def _plain_cursor(cursor: Cursor | None) -> Cursor | None:
    """Return a cursor whose token is as it will be read from the database: any kind of JSON may be one."""
    return None if cursor is None else replace(cursor, token=json.loads(json.dumps(cursor.token)))


def _plain_error(error: DeskmetryError) -> DeskmetryError:
    kinds = (kind for kind in type(error).__mro__ if issubclass(kind, DeskmetryError))
    known = next(kind for kind in kinds if kind.__module__.startswith(_OURS))
    plain = known.__new__(known, error.message)
    DeskmetryError.__init__(plain, error.message, error.hint, **_travelling(error.data))
    vars(plain).update(code=error.code, exit_code=error.exit_code)
    return plain


def _travelling(values: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if _travels(value)}


def heed(pipe: Connection, stop: threading.Event, abandoned: threading.Event) -> None:
    """Pass the parent's words on to the reader for as long as there is a parent; then end at once."""
    words = {STOP: stop, ABANDON: abandoned}
    while True:
        try:
            words[pipe.recv()].set()
        except (EOFError, OSError):
            os._exit(1)  # nobody is there to write what is read


def log_to(outbox: Outbox) -> None:
    """Have all that is logged go to the parent, whose handlers know what else stands on the terminal."""
    handler = QueueHandler(cast("Any", outbox))
    known = [one for one in logging.root.manager.loggerDict.values() if isinstance(one, logging.Logger)]
    for logger in known:
        logger.handlers = [] if logger.propagate else [handler]
    logging.root.handlers = [handler]
