"""Store: errors after which nothing of the page in hand was written, and what was committed stays whole."""

from __future__ import annotations

from .base import DeskmetryError, ExitCode


class StoreError(DeskmetryError):
    """The database can't be read or written; what was committed before stays whole."""

    code = "store"


class NoDatabase(StoreError):
    """There is no database yet."""

    exit_code = ExitCode.USAGE
    code = "no_database"

    def __init__(self, path: object) -> None:
        super().__init__(f"There is no database at {path}.", "`deskmetry sync` makes it.", path=str(path))


class Corrupt(StoreError):
    """The file is damaged or isn't a database of ours."""

    code = "corrupt"

    def __init__(self, path: object, reason: str) -> None:
        super().__init__(
            f"{path} can't be read as a database: {reason}.",
            "Move it away and put back a backup, or sync into a new file; nothing was changed.",
            path=str(path),
            reason=reason,
        )


class DiskFull(StoreError):
    """No room is left on the disk."""

    code = "disk_full"

    def __init__(self, path: object) -> None:
        super().__init__(
            f"The disk that holds {path} is full.",
            "What was committed is whole; free some room and sync again: it goes on where it stopped.",
            path=str(path),
        )


class ReadOnly(StoreError):
    """The file or its folder can't be written."""

    code = "read_only"

    def __init__(self, path: object) -> None:
        super().__init__(
            f"{path} or its folder can't be written.",
            "Check owner and mode of both (SQLite writes its -wal file beside the database).",
            path=str(path),
        )


class NewerSchema(StoreError):
    """The file was written by a newer version of Deskmetry."""

    code = "newer_schema"

    def __init__(self, path: object, found: int, known: int) -> None:
        super().__init__(
            f"{path} has schema {found}; this version of Deskmetry knows up to {known}.",
            "Upgrade Deskmetry; the file wasn't touched.",
            path=str(path),
            found=found,
            known=known,
        )


class Locked(StoreError):
    """Another process writes to this database."""

    exit_code = ExitCode.LOCKED
    code = "locked"

    def __init__(self, path: object, owner: str) -> None:
        super().__init__(
            f"{path} is being written by {owner}.",
            "Wait until it ends, or stop it; reading is possible all the while.",
            path=str(path),
            owner=owner,
        )
