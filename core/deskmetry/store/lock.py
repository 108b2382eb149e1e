"""Lock: one writer for each database, named to whoever comes second."""

from __future__ import annotations

import fcntl
import json
import os
import socket
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from ..errors import Locked
from .connection import make_folder, translated


class WriterLock:
    """Hold `FILE.lock` while writing. The system lets go of it when its owner dies, so none is ever stale."""

    def __init__(self, database: Path) -> None:
        self.database = database
        self.path = database.with_name(database.name + ".lock")
        self._descriptor: int | None = None

    def __enter__(self) -> WriterLock:
        with translated(self.database):
            make_folder(self.path.parent)
            descriptor = os.open(self.path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = self.owner()
            os.close(descriptor)
            raise Locked(self.database, owner) from None
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        self._sign(descriptor)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def leave_to_parent(self) -> None:
        """Let go of what a fork of this process inherited: the lock is held by the parent alone."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def owner(self) -> str:
        """Return who holds the lock, as they signed it: process, host and start."""
        try:
            owner = json.loads(self.path.read_text(encoding="utf-8"))
            return f"process {owner['pid']} on {owner['host']} since {owner['start']}"
        except (OSError, ValueError, KeyError, TypeError):
            return "another process"

    def held(self) -> bool:
        """Return whether somebody writes right now; looking leaves no trace."""
        with translated(self.database):
            try:
                descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                return False
            try:
                fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            finally:
                os.close(descriptor)
        return False

    def _sign(self, descriptor: int) -> None:
        start = datetime.now(UTC).replace(microsecond=0).isoformat()
        text = json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "start": start})
        with translated(self.database):
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, text.encode(), 0)
